#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 240
#
# A required policy that is missing closes its NIC: seen everywhere, mended by
# opening the NIC, by forgetting the policy, or by loading it again.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies

hold_nic vt0 1
rc 0 "load a filter" vhx -j policy load antispoof --nic vt0
json '.required and .state == "steering"' "it is required, and steers"

# antispoof knows no address of this NIC: it drops all of it.
tell_nic tx 0 5
ok $? "the guest sends"
rc 0 "show" vhx -j policy show antispoof
json '.drops == 5 and .drop_reasons == {"spoof": 5}' "drops by their reason"
is "$(stat_of vt0 tx steer_dropped)" 5 "the queue counts them"
rc 0 "show as text" vhx policy show antispoof
says "$out" '^spoof  *5$' "has them too"

closed()
{
	rc 0 "$1: nic list" vhx -j nic list
	json '.[0] | .state == "closed" and .closed' "$1: the NIC is closed"
	rc 1 "$1: doctor" vhx -j doctor
	json 'any(.check == "nic" and .verdict == "bad" and (.mend | test("nic open vt0")))' \
		"$1: doctor says so, and how to open it"
	before=$(stat_of vt0 tx closed)
	tell_nic tx 0 3
	is "$(stat_of vt0 tx closed)" $((before + 3)) "$1: what the guest sends is dropped"
}

rc 0 "detach" vhx policy detach antispoof
says "$err" 'was required' "says what that means"
closed detached
is "$(vhx -j policy list | jq -r '.[0].state')" gone "the policy is gone, and listed"
rc 1 "detach what is gone" vhx policy detach antispoof
says "$err" 'policy eject' "says what to do"

rc 0 "nic open" vhx nic open vt0
packets=$(stat_of vt0 tx packets)
tell_nic tx 0 4
is "$(stat_of vt0 tx packets)" $((packets + 4)) "an open NIC passes traffic"
is "$(vhx -j nic show vt0 | jq -r .state)" live "and is live"
rc 1 "open again" vhx nic open vt0
says "$err" 'not closed' "is told that it is not closed"

rc 0 "load it again" vhx -j policy load antispoof --nic vt0
json '.state == "steering" and .nics != []' "it takes the NIC back"
is "$(vhx -j policy list | jq length)" 1 "and the place of the one that is gone"
rc 0 "eject" vhx policy eject antispoof
until_true 5 sh -c "vhx -j nic list | jq -e '.[0].closed'"
closed ejected
rc 0 "eject what is gone" vhx policy eject antispoof
says "$err" 'forgotten' "forgets it"
is "$(vhx -j policy list)" "[]" "it is listed no more"
is "$(vhx -j nic list | jq '.[0].closed')" false "the NIC is open"

rc 0 "any policy can be required" vhx -j policy load minimal --required --nic vt0
json '.required' "by the option"

plan
