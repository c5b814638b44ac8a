#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vhxd is upgraded under a guest's I/O as its manual has it: told to end, it finishes what it
# has; what comes then waits for the next one, and is new to that. Then disks come, grow and go
# by `vhx disk` while the guest runs.
# time-limit: 500
#
#	UPGRADES=5	how often
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/disks.sh"

UPGRADES=${UPGRADES:-5}
direct=$DISKS/direct.img hand=$DISKS/hand.img
disks_begin "lun.0 = $direct,serial=DIRECT,size=16M,thin"

# inflight: commands that the guest waits for
inflight()
{
	guest "set -- \$(cat /sys/block/$d/inflight); echo \$((\$1 + \$2))"
}

rescan()
{
	guest "for h in /sys/class/scsi_host/host*; do echo '- - -' >\$h/scan; done"
}

guest_start
ok $? "the guest boots" || bail "no guest"
d=$(guest_disk DIRECT)
ok $? "and has its disk" || bail "no disk"
guest_bg load "blocks load /dev/$d $SEED 16 0"

waited=0
for i in $(seq "$UPGRADES"); do
	vhxd_reaches committed 200 || break
	vhxd_end TERM
	is $? 0 "$i: vhxd finishes what it has, and ends"
	# All threads of the load come to wait, but those that flush nothing.
	until n=$(inflight); [ "$n" -gt 0 ]; do sleep 0.1; done
	waited=$((waited + n))
	vhxd_start
	ok $? "$i: the next one serves" || break
	vhxd_reaches committed 50
	ok $? "$i: what waited is answered"
	is "$(vhxd_stat again)" 0 "$i: nothing that it got had been begun"
done
diag "$waited commands waited, in $UPGRADES upgrades"
guest_load_end load
ok $? "what is read is what was written"
diag "$loaded"
is "$(host_digest "$direct")" "$(digest_of "$loaded")" "and the file has it"
guest_is_content
ok $? "the guest has no I/O error"

# Disks by hand
guest_bg load "blocks load /dev/$d $SEED 4 0"
truncate -s 8M "$hand"
run "a disk is added" vhx disk add "$WWPN" 9 "$hand,serial=HAND,thin"
rescan
new=$(guest_disk HAND)
ok $? "after a rescan the guest has it" || bail "no new disk"
guest_load "$new" 4 200
ok $? "and it holds what is written" && diag "$loaded"
digest=$(digest_of "$loaded")
is "$(host_digest "$hand")" "$digest" "the file has it"
run "it is made larger" vhx disk resize "$WWPN" 9 12M
guest "echo 1 >/sys/block/$new/device/rescan"
is "$(guest "cat /sys/block/$new/size")" 24576 "after a rescan the guest has its size"
guest_load "$new" 4 200
ok $? "what was there is still there, and there is room" && diag "$loaded"

guest "echo 1 >/sys/block/$new/device/delete"
run "it is removed" vhx disk remove "$WWPN" 9
rescan
is "$(guest "ls -d /sys/block/sd* | wc -l")" 1 "after a rescan the guest has it no more"
run "its file is nobody's" flock -n "$hand" true
guest_is_content
ok $? "the guest has no I/O error"

# One that goes while the guest uses it
run "it is added again" vhx disk add "$WWPN" 9 "$hand,serial=HAND,thin"
rescan
new=$(guest_disk HAND)
ok $? "and is there" || bail "no new disk"
guest_bg hand "blocks load /dev/$new $SEED 4 0"
n=$(vhxd_stat committed)
vhxd_reaches committed $((n + 200))
run "it is removed under I/O" vhx disk remove "$WWPN" 9
guest_join hand >"$E2E_RUN/hand"
is $? 1 "whoever used it has an error" && diag "$(cat "$E2E_RUN/hand")"
guest_load_end load
ok $? "the other disk goes on undisturbed"
is "$(host_digest "$direct")" "$(digest_of "$loaded")" "and its file has it all"
guest_poweroff
ok $? "the guest switches off"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
