// SPDX-License-Identifier: GPL-2.0-only
/*
 * To the guest: what was sent on the peer waits in a queue's backlog for buffers. A full one stops
 * the peer's queue; so does BQL when the guest is slow.
 */
#include <linux/skbuff.h>
#include <linux/uio.h>

#include "copy.h"
#include "vnet.h"

#define YIELD_FEW	4	/* packets of a turn that came too early */
#define YIELD_GAIN	2	/* packets that make standing back worth it */

/* A turn of the handler: chains that were taken are [0, n), those below next are used. */
struct vhx_vrx {
	struct vhx_vnet *vn;
	struct vhx_vnet_queue *q;
	struct vhx_vq *vq;
	struct vhx_vnet_scratch *s;
	bool mergeable;
	bool yielded;
	u32 early;
	u32 n;
	u32 next;
	u32 nseg;
	u32 ndone;
	u32 packets;
	u32 bytes;
	u32 descs;
	u32 bql_packets;
	u32 bql_bytes;
	u32 sent;
	u32 sent_bytes;
};

static struct netdev_queue *vhx_vrx_txq(const struct vhx_vnet_queue *q)
{
	return netdev_get_tx_queue(q->vn->netdev, q->vq.index / 2);
}

/**
 * vhx_vnet_rx_add - queue a packet for the guest
 * @q: rx queue
 * @skb: packet, at its Ethernet header, which becomes the queue's
 *
 * Who sends stops the peer's queue when there is no room, and looks again.
 *
 * Context: softirqs off, the peer's queue's lock.
 * Return: false when there is no room: the packet is still the caller's.
 */
bool vhx_vnet_rx_add(struct vhx_vnet_queue *q, struct sk_buff *skb)
{
	bool room;

	spin_lock(&q->ring.producer_lock);
	if (unlikely(!q->live)) {
		spin_unlock(&q->ring.producer_lock);
		dev_core_stats_tx_dropped_inc(q->vn->netdev);
		kfree_skb(skb);
		return true;
	}
	room = !__ptr_ring_full(&q->ring);
	if (likely(room)) {
		/* Before it can be seen, and so be completed. */
		netdev_tx_sent_queue(vhx_vrx_txq(q), skb->len);
		__ptr_ring_produce(&q->ring, skb);
	}
	spin_unlock(&q->ring.producer_lock);
	return room;
}

/**
 * vhx_vnet_rx_purge - forget what waits for the guest
 * @q: rx queue, stopped and not live
 *
 * Context: process; vhx_dev.lock.
 */
void vhx_vnet_rx_purge(struct vhx_vnet_queue *q)
{
	struct netdev_queue *txq;
	struct sk_buff *skb;

	while (q->held_at < q->held_n)
		kfree_skb(q->held[q->held_at++]);
	q->held_at = 0;
	q->held_n = 0;
	/* A device that was not finished has no peer, and nothing in it. */
	if (!q->vn->netdev)
		return;
	txq = vhx_vrx_txq(q);
	__netif_tx_lock_bh(txq);
	while ((skb = ptr_ring_consume_bh(&q->ring)))
		kfree_skb(skb);
	netdev_tx_reset_queue(txq);
	netif_tx_start_queue(txq);
	__netif_tx_unlock_bh(txq);
}

/* The packet to go next, or NULL. */
static struct sk_buff *vhx_vrx_next(struct vhx_vrx *r)
{
	struct vhx_vnet_queue *q = r->q;
	struct netdev_queue *txq;

	if (q->held_at < q->held_n)
		return q->held[q->held_at];
	q->held_at = 0;
	q->held_n = ptr_ring_consume_batched_bh(&q->ring, q->held, VHX_VNET_BATCH);
	if (!q->held_n)
		return NULL;
	/* There is room now: pairs with the barrier in vhx_peer_add(), who stops and looks again. */
	smp_mb();
	txq = vhx_vrx_txq(q);
	if (unlikely(netif_tx_queue_stopped(txq)))
		netif_tx_wake_queue(txq);
	return q->held[0];
}

/* Done with the packet that was next. */
static void vhx_vrx_taken(struct vhx_vrx *r, struct sk_buff *skb)
{
	r->q->held_at++;
	r->bql_packets++;
	r->bql_bytes += skb->len;
}

static void vhx_vrx_drop(struct vhx_vrx *r, struct sk_buff *skb)
{
	vhx_vrx_taken(r, skb);
	r->packets++;
	vhx_vq_count(r->vq, VHX_QSTAT_BAD_PACKETS, 1);
	kfree_skb(skb);
}

/* Give to the guest what was written. */
static void vhx_vrx_flush(struct vhx_vrx *r)
{
	vhx_vq_push(r->vq, r->s->done, r->ndone);
	r->ndone = 0;
	if (r->bql_packets)
		netdev_tx_completed_queue(vhx_vrx_txq(r->q), r->bql_packets, r->bql_bytes);
	r->bql_packets = 0;
	r->bql_bytes = 0;
	vhx_vq_count(r->vq, VHX_QSTAT_PACKETS, r->sent);
	vhx_vq_count(r->vq, VHX_QSTAT_BYTES, r->sent_bytes);
	r->sent = 0;
	r->sent_bytes = 0;
}

/* Put back what was taken for nothing; all that is used was flushed. */
static void vhx_vrx_unpull(struct vhx_vrx *r)
{
	vhx_vq_unpull(r->vq, r->s->chain + r->next, r->n - r->next);
	r->n = 0;
	r->next = 0;
	r->nseg = 0;
}

/*
 * How many chains to take: one for each packet at hand, or what @need bytes want of buffers like the
 * last. What is taken and not used costs twice.
 */
static u32 vhx_vrx_guess(const struct vhx_vrx *r, u32 need)
{
	return max(r->q->held_n - r->q->held_at, DIV_ROUND_UP(need, max(r->q->buf_size, 1U)));
}

/* Return: chains added; 0: there are none, or no room to take more; negative: broken. */
static int vhx_vrx_pull(struct vhx_vrx *r, u32 need)
{
	struct vhx_pull pull = {
		.chain = r->s->chain + r->n,
		.seg = r->s->seg + r->nseg,
		.max_chain = VHX_VNET_BATCH - r->n,
		.max_seg = VHX_VNET_SEGS - r->nseg,
	};
	int n, i;

	if (!pull.max_chain || pull.max_seg < VHX_CHAIN_MAX)
		return 0;
	pull.max_chain = min(pull.max_chain, vhx_vrx_guess(r, need));
	n = vhx_vq_pull(r->vq, &pull);
	r->descs += pull.ndesc;
	for (i = 0; i < n; i++)
		r->s->chain[r->n + i].seg += r->nseg;
	if (n > 0) {
		r->n += n;
		r->nseg += pull.nseg;
		r->q->buf_size = r->s->chain[r->n - 1].in_len;
	}
	return n;
}

/* Has the window what is in it because of what was used before? Then it can begin anew. */
static bool vhx_vrx_rewind(struct vhx_vrx *r)
{
	if (!r->next)
		return false;
	vhx_vrx_flush(r);
	if (r->vq->broken)
		return false;
	vhx_vrx_unpull(r);
	return true;
}

static bool vhx_vrx_full(const struct vhx_vrx *r)
{
	return r->n == VHX_VNET_BATCH || VHX_VNET_SEGS - r->nseg < VHX_CHAIN_MAX;
}

/*
 * Return: how many chains from r->next on have @need bytes together; 0 when the guest has posted too
 * few; -EMSGSIZE when no number of them will do; another errno when the ring is broken.
 */
static int vhx_vrx_room(struct vhx_vrx *r, u32 need)
{
	u32 have = 0, k = 0;
	int n;

	for (;;) {
		for (; r->next + k < r->n && have < need; k++) {
			const struct vhx_chain *c = &r->s->chain[r->next + k];

			if (unlikely(c->nout || !c->nin || (!k && c->in_len < r->vn->hdr_len))) {
				vhx_vq_break(r->vq, -EINVAL);
				return -EINVAL;
			}
			if (k && !r->mergeable)
				return -EMSGSIZE;
			have = min_t(u64, (u64)have + c->in_len, U32_MAX);
		}
		if (have >= need)
			return k;
		if (k && !r->mergeable)
			return -EMSGSIZE;
		n = vhx_vrx_pull(r, need - have);
		if (n < 0)
			return n;
		if (n)
			continue;
		if (vhx_vrx_full(r)) {
			if (!vhx_vrx_rewind(r))
				return r->vq->broken ? -EINVAL : -EMSGSIZE;
			k = 0;
			have = 0;
			continue;
		}
		/* All of the ring is in hand, and is too small. */
		return k == r->vq->ring.num ? -EMSGSIZE : 0;
	}
}

/* The guest takes only what it said: the peer may have sent what was right before it did. */
static int vhx_vrx_mend(struct vhx_vrx *r, struct sk_buff *skb)
{
	const u64 offloads = READ_ONCE(r->vn->offloads);
	const u32 type = skb_shinfo(skb)->gso_type;
	u64 need = 0;

	if (skb_is_gso(skb)) {
		if (type & SKB_GSO_TCPV4)
			need |= BIT_ULL(VIRTIO_NET_F_GUEST_TSO4);
		if (type & SKB_GSO_TCPV6)
			need |= BIT_ULL(VIRTIO_NET_F_GUEST_TSO6);
		if (type & SKB_GSO_TCP_ECN)
			need |= BIT_ULL(VIRTIO_NET_F_GUEST_ECN);
		if (type & SKB_GSO_UDP_L4)
			need |= BIT_ULL(VIRTIO_NET_F_GUEST_USO4) |
				BIT_ULL(VIRTIO_NET_F_GUEST_USO6);
		return need & ~offloads ? -EOPNOTSUPP : 0;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL && !(offloads & BIT_ULL(VIRTIO_NET_F_GUEST_CSUM)))
		return skb_checksum_help(skb);
	return 0;
}

/* The header, with nothing in it that is not the guest's to know. Return: 0 or negative. */
static int vhx_vrx_header(struct vhx_vrx *r, const struct sk_buff *skb, u32 chains,
			  struct virtio_net_hdr_v1_hash *h)
{
	const bool valid = READ_ONCE(r->vn->offloads) & BIT_ULL(VIRTIO_NET_F_GUEST_CSUM);
	u32 type, hash;

	memset(h, 0, sizeof(*h));
	if (virtio_net_hdr_from_skb(skb, (struct virtio_net_hdr *)h, true, valid, 0))
		return -EINVAL;
	h->hdr.num_buffers = (__force __virtio16)cpu_to_le16(chains);
	if (r->vn->hdr_len == sizeof(*h)) {
		hash = vhx_vnet_report(r->vn, skb, &type);
		put_unaligned_le32(hash, (u8 *)h + sizeof(h->hdr));
		h->hash_report = cpu_to_le16(type);
	}
	return 0;
}

/* What of a packet goes into a chain: @len bytes from @off on, @at bytes behind its beginning */
struct vhx_vrx_part {
	const struct vhx_chain *c;
	u32 off;
	u32 at;
	u32 len;
};

/* Return: 0 or -EFAULT. */
static int vhx_vrx_put(struct vhx_vrx *r, const struct sk_buff *skb, const struct vhx_vrx_part *p)
{
	const struct vhx_seg *seg = r->s->seg + p->c->seg;
	struct iov_iter to;

	if (likely(p->off + p->len <= skb_headlen(skb))) {
		vhx_vnet_copy_out(seg, p->at, skb->data + p->off, p->len);
		return 0;
	}
	iov_iter_kvec(&to, ITER_DEST, (struct kvec *)seg, p->c->nin, p->c->in_len);
	iov_iter_advance(&to, p->at);
	return skb_copy_datagram_iter(skb, p->off, &to, p->len);
}

static int vhx_vrx_copy(struct vhx_vrx *r, const struct sk_buff *skb, u32 chains)
{
	struct vhx_vrx_part p = { .c = &r->s->chain[r->next], .at = r->vn->hdr_len };
	struct virtio_net_hdr_v1_hash h;
	u32 i;

	if (vhx_vrx_header(r, skb, chains, &h))
		return -EINVAL;
	vhx_vnet_copy_out(r->s->seg + p.c->seg, 0, &h, p.at);
	for (i = 0; i < chains; i++, p.c++, p.off += p.len, p.at = 0) {
		p.len = min_t(u32, skb->len - p.off, p.c->in_len - p.at);
		if (unlikely(vhx_vrx_put(r, skb, &p)))
			return -EFAULT;
		r->s->done[r->ndone + i] = (struct vhx_done) { p.c->id, p.c->ndesc, p.at + p.len };
	}
	return 0;
}

/* Return: 1 one packet is done with, 0 the guest has posted too few buffers, negative: broken. */
static int vhx_vrx_one(struct vhx_vrx *r, struct sk_buff *skb)
{
	const u32 len = skb->len;
	int n;

	if (unlikely(vhx_vrx_mend(r, skb))) {
		vhx_vrx_drop(r, skb);
		return 1;
	}
	n = vhx_vrx_room(r, r->vn->hdr_len + len);
	if (unlikely(n == -EMSGSIZE)) {
		vhx_vrx_drop(r, skb);
		return 1;
	}
	if (n <= 0)
		return n;
	if (unlikely(vhx_vrx_copy(r, skb, n))) {
		vhx_vrx_drop(r, skb);
		return 1;
	}
	vhx_vrx_taken(r, skb);
	r->next += n;
	r->ndone += n;
	r->packets++;
	r->bytes += len;
	r->sent++;
	r->sent_bytes += len;
	consume_skb(skb);
	return 1;
}

static bool vhx_vrx_spent(const struct vhx_vrx *r)
{
	return r->packets >= VHX_VNET_BUDGET_PACKETS || r->bytes >= VHX_VNET_BUDGET_BYTES ||
	       r->descs >= VHX_VNET_BUDGET_DESCS;
}

/*
 * Once a turn, before going to sleep after a few packets: a worker that has preempted who sends, by
 * its wake-up, lets it go on and then finds all of the burst. As net/rx.c for taps.
 * Return: look again.
 */
static bool vhx_vrx_stand_back(struct vhx_vrx *r)
{
	if (r->yielded || !r->packets || r->packets >= YIELD_FEW)
		return false;
	if (READ_ONCE(r->q->waker) != raw_smp_processor_id() ||
	    !llist_empty(&r->vq->runner->list))
		return false;
	vhx_vrx_flush(r);
	r->yielded = vhx_yield_begin(&r->q->yield);
	r->early = r->packets;
	return r->yielded;
}

static void vhx_vrx_loop(struct vhx_vrx *r)
{
	struct sk_buff *skb;
	int n;

	while (!vhx_vrx_spent(r)) {
		skb = vhx_vrx_next(r);
		if (!skb) {
			if (vhx_vrx_stand_back(r))
				continue;
			/* Who adds one queues us. */
			return;
		}
		n = vhx_vrx_one(r, skb);
		if (n < 0)
			return;
		if (n)
			continue;
		/* Give back what is too little before asking to be told of more. */
		vhx_vrx_flush(r);
		vhx_vrx_unpull(r);
		if (r->vq->broken)
			return;
		if (!vhx_vq_rest(r->vq)) {
			vhx_vq_count(r->vq, VHX_QSTAT_NO_BUFFERS, 1);
			return;
		}
	}
	vhx_vq_queue(r->vq);
}

/**
 * vhx_vnet_rx_handle - serve a queue to the guest
 * @vq: the queue
 *
 * Context: its worker, @vq->lock.
 */
void vhx_vnet_rx_handle(struct vhx_vq *vq)
{
	struct vhx_vnet_queue *q = vhx_vnet_queue_of(vq);
	struct vhx_vrx r = {
		.vn = q->vn,
		.q = q,
		.vq = vq,
		.s = vq->runner->scratch,
		.mergeable = vhx_vq_has(vq, VIRTIO_NET_F_MRG_RXBUF),
	};

	vhx_vq_busy(vq);
	vhx_vrx_loop(&r);
	if (r.yielded)
		vhx_yield_end(&q->yield, r.packets - r.early >= YIELD_GAIN);
	vhx_vrx_flush(&r);
	vhx_vrx_unpull(&r);
	vhx_seat_tell_room(&q->vn->seat[vq->index / 2],
			   static_branch_unlikely(&vhx_steer_key));
}
