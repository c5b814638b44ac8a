#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The ioctls of a vDPA device, on parents of each kind: a disk and a NIC of vdpa_sim's, with pinned
# pages and with user addresses, told of mappings at once and one by one. time-limit: 240

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/vdpa.sh"

tools=build/selftests/vdpa/tools

vdpa_begin
missing=$(vdpa_parents_missing)
[ -z "$missing" ] || skip_all "$missing"

# tool NAME PROGRAM ARG...: all that it says is ok
tool()
{
	local name=$1 program=$2 log

	shift 2
	log=$(mktemp)
	"$tools/$program" "$@" >"$log" 2>&1 && grep -q '^ok' "$log" && ! grep -q '^not ok' "$log"
	ok $? "$name: $program, $(grep -c '^ok' "$log") results" ||
		diag "$(grep -a -A3 '^not ok\|^Bail\|SEED' "$log")"
	rm -f "$log"
}

# on KIND MAPS OPTION...: its programs, on one kind of parent
on()
{
	local kind=$1 maps=$2 node

	shift 2
	# Of its own it remembers no more than 2,048 pieces.
	if ! vdpa_sim "$kind" "$kind"0 max_iotlb_entries=65536 "$@" ||
	   ! vdpa_give "$kind"0 "$VDPA_DRIVER" || ! node=$(vdpa_node "$kind"0); then
		bail "vdpa_sim_$kind $*"
	fi
	tool "$kind $*" abi "$node"
	tool "$kind $*" map "$node" "$maps"
	[ "$kind" = net ] || tool "$kind $*" blk "$node"
	vdpa_sim_end "$kind"0 || bail "vdpa_sim does not unload"
}

on blk pins use_va=0 batch_mapping=1
on blk pins use_va=0 batch_mapping=0
on blk files use_va=1
on net pins use_va=0

plan
