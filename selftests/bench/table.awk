# SPDX-License-Identifier: GPL-2.0-only
# The CSV as tables: one line a row, vhx beside in-tree; of packets, policies as what they
# add; of SCSI requests, the agent's share, and switches between tasks

NR == 1 { next }
{
	kernel = $1
	is_scsi = $2 ~ /^scsi-/
	if (!($2 in seen)) {
		seen[$2]
		if (is_scsi)
			requests[nr_requests++] = $2
		else
			rows[n++] = $2
	}
	if ($3 == "vhx" && $4 != "none" && !($4 in policy)) {
		policy[$4]
		policies[m++] = $4
	}
	net[$2, $3, $4] = $8
	ratio[$2, $3, $4] = $10
	agent[$2, $3] = $12
	switches[$2, $3] = $13
	if (!is_scsi && $6 > spread)
		spread = $6
	if (is_scsi && $6 / $8 > scsi_spread)
		scsi_spread = $6 / $8
}

function packets(    i, j, row, none)
{
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

function scsi(    i, row)
{
	printf "%s: instructions a SCSI request, of the kernel and an agent; switches a request\n", kernel
	printf "%-20s %10s %10s %7s %10s %10s %10s\n", "", "in-tree", "vhx", "ratio", "the agent",
		"switches", "in-tree's"
	for (i = 0; i < nr_requests; i++) {
		row = requests[i]
		printf "%-20s %10.0f %10.0f %7.2f %10.0f %10.2f %10.2f%s\n", row,
			net[row, "in-tree", "none"], net[row, "vhx", "none"],
			ratio[row, "vhx", "none"], agent[row, "vhx"], switches[row, "vhx"],
			switches[row, "in-tree"], (ratio[row, "vhx", "none"] > 1 ? "  slower" : "")
	}
	printf "largest spread between repetitions: %.1f %%\n", scsi_spread * 100
}

END {
	if (n)
		packets()
	if (nr_requests)
		scsi()
}
