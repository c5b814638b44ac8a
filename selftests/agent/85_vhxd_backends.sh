#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# time-limit: 240, dealt to: one
#
# What vhxd makes of real disks: block devices, with direct I/O, discard and
# zeroing; and files and devices that fill up, fail, and hang.
. "$(dirname "$0")/vhxd.sh"

dm=build/selftests/agent/tools/dm
debug_has='dev_size_mb=64 lbpu=1 lbpws=1 lbprz=1 delay=0'
# shellcheck disable=SC2086 # parameters, one a word
if ! modprobe -a loop dm_mod dm_flakey sd_mod || ! modprobe scsi_debug $debug_has; then
	skip_all "the kernel has no loop, dm or scsi_debug"
fi
at_exit 'rmmod scsi_debug'

quiet()
{
	for _ in 1 2 3; do
		ask ready "$1"
		[ "$said" != good ] || break
	done
	is "$said" good "$1 is ready"
}

# serve LINE...: vhxd with these disks, and a guest of blocks of 512
serve()
{
	configure 'pool = 8M' "[scsi $wwpn]" "$@"
	begin "vhxd serves"
	guest_begin
}

over()
{
	guest_end
	end TERM
	is "$status" 0 "it ends with 0"
}

# later SECONDS CMD...: what happens while the test waits for something
later()
{
	(sleep "$1" && shift && "$@") &
	later=$!
}

# moves AT NAME: reads and writes of all sizes, alone and together
moves()
{
	for n in 1 7 8 64 2048; do
		guest good "$2: $n blocks" write "$1" $((n + 16)) "$n" "$n"
		guest good "$2: read back" read "$1" $((n + 16)) "$n" "$n"
	done
	for i in 1 2 3 4 5 6 7 8; do
		ask start "w$i" write "$1" $((4096 + i * 128)) 128 "$i"
	done
	together=
	for i in 1 2 3 4 5 6 7 8; do
		ask wait "w$i"
		together="$together $said"
	done
	is "$together" " good good good good good good good good" "$2: eight at once"
	for i in 1 8; do
		guest good "$2: read back" read "$1" $((4096 + i * 128)) 128 "$i"
	done
	guest good "$2: flush" sync "$1"
	guest 'check 5 21/00' "$2: behind its end" read "$1" 100000000 1 0
}

# spaces AT NAME: what UNMAP and WRITE SAME do
spaces()
{
	guest good "$2: written" write "$1" 8192 256 5
	guest good "$2: WRITE SAME" same "$1" 8200 64
	guest good "$2: zeroes" read "$1" 8200 64 zero
	guest good "$2: with UNMAP" same "$1" 8300 64 unmap
	guest good "$2: zeroes, too" read "$1" 8300 64 zero
	guest good "$2: UNMAP" unmap "$1" 8192 8
	guest good "$2: can be read" read "$1" 8192 8 any
	guest good "$2: and written" write "$1" 8192 8 6
	guest good "$2: read back" read "$1" 8192 8 6
	guest good "$2: without a cache" write-through "$1"
	guest good "$2: written through" write "$1" 64 64 7
	guest good "$2: zeroed through" same "$1" 64 32
	guest good "$2: zeroes" read "$1" 64 32 zero
	guest good "$2: the rest is there" write "$1" 96 32 8
	guest good "$2: read back" read "$1" 96 32 8
}

### block devices
disk loop.img 64M
loop=$(losetup --find --show --direct-io=on "$tmp/loop.img" 2>/dev/null ||
	losetup --find --show "$tmp/loop.img")
at_exit "losetup -d $loop"
of_debug()
{
	find /sys/bus/pseudo/drivers/scsi_debug/adapter0/ -path '*/block/*' -prune -print | head -n 1 | grep .
}
until_true 10 of_debug || bail "scsi_debug has no disk"
debug=/dev/$(basename "$(of_debug)")

serve "lun.0 = $loop,thin" "lun.1 = $debug,thin"
for at in 0.0 0.1; do
	quiet $at
done
for fd in /proc/"$pid"/fd/*; do
	[ "$(readlink "$fd")" = "$debug" ] || continue
	flags=$(sed -n 's/^flags:[[:space:]]*//p' "${fd%/fd/*}/fdinfo/${fd##*/}")
	run "direct I/O" test $((flags & 040000)) != 0
done
moves 0.0 "a loop device"
spaces 0.0 "a loop device"
moves 0.1 scsi_debug
spaces 0.1 scsi_debug
refuse "nobody else can have it" "$dm" create "vhxx$$" linear 8 "$debug 0"
"$dm" remove "vhxx$$"
over
run "what the guest wrote is in the file" \
	test "$(od -An -tu8 -N8 -j$((96 * 512)) "$tmp/loop.img")" -ne 0
run "what it zeroed is not" test "$(od -An -tu8 -N8 -j$((64 * 512)) "$tmp/loop.img")" -eq 0

### it fills up
mkdir "$tmp/small"
mount -t tmpfs -o size=1M tmpfs "$tmp/small"
at_exit "umount $tmp/small"
truncate -s 8M "$tmp/small/d"
serve "lun.0 = $tmp/small/d,thin"
quiet 0.0
guest good "a file with room: written" write 0.0 0 1024 1
ask write 0.0 4096 2048 2
is "$said" 'check 7 27/07' "without room: SPACE ALLOCATION FAILED WRITE PROTECT"
guest good "what was there is there" read 0.0 0 1024 1
guest good "some is given back" unmap 0.0 0 1024
guest good "it has room again" write 0.0 4096 512 3
guest good "read back" read 0.0 4096 512 3
over

### it fails
sectors=$((64 * 2048))
flaky=$("$dm" create "vhxt$$" linear $sectors "$loop 0") || bail "no device mapper"
at_exit "$dm remove vhxt$$"
# change TARGET ARGS: from now on the device is this
# shellcheck disable=SC2317 # called by run
change()
{
	"$dm" load "vhxt$$" "$1" "$sectors" "$2" && "$dm" suspend "vhxt$$" && "$dm" resume "vhxt$$"
}

serve "lun.0 = $flaky" "lun.1 = $tmp/small/d"
quiet 0.0
quiet 0.1
guest good "a device that works: written" write 0.0 0 128 1
run "it fails from now on" change error ""
guest 'check 3 11/00' "UNRECOVERED READ ERROR" read 0.0 0 128 1
guest 'check 3 0c/00' "WRITE ERROR" write 0.0 0 128 2
guest good "the other disk does not" read 0.1 4096 512 3
run "it works again" change linear "$loop 0"
guest good "what was there is there" read 0.0 0 128 1
run "its writes fail" change flakey "$loop 0 0 1 1 error_writes"
guest good "it is read" read 0.0 0 128 1
guest 'check 3 0c/00' "and not written" write 0.0 0 128 2
guest 'check 3 0c/00' "nor flushed" sync 0.0
run "it works again" change linear "$loop 0"
guest good "nothing was written" read 0.0 0 128 1

### it hangs
run "its I/O hangs" "$dm" suspend "vhxt$$"
guest started "a write" start w write 0.0 256 128 4
guest started "a read" start r read 0.0 0 128 1
guest good "another disk is served" read 0.1 4096 512 3
sleep 1
guest no "the write waits" over w
guest no "the read waits" over r
rc 1 "it cannot be removed" vhx -j disk remove "$wwpn" 0
json '.error.code == "EBUSY"' "whose I/O does not end"
guest no "which has ended nothing" over w
guest good "nor told the others of it" ready 0.1
guest good "the other is served still" read 0.1 4096 512 3
later 1 "$dm" resume "vhxt$$"
guest complete "an abort waits for what cannot be called back" abort w
wait "$later"
ask wait w
says "$said" '^\(good\|response 2\|status 64\)$' "the write was done, or was not"
written=$said
ask wait r
says "$said" '^\(good\|status 64\)$' "the read likewise: removal had asked for its end"
guest good "the disk is served again" read 0.0 0 128 1
if [ "$written" = good ]; then
	guest good "the write is there" read 0.0 256 128 4
fi
run "it hangs again" "$dm" suspend "vhxt$$"
guest started "a write" start w write 0.0 512 128 5
sleep 0.5
later 1 "$dm" resume "vhxt$$"
guest complete "a reset waits, too" reset 0.0
wait "$later"
ask wait w
says "$said" '^\(good\|response 4\)$' "the write was done, or reset"
quiet 0.0

### it hangs, and vhxd dies: nobody writes before it has let go
run "it hangs once more" "$dm" suspend "vhxt$$"
guest started "a write" start w write 0.0 1024 128 6
sleep 0.5
kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=
configure 'pool = 8M' "[scsi $wwpn]" "lun.0 = $flaky" "lun.1 = $tmp/small/d"
later 2 "$dm" resume "vhxt$$"
begin "the next vhxd starts"
wait "$later"
guest good "and the write is done" wait w
guest good "it is there" read 0.0 1024 128 6
guest good "the other disk, too" read 0.1 4096 512 3

### on the way out
rc 0 "a disk goes" vhx disk remove "$wwpn" 0
# Not at once: io_uring lets go of a file a moment after the last command that was there before.
until_true 5 "$dm" remove "vhxt$$"
ok $? "nobody has the device"
over

plan
