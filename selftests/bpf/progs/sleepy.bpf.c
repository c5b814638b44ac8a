// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that wants to sleep where packets pass: it must not load.
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("struct_ops.s/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return VHX_DEFAULT;
}

VHX_STEER_OPS(sleepy, .rx = (void *)rx);
