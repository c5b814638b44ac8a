#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 180
#
# vhx_vdpa_net with this kernel's own driver: what that asks for by its control
# queue, and devices that go while there is traffic.
set -u

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/net_lib.sh"

vnet_setup || exit 0

counter()
{
	ethtool -S vhxv0 | awk -v n="$1:" '$1 == n { print $2 }'
}

# Several pairs
vnet_add vhxv0 max_vqp 4 mtu 9000 mac 52:54:00:77:00:02; ok $? "a device of four pairs, with large frames"
is "$(in_guest cat "/sys/class/net/$vnet_guest/mtu")" 9000 "the driver knows how large"
is "$(cat /sys/class/net/vhxv0/mtu)" 9000 "and so is the peer's"
run "ping with 8900 bytes, in one" ping -q -i 0.05 -c 3 -W 5 -M "do" -s 8900 10.77.0.2
run "all pairs" in_guest ethtool -L "$vnet_guest" combined 4
is "$(ethtool -l vhxv0 | awk '/Combined/ { n = $2 } END { print n }')" 4 "which the peer shows"
for port in $(seq 1 40); do
	echo "$port" | socat -u - UDP4-SENDTO:10.77.0.2:$((2000 + port))
done
sleep 0.5
used=0
for pair in 0 1 2 3; do
	[ "$(counter "rx${pair}_packets")" -gt 0 ] && used=$((used + 1))
done
run "flows are spread: $used queues" test $used -ge 3
run "RSS by the driver: one queue" in_guest ethtool -X "$vnet_guest" equal 1
before=$(($(counter rx1_packets) + $(counter rx2_packets) + $(counter rx3_packets)))
for port in $(seq 1 20); do
	echo "$port" | socat -u - UDP4-SENDTO:10.77.0.2:$((3000 + port))
done
sleep 0.5
is $(($(counter rx1_packets) + $(counter rx2_packets) + $(counter rx3_packets))) $before "the others get nothing then"
run "one pair" in_guest ethtool -L "$vnet_guest" combined 1
vnet_send 1000000 host guest 10.77.0.2; ok $? "1 MB to the guest"
vnet_send 1000000 guest host 10.77.0.1; ok $? "1 MB from the guest"

# VLANs: the driver filters those it was not given
in_guest ip link add link "$vnet_guest" name gv5 type vlan id 5
in_guest ip addr add 10.78.0.2/24 dev gv5
in_guest ip link set gv5 up
ip link add link vhxv0 name hv5 type vlan id 5
ip addr add 10.78.0.1/24 dev hv5
ip link set hv5 up
run "ping by a VLAN" ping -q -i 0.05 -c 3 -W 5 10.78.0.2
in_guest ip link del gv5
before=$(counter rx0_packets)
ip neigh replace 10.78.0.2 lladdr 52:54:00:77:00:02 dev hv5
ping -q -i 0.05 -c 5 -W 1 10.78.0.2 >/dev/null
after=$(counter rx0_packets)
run "not when the driver has it no more" test $((after - before)) -lt 5
ip link del hv5

# Offloads that the driver turns off
for what in gro tso; do
	in_guest ethtool -K "$vnet_guest" $what off 2>/dev/null
done
run "no checksums from the driver" in_guest ethtool -K "$vnet_guest" tx off
vnet_send 1000000 guest host 10.77.0.1; ok $? "1 MB from the guest without"
run "none to it" ethtool -K vhxv0 tx off
vnet_send 1000000 host guest 10.77.0.2; ok $? "1 MB to the guest without"
run "another address" in_guest sh -c "ip link set $vnet_guest down; ip link set $vnet_guest address 52:54:00:77:00:03; ip link set $vnet_guest up"
vdpa dev config show vhxv0 | grep -q 52:54:00:77:00:03; ok $? "which the configuration has"
refuse "what goes to the old one does not come" ping -q -i 0.05 -c 3 -W 1 10.77.0.2
ip neigh flush dev vhxv0
run "ping by it" ping -q -i 0.05 -c 3 -W 5 10.77.0.2

# Gone under load
flood()
{
	ping -q -f -s 1000 -w 20 10.77.0.2 >/dev/null 2>&1 &
	in_guest ping -q -f -w 20 10.77.0.1 >/dev/null 2>&1 &
}
flood
sleep 1
run "the driver goes while there is traffic" sh -c 'echo vhxv0 >/sys/bus/vdpa/drivers/virtio_vdpa/unbind'
is "$(cat /sys/class/net/vhxv0/carrier)" 0 "nobody is at the other end"
run "it comes back" sh -c 'echo vhxv0 >/sys/bus/vdpa/drivers/virtio_vdpa/bind'
vnet_up vhxv0; ok $? "both ends are up"
run "ping" ping -q -i 0.05 -c 3 -W 5 10.77.0.2 || {
	diag "$(ethtool -S vhxv0 | grep -v ': 0$')"
	diag "$(tc -s qdisc show dev vhxv0; ip -s link show vhxv0; ip neigh show dev vhxv0)"
	diag "$(in_guest ip -s addr show "$vnet_guest"; in_guest ip neigh; in_guest ethtool -l "$vnet_guest")"
}
flood
sleep 1
run "the device goes while there is traffic" vnet_del vhxv0
run "and its peer" test ! -e /sys/class/net/vhxv0
for i in 1 2 3 4 5 6 7 8 9 10; do
	vdpa dev add name vhxv$i mgmtdev vhx max_vqp 2 || break
done
is "$i" 10 "ten devices at once"
for i in 1 2 3 4 5 6 7 8 9 10; do
	vdpa dev del vhxv$i || break
done
is "$i" 10 "which go"
wait
plan
