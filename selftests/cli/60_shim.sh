#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 240, dealt to: one
#
# The shim: on multiqueue taps, with the policy, without a word from the VMM;
# seen in the counters, since with it no packet is handed between workers.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies

# All flows to queue 1, where tun's own hash would spread them: the test policy
# of selftests/bpf/progs/table.bpf.c, its answer for whatever is not in its table.
# shellcheck disable=SC2317 # rc calls it
load()
{
	vhx -j policy load table --object-dir build/selftests/bpf --set rx_else=0x100000001 "$@"
}

hold_nic vt0 2
rc 0 "load" load --nic vt0
json '.shims == [{"nic": "vt0", "on": true, "error": null}]' "the shim is put on"
before=$(stat_of vt0 rx steer_moved)	# what came after the policy and before the shim
flows vt0 20
until_true 5 sh -c "[ \$(vhx -j stats vt0 | jq '[.[] | select(.queue == 1 and \
	.dir == \"rx\").stats.packets] | add') -ge 20 ]"
ok $? "packets come by the policy's queue"
is "$(stat_of vt0 rx steer_moved)" "$before" "and none was handed over"

rc 0 "off" vhx policy shim vt0 off
flows vt0 20
until_true 5 sh -c "[ \$(vhx -j stats vt0 | jq '[.[] | select(.queue == 1 and \
	.dir == \"rx\").stats.packets] | add') -ge 40 ]"
ok $? "without it they come there, too"
moved=$(stat_of vt0 rx steer_moved)
run "those that tun put elsewhere were handed over ($moved)" test "$moved" -gt "$before"
rc 0 "on" vhx policy shim vt0 on
sleep 0.5	# what tun queued before is handed over still
before=$(stat_of vt0 rx steer_moved)
flows vt0 20
sleep 0.5
is "$(stat_of vt0 rx steer_moved)" "$before" "on again, none is handed over"

vhx monitor --shim >"$tmp/monitor" 2>&1 8>&- &	# which ends the NIC when nobody has it
at_exit "kill $!"
drop_nic
hold_nic vt0 2
until_true 10 grep -q 'vt0: the shim is on' "$tmp/monitor"
ok $? "monitor --shim puts it on the tap that comes back"
flows vt0 4
before=$(stat_of vt0 rx steer_moved)
flows vt0 20
sleep 0.5
is "$(stat_of vt0 rx steer_moved)" "$before" "and none is handed over"

rc 0 "detach" vhx -j policy detach table
json '.shims == [{"nic": "vt0", "on": false, "error": null}]' "takes it off"
rc 0 "load without" load --nic vt0 --no-shim
json '.shims == null' "leaves the tap alone"
rc 0 "detach" vhx policy detach table
drop_nic

hold_nic vt1 1
rc 0 "a tap of one queue" vhx -j policy load minimal --nic vt1
json '.shims == []' "needs none"

plan
