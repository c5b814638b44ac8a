// SPDX-License-Identifier: GPL-2.0-only
/*
 * vlan_dscp_prio: what is marked as urgent has queues of its own.
 *
 * Take it when voice, storage heartbeats or the like must not stand behind bulk in the guest: the
 * first queues, knob reserved (default 1), are for packets with a VLAN priority of at least pcp
 * (default 5) or a DSCP of at least dscp (default 40, CS5; EF is 46), the rest for all else. Within
 * either a flow's hash chooses, so that a flow keeps its queue as long as its mark. A guest with
 * no more queues than are reserved has them all for all.
 *
 * Marks are the sender's word: take it where the network has looked at them, and set a knob to 8
 * (pcp) or 64 (dscp) to not believe that kind. Map counts: packets that were urgent, and others.
 *
 *	vhx policy load build/bpf/vlan_dscp_prio.bpf.o --nic 'tap*' --set reserved=2
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

const volatile __u32 reserved = 1;
const volatile __u32 pcp = 5;
const volatile __u32 dscp = 40;

enum { URGENT, OTHER, COUNTS };

VHX_COUNTERS(counts, COUNTS);

/* The byte of an IP header that the DSCP is in; 0 for what is no IP. */
static __always_inline __u8 class_of(struct vhx_pkt *pkt)
{
	struct vhx_cursor cur = vhx_cursor(pkt);
	const __u8 *head;
	__u16 proto;

	if (!vhx_parse_eth(&cur, &proto) || (proto != ETH_P_IP && proto != ETH_P_IPV6))
		return 0;
	head = vhx_pkt_data(pkt, cur.off, 2);
	if (!head)
		return 0;
	return proto == ETH_P_IP ? head[1] : head[0] << 4 | head[1] >> 4;
}

static __always_inline bool is_urgent(struct vhx_pkt *pkt)
{
	return pkt->vlan_tci >> 13 >= pcp || class_of(pkt) >> 2 >= dscp;
}

static __always_inline __u32 choose(struct vhx_pkt *pkt, __u32 queues)
{
	__u32 hash = vhx_pkt_flow_hash(pkt);
	bool urgent = is_urgent(pkt);

	vhx_count(&counts, urgent ? URGENT : OTHER);
	if (queues <= reserved)
		return vhx_scale(hash, queues);
	return urgent && reserved ? vhx_scale(hash, reserved)
				  : reserved + vhx_scale(hash, queues - reserved);
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

VHX_STEER_OPS(vlan_dscp_prio, .rx = (void *)rx, .batch = (void *)batch);
