// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flow, see flow.h: what the guest says on it, and what it is told. All of it is under
 * vhx_agency.lock.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/virtio_vsock.h>

#include "flow.h"
#include "guest.h"

#define VHX_FLOW_CREDIT	(64U << 10)	/* with less room the guest is told of what was taken */

static atomic64_t vhx_flow_last_id;

/* ---- flows are found ---- */

static u32 vhx_flow_hash(u32 guest_port, u32 peer_port)
{
	return hash_64((u64)guest_port << 32 | peer_port, ilog2(VHX_FLOWS_HASH));
}

/**
 * vhx_flow_find - the flow that a packet is of
 * @g: guest that sent it
 * @h: its header
 *
 * Return: flow, or NULL.
 */
struct vhx_flow *vhx_flow_find(struct vhx_guest *g, const struct vhx_pkt_hdr *h)
{
	const u32 guest_port = le32_to_cpu(h->src_port), peer_port = le32_to_cpu(h->dst_port);
	struct vhx_flow *f;

	hlist_for_each_entry(f, &g->agency.table[vhx_flow_hash(guest_port, peer_port)], hash)
		if (f->guest_port == guest_port && f->peer_port == peer_port &&
		    f->peer_cid == le64_to_cpu(h->dst_cid))
			return f;
	return NULL;
}

/**
 * vhx_flow_by_id - the flow that an agent means
 * @g: guest
 * @id: as it was told
 *
 * Return: flow, or NULL.
 */
struct vhx_flow *vhx_flow_by_id(struct vhx_guest *g, u64 id)
{
	struct vhx_flow *f;

	hlist_for_each_entry(f, &g->agency.ids[id % VHX_FLOWS_HASH], by_id)
		if (f->id == id)
			return f;
	return NULL;
}

/**
 * vhx_flow_by_cookie - the flow that an agent asked for, and has no number of
 * @g: guest
 * @cookie: of its CONNECT
 *
 * That the guest has answered the agent may not know yet.
 *
 * Return: flow, or NULL.
 */
struct vhx_flow *vhx_flow_by_cookie(struct vhx_guest *g, u64 cookie)
{
	struct vhx_flow *f;
	u32 i;

	for (i = 0; i < VHX_FLOWS_HASH; i++)
		hlist_for_each_entry(f, &g->agency.ids[i], by_id)
			if (cookie && f->cookie == cookie && f->state != VHX_FLOW_OVER)
				return f;
	return NULL;
}

/* ---- they come and go ---- */

/**
 * vhx_flow_new - make a flow
 * @g: guest
 * @state: enum vhx_flow_state
 *
 * Return: flow, to be filled in and added; or NULL.
 */
struct vhx_flow *vhx_flow_new(struct vhx_guest *g, u8 state)
{
	struct vhx_flow *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return NULL;
	f->id = atomic64_inc_return(&vhx_flow_last_id);
	f->state = state;
	INIT_HLIST_NODE(&f->hash);
	INIT_LIST_HEAD(&f->due);
	INIT_LIST_HEAD(&f->asked);
	skb_queue_head_init(&f->rxq);
	skb_queue_head_init(&f->txq);
	hlist_add_head(&f->by_id, &g->agency.ids[f->id % VHX_FLOWS_HASH]);
	WRITE_ONCE(g->agency.nflows, g->agency.nflows + 1);
	return f;
}

/**
 * vhx_flow_add - a flow can be found by the guest's packets
 * @g: guest
 * @f: flow, with its ports and CID
 */
void vhx_flow_add(struct vhx_guest *g, struct vhx_flow *f)
{
	hlist_add_head(&f->hash, &g->agency.table[vhx_flow_hash(f->guest_port, f->peer_port)]);
	if (f->state != VHX_FLOW_ASKED)
		return;
	list_add_tail(&f->asked, &g->agency.asked);
	g->agency.nasked++;
}

/**
 * vhx_flow_answered - the agent says whether it wants what the guest asked for
 * @g: guest
 * @f: flow; that it was not asked for is fine
 */
void vhx_flow_answered(struct vhx_guest *g, struct vhx_flow *f)
{
	if (list_empty(&f->asked))
		return;
	list_del_init(&f->asked);
	g->agency.nasked--;
}

/**
 * vhx_flow_free - nothing is left of a flow
 * @g: guest
 * @f: flow
 */
void vhx_flow_free(struct vhx_guest *g, struct vhx_flow *f)
{
	vhx_flow_answered(g, f);
	hlist_del_init(&f->hash);
	hlist_del(&f->by_id);
	list_del(&f->due);
	if (f->parked)
		WRITE_ONCE(g->agency.nparked, g->agency.nparked - 1);
	__skb_queue_purge(&f->rxq);
	__skb_queue_purge(&f->txq);
	WRITE_ONCE(g->agency.nflows, g->agency.nflows - 1);
	kfree(f);
}

/**
 * vhx_flow_tell - the agent is to hear something of a flow
 * @g: guest
 * @f: flow
 * @what: VHX_FLOW_TELL_*, or 0: that there is data
 */
void vhx_flow_tell(struct vhx_guest *g, struct vhx_flow *f, u32 what)
{
	f->tell |= what;
	/* Of one that is parked nothing else, until the agent has said that it has it. */
	if (f->parked && !(f->tell & VHX_FLOW_TELL_PARKED))
		return;
	if (list_empty(&f->due))
		list_add_tail(&f->due, &g->agency.due);
}

/**
 * vhx_flow_over - a flow is over
 * @g: guest
 * @f: flow; freed once the agent has heard of it, which it has to. The next one has, too, if there is
 *	something for it that the guest sent before
 * @tell_guest: so has the guest
 */
void vhx_flow_over(struct vhx_guest *g, struct vhx_flow *f, bool tell_guest)
{
	if (tell_guest)
		vhx_flow_say(g, f, VHX_PKT_RST, 0);
	if (!g->agency.up && (!f->parked || f->rx == f->taken)) {
		vhx_flow_free(g, f);
		return;
	}
	vhx_flow_answered(g, f);
	hlist_del_init(&f->hash);
	__skb_queue_purge(&f->txq);
	f->state = VHX_FLOW_OVER;
	vhx_flow_tell(g, f, VHX_FLOW_TELL_RESET);
}

/* ---- to the guest ---- */

static void vhx_flow_hdr(const struct vhx_guest *g, struct vhx_flow *f, struct vhx_pkt_hdr *h)
{
	h->src_cid = cpu_to_le64(f->peer_cid);
	h->dst_cid = cpu_to_le64(g->cid);
	h->src_port = cpu_to_le32(f->peer_port);
	h->dst_port = cpu_to_le32(f->guest_port);
	h->type = cpu_to_le16(f->type);
	h->buf_alloc = cpu_to_le32(VHX_VSOCK_WINDOW);
	h->fwd_cnt = cpu_to_le32(f->taken);
	f->acked = f->taken;
}

/**
 * vhx_flow_say - send the guest a packet without data
 * @g: guest
 * @f: flow
 * @op: VHX_PKT_*
 * @flags: of SHUTDOWN
 *
 * For want of memory it is not sent: what a guest misses of that it asks for, or is told when it next
 * sends. It counts as an answer, so that a guest that takes nothing is left alone.
 */
void vhx_flow_say(struct vhx_guest *g, struct vhx_flow *f, u16 op, u32 flags)
{
	struct sk_buff *skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM, GFP_KERNEL);
	struct vhx_pkt_hdr *h;

	if (!skb)
		return;
	h = (void *)virtio_vsock_hdr(skb);
	vhx_flow_hdr(g, f, h);
	h->op = cpu_to_le16(op);
	h->flags = cpu_to_le32(flags);
	virtio_vsock_skb_set_reply(skb);
	vhx_rx_queue(g, skb);
}

/* Is there room for a packet? One that is more than the guest ever has goes when it has nothing. */
static bool vhx_flow_fits(const struct vhx_flow *f, u32 len)
{
	return f->tx + len <= f->credit || f->tx == f->fwd;
}

/**
 * vhx_flow_push - send the guest what the agent sent, as far as its credit goes
 * @g: guest
 * @f: flow
 */
void vhx_flow_push(struct vhx_guest *g, struct vhx_flow *f)
{
	struct sk_buff *skb;

	while ((skb = skb_peek(&f->txq)) && vhx_flow_fits(f, skb->len)) {
		__skb_unlink(skb, &f->txq);
		f->tx += skb->len;
		f->queued -= skb->len;
		vhx_flow_hdr(g, f, (void *)virtio_vsock_hdr(skb));
		vhx_rx_queue(g, skb);
	}
	if (!skb && f->bye_due) {
		vhx_flow_say(g, f, VHX_PKT_SHUTDOWN, f->bye);
		f->bye_due = false;
	}
}

/**
 * vhx_flow_taken - the agent took what the guest sent
 * @g: guest
 * @f: flow
 * @count: bytes in all; not less than before
 *
 * The guest hears of room when it has little, as it knows.
 */
void vhx_flow_taken(struct vhx_guest *g, struct vhx_flow *f, u64 count)
{
	f->taken = count;
	if (f->state == VHX_FLOW_OPEN && f->taken != f->acked &&
	    VHX_VSOCK_WINDOW - (f->rx - f->acked) < VHX_FLOW_CREDIT)
		vhx_flow_say(g, f, VHX_PKT_CREDIT_UPDATE, 0);
}

/* ---- from the guest ---- */

/* Return: whether it says what can be. */
static bool vhx_flow_credit(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_pkt_hdr *h)
{
	const u32 more = le32_to_cpu(h->fwd_cnt) - (u32)f->fwd;

	if (more > f->tx - f->fwd)
		return false;
	f->fwd += more;
	f->credit = f->fwd + vhx_flow_room(h);
	if (f->state == VHX_FLOW_OPEN) {
		vhx_flow_push(g, f);
		if (f->credit > f->told)
			vhx_flow_tell(g, f, VHX_FLOW_TELL_CREDIT);
	}
	return true;
}

/* Takes @skb if it is in order. */
static bool vhx_flow_data(struct vhx_guest *g, struct vhx_flow *f, struct sk_buff *skb)
{
	/* What has no bytes costs the guest no credit, and small messages little. */
	if (f->state != VHX_FLOW_OPEN || f->shut & VHX_PKT_SHUT_SEND || !skb->len ||
	    f->rx + skb->len - f->taken > VHX_VSOCK_WINDOW || !vhx_hold_put(f, skb))
		return false;
	vhx_flow_tell(g, f, 0);
	return true;
}

/* Return: whether it is in order. */
static bool vhx_flow_control(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_pkt_hdr *h)
{
	switch (le16_to_cpu(h->op)) {
	case VHX_PKT_REQUEST:
		return f->state == VHX_FLOW_ASKED;
	case VHX_PKT_RESPONSE:
		if (f->state != VHX_FLOW_ASKING)
			return false;
		f->state = VHX_FLOW_OPEN;
		vhx_flow_tell(g, f, VHX_FLOW_TELL_OPEN);
		return true;
	case VHX_PKT_SHUTDOWN:
		if (f->state != VHX_FLOW_OPEN)
			return false;
		f->shut |= le32_to_cpu(h->flags) & VHX_PKT_SHUT_BOTH;
		vhx_flow_tell(g, f, VHX_FLOW_TELL_SHUTDOWN);
		return true;
	case VHX_PKT_CREDIT_REQUEST:
		vhx_flow_say(g, f, VHX_PKT_CREDIT_UPDATE, 0);
		return true;
	case VHX_PKT_CREDIT_UPDATE:
		return true;
	default:
		return false;
	}
}

/**
 * vhx_flow_recv - a guest's packet of a flow
 * @g: guest
 * @f: flow
 * @h: header
 * @skb: the packet
 *
 * What makes no sense is the end of the flow.
 *
 * Return: whether @skb was taken.
 */
bool vhx_flow_recv(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_pkt_hdr *h,
		   struct sk_buff *skb)
{
	bool ok;

	/* Of one that the guest has forgotten the rest of the header is empty; it is not answered. */
	if (le16_to_cpu(h->op) == VHX_PKT_RST) {
		vhx_flow_over(g, f, false);
		return false;
	}
	ok = le16_to_cpu(h->type) == f->type && vhx_flow_credit(g, f, h);
	if (ok && le16_to_cpu(h->op) == VHX_PKT_RW) {
		if (vhx_flow_data(g, f, skb))
			return true;
		ok = false;
	} else if (ok) {
		ok = vhx_flow_control(g, f, h);
	}
	if (!ok)
		vhx_flow_over(g, f, true);
	return false;
}
