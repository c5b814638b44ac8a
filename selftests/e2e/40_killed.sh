#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU is killed with packets in flight both ways. Everything it held is let
# go, and another QEMU takes the same tap at once.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
e2e_begin

users=$(node_users)
ping -q -f -w 200 "$GUEST_IP" >/dev/null 2>&1 &
flood=$!
at_exit "kill $flood"

for i in 1 2 3; do
	guest_start
	ok $? "QEMU $i boots" || bail "no guest"
	run "ping, both ways" ping_both_ways
	guest_bg flood "ping -q -f $HOST_IP || while :; do ping -q -c 1 $HOST_IP; done"
	sleep 0.5
	guest_kill
	is "$(node_users)" "$users" "killed: the module has no user left, $i"
done

guest_start
ok $? "one more QEMU boots" || bail "no guest"
before=$(workers_ns) moved=$(vhx_packets)
run "host to guest after three kills" tcp_to_guest 2 1
run "guest to host after three kills" tcp_to_host 2 1
node_worked "$before" "$moved"
ok $? "by the node"
plan
