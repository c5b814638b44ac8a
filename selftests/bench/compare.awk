# SPDX-License-Identifier: GPL-2.0-only
# Two CSVs, the baseline and a new one: what has become dearer by more than LIMIT,
# beyond what the baseline's own repetitions differ by. A row that either has not
# got is not compared. Exit status 1 if anything has.

BEGIN { LIMIT = 1.02 }
FNR == 1 { file++; next }
$3 != "vhx" { next }
file == 1 { before[$2, $4] = $8; spread[$2, $4] = $6; next }
($2, $4) in before {
	compared++
	if ($8 <= before[$2, $4] * LIMIT + spread[$2, $4])
		next
	printf "%-12s %-14s %.0f instructions a packet, were %.0f (%+.1f %%)\n", $2, $4, $8,
		before[$2, $4], ($8 / before[$2, $4] - 1) * 100
	dearer++
}
END {
	printf "%d rows compared with the baseline, %d dearer by more than %.0f %%\n", compared,
		dearer, (LIMIT - 1) * 100
	exit dearer > 0 || !compared
}
