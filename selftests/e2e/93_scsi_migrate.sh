#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with disks migrates live, there and back, under I/O on them. What it has read into its
# page cache, which nobody but vhx wrote, is compared after each hop with the disk, and with what it was
# before. On the last hop vhxd is dead, and QEMU, which stops its disks, waits for the next one.
# time-limit: 600
# dealt to: 6.12 (see KVM internal errors in README.md)
#
#	HOPS=3		how often
#	SCSI=...	other properties of vhost-scsi-pci
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/migrate.sh"
given=${SCSI:-}
. "$E2E_DIR/disks.sh"
SCSI=${given:-$SCSI},migratable=on
case $SCSI in
*in_order=on*) e2e_guest_is_7 ;;
esac

HOPS=${HOPS:-3}
direct=$DISKS/direct.img keep=$DISKS/keep.img
disks_begin \
	"lun.0 = $direct,serial=DIRECT,size=16M,thin" \
	"lun.1 = $keep,serial=KEEP,size=16M"

guest_start
ok $? "the guest boots" || bail "no guest"
case $SCSI in
*in_order=on*) is "$(guest_scsi_has 35)" 1 "its driver negotiated IN_ORDER" ;;
esac
d=$(guest_disk DIRECT) && k=$(guest_disk KEEP)
ok $? "and has its disks" || bail "no disks"
sum=$(guest "dd if=/dev/urandom of=/dev/$k bs=64k count=256 2>/dev/null; sync;
	sha256sum </dev/$k")
is "$(sha256sum <"$keep")" "$sum" "KEEP is written"
# Read again and again while the guest's memory is copied
guest_bg keep "while [ ! -e /tmp/enough ]; do
	echo 3 >/proc/sys/vm/drop_caches; [ \"\$(sha256sum </dev/$k)\" = '$sum' ] || exit 1; done"
guest_bg load "blocks load /dev/$d $SEED 4 0"

for hop in $(seq "$HOPS"); do
	n=$(vhxd_stat committed)
	if [ "$hop" = "$HOPS" ]; then
		vhxd_end KILL 2>/dev/null
		vhxd_launch 5
		n=0
	fi
	guest_migrate
	ok $? "hop $hop" || bail "the guest is lost"
	migrate_report
	vhxd_reaches committed $((n + 200))
	ok $? "hop $hop: its I/O goes on"
	qemu_is_content
	ok $? "hop $hop: QEMU has nothing to complain of"
done

guest "touch /tmp/enough"
guest_join keep
ok $? "what was read on the way is what is on the disk"
guest_load_end load
ok $? "what is read is what was written"
diag "$loaded"
is "$(host_digest "$direct")" "$(digest_of "$loaded")" "and the file has it"
guest_is_content
ok $? "the guest has no I/O error"
guest_poweroff
is $? 0 "the guest powers off"
plan
