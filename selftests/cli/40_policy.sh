#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 240, dealt to: one
#
# A policy's life: loaded, bound by name, seen, replaced with and without its
# maps, ejected, loaded again, detached.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies
pins=/sys/fs/bpf/vhx

vhx -j monitor >"$tmp/events" &
at_exit "kill $!"

### before there is a NIC

rc 0 "load" vhx -j policy load flow_pin --nic 'vt*'
json '.state == "waiting" and .nic_pattern == "vt*" and .nics == []' "it waits for its NIC"
json ".pinned == \"$pins/flow_pin\"" "it is pinned"
id=$(echo "$out" | jq .id)
run "the link is in bpffs" test -e $pins/flow_pin/link
run "and so are the maps" test -e $pins/flow_pin/maps/pins
rc 1 "load again" vhx policy load flow_pin --nic 'vt*'
says "$err" 'EEXIST' "is refused by the pin"
says "$err" 'policy replace' "and replace is proposed"
is "$(vhx -j policy exits | jq "map(select(.policy_id > $id)) | length")" 0 \
	"before anything was attached"
rc 0 "under another name, one program left out" \
	vhx -j policy load flow_pin --name a.b --nic 'none*' --without batch
json ".pinned == \"$pins/a_b\"" "a dot becomes an underscore in bpffs"
rc 0 "show" vhx -j policy show a.b
json '.programs | map(.op) == ["rx"]' "it is without that"
rc 0 "is detached" vhx policy detach a.b
refuse "and leaves no pin" test -e $pins/a_b

### bound

hold_nic vt0 2
is "$(vhx -j nic show vt0 | jq -r .policy.name)" flow_pin "a NIC of that name gets it"
rc 0 "show" vhx -j policy show flow_pin
json '.state == "steering" and .nic_names == ["vt0"] and .generation == 0' "shows the NIC"
json '.programs | map(.op) == ["rx", "batch"] and (.[0] | .insns > 50 and .id > 0)' \
	"shows its programs"
json '.maps | map(.name) | contains(["pins", "pins6", "counts"])' "shows its maps"
prog=$(echo "$out" | jq '.programs[0].id')
map=$(echo "$out" | jq '.maps[] | select(.name == "pins").id')
rc 0 "bpftool knows the program" bpftool -j prog show id "$prog"
json '.type == "struct_ops" and .name == "rx"' "by that id"
rc 0 "bpftool knows the link" bpftool -j link show
json ".[] | select(.id == $id).type == \"struct_ops\"" "by the policy's id"
rc 0 "show as text" vhx policy show "$id"
says "$out" '^rx  *rx  *[0-9]' "has the program too"

flows vt0 3
rc 0 "show again" vhx -j policy show flow_pin
json '.verdicts >= 3' "verdicts are counted"

### replaced

rc 0 "replace, maps new" vhx -j policy replace flow_pin flow_pin --set learn=0
json ".id == $id and .generation == 1 and .nic_pattern == \"vt*\"" "id and binding stay"
rc 0 "show" vhx -j policy show flow_pin
json ".maps[] | select(.name == \"pins\").id != $map" "maps are new"
map=$(echo "$out" | jq '.maps[] | select(.name == "pins").id')
rc 0 "replace, maps kept" vhx policy replace flow_pin flow_pin --keep-maps
rc 0 "show" vhx -j policy show flow_pin
json ".generation == 2 and (.maps[] | select(.name == \"pins\").id) == $map" "maps are the old"
is "$(bpftool -j map show pinned $pins/flow_pin/maps/pins | jq .id)" "$map" "and still pinned"
rc 0 "another policy in its place" vhx -j policy replace flow_pin minimal
json ".id == $id and .name == \"flow_pin\"" "has its id and name"
refuse "and none of its maps" test -e $pins/flow_pin/maps/pins
rc 1 "what is no object" vhx policy replace flow_pin nonesuch
is "$(vhx -j nic show vt0 | jq -r .policy.id)" "$id" "changes nothing"

### the VMM restarts

drop_nic
is "$(vhx -j policy list | jq -r '.[0].state')" waiting "without its NIC it waits"
hold_nic vt0 2
is "$(vhx -j nic show vt0 | jq -r .policy.id)" "$id" "the NIC that comes back is bound again"

### ejected

rc 0 "eject" vhx policy eject flow_pin
until_true 5 sh -c "vhx -j policy list | jq -e '. == []'"
ok $? "it is gone"
rc 0 "exits" vhx -j policy exits
json ".[-1] | .policy_id == $id and .kind == \"admin\" and (.reason | length > 0)" \
	"says who it was"
is "$(vhx -j nic show vt0 | jq -r .policy)" null "its NIC goes on without"
rc 0 "load over the dead pin" vhx policy load flow_pin --nic vt0
rc 0 "detach" vhx policy detach flow_pin
refuse "no pin stays" test -e $pins/flow_pin
is "$(vhx -j policy exits | jq -r '.[-1].kind')" detached "the exit is a detach"

### held, not pinned

vhx policy load flow_hash --nic vt0 --no-pin >"$tmp/held" 2>&1 &
held=$!
until_true 10 sh -c "vhx -j nic show vt0 | jq -e .policy"
ok $? "without a pin it steers"
refuse "and is not pinned" test -e $pins/flow_hash
kill -INT $held
wait $held
is $? 130 "^C is exit code 130"
until_true 5 sh -c "vhx -j policy list | jq -e '. == []'"
ok $? "and detaches it"

vhx policy load flow_hash --nic vt0 --no-pin >"$tmp/held" 2>&1 &
held=$!
until_true 10 grep -q "steers NIC" "$tmp/held"
until_true 10 vhx policy eject flow_hash
wait $held
is $? 1 "thrown out, it ends with exit code 1"
says "$(cat "$tmp/held")" 'thrown out' "and says so"

### by id

nic=$(vhx -j nic list | jq '.[0].id')
rc 0 "by the NIC's id" vhx -j policy load flow_hash --nic-id "$nic"
json ".nic_id == $nic and .nics == [$nic]" "it steers that"
rc 1 "a second one for it" vhx policy load minimal --nic-id "$nic"
says "$err" 'EBUSY' "is refused"
drop_nic
until_true 5 sh -c "vhx -j policy exits | jq -e '.[-1].kind == \"nic_gone\"'"
ok $? "it leaves with its NIC"

### what was told meanwhile

for event in nic_new nic_gone policy_new policy_gone bound replaced ejected; do
	jq -e -s "any(.event == \"$event\")" "$tmp/events" >/dev/null
	ok $? "monitor told of $event"
done

plan
