// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the guest: a batch meets the policy.
 */
#include "describe.h"
#include "tx.h"

/* Describe a packet of a batch, for who judges it. */
struct vhx_pkt_kern *vhx_tx_describe(const struct vhx_batch_kern *b, struct vhx_pkt_kern *pk)
{
	const struct vhx_tx *t = b->from;
	const struct vhx_tx_slot *slot;
	struct vhx_frame f;
	u32 flags = VHX_PKT_TX;

	if (b->skbs) {
		vhx_pkt_skb(pk, ((struct sk_buff *const *)b->from)[pk - b->pk], flags,
			    b->batch.queue);
		pk->pkt.head_len = min_t(u32, pk->pkt.head_len, VHX_PKT_HEAD_MAX);
		return pk;
	}
	slot = &t->s->slot[t->s->who[pk - b->pk]];
	f = (struct vhx_frame) { vhx_tx_frame(t, slot), slot->copied, slot->frame };
	if (slot->hdr->flags & VHX_HDR_F_NEEDS_CSUM)
		flags |= VHX_PKT_CSUM;
	vhx_pkt_describe(pk, &f, flags, b->batch.queue);
	if (slot->hdr->gso_type != VHX_HDR_GSO_NONE) {
		pk->pkt.flags |= VHX_PKT_GSO;
		pk->pkt.gso_size = vhx_tx_16(t, slot->hdr->gso_size);
	}
	return pk;
}

/*
 * Where this flow's packets come from is where the built-in choice sends its answers. What was
 * dropped is no packet of any flow, and its bytes are gone.
 */
static void vhx_tx_learn(const struct vhx_tx *t, struct vhx_net_nic *nic, struct vhx_batch_kern *b)
{
	u32 i, hash;

	for (i = 0; i < b->batch.n; i++) {
		if (!t->s->slot[t->s->who[i]].buf)
			continue;
		hash = vhx_pkt_hash(vhx_batch_pkt(b, i));
		WRITE_ONCE(nic->flow[hash & (VHX_NIC_FLOWS - 1)],
			   t->p->seat.index + 1);
	}
}

/* They do not all pass. */
static void vhx_tx_filter(struct vhx_tx *t, const struct vhx_steer *steer,
			  const struct vhx_batch_kern *b)
{
	struct vhx_tx_scratch *s = t->s;
	u32 i;

	vhx_steer_effects(steer, b, s->effect);
	vhx_steer_count(t->vq, s->effect, b->batch.n);
	for (i = 0; i < b->batch.n; i++) {
		if (s->effect[i].what != VHX_EFFECT_DROP)
			continue;
		vhx_tx_free(&s->slot[s->who[i]]);
		s->slot[s->who[i]].frame = 0;
	}
}

/**
 * vhx_tx_judge - run the policy on packets
 * @t: the turn; they are prepared
 * @first: the first of them
 * @end: the one behind the last
 *
 * One that is dropped has no frame any more.
 *
 * Context: the tx queue's handler.
 */
void vhx_tx_judge(struct vhx_tx *t, u32 first, u32 end)
{
	struct vhx_batch_kern b = {
		.batch.flags = VHX_PKT_TX,
		.batch.queue = t->p->seat.index,
		.pk = t->s->pk,
		.from = t,
	};
	struct vhx_net_nic *nic;
	struct vhx_steer steer;
	u32 i;

	for (i = first; i < end; i++)
		if (t->s->slot[i].buf)
			t->s->who[b.batch.n++] = i;
	if (!b.batch.n)
		return;

	rcu_read_lock();
	if (vhx_steer_begin(&t->p->seat, VHX_DIR_TX, &steer)) {
		if (vhx_steer_run(&steer, &b))
			vhx_vq_count(t->vq, VHX_QSTAT_STEERED, b.batch.n);
		else
			vhx_tx_filter(t, &steer, &b);
	}
	nic = rcu_dereference(t->p->seat.nic);
	if (nic && READ_ONCE(nic->at_tap))
		vhx_tx_learn(t, nic, &b);
	rcu_read_unlock();
}
