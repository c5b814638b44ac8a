#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fio writes in a guest, and reads back what it wrote: on a disk that is a file and on one that is a
# block device, both at once, at depths from 1 to 128, in blocks of 512 bytes to 1 MiB. First come
# the corners of that, then what the seed says. At the end the host has what the guest has.
# time-limit: 400
#
#	FIO_SECONDS=30	no job begins later
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/disks.sh"

FIO_SECONDS=${FIO_SECONDS:-30}
MIB=160				# of a disk: 128 writes of 1 MiB are under way at once
MOST=64				# of it, that a job at random writes
INITRAMFS=-fio
GUEST_PROGRAMS+=(fio)
GUEST_MEM=640M			# of which those are 256, and the libraries of fio 110
file=$DISKS/file.img
block_device ${MIB}M
disks_begin "lun.0 = $file,serial=FILE,size=${MIB}M" "lun.1 = $block,serial=BLOCK"
RANDOM=$SEED
jobs=0

# fio FILE'S-JOB BLOCK'S-JOB: both at once; what failed is told whole, of the rest how fast it was
fio()
{
	local said

	jobs=$((jobs + 1))
	said=$(guest "fio --thread --ioengine=io_uring --direct=1 --verify_fatal=1 --end_fsync=1 \
		--randseed=$((SEED + jobs)) --name=FILE --filename=/dev/$f $1 \
		--name=BLOCK --filename=/dev/$b $2 2>&1")
	ok $? "$3" || { diag "FILE: $1 BLOCK: $2"; diag "$said"; return; }
	diag "$(grep -oE '(READ|WRITE): bw=[^ ]*|run=[0-9-]*msec' <<<"$said" | paste -sd ' ')"
}

# both NAME WORDS...: the same for both
both()
{
	local name=$1

	shift
	fio "${*/#/--}" "${*/#/--}" "$name"
}

# at_random: a job of some hundred requests, in $drawn
at_random()
{
	local depth=$((1 << RANDOM % 8)) bs=$((512 << RANDOM % 12)) nr
	local ways=(write randwrite randrw) sums=(crc32c md5 xxhash)
	local -a words

	nr=$((RANDOM % 300 + 2 * depth))
	[ $((nr * bs)) -le $((MOST << 20)) ] || nr=$(((MOST << 20) / bs))
	words=("iodepth=$depth" "rw=${ways[RANDOM % 3]}" "verify=${sums[RANDOM % 3]}"
		"size=$((nr * bs))" "offset=$((RANDOM % ((MIB << 20) / bs - nr + 1) * bs))")
	case $((RANDOM % 4)) in
	0) words+=("bssplit=512/40:4k/20:24k/20:$((bs < 65536 ? 65536 : bs))/20") ;;
	*) words+=("bs=$bs") ;;
	esac
	case $((RANDOM % 4)) in
	0) words+=("fdatasync=$((RANDOM % 64 + 1))") ;;
	1) words+=("verify_backlog=$((RANDOM % 64 + 1))") ;;
	esac
	drawn="${words[*]/#/--}"
}

guest_start
ok $? "the guest boots" || bail "no guest"
f=$(guest_disk FILE) && b=$(guest_disk BLOCK)
ok $? "and has its disks" || bail "no disks"
begin=$SECONDS

both "one at a time, 512 bytes" iodepth=1 bs=512 rw=randwrite size=160k verify=crc32c
both "128 at a time, 512 bytes" iodepth=128 bs=512 rw=randwrite size=512k verify=crc32c
both "one at a time, 1 MiB" iodepth=1 bs=1M rw=write size=16M verify=crc32c
both "128 at a time, 1 MiB" iodepth=128 bs=1M rw=randwrite size=${MIB}M verify=crc32c
while [ $((SECONDS - begin)) -lt "$FIO_SECONDS" ]; do
	at_random
	of_file=$drawn
	at_random
	fio "$of_file" "$drawn" "job $jobs of the seed"
done

guest_is_content
ok $? "the guest has no I/O error"
is "$(guest "sha256sum </dev/$f")" "$(sha256sum <"$file")" "FILE: the file has what the guest has"
is "$(guest "sha256sum </dev/$b")" "$(sha256sum <"$block")" "BLOCK: the device has what the guest has"
guest_poweroff
ok $? "the guest switches off, QEMU ends"
qemu_is_content
ok $? "QEMU has nothing to complain of"
is "$(vhxd_stat refused)" 0 "no answer of vhxd's was refused"
plan
