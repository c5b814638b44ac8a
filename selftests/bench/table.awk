# SPDX-License-Identifier: GPL-2.0-only
# The CSV as a table: one line a row, vhx beside in-tree, policies as what they add

NR == 1 { next }
{
	kernel = $1
	if (!($2 in seen)) {
		seen[$2]
		rows[n++] = $2
	}
	if ($3 == "vhx" && $4 != "none" && !($4 in policy)) {
		policy[$4]
		policies[m++] = $4
	}
	net[$2, $3, $4] = $8
	ratio[$2, $3, $4] = $10
	if ($6 > spread)
		spread = $6
}
END {
	printf "%s: kernel instructions a packet (rx: less the sender)\n", kernel
	printf "%-12s %10s %10s %7s", "", "in-tree", "vhx", "ratio"
	for (j = 0; j < m; j++)
		printf " %16s", "+" policies[j]
	print ""
	for (i = 0; i < n; i++) {
		row = rows[i]
		none = net[row, "vhx", "none"]
		printf "%-12s %10.0f %10.0f %7.2f", row, net[row, "in-tree", "none"], none,
			ratio[row, "vhx", "none"]
		for (j = 0; j < m; j++)
			printf " %+16.0f", net[row, "vhx", policies[j]] - none
		print (ratio[row, "vhx", "none"] > 1 ? "  slower" : "")
	}
	printf "largest spread between repetitions: %.0f\n", spread
}
