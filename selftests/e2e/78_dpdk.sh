#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A driver that is not Linux's: DPDK's virtio-user, with every form of ring that it
# knows. It never sleeps, knows no EVENT_IDX, gives half a place for a packed ring's
# base, and takes its address space for guest memory.
#
# FORMS='split' has it test those forms of rings alone.
# time-limit: 900
. "$(dirname "$0")/lib.sh"
# shellcheck source=dpdk.sh
. "$E2E_DIR/dpdk.sh"

FORMS=${FORMS:-split split,in_order ring_packed ring_packed,in_order}
PINGS=280 DATAGRAMS=600 DATAGRAMS_A_SECOND=1500 TX_SECONDS=0.4

command -v dpdk-testpmd >/dev/null || skip_all "there is no dpdk-testpmd: package dpdk-dev"
missing=$(e2e_missing)
[ -z "$missing" ] || skip_all "$missing"
at_exit "pmd_kill; ip link del '$TAP'"
pmd_tap_make || bail "the tap cannot be made"

# came BEFORE WANTED: packets that the tap has received since, when it should be WANTED
came()
{
	local now

	for _ in 1 2 3 4 5 6 7 8 9 10; do
		now=$(tap_stat rx_packets)
		[ $((now - $1)) -lt "$2" ] || break
		sleep 0.3
	done
	echo $((now - $1))
}

# flood WHAT BYTES: pings, more than the ring is long. It is the tap that must have an
# answer to each: ping's socket has room for few of 8,000 bytes.
flood()
{
	local said before

	before=$(tap_stat rx_packets)
	said=$(timeout 100 ping -q -f -c $PINGS -s "$2" -W 2 "$GUEST_IP")
	is "$(came "$before" $PINGS)" $PINGS "$form: $1: pings of $2 bytes, each is answered"
	is "$(grep -o '^[0-9]* packets transmitted, [1-9]' <<<"$said" | sed 's/ p.*//')" $PINGS \
		"$form: $1: and what ping has read of that is right"
}

echoes()
{
	pmd_forward icmpecho
	flood "$1" 56
	flood "$1" "$big"
	pmd stop >/dev/null
}

receives()
{
	pmd_forward rxonly
	"$E2E_BIN/traffic" udp-send "$GUEST_IP" 9 9000 1 $DATAGRAMS $DATAGRAMS_A_SECOND 64
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(pmd_stat RX-packets)" -lt $DATAGRAMS ] || break
		sleep 0.2
	done
	is "$(pmd_stat RX-packets)" $DATAGRAMS "$form: it receives what the host sends, once"
	pmd stop >/dev/null
}

# sends BYTES[,BYTES]...: packets of so many buffers
sends()
{
	local before sent

	before=$(tap_stat rx_packets)
	pmd "set txpkts $1" >/dev/null
	pmd_forward txonly
	sleep $TX_SECONDS
	pmd stop >/dev/null
	sent=$(pmd_stat TX-packets)
	is "$(came "$before" "$sent")" "$sent" "$form: of what it sends ($1 bytes) the tap has each"
	[ "$sent" -gt 100 ]
	ok $? "$form: and that is something ($sent packets)"
}

# In-tree's fd does not say what was negotiated.
negotiated()
{
	local features

	node_is_vhx || return
	features=$(vhx -j nic show "$TAP")
	for name in mrg_rxbuf ring_packed in_order; do
		case ,$form, in
		*,$name,*) wanted=true ;;
		*) wanted=false ;;
		esac
		is "$(jq "[.. | strings] | any(. == \"$name\")" <<<"$features")" $wanted \
			"$form: $name $wanted"
	done
}

again()
{
	for _ in 1 2 3; do
		pmd 'port stop 0' 'port start 0' >/dev/null
	done
	echoes "stopped and started, three times"
	pmd_forward txonly
	pmd_kill
	pmd_start "$args" "${options[@]}"
	ok $? "$form: killed while it sends, it starts again" || bail "no testpmd"
	echoes "after that"
	sends 64
}

users=$(node_users)
for form in $FORMS; do
	case $form in
	split*) args=packed_vq=0 ;;
	*) args=packed_vq=1 ;;
	esac
	case $form in
	*in_order) args=$args,in_order=1 ;;
	*) args=$args,in_order=0 ;;
	esac
	if [ "$form" != "${form#ring_packed}" ] && ! node_is_vhx; then
		skip "$form" "in-tree vhost has no packed rings"
		continue
	fi
	for mergeable in 0 1; do
		big=1400 options=()
		if [ $mergeable = 1 ]; then
			form=$form,mrg_rxbuf big=8000
			options=(--max-pkt-len=9018 --enable-scatter)
		fi
		args=$args,mrg_rxbuf=$mergeable
		pmd_start "$args" "${options[@]}"
		ok $? "$form: testpmd starts" || bail "no testpmd"
		negotiated
		echoes "at first"
		receives
		sends 64
		sends 64,200,600
		# Killed, and so started, once for either ring.
		case $form in
		split,mrg*|ring_packed,in_order,mrg*) again ;;
		esac
		pmd_quit
		ok $? "$form: it ends when it is told to"
	done
done
is "$(node_users)" "$users" "the module has no user left"
plan
