# SPDX-License-Identifier: GPL-2.0-only
# Lines "NODE POLICY ROW PACKETS SWITCHES USER KERNEL AGENT", one a repetition, to CSV. A row's
# figure is its cheapest repetition, of the kernel's instructions and an agent's together: what is
# more is somebody else's interrupt. What the sender alone costs is taken off an rx row.

$3 == "warm-up" { next }
{
	cost = ($7 + $8) / $4
	key = $1 "," $2 "," $3
	if (!(key in low)) {
		low[key] = high[key] = cost
		user[key] = $6 / $4
		agent[key] = $8 / $4
		switches[key] = $5 / $4
		keys[n++] = key
	}
	if (cost < low[key]) {
		low[key] = cost
		agent[key] = $8 / $4
		switches[key] = $5 / $4
	}
	if (cost > high[key])
		high[key] = cost
}

# The row on split rings, out of order, which is all that in-tree always has.
function plain(row)
{
	if (row !~ /^(scsi|vsock|vdpa)-/)
		sub(/^m?p?o?/, "", row)
	return row
}

function sender_of(row)
{
	row = plain(row)
	return row ~ /^rx/ ? low["sender,none,send" substr(row, 3)] : 0
}

END {
	print "kernel,row,node,policy,insns,spread,sender,net,in_tree,ratio,user,agent,switches"
	for (i = 0; i < n; i++) {
		key = keys[i]
		split(key, part, ",")
		if (part[1] == "sender")
			continue
		sender = sender_of(part[3])
		net = low[key] - sender
		in_tree = low["in-tree,none," plain(part[3])] - sender
		printf "%s,%s,%s,%s,%.1f,%.1f,%.1f,%.1f,%.1f,%.3f,%.1f,%.1f,%.2f\n", kernel,
			part[3], part[1], part[2], low[key], high[key] - low[key], sender, net,
			in_tree, (in_tree ? net / in_tree : 0), user[key], agent[key],
			switches[key]
	}
}
