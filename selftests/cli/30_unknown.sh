#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# NICs and policies that are not there are exit code 3, with those that are;
# what one may not do is exit code 4.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies

rc 0 "no NIC is no error" vhx nic list
is "$out" "" "and no table"
rc 0 "as JSON" vhx -j nic list
json '. == []' "it is an empty list"

for args in 'nic show vt1' 'nic open vt1' 'stats vt1' 'policy shim vt1' 'policy show x' \
	'policy detach x' 'policy eject x' 'policy replace x flow_pin'; do
	# shellcheck disable=SC2086
	rc 3 "vhx $args" vhx $args
	# shellcheck disable=SC2086
	rc 3 "vhx -j $args" vhx -j $args
	json '.error.code == "NONE"' "has its code"
done

hold_nic vt0 1
rc 3 "another NIC's name" vhx nic show vt1
says "$err" 'did you mean vt0?' "and the one that is there"
rc 3 "an id that is not there" vhx policy load flow_pin --nic-id 4000000000
rc 0 "by its id" vhx nic show "$(vhx -j nic list | jq '.[0].id')"

rc 0 "a policy" vhx policy load flow_pin --nic vt0
rc 3 "another policy's name" vhx policy show flow_pinn
says "$err" 'did you mean flow_pin?' "and the one that is there"

# shellcheck disable=SC2317 # rc calls it
nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

rc 4 "load without rights" nobody vhx policy load flow_hash
rc 4 "eject without rights" nobody vhx policy eject flow_pin
says "$err" 'CAP_NET_ADMIN' "says which is missing"
rc 4 "detach without rights" nobody vhx policy detach flow_pin
rc 4 "shim without rights" nobody vhx policy shim vt0
rc 4 "as JSON" nobody vhx -j policy detach flow_pin
json '.error | .code == "EPERM" and (.hint | test("CAP_SYS_ADMIN"))' "with code and hint"
rc 0 "looking needs none" nobody vhx nic show vt0
rc 0 "at policies neither" nobody vhx -j policy show flow_pin
json '.programs == null and .name == "flow_pin"' "but programs are not shown"

plan
