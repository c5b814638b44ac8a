// SPDX-License-Identifier: GPL-2.0-only
/*
 * null: nothing, by every operation there is. What it costs is what having a policy costs.
 *
 * For benchmarks, and as the list of all operations with their prototypes. The batch program
 * gives no verdict, which is VHX_DEFAULT for each packet.
 *
 *	vhx policy load build/bpf/null.bpf.o --nic tap0
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return VHX_DEFAULT;
}

SEC("struct_ops/tx")
__u32 BPF_PROG(tx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return VHX_PASS;
}

SEC("struct_ops/batch")
void BPF_PROG(batch, struct vhx_batch *batch, struct vhx_nic *nic)
{
}

SEC("struct_ops.s/nic_attach")
__s32 BPF_PROG(nic_attach, struct vhx_nic *nic)
{
	return 0;
}

SEC("struct_ops.s/nic_detach")
void BPF_PROG(nic_detach, struct vhx_nic *nic)
{
}

SEC("struct_ops.s/nic_config")
void BPF_PROG(nic_config, struct vhx_nic *nic, struct vhx_nic_config *cfg)
{
}

SEC("struct_ops.s/exit")
void BPF_PROG(ejected, struct vhx_exit_info *info)
{
}

VHX_STEER_OPS(null,
	.rx		= (void *)rx,
	.tx		= (void *)tx,
	.batch		= (void *)batch,
	.nic_attach	= (void *)nic_attach,
	.nic_detach	= (void *)nic_detach,
	.nic_config	= (void *)nic_config,
	.exit		= (void *)ejected
);
