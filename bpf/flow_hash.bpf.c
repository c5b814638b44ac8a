// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow_hash: the queue is the flow's hash, scaled on the queues that are live.
 *
 * Take it when the guest has several vCPUs and many flows: they spread evenly, and both
 * directions of a flow land on the same queue. When the guest changes its number of queues, flows
 * move; flow_pin keeps them. No knobs and no maps.
 *
 *	vhx policy load build/bpf/flow_hash.bpf.o --nic 'tap*'
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

static __always_inline __u32 choose(struct vhx_pkt *pkt, __u32 queues)
{
	return vhx_scale(vhx_pkt_flow_hash(pkt), queues);
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return choose(pkt, vhx_nic_queues(nic));
}

SEC("struct_ops/batch")
void BPF_PROG(batch, struct vhx_batch *batch, struct vhx_nic *nic)
{
	__u32 queues = vhx_nic_queues(nic);
	struct vhx_pkt *pkt;

	if (batch->flags & VHX_PKT_TX)
		return;

	vhx_batch_for_each(pkt, batch)
		vhx_pkt_verdict(pkt, choose(pkt, queues));
}

VHX_STEER_OPS(flow_hash, .rx = (void *)rx, .batch = (void *)batch);
