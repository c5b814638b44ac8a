// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that wants to write what it was given to read: it must not load.
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("struct_ops/tx")
__u32 BPF_PROG(tx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	pkt->len = 0;
	return VHX_PASS;
}

VHX_STEER_OPS(writer, .tx = (void *)tx);
