// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room for packets: the buffers that the guest posted, taken off the ring a few at a time, and
 * logged while what is known of them is at hand.
 */
#include "rx.h"

/**
 * vhx_rx_log_chains - log what was written to the chains that were used
 * @r: the turn, of a queue with VHOST_F_LOG_ALL
 *
 * The last entries of r->s->done are theirs, one each.
 */
void vhx_rx_log_chains(struct vhx_rx *r)
{
	u32 n = r->next - r->logged;
	const struct vhx_log_batch batch = {
		.seg = r->s->seg,
		.chain = &r->s->chain[r->logged],
		.done = &r->s->done[r->ndone - n],
		.n = n,
	};

	r->logged = r->next;
	if (n && vhx_log_buffers(r->vq, &batch))
		r->unlogged = true;
}

/**
 * vhx_rx_log_lost - log what may have been written of a packet that the guest will not get
 * @r: the turn
 * @len: bytes that were to be written
 * @nchain: chains they were to go to, from r->next on
 */
void vhx_rx_log_lost(struct vhx_rx *r, u32 len, u32 nchain)
{
	const struct vhx_chain *c = &r->s->chain[r->next];
	const struct vhx_chain *last = c + nchain - 1;
	const struct vhx_chain all = {
		.seg = c->seg,
		.nin = last->seg + last->nin - c->seg,
	};
	const struct vhx_done done = { .len = len };
	const struct vhx_log_batch batch = { r->s->seg, &all, &done, 1 };

	if (vhx_vq_has(r->vq, VHOST_F_LOG_ALL) && vhx_log_buffers(r->vq, &batch))
		r->unlogged = true;
}

/**
 * vhx_rx_unpull - give back the chains that were taken and not used
 * @r: the turn
 */
void vhx_rx_unpull(struct vhx_rx *r)
{
	vhx_rx_log(r);
	if (r->next < r->n)
		vhx_vq_unpull(r->vq, &r->s->chain[r->next],
			      r->n - r->next);
	r->n = 0;
	r->next = 0;
	r->logged = 0;
	r->nseg = 0;
}

/*
 * How many chains to take for @need bytes more: what this packet will want if its buffers are as
 * large as the last one was, or one for each packet at hand. What is taken and not used costs
 * twice.
 */
static u32 vhx_rx_want(const struct vhx_rx *r, u32 need)
{
	u32 packets = r->p->ring ? r->p->held_n - r->p->held_at : 1;
	u32 size = r->n ? r->s->chain[r->n - 1].in_len : r->p->buf_size;

	return max(packets, DIV_ROUND_UP(need, max(size, 1U)));
}

/* Return: chains added, 0 when there are none or no room for more, negative: ring broken. */
static int vhx_rx_pull(struct vhx_rx *r, u32 need)
{
	struct vhx_pull pull = {
		.chain = r->s->chain + r->n,
		.seg = r->s->seg + r->nseg,
		.max_chain = min(VHX_RX_CHAINS - r->n, vhx_rx_want(r, need)),
		.max_seg = VHX_RX_SEGS - r->nseg,
	};
	u32 i;
	int n;

	if (!pull.max_chain || pull.max_seg < VHX_CHAIN_MAX)
		return 0;
	n = vhx_vq_pull(r->vq, &pull);
	r->descs += pull.ndesc;
	if (n <= 0)
		return n;
	for (i = 0; i < n; i++)
		r->s->chain[r->n + i].seg += r->nseg;
	r->n += n;
	r->nseg += pull.nseg;
	r->p->buf_size = r->s->chain[r->n - 1].in_len;
	return n;
}

/**
 * vhx_rx_room - find room for a packet
 * @r: the turn
 * @need: bytes, with the virtio header
 *
 * Return: how many chains from r->next on have it together; 0 when the guest has posted too few; -EMSGSIZE when no number of them will
 * do; another errno when the ring is broken.
 */
int vhx_rx_room(struct vhx_rx *r, u32 need)
{
	u32 k = 0, have = 0;
	bool again = false;
	int n;

	for (;;) {
		while (r->next + k < r->n) {
			struct vhx_chain *c = &r->s->chain[r->next + k];

			if (unlikely(c->nout || !c->nin)) {
				vhx_vq_break(r->vq, -EINVAL);
				return -EINVAL;
			}
			have += c->in_len;
			k++;
			if (have >= need)
				return k;
			if (!r->mergeable || k == r->vq->ring.num)
				return -EMSGSIZE;
		}
		n = vhx_rx_pull(r, need - have);
		if (n < 0)
			return n;
		if (n)
			continue;
		/* The window may just be full of what was used: begin it anew, once. */
		if (again || !r->next)
			return r->n == VHX_RX_CHAINS ||
			       VHX_RX_SEGS - r->nseg < VHX_CHAIN_MAX ?
			       -EMSGSIZE : 0;
		vhx_rx_unpull(r);
		again = true;
		k = 0;
		have = 0;
	}
}
