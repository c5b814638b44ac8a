#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules go when agents and guests have, whatever those had half done.
# time-limit: 300

. "$(dirname "$0")/../lib/tap.sh"

dir=build/$(uname -r)

# shellcheck disable=SC2317 # run and at_exit call it
load()
{
	insmod "$dir/vhx.ko" && insmod "$dir/vhx_scsi.ko"
}

# shellcheck disable=SC2317 # called by goes
unload()
{
	[ ! -d /sys/module/vhx_scsi ] || rmmod vhx_scsi || return
	rmmod vhx
}

# A session that ended has work left for a moment: that holds vhx, and nothing else does.
# shellcheck disable=SC2317 # run calls it
goes()
{
	for _ in $(seq 50); do
		! unload 2>/dev/null || return 0
		sleep 0.1
	done
	unload
}

[ -d /sys/module/vhx_scsi ] || skip_all "vhx_scsi is not loaded"
at_exit "insmod $dir/vhx_net.ko"
at_exit "[ -d /sys/module/vhx ] || load"
[ ! -d /sys/module/vhx_net ] || rmmod vhx_net

# In the midst of what they do: each is killed at another moment.
moment=2
for test in agent/detach scsi/late scsi/nexus agent/mad agent/detach scsi/nexus agent/mad; do
	setsid "build/selftests/$test" >/dev/null 2>&1 &
	pid=$!
	sleep "0.$moment"
	moment=$((moment + 1))
	kill -KILL "-$pid"
	wait "$pid" 2>/dev/null
	run "$test is killed: the modules go" goes
	run "and come again" load
done
run "to serve" build/selftests/agent/detach

plan
