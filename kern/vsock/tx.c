// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the guest: what it sent is copied, judged, and handed to whom it is for. The guest's memory
 * is read once, header and payload, and its buffers go back before anybody answers.
 */
#include <linux/skbuff.h>
#include <linux/vm_sockets.h>

#include "core/access.h"
#include "conn.h"
#include "guest.h"
#include "limit.h"
#include "route.h"
#include "trace.h"

/**
 * struct vhx_vtx - a turn
 * @g: guest
 * @vq: its queue
 * @s: the worker's scratch
 * @npackets: packets taken
 * @bytes: of their payload
 */
struct vhx_vtx {
	struct vhx_guest *g;
	struct vhx_vq *vq;
	struct vhx_vsock_scratch *s;
	u32 npackets;
	u32 bytes;
};

static struct vhx_segs vhx_vtx_segs(const struct vhx_vtx *t, const struct vhx_chain *c)
{
	return (struct vhx_segs) { &t->s->seg[c->seg], c->nout };
}

/* ---- where to ---- */

/* Nobody takes it: the guest is told at once, rather than left to wait. */
static void vhx_vtx_reject(struct vhx_vtx *t, const struct vhx_pkt_hdr *h)
{
	struct vhx_pkt_hdr rst;
	struct sk_buff *skb;

	if (!vhx_pkt_make_rst(h, &rst))
		return;
	skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM, GFP_KERNEL);
	if (!skb)
		return;
	memcpy(virtio_vsock_hdr(skb), &rst, sizeof(rst));
	virtio_vsock_skb_set_reply(skb);
	vhx_rx_queue(t->g, skb);
}

/* Who gets it? Only the first packet of a connection asks the routes. */
static u8 vhx_vtx_verdict(struct vhx_vtx *t, const struct vhx_pkt_hdr *h)
{
	u8 verdict;

	if (le16_to_cpu(h->op) != VHX_PKT_REQUEST)
		return le64_to_cpu(h->dst_cid) == VMADDR_CID_HOST ? VHX_VSOCK_HOST :
								    VHX_VSOCK_SIBLING;
	verdict = vhx_route_verdict(t->g->space, h);
	if (verdict != VHX_VSOCK_REJECT && !vhx_limit_conn(t->g)) {
		vhx_guest_count(t->g, VHX_VSOCK_STAT_REFUSED);
		verdict = VHX_VSOCK_REJECT;
	}
	trace_vhx_vsock_verdict(h, verdict);
	return verdict;
}

/* Return: whether the host's sockets took it. */
static bool vhx_vtx_to_host(struct vhx_vtx *t, struct sk_buff *skb)
{
	virtio_transport_deliver_tap_pkt(skb);
	if (!vhx_transport_recv(skb, t->g->net))
		return false;
	t->vq->runner->awaits = VHX_AWAIT_SOCKET;
	vhx_guest_count(t->g, VHX_VSOCK_STAT_TO_HOST);
	return true;
}

static bool vhx_vtx_to_agent(struct vhx_vtx *t, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	virtio_transport_deliver_tap_pkt(skb);
	if (!vhx_agency_ask(t->g, h, skb))
		return false;
	vhx_guest_count(t->g, VHX_VSOCK_STAT_TO_AGENT);
	return true;
}

/* Of a connection that the agent has? Return: whether @skb was taken. */
static bool vhx_vtx_is_agents(struct vhx_vtx *t, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	if (!READ_ONCE(t->g->agency.nflows) || le16_to_cpu(h->op) == VHX_PKT_REQUEST)
		return false;
	virtio_transport_deliver_tap_pkt(skb);
	if (!vhx_agency_recv(t->g, h, skb))
		return false;
	vhx_guest_count(t->g, VHX_VSOCK_STAT_TO_AGENT);
	return true;
}

static bool vhx_vtx_to_sibling(struct vhx_vtx *t, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	if (le16_to_cpu(h->op) == VHX_PKT_REQUEST)
		return vhx_sibling_ask(t->g, h, skb);
	return vhx_sibling_recv(t->g, h, skb);
}

/* Takes @skb. */
static void vhx_vtx_route(struct vhx_vtx *t, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	u8 verdict;

	if (vhx_vtx_is_agents(t, h, skb))
		return;
	verdict = vhx_vtx_verdict(t, h);
	if (verdict == VHX_VSOCK_HOST && vhx_vtx_to_host(t, skb))
		return;
	/* Who watches sees it when it comes to the other guest. */
	if (verdict == VHX_VSOCK_SIBLING && vhx_vtx_to_sibling(t, h, skb))
		return;
	if (verdict == VHX_VSOCK_AGENT && vhx_vtx_to_agent(t, h, skb))
		return;
	virtio_transport_deliver_tap_pkt(skb);
	kfree_skb(skb);
	vhx_guest_count(t->g, VHX_VSOCK_STAT_UNROUTED);
	vhx_vtx_reject(t, h);
}

/* ---- one packet ---- */

/* A packet with room for @len bytes; NULL if there is no memory. */
static struct sk_buff *vhx_vtx_alloc(const struct vhx_vtx *t, u32 len)
{
	struct sk_buff *skb;

	if (len >= VHX_PAGES_LEAST) {
		skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM, GFP_KERNEL);
		if (!skb || vhx_pages_fill(&t->g->pages_from, skb, len))
			return skb;
		kfree_skb(skb);
	}
	skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM + len, GFP_KERNEL);
	if (skb)
		virtio_vsock_skb_put(skb, len);
	return skb;
}

/* Return: 0 or -EFAULT. */
static int vhx_vtx_payload(const struct vhx_vtx *t, const struct vhx_chain *c, struct sk_buff *skb)
{
	const struct vhx_segs from = vhx_vtx_segs(t, c);
	const u32 head = skb_headlen(skb);
	u32 off = sizeof(struct vhx_pkt_hdr) + head, i;

	if (vhx_copy_in(skb->data, from, sizeof(struct vhx_pkt_hdr), head))
		return -EFAULT;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];

		if (vhx_copy_in(skb_frag_address(f), from, off, skb_frag_size(f)))
			return -EFAULT;
		off += skb_frag_size(f);
	}
	return 0;
}

/* It is none, or no good one. */
static void vhx_vtx_bad(struct vhx_vtx *t)
{
	vhx_vq_count(t->vq, VHX_QSTAT_BAD_PACKETS, 1);
}

/* A packet's header, as far as it goes. Return: enum vhx_pkt_fault. */
static enum vhx_pkt_fault vhx_vtx_head(const struct vhx_vtx *t, const struct vhx_chain *c,
				       struct vhx_pkt_hdr *h)
{
	if (c->nin || c->out_len < sizeof(*h) || vhx_copy_in(h, vhx_vtx_segs(t, c), 0, sizeof(*h)))
		return VHX_PKT_SHORT;
	return vhx_pkt_check(h, c->out_len, t->g->cid);
}

/* Return: 0, or -ENOMEM: nothing was done, it may be taken later. */
static int vhx_vtx_take(struct vhx_vtx *t, const struct vhx_chain *c)
{
	struct vhx_pkt_hdr h;
	struct sk_buff *skb;
	u32 len;

	if (vhx_vtx_head(t, c, &h) != VHX_PKT_OK) {
		vhx_vtx_bad(t);
		return 0;
	}
	len = le32_to_cpu(h.len);
	skb = vhx_vtx_alloc(t, len);
	if (!skb)
		return -ENOMEM;
	memcpy(virtio_vsock_hdr(skb), &h, sizeof(h));
	if (len && vhx_vtx_payload(t, c, skb)) {
		kfree_skb(skb);
		vhx_vtx_bad(t);
		return 0;
	}
	vhx_vq_count(t->vq, VHX_QSTAT_PACKETS, 1);
	vhx_vq_count(t->vq, VHX_QSTAT_BYTES, len);
	t->bytes += len;
	vhx_vtx_route(t, &h, skb);
	return 0;
}

/* ---- the handler ---- */

/* Return: chains taken; 0 when there are none; negative when the queue can do no more for now. */
static int vhx_vtx_batch(struct vhx_vtx *t)
{
	struct vhx_pull p = {
		.chain = t->s->chain,
		.seg = t->s->seg,
		.max_chain = VHX_PULL_MAX,
		.max_seg = ARRAY_SIZE(t->s->seg),
	};
	const u32 bytes = t->bytes;
	int n, i, err = 0;

	n = vhx_vq_pull(t->vq, &p);
	for (i = 0; i < n; i++) {
		const struct vhx_chain *c = &t->s->chain[i];

		err = vhx_vtx_take(t, c);
		if (err)
			break;
		t->s->done[i] = (struct vhx_done) { .id = c->id, .ndesc = c->ndesc };
	}
	if (n <= 0)
		return n;
	vhx_vq_unpull(t->vq, &t->s->chain[i], n - i);
	t->npackets += i;
	vhx_limit_sent(t->g, t->bytes - bytes + i * sizeof(struct vhx_pkt_hdr));
	if (vhx_vq_push(t->vq, t->s->done, i))
		return -EIO;
	/* When there is memory again, it goes on. */
	if (err)
		vhx_vq_queue(t->vq);
	return err ?: n;
}

static bool vhx_vtx_spent(const struct vhx_vtx *t)
{
	return t->npackets >= VHX_VSOCK_BUDGET || t->bytes >= VHX_VSOCK_BUDGET_BYTES;
}

/**
 * vhx_vsock_tx_handle - serve the queue from the guest
 * @vq: the queue
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_vsock_tx_handle(struct vhx_vq *vq)
{
	struct vhx_vtx t = {
		.g = vhx_guest_of(vq),
		.vq = vq,
		.s = vq->runner->scratch,
	};
	int n;

	vhx_vq_busy(vq);
	/* With too many answers under way nothing is taken: who sends them queues us. */
	while (!vq->broken && vhx_rx_takes_replies(t.g) && !vhx_limit_paused(t.g)) {
		if (vhx_vtx_spent(&t)) {
			vhx_vq_queue(vq);
			break;
		}
		n = vhx_vtx_batch(&t);
		if (n < 0 || (!n && !vhx_vq_rest(vq)))
			break;
	}
}
