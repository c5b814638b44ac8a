#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vhxd is killed, and the next one started, again and again under a guest's I/O: the guest
# sees no error, no write is lost and none comes twice, on disks that are fast and on one so slow that
# each vhxd dies with I/O of its under way there. Then QEMU is killed under I/O, which vhxd survives; then both.
# time-limit: 600
#
#	KILLS=20	how often
#	ZERO_COPY=on	large writes go to the disks from the guest's memory
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/disks.sh"

KILLS=${KILLS:-20}
[ -z "${ZERO_COPY:-}" ] || VHXD_LINES=("zero_copy = $ZERO_COPY")
direct=$DISKS/direct.img memory=$MEMORY_DISKS/memory.img
slow_device 8 50
slow=$block
disks_begin \
	"lun.0 = $direct,serial=DIRECT,size=16M,thin" \
	"lun.1 = $memory,serial=MEMORY,size=8M,thin" \
	"lun.2 = $slow,serial=SLOW"
RANDOM=$SEED
again=0 refused=0 uncopied=0

begin()
{
	guest_start
	ok $? "$1: the guest boots" || bail "no guest"
	d=$(guest_disk DIRECT) && m=$(guest_disk MEMORY) && s=$(guest_disk SLOW)
	ok $? "$1: and has its disks" || bail "no disks"
}

load()
{
	guest_bg direct "blocks load /dev/$d $SEED 12 0"
	guest_bg memory "blocks load /dev/$m $SEED 4 0"
	guest_bg slow "blocks load /dev/$s $SEED 4 0"
}

# All, one after the other: the signal went to all of them.
load_end()
{
	guest_load_end direct
	ok $? "DIRECT: what is read is what was written"
	diag "DIRECT: $loaded"
	is "$(host_digest "$direct")" "$(digest_of "$loaded")" "DIRECT: the file has all of it"
	guest_load_end memory
	ok $? "MEMORY: what is read is what was written"
	diag "MEMORY: $loaded"
	is "$(host_digest "$memory")" "$(digest_of "$loaded")" "MEMORY: the file has all of it"
	guest_load_end slow
	ok $? "SLOW: what is read is what was written"
	diag "SLOW: $loaded"
	is "$(host_digest "$slow")" "$(digest_of "$loaded")" "SLOW: the device has all of it"
}

# What the vhxd of now has counted
count()
{
	again=$((again + $(vhxd_stat again))) refused=$((refused + $(vhxd_stat refused)))
	uncopied=$((uncopied + $(vhxd_stat zero_copy)))
}

# kill_vhxd: when it has answered some more, and the next one serves
kill_vhxd()
{
	vhxd_reaches committed $((1 + RANDOM % 100)) || return
	count
	vhxd_end KILL 2>/dev/null
	vhxd_start
}

begin "vhxd is killed"
load
for i in $(seq "$KILLS"); do
	kill_vhxd || break
done
is "$i" "$KILLS" "vhxd dies $KILLS times"
vhxd_reaches committed 200
ok $? "and the last one serves"
again=$((again + $(vhxd_stat again))) refused=$((refused + $(vhxd_stat refused)))
load_end
above "$again" 0 "commands were given to the next one ($again)"
is "$refused" 0 "and none was answered twice"
[ -z "${ZERO_COPY:-}" ] || above "$uncopied" 0 "writes went without a copy ($uncopied)"
guest_is_content
ok $? "the guest has no I/O error"

# A disk that is quiet, and one with I/O under way
digest=$(host_digest "$memory")
guest_bg direct "blocks load /dev/$d $SEED 12 0"
vhxd_reaches committed $(($(vhxd_stat committed) + 200))
ok $? "I/O is under way"
guest_kill
vhx -q disk list >/dev/null
ok $? "QEMU is killed: vhxd serves on"
refuse "whoever else wants its disk has to wait" flock -n "$direct" true
begin "the next QEMU"
is "$(digest_of "$(guest "blocks scan /dev/$m $SEED")")" "$digest" "MEMORY: what was written is there"
guest "blocks scan /dev/$d $SEED" >"$E2E_RUN/scan"
ok $? "DIRECT: each block is of one write" || diag "$(cat "$E2E_RUN/scan")"
load
vhxd_reaches committed $(($(vhxd_stat committed) + 200))
ok $? "and it goes on"

vhxd_end KILL 2>/dev/null
guest_kill
is "$(scsi_users)" 0 "both are killed: the module has no user left"
vhxd_start
ok $? "the next vhxd starts" || bail "no vhxd"
begin "and the next QEMU"
load
vhxd_reaches committed 500
ok $? "I/O goes on"
load_end
guest_is_content
ok $? "the guest has no I/O error"
guest_poweroff
ok $? "the guest switches off"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
