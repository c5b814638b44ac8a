#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU with packed rings, and with its driver told
# that they are in order: streams with every byte compared, resets in between.
# time-limit: 600
. "$(dirname "$0")/lib.sh"
e2e_begin

node_is_vhx || skip_all "in-tree vhost has no packed rings"

MIB=4 FLOWS=2
NIC=mrg_rxbuf=on,packed=on
guest_start
ok $? "the guest boots with packed=on" || bail "no guest"
guest_has 34
ok $? "its driver negotiated RING_PACKED"
before=$(workers_ns) moved=$(vhx_packets)
run "ping, both ways" ping_both_ways
run "guest to host: $FLOWS streams of $MIB MiB, every byte" tcp_to_host $FLOWS $MIB
run "host to guest: $FLOWS streams of $MIB MiB, every byte" tcp_to_guest $FLOWS $MIB
node_worked "$before" "$moved"
ok $? "the node moved it"

guest_reboot
ok $? "the guest reboots" || bail "no guest"
run "guest to host after the reboot" tcp_to_host $FLOWS 1

dev=$(guest "basename \$(readlink /sys/class/net/eth0/device)")
for i in 1 2; do
	guest "echo $dev >/sys/bus/virtio/drivers/virtio_net/unbind &&
		echo $dev >/sys/bus/virtio/drivers/virtio_net/bind &&
		ip addr add $GUEST_IP/24 dev eth0 && ip link set eth0 up" >/dev/null
	ok $? "virtio_net unbound and bound, $i"
	run "host to guest after, $i" tcp_to_guest $FLOWS 1
done

# QEMU reads the places of a stopped ring, and gives them back.
for i in 1 2 3; do
	qmp stop >/dev/null && qmp cont >/dev/null
	ok $? "stopped and continued, $i"
	run "guest to host after, $i" tcp_to_host $FLOWS 1
done
qemu_is_content
ok $? "QEMU has nothing to complain of"
guest_poweroff
ok $? "the guest switches off, QEMU ends"

NIC=mrg_rxbuf=on,packed=on,in_order=on
guest_start
ok $? "the guest boots with in_order=on" || bail "no guest"
# A driver that does not know IN_ORDER is served all the same.
guest_has 35 && diag "its driver negotiated IN_ORDER"
run "guest to host, in order" tcp_to_host $FLOWS $MIB
run "host to guest, in order" tcp_to_guest $FLOWS $MIB
guest_poweroff

NIC=mrg_rxbuf=on,in_order=on
guest_start
ok $? "the guest boots with in_order=on and split rings" || bail "no guest"
run "guest to host, split and in order" tcp_to_host $FLOWS $MIB
run "host to guest, split and in order" tcp_to_guest $FLOWS $MIB
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
