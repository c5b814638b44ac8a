#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A target that is taken out of the configuration is given up: another vhxd may
# serve it, while the first goes on with the others.
. "$(dirname "$0")/vhxd.sh"

for i in 1 2 3; do
	disk "d$i" 8M
done
two=${wwpn}2
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "[scsi $two]" "lun.0 = $tmp/d2"
begin "vhxd serves two targets"
other=$tmp/other.conf
{
	printf '[vhxd]\nstate_dir = %s/state\nsocket = %s/other.sock\n' "$tmp" "$tmp"
	printf '[scsi %s]\nlun.0 = %s/d2\n' "$two" "$tmp"
} >"$other"

configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
kill -HUP "$pid"
until_true 5 grep -q "$two: not served any more" "$tmp/log"
disks 'length == 1 and .[0].path == "'"$tmp"'/d1"' "one is taken out of the configuration"
run "its disk's lock is free" flock -n "$tmp/d2" true
run "its state is kept" test -e "$tmp/state/$two:0:0.state"
vhxd --foreground --config "$other" >"$tmp/other.log" 2>&1 &
other_pid=$!
until_true 20 env VHXD_SOCKET="$tmp/other.sock" vhx -q disk list
out=$(VHXD_SOCKET=$tmp/other.sock vhx -j disk list)
json 'length == 1 and .[0].path == "'"$tmp"'/d2"' "another serves it now"

### and back
kill -TERM "$other_pid"
wait "$other_pid"
configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "[scsi $two]" "lun.0 = $tmp/d2"
# What the other did is over a moment after it.
until_true 10 sh -c "kill -HUP $pid; vhx -j disk list | jq -e 'length == 2' >/dev/null"
disks 'length == 2' "it is put back, and served"

### over and over: numbers and memory are used again
for i in 1 2 3 4; do
	configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
	kill -HUP "$pid"
	until_true 5 sh -c "vhx -j disk list | jq -e 'length == 1' >/dev/null" || break
	configure "[scsi $wwpn]" "lun.0 = $tmp/d1" "[scsi $two]" "lun.0 = $tmp/d2"
	kill -HUP "$pid"
	until_true 5 sh -c "vhx -j disk list | jq -e 'length == 2' >/dev/null" || break
done
is "$i" 4 "in and out, four times"
disks 'length == 2' "and both are served"

### disks by hand
rc 0 "a disk by hand" vhx disk add "$two" 1 "$tmp/d3"
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
kill -HUP "$pid"
until_true 5 sh -c "vhx -j disk list | jq -e 'length == 2' >/dev/null"
disks 'any(.path == "'"$tmp"'/d3")' "keeps its target"
run "which is given up no more than it was" test "$(grep -c "$two: not served any more" "$tmp/log")" = 5
end TERM
is "$status" 0 "SIGTERM: it ends with 0"

plan
