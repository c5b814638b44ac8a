#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Messages and ioctls without rhyme or reason, on parents of each kind. SOAK=SECONDS: of each.
# time-limit: 240, dealt to: one

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/vdpa.sh"

seconds=${SOAK:-8}

vdpa_is_vhx || skip_all "in-tree is what it is"
vdpa_begin
missing=$(vdpa_parents_missing)
[ -z "$missing" ] || skip_all "$missing"

# on KIND OPTION...
on()
{
	local kind=$1 node log

	shift
	if ! vdpa_sim "$kind" "$kind"0 max_iotlb_entries=65536 "$@" ||
	   ! vdpa_give "$kind"0 "$VDPA_DRIVER" || ! node=$(vdpa_node "$kind"0); then
		bail "vdpa_sim_$kind $*"
	fi
	log=$(build/selftests/vdpa/tools/fuzz "$node" "$seconds")
	ok $? "$kind $*" || diag "$log"
	if [ "$kind" = blk ]; then
		log=$(build/selftests/vdpa/tools/blk "$node")
		ok $? "$kind $*: who comes after it is served" || diag "$log"
	fi
	vdpa_sim_end "$kind"0 || bail "vdpa_sim does not unload"
}

on blk use_va=0
on blk use_va=0 batch_mapping=0
on blk use_va=1
on net use_va=0

plan
