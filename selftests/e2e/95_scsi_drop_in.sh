#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU's vhost-scsi-pci as most people start it: with a wwpn, and no word of vhx. With
# drop_in=1 it is vhx and vhxd that have its disks.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/disks.sh"

dir=$E2E_SRC/build/$(uname -r)
at_exit "rmmod vhx_scsi; insmod $dir/vhx_scsi.ko"
modprobe -r vhost_scsi 2>/dev/null
rmmod vhx_scsi
insmod "$dir/vhx_scsi.ko" drop_in=1 || bail "no module"
NODE='' QEMU=(qemu-system-x86_64)
disks_begin "lun.0 = $DISKS/disk.img,serial=DISK,size=8M"

guest_start
ok $? "the guest boots" || bail "no guest"
d=$(guest_disk DISK)
ok $? "and has its disk" || bail "no disk"
is "$(scsi_users)" 1 "by vhx"
guest_load "$d" 4 200
ok $? "what is read is what was written" && diag "$loaded"
is "$(host_digest "$DISKS/disk.img")" "$(digest_of "$loaded")" "and the file has it"
guest_is_content
ok $? "the guest has no I/O error"
guest_poweroff
ok $? "the guest switches off"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
