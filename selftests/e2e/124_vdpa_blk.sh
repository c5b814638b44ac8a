#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU has a vDPA device as a disk, which QEMU knows nothing of
# (vhost-vdpa-device-pci): of qemu-storage-daemon's, by VDUSE, and of vdpa_sim's. What it writes
# it reads back, also after a reboot, and virtio_vdpa on the host reads the same from the device,
# and the host from the file.
# time-limit: 600
. "$(dirname "$0")/lib.sh"
# shellcheck source=vdpa.sh
. "$E2E_DIR/vdpa.sh"
vdpa_begin_guest

# load THREADS COUNT
load()
{
	guest_load "$1" "$2"
	ok $? "$form: what is read is what was written" || return
	diag "$form: $loaded"
	digest=$(digest_of "$loaded")
}

# guest_on NAME: one whose disk that device is
guest_on()
{
	vdpa_open "$1"
	ok $? "$form: $VDPA_DRIVER has the device" || bail "no device"
	vdpa_guest_disk "$node"
	guest_start
	ok $? "$form: the guest boots" || bail "no guest"
	guest_finds_disk
	ok $? "$form: and has the disk" || bail "no disk"
	load 4 150
}

# What was acknowledged is there after a reboot.
guest_again()
{
	guest_reboot
	ok $? "$form: it reboots" || bail "no guest"
	guest_finds_disk
	is "$(digest_of "$(guest "blocks scan /dev/$disk $SEED")")" "$digest" \
		"$form: what was written is still there"
	load 4 50
}

guest_off()
{
	guest_poweroff
	ok $? "$form: the guest switches off"
	qemu_is_content_but
	ok $? "$form: QEMU has nothing to complain of"
}

# on_host NAME: virtio_vdpa has the device
on_host()
{
	vdpa_give "$1" virtio_vdpa && host_disk=$(vdpa_disk "$1")
	ok $? "$form: virtio_vdpa has the device, and makes $host_disk of it" || return
	is "$(host_digest "/dev/$host_disk")" "$digest" "$form: which has what the guest wrote"
}

form=VDUSE file=/var/tmp/vhx-vdpa.img
at_exit "rm -f $file"
truncate -s 16M "$file"
vdpa_vduse vduse0 "$file"
ok $? "$form: qemu-storage-daemon has a device" || bail "no device"
guest_on vduse0
guest_again
guest_off
is "$(host_digest "$file")" "$digest" "$form: the file has it"
on_host vduse0
run "$form: virtio_vdpa writes, too" "$E2E_BIN/blocks" load "/dev/$host_disk" "$SEED" 2 50
vdpa_open vduse0
ok $? "$form: $VDPA_DRIVER has it again"
run "$form: the device goes" vdpa_del vduse0

form="pinned"
vdpa_sim blk sim0 use_va=0
ok $? "$form: vdpa_sim has a device" || bail "no device"
guest_on sim0
guest_kill
until_true 10 test "$(vdpa_users)" = 0
ok $? "killed: the module has no user left"
on_host sim0
guest_on sim0
guest_off
on_host sim0
vdpa_sim_end sim0
ok $? "$form: the device and its parent go"
plan
