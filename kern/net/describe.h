/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy sees of a packet. Inline, since it is done for each.
 */
#ifndef _VHX_NET_DESCRIBE_H
#define _VHX_NET_DESCRIBE_H

#include <linux/etherdevice.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/unaligned.h>

#include "steer.h"

/* Bytes that are at hand, of a frame of @len. */
struct vhx_frame {
	const void *head;
	u32 head_len;
	u32 len;
};

static const u8 vhx_no_frame[ETH_HLEN];

static __always_inline void vhx_pkt_describe(struct vhx_pkt_kern *pk, const struct vhx_frame *f,
					     u32 flags, u32 queue)
{
	const void *head = f->head;
	u32 head_len = f->head_len;
	u16 proto, tci = 0;

	/* What is no frame has no bytes either. */
	if (unlikely(head_len < ETH_HLEN)) {
		head = vhx_no_frame;
		head_len = 0;
	}
	proto = get_unaligned_be16(head + 2 * ETH_ALEN);
	if (unlikely(proto != ETH_P_IP) && (proto == ETH_P_8021Q || proto == ETH_P_8021AD) &&
	    head_len >= VLAN_ETH_HLEN) {
		tci = get_unaligned_be16(head + ETH_HLEN);
		proto = get_unaligned_be16(head + ETH_HLEN + 2);
	}
	pk->pkt = (struct vhx_pkt) {
		.len = f->len,
		.head_len = head_len,
		.flags = flags,
		.queue = queue,
		.protocol = proto,
		.vlan_tci = tci,
	};
	pk->head = head;
	pk->verdict = VHX_DEFAULT;
	pk->hash = 0;
}

/**
 * vhx_pkt_skb - describe an skb on its way to the guest
 * @pk: the description
 * @skb: at its Ethernet header
 * @flags: VHX_PKT_TAP or 0
 * @queue: queue pair it would go to
 */
static __always_inline void vhx_pkt_skb(struct vhx_pkt_kern *pk, const struct sk_buff *skb,
					u32 flags, u32 queue)
{
	struct vhx_frame f = { skb->data, skb_headlen(skb), skb->len };

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		flags |= VHX_PKT_CSUM;
	vhx_pkt_describe(pk, &f, flags, queue);
	/* A tag that the stack keeps beside the frame, as it does until the guest gets it. */
	if (unlikely(skb_vlan_tag_present(skb)))
		pk->pkt.vlan_tci = skb_vlan_tag_get(skb);
	if (skb_is_gso(skb)) {
		pk->pkt.flags |= VHX_PKT_GSO;
		pk->pkt.gso_size = skb_shinfo(skb)->gso_size;
	}
}

/*
 * Packet @i of a batch, described; who asks for one has asked for all before it. Those that are
 * described elsewhere are so by calls at the end, for which nothing needs to be saved.
 */
static __always_inline struct vhx_pkt_kern *vhx_batch_pkt(struct vhx_batch_kern *b, u32 i)
{
	struct vhx_pkt_kern *pk = &b->pk[i];
	void *pkt;

	if (i != b->seen)
		return pk;
	b->seen = i + 1;
	if (b->batch.flags & VHX_PKT_TX)
		return vhx_tx_describe(b, pk);
	pkt = ((void *const *)b->from)[i];
	if (unlikely(tun_is_xdp_frame(pkt)))
		return vhx_xdp_describe(b, pk, tun_ptr_to_xdp(pkt));
	vhx_pkt_skb(pk, pkt, 0, b->batch.queue);
	return pk;
}

#endif /* _VHX_NET_DESCRIBE_H */
