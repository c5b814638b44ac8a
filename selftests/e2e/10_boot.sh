#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU boots, finds both queues, is reached and
# switches itself off; nothing is left behind.
# time-limit: 400, dealt to: all
. "$(dirname "$0")/lib.sh"
e2e_begin

users=$(node_users)
guest_start
ok $? "the guest boots" || bail "no guest"
is "$(guest "ls /sys/class/net/eth0/queues | grep -c rx")" 2 "it sees two queue pairs"
before=$(workers_ns) moved=$(vhx_packets)
run "ping, both ways" ping_both_ways
node_worked "$before" "$moved"
ok $? "the node moved it"
guest_poweroff
ok $? "the guest switches off, QEMU ends"
qemu_is_content
ok $? "QEMU has nothing to complain of"
is "$(node_users)" "$users" "the module has no user left"
plan
