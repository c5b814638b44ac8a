// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest sent on a flow, see flow.h, from when it came until it is of no use any more: with a grace
 * that is when the agent says that it took it, else when it was given it. It is given in order, and can be
 * given again from any place that is still there. All of it is under vhx_agency.lock.
 *
 * It is bounded by the guest's credit, and small packets are put together: what they need beside their
 * bytes would be many times those.
 */
#include <linux/virtio_vsock.h>

#include "flow.h"

#define VHX_HOLD_SMALL	1024		/* bytes of a packet that waits together with others */
#define VHX_HOLD_MERGE	3072		/* bytes for those together */

static u32 vhx_hold_flags(struct sk_buff *skb)
{
	return le32_to_cpu(virtio_vsock_hdr(skb)->flags) & (VHX_PKT_F_EOM | VHX_PKT_F_EOR);
}

/* Does a packet go on where @last ended? Of SOCK_SEQPACKET no message is put together with another. */
static bool vhx_hold_goes_on(const struct vhx_flow *f, struct sk_buff *last)
{
	return f->type == VHX_PKT_STREAM || (last && !(vhx_hold_flags(last) & VHX_PKT_F_EOM));
}

/* Return: whether @skb was taken. */
static bool vhx_hold_merge(struct vhx_flow *f, struct sk_buff *skb)
{
	struct sk_buff *last = skb_peek_tail(&f->rxq);

	if (skb->len > VHX_HOLD_SMALL || !vhx_hold_goes_on(f, last))
		return false;
	if (!last || skb_is_nonlinear(last) || skb_tailroom(last) < skb->len) {
		last = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM + VHX_HOLD_MERGE, GFP_KERNEL);
		if (!last)
			return false;
		__skb_queue_tail(&f->rxq, last);
	}
	skb_put_data(last, skb->data, skb->len);
	virtio_vsock_hdr(last)->flags = virtio_vsock_hdr(skb)->flags;
	kfree_skb(skb);
	return true;
}

/**
 * vhx_hold_put - the guest sent something
 * @f: flow
 * @skb: packet with at least a byte, within the guest's credit; taken if there is room
 *
 * Return: whether there is: too many packets wait, although they may be small.
 */
bool vhx_hold_put(struct vhx_flow *f, struct sk_buff *skb)
{
	if (skb_queue_len(&f->rxq) - f->nheld >= VHX_FLOW_QUEUE)
		return false;
	f->rx += skb->len;
	if (!vhx_hold_merge(f, skb))
		__skb_queue_tail(&f->rxq, skb);
	return true;
}

/**
 * vhx_hold_any - is there something that the agent may be given?
 * @f: flow
 *
 * Not while it has had so many packets, and not said that it took them. When the flow is over there will
 * be no more, and it may have the rest.
 */
bool vhx_hold_any(const struct vhx_flow *f)
{
	return f->given != f->rx && (f->nheld < VHX_FLOW_QUEUE || f->state == VHX_FLOW_OVER);
}

/* There is something. Return: packet that has the next byte. */
static struct sk_buff *vhx_hold_next(struct vhx_flow *f)
{
	if (!f->next) {
		f->next = skb_peek(&f->rxq);
		f->next_at = f->base;
	}
	/* The last may have grown since all of it was given: it is left when another comes. */
	while (f->given >= f->next_at + f->next->len) {
		f->next_at += f->next->len;
		f->next = skb_peek_next(f->next, &f->rxq);
		f->nheld++;
	}
	return f->next;
}

/**
 * vhx_hold_give - give the agent what is next
 * @f: flow
 * @to: where it goes
 * @room: bytes there, at least one
 * @flags: VIRTIO_VSOCK_SEQ_*, if it ends there
 *
 * Of SOCK_SEQPACKET it is no more than a packet.
 *
 * Return: bytes.
 */
u32 vhx_hold_give(struct vhx_flow *f, void *to, u32 room, u16 *flags)
{
	struct sk_buff *skb;
	u32 n = 0, off, len;

	while (n < room && f->given != f->rx) {
		skb = vhx_hold_next(f);
		off = f->given - f->next_at;
		len = min(skb->len - off, room - n);
		if (skb_copy_bits(skb, off, to + n, len))
			break;
		n += len;
		f->given += len;
		if (f->type != VHX_PKT_SEQPACKET)
			continue;
		if (off + len == skb->len)
			*flags = vhx_hold_flags(skb);
		break;
	}
	return n;
}

/**
 * vhx_hold_drop - what the guest sent first is of no use any more
 * @f: flow
 * @before: bytes of it in all; no more than the agent was given
 */
void vhx_hold_drop(struct vhx_flow *f, u64 before)
{
	struct sk_buff *skb;

	while ((skb = skb_peek(&f->rxq)) && f->base + skb->len <= before) {
		f->base += skb->len;
		if (skb == f->next)
			f->next = NULL;
		else if (f->nheld)
			f->nheld--;
		__skb_unlink(skb, &f->rxq);
		kfree_skb(skb);
	}
}

/**
 * vhx_hold_again - from some place on the agent is given it all once more
 * @f: flow
 * @from: bytes before that; not dropped, and no more than were given
 */
void vhx_hold_again(struct vhx_flow *f, u64 from)
{
	vhx_hold_drop(f, from);
	f->given = from;
	f->next = NULL;
	f->nheld = 0;
}

/**
 * vhx_hold_forget - nobody is given any of it
 * @f: flow
 */
void vhx_hold_forget(struct vhx_flow *f)
{
	__skb_queue_purge(&f->rxq);
	f->base = f->rx;
	f->given = f->rx;
	f->next = NULL;
	f->nheld = 0;
}
