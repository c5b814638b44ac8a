#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_vdpa_net with this kernel's own driver: what is made, what passes, both ring formats.
set -u

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/net_lib.sh"

vnet_setup || exit 0

mgmt=$(vdpa mgmtdev show)
echo "$mgmt" | grep -q '^vhx:'; ok $? "the management device is there"
echo "$mgmt" | grep -q 'max_supported_vqs 65'; ok $? "and says how many queues there may be"

for bad in "max_vqp 33" "mtu 10" "mac 01:00:00:00:00:01" "device_features 0x1" \
	   "device_features 0x8300000000"; do
	# shellcheck disable=SC2086 # arguments
	refuse "no device with $bad" vdpa dev add name vhxv0 mgmtdev vhx $bad
done
refuse "no device whose name is no netdev's" vdpa dev add name vhxv0/x mgmtdev vhx
refuse "nor one with a name that is taken" vdpa dev add name lo mgmtdev vhx

# traffic WHAT: between the ends of the device at hand
traffic()
{
	run "$1: ping from the host" ping -q -i 0.05 -c 5 -W 5 10.77.0.2
	run "$1: ping from the guest" in_guest ping -q -i 0.05 -c 5 -W 5 10.77.0.1
	run "$1: ping of 1400 bytes" ping -q -i 0.05 -c 3 -W 5 -s 1400 10.77.0.2
	run "$1: ping of 20000 bytes, in fragments" ping -q -i 0.05 -c 3 -W 5 -s 20000 10.77.0.2
	vnet_send 3000000 host guest 10.77.0.2; ok $? "$1: 3 MB to the guest"
	vnet_send 3000000 guest host 10.77.0.1; ok $? "$1: 3 MB from the guest"
	vnet_send 1000000 host guest '[fd77::2]' 6; ok $? "$1: 1 MB to the guest by IPv6"
	vnet_send 1000000 guest host '[fd77::1]' 6; ok $? "$1: 1 MB from the guest by IPv6"
}

is_on()
{
	vdpa dev config show vhxv0 | tr ' ' '\n' | grep -qix "$1"
}

vnet_add vhxv0 mac 52:54:00:77:00:02; ok $? "a device"
run "has a peer of its name" test -e /sys/class/net/vhxv0
is "$(in_guest cat "/sys/class/net/$vnet_guest/address")" 52:54:00:77:00:02 "and the address asked for"
for bit in RING_PACKED RING_INDIRECT_DESC RING_EVENT_IDX HASH_REPORT; do
	is_on $bit; ok $? "with $bit when nobody says otherwise"
done
traffic packed
stats=$(ethtool -S vhxv0)
for name in rx0_packets tx0_packets rx0_kicks tx0_calls; do
	run "ethtool -S: $name" test "$(echo "$stats" | awk -v n="$name:" '$1 == n { print $2 }')" -gt 0
done
vdpa dev vstats show vhxv0 qidx 0 | grep -q 'packets [1-9]'; ok $? "vdpa dev vstats"
is "$(ip -j -s link show vhxv0 | tr ',{' '\n' | grep -c '"errors":0')" 2 "ip -s link: no errors"
refuse "the module stays while there is a device" rmmod vhx_vdpa_net
ip link set vhxv0 down
sleep 0.3
is "$(in_guest cat "/sys/class/net/$vnet_guest/carrier")" 0 "the guest's link goes with the peer"
ip link set vhxv0 up
sleep 0.3
is "$(in_guest cat "/sys/class/net/$vnet_guest/carrier")" 1 "and comes back with it"
run "the device goes" vnet_del vhxv0
run "and its peer" test ! -e /sys/class/net/vhxv0

# Between drivers it may be given another address.
vnet_add vhxv0 mac 52:54:00:77:00:02
ok $? "a device"
refuse "its address stays while a driver has it" vdpa dev set name vhxv0 mac 52:54:00:77:00:03
is "$(in_guest cat "/sys/class/net/$vnet_guest/address")" 52:54:00:77:00:02 "as the driver knows it"
echo vhxv0 >/sys/bus/vdpa/drivers/virtio_vdpa/unbind
refuse "no multicast address" vdpa dev set name vhxv0 mac 01:00:5e:00:00:01
run "without one it is another" vdpa dev set name vhxv0 mac 52:54:00:77:00:03
vnet_bind vhxv0 virtio_vdpa && vnet_up vhxv0
ok $? "a driver has it again"
is "$(in_guest cat "/sys/class/net/$vnet_guest/address")" 52:54:00:77:00:03 "with the new address"
run "it goes" vnet_del vhxv0

# What shadow virtqueues accept: docs/vdpa-net.md
profile=$(sed -n 's/.*device_features \(0x[0-9a-f]*\).*/\1/p' "$(dirname "$0")/../../docs/vdpa-net.md" | head -n 1)
vnet_add vhxv0 device_features "$profile"; ok $? "a device that can be migrated: $profile"
for bit in RING_PACKED IN_ORDER RING_INDIRECT_DESC RING_RESET NOTIFICATION_DATA; do
	refuse "without $bit" is_on $bit
done
for bit in ACCESS_PLATFORM VERSION_1 RING_EVENT_IDX MRG_RXBUF CTRL_VQ; do
	is_on $bit; ok $? "with $bit"
done
traffic split
run "it goes" vnet_del vhxv0

# Neither offloads, mergeable buffers, indirect descriptors nor event indices.
vnet_add vhxv0 device_features 0x300010020; ok $? "a plain device"
traffic plain
is "$(in_guest ethtool -k "$vnet_guest" | awk '/^tx-checksumming:/ { print $2 }')" off "that computes checksums itself"
run "goes" vnet_del vhxv0
plan
