#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A Linux guest that knows IN_ORDER, which is one of 7.x: on split rings and on packed
# ones, streams with every byte compared, a reset, a stop.
# time-limit: 600
. "$(dirname "$0")/lib.sh"

e2e_guest_is_7
e2e_begin
node_is_vhx || skip_all "in-tree vhost of 6.12 has no IN_ORDER"

MIB=4 FLOWS=2
for form in in_order=on packed=on,in_order=on; do
	NIC=mrg_rxbuf=on,$form
	guest_start
	ok $? "$form: the guest boots" || bail "no guest"
	guest_has 35
	ok $? "$form: its driver negotiated IN_ORDER"
	before=$(workers_ns) moved=$(vhx_packets)
	run "$form: ping, both ways" ping_both_ways
	run "$form: guest to host: $FLOWS streams of $MIB MiB, every byte" tcp_to_host $FLOWS $MIB
	run "$form: host to guest: $FLOWS streams of $MIB MiB, every byte" tcp_to_guest $FLOWS $MIB
	node_worked "$before" "$moved"
	ok $? "$form: the node moved it"
	qmp stop >/dev/null && qmp cont >/dev/null
	ok $? "$form: stopped and continued"
	run "$form: guest to host after" tcp_to_host $FLOWS 1
	guest_reboot
	ok $? "$form: the guest reboots" || bail "no guest"
	run "$form: host to guest after the reboot" tcp_to_guest $FLOWS 1
	qemu_is_content
	ok $? "$form: QEMU has nothing to complain of"
	guest_poweroff
	ok $? "$form: the guest switches off, QEMU ends"
done
plan
