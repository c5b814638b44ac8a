#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU has disks of vhxd's: of a file that is read and
# written past the page cache, of one in memory, of none, behind other target ids and LUNs.
# What it wrote is in the files, what it gave back is free, what it flushed was flushed.
# time-limit: 500
#
#	SCSI=...	other properties of vhost-scsi-pci
. "$(dirname "$0")/lib.sh"
given=${SCSI:-}
. "$E2E_DIR/disks.sh"
SCSI=${given:-$SCSI}

direct=$DISKS/direct.img memory=$MEMORY_DISKS/memory.img large=$DISKS/large.img
disks_begin \
	"lun.0 = $direct,serial=DIRECT,size=32M,thin" \
	"lun.5 = $memory,serial=MEMORY,size=16M,thin" \
	"lun.3.0 = $large,serial=LARGE,size=96M,thin,block=4096" \
	"lun.3.300 = /null,backend=null,serial=NULL,size=3T" \
	"lun.7.0 = $DISKS/fs.img,serial=FS,size=128M,thin"

# What the test finds out of a disk: its name in the guest
find_disks()
{
	local serial

	for serial in DIRECT MEMORY LARGE NULL FS; do
		name=$(guest_disk $serial)
		ok $? "the disk $serial is there" || bail "disks: $(guest "ls /sys/block")"
		disk[$serial]=$name
	done
}

# attr DISK PATH: in its directory of sysfs
attr()
{
	guest "cat /sys/block/${disk[$1]}/$2"
}

# load DISK THREADS COUNT FILE [BLOCK]: I/O at random, and the file has what was acknowledged
load()
{
	guest_load "${disk[$1]}" "$2" "$3"
	ok $? "$1: what is read is what was written" || return
	diag "$1: $loaded"
	is "$(host_digest "$4" "${5:-512}")" "$(digest_of "$loaded")" "$1: and the file has it"
}

# fsyncs CMD...: of the file of DIRECT while CMD runs
fsyncs()
{
	local event=/sys/kernel/tracing/events/ext4/ext4_sync_file_enter

	echo >/sys/kernel/tracing/trace
	echo "ino == $(stat -c %i "$direct")" >$event/filter
	echo 1 >$event/enable
	"$@" >/dev/null
	echo 0 >$event/enable
	echo 0 >$event/filter
	grep -c ext4_sync_file_enter: /sys/kernel/tracing/trace
}

declare -A disk
users=$(scsi_users)
guest_start
ok $? "the guest boots" || bail "no guest"
case $SCSI in
*packed=on*) is "$(guest_scsi_has 34)" 1 "its driver has packed rings" ;;
esac
find_disks
is "$(guest "ls /sys/block | grep -c sd")" 5 "and no other"
is "$(attr DIRECT size) $(attr LARGE size) $(attr NULL size)" "65536 196608 6442450944" \
	"they have their sizes"
is "$(attr DIRECT queue/logical_block_size) $(attr LARGE queue/logical_block_size)" "512 4096" \
	"and their blocks"
is "$(guest "basename \$(readlink /sys/block/${disk[NULL]}/device)" | cut -d : -f 3,4)" \
	3:$((0x4000 | 300)) "the one behind target 3 has LUN 300, in the flat space"
is "$(attr DIRECT queue/write_cache)" "write back" "the guest is told of the cache"

load DIRECT 8 500 "$direct"
load MEMORY 4 300 "$memory"
load LARGE 8 200 "$large" 4096
guest "dd if=/dev/zero of=/dev/${disk[NULL]} bs=1M count=16 oflag=direct seek=2097152 2>/dev/null"
ok $? "NULL: a write beyond 2 TiB"

above "$(fsyncs guest "dd if=/dev/${disk[DIRECT]} of=/dev/${disk[DIRECT]} bs=4k count=1 \
	conv=fsync,notrunc 2>/dev/null")" 0 "what the guest flushes is flushed in the file"

# A file system on a partition
fs=${disk[FS]}
guest "printf 'n\np\n1\n2048\n\nw\n' | fdisk /dev/$fs >/dev/null 2>&1"
ok $? "the guest makes a partition"
guest "mkfs.ext4 -q -E nodiscard /dev/${fs}1 && mkdir -p /mnt && mount /dev/${fs}1 /mnt"
ok $? "and a file system in it"
sum=$(guest "i=0; while [ \$i -lt 10 ]; do cp /bin/busybox /mnt/f\$i; i=\$((i + 1)); done;
	dd if=/dev/urandom of=/mnt/random bs=64k count=512 2>/dev/null; sync;
	sha256sum </mnt/random")
guest "echo 3 >/proc/sys/vm/drop_caches; cmp /bin/busybox /mnt/f9"
ok $? "files are what they were"
is "$(guest "sha256sum </mnt/random")" "$sum" "also of random bytes"
full=$(room_of "$DISKS/fs.img")
guest "rm /mnt/random /mnt/f[1-9]; sync; fstrim /mnt"
ok $? "the guest trims its file system"
above "$((full - $(room_of "$DISKS/fs.img")))" 32768 "and the file of $full KB shrinks by 32 MB"
sum=$(guest "sha256sum </mnt/f0; umount /mnt")
is "$(debugfs -R "cat /f0" "$DISKS/fs.img?offset=1048576" 2>/dev/null | sha256sum)" "$sum" \
	"the host finds the guest's file in it"
e2fsck -fn "$DISKS/fs.img?offset=1048576" >"$E2E_RUN/fsck" 2>&1
is $? 0 "and nothing wrong" || diag "$(cat "$E2E_RUN/fsck")"
guest "blkdiscard /dev/${disk[MEMORY]}"
is "$(room_of "$memory")" 0 "MEMORY: all of it is discarded, and no memory is used"

digest=$(host_digest "$direct")
guest_is_content
ok $? "no I/O error in the guest"
guest_reboot
ok $? "the guest reboots" || bail "no guest"
find_disks
is "$(digest_of "$(guest "blocks scan /dev/${disk[DIRECT]} $SEED")")" "$digest" \
	"DIRECT: what was written is still there"
load DIRECT 8 100 "$direct"
guest_is_content
ok $? "no I/O error in the guest"
guest_poweroff
ok $? "the guest switches off, QEMU ends"
qemu_is_content
ok $? "QEMU has nothing to complain of"
is "$(scsi_users)" "$users" "the module has no user left"
is "$(vhxd_stat refused)" 0 "no answer of vhxd's was refused"
vhxd_end TERM
is $? 0 "vhxd ends"
plan
