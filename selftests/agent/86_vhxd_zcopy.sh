#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# time-limit: 240
#
# vhxd with zero_copy = on: what goes to a disk from the guest's memory, and what does not. On a kernel
# that has no such thing it says so, and all is as ever.
. "$(dirname "$0")/vhxd.sh"

dm=build/selftests/agent/tools/dm
if ! modprobe -a loop dm_mod; then
	skip_all "the kernel has no loop or dm"
fi

# A file on a disk, since tmpfs has no direct I/O on 6.12 and is written at once.
disk real.img 96M
real=$(losetup --find --show "$tmp/real.img")
at_exit "losetup -d $real"
mkdir "$tmp/fs"
if ! mkfs.ext4 -q "$real" || ! mount "$real" "$tmp/fs"; then
	bail "no ext4"
fi
at_exit "umount $tmp/fs"
truncate -s 16M "$tmp/fs/file"
disk loop.img 64M
loop=$(losetup --find --show --direct-io=on "$tmp/loop.img" 2>/dev/null ||
	losetup --find --show "$tmp/loop.img")
at_exit "losetup -d $loop"
slow=$("$dm" create "vhxz$$" linear $((64 * 2048)) "$loop 0") || bail "no device mapper"
at_exit "$dm remove vhxz$$"
disk memory.img 16M

# counted NAME: vhxd's counter, of all queues
counted()
{
	vhx -j agent stats | jq "[.[].stats.$1] | add"
}

# able: whether the kernel can
able()
{
	[ "$(uname -r | cut -d. -f1)" -ge 7 ]
}

# grows NAME BY: the counter is larger by this than when $before was taken; without zero copy it is 0
grows()
{
	by=$2
	able || by=0
	is "$(($(counted "$1") - before))" "$by" "$1: $by"
}

# written AT LBA BLOCKS SEED NAME
written()
{
	guest good "$5: written" write "$1" "$2" "$3" "$4"
	guest good "$5: read back" read "$1" "$2" "$3" "$4"
}

quiet()
{
	for _ in 1 2 3; do
		ask ready "$1"
		[ "$said" != good ] || break
	done
	is "$said" good "$1 is ready"
}

serve()
{
	configure 'queues = 2' 'pool = 16M' 'zero_copy = on' 'zero_copy_min = 64K' "[scsi $wwpn]" \
		"lun.0 = $tmp/fs/file" "lun.1 = $slow" "lun.2 = $tmp/memory.img" "lun.3 = /null,backend=null,size=16M" \
		"lun.4 = $tmp/fs/other,buffered,size=16M"
	begin "$1"
}

serve "vhxd serves"
if able; then
	run "and says nothing of it" sh -c "! grep zero_copy '$tmp/log'"
else
	run "and says that this kernel does not have it" grep -q 'zero_copy = on: this kernel does not have it' "$tmp/log"
	is "$(grep -c zero_copy "$tmp/log")" 1 "in one line"
fi
guest_begin
for at in 0.0 0.1 0.2 0.3 0.4; do
	quiet $at
done

### what is written from the guest's memory
for what in "0.0 a file" "0.1 a block device" "0.4 a file, buffered"; do
	at=${what%% *}
	before=$(counted zero_copy)
	written "$at" 64 128 1 "${what#* }, 64 KiB"
	written "$at" 4096 2048 2 "${what#* }, 1 MiB"
	written "$at" 512 135 3 "${what#* }, no whole pages"
	grows zero_copy 3
	before=$(counted zero_copy_bytes)
	written "$at" 8192 1024 4 "${what#* }, 512 KiB"
	grows zero_copy_bytes 524288
	before=$(counted zero_copy)
	written "$at" 64 127 5 "${what#* }, less than 64 KiB"
	grows zero_copy 0
	guest good "${what#* }, without a cache" write-through "$at"
	written "$at" 64 256 6 "${what#* }, through"
	grows zero_copy 1
done
guest good "flushed" sync 0.0
guest good "what was there is there" read 0.0 4096 2048 2

### what is copied all the same
before=$(counted zero_copy)
written 0.2 64 1024 7 "memory, which is written at once"
grows zero_copy 0
before=$(counted zero_copy)
guest good "the null backend: written" write 0.3 64 1024 8
grows zero_copy 0

### many at once
before=$(counted zero_copy)
together=
for i in 1 2 3 4 5 6 7 8; do
	ask start "w$i" write 0.1 $((i * 2048)) 2048 "$i"
done
for i in 1 2 3 4 5 6 7 8; do
	ask wait "w$i"
	together="$together $said"
done
is "$together" " good good good good good good good good" "eight at once"
grows zero_copy 8
for i in 1 8; do
	guest good "read back" read 0.1 $((i * 2048)) 2048 "$i"
done

### it fails
run "the device fails" "$dm" load "vhxz$$" error $((64 * 2048)) ""
"$dm" suspend "vhxz$$"
"$dm" resume "vhxz$$"
guest 'check 3 0c/00' "WRITE ERROR" write 0.1 0 1024 1
run "it works again" "$dm" load "vhxz$$" linear $((64 * 2048)) "$loop 0"
"$dm" suspend "vhxz$$"
"$dm" resume "vhxz$$"
written 0.1 0 1024 9 "afterwards"

### it hangs, and is reset
run "it hangs" "$dm" suspend "vhxz$$"
guest started "a write" start w write 0.1 65536 1024 10
sleep 0.5
(sleep 1 && "$dm" resume "vhxz$$") &
later=$!
guest complete "a reset waits for it" reset 0.1
wait "$later"
ask wait w
says "$said" '^\(good\|response 4\)$' "the write was done, or reset"
quiet 0.1

### it hangs, and vhxd dies
run "it hangs again" "$dm" suspend "vhxz$$"
guest started "a write" start w write 0.1 32768 2048 11
guest started "another" start v write 0.0 0 2048 12
sleep 0.5
kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=
(sleep 2 && "$dm" resume "vhxz$$") &
later=$!
serve "the next vhxd starts"
wait "$later"
guest good "the write is done" wait w
guest good "so is the other" wait v
guest good "it is there" read 0.1 32768 2048 11
guest good "it, too" read 0.0 0 2048 12
before=$(counted zero_copy)
written 0.1 32768 2048 13 "the next vhxd"
grows zero_copy 1

### there is no place for the guest's memory
end TERM
is "$status" 0 "it ends with 0"
under=build/selftests/agent/tools/noplaces
serve "vhxd serves without a table of buffers"
under=
run "which it says" grep -q 'the pool cannot be registered' "$tmp/log"
for at in 0.0 0.1 0.4; do
	quiet $at
	registered=$(counted zero_copy)
	before=$(counted zero_copy_not)
	written $at 64 128 14 "$at, 64 KiB"
	written $at 4096 2048 15 "$at, 1 MiB"
	guest good "$at, without a cache" write-through $at
	# The two large ones were offered, and copied after all.
	grows zero_copy_not 2
	written $at 512 135 16 "$at, no whole pages"
	is "$(($(counted zero_copy) - registered))" 0 "none of it without a copy"
done
together=
for i in 1 2 3 4 5 6 7 8; do
	ask start "w$i" write 0.1 $((i * 2048)) 2048 $((i + 20))
done
for i in 1 2 3 4 5 6 7 8; do
	ask wait "w$i"
	together="$together $said"
done
is "$together" " good good good good good good good good" "eight at once"
for i in 1 5 8; do
	guest good "read back" read 0.1 $((i * 2048)) 2048 $((i + 20))
done
is "$(counted refused)" 0 "no answer was refused"

guest_end
end TERM
is "$status" 0 "it ends with 0"
run "the kernel holds nothing of the disk" until_true 5 "$dm" remove "vhxz$$"

plan
