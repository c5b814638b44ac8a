#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's net_failover: a NIC of four queues that is the standby of a faster
# one, which cannot migrate. The faster one is an emulated e1000e, since nothing here
# can be passed through: what is tried is that QEMU takes it away, that the streams
# go on by the standby, and that it comes back where the guest went.
# time-limit: 600
# dealt to: 6.12 (see KVM internal errors in README.md)
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/migrate.sh"
MACHINE=q35
QUEUES=4
MAC=52:54:00:00:12:53
NIC=mrg_rxbuf=on,failover=on,id=standby,mac=$MAC
PLAIN_TAPS=(vhxprim0 vhxprim1)
export RATE=1
e2e_begin

# primary N: the next QEMU has it, on tap N
primary()
{
	MORE=(-device "pcie-root-port,id=slot1,chassis=1"
		-netdev "tap,id=n1,ifname=${PLAIN_TAPS[$1]},script=no,downscript=no"
		-device "e1000e,netdev=n1,mac=$MAC,bus=slot1,id=primary,failover_pair_id=standby,romfile=")
}

drivers()
{
	guest "for d in /sys/class/net/*/device/driver; do basename \$(readlink \$d); done" |
		sort -u | xargs
}

# by_primary COUNTER: packets of the e1000e's taps
by_primary()
{
	cat "/sys/class/net/${PLAIN_TAPS[0]}/statistics/$1" \
		"/sys/class/net/${PLAIN_TAPS[1]}/statistics/$1" | awk '{ n += $1 } END { print n }'
}

# primary_comes WHEN
primary_comes()
{
	guest "n=0; until ls -d /sys/bus/pci/drivers/e1000e/0000:*/net/* && [ \$n -lt 600 ]; do
		usleep 100000; n=\$((n + 1)); done >/dev/null 2>&1"
	is "$(drivers)" "e1000e virtio_net" "$1: the guest has both"
	# Its link comes up, and the bridge learns.
	guest "n=0; until grep -q 1 /sys/bus/pci/drivers/e1000e/0000:*/net/*/carrier || [ \$n -ge 600 ]; do
		usleep 100000; n=\$((n + 1)); done 2>/dev/null"
	for _ in $(seq 30); do
		ping -q -c 1 -W 1 "$GUEST_IP" >/dev/null && break
	done
	before=$(by_primary rx_packets)
	run "$1: pings both ways" ping_both_ways
	[ "$(by_primary rx_packets)" -gt "$before" ]
	ok $? "$1: by the primary"
}

primary 0
guest_start
ok $? "the guest boots" || bail "no guest"
is "$(guest "ethtool -i eth0" | sed -n 's/^driver: //p')" net_failover "eth0 is the failover's"
primary_comes "at first"

streams_start 2
for hop in 1 2; do
	moved=$(vhx_packets)
	primary $((hop % 2))
	guest_migrate
	ok $? "hop $hop" || bail "the guest is lost"
	migrate_report
	! node_is_vhx || [ "$(vhx_packets)" -gt 100 ]
	ok $? "hop $hop: the standby carried what the primary could not ($moved before)"
	# It does not see the primary that is not there yet.
	! grep -v 'netdev n1 has no peer' "$E2E_RUN/qemu$SIDE.err"
	ok $? "hop $hop: QEMU has nothing to complain of"
	primary_comes "hop $hop"
done
streams_end
plan
