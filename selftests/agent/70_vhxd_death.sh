#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# time-limit: 240
#
# vhxd that cannot start says why and ends; one that dies makes room for the
# next.
. "$(dirname "$0")/vhxd.sh"

disk d1 8M
disk d2 8M
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"

### it does not start
# cannot NAME PATTERN [OPTION...]: it ends with 1 and says so
cannot()
{
	name=$1
	pattern=$2
	shift 2
	rc 1 "$name" timeout 60 vhxd --foreground --config "$conf" "$@"
	says "$err" "$pattern" "$name: says so"
}

rc 0 "--check" vhxd --check --config "$conf"
rc 2 "an option that is none" vhxd --chekc
configure 'queues = 3' 'tags = 100'
cannot "tags that cannot be dealt out" 'power of two'
rc 1 "--check finds it as well" vhxd --check --config "$conf"
configure 'color = red'
cannot "a setting that is none" 'vhxd.conf:4: .*no setting "color"'
configure "[scsi $wwpn]" "lun.0 = $tmp/none"
cannot "a disk that is not there" 'ENOENT'
configure 'user = nobody-like-this'
cannot "a user that is not there" 'no such user'
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
rm -rf "$tmp/state"
: >"$tmp/state"
cannot "no directory for states" 'state_dir'
rm "$tmp/state"

### two at a time
begin "vhxd starts"
cannot "a second one" 'another vhxd listens'
other=$tmp/other.conf
sed "s|^socket.*|socket = $tmp/other.sock|" "$conf" >"$other"
cannot "one with another socket, for the same target" 'another agent serves it' --config "$other"
disks 'length == 1' "the first still serves"

### it dies
end KILL
is "$status" 137 "SIGKILL: it is dead"
run "its socket is still there" test -S "$VHXD_SOCKET"
begin "the next one starts"
disks 'length == 1' "and serves"
for i in 1 2 3 4 5; do
	end KILL
	begin "again: $i"
done

### what was added by hand
rc 0 "a disk by hand" vhx disk add "$wwpn" 1 "$tmp/d2"
end KILL
begin "the next one starts"
disks 'length == 1' "with what its file has"
end TERM
is "$status" 0 "it ends with 0"

### rights
configure 'user = nobody' "[scsi $wwpn]" "lun.0 = $tmp/d1"
chmod 755 "$tmp"
begin "as nobody"
is "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' /proc/"$pid"/status)" "$(id -u nobody)" "it is nobody"
is "$(sed -n 's/^CapPrm:[[:space:]]*//p' /proc/"$pid"/status)" 0000000000000000 "without capabilities"
is "$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/"$pid"/status)" 0000000000000000 "and without a way to them"
chmod 600 "$tmp/d2"
rc 4 "a disk that is root's" vhx -j disk add "$wwpn" 1 "$tmp/d2"
json '.error.code == "EACCES" and (.error.hint | test("user ="))' "it may not open"
end TERM
is "$status" 0 "it ends with 0"

### in the background
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
chown root "$tmp/state" && chmod 700 "$tmp/state"
rc 0 "without --foreground it returns when it serves" vhxd --config "$conf"
disks 'length == 1' "it does"
pid=$(pgrep -x vhxd)
kill -TERM "$pid"
until_true 10 sh -c "! kill -0 $pid 2>/dev/null"
refuse "and ends" kill -0 "$pid"
pid=
configure 'color = red'
rc 1 "it does not return 0 when it cannot start" vhxd --config "$conf"

plan
