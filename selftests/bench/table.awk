# SPDX-License-Identifier: GPL-2.0-only
# The CSV as tables: one line a row, vhx beside in-tree; of packets, policies as what they
# add, and those of our own vDPA device beside a tap's; of SCSI requests, the agent's share, and switches between tasks; those of vsock messages; and
# of pages that are mapped and unmapped

NR == 1 { next }
{
	kernel = $1
	kind = $2 ~ /^(scsi|vsock|vdpa)-/ ? substr($2, 1, index($2, "-") - 1) : \
	       $2 ~ /^p?s/ ? "stack" : "net"
	if (!($2 in seen)) {
		seen[$2]
		rows[kind, nr[kind]++] = $2
	}
	if (kind == "net" && $3 == "vhx" && $4 != "none" && !($4 in policy)) {
		policy[$4]
		policies[m++] = $4
	}
	net[$2, $3, $4] = $8
	ratio[$2, $3, $4] = $10
	agent[$2, $3] = $12
	switches[$2, $3] = $13
	if (kind == "net" && $6 > spread)
		spread = $6
	if ($6 / $8 > share[kind])
		share[kind] = $6 / $8
}

function packets(    i, j, row, none)
{
	printf "%s: kernel instructions a packet (rx: less the sender)\n", kernel
	printf "%-12s %10s %10s %7s", "", "in-tree", "vhx", "ratio"
	for (j = 0; j < m; j++)
		printf " %16s", "+" policies[j]
	print ""
	for (i = 0; i < nr["net"]; i++) {
		row = rows["net", i]
		none = net[row, "vhx", "none"]
		printf "%-12s %10.0f %10.0f %7.2f", row, net[row, "in-tree", "none"], none,
			ratio[row, "vhx", "none"]
		for (j = 0; j < m; j++)
			printf " %+16.0f", net[row, "vhx", policies[j]] - none
		print (ratio[row, "vhx", "none"] > 1 ? "  slower" : "")
	}
	printf "largest spread between repetitions: %.0f\n", spread
}

# of(KIND, UNIT): without policies
function of(kind, unit,    i, row)
{
	printf "%s: instructions a %s, of the kernel and an agent; switches a %s\n", kernel, unit, unit
	printf "%-20s %10s %10s %7s %10s %10s %10s\n", "", "in-tree", "vhx", "ratio", "the agent",
		"switches", "in-tree's"
	for (i = 0; i < nr[kind]; i++) {
		row = rows[kind, i]
		printf "%-20s %10.0f %10.0f %7.2f %10.0f %10.2f %10.2f%s\n", row,
			net[row, "in-tree", "none"], net[row, "vhx", "none"],
			ratio[row, "vhx", "none"], agent[row, "vhx"], switches[row, "vhx"],
			switches[row, "in-tree"], (ratio[row, "vhx", "none"] > 1 ? "  slower" : "")
	}
	for (i = 0; i < nr[kind]; i++)
		if ((rows[kind, i], "vhx", "zero-copy") in net)
			printf "%-20s %10s %10.0f %7.2f  with zero_copy = on\n", rows[kind, i], "",
				net[rows[kind, i], "vhx", "zero-copy"],
				ratio[rows[kind, i], "vhx", "zero-copy"]
	printf "largest spread between repetitions: %.1f %%\n", share[kind] * 100
}

# Of our own vDPA device, and of a tap with no program on it
function stack(    i, row)
{
	printf "%s: instructions a packet, with the host's stack (tx) or the sender (rx)\n", kernel
	printf "%-12s %10s %10s %10s %7s\n", "", "in-tree", "vhx", "vDPA", "ratio"
	for (i = 0; i < nr["stack"]; i++) {
		row = rows["stack", i]
		printf "%-12s %10.0f %10.0f %10.0f %7.2f%s\n", row, net[row, "in-tree", "none"],
			net[row, "vhx", "none"], net[row, "vdpa", "none"],
			ratio[row, "vdpa", "none"], (ratio[row, "vdpa", "none"] > 1 ? "  slower" : "")
	}
	printf "largest spread between repetitions: %.1f %%\n", share["stack"] * 100
}

END {
	if (nr["net"])
		packets()
	if (nr["stack"])
		stack()
	if (nr["scsi"])
		of("scsi", "SCSI request")
	if (nr["vsock"])
		of("vsock", "vsock message")
	if (nr["vdpa"])
		of("vdpa", "page mapped and unmapped")
}
