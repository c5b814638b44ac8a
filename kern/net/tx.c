// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the guest: chains are taken off the ring up to VHX_NET_BATCH at a time and go through
 *
 *	prepare	header and first bytes are copied into a buffer of ours
 *	judge	the policy sees those, if there is one
 *	finish	the rest is copied, the packet joins the batch for the backend
 *	flush	the batch is sent, the chains go back to the guest
 *
 * so that a packet that is dropped is not copied, and what is sent is what was judged: guest
 * memory is read once.
 */
#include <linux/mm.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "core/access.h"
#include "poll.h"
#include "stage.h"
#include "tun_xdp.h"
#include "tx.h"

size_t vhx_tx_scratch_size(void)
{
	return sizeof(struct vhx_tx_scratch);
}

static struct vhx_segs vhx_tx_segs(const struct vhx_tx *t,
				   const struct vhx_chain *c)
{
	return (struct vhx_segs) { &t->seg[c->seg], c->nout };
}

/* A chain that holds no packet, or one that cannot be sent: it goes back, and is counted. */
static void vhx_tx_bad(struct vhx_tx *t, struct vhx_tx_slot *slot)
{
	vhx_tx_free(slot);
	slot->frame = 0;
	vhx_vq_count(t->vq, VHX_QSTAT_BAD_PACKETS, 1);
}

/* Some guests leave hdr_len short; tun wants the checksum field within it, as in-tree mends. */
static void vhx_tx_mend_hdr(const struct vhx_tx *t, struct vhx_hdr *h)
{
	u32 need = vhx_tx_16(t, h->csum_start) + vhx_tx_16(t, h->csum_offset) +
		   sizeof(__sum16);

	if (h->flags & VHX_HDR_F_NEEDS_CSUM &&
	    need > vhx_tx_16(t, h->hdr_len))
		h->hdr_len = vhx_tx_16(t, need);
}

/* Bytes for a frame of @frame in a batch; 0 when it is too large for one. */
static u32 vhx_tx_buflen(const struct vhx_tx *t, u32 frame)
{
	u32 len = SKB_DATA_ALIGN(t->pad + frame) +
		  SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	return t->can_batch && frame < PAGE_SIZE && len <= PAGE_SIZE ? len : 0;
}

static bool vhx_tx_alloc(struct vhx_tx *t, u32 i)
{
	struct vhx_tx_slot *slot = &t->s->slot[i];

	slot->buflen = vhx_tx_buflen(t, slot->frame);
	if (slot->buflen)
		slot->buf = page_frag_alloc_align(&t->p->frag, slot->buflen,
						  GFP_KERNEL, SMP_CACHE_BYTES);
	else if (t->judged || t->long_hdr)
		slot->buf = t->s->head[i];
	else
		return true;
	return slot->buf;
}

/*
 * Copy the virtio header and, in the same go, the frame's first bytes behind it: the buffer has
 * room in front for the header, which is checked there.
 */
static bool vhx_tx_copy_head(struct vhx_tx *t, const struct vhx_chain *c,
			     struct vhx_tx_slot *slot)
{
	u32 hlen = t->p->guest_hdr;
	struct vhx_hdr *h = (void *)(vhx_tx_frame(t, slot) - hlen);
	u32 len = slot->frame;

	if (t->judged)
		len = min_t(u32, len, VHX_PKT_HEAD_MAX);
	else if (unlikely(!slot->buflen))
		len = 0;
	if (vhx_copy_in(h, vhx_tx_segs(t, c), 0, hlen + len))
		return false;
	slot->copied = len;
	slot->hdr = h;

	if (!t->p->sock_hdr) {
		memset(h, 0, hlen);
		return true;
	}
	if (vhx_hdr_check(h, slot->frame, t->swap, t->tunnel))
		return false;
	if (unlikely(t->tunnel))
		vhx_hdr_mend_tunnel(h, slot->frame, t->swap);
	vhx_tx_mend_hdr(t, h);
	return true;
}

static void vhx_tx_prepare(struct vhx_tx *t, u32 i)
{
	const struct vhx_chain *c = &t->s->chain[i];
	struct vhx_tx_slot *slot = &t->s->slot[i];
	u32 hlen = t->p->guest_hdr;

	slot->buf = NULL;
	slot->frame = 0;
	slot->copied = 0;
	if (unlikely(c->nin || c->out_len < hlen + ETH_HLEN ||
		     c->out_len - hlen > VHX_TX_FRAME_MAX)) {
		vhx_tx_bad(t, slot);
		return;
	}
	slot->frame = c->out_len - hlen;
	if (unlikely(!vhx_tx_alloc(t, i))) {
		vhx_tx_bad(t, slot);
		return;
	}
	if (slot->buf && unlikely(!vhx_tx_copy_head(t, c, slot)))
		vhx_tx_bad(t, slot);
}

static void vhx_tx_sent(struct vhx_tx *t, u32 packets, u32 bytes)
{
	vhx_vq_count(t->vq, VHX_QSTAT_PACKETS, packets);
	vhx_vq_count(t->vq, VHX_QSTAT_BYTES, bytes);
}

static void vhx_tx_flush(struct vhx_tx *t)
{
	struct xdp_buff *xdp = t->s->xdp;
	u32 i, bytes = 0;

	if (!t->nxdp)
		return;
	/* The backend may move the frames' ends. */
	for (i = 0; i < t->nxdp; i++)
		bytes += xdp[i].data_end - xdp[i].data;
	if (likely(!vhx_backend_send_batch(t->b, xdp, t->nxdp)))
		vhx_tx_sent(t, t->nxdp, bytes);
	else
		vhx_vq_count(t->vq, VHX_QSTAT_BACKEND_ERRORS, t->nxdp);
	t->nxdp = 0;
}

/* The packet's bytes for a socket call: judged ones as they were judged, the rest the guest's. */
static bool vhx_tx_gather(struct vhx_tx *t, const struct vhx_chain *c,
			  struct vhx_tx_slot *slot, struct iov_iter *from)
{
	struct vhx_segs segs = vhx_tx_segs(t, c);
	const struct vhx_seg *seg = segs.seg;
	u32 hlen = t->p->guest_hdr;

	if (slot->buf) {
		seg = vhx_stage_put(t->p, &segs, slot->hdr, hlen + slot->copied);
		if (!seg)
			return false;
	}
	iov_iter_init(from, ITER_SOURCE, (const struct iovec *)seg, segs.n,
		      c->out_len);
	if (!t->p->sock_hdr)
		iov_iter_advance(from, hlen);
	return true;
}

/* A packet too large for a batch, or a backend that takes none. Return: 0 or "later". */
static int vhx_tx_send_one(struct vhx_tx *t, const struct vhx_chain *c,
			   struct vhx_tx_slot *slot, bool more)
{
	struct iov_iter from;
	int err;

	vhx_tx_flush(t);
	if (unlikely(!vhx_tx_gather(t, c, slot, &from))) {
		vhx_tx_bad(t, slot);
		return 0;
	}
	err = vhx_backend_send(t->b, &from, t->p->sock_hdr + slot->frame, more);
	if (err == -EAGAIN || err == -ENOMEM || err == -ENOBUFS)
		return err;
	if (unlikely(err))
		vhx_vq_count(t->vq, VHX_QSTAT_BACKEND_ERRORS, 1);
	else
		vhx_tx_sent(t, 1, slot->frame);
	return 0;
}

/*
 * A backend that takes no batch may take no packet either for now. Then the guest has it back, and
 * it comes again: it is judged, and counted, when it can be sent.
 */
static int vhx_tx_judge_late(struct vhx_tx *t, u32 i)
{
	if (!t->s->slot[i].frame)
		return 0;
	if (vhx_backend_is_full(t->b))
		return -EAGAIN;
	vhx_tx_judge(t, i, i + 1);
	return 0;
}

static int vhx_tx_finish(struct vhx_tx *t, u32 i, bool more)
{
	const struct vhx_chain *c = &t->s->chain[i];
	struct vhx_tx_slot *slot = &t->s->slot[i];
	u32 hlen = t->p->guest_hdr;
	struct vhx_tun_frame frame;

	if (t->judged && unlikely(!t->can_batch) && vhx_tx_judge_late(t, i))
		return -EAGAIN;
	if (!slot->frame)
		return 0;
	if (!slot->buflen)
		return vhx_tx_send_one(t, c, slot, more);
	if (slot->copied < slot->frame &&
	    vhx_copy_in(vhx_tx_frame(t, slot) + slot->copied, vhx_tx_segs(t, c),
			hlen + slot->copied, slot->frame - slot->copied)) {
		vhx_tx_bad(t, slot);
		return 0;
	}

	frame = (struct vhx_tun_frame) {
		.buf = slot->buf,
		.buflen = slot->buflen,
		.pad = t->pad,
		.len = slot->frame,
		.hdr = slot->hdr,
		.long_hdr = t->long_hdr,
	};
	vhx_tun_xdp_fill(&t->s->xdp[t->nxdp++], &frame);
	slot->buf = NULL;
	return 0;
}

/* Does anybody want to see what comes? Asked once a batch; who comes later sees the next. */
static bool vhx_tx_wants_judge(const struct vhx_tx *t)
{
	struct vhx_net_nic *nic;
	struct vhx_steer s;
	bool wants;

	if (!static_branch_unlikely(&vhx_steer_key))
		return false;
	rcu_read_lock();
	nic = rcu_dereference(t->p->seat.nic);
	wants = nic && (READ_ONCE(nic->at_tap) || __vhx_steer_begin(nic, VHX_DIR_TX, &s));
	rcu_read_unlock();
	return wants;
}

/* Give back what could not be sent now, and wait until the backend takes more. */
static void vhx_tx_later(struct vhx_tx *t, u32 i, u32 n)
{
	u32 k;

	for (k = i; k < n; k++)
		vhx_tx_free(&t->s->slot[k]);
	vhx_vq_unpull(t->vq, &t->s->chain[i], n - i);
	vhx_poll_start(&t->p->poll[VHX_NET_TX], t->b->file);
}

/* Return: false when the backend takes no more for now. */
static bool vhx_tx_batch(struct vhx_tx *t, u32 n)
{
	struct vhx_tx_scratch *s = t->s;
	u32 i, done;

	t->judged = vhx_tx_wants_judge(t);
	for (i = 0; i < n; i++)
		vhx_tx_prepare(t, i);
	if (t->judged && likely(t->can_batch))
		vhx_tx_judge(t, 0, n);
	for (done = 0; done < n; done++)
		if (vhx_tx_finish(t, done, done + 1 < n))
			break;
	vhx_tx_flush(t);
	if (unlikely(done < n))
		vhx_tx_later(t, done, n);

	for (i = 0; i < done; i++) {
		s->done[i].id = s->chain[i].id;
		s->done[i].ndesc = s->chain[i].ndesc;
		s->done[i].len = 0;
		t->bytes += s->chain[i].out_len;
	}
	t->packets += done;
	return !vhx_vq_push(t->vq, s->done, done) && done == n;
}

/* As many chains as make a batch, even if the guest posts them while they are being read. */
static int vhx_tx_pull(struct vhx_tx *t)
{
	struct vhx_pull pull = {
		.chain = t->s->chain,
		.seg = t->seg,
		.max_chain = VHX_NET_BATCH,
		.max_seg = ARRAY_SIZE(t->s->seg) - 1,
	};
	int n;

	n = vhx_vq_pull(t->vq, &pull);
	t->descs += pull.ndesc;
	return n;
}

static bool vhx_tx_spent(const struct vhx_tx *t)
{
	return t->packets >= VHX_NET_BUDGET_PACKETS ||
	       t->bytes >= VHX_NET_BUDGET_BYTES ||
	       t->descs >= VHX_NET_BUDGET_DESCS;
}

/**
 * vhx_tx_handle - serve a tx queue
 * @vq: the queue
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_tx_handle(struct vhx_vq *vq)
{
	struct vhx_pair *p = vhx_pair_of(vq);
	struct vhx_backend *b = vq->backend;
	struct vhx_tx t = {
		.p = p,
		.vq = vq,
		.b = b,
		.s = vq->runner->scratch,
		.swap = vq->ring.swap,
		.can_batch = vhx_backend_can_batch(b),
		.tunnel = vhx_vq_has(vq, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO),
		.long_hdr = p->sock_hdr == VHX_HDR_LEN_TUNNEL,
	};
	int n;

	BUILD_BUG_ON(sizeof(struct vhx_hdr) != VHX_HDR_LEN_TUNNEL);
	BUILD_BUG_ON(sizeof(struct vhx_hdr) > VHX_TX_HEAD_PAD);
	BUILD_BUG_ON(sizeof(struct vhx_seg) != sizeof(struct iovec));
	BUILD_BUG_ON(offsetof(struct vhx_seg, len) !=
		     offsetof(struct iovec, iov_len));

	t.seg = t.s->seg + 1;
	t.pad = SKB_DATA_ALIGN(VHX_TX_PAD + p->guest_hdr +
			       (sock_flag(b->sock->sk, SOCK_XDP) ?
				XDP_PACKET_HEADROOM : 0));
	vhx_poll_stop(&p->poll[VHX_NET_TX]);
	vhx_busy_begin(vq);
	vhx_vq_busy(vq);
	while (!vq->broken) {
		n = vhx_tx_pull(&t);
		if (n < 0)
			break;
		if (!n) {
			if (vhx_busy_poll(vq, NULL))
				continue;
			if (!vhx_vq_rest(vq))
				break;
			continue;
		}
		if (!vhx_tx_batch(&t, n))
			break;
		if (vhx_tx_spent(&t)) {
			vhx_vq_queue(vq);
			break;
		}
	}
}
