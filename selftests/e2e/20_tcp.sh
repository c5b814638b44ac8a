#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# TCP streams with every byte compared, with segmentation offload and mergeable
# buffers, and without them, which is a different path through both sides.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
e2e_begin

MIB=8 FLOWS=2

# mean_size PREFIX BYTES PACKETS: bytes a packet on the tap since then
mean_size()
{
	echo $((($(tap_stat "$1_bytes") - $2) / ($(tap_stat "$1_packets") - $3 + 1)))
}

# stream_check WHAT FUNCTION PREFIX: is the stream whole, and $size its frames'
stream_check()
{
	local bytes packets

	bytes=$(tap_stat "$3_bytes") packets=$(tap_stat "$3_packets")
	run "$1: $FLOWS streams of $MIB MiB, every byte" "$2" $FLOWS $MIB
	size=$(mean_size "$3" "$bytes" "$packets")
}

# The tap's view: what the guest sends is its rx.
guest_start
ok $? "the guest boots" || bail "no guest"
before=$(workers_ns) moved=$(vhx_packets)
stream_check "guest to host, TSO" tcp_to_host rx
[ "$size" -gt 4000 ]
ok $? "guest to host: frames beyond the MTU ($size B on average)"
stream_check "host to guest, TSO" tcp_to_guest tx
[ "$size" -gt 4000 ]
ok $? "host to guest: frames beyond one mergeable buffer ($size B on average)"
node_worked "$before" "$moved"
ok $? "the node moved it"
guest_poweroff

NIC=mrg_rxbuf=off
for feature in host_tso4 guest_tso4 host_tso6 guest_tso6 host_ecn guest_ecn host_ufo guest_ufo \
		host_uso guest_uso4 guest_uso6; do
	NIC=$NIC,$feature=off
done
guest_start
ok $? "a guest without mergeable buffers and TSO boots" || bail "no guest"
MIB=2
stream_check "guest to host, plain" tcp_to_host rx
[ "$size" -le 1514 ]
ok $? "guest to host: frames within the MTU ($size B on average)"
stream_check "host to guest, plain" tcp_to_guest tx
[ "$size" -le 1514 ]
ok $? "host to guest: frames within the MTU ($size B on average)"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
