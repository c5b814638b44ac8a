#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The machine freezes its tasks for a suspend, and takes CPUs away: workers take
# part, and a guest at work notices nothing but time. time-limit: 240
# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit

. "$(dirname "$0")/../lib/tap.sh"

node=${VHX_NET:-/dev/vhx-net}
guest=build/selftests/core/startstop
log=$(mktemp)
at_exit "rm -f $log"
at_exit 'echo 1 >/sys/devices/system/cpu/cpu1/online'
at_exit 'echo none >/sys/power/pm_test'

[ -x $guest ] || skip_all "$guest is not built"

# A guest at work, for as long as "while_at_work CMD..." runs: again and again.
while_at_work()
{
	touch "$log.go"
	(
		while [ -e "$log.go" ]; do
			$guest >"$log" 2>&1 || exit 1
		done
	) &
	work=$!
	sleep 0.5
	"$@"
	status=$?
	rm -f "$log.go"
	if ! wait $work; then
		diag "$(grep -a '^not ok\|^Bail' "$log")"
		return 1
	fi
	return $status
}

freeze()
{
	for _ in 1 2 3; do
		echo freezer >/sys/power/pm_test &&
			echo mem >/sys/power/state || return 1
	done
}

unplug()
{
	for _ in 1 2 3 4 5; do
		echo 0 >/sys/devices/system/cpu/cpu1/online || return 1
		sleep 0.2
		echo 1 >/sys/devices/system/cpu/cpu1/online || return 1
		sleep 0.2
	done
}

if [ -e /sys/power/pm_test ] && grep -q mem /sys/power/state; then
	echo 1 >/sys/module/suspend/parameters/pm_test_delay 2>/dev/null
	name="tasks frozen and thawed three times under a guest at work"
	if while_at_work freeze; then
		pass "$name"
	elif [ "${node%vhost-net}" != "$node" ]; then
		skip "$name" "in-tree: who waits for a frozen worker cannot be frozen"
	else
		fail "$name"
	fi
else
	skip "tasks frozen and thawed" "this machine cannot suspend"
fi
if [ -e /sys/devices/system/cpu/cpu1/online ]; then
	while_at_work unplug
	ok $? "a CPU unplugged and plugged in five times under a guest at work"
else
	skip "a CPU unplugged" "there is only one"
fi

plan
