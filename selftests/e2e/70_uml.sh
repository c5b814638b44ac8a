#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One more guest, cheap enough for every day: Debian's user-mode Linux, whose
# virtio_net runs on the node by the relay.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
command -v linux.uml >/dev/null || skip_all "there is no linux.uml: package user-mode-linux"
e2e_begin

users=$(node_users)
uml_start
ok $? "a user-mode Linux boots" || bail "no guest"
before=$(workers_ns) moved=$(vhx_packets)
run "ping, both ways" ping_both_ways
run "guest to host: every byte" tcp_to_host 2 1
run "host to guest: every byte" tcp_to_guest 2 1
guest "ip link set eth0 down && ip link set eth0 up"
ok $? "link down and up"
run "and again" tcp_to_guest 2 1
node_worked "$before" "$moved"
ok $? "the node moved it, the relay has nothing to complain of"
guest_poweroff
wait "$RELAY_PID"
is "$(node_users)" "$users" "the module has no user left"
plan
