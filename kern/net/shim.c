// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shim, see shim.h.
 */
#include <linux/export.h>

#include "describe.h"
#include "shim.h"
#include "steer.h"

/* Counters of the queue the packet would go to; the queue's own lock is out of reach here. */
static void vhx_shim_count(struct vhx_tap_stats *t, const struct vhx_effect *e)
{
	if (e->what == VHX_EFFECT_DROP && e->note == VHX_EFFECT_DEFAULT) {
		atomic64_inc(&t->closed);
		return;
	}
	atomic64_inc(&t->steered);
	if (e->what == VHX_EFFECT_DROP)
		atomic64_inc(&t->dropped);
	if (e->note == VHX_EFFECT_DEAD)
		atomic64_inc(&t->dead);
	if (e->note == VHX_EFFECT_ILLEGAL)
		atomic64_inc(&t->illegal);
}

/**
 * vhx_shim_settle - count and remember what a packet's verdict was, before it is queued
 * @nic: its NIC
 * @skb: the packet; marked
 * @e: the effect
 * @q: queue it goes to
 *
 * Context: any but hard interrupts; RCU.
 */
void vhx_shim_settle(const struct vhx_net_nic *nic, struct sk_buff *skb,
		     const struct vhx_effect *e, u32 q)
{
	struct vhx_seat *seat = rcu_dereference(nic->seat[q]);

	if (seat)
		vhx_shim_count(&seat->tap, e);
	skb->sender_cpu = e->what == VHX_EFFECT_DROP ? VHX_MARK_DROP : VHX_MARK_QUEUE | q;
}
EXPORT_SYMBOL_GPL(vhx_shim_settle);

/*
 * The built-in choice, as tun makes it without a steering program: the queue the flow's own
 * packets came from last, else any by hash.
 */
static u32 vhx_shim_default(struct vhx_net_nic *nic, struct vhx_pkt_kern *pk,
			    u32 queues)
{
	u32 hash = vhx_pkt_hash(pk);
	u32 q;

	q = READ_ONCE(nic->flow[hash & (VHX_NIC_FLOWS - 1)]);
	if (q && q <= queues)
		return q - 1;
	return reciprocal_scale(hash, queues);
}

/**
 * vhx_shim_select - choose a tap's queue for a packet
 * @skb: the packet, on its way into the tap
 *
 * Whoever may load a socket filter may attach the shim to any socket: @skb may come from any
 * netdev or none, and of a netdev that is no guest's tap nothing is done.
 *
 * Context: softirq, RCU (tun's select_queue).
 * Return: the queue, below the netdev's.
 */
u32 vhx_shim_select(struct sk_buff *skb)
{
	struct vhx_pkt_kern pk;
	struct vhx_net_nic *nic;
	u32 queues;
	struct vhx_effect e;
	struct vhx_steer s;
	u32 q;

	if (!skb->dev)
		return 0;
	queues = clamp(READ_ONCE(skb->dev->real_num_tx_queues), 1U,
		       (u32)VHX_NIC_PAIRS);
	vhx_pkt_skb(&pk, skb, VHX_PKT_TAP, 0);
	nic = vhx_nic_of_dev(skb->dev);
	if (!nic || nic->kind != VHX_PORT_TAP)
		return reciprocal_scale(vhx_pkt_hash(&pk), queues);

	vhx_nic_asked_at_tap(nic);
	if (!static_branch_unlikely(&vhx_steer_key) ||
	    !__vhx_steer_begin(nic, VHX_DIR_RX, &s))
		return vhx_shim_default(nic, &pk, queues);

	vhx_steer_one(&s, &pk, &e);
	q = e.what == VHX_EFFECT_QUEUE ? e.queue
				       : vhx_shim_default(nic, &pk, queues);
	vhx_shim_settle(nic, skb, &e, q);
	return q;
}

/**
 * vhx_shim_filter - drop what the policy dropped
 * @skb: the packet, entering the tap
 *
 * Context: softirq, RCU (tun's ndo_start_xmit).
 * Return: 0 to drop it, else its length.
 */
u32 vhx_shim_filter(struct sk_buff *skb)
{
	return vhx_shim_mark(skb) == VHX_MARK_DROP ? 0 : skb->len;
}
