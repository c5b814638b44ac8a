// SPDX-License-Identifier: GPL-2.0-only
/*
 * To the guest: packets are taken off the backend's ring and the mailbox, judged where they were
 * not judged at the tap, and copied into the buffers the guest posted.
 *
 *	fill	mailbox and ring -> p->held, what belongs to other queues -> their mailboxes
 *	room	chains with room for the packet at hand
 *	put	header and frame are copied there, see copy.c
 *	flush	chains go back to the guest
 */
#include <linux/if_tun.h>
#include <linux/uio.h>

#include "core/access.h"
#include "describe.h"
#include "poll.h"
#include "rx.h"

#define YIELD_FEW	4	/* packets of a turn that came too early */
#define YIELD_GAIN	2	/* packets that make standing back worth it */

size_t vhx_rx_scratch_size(void)
{
	return sizeof(struct vhx_rx_scratch);
}

static bool vhx_rx_spent(const struct vhx_rx *r)
{
	return r->packets >= VHX_NET_BUDGET_PACKETS ||
	       r->bytes >= VHX_NET_BUDGET_BYTES ||
	       r->descs >= VHX_NET_BUDGET_DESCS;
}

/* ---- fill: whose packets are these ---- */

static void vhx_rx_confirm(struct vhx_rx *r, void *pkt)
{
	if (!tun_is_xdp_frame(pkt))
		vhx_nic_confirm(r->p, ((struct sk_buff *)pkt)->dev);
}

/*
 * Take packets off the backend's ring; nothing is held yet. With a policy those of other queues
 * go there.
 *
 * Return: packets taken off the ring, whoever got them.
 */
static u32 vhx_rx_take(struct vhx_rx *r)
{
	struct vhx_pair *p = r->p;
	struct vhx_steer s;
	u32 n;

	n = vhx_backend_take(r->b, p->held, VHX_NET_BATCH);
	if (!n)
		return 0;
	if (unlikely(!p->confirmed))
		vhx_rx_confirm(r, p->held[0]);
	p->held_n = n;
	if (static_branch_unlikely(&vhx_steer_key)) {
		rcu_read_lock();
		if (vhx_steer_begin(&p->seat, VHX_DIR_RX, &s) &&
		    !vhx_rx_judge(r, &s, p->held, n)) {
			memcpy(r->s->pkt, p->held, n * sizeof(*p->held));
			p->held_n = 0;
			vhx_rx_sort(r, &s, n);
			/* Those for others are work as well. */
			r->packets += n - p->held_n;
		}
		rcu_read_unlock();
	}
	return n;
}

static bool vhx_rx_fill(struct vhx_rx *r)
{
	struct vhx_pair *p = r->p;

	if (p->held_at < p->held_n)
		return true;
	p->held_at = 0;
	p->held_n = vhx_mailbox_take(&p->mailbox, p->held, VHX_NET_BATCH);
	/* A flood of packets that are dropped or handed over must not keep us here. */
	while (!p->held_n)
		if (vhx_rx_spent(r) || !vhx_rx_take(r))
			return false;
	return true;
}

/*
 * The guest has no buffers for this queue; others may have. Only a policy can want a packet to go
 * to another queue, so without one the backend's ring is left to fill.
 */
static void vhx_rx_drain(struct vhx_rx *r)
{
	struct vhx_pair *p = r->p;
	struct vhx_steer s;
	u32 n, total = 0;

	if (!p->ring || !static_branch_unlikely(&vhx_steer_key))
		return;
	r->drain = true;
	do {
		rcu_read_lock();
		if (!vhx_steer_begin(&p->seat, VHX_DIR_RX, &s) || s.nic->npairs < 2) {
			rcu_read_unlock();
			return;
		}
		n = vhx_backend_take(r->b, r->s->pkt, VHX_NET_BATCH);
		if (n && !vhx_rx_judge(r, &s, r->s->pkt, n))
			vhx_rx_sort(r, &s, n);
		rcu_read_unlock();
		total += n;
	} while (n && total < VHX_NET_BUDGET_PACKETS);
	vhx_poll_start(&p->poll[VHX_NET_RX], r->b->file);
}

/*
 * ptr_ring_unconsume() calls this for each packet the ring has no room for any more, and says no
 * more of it: whoever wants to know how many there were asks alone.
 */
static DEFINE_MUTEX(vhx_rx_spill_lock);
static u32 vhx_rx_spilt;

static void vhx_rx_spill(void *pkt)
{
	vhx_rx_spilt++;
	vhx_rx_drop(pkt);
}

static void vhx_rx_put_back(struct vhx_pair *p, void **pkt, u32 n)
{
	if (!n)
		return;
	mutex_lock(&vhx_rx_spill_lock);
	vhx_rx_spilt = 0;
	ptr_ring_unconsume(p->ring, pkt, n, vhx_rx_spill);
	n = vhx_rx_spilt;
	mutex_unlock(&vhx_rx_spill_lock);
	vhx_vq_count(&p->vq[VHX_NET_RX], VHX_QSTAT_BACKEND_ERRORS, n);
}

/**
 * vhx_rx_return - put back what was taken off the ring and not delivered
 * @p: queue pair, its rx queue stopped
 *
 * A guest that comes back on the same tap gets them first. What came since has filled their
 * places in the ring: then they are lost, and counted.
 *
 * Context: process; the rx queue's lock.
 */
void vhx_rx_return(struct vhx_pair *p)
{
	u32 n = p->held_n - p->held_at;
	void **pkt;

	if (!p->ring)
		return;
	/* What is put back later stands in front: the mailbox's are younger than those held. */
	pkt = kvmalloc_array(VHX_MAILBOX_SIZE, sizeof(*pkt), GFP_KERNEL);
	if (pkt) {
		u32 m = vhx_mailbox_take(&p->mailbox, pkt, VHX_MAILBOX_SIZE);

		vhx_rx_put_back(p, pkt, m);
		kvfree(pkt);
	}
	vhx_rx_put_back(p, p->held + p->held_at, n);
	p->held_at = 0;
	p->held_n = 0;
}

/* ---- put ---- */

/* Give @nchain chains back with @len bytes in them. */
static void vhx_rx_give(struct vhx_rx *r, u32 len, u32 nchain)
{
	u32 i;

	for (i = 0; i < nchain; i++) {
		const struct vhx_chain *c = &r->s->chain[r->next + i];
		struct vhx_done *d = &r->s->done[r->ndone++];

		d->id = c->id;
		d->ndesc = c->ndesc;
		d->len = min(len, c->in_len);
		len -= d->len;
	}
	r->next += nchain;
}

/*
 * A packet is lost. Buffers that were not there go back empty, or each packet to come would meet
 * them again; a driver drops what is shorter than a header.
 */
static void vhx_rx_lost(struct vhx_rx *r, int err, u32 len, u32 nchain)
{
	vhx_rx_log_lost(r, len, nchain);
	if (err != -EFAULT) {
		vhx_vq_count(r->vq, VHX_QSTAT_BACKEND_ERRORS, 1);
		return;
	}
	vhx_vq_count(r->vq, VHX_QSTAT_BAD_PACKETS, 1);
	vhx_rx_give(r, 0, nchain);
}

static void vhx_rx_put(struct vhx_rx *r, void *pkt, u32 len, u32 nchain)
{
	const struct vhx_chain *first = &r->s->chain[r->next];
	const struct vhx_chain *last = first + nchain - 1;
	struct vhx_copy c = {
		.pkt = pkt,
		.len = len,
		.to.seg = &r->s->seg[first->seg],
		.to.n = last->seg + last->nin - first->seg,
		.nchain = nchain,
	};
	int err = vhx_copy_packet(r, &c);

	if (unlikely(err)) {
		vhx_rx_lost(r, err, r->p->guest_hdr + len, nchain);
		return;
	}
	vhx_rx_give(r, r->p->guest_hdr + len, nchain);
	r->done_packets++;
	r->done_bytes += len;
}

static void vhx_rx_flush(struct vhx_rx *r)
{
	if (!r->ndone)
		return;
	vhx_vq_count(r->vq, VHX_QSTAT_PACKETS, r->done_packets);
	vhx_vq_count(r->vq, VHX_QSTAT_BYTES, r->done_bytes);
	/* No guest sees what its next host might not. */
	if (likely(vhx_rx_log(r)))
		vhx_vq_push(r->vq, r->s->done, r->ndone);
	r->ndone = 0;
	r->done_packets = 0;
	r->done_bytes = 0;
	vhx_copy_settle(r);
}

/* ---- the handler ---- */

/* A packet socket's packet that shall not be delivered is read away. */
static void vhx_rx_read_away(struct vhx_rx *r)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_TRUNC };

	iov_iter_kvec(&msg.msg_iter, ITER_DEST, NULL, 0, 0);
	r->b->sock->ops->recvmsg(r->b->sock, &msg, 0,
				 MSG_DONTWAIT | MSG_TRUNC);
}

/* What cannot be delivered. */
static void vhx_rx_discard(struct vhx_rx *r, void *pkt)
{
	vhx_vq_count(r->vq, VHX_QSTAT_BAD_PACKETS, 1);
	if (pkt)
		vhx_rx_drop(pkt);
	else
		vhx_rx_read_away(r);
}

/* Run the policy on the first packet of a socket. Return: may the guest have it? */
static bool vhx_rx_judge_head(struct vhx_rx *r, const struct sk_buff *skb)
{
	struct vhx_effect e = { .what = VHX_EFFECT_DEFAULT };
	struct vhx_pkt_kern pk;
	struct vhx_steer s;

	rcu_read_lock();
	if (vhx_steer_begin(&r->p->seat, VHX_DIR_RX, &s)) {
		vhx_pkt_skb(&pk, skb, 0, r->p->seat.index);
		vhx_steer_one(&s, &pk, &e);
		vhx_steer_count(r->vq, &e, 1);
	}
	rcu_read_unlock();
	return e.what != VHX_EFFECT_DROP;
}

/*
 * A packet socket keeps its packets until they are received, and there is one queue for them: all
 * a policy can do is drop. What it let pass waits for buffers without being judged again.
 *
 * Return: length of the first packet the guest may have, 0 when there is none.
 */
static u32 vhx_rx_head(struct vhx_rx *r)
{
	struct sk_buff *skb;
	bool pass;
	u32 len;

	while (!vhx_rx_spent(r)) {
		skb = vhx_backend_peek(r->b);
		if (!skb)
			return 0;
		len = vhx_packet_len(skb);
		pass = skb == r->p->judged || vhx_rx_judge_head(r, skb);
		r->p->judged = pass ? skb : NULL;
		kfree_skb(skb);
		if (pass)
			return len;
		vhx_rx_read_away(r);
		r->packets++;
	}
	return 0;
}

/* The packet at hand: *pkt is NULL when the backend keeps it until it is received. */
static u32 vhx_rx_next(struct vhx_rx *r, void **pkt)
{
	*pkt = NULL;
	if (!r->p->ring)
		return static_branch_unlikely(&vhx_steer_key) ?
		       vhx_rx_head(r) : vhx_backend_peek_len(r->b);
	if (!vhx_rx_fill(r))
		return 0;
	*pkt = r->p->held[r->p->held_at];
	return vhx_packet_len(*pkt);
}

static void vhx_rx_taken(struct vhx_rx *r)
{
	if (r->p->ring)
		r->p->held_at++;
	else
		r->p->judged = NULL;
}

/* Return: 1 one packet is done with, 0 the guest has posted too few buffers, negative: broken. */
static int vhx_rx_one(struct vhx_rx *r, void *pkt, u32 len)
{
	int n = vhx_rx_room(r, r->p->guest_hdr + len);

	if (unlikely(n == -EMSGSIZE)) {
		vhx_rx_taken(r);
		vhx_rx_discard(r, pkt);
		return 1;
	}
	if (n <= 0)
		return n;
	vhx_rx_taken(r);
	vhx_rx_put(r, pkt, len, n);
	r->packets++;
	r->bytes += len;
	if (r->ndone >= VHX_NET_BATCH)
		vhx_rx_flush(r);
	return r->vq->broken ? -EINVAL : 1;
}

enum vhx_rx_end { VHX_RX_IDLE, VHX_RX_STARVED, VHX_RX_SPENT, VHX_RX_BROKEN };

/*
 * Once a turn, before going to sleep after a few packets. A scheduler that has who wakes preempt who
 * woke it switches back and forth for each packet of a burst. A worker that was woken by a task of
 * its own CPU, and so has perhaps preempted it, can stand back and then find all of the burst.
 * Return: look again.
 */
static bool vhx_rx_stand_back(struct vhx_rx *r)
{
	struct vhx_pair *p = r->p;

	if (!p->ring || r->yielded || !r->packets || r->packets >= YIELD_FEW)
		return false;
	if (READ_ONCE(p->poll[VHX_NET_RX].waker) != raw_smp_processor_id())
		return false;
	if (!llist_empty(&r->vq->runner->list))
		return false;
	r->yielded = vhx_yield_begin(&p->yield);
	r->early = r->packets;
	return r->yielded;
}

static enum vhx_rx_end vhx_rx_loop(struct vhx_rx *r)
{
	void *pkt;
	u32 len;
	int n;

	while (!vhx_rx_spent(r)) {
		len = vhx_rx_next(r, &pkt);
		if (!len) {
			vhx_rx_flush(r);
			if (r->p->ring && vhx_busy_poll(r->vq, r->p->ring))
				continue;
			if (vhx_rx_stand_back(r))
				continue;
			return VHX_RX_IDLE;
		}
		n = vhx_rx_one(r, pkt, len);
		if (n < 0)
			return VHX_RX_BROKEN;
		if (n)
			continue;
		/* Give back what is too little before asking to be told of more. */
		vhx_rx_flush(r);
		vhx_rx_unpull(r);
		if (r->vq->broken)
			return VHX_RX_BROKEN;
		if (!vhx_vq_rest(r->vq))
			return VHX_RX_STARVED;
	}
	return VHX_RX_SPENT;
}

/**
 * vhx_rx_handle - serve an rx queue
 * @vq: the queue
 *
 * While it runs it asks neither the guest nor the backend to wake it. Idle, it waits for the
 * backend; starved, for the guest.
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_rx_handle(struct vhx_vq *vq)
{
	struct vhx_pair *p = vhx_pair_of(vq);
	struct vhx_rx r = {
		.p = p,
		.vq = vq,
		.b = vq->backend,
		.s = vq->runner->scratch,
		.mergeable = vhx_vq_has(vq, VIRTIO_NET_F_MRG_RXBUF),
		.num_buffers = p->guest_hdr >= VHX_HDR_LEN_MRG,
	};
	enum vhx_rx_end end;

	vhx_poll_stop(&p->poll[VHX_NET_RX]);
	vhx_busy_begin(vq);
	vhx_vq_busy(vq);
	end = vhx_rx_loop(&r);
	if (r.yielded)
		vhx_yield_end(&p->yield, r.packets - r.early >= YIELD_GAIN);
	vhx_rx_flush(&r);
	vhx_rx_unpull(&r);
	vhx_seat_tell_room(&p->seat, static_branch_unlikely(&vhx_steer_key));

	switch (end) {
	case VHX_RX_IDLE:
		/* Tells at once of what came since the ring was found empty. */
		vhx_poll_start(&p->poll[VHX_NET_RX], r.b->file);
		break;
	case VHX_RX_STARVED:
		vhx_vq_count(vq, VHX_QSTAT_NO_BUFFERS, 1);
		vhx_rx_drain(&r);
		break;
	case VHX_RX_SPENT:
		vhx_vq_queue(vq);
		break;
	case VHX_RX_BROKEN:
		break;
	}
}
