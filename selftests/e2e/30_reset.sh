#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The device is reset and started again: the guest reboots, with traffic under
# way; its driver is unbound and bound; the link goes down and up. On vhx a policy
# that was bound before is in charge throughout.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
e2e_begin

guest_start
ok $? "the guest boots" || bail "no guest"
if node_is_vhx; then
	run "a policy is bound" vhx -q policy load flow_hash --nic '*'
	at_exit 'vhx -q policy detach flow_hash'
fi

# in_charge WHEN: flow_hash is still the NIC's, and is asked
asked=0
in_charge()
{
	node_is_vhx || return
	before=$asked
	asked=$(vhx -j policy show flow_hash | jq .verdicts)
	[ "$(vhx -j policy show flow_hash | jq '.nics | length')" = 1 ] &&
		[ "$asked" -gt "$before" ]
	ok $? "the policy is in charge $1 ($asked verdicts)"
}

run "traffic before" tcp_to_host 2 1
in_charge before

ping -q -f -w 120 "$GUEST_IP" >/dev/null 2>&1 &
flood=$!
at_exit "kill $flood"
for i in 1 2; do
	guest_reboot
	ok $? "reboot $i under a flood of pings" || bail "no guest"
	run "traffic after reboot $i" tcp_to_host 2 1
	in_charge "after reboot $i"
done
kill $flood
wait $flood

dev=$(guest "basename \$(readlink /sys/class/net/eth0/device)")
for i in 1 2 3; do
	guest "echo $dev >/sys/bus/virtio/drivers/virtio_net/unbind &&
		echo $dev >/sys/bus/virtio/drivers/virtio_net/bind &&
		ip addr add $GUEST_IP/24 dev eth0 && ip link set eth0 up" >/dev/null
	ok $? "virtio_net unbound and bound, $i"
	run "traffic after, $i" tcp_to_guest 2 1
	in_charge "after rebinding, $i"
done

guest "for i in 1 2 3 4 5; do ip link set eth0 down; ip link set eth0 up; done"
ok $? "link down and up five times"
before=$(workers_ns) moved=$(vhx_packets)
run "traffic after" tcp_to_host 2 1
node_worked "$before" "$moved"
ok $? "still by the node"
plan
