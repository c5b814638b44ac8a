// SPDX-License-Identifier: GPL-2.0-only
/*
 * To which of its queues a guest's packets go, and the hashes that it is told of.
 */
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "vnet.h"

/* Bytes in which all headers that a hash looks at are found: Ethernet, two tags, IPv6, ports. */
#define VHX_SPREAD_HEAD	128

/* Whoever sets it is alone, as of filters: see filter.c. */
static void vhx_vnet_spread_replace(struct vhx_vnet *vn, struct vhx_vnet_rss *rss)
{
	struct vhx_vnet_rss *old = rcu_dereference_protected(vn->rss, true);

	rcu_assign_pointer(vn->rss, rss);
	if (old)
		kfree_rcu(old, rcu);
}

/**
 * vhx_vnet_spread_set - the guest says how
 * @vn: device
 * @rss: checked
 *
 * Context: the control queue's handler.
 * Return: 0 or -ENOMEM.
 */
int vhx_vnet_spread_set(struct vhx_vnet *vn, const struct vhx_rss *rss)
{
	struct vhx_vnet_rss *new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);

	if (!new)
		return -ENOMEM;
	new->rss = *rss;
	vhx_vnet_spread_replace(vn, new);
	return 0;
}

/**
 * vhx_vnet_spread_reset - it does not say any more
 * @vn: device, the control queue stopped
 */
void vhx_vnet_spread_reset(struct vhx_vnet *vn)
{
	vhx_vnet_spread_replace(vn, NULL);
}

/* Return: kind of the hash, as reported. */
static u32 vhx_vnet_hash(const struct vhx_rss *rss, const struct sk_buff *skb, u32 *hash)
{
	u32 len = min_t(u32, skb->len, VHX_SPREAD_HEAD);
	u8 buf[VHX_SPREAD_HEAD];
	struct vhx_flow flow;
	const void *head;

	*hash = 0;
	head = skb_header_pointer(skb, 0, len, buf);
	if (!head || vhx_flow_parse(head, len, &flow))
		return VHX_RSS_REPORT_NONE;
	return vhx_rss_hash(rss, &flow, hash);
}

/**
 * vhx_vnet_spread - the queue pair a packet goes to
 * @vn: device
 * @skb: packet for the guest, at its Ethernet header
 *
 * Context: any.
 * Return: a pair that the guest uses.
 */
u32 vhx_vnet_spread(const struct vhx_vnet *vn, struct sk_buff *skb)
{
	const u32 curr = READ_ONCE(vn->curr);
	const struct vhx_vnet_rss *r;
	u32 pair = 0, type, hash;

	if (curr == 1)
		return 0;
	rcu_read_lock();
	r = rcu_dereference(vn->rss);
	if (r && r->rss.spread) {
		type = vhx_vnet_hash(&r->rss, skb, &hash);
		pair = vhx_rss_queue(&r->rss, type, hash);
		/* The number of pairs and the table change one after the other. */
		pair = pair < curr ? pair : 0;
	} else {
		pair = reciprocal_scale(skb_get_hash(skb), curr);
	}
	rcu_read_unlock();
	return pair;
}

/**
 * vhx_vnet_report - the hash to tell the guest of
 * @vn: device
 * @skb: packet for the guest, at its Ethernet header
 * @type: its kind
 *
 * Context: any.
 * Return: the hash, 0 without one.
 */
u32 vhx_vnet_report(const struct vhx_vnet *vn, const struct sk_buff *skb, u32 *type)
{
	const struct vhx_vnet_rss *r;
	u32 hash = 0;

	rcu_read_lock();
	r = rcu_dereference(vn->rss);
	*type = r ? vhx_vnet_hash(&r->rss, skb, &hash) : VHX_RSS_REPORT_NONE;
	rcu_read_unlock();
	return hash;
}
