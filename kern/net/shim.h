/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shim: a NIC's policy runs where its netdev chooses a queue, so that a packet is on the right
 * ring from the start, with no second queue and no second wake-up. Two socket filters on a tap
 * (bpf/tap_shim.bpf.c) call in here; without them, a queue's worker runs the policy and hands
 * the packet over. The netdev of a vDPA device does so by itself (vdpa/net/steer.c).
 *
 * What was decided travels in the skb, in sender_cpu: it has done its part when a queue is
 * chosen, and the stack writes it anew whenever the skb is sent by another netdev.
 */
#ifndef _VHX_NET_SHIM_H
#define _VHX_NET_SHIM_H

#include <linux/skbuff.h>

#define VHX_MARK_MASK	0xffff0000U
#define VHX_MARK_QUEUE	0xfab10000U	/* | queue: judged, for this queue pair */
#define VHX_MARK_DROP	0xfab20000U	/* judged, to be dropped; counted already */

struct vhx_effect;
struct vhx_net_nic;

void vhx_shim_settle(const struct vhx_net_nic *nic, struct sk_buff *skb,
		     const struct vhx_effect *e, u32 q);
u32 vhx_shim_select(struct sk_buff *skb);
u32 vhx_shim_filter(struct sk_buff *skb);

/* Was it judged where a queue was chosen? */
static inline bool vhx_shim_mark_is(const struct sk_buff *skb)
{
	const u32 mark = skb->sender_cpu & VHX_MARK_MASK;

	return mark == VHX_MARK_QUEUE || mark == VHX_MARK_DROP;
}

static inline u32 vhx_shim_mark(const struct sk_buff *skb)
{
	return skb->sender_cpu & VHX_MARK_MASK;
}

#endif /* _VHX_NET_SHIM_H */
