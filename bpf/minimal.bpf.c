// SPDX-License-Identifier: GPL-2.0-only
/*
 * minimal: the least a policy can be. ARP goes to the guest's queue 0, all else where it would
 * go without a policy.
 *
 * Read it as the beginning of your own; there is no other use for it.
 *
 *	vhx policy load build/bpf/minimal.bpf.o --nic tap0
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	if (pkt->protocol == ETH_P_ARP)
		return 0;
	return VHX_DEFAULT;
}

VHX_STEER_OPS(minimal, .rx = (void *)rx);
