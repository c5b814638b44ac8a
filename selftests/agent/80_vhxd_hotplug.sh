#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dealt to: one
#
# A guest hears of disks that come, go and grow, by events of its device and by
# unit attentions; and has no use for an agent to learn what is not there.
. "$(dirname "$0")/vhxd.sh"

for i in 1 2 3; do
	disk "d$i" 8M
done
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
begin "vhxd starts"
guest_begin

# quiet AT: no attention is left there
quiet()
{
	for _ in 1 2 3 4; do
		ask ready "$1"
		[ "$said" != good ] || break
	done
	is "$said" good "$1 has nothing to tell any more"
}

changed='check 6 3f/0e'		# REPORTED LUNS DATA HAS CHANGED
grown='check 6 2a/09'		# CAPACITY DATA HAS CHANGED
nothing='check 5 25/00'		# LOGICAL UNIT NOT SUPPORTED
absent='response 3'		# BAD TARGET

guest 'check 6 29/00' "a guest that comes is told of the power" ready 0.0
quiet 0.0
guest none "and has missed nothing" event

### by hand
guest "$nothing" "no disk yet" ready 0.1
rc 0 "add" vhx disk add "$wwpn" 1 "$tmp/d2"
guest '1 0x1 0.1' "an event: look there" event
guest "$changed" "an attention at the disk that was there" ready 0.0
quiet 0.1
guest good "the new one works" write 0.1 0 8 1
guest good "and has it" read 0.1 0 8 1

rc 0 "resize" vhx disk resize "$wwpn" 0.1 16M
guest '3 0x92a 0.1' "an event: its capacity" event
guest "$grown" "an attention, too" ready 0.1
guest 32768 "it is larger" capacity 0.1
rc 0 "resize to what it is" vhx disk resize "$wwpn" 0.1 16M
guest none "is no news" event
truncate -s 24M "$tmp/d2"
rc 0 "it was made larger elsewhere" vhx disk resize "$wwpn" 0.1
guest '3 0x92a 0.1' "which is, too" event
quiet 0.1
guest 49152 "it has all of it" capacity 0.1

rc 0 "remove" vhx disk remove "$wwpn" 1
guest '1 0x2 0.1' "an event: gone" event
guest "$nothing" "it is" ready 0.1
until_true 5 flock -n "$tmp/d2" true
ok $? "nobody has its file"
guest "$changed" "an attention at the other" ready 0.0
quiet 0.0

### another target
guest "$absent" "no target 5" ready 5.0
rc 0 "add behind another target id" vhx disk add "$wwpn" 5.0 "$tmp/d3"
guest '1 0x1 5.0' "an event" event
guest "$changed" "an attention where there was a disk" ready 0.0
quiet 5.0
rc 1 "a disk that cannot be" vhx disk add "$wwpn" 6.0 "$tmp/d3"
guest none "is no news" event
guest "$absent" "and not there" ready 6.0
rc 0 "remove the target's last" vhx disk remove "$wwpn" 5.0
guest '1 0x2 5.0' "an event" event
guest "$absent" "the target is gone" ready 5.0
quiet 0.0

### by the file
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "lun.2 = $tmp/d2" "lun.7.0 = $tmp/d3"
kill -HUP "$pid"
guest '1 0x1 0.2' "the file has another disk" event
guest '1 0x1 7.0' "and a third" event
quiet 0.0
quiet 0.2
quiet 7.0
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "lun.2 = $tmp/d2,cache=writethrough" "lun.7.0 = $tmp/d3"
kill -HUP "$pid"
guest '1 0x2 0.2' "one has other options: it goes" event
guest '1 0x1 0.2' "and comes" event
quiet 0.0
quiet 0.2
quiet 7.0

### an agent that dies
end KILL
guest "$absent" "while it is dead absent targets are absent" ready 9.0
guest started "a disk that is there waits" start r ready 0.0
guest no "for somebody" over r
begin "the next one starts"
guest good "who is not to be noticed" wait r
guest good "nor at another disk" ready 0.2
guest good "nor at another target" ready 7.0
guest "$absent" "absent is absent" ready 9.0
guest none "no event came of it" event

### one that was asked to end, and whose file changed
end TERM
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "lun.7.0 = $tmp/d3"
begin "vhxd starts again"
guest '1 0x2 0.2' "the guest hears that one is gone" event
guest none "and nothing else" event
guest "$changed" "an attention at a disk that stays" ready 0.0
guest "$changed" "and at another" ready 7.0
quiet 0.0
guest "$nothing" "it is gone" ready 0.2
end TERM
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "lun.7.0 = $tmp/d3" "lun.4 = $tmp/d2"
begin "vhxd starts with another disk"
guest '1 0x1 0.4' "the guest hears of it" event
guest none "and of nothing else" event
guest "$changed" "those that were there tell of it" ready 0.0
quiet 7.0
guest 'check 6 29/00' "it is there" ready 0.4
quiet 0.4
rc 0 "remove" vhx disk remove "$wwpn" 4
guest '1 0x2 0.4' "it goes" event
quiet 7.0
rc 0 "remove" vhx disk remove "$wwpn" 7.0
guest '1 0x2 7.0' "an event" event

### one that was killed, with disks added by hand, and another at the place of one
rc 0 "add" vhx disk add "$wwpn" 5 "$tmp/d3"
guest '1 0x1 0.5' "an event" event
rc 0 "add" vhx disk add "$wwpn" 9.3 "$tmp/d2"
guest '1 0x1 9.3' "an event" event
quiet 0.0
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "lun.5 = $tmp/d2"
end KILL
begin "another vhxd starts"
guest '1 0x2 0.5' "the guest hears that what it had there is gone" event
guest '1 0x2 9.3' "and what had a target of its own" event
guest '1 0x1 0.5' "and of what is there now" event
guest none "and of nothing else" event
guest "$changed" "an attention at the one that stays" ready 0.0
guest "$absent" "the target is not there any more" ready 9.3
quiet 0.5
end KILL
begin "and another"
guest none "of what is as it was nothing is told" event
guest good "nor by an attention" ready 0.0
guest good "nor at the other" ready 0.5

### the file is damaged, or of another boot: nothing is known, and nothing told
for damage in 's/^[0-9a-f-]*$/another/' '1s/1/2/' 's/^0.5 /0.x /' 's/^0.5 /999.99999 /'; do
	configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
	end TERM
	sed -i "$damage" "$tmp/state/$wwpn.places"
	begin "vhxd starts with a file after $damage"
	guest none "which says nothing of what is gone" event
	guest "$nothing" "it is" ready 0.5
	configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "lun.5 = $tmp/d2"
	kill -HUP "$pid"
	guest '1 0x1 0.5' "and comes back" event
	quiet 0.5
	quiet 0.0
done
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
kill -HUP "$pid"
guest '1 0x2 0.5' "it goes" event
guest_end

### without a guest
rc 0 "add" vhx disk add "$wwpn" 1 "$tmp/d2"
guest_begin
guest missed "a guest that comes is told to look" event
guest none "once" event
guest_end
end TERM
is "$status" 0 "it ends with 0"

plan
