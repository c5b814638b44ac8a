// SPDX-License-Identifier: GPL-2.0-only
/*
 * To the guest: packets that wait for it go into the buffers that it posted, a part of a packet
 * into each. A batch of buffers is pulled, filled and given back at once; those that were not
 * needed are put back.
 */
#include <linux/skbuff.h>
#include <linux/uio.h>

#include "core/access.h"
#include "core/log.h"
#include "conn.h"
#include "guest.h"

/**
 * struct vhx_vrx - a turn
 * @g: guest
 * @vq: its queue
 * @s: the worker's scratch
 * @npulled: chains pulled
 * @ndone: of which so many were used, or are of no use
 * @npackets: packets begun in this turn
 * @bytes: that were sent in it
 * @replies: answers sent in this batch
 * @room: bytes of payload that the last buffer had room for; a guess at what the next ones do
 */
struct vhx_vrx {
	struct vhx_guest *g;
	struct vhx_vq *vq;
	struct vhx_vsock_scratch *s;
	u32 npulled;
	u32 ndone;
	u32 npackets;
	u32 bytes;
	u32 replies;
	u32 room;
};

#define VHX_VRX_ROOM	3584	/* what a guest of Linux has, about */

/* ---- what waits ---- */

/**
 * vhx_rx_queue - a packet of the host's for a guest
 * @g: guest
 * @skb: packet with its header; consumed
 *
 * Context: RCU, or a reference to @g; any but interrupts.
 */
void vhx_rx_queue(struct vhx_guest *g, struct sk_buff *skb)
{
	if (virtio_vsock_skb_reply(skb))
		atomic_inc(&g->nreplies);
	vhx_out_put(&g->out.host, skb, 0);
	vhx_vq_queue(&g->vq[VHX_VSOCK_TO_GUEST]);
}

/**
 * vhx_rx_takes_replies - may what the guest sends be answered?
 * @g: guest
 *
 * Context: the handler of the queue from the guest, which is queued when it may again.
 */
bool vhx_rx_takes_replies(const struct vhx_guest *g)
{
	return atomic_read(&g->nreplies) < g->vq[VHX_VSOCK_FROM_GUEST].ring.num;
}

/**
 * vhx_rx_dropped - answers do not wait any more
 * @g: guest
 * @replies: how many
 *
 * Context: any but interrupts.
 */
void vhx_rx_dropped(struct vhx_guest *g, u32 replies)
{
	struct vhx_vq *from = &g->vq[VHX_VSOCK_FROM_GUEST];
	const u32 most = READ_ONCE(from->ring.num);
	u32 before;

	if (!replies)
		return;
	before = atomic_fetch_sub(replies, &g->nreplies);
	if (before >= most && before - replies < most)
		vhx_vq_queue(from);
}

/**
 * vhx_rx_forget - nothing waits for a guest any more
 * @g: guest, whose queues are stopped
 *
 * Context: process.
 */
void vhx_rx_forget(struct vhx_guest *g)
{
	struct vhx_lane *lane;
	struct vhx_end *end;
	struct sk_buff *skb;

	/* One by one: a socket that gives up has perhaps taken some, and counts those itself. */
	while ((skb = vhx_out_take(&g->out, &lane))) {
		if (virtio_vsock_skb_reply(skb))
			atomic_dec(&g->nreplies);
		vhx_out_done(lane, skb->truesize);
		kfree_skb(skb);
	}
	while ((end = vhx_out_take_reset(&g->out)))
		vhx_conn_put(end->conn);
}

/* ---- copies ---- */

/* Is all of it in pages that can be read as they are? */
static bool vhx_vrx_is_pages(const struct sk_buff *skb)
{
	return !IS_ENABLED(CONFIG_HIGHMEM) && !skb_headlen(skb) && !skb_has_frag_list(skb);
}

/* From @off on @len bytes of @skb's pages, behind a header. Return: 0 or -EFAULT. */
static int vhx_vrx_copy_pages(struct vhx_segs to, const struct sk_buff *skb, u32 off, u32 len)
{
	const skb_frag_t *f = skb_shinfo(skb)->frags;
	u32 at = sizeof(struct vhx_pkt_hdr), n;

	for (; off >= skb_frag_size(f); f++)
		off -= skb_frag_size(f);
	for (; len; f++, len -= n, at += n, off = 0) {
		n = min(len, skb_frag_size(f) - off);
		if (vhx_copy_out(to, at, skb_frag_address(f) + off, n))
			return -EFAULT;
	}
	return 0;
}

/* @part's header, and from @off on what it has of @skb, into @c. Return: 0 or -EFAULT. */
static int vhx_vrx_copy(const struct vhx_vrx *r, const struct vhx_chain *c,
			const struct vhx_pkt_hdr *part, const struct sk_buff *skb)
{
	const struct vhx_segs to = { &r->s->seg[c->seg], c->nin };
	const u32 off = VIRTIO_VSOCK_SKB_CB(skb)->offset, len = le32_to_cpu(part->len);
	struct iov_iter iter;

	if (vhx_copy_out(to, 0, part, sizeof(*part)))
		return -EFAULT;
	if (!skb_is_nonlinear(skb))
		return vhx_copy_out(to, sizeof(*part), skb->data + off, len);
	if (vhx_vrx_is_pages(skb))
		return vhx_vrx_copy_pages(to, skb, off, len);
	iov_iter_init(&iter, ITER_DEST, (const struct iovec *)to.seg, to.n, c->in_len);
	iov_iter_advance(&iter, sizeof(*part));
	return skb_copy_datagram_iter(skb, off, &iter, len) ? -EFAULT : 0;
}

/* ---- buffers ---- */

static void vhx_vrx_give(struct vhx_vrx *r, const struct vhx_chain *c, u32 len)
{
	r->s->done[r->ndone++] = (struct vhx_done) {
		.id = c->id,
		.ndesc = c->ndesc,
		.len = len,
	};
}

/* A buffer that nothing fits into, or that is not there, goes back empty. */
static void vhx_vrx_bad(struct vhx_vrx *r, const struct vhx_chain *c)
{
	vhx_vq_count(r->vq, VHX_QSTAT_BAD_PACKETS, 1);
	vhx_vrx_give(r, c, 0);
}

/* All of it is with the guest. */
static void vhx_vrx_sent(struct vhx_vrx *r, struct vhx_lane *lane, struct sk_buff *skb)
{
	r->replies += virtio_vsock_skb_reply(skb);
	vhx_vq_count(r->vq, VHX_QSTAT_PACKETS, 1);
	vhx_vq_count(r->vq, VHX_QSTAT_BYTES, skb->len);
	vhx_out_done(lane, skb->truesize);
	virtio_transport_consume_skb_sent(skb, true);
}

/*
 * Put what is left of @skb, or as much as fits, into the next buffer.
 * Return: whether all of it is sent.
 */
static bool vhx_vrx_part(struct vhx_vrx *r, struct sk_buff *skb)
{
	const struct vhx_chain *c = &r->s->chain[r->ndone];
	struct virtio_vsock_skb_cb *cb = VIRTIO_VSOCK_SKB_CB(skb);
	const struct vhx_pkt_part part = { .len = skb->len, .off = cb->offset };
	const u32 left = part.len - part.off;
	struct vhx_pkt_hdr *h = (void *)virtio_vsock_hdr(skb);
	const __le32 whole = h->len, flags = h->flags;
	u32 len;
	int err;

	/* A part of nothing would never come to an end. */
	if (c->nout || c->in_len < sizeof(*h) + !!left) {
		vhx_vrx_bad(r, c);
		return false;
	}
	/* In place, so that who watches (vsockmon) sees each part as it is. */
	len = vhx_pkt_next_part(&part, h, c->in_len, h);
	err = vhx_vrx_copy(r, c, h, skb);
	if (!err) {
		virtio_vsock_skb_clear_tap_delivered(skb);
		virtio_transport_deliver_tap_pkt(skb);
	}
	h->len = whole;
	h->flags = flags;
	if (err) {
		vhx_vrx_bad(r, c);
		return false;
	}
	vhx_vrx_give(r, c, sizeof(*h) + len);
	r->bytes += sizeof(*h) + len;
	/* Of what has no payload a buffer may be just the header. */
	r->room = max_t(u32, c->in_len - sizeof(*h), 1);
	cb->offset += len;
	return cb->offset == skb->len;
}

/* ---- the handler ---- */

/* RSTs for ends that the guest has not heard of, as many as go now; they take the host's lane. */
static void vhx_vrx_resets(struct vhx_vrx *r)
{
	struct vhx_guest *g = r->g;
	struct vhx_end *end;
	struct sk_buff *skb;
	u32 n;

	for (n = 0; n < r->npulled; n++) {
		end = vhx_out_take_reset(&g->out);
		if (!end)
			break;
		skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM, GFP_KERNEL);
		if (!skb) {
			/* When there is memory again, it goes on. */
			vhx_out_reset(&g->out, end);
			vhx_vq_queue(r->vq);
			break;
		}
		vhx_conn_make_rst(end, (void *)virtio_vsock_hdr(skb));
		vhx_out_put(&g->out.host, skb, 0);
		vhx_conn_put(end->conn);
	}
}

/* Fill what was pulled, as far as there is something for it. */
static void vhx_vrx_fill(struct vhx_vrx *r)
{
	struct sk_buff *skb = NULL;
	struct vhx_lane *lane;

	vhx_vrx_resets(r);
	while (r->ndone < r->npulled) {
		if (!skb) {
			skb = vhx_out_take(&r->g->out, &lane);
			if (!skb)
				return;
			r->npackets++;
		}
		if (!vhx_vrx_part(r, skb))
			continue;
		vhx_vrx_sent(r, lane, skb);
		skb = NULL;
	}
	if (skb)
		vhx_out_untake(lane, skb);
}

/*
 * What next guests' hosts must know of is logged before the guest hears of it.
 * Return: whether anything was done.
 */
static bool vhx_vrx_flush(struct vhx_vrx *r)
{
	const struct vhx_log_batch batch = {
		.seg = r->s->seg,
		.chain = r->s->chain,
		.done = r->s->done,
		.n = r->ndone,
	};

	vhx_vq_unpull(r->vq, &r->s->chain[r->ndone], r->npulled - r->ndone);
	if (likely(!vhx_vq_has(r->vq, VHOST_F_LOG_ALL) || !vhx_log_buffers(r->vq, &batch)))
		vhx_vq_push(r->vq, r->s->done, r->ndone);
	vhx_rx_dropped(r->g, r->replies);
	if (r->ndone)
		r->vq->runner->awaits = VHX_AWAIT_GUEST;
	r->ndone = 0;
	r->npulled = 0;
	r->replies = 0;
	return batch.n;
}

/* How many buffers what waits needs, about: those beyond it are put back. */
static u32 vhx_vrx_want(const struct vhx_vrx *r)
{
	u32 bytes, packets = vhx_out_next(&r->g->out, &bytes);

	return clamp(packets + bytes / r->room, 1, VHX_PULL_MAX);
}

/* Return: as vhx_vq_pull(). */
static int vhx_vrx_pull(struct vhx_vrx *r)
{
	struct vhx_pull p = {
		.chain = r->s->chain,
		.seg = r->s->seg,
		.max_chain = vhx_vrx_want(r),
		.max_seg = ARRAY_SIZE(r->s->seg),
	};
	int n = vhx_vq_pull(r->vq, &p);

	r->npulled = max(n, 0);
	return n;
}

static bool vhx_vrx_spent(const struct vhx_vrx *r)
{
	return r->npackets >= VHX_VSOCK_BUDGET || r->bytes >= VHX_VSOCK_BUDGET_BYTES;
}

/**
 * vhx_vsock_rx_handle - serve the queue to the guest
 * @vq: the queue
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_vsock_rx_handle(struct vhx_vq *vq)
{
	struct vhx_vrx r = {
		.g = vhx_guest_of(vq),
		.vq = vq,
		.s = vq->runner->scratch,
		.room = VHX_VRX_ROOM,
	};
	int n;

	/* As long as nothing waits, new buffers are of no interest. */
	vhx_vq_busy(vq);
	while (!vq->broken && vhx_out_any(&r.g->out)) {
		if (vhx_vrx_spent(&r)) {
			vhx_vq_queue(vq);
			break;
		}
		n = vhx_vrx_pull(&r);
		if (n < 0 || (!n && !vhx_vq_rest(vq)))
			break;
		if (!n)
			continue;
		vhx_vrx_fill(&r);
		/* A socket took back what there was, or there is no memory. */
		if (!vhx_vrx_flush(&r))
			break;
	}
}
