#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 240
#
# vhx_vdpa_net's devices are NICs as any other: listed, and steered by policies, both ways.
set -u

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/net_lib.sh"

vnet_setup || exit 0

table=build/selftests/bpf/table.bpf.o

nic()
{
	vhx -j nic show "$1"
}

# nic_is FILTER NAME: the NIC at hand is so
nic_is()
{
	nic vhxv0 | jq -e "$1" >/dev/null; ok $? "$2" || diag "$(nic vhxv0)"
}

# stat DIR NAME: a counter of the NIC at hand, over its queues
stat()
{
	nic vhxv0 | jq "[.queue_list[] | select(.dir == \"$1\") | .stats.$2] | add"
}

# stat_of QUEUE DIR NAME: and of one of them
stat_of()
{
	nic vhxv0 | jq ".queue_list[] | select(.dir == \"$2\" and .queue == $1) | .stats.$3"
}

pings()
{
	ping -q -i 0.02 -c "${1:-10}" -W 1 10.77.0.2 >/dev/null
}

# shellcheck disable=SC2317 # called by run
load()
{
	vhx policy load "$@" >/dev/null
}

### a NIC

vnet_add vhxv0 max_vqp 4; ok $? "a device of four queue pairs"
in_guest ethtool -L "$vnet_guest" combined 4
nic_is '.kind == "vdpa" and .name == "vhxv0" and .queues == 4' "is listed"
nic_is '.live_queues == 4 and .state == "live"' "with all its queue pairs live"
in_guest ethtool -L "$vnet_guest" combined 3
nic_is '.live_queues == 3' "fewer, when the guest uses fewer"
in_guest ethtool -L "$vnet_guest" combined 4
nic_is '.live_queues == 4' "and all of them again"
nic_is '.feature_names | any(. == "mrg_rxbuf")' "with the guest's features"
vhx -j worker list | jq -e 'any(.queues == 2)' >/dev/null; ok $? "its threads are listed"
refuse "its queues do not poll" vhx nic set vhxv0 poll-us 50
run "packets pass without a policy" pings
is "$(stat rx steered)" 0 "and are judged by none"

### to the guest

run "a policy by name" load flow_hash --nic 'vhxv*'
nic_is '.policy.name == "flow_hash"' "is in charge"
run "packets pass" pings
run "and are judged" test "$(stat rx steered)" -ge 10
is "$(stat rx steer_dead)" 0 "to queues that are there"
vnet_send 2000000 host guest 10.77.0.2; ok $? "2 MB to the guest"
run "it goes" vhx policy detach flow_hash

for q in 2 0 3; do
	run "all to queue $q" load $table --nic vhxv0 --set rx_else=$((1 << 32 | q))
	before=$(stat_of $q rx packets)
	run "queue $q: packets pass" pings 10
	run "queue $q: by that queue" test "$(stat_of $q rx packets)" -ge $((before + 10))
	vnet_send 1000000 host guest 10.77.0.2; ok $? "queue $q: 1 MB to the guest"
	run "queue $q: the policy goes" vhx policy detach table
done

run "all to a queue that is not live" load $table --nic vhxv0 --set rx_else=$((1 << 32 | 7))
run "packets pass all the same" pings
run "and are counted" test "$(stat rx steer_dead)" -ge 10
run "it goes" vhx policy detach table

run "all are dropped" load $table --nic vhxv0 --set rx_else=$((1 << 32 | 0x03000007))
before=$(cat /sys/class/net/vhxv0/statistics/tx_dropped)
refuse "none reaches the guest" pings 3
run "counted by the queue" test "$(stat rx steer_dropped)" -ge 3
run "by the policy, with the reason" \
	test "$(vhx -j policy show table | jq '[.drop_reasons[]] | add')" -ge 3
run "and by the peer" \
	test "$(cat /sys/class/net/vhxv0/statistics/tx_dropped)" -ge $((before + 3))
run "it goes" vhx policy detach table
run "packets pass again" pings

### from the guest

run "what the guest sends passes" load $table --nic vhxv0 --set tx_else=$((1 << 32 | 0x02000000))
run "packets pass" pings
run "judged" test "$(stat tx steered)" -ge 10
vnet_send 2000000 guest host 10.77.0.1; ok $? "2 MB from the guest"
run "it goes" vhx policy detach table

run "what the guest sends is dropped" load $table --nic vhxv0 --set tx_else=$((1 << 32 | 0x03000007))
before=$(stat tx packets)
refuse "none comes" pings 3
run "counted" test "$(stat tx steer_dropped)" -ge 3
is "$(stat tx packets)" "$before" "and counted as no packet"
run "it goes" vhx policy detach table

### a filter that is missing

run "a required policy" load antispoof --nic vhxv0
refuse "that knows no address lets nothing pass" pings 3
vhx policy detach antispoof 2>/dev/null
nic_is '.closed' "is gone: the NIC is closed"
refuse "closed to the host" pings 3
refuse "and to the guest" in_guest ping -q -c 3 -i 0.05 -W 1 10.77.0.1
run "counted" test "$(stat rx closed)" -ge 3
run "opened" vhx nic open vhxv0
run "packets pass" pings
vhx policy eject antispoof 2>/dev/null

### one that goes wrong

run "chaos, illegal now and then" load chaos --nic vhxv0 --set illegal=200 --set drop=100
pings 100
ip netns exec $vnet_ns ping -q -i 0.01 -c 100 -W 1 10.77.0.1 >/dev/null
until_true 5 sh -c 'vhx -j policy exits | jq -e "any(.policy_name == \"chaos\" or .name == \"chaos\")" >/dev/null'
ok $? "is ejected"
run "and packets pass" pings
nic_is '.policy == null' "with no policy"

### the netdev's ways

run "renamed" sh -c 'ip link set vhxv0 down && ip link set vhxv0 name vhxr0 && ip link set vhxr0 up'
run "it is the same NIC" sh -c 'vhx -j nic list | jq -e "any(.name == \"vhxr0\")"'
run "and back" sh -c 'ip link set vhxr0 down && ip link set vhxr0 name vhxv0 && ip link set vhxv0 up'
ip netns add vhxp
at_exit "ip netns del vhxp"
# Not by ip netns exec, which would hide bpffs.
there=(nsenter --net=/run/netns/vhxp)
run "to another network namespace" ip link set vhxv0 netns vhxp
is "$(vhx -j nic list | jq length)" 0 "its NIC is gone"
is "$("${there[@]}" vhx -j nic list | jq -r '.[0].name')" vhxv0 "and is there now"
ip -n vhxp addr add 10.77.0.1/24 dev vhxv0
ip -n vhxp link set vhxv0 up
sleep 0.3
# of queue 1
there_by_1()
{
	"${there[@]}" vhx -j nic show vhxv0 | jq '.queue_list[] | select(.dir == "rx" and .queue == 1) | .stats.packets'
}

before=$(there_by_1)
run "a policy of that namespace" "${there[@]}" vhx policy load $table --nic 'vhxv*' \
	--set rx_else=$((1 << 32 | 1))
run "packets pass" "${there[@]}" ping -q -i 0.05 -c 10 -W 1 10.77.0.2
run "by its queue" test "$(there_by_1)" -ge $((before + 10))
run "the device goes, policy and all" vnet_del vhxv0
is "$("${there[@]}" vhx -j nic list | jq length)" 0 "and with it the NIC"
"${there[@]}" vhx policy detach table

### one queue: no queue is chosen, and packets are judged all the same

vnet_add vhxv0; ok $? "a device of one queue pair"
run "all are dropped" load $table --nic vhxv0 --set rx_else=$((1 << 32 | 0x03000007))
refuse "none reaches the guest" pings 3
run "counted" test "$(stat rx steer_dropped)" -ge 3
run "it goes" vhx policy detach table
run "packets pass again" pings
run "the device goes" vnet_del vhxv0
plan
