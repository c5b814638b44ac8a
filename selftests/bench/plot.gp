# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e "csv='...'; kernel='...'; out='...'" plot.gp: out.svg and out.png, and
# out-scsi.svg and .png, out-vsock.svg and .png, out-vdpa.svg and .png, as far as there are rows
set datafile separator ','
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set boxwidth 0.9
set logscale y
set grid ytics
set xtics rotate by -40
set key top left

# Only the lines of one node and policy, in the order they stand in
of(node, policy) = sprintf("< awk -F, '$3 == \"%s\" && $4 == \"%s\" && $2 !~ /^(scsi|vsock|vdpa)-/' %s", node, policy, csv)
kind(node, name) = sprintf("< awk -F, '$3 == \"%s\" && $2 ~ /^%s-/' %s", node, name, csv)
policies = system(sprintf("awk -F, 'NR > 1 && $3 == \"vhx\" && $4 != \"none\" && $2 !~ /^(scsi|vsock|vdpa)-/ { print $4 }' %s | sort -u", csv))
has_packets = system(sprintf("grep -cE '^[^,]*,[a-z]*[tr]x-' %s", csv)) + 0

do for [type in 'svg png'] {
	if (type eq 'svg') { set terminal svg noenhanced size 1100,550 } else { set terminal png noenhanced size 1100,550 }
	if (has_packets) {
		set title sprintf('vhx beside in-tree vhost-net, Linux %s', kernel)
		set ylabel 'kernel instructions a packet (rx: less the sender), log'
		set output out.'.'.type
		plot of('in-tree', 'none') using 8:xtic(2) title 'in-tree', \
			of('vhx', 'none') using 8 title 'vhx', \
			for [p in policies] of('vhx', p) using 8 title 'vhx, '.p
	}
	do for [name in 'scsi vsock vdpa'] {
		if (system(sprintf("grep -c ',%s-' %s", name, csv)) + 0) {
			set title sprintf('vhx beside in-tree vhost-%s, Linux %s', name, kernel)
			set ylabel 'instructions a '.(name eq 'scsi' ? 'request, kernel and agent' : name eq 'vdpa' ? 'page' : 'message').', log'
			set output out.'-'.name.'.'.type
			plot kind('in-tree', name) using 8:xtic(2) title 'in-tree', \
				kind('vhx', name) using 8 title 'vhx'
		}
	}
}
