#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest whose IOMMU is on has a disk: commands, data and answers are at addresses of the
# vIOMMU's, each translated for the node by QEMU, and taken back with every command (strict).
# Firmware has looked at it before, by addresses that are not translated.
# time-limit: 600
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/disks.sh"

disk=$DISKS/disk.img
MACHINE=q35,kernel-irqchip=split
IOMMU=(-device "intel-iommu,intremap=off,device-iotlb=on")
SCSI+=,iommu_platform=on,ats=on,disable-legacy=on
APPEND="intel_iommu=on iommu.strict=1"
BOOT_SECONDS=$((2 * BOOT_SECONDS))
disks_begin "lun.0 = $disk,serial=DISK,size=16M,thin"

# qstat NAME: the counter's sum over the host's queues
qstat()
{
	vhx -j scsi stats | jq "[.. | objects | .$1? // empty] | add // 0"
}

# When Linux resets the device QEMU reads the used index where firmware had its ring, which Linux's
# IOMMU does not map.
forget_firmware()
{
	sed -i -E '/vtd_(iova_to_slpte: .* permission error .*write=0|iommu_translate: .* translation failure)/d' \
		"$E2E_RUN/qemu.err"
}

taken=/sys/kernel/tracing/events/vhx/vhx_iotlb_invalidate/enable

guest_start
ok $? "the guest boots" || bail "no guest"
d=$(guest_disk DISK)
ok $? "and has its disk" || bail "no disk: $(guest "dmesg | tail -n 20")"
guest "dmesg | grep -q 'IOMMU enabled' && [ -e /sys/block/$d/device/../../../../iommu_group ]"
ok $? "behind an IOMMU"
at_exit "echo 0 >$taken"
echo >/sys/kernel/tracing/trace
echo 1 >$taken
before=$(qstat iotlb_misses)
guest_load "$d" 4 50
ok $? "what is read is what was written" && diag "$loaded"
is "$(host_digest "$disk")" "$(digest_of "$loaded")" "and the file has it"
above "$(qstat iotlb_misses)" "$before" "translations came"
echo 0 >$taken
above "$(grep -c vhx_iotlb_invalidate: /sys/kernel/tracing/trace)" 0 "and went"

guest "printf 'n\np\n1\n2048\n\nw\n' | fdisk /dev/$d >/dev/null 2>&1"
ok $? "the guest makes a partition"
guest "mkfs.ext4 -q -E nodiscard /dev/${d}1 && mkdir -p /mnt && mount /dev/${d}1 /mnt"
ok $? "and a file system in it"
sum=$(guest "dd if=/dev/urandom of=/mnt/random bs=64k count=64 2>/dev/null; sync;
	sha256sum </mnt/random; echo 3 >/proc/sys/vm/drop_caches")
is "$(guest "sha256sum </mnt/random; umount /mnt")" "$sum" "what is in it is read back"
is "$(debugfs -R "cat /random" "$disk?offset=1048576" 2>/dev/null | sha256sum)" "$sum" \
	"and the host finds it there"
guest_is_content
ok $? "no I/O error in the guest"

guest_reboot
ok $? "the guest reboots" || bail "no guest"
d=$(guest_disk DISK)
ok $? "and has its disk" || bail "no disk"
is "$(guest "mkdir -p /mnt; mount /dev/${d}1 /mnt &&
	sha256sum </mnt/random; umount /mnt")" "$sum" "with what was in it"
guest_is_content
ok $? "no I/O error in the guest"
is "$(qstat bad_rings)" 0 "no queue stopped"
guest_poweroff
ok $? "the guest switches off, QEMU ends"
forget_firmware
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
