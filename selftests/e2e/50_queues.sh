#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest changes how many queues it uses while streams run; and a guest that
# uses fewer queues than there are fds from its start.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
e2e_begin
QUEUES=4

guest_start
ok $? "a guest of $GUEST_CPUS CPUs boots with $QUEUES fds" || bail "no guest"
is "$(guest "ethtool -l eth0" | awk '/Combined/ { print $2 }' | xargs)" \
	"4 $GUEST_CPUS" "it may use 4 queues and uses $GUEST_CPUS"
run "traffic" tcp_to_guest 4 1

streams_start 4
bad=0
for n in 1 4 2 3 1 4; do
	guest "ethtool -L eth0 combined $n" >/dev/null || bad=$((bad + 1))
	is "$(guest "ethtool -l eth0" | awk '/Combined/ { n = $2 } END { print n }')" $n \
		"$n queues under load"
	sleep 0.3
done
is "$bad" 0 "each change succeeds"
streams_end
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
