#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx vdpa and what vhx doctor says of the vDPA bus, on devices of vdpa_sim's: one with pinned
# pages, then one that takes user addresses. time-limit: 240

# shellcheck disable=SC2153,SC2154 # out and err are rc's, VMM_PID is coproc's
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source=/dev/null
. "$(dirname "$0")/../lib/vdpa.sh"

vdpa_is_vhx || skip_all "vhx shows nothing of in-tree's"
missing=$(vdpa_parents_missing)
[ -z "$missing" ] || skip_all "$missing"
vdpa_begin

M=$((1024 * 1024))

# vmm NODE: a VMM that tell has do things, until vmm_end
vmm()
{
	coproc VMM { exec build/selftests/vdpa/tools/vmm "$1"; }
	vmm_pid=$VMM_PID
	exec 6<&"${VMM[0]}" 7>&"${VMM[1]}"
	eval "exec ${VMM[0]}<&- ${VMM[1]}>&-"
	read -r -t 30 -u 6 answer
	[ "$answer" = ok ]
}

vmm_end()
{
	exec 7>&-
	wait "$vmm_pid" 2>/dev/null
	exec 6<&-
}

# tell ANSWER COMMAND...: the VMM does it, and that is what comes of it
tell()
{
	local want=$1

	shift
	echo "$*" >&7
	read -r -t 60 -u 6 answer
	is "$answer" "$want" "the VMM: $*: $want"
}

# shows DEVICE FILTER NAME
shows()
{
	rc 0 "vdpa show $1" vhx -j vdpa show "$1"
	json "$2" "$3"
}

# doctor FILTER NAME
doctor()
{
	vhx -j doctor >"$tmp/out"
	out=$(cat "$tmp/out")
	json "$1" "doctor: $2"
}

### nothing there

rc 0 "without a device: list" vhx vdpa list
is "$out" "" "there is none"
says "$err" 'driver_override' "and it says what to do"
rc 0 "as JSON" vhx -j vdpa list
json '. == []' "it is an empty list"
rc 3 "show of what is not there" vhx vdpa show sim0
rc 0 "stats" vhx -j vdpa stats
json '. == []' "of nothing"

### whose a device is

vdpa_sim net sim0 use_va=0 || bail "no vdpa_sim"
doctor 'any(.check == "vdpa" and .verdict == "warn" and (.found | test("sim0 .*no driver")) and
	(.mend | test("drivers/vhx_vdpa/bind")))' "a device that no driver has"
rc 0 "it is not ours: list" vhx -j vdpa list
json '. == []' "and not shown"
mend=$(vhx -j doctor | jq -r '[.[] | select(.check == "vdpa" and .verdict == "warn")][0].mend')
run "what doctor says binds it" sh -c "$mend"
node=$(vdpa_node sim0) || bail "no node"

rc 0 "list" vhx -j vdpa list
json "length == 1 and (.[0] | .name == \"sim0\" and .node == \"$node\" and .type == \"net\" and
	.state == \"free\" and .owner_pid == null and .mapped_bytes == 0 and .refused == null)" \
	"it is free"
json '.[0] | (.offered_names | contains(["mac", "version_1", "access_platform"])) and
	.maps_by == "set" and (.use_va | not) and .queues == 3' "with what it offers"
rc 0 "list, as text" vhx vdpa list
says "$out" '^NAME *NODE *TYPE *STATE *QUEUES *MAPPED *PINNED *OWNER *COMMAND$' "has its columns"
says "$out" "^sim0 *$node *net *free" "and the device"
doctor 'any(.check == "vdpa" and .verdict == "ok" and (.found | test("sim0 is free")))' \
	"the same device, bound"
doctor 'all(.check != "vdpa" or .verdict == "ok")' "and nothing else of the bus"

for word in sim0 "$node" "${node#/dev/}" "${node##*-}"; do
	shows "$word" '.name == "sim0" and (.queue_list | length == 3)' "it goes by $word"
done
rc 3 "show of another" vhx vdpa show sim
says "$err" 'sim0' "says what there is"

# progress MB: the VMM maps so much, and meanwhile it is seen how far it is; it may be fast
progress()
{
	echo "map $((512 * M)) $(($1 * M))" >&7
	seen=
	while ! read -r -t 0 -u 6; do
		out=$(vhx -j vdpa show sim0)
		[ "$(printf '%s\n' "$out" | jq .progress)" = null ] || seen=$out
	done
	read -r -u 6 answer
	is "$answer" ok "the VMM maps $1 MiB"
	if [ -z "$seen" ]; then
		skip "how far it is" "it was over too soon"
		return
	fi
	out=$seen
	json ".progress | .bytes == $1 * $M and .done_bytes <= .bytes and (.text | test(\"of $1 MiB\"))" \
		"how far it is is seen"
}

### a VMM

vmm "$node" || bail "the VMM has no device"
shows sim0 '.state == "open" and .owner_pid == null' "a VMM has it, and did not say who it is"
rc 0 "a second VMM" sh -c "build/selftests/vdpa/tools/vmm $node </dev/null || :"
is "$out" EBUSY "cannot have it"
tell ok owner
tell ok backend 0xe
shows sim0 ".owner_pid == $vmm_pid and .owner_comm == \"vmm\"" "now it did"
json '.backend_feature_names == ["iotlb_msg_v2", "iotlb_batch", "iotlb_asid"]' \
	"backend features by name"

tell ok map 0 $((4 * M))
tell ok map $((64 * M)) $((2 * M))
shows sim0 ".mapped_bytes == 6 * $M and .pinned_bytes == 6 * $M and .pieces >= 2" \
	"what is mapped, and pinned"
json '.progress == null and .refused == null' "and nothing else"
tell ok unmap $((64 * M)) $((2 * M))
shows sim0 ".mapped_bytes == 4 * $M and .stats.maps == 2 and .stats.unmaps == 1" "and unmapped"

progress 512
tell ok unmap $((512 * M)) $((512 * M))

tell ok status 3
tell ok features 0x300000020
tell ok status 11
tell ok size 0 64
tell ok enable 0
tell ok status 15
shows sim0 '.state == "live" and
	.status_names == ["acknowledge", "driver", "driver_ok", "features_ok"]' "it is live"
json '.feature_names == ["mac", "version_1", "access_platform"]' "with the features taken"
json '.queue_list[0] | .queue == 0 and .state == "enabled" and .size == 64' "its first queue"
json '.queue_list[1].state == "disabled"' "and the second"
rc 0 "show, as text" vhx vdpa show sim0
says "$out" '^status  *0xf$' "the status"
says "$out" '  acknowledge driver driver_ok features_ok$' "by name"
says "$out" '^mapped  *4.0 MiB$' "what is mapped"
says "$out" '^QUEUE *STATE *SIZE *GROUP *SPACE *BYPASS *DOORBELL *KICKS *CALLS$' "and the queues"
tell ok suspend
shows sim0 '.state == "suspended" and .suspended' "suspended"

### refusals

tell EFAULT map 0 4096
shows sim0 '.refused | .op == "map" and .why == "overlap" and .errno == "EEXIST" and
	.iova == "0x0" and .size_bytes == 4096 and .need_bytes == null' "something is there"
tell EFAULT map-odd $((128 * M)) 4096
shows sim0 '.refused | .why == "align" and .errno == "EINVAL"' "a page in two halves"
run "the VMM may lock 8 MiB" prlimit --pid "$vmm_pid" --memlock=$((8 * M)):$((8 * M))
tell EFAULT map $((256 * M)) $((32 * M))
shows sim0 ".refused | .why == \"memlock\" and .errno == \"ENOMEM\" and
	.limit_bytes == 8 * $M and .need_bytes == 36 * $M" "more than may be locked"
json ".mapped_bytes == 4 * $M and .pinned_bytes == 4 * $M and .stats.refused == 3" \
	"and nothing of it is"
rc 0 "show, as text" vhx vdpa show sim0
says "$out" 'map of 32.0 MiB at 0x10000000.*: ENOMEM: RLIMIT_MEMLOCK is 8.0 MiB and 36.0 MiB would be locked: raise it (ulimit -l' \
	"says it in a sentence"
doctor 'any(.check == "vdpa" and .verdict == "warn" and (.found | test("RLIMIT_MEMLOCK")) and
	(.mend | test("LimitMEMLOCK")))' "RLIMIT_MEMLOCK"

### counters

rc 0 "stats" vhx -j vdpa stats sim0
json 'length == 1 and (.[0] | .device == "sim0" and .stats.refused == 3 and .stats.suspends == 1)' \
	"of one"
rc 0 "stats by the node's number, which is 0" vhx -j vdpa stats "${node##*-}"
json 'length == 1 and .[0].device == "sim0"' "are that one's"
rc 3 "stats of what is not there" vhx vdpa stats nonesuch
rc 0 "stats, as metrics" vhx vdpa stats -m
says "$out" "^vhx_vdpa_maps_total{device=\"sim0\",minor=\"${node##*-}\"} 3$" "maps"
is "$(printf '%s\n' "$out" | tail -n 1)" "# EOF" "to the end"
rc 0 "stats, all of them" vhx vdpa stats -a
says "$out" '^sim0 *refused *3 *messages of the VMM' "with what they mean"
rc 124 "rates, until it is ended" timeout 3 vhx -j vdpa stats --watch=0.2
out=$(head -n 1 "$tmp/out")
json '.interval_ns > 0 and (.queues[0].rates | has("maps_per_s"))' "are a line of JSON each time"

### in-tree's beside ours

run "vhost_vdpa is loaded" modprobe vhost_vdpa
if grep -m 1 vhost-vdpa /proc/devices | grep -q vhx; then
	doctor 'all(.found | test("DPDK") | not)' "DPDK finds ours first"
else
	doctor 'any(.check == "vdpa" and (.mend | test("rmmod vhost_vdpa")))' \
		"DPDK does not find ours behind in-tree's"
fi
run "and goes" rmmod vhost_vdpa

### the VMM goes, the device goes

vmm_end
shows sim0 '.state == "free" and .owner_pid == null and .mapped_bytes == 0 and
	.pinned_bytes == 0 and .refused.why == "memlock"' "the VMM is gone, its last refusal is not"

vdpa_sim_end sim0
rc 3 "the device is gone" vhx vdpa show sim0

### user addresses

vdpa_sim net sim1 use_va=1 || bail "no vdpa_sim with user addresses"
vdpa_give sim1 vhx_vdpa
node=$(vdpa_node sim1) || bail "no node"
vmm "$node" || bail "the VMM has no device"
tell ok owner
tell ok backend 0xe
tell ok map-shared 0 $((4 * M))
shows sim1 ".use_va and .mapped_bytes == 4 * $M and .pinned_bytes == 0" "shared memory is mapped"
doctor 'all(.check != "vdpa" or .verdict == "ok")' "and that is all right"
tell ok map $((64 * M)) $((4 * M))
shows sim1 ".mapped_bytes == 4 * $M and .stats.skipped_bytes == 4 * $M" \
	"private memory is skipped, and the VMM does not hear of it"
doctor 'any(.check == "vdpa" and .verdict == "warn" and (.found | test("4.0 MiB")) and
	(.mend | test("memfd")))' "memory that the device cannot have"
vmm_end
vdpa_sim_end sim1

plan
