// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the guest: chains become packets that the peer receives. Header and payload are copied once,
 * and looked at in the copy.
 */
#include <linux/etherdevice.h>
#include <linux/gfp.h>
#include <linux/skbuff.h>
#include <linux/uio.h>

#include "copy.h"
#include "vnet.h"

/* In front of a frame; and what of one that does not fit into a page stands in one piece. */
#define VHX_VNET_PAD	(NET_SKB_PAD + NET_IP_ALIGN)
#define VHX_VNET_HEAD	256

/* A turn of the handler. */
struct vhx_vtx {
	struct vhx_vnet *vn;
	struct vhx_vq *vq;
	struct vhx_vnet_queue *q;
	struct vhx_vnet_scratch *s;
	struct list_head skbs;
	u32 packets;
	u32 bytes;
	u32 descs;
};

/* A guest asks for nothing that it was not offered, or did not take. */
static bool vhx_vtx_may_ask(const struct vhx_vnet *vn, const struct vhx_hdr *h)
{
	u64 need = 0;

	if (h->flags & VHX_HDR_F_NEEDS_CSUM)
		need |= BIT_ULL(VIRTIO_NET_F_CSUM);
	if (h->gso_type & VHX_HDR_GSO_ECN)
		need |= BIT_ULL(VIRTIO_NET_F_HOST_ECN);
	switch (h->gso_type & ~VHX_HDR_GSO_ECN) {
	case VHX_HDR_GSO_NONE:
		break;
	case VHX_HDR_GSO_TCPV4:
		need |= BIT_ULL(VIRTIO_NET_F_HOST_TSO4);
		break;
	case VHX_HDR_GSO_TCPV6:
		need |= BIT_ULL(VIRTIO_NET_F_HOST_TSO6);
		break;
	case VHX_HDR_GSO_UDP_L4:
		need |= BIT_ULL(VIRTIO_NET_F_HOST_USO);
		break;
	default:
		return false;
	}
	return !(need & ~vn->features);
}

/* Bytes of a buffer for a frame of @len in one piece; 0: it is too large for that. */
static u32 vhx_vtx_buflen(u32 len)
{
	u32 buflen = SKB_DATA_ALIGN(VHX_VNET_PAD + len) +
		     SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	return buflen <= PAGE_SIZE ? buflen : 0;
}

/* A frame that fits into a page, all of it in one piece. */
static struct sk_buff *vhx_vtx_small(struct vhx_vtx *t, const struct vhx_chain *c, u32 len)
{
	const u32 buflen = vhx_vtx_buflen(len);
	struct sk_buff *skb;
	void *buf;

	buf = page_frag_alloc_align(&t->q->frag, buflen, GFP_KERNEL, SMP_CACHE_BYTES);
	if (unlikely(!buf))
		return NULL;
	skb = build_skb(buf, buflen);
	if (unlikely(!skb)) {
		page_frag_free(buf);
		return NULL;
	}
	skb_reserve(skb, VHX_VNET_PAD);
	vhx_vnet_copy_in(t->s->seg + c->seg, t->vn->hdr_len, skb_put(skb, len), len);
	return skb;
}

static struct sk_buff *vhx_vtx_large(struct vhx_vtx *t, const struct vhx_chain *c, u32 len)
{
	const u32 rest = len - VHX_VNET_HEAD;
	struct iov_iter from;
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(VHX_VNET_PAD + VHX_VNET_HEAD, rest, PAGE_ALLOC_COSTLY_ORDER, &err,
				   GFP_KERNEL);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, VHX_VNET_PAD);
	skb_put(skb, VHX_VNET_HEAD);
	skb->data_len = rest;
	skb->len += rest;
	iov_iter_kvec(&from, ITER_SOURCE, (struct kvec *)(t->s->seg + c->seg), c->nout,
		      c->out_len);
	iov_iter_advance(&from, t->vn->hdr_len);
	if (likely(!skb_copy_datagram_from_iter(skb, 0, &from, len)))
		return skb;
	kfree_skb(skb);
	return NULL;
}

static int vhx_vtx_offload(const struct vhx_vtx *t, struct sk_buff *skb, const struct vhx_hdr *h)
{
	skb->dev = t->vn->netdev;
	/* Looks at the copy; believes nothing of it that the stack would rely on. */
	return virtio_net_hdr_to_skb(skb, (const struct virtio_net_hdr *)h, true);
}

/* Return: the packet, or NULL, counted. */
static struct sk_buff *vhx_vtx_packet(struct vhx_vtx *t, const struct vhx_chain *c)
{
	const u32 hdr_len = t->vn->hdr_len;
	u32 len = c->out_len - hdr_len;
	struct sk_buff *skb;
	struct vhx_hdr h;

	if (c->nin || c->out_len < hdr_len || len > VHX_VNET_FRAME_MAX)
		goto err_bad;
	vhx_vnet_copy_in(t->s->seg + c->seg, 0, &h, hdr_len);
	if (vhx_hdr_check(&h, len, t->vq->ring.swap, false) || !vhx_vtx_may_ask(t->vn, &h))
		goto err_bad;
	skb = vhx_vtx_buflen(len) ? vhx_vtx_small(t, c, len) : vhx_vtx_large(t, c, len);
	if (unlikely(!skb)) {
		vhx_vq_count(t->vq, VHX_QSTAT_BACKEND_ERRORS, 1);
		return NULL;
	}
	if (likely(!vhx_vtx_offload(t, skb, &h)))
		return skb;
	kfree_skb(skb);
err_bad:
	vhx_vq_count(t->vq, VHX_QSTAT_BAD_PACKETS, 1);
	return NULL;
}

/* A packet is the peer's. */
static void vhx_vtx_arrive(struct vhx_vtx *t, struct sk_buff *skb)
{
	skb->protocol = eth_type_trans(skb, t->vn->netdev);
	skb_reset_network_header(skb);
	skb_probe_transport_header(skb);
	skb_record_rx_queue(skb, t->vq->index / 2);
	list_add_tail(&skb->list, &t->skbs);
}

/* A peer that is down receives nothing. */
static void vhx_vtx_deliver(struct vhx_vtx *t)
{
	struct net_device *dev = t->vn->netdev;
	struct sk_buff *skb, *next;

	if (list_empty(&t->skbs))
		return;
	if (likely(netif_running(dev))) {
		local_bh_disable();
		netif_receive_skb_list(&t->skbs);
		local_bh_enable();
	} else {
		list_for_each_entry_safe(skb, next, &t->skbs, list) {
			skb_list_del_init(skb);
			dev_core_stats_rx_dropped_inc(dev);
			kfree_skb(skb);
		}
	}
	INIT_LIST_HEAD(&t->skbs);
}

/* Return: false when the ring broke. */
static bool vhx_vtx_batch(struct vhx_vtx *t, u32 n)
{
	struct vhx_vnet_scratch *s = t->s;
	struct sk_buff *skb;
	u32 i, m = 0;
	u64 bytes = 0;

	for (i = 0; i < n; i++) {
		s->done[i].id = s->chain[i].id;
		s->done[i].ndesc = s->chain[i].ndesc;
		s->done[i].len = 0;
		t->bytes += min_t(u32, s->chain[i].out_len, VHX_VNET_BUDGET_BYTES);
		skb = vhx_vtx_packet(t, &s->chain[i]);
		if (skb)
			s->skb[m++] = skb;
	}
	t->packets += n;
	m = vhx_vnet_judge(t->vn, t->vq, s, m);
	for (i = 0; i < m; i++) {
		bytes += s->skb[i]->len;
		vhx_vtx_arrive(t, s->skb[i]);
	}
	vhx_vq_count(t->vq, VHX_QSTAT_PACKETS, m);
	vhx_vq_count(t->vq, VHX_QSTAT_BYTES, bytes);
	vhx_vtx_deliver(t);
	return !vhx_vq_push(t->vq, s->done, n);
}

static int vhx_vtx_pull(struct vhx_vtx *t)
{
	struct vhx_pull pull = {
		.chain = t->s->chain,
		.seg = t->s->seg,
		.max_chain = VHX_VNET_BATCH,
		.max_seg = VHX_VNET_SEGS,
	};
	int n = vhx_vq_pull(t->vq, &pull);

	t->descs += pull.ndesc;
	return n;
}

static bool vhx_vtx_spent(const struct vhx_vtx *t)
{
	return t->packets >= VHX_VNET_BUDGET_PACKETS || t->bytes >= VHX_VNET_BUDGET_BYTES ||
	       t->descs >= VHX_VNET_BUDGET_DESCS;
}

/**
 * vhx_vnet_tx_handle - serve a queue from the guest
 * @vq: the queue
 *
 * Context: its worker, @vq->lock.
 */
void vhx_vnet_tx_handle(struct vhx_vq *vq)
{
	struct vhx_vtx t = {
		.vn = vhx_vnet_queue_of(vq)->vn,
		.vq = vq,
		.q = vhx_vnet_queue_of(vq),
		.s = vq->runner->scratch,
		.skbs = LIST_HEAD_INIT(t.skbs),
	};
	int n;

	BUILD_BUG_ON(sizeof(struct vhx_seg) != sizeof(struct kvec));
	BUILD_BUG_ON(sizeof(struct virtio_net_hdr_v1_hash) > sizeof(struct vhx_hdr));
	vhx_vq_busy(vq);
	while (!vq->broken) {
		n = vhx_vtx_pull(&t);
		if (n < 0)
			break;
		if (!n) {
			if (!vhx_vq_rest(vq))
				break;
			continue;
		}
		if (!vhx_vtx_batch(&t, n))
			break;
		if (vhx_vtx_spent(&t)) {
			vhx_vq_queue(vq);
			break;
		}
	}
}
