// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose packets are these: what came off a tap's ring is judged by the policy, unless the tap did
 * so already, and held for the own queue or handed to another's.
 */
#include <linux/if_tun.h>

#include "describe.h"
#include "rx.h"
#include "shim.h"

/* What was decided at the tap, if it was. */
static bool vhx_rx_judged(const struct sk_buff *skb, struct vhx_effect *e)
{
	switch (vhx_shim_mark(skb)) {
	case VHX_MARK_QUEUE:
		e->what = VHX_EFFECT_QUEUE;
		e->queue = skb->sender_cpu & ~VHX_MARK_MASK;
		return true;
	case VHX_MARK_DROP:
		e->what = VHX_EFFECT_DROP;
		return true;
	}
	return false;
}

static inline bool vhx_rx_is_own(const struct vhx_rx *r, const struct vhx_effect *e)
{
	return !r->drain &&
	       (e->what == VHX_EFFECT_DEFAULT ||
		(e->what == VHX_EFFECT_QUEUE && e->queue == r->p->seat.index));
}

/* An XDP frame on its way to the guest. */
struct vhx_pkt_kern *vhx_xdp_describe(const struct vhx_batch_kern *b, struct vhx_pkt_kern *pk,
				      const struct xdp_frame *xdp)
{
	struct vhx_frame f = { xdp->data, xdp->len, xdp->len };

	vhx_pkt_describe(pk, &f, VHX_PKT_XDP, b->batch.queue);
	return pk;
}

/*
 * Sort out what was judged at the tap. The rest is still to be asked about.
 *
 * Return: is all that was judged for this queue?
 */
static bool vhx_rx_pick(struct vhx_rx *r, void *const *pkt, u32 n, u32 *nask)
{
	struct vhx_rx_scratch *s = r->s;
	bool own = true;
	u32 i, m = 0;

	for (i = 0; i < n; i++) {
		if (!tun_is_xdp_frame(pkt[i]) && vhx_rx_judged(pkt[i], &s->effect[i])) {
			own &= vhx_rx_is_own(r, &s->effect[i]);
			continue;
		}
		s->ask[m] = pkt[i];
		s->who[m++] = i;
	}
	*nask = m;
	return own;
}

/* They do not all go on as they would: what is to be done with each. */
static void vhx_rx_effects(struct vhx_rx *r, const struct vhx_steer *steer,
			   const struct vhx_batch_kern *b, u32 n)
{
	struct vhx_rx_scratch *s = r->s;
	u32 i, m = b->batch.n;
	struct vhx_effect *e = m == n ? s->effect : s->verdict;

	vhx_steer_effects(steer, b, e);
	vhx_steer_count(r->vq, e, m);
	if (m == n)
		return;
	for (i = 0; i < m; i++)
		s->effect[s->who[i]] = e[i];
}

/**
 * vhx_rx_judge - run the policy on packets from the ring, but for those it saw at the tap
 * @r: the turn
 * @steer: the policy
 * @pkt: the packets
 * @n: how many
 *
 * Context: the rx queue's handler; RCU.
 * Return: true if all are for this queue; else the scratch's effect says what is to be done with
 * each.
 */
bool vhx_rx_judge(struct vhx_rx *r, const struct vhx_steer *steer, void *const *pkt, u32 n)
{
	struct vhx_batch_kern b = {
		.batch.n = n,
		.batch.queue = r->p->seat.index,
		.pk = r->s->pk,
		.from = pkt,
	};
	bool own = !r->drain;

	/* No packet was seen at the tap before it was known that the tap asks. */
	if (READ_ONCE(steer->nic->at_tap)) {
		b.from = r->s->ask;
		own &= vhx_rx_pick(r, pkt, n, &b.batch.n);
		if (!b.batch.n)
			return own;
	}
	if (vhx_steer_run(steer, &b) && own) {
		vhx_vq_count(r->vq, VHX_QSTAT_STEERED, b.batch.n);
		return true;
	}
	vhx_rx_effects(r, steer, &b, n);
	return false;
}

/* Hand a packet to the queue that shall have it. Own ones are held. */
static void vhx_rx_sort_one(struct vhx_rx *r, const struct vhx_steer *s, u32 i,
			    u32 *nwake)
{
	const struct vhx_effect *e = &r->s->effect[i];
	struct vhx_seat *own = &r->p->seat, *to = own;
	void *pkt = r->s->pkt[i];

	if (e->what == VHX_EFFECT_DROP) {
		vhx_rx_drop(pkt);
		return;
	}
	if (e->what == VHX_EFFECT_QUEUE && e->queue != own->index)
		to = vhx_nic_live(s->nic, e->queue) ?: own;
	/* While draining, own packets queue up behind those that wait in the mailbox already. */
	if (to == own && !r->drain) {
		r->p->held[r->p->held_n++] = pkt;
		return;
	}
	if (!vhx_mailbox_put(to->mailbox, pkt)) {
		vhx_rx_drop(pkt);
		return;
	}
	if (to != own && (!*nwake || r->s->wake[*nwake - 1] != to))
		r->s->wake[(*nwake)++] = to;
}

/**
 * vhx_rx_sort - give packets to the queues that shall have them
 * @r: the turn; the packets are in its scratch's pkt, what vhx_rx_judge() said of them in effect
 * @s: the policy
 * @n: how many packets
 *
 * Context: the rx queue's handler; RCU, which keeps the queue pairs.
 */
void vhx_rx_sort(struct vhx_rx *r, const struct vhx_steer *s, u32 n)
{
	struct vhx_pair *p = r->p;
	u32 i, nwake = 0;

	for (i = 0; i < n; i++) {
		if (vhx_rx_is_own(r, &r->s->effect[i]))
			p->held[p->held_n++] = r->s->pkt[i];
		else
			vhx_rx_sort_one(r, s, i, &nwake);
	}
	for (i = 0; i < nwake; i++)
		vhx_vq_queue(r->s->wake[i]->vq[VHX_NET_RX]);
}
