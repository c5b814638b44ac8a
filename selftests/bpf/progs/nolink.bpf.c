// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy outside ".struct_ops.link": nobody would hear of its ejection, so it is refused.
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return VHX_DEFAULT;
}

SEC(".struct_ops")
struct vhx_steer_ops nolink = {
	.rx	= (void *)rx,
	.name	= "nolink",
};
