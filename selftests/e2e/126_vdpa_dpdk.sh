#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# DPDK's virtio-user has a vDPA device. With vdpa_sim's, which gives back what is sent to it,
# packets go round and none is lost; with vhx_vdpa_net's and vp_vdpa's it answers pings,
# by split and by packed rings.
# machine: --vdpa
# time-limit: 500
. "$(dirname "$0")/lib.sh"
# shellcheck source=vdpa.sh
. "$E2E_DIR/vdpa.sh"
# shellcheck source=dpdk.sh
. "$E2E_DIR/dpdk.sh"

PACKETS=32 PINGS=280

command -v dpdk-testpmd >/dev/null || skip_all "there is no dpdk-testpmd: package dpdk-dev"
missing=$(vdpa_parents_missing)
[ -z "$missing" ] || skip_all "$missing"
vdpa_begin
mkdir -p "$E2E_RUN"

# pmd_on NAME DEVARG,... [OPTION]...: testpmd has that device
pmd_on()
{
	local name=$1

	shift
	# The device does not go before who has opened it.
	vdpa_give "$name" "$VDPA_DRIVER" && VHX_NET=$(vdpa_node "$name") && at_exit pmd_kill || return
	PMD_DEVICE='' PMD_MAC=$(vdpa -j dev config show "$name" | jq -r ".config.\"$name\".mac")
	pmd_start "$@"
}

# What goes round: io hands on what it gets, and it gets what it sends.
round()
{
	local before now

	pmd 'set fwd io' 'clear port stats 0' 'start tx_first' >/dev/null
	sleep 1
	before=$(pmd_stat RX-packets)
	sleep 1
	now=$(pmd_stat RX-packets)
	run "$form: packets go round ($now in 2 s)" test "$now" -gt $((before + PACKETS))
	pmd stop >/dev/null
	pmd_forward rxonly
	sleep 0.5
	is "$(pmd_stat RX-packets)" $PACKETS "$form: and none was lost"
	pmd stop >/dev/null
}

# form FORM OPTION...: of vdpa_sim's
form()
{
	form=$1
	shift
	vdpa_sim net sim0 "$@" || bail "no device"
	pmd_on sim0 packed_vq=0 "--eth-peer=0,$VDPA_MAC"
	ok $? "$form: testpmd starts" || bail "no testpmd"
	round
	for _ in 1 2; do
		pmd 'port stop 0' 'port start 0' >/dev/null
	done
	round
	pmd_kill
	pmd_on sim0 packed_vq=0 "--eth-peer=0,$VDPA_MAC"
	ok $? "$form: killed, it starts again" || bail "no testpmd"
	round
	pmd_quit
	ok $? "$form: it ends when it is told to"
	is "$(vdpa_users)" 0 "$form: the module has no user left"
	vdpa_sim_end sim0
	ok $? "$form: the device and its parent go"
}

form "sim, pinned" use_va=0
form "sim, virtual addresses" use_va=1

### pings over a wire, or to a peer

# flood BYTES
flood()
{
	local said

	said=$(timeout 100 ping -q -f -c $PINGS -s "$1" -W 2 "$GUEST_IP")
	is "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' <<<"$said")" $PINGS \
		"$form: pings of $1 bytes, each is answered"
}

# virtio_vdpa had the device, and left it a callback of its own for changes of the config.
# shellcheck disable=SC2317 # called by its name
after_another()
{
	vdpa_give vp0 virtio_vdpa && vdpa_netdev vp0 >/dev/null
}

# answers NAME NETDEV DEVARG,...: testpmd on that device answers pings by that netdev
answers()
{
	pmd_on "$1" "$3"
	ok $? "$form: testpmd starts" || bail "no testpmd"
	ip neigh replace "$GUEST_IP" lladdr "$PMD_MAC" dev "$2" nud permanent
	pmd_forward icmpecho
	flood 56
	flood 1400
	pmd stop >/dev/null
	pmd_quit
	ok $? "$form: it ends when it is told to"
	run "$form: the device goes" vdpa_del "$1"
}

# own FORM DEVARG,...: of vhx_vdpa_net's
own()
{
	form=$1
	vdpa_own own0 || bail "no device"
	if ! ip addr add "$HOST_IP/24" dev own0 || ! ip link set own0 up; then
		bail "no peer"
	fi
	answers own0 own0 "$2"
}

own "our own, split" packed_vq=0,in_order=0
if vdpa_is_vhx; then
	own "our own, packed" packed_vq=1,in_order=0
	own "our own, in order" packed_vq=1,in_order=1
else
	skip "our own, packed" "in-tree refuses half a place for a packed ring's base"
fi

# wire FORM BEFORE DEVARG,...
wire()
{
	form=$1
	vdpa_vp vp0 "$VP_FULL" || bail "no device"
	"$2" || bail "no other driver"
	answers vp0 "$peer" "$3"
}

missing=$(vdpa_vp_missing)
if [ -n "$missing" ]; then
	skip "over the wire" "$missing"
	plan
fi
vdpa_vp_wire "$VP_FULL" "$HOST_IP/24"
wire "split" true packed_vq=0,in_order=0
if vdpa_is_vhx; then
	wire "after another driver" after_another packed_vq=0,in_order=0
	wire "packed" true packed_vq=1,in_order=0
else
	skip "after another driver" "in-tree leaves the other's callback, which is of freed memory"
	skip "packed" "in-tree refuses half a place for a packed ring's base"
fi
plan
