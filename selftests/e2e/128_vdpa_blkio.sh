#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libblkio has a vDPA disk, in its own process: of vdpa_sim's, by pages that are pinned and by
# virtual addresses, and of qemu-storage-daemon's by VDUSE. And what becomes of a client
# that may not lock as much as it maps.
. "$(dirname "$0")/lib.sh"
# shellcheck source=vdpa.sh
. "$E2E_DIR/vdpa.sh"

[ -x "$E2E_BIN/blkio" ] || skip_all "there is no libblkio: package libblkio-dev"
missing=$(vdpa_parents_missing)
[ -z "$missing" ] || skip_all "$missing"
vdpa_begin
diag "VHX_SEED=$SEED"

# blkio SEED: writes, reads, compares
# shellcheck disable=SC2317 # called by run
blkio()
{
	timeout 60 "$E2E_BIN/blkio" "$node" "$1" 100
}

# disk NAME: of the device
disk()
{
	vdpa_give "$1" "$VDPA_DRIVER" && node=$(vdpa_node "$1")
	ok $? "$form: $VDPA_DRIVER has the device" || bail "no device"
	run "$form: what is read is what was written" blkio "$SEED"
	run "$form: a second time" blkio $((SEED + 1))
	is "$(vdpa_users)" 0 "$form: the module has no user left"
}

form=pinned
vdpa_sim blk sim0 use_va=0 || bail "no device"
disk sim0
ulimit -S -l 64
refuse "limited: who may lock 64 kB cannot map half a megabyte" blkio "$SEED"
diag "$tap_said"
ulimit -S -l unlimited
run "limited: and can when it may" blkio "$SEED"
vdpa_sim_end sim0
ok $? "$form: the device and its parent go"

form="pinned, one by one"
vdpa_sim blk sim0 use_va=0 batch_mapping=0 || bail "no device"
disk sim0
vdpa_sim_end sim0
ok $? "$form: the device and its parent go"

form="virtual addresses"
vdpa_sim blk sim0 use_va=1 || bail "no device"
disk sim0
ulimit -S -l 64
run "$form: nothing is locked, so that no limit matters" blkio "$SEED"
ulimit -S -l unlimited
vdpa_sim_end sim0
ok $? "$form: the device and its parent go"

form=VDUSE file=/var/tmp/vhx-vdpa.img
at_exit "rm -f $file"
truncate -s 16M "$file"
vdpa_vduse vduse0 "$file" || bail "no device"
disk vduse0
plan
