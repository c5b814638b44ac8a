#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhxd with a grace, by systemd itself: a manager of a user's, which keeps descriptors as that of the
# system does. What becomes of connections other tests see; here is whether they are kept at all.

# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit
. "$(dirname "$0")/../lib/tap.sh"

manager=/lib/systemd/systemd
[ -x $manager ] || skip_all "no systemd"
[ -c /dev/vhx-vsock ] || skip_all "in-tree knows no agent"
dir=/tmp/vhx-systemd unit=/etc/systemd/user/vhxd.service
mkdir -p $dir /etc/systemd/user
mkdir -m 700 $dir/run
export XDG_RUNTIME_DIR=$dir/run
group=/sys/fs/cgroup/vhx-systemd

# Nothing of it is left, the cgroup with all that ran in it neither.
clean_up()
{
	[ -z "${client:-}" ] || kill "$client" 2>/dev/null
	systemctl --user stop vhxd
	echo $$ >/sys/fs/cgroup/cgroup.procs
	[ -z "${pid:-}" ] || kill "$pid"
	until_true 10 refuse_to_be "$pid"
	find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
	rm -rf "$dir" "$unit"
}

refuse_to_be()
{
	! kill -0 "$1" 2>/dev/null
}

kept()
{
	systemctl --user show vhxd -p NFileDescriptorStore --value
}

keeps()
{
	[ "$(kept)" = "$1" ]
}

main_pid()
{
	systemctl --user show vhxd -p MainPID --value
}

# comes_again OLD-PID
comes_again()
{
	[ "$(systemctl --user is-active vhxd)" = active ] && [ "$(main_pid)" != "$1" ]
}

# It is there as long as its socket is.
connect()
{
	socat -u UNIX-CONNECT:$dir/ssh.sock STDOUT >$dir/heard &
	client=$!
	until_true 10 keeps 4
}

cat >$dir/conf <<CONF
[vhxd]
state_dir = $dir/state
socket = $dir/vhxd.sock
[vsock 50]
grace = 60
path = $dir/vm.sock
listen.22 = $dir/ssh.sock
CONF
cat >$unit <<UNIT
[Service]
Type=notify-reload
ExecStart=$(command -v vhxd) --config $dir/conf
Restart=always
RestartSec=100ms
$(grep ^FileDescriptorStoreMax= build/user/vhxd.service)
UNIT

mkdir -p $group
echo $$ >$group/cgroup.procs || bail "no cgroups"
at_exit clean_up
# It asks whether the system was booted by systemd.
mkdir -p /run/systemd/system
$manager --user >$dir/log 2>&1 &
pid=$!
until_true 30 test -S $dir/run/systemd/private || bail "no manager: $(tail -n 1 $dir/log)"

run "the unit starts" systemctl --user start vhxd
is "$(kept)" 3 "its ledger is kept, and two sockets that it listens on"
connect
ok $? "a connection's socket, too"
kill -STOP "$(main_pid)"
kill $client
wait $client
sleep 1
is "$(kept)" 4 "one that hangs up is kept, as long as vhxd has not said so"
kill -CONT "$(main_pid)"
until_true 10 keeps 3
ok $? "which it does when it sees it"

connect
old=$(main_pid)
kill -KILL "$old"
until_true 20 comes_again "$old"
ok $? "vhxd is killed, and started again"
is "$(kept)" 4 "all of it is kept"
kill -0 $client
ok $? "and the connection is there"
is "$(tr '\0' '\n' <"/proc/$(main_pid)/environ" | grep -c ^LISTEN_FDS=4)" 1 "as the next one was told"
run "it is restarted" systemctl --user restart vhxd
is "$(kept)" 4 "all of it is kept"
kill -0 $client
ok $? "and the connection is there"
run "it is stopped" systemctl --user stop vhxd
is "$(kept)" 0 "nothing is kept"
until_true 10 refuse_to_be $client
ok $? "and the connection is over"
plan
