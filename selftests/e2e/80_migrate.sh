#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest migrates live, there and back, under streams both ways. Three memories are
# compared byte for byte afterwards: what a program received and keeps, again and
# again; what waits in a socket that nobody reads meanwhile, in pages that nobody
# but vhost wrote; and the streams that go on.
# time-limit: 600
# dealt to: 6.12 (see KVM internal errors in README.md)
#
#	HOPS=2		how often
#	PACKED=on	on packed rings
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/migrate.sh"
NIC=mrg_rxbuf=on${PACKED:+,packed=$PACKED}
export RATE=1			# leaves the machine time to migrate
e2e_begin

guest_start
ok $? "the guest boots" || bail "no guest"
# Room for what is not read.
guest "echo 4096 6291456 16777216 >/proc/sys/net/ipv4/tcp_rmem"

guest_bg keep "traffic tcp-keep 5004 2 8"
guest "until netstat -ltn | grep -q :5004; do usleep 20000; done"
"$E2E_BIN/traffic" tcp-send "$GUEST_IP" 5004 2 0 &
keep=$!
streams_start 1

for hop in $(seq "${HOPS:-2}"); do
	guest_bg late "traffic tcp-recv 5003 1"
	guest "until netstat -ltn | grep -q :5003; do usleep 20000; done"
	RATE=64 "$E2E_BIN/traffic" tcp-send "$GUEST_IP" 5003 1 4 &
	late=$!
	guest_signal STOP 'traffic tcp-recv 5003'
	before=$(tap_stat rx_packets)

	guest_migrate
	ok $? "hop $hop" || bail "the guest is lost"
	migrate_report
	sleep 1
	ns=$(workers_ns) moved=$(vhx_packets)
	guest_signal CONT 'traffic tcp-recv 5003'
	guest_join late
	ok $? "hop $hop: what waited on the way is as it was sent"
	wait $late
	ok $? "hop $hop: its sender agrees"
	run "hop $hop: pings both ways" ping_both_ways
	node_worked "$ns" "$moved"
	ok $? "hop $hop: by the node, and QEMU has nothing to complain of"
	[ "$(tap_stat rx_packets)" -gt 0 ] && [ "$before" -gt 0 ]
	ok $? "hop $hop: the guest speaks on the new tap"
done

streams_end
kill $keep
wait $keep
ok $? "the sender of what is kept agrees"
guest_join keep
ok $? "what was received and kept is what was sent"
guest_poweroff
is $? 0 "the guest powers off"
plan
