#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is a guest's alone at a disk that two guests share: what a reset of its nexus undoes, and what
# is left of it when it is gone, or has been elsewhere.
# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit
. "$(dirname "$0")/vhxd.sh"

for i in 1 2; do
	disk "d$i" 8M
done
other=${wwpn}b
second=
configure "[scsi $wwpn]" 'group = g' "lun.0.0 = $tmp/d1" "lun.3.0 = $tmp/d2,name=two" \
	"[scsi $other]" 'group = g' "lun.0.0 = $tmp/d1" "lun.3.0 = $tmp/d2,name=two"

# second_begin: a guest at the other target; second ANSWER NAME COMMAND... what it says
second_begin()
{
	mkfifo "$tmp/second.in" "$tmp/second.out"
	build/selftests/agent/tools/guest "$other" <"$tmp/second.in" >"$tmp/second.out" 6>&- 7<&- &
	second=$!
	exec 8>"$tmp/second.in" 9<"$tmp/second.out"
	read -r said <&9 || bail "no second guest"
}

second()
{
	wanted=$1 name=$2
	shift 2
	echo "$*" >&8
	said=
	read -r said <&9 || said="nothing more"
	is "$said" "$wanted" "$name"
}

second_end()
{
	exec 8>&- 9<&-
	wait "$second"
	second=
}

kill_second()
{
	[ -z "$second" ] || kill -9 "$second"
}
at_exit kill_second

# arrives: the guest comes by migration
arrives()
{
	mkfifo "$tmp/guest.in" "$tmp/guest.out"
	build/selftests/agent/tools/guest "$wwpn" 512 arrives \
		<"$tmp/guest.in" >"$tmp/guest.out" 2>"$tmp/guest.err" 8>&- 9<&- &
	guest=$!
	exec 6>"$tmp/guest.in" 7<"$tmp/guest.out"
	read -r said <&7 || bail "no guest: $(cat "$tmp/guest.err")"
}

# leaves: for another machine, with all that it has here
leaves()
{
	guest_end
	rm "$tmp/guest.in" "$tmp/guest.out"
}

power='check 6 29/00'
lost='check 6 29/07'		# I_T NEXUS LOSS OCCURRED
reset='check 6 29/03'		# BUS DEVICE RESET FUNCTION OCCURRED
conflict='status 24'
stopped='check 2 04/02'

begin "vhxd starts"
second_begin
guest_begin
for at in 0.0 3.0; do
	guest "$power" "the first guest is told of the power at $at" ready "$at"
	second "$power" "and the second" ready "$at"
done

### a reset of the nexus
guest good "the first reserves a disk" reserve 0.0
guest good "and another behind another target id" reserve 3.0
second "$conflict" "the second has neither" ready 0.0
second "$conflict" "nor the other" ready 3.0
second complete "it resets its own nexus" reset-nexus 0.0
second "$lost" "of which it is told there" ready 0.0
second "$conflict" "and which undoes nothing of the first one's" ready 0.0
second "$conflict" "nor at the other target id" ready 3.0
guest good "who has heard of nothing" ready 0.0
guest good "nowhere" ready 3.0
guest complete "the first resets its own, by a unit that is not there" reset-nexus 0.77
guest "$lost" "of which it is told at the target" ready 0.0
guest good "and not at the other" ready 3.0
second good "what it had there is let go" ready 0.0
second "$conflict" "and not at the other" ready 3.0
guest complete "nor is it by a target that is not there" reset-nexus 9.0
second "$conflict" "at the other" ready 3.0
second complete "the second resets the unit" reset 3.0
guest "$reset" "of which both are told" ready 3.0
second "$reset" "both" ready 3.0
second good "that is everybody's" ready 3.0

### a guest that leaves
guest good "the first reserves again" reserve 0.0
guest good "registers a key" register 3.0 0x1234
guest good "stops the other disk" stop 3.0
guest "$stopped" "which is stopped" ready 3.0
rc 0 "a disk grows" vhx disk resize "$wwpn" 0.0 16M
leaves
arrives
guest "$lost" "it comes back: what it had here is not there any more, and it is told" ready 0.0
guest good "of that alone" ready 0.0
guest "$lost" "likewise" ready 3.0
guest good "the disk is not stopped" ready 3.0
guest '1 4660' "a persistent reservation's key is as it was" keys 3.0
second 'check 6 2a/09' "the second hears of the size" ready 0.0
second good "and may use the disk" ready 0.0

### the same when another guest has the name
guest good "it reserves again" reserve 0.0
leaves
guest_begin
guest "$lost" "another guest is told" ready 0.0
second good "and has nothing of the one before" ready 0.0
guest_end
second_end

### another vhxd, which is to have a disk with all that was done to it
guest_begin
guest "$lost" "a guest" ready 3.0
guest good "writes to a disk" write 3.0 0 64 7
leaves
mkdir "$tmp/b"
printf '[vhxd]\nstate_dir = %s/state\nsocket = %s/b/sock\n[scsi %sc]\nlun.3.0 = %s/d2,name=two\n' \
	"$tmp" "$tmp" "$wwpn" "$tmp" >"$tmp/b/conf"
vhxd --foreground --config "$tmp/b/conf" >"$tmp/b/log" 2>&1 &
second=$!
until_true 10 grep -q waiting "$tmp/b/log"
says "$(cat "$tmp/b/log")" "$tmp/d2: another agent has it.*waiting" "a second vhxd says what it waits for"
sleep 1
rc 124 "and serves nothing meanwhile" timeout 2 env VHXD_SOCKET="$tmp/b/sock" vhx disk list
configure "[scsi $wwpn]" 'group = g' "lun.0.0 = $tmp/d1" "[scsi $other]" 'group = g' "lun.0.0 = $tmp/d1"
kill -HUP "$pid"
until_true 10 env VHXD_SOCKET="$tmp/b/sock" vhx -q disk list
ok $? "once the first one has let go it does"
first=$wwpn
wwpn=${wwpn}c
guest_begin
guest "$power" "its guest" ready 3.0
guest good "has what was written" read 3.0 0 64 7
guest '1 4660' "and what was registered" keys 3.0
guest_end
wwpn=$first
configure "[scsi $wwpn]" 'group = g' "lun.0.0 = $tmp/d1" "lun.3.0 = $tmp/d2,name=two" \
	"[scsi $other]" 'group = g' "lun.0.0 = $tmp/d1" "lun.3.0 = $tmp/d2,name=two"
kill -HUP "$pid"
until_true 10 grep -q 'in use' "$tmp/log"
says "$(cat "$tmp/log")" "$tmp/d2: in use: a process, or I/O of one that died, has its lock" \
	"the first one, asked to serve it again, says why not"
disks 'all(.path != "'"$tmp"'/d2")' "and does not"
disks 'length == 2' "but all the others"
kill "$second"
wait "$second"
is $? 0 "the second one ends"
second=
kill -HUP "$pid"
until_true 10 sh -c "vhx -j disk list | jq -e 'any(.path == \"$tmp/d2\")' >/dev/null"
ok $? "and it has the disk again"
end TERM
is "$status" 0 "it ends with 0"
plan
