#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhxd serves what its configuration and `vhx disk` say, and tells of it.
. "$(dirname "$0")/vhxd.sh"

for i in 1 2 3; do
	disk "d$i" 8M
done
configure 'queues = 2' "[scsi $wwpn]" "lun.0 = $tmp/d1,serial=ONE,cache=writethrough"
rc 5 "without vhxd" vhx disk list
rc 5 "likewise" vhx vsock agent
says "$err" 'systemctl start vhxd' "says how to start it"
begin "vhxd starts"
disks 'length == 1 and .[0].path == "'"$tmp"'/d1" and .[0].origin == "file"' "the disk of the file is there"
run "one thread for each queue, and the main one" \
	test "$(find /proc/"$pid"/task -mindepth 1 -maxdepth 1 | wc -l)" -ge 3
run "no new privileges" grep -q '^NoNewPrivs:.*1' /proc/"$pid"/status

### the verbs
rc 0 "show" vhx -j disk show "$wwpn" 0
json '.serial == "ONE" and .cache == "writethrough" and .size_bytes == 8388608 and .lun == 0' "has its options"
rc 0 "as text" vhx disk show "$wwpn" 0
says "$out" 'serial.*ONE' "has them, too"
rc 0 "add" vhx disk add "$wwpn" 3.5 "$tmp/d2,thin"
disks 'length == 2 and any(.target_id == 3 and .lun == 5 and .origin == "by hand")' "is listed"
rc 0 "no guest with vsock" vhx vsock agent
says "$err" 'see .vsock CID. in vhxd.conf' "and what to do about it"
rc 0 "the table" vhx disk list
says "$out" "^$wwpn  *3  *5 " "has a line of it"
rc 1 "the same place" vhx -j disk add "$wwpn" 3.5 "$tmp/d3"
json '.error.code == "EEXIST"' "is taken"
rc 1 "the same file" vhx disk add "$wwpn" 6 "$tmp/d2"
rc 2 "an option that is none" vhx disk add "$wwpn" 6 "$tmp/d3,thick"
says "$err" 'thick' "is named"
rc 3 "a file that is not there" vhx disk add "$wwpn" 6 "$tmp/none"
rc 3 "a target that is not there" vhx disk show naa.none 0
rc 0 "resize" vhx -j disk resize "$wwpn" 3.5 16M
json '.size_bytes == 16777216' "made it larger"
is "$(stat -c %s "$tmp/d2")" 16777216 "the file, too"
rc 2 "smaller" vhx disk resize "$wwpn" 3.5 1M
rc 0 "remove" vhx disk remove "$wwpn" 3.5
rc 3 "once more" vhx disk remove "$wwpn" 3.5
run "its lock is free" flock -n "$tmp/d2" true
refuse "that of the other is not" flock -n "$tmp/d1" true
rc 0 "a target that was not served" vhx disk add "${wwpn}1" 0 "$tmp/d3"
disks 'length == 2' "is from now on"

### reload
rc 0 "by hand, to stay" vhx disk add "$wwpn" 7 "$tmp/d2"
disk d4 8M
configure 'queues = 2' "[scsi $wwpn]" "lun.1 = $tmp/d4"
kill -HUP "$pid"
until_true 5 sh -c "vhx -j disk list | jq -e 'any(.lun == 1)' >/dev/null"
disks 'any(.path == "'"$tmp"'/d4")' "a new disk of the file comes"
disks 'all(.path != "'"$tmp"'/d1")' "one that is no more in it goes"
disks 'any(.lun == 7)' "one that was added by hand stays"
configure 'queues = two'
kill -HUP "$pid"
until_true 5 grep -q 'no number' "$tmp/log"
says "$(cat "$tmp/log")" "vhxd.conf:4: \"two\" is no number" "an error has its line"
disks 'length == 3' "and changes nothing"

### end
end TERM
is "$status" 0 "SIGTERM: it ends with 0"
refuse "its socket is gone" test -e "$VHXD_SOCKET"
run "a disk has a state file" test -e "$tmp/state/$wwpn:0:1.state"
run "locks are free" flock -n "$tmp/d4" true
configure "[scsi $wwpn]" "lun.1 = $tmp/d4"
begin "the next one starts"
disks 'length == 1' "and serves"
end INT
is "$status" 0 "SIGINT: the same"

plan
