// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest and an agent say to each other, as messages of <linux/vhx_agent_vsock.h>. All of it is
 * under vhx_agency.lock.
 */
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>

#include "flow.h"
#include "guest.h"

/* ---- to the agent ---- */

/* What can be told now: nothing goes before data that was sent before it. */
static u32 vhx_letter_tell(const struct vhx_flow *f)
{
	return f->given == f->rx ? f->tell :
				   f->tell & ~(VHX_FLOW_TELL_SHUTDOWN | VHX_FLOW_TELL_RESET);
}

static bool vhx_letter_any(const struct vhx_flow *f)
{
	if (f->parked)
		return f->tell & VHX_FLOW_TELL_PARKED;
	return vhx_letter_tell(f) || vhx_hold_any(f);
}

/* Return: the first of these that is to be told, which is not any more. */
static u32 vhx_letter_next(struct vhx_flow *f, u32 of)
{
	const u32 tell = vhx_letter_tell(f) & of, what = tell ? BIT(__ffs(tell)) : 0;

	f->tell &= ~what;
	return what;
}

static void vhx_letter_head(struct vhx_flow *f, struct vhx_vsock_msg *m)
{
	*m = (struct vhx_vsock_msg) {
		.conn = f->id,
		.guest_port = f->guest_port,
		.peer_cid = f->peer_cid,
		.peer_port = f->peer_port,
		.sk_type = f->type,
	};
}

/*
 * What is next of a flow; there is something. The slot, where @data goes, is shared with the agent, so
 * that @m is elsewhere. Return: whether that was all there ever is.
 */
static bool vhx_letter_fill(struct vhx_flow *f, struct vhx_vsock_msg *m, void *data, u32 room)
{
	vhx_letter_head(f, m);
	if (vhx_letter_next(f, VHX_FLOW_TELL_PARKED)) {
		vhx_grace_letter(f, m, data);
		return false;
	}
	switch (vhx_letter_next(f, VHX_FLOW_TELL_ASKED | VHX_FLOW_TELL_OPEN)) {
	case VHX_FLOW_TELL_ASKED:
		m->type = VHX_VSOCK_MSG_ASKED;
		return false;
	case VHX_FLOW_TELL_OPEN:
		m->type = VHX_VSOCK_MSG_OPEN;
		m->cookie = f->cookie;
		m->count = f->told = f->credit;
		f->tell &= ~VHX_FLOW_TELL_CREDIT;
		return false;
	}
	if (vhx_hold_any(f)) {
		m->type = VHX_VSOCK_MSG_DATA;
		m->len = vhx_hold_give(f, data, room, &m->flags);
		return false;
	}
	switch (vhx_letter_next(f, VHX_FLOW_TELL_CREDIT | VHX_FLOW_TELL_SHUTDOWN |
				VHX_FLOW_TELL_RESET)) {
	case VHX_FLOW_TELL_CREDIT:
		m->type = VHX_VSOCK_MSG_CREDIT;
		m->count = f->told = max(f->told, f->credit);
		return false;
	case VHX_FLOW_TELL_SHUTDOWN:
		m->type = VHX_VSOCK_MSG_SHUTDOWN;
		m->flags = f->shut;
		return false;
	default:
		m->type = VHX_VSOCK_MSG_RESET;
		m->cookie = f->cookie;
		return true;
	}
}

static void vhx_letter_post(struct vhx_message *msg, const struct vhx_vsock_msg *m)
{
	memcpy(vhx_message_data(msg), m, sizeof(*m));
	vhx_message_send(msg, sizeof(*m) + m->len);
}

/* Return: whether there was a slot for it. */
static bool vhx_letter_hello(struct vhx_agency *a)
{
	const struct vhx_vsock_msg m = { .type = VHX_VSOCK_MSG_GUEST, .flags = 1 };
	struct vhx_message *msg;

	if (!a->hello)
		return true;
	msg = vhx_message_get(a->ep);
	if (!msg)
		return false;
	a->hello = false;
	vhx_letter_post(msg, &m);
	return true;
}

static void vhx_letter_send_one(struct vhx_guest *g, struct vhx_flow *f, struct vhx_message *msg)
{
	struct vhx_vsock_msg m;
	const bool last = vhx_letter_fill(f, &m, vhx_message_data(msg) + sizeof(m),
					  vhx_message_size(msg) - sizeof(m));

	/* With no grace nobody can ask for it again. */
	if (!g->agency.grace_ms)
		vhx_hold_drop(f, f->given);
	if (last)
		vhx_flow_free(g, f);
	else if (vhx_letter_any(f))
		list_move_tail(&f->due, &g->agency.due);
	else
		list_del_init(&f->due);
	vhx_letter_post(msg, &m);
}

/**
 * vhx_letters_send - tell the agent what it is to be told, as far as there are slots
 * @g: guest
 *
 * A message a flow, in turn.
 */
void vhx_letters_send(struct vhx_guest *g)
{
	struct vhx_agency *a = &g->agency;
	struct vhx_message *msg;
	struct vhx_flow *f;

	while (a->up) {
		f = list_first_entry_or_null(&a->due, struct vhx_flow, due);
		/* Behind that the agent knows of all that is parked. */
		if (!(f && f->tell & VHX_FLOW_TELL_PARKED) && !vhx_letter_hello(a))
			return;
		if (f && !vhx_letter_any(f)) {
			list_del_init(&f->due);
			continue;
		}
		msg = f ? vhx_message_get(a->ep) : NULL;
		if (!msg)
			return;
		vhx_letter_send_one(g, f, msg);
	}
}

/* ---- from the agent ---- */

static bool vhx_letter_accept(struct vhx_guest *g, struct vhx_flow *f)
{
	if (f->state != VHX_FLOW_ASKED)
		return false;
	vhx_flow_answered(g, f);
	f->state = VHX_FLOW_OPEN;
	vhx_flow_say(g, f, VHX_PKT_RESPONSE, 0);
	vhx_flow_tell(g, f, VHX_FLOW_TELL_OPEN);
	return true;
}

/* Return: whether it was in order. */
static bool vhx_letter_bytes(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_vsock_msg *m,
			     const void *data)
{
	struct vhx_pkt_hdr *h;
	struct sk_buff *skb;

	if (f->state != VHX_FLOW_OPEN || f->bye & VHX_PKT_SHUT_SEND || !m->len ||
	    m->len > VHX_VSOCK_MSG_DATA_MAX || f->tx + f->queued + m->len > f->told)
		return false;
	skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM + m->len, GFP_KERNEL);
	if (!skb)
		return false;
	virtio_vsock_skb_put(skb, m->len);
	if (skb_store_bits(skb, 0, data, m->len)) {
		kfree_skb(skb);
		return false;
	}
	h = (void *)virtio_vsock_hdr(skb);
	h->op = cpu_to_le16(VHX_PKT_RW);
	h->len = cpu_to_le32(m->len);
	if (f->type == VHX_PKT_SEQPACKET)
		h->flags = cpu_to_le32(m->flags & (VHX_PKT_F_EOM | VHX_PKT_F_EOR));
	f->queued += m->len;
	__skb_queue_tail(&f->txq, skb);
	vhx_flow_push(g, f);
	return true;
}

/*
 * The guest hears of room when it has little, as it knows. What waits for the agent nobody has taken: or
 * it would make room for more of that, without end.
 */
static bool vhx_letter_taken(struct vhx_guest *g, struct vhx_flow *f, u64 count)
{
	if (count > f->given || count < f->taken)
		return false;
	vhx_hold_drop(f, count);
	/* It may be given more now. */
	vhx_flow_tell(g, f, 0);
	vhx_flow_taken(g, f, count);
	return true;
}

/* Once for each direction: what is said again and again would wait for a guest that takes nothing. */
static bool vhx_letter_shutdown(struct vhx_guest *g, struct vhx_flow *f, u32 flags)
{
	if (f->state != VHX_FLOW_OPEN || !flags || flags & ~VHX_PKT_SHUT_BOTH || flags & f->bye)
		return false;
	f->bye |= flags;
	f->bye_due = true;
	vhx_flow_push(g, f);
	return true;
}

/* Return: whether it was in order. */
static bool vhx_letter_of(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_vsock_msg *m,
			  const void *data)
{
	switch (m->type) {
	case VHX_VSOCK_MSG_ACCEPT:
		return vhx_letter_accept(g, f);
	case VHX_VSOCK_MSG_DATA:
		return vhx_letter_bytes(g, f, m, data);
	case VHX_VSOCK_MSG_TAKEN:
		return vhx_letter_taken(g, f, m->count);
	case VHX_VSOCK_MSG_SHUTDOWN:
		return vhx_letter_shutdown(g, f, m->flags);
	default:
		return false;
	}
}

static bool vhx_letter_may_connect(struct vhx_guest *g, const struct vhx_vsock_msg *m,
				   const struct vhx_pkt_hdr *answer)
{
	if (!READ_ONCE(g->vq[VHX_VSOCK_TO_GUEST].backend) || vhx_flow_find(g, answer) ||
	    !vhx_agency_has_room(g) || !vhx_rx_takes_replies(g))
		return false;
	return m->sk_type == VHX_PKT_STREAM ||
	       (m->sk_type == VHX_PKT_SEQPACKET && READ_ONCE(g->seqpacket));
}

/* One that cannot be had is over at once, so that the agent hears of it as of any other. */
static void vhx_letter_connect(struct vhx_guest *g, const struct vhx_vsock_msg *m)
{
	const struct vhx_pkt_hdr answer = {
		.dst_cid = cpu_to_le64(VMADDR_CID_HOST),
		.src_port = cpu_to_le32(m->guest_port),
		.dst_port = cpu_to_le32(m->peer_port),
	};
	const bool may = vhx_letter_may_connect(g, m, &answer);
	struct vhx_flow *f = NULL;

	/* An agent that asks, and does not listen, is not heard for ever. */
	if (g->agency.nflows < VHX_FLOWS_MOST)
		f = vhx_flow_new(g, VHX_FLOW_ASKING);
	if (!f)
		return;
	f->cookie = m->cookie;
	f->type = m->sk_type;
	f->guest_port = m->guest_port;
	f->peer_cid = VMADDR_CID_HOST;
	f->peer_port = m->peer_port;
	if (!may) {
		vhx_flow_over(g, f, false);
		return;
	}
	vhx_flow_add(g, f);
	vhx_flow_say(g, f, VHX_PKT_REQUEST, 0);
}

/* The head is read once: the agent can change it. Return: whether there is one. */
static bool vhx_letter_open(struct vhx_vsock_msg *m, const struct vhx_message *msg, u32 len)
{
	if (len < sizeof(*m))
		return false;
	memcpy(m, vhx_message_data(msg), sizeof(*m));
	/* What is judged below is this copy. */
	barrier();
	return m->len <= len - sizeof(*m) && !m->reserved;
}

/**
 * vhx_letter_read - carry out what the agent says
 * @g: guest
 * @msg: its message
 * @len: bytes of it
 *
 * What is of no flow is passed over: it may have crossed the end of one. What is against the rules is the
 * end of the flow that it is about.
 */
void vhx_letter_read(struct vhx_guest *g, struct vhx_message *msg, u32 len)
{
	struct vhx_vsock_msg m;
	struct vhx_flow *f;

	if (!vhx_letter_open(&m, msg, len))
		return;
	if (m.type == VHX_VSOCK_MSG_CONNECT) {
		vhx_letter_connect(g, &m);
		return;
	}
	f = m.conn ? vhx_flow_by_id(g, m.conn) : vhx_flow_by_cookie(g, m.cookie);
	if (f && f->parked) {
		vhx_grace_answer(g, f, &m);
		return;
	}
	if (f && f->state == VHX_FLOW_OVER && m.type == VHX_VSOCK_MSG_TAKEN)
		vhx_letter_taken(g, f, m.count);
	if (!f || f->state == VHX_FLOW_OVER)
		return;
	if (!m.conn && m.type != VHX_VSOCK_MSG_RESET)
		return;
	if (m.type == VHX_VSOCK_MSG_RESET) {
		vhx_flow_say(g, f, VHX_PKT_RST, 0);
		vhx_flow_free(g, f);
		return;
	}
	if (!vhx_letter_of(g, f, &m, vhx_message_data(msg) + sizeof(m)))
		vhx_flow_over(g, f, true);
}
