#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dealt to: one
#
# A plug-in: a guest's disk in a qcow2 image, beside the same in a raw file,
# with agents that are killed; and what others make of the image.
. "$(dirname "$0")/vhxd.sh"

plugin=$PWD/build/user/vhxd-qcow2.so
tool=selftests/agent/tools/qcow2.py
image=$tmp/image.qcow2
size=$((64 << 20))

python3 "$tool" make "$image" $size || skip_all "no python3"
truncate -s $size "$tmp/raw"

quiet()
{
	for _ in 1 2 3; do
		ask ready "$1"
		[ "$said" != good ] || break
	done
	is "$said" good "$1 is ready"
}

# sound NAME: the image is, and has what the raw file has
sound()
{
	run "$1: every cluster is counted right" python3 "$tool" check "$image"
	python3 "$tool" raw "$image" >"$tmp/seen"
	run "$1: it has what the raw file has" cmp "$tmp/seen" "$tmp/raw"
	if command -v qemu-img >/dev/null; then
		qemu-img check -q "$image"
		is "$(($? & ~3))" 0 "$1: qemu-img finds no more than leaks"
		run "$1: qemu-img finds the same" qemu-img compare -q "$image" "$tmp/raw"
	fi
}

# both COMMAND [ARG...]: to both disks, the one after the other
both()
{
	command=$1
	shift
	for at in 0.0 0.1; do
		ask "$command" "$at" "$@"
		[ "$said" = good ] || return 1
	done
}

# work SEED: a guest at work
work()
{
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		both write $((($1 * 7919 + i * 9973) % 120000)) $((1 << (i - 1))) $((i + $1)) || return
	done
	both unmap $((($1 * 31337) % 100000)) 2048 && both same $((($1 * 4001) % 100000)) 777 && both sync
}

configure 'color = red' "plugin = $plugin"
rc 1 "another error is an error still" vhxd --check --config "$conf"
configure 'plugin = vhxd-qcow2.so'
rc 1 "a plug-in without its path" vhxd --check --config "$conf"
says "$err" 'absolute' "says so"
configure "plugin = $tmp/raw" "[scsi $wwpn]" "lun.0 = $image,backend=qcow2"
rc 1 "a plug-in that is none" timeout 60 vhxd --foreground --config "$conf"
says "$err" 'cannot be loaded' "says so"
configure "[scsi $wwpn]" "lun.0 = $image,backend=qcow2"
rc 1 "no plug-in" timeout 60 vhxd --foreground --config "$conf"
says "$err" 'no backend is called "qcow2"' "says so"

configure "plugin = $plugin" "[scsi $wwpn]" "lun.0 = $image,backend=qcow2,thin" "lun.1 = $tmp/raw,thin"
begin "vhxd starts with the plug-in"
disks 'any(.size_bytes == '$size')' "the image is a disk of its size"
refuse "its lock is held" flock -n "$image" true
guest_begin
quiet 0.0
quiet 0.1
guest $((size / 512)) "the guest sees its size" capacity 0.0
work 1
ok $? "it works"
guest 'check 5 21/00' "and has an end" read 0.0 $((size / 512)) 1 0
rc 1 "it is not resized as a file is" vhx -j disk resize "$wwpn" 0 128M
json '.error.code == "EOPNOTSUPP"' "which would do it no good"
for n in 1 2 3; do
	guest started "a write" start a write 0.0 $((n * 3000)) 2048 $n
	guest started "the same" start b write 0.1 $((n * 3000)) 2048 $n
	end KILL
	begin "the agent is killed at work: $n"
	guest good "the write is done" wait a
	guest good "the other, too" wait b
	work $((n + 1))
	ok $? "it goes on"
done
guest good "read back" read 0.0 9000 2048 3
guest_end
sound "after three agents"
rc 0 "remove" vhx disk remove "$wwpn" 0
is "$(python3 "$tool" check "$image" | sed 's/.*use, //')" "0 leaked" "closed in good order nothing is leaked"
run "its lock is free" flock -n "$image" true
end TERM
is "$status" 0 "it ends with 0"

plan
