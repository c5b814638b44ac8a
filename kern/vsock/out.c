// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits for a guest, see out.h.
 */
#include <linux/virtio_vsock.h>

#include "conn.h"
#include "out.h"

/**
 * vhx_lane_init - make a lane
 * @lane: lane
 * @out: of whose
 */
void vhx_lane_init(struct vhx_lane *lane, struct vhx_out *out)
{
	lane->out = out;
	skb_queue_head_init(&lane->q);
	INIT_LIST_HEAD(&lane->ready);
}

/**
 * vhx_out_init - nothing waits
 * @out: a guest's
 */
void vhx_out_init(struct vhx_out *out)
{
	spin_lock_init(&out->lock);
	INIT_LIST_HEAD(&out->ready);
	INIT_LIST_HEAD(&out->resets);
	vhx_lane_init(&out->host, out);
}

/**
 * vhx_out_put - have a packet wait
 * @lane: whose it is
 * @skb: packet; the lane's if it is taken
 * @most: bytes of memory that may wait in this lane; 0: as many as come
 *
 * Context: any but interrupts; RCU, or a reference to the guest.
 * Return: whether it was taken.
 */
bool vhx_out_put(struct vhx_lane *lane, struct sk_buff *skb, u64 most)
{
	struct vhx_out *out = lane->out;
	bool fits;

	spin_lock_bh(&out->lock);
	fits = !most || lane->held + skb->truesize <= most;
	if (fits) {
		if (lane->pair) {
			lane->held += skb->truesize;
			vhx_pair_get(lane->pair);
		}
		spin_lock(&lane->q.lock);
		__skb_queue_tail(&lane->q, skb);
		spin_unlock(&lane->q.lock);
		if (list_empty(&lane->ready))
			list_add_tail(&lane->ready, &out->ready);
	}
	spin_unlock_bh(&out->lock);
	return fits;
}

/* Its turn is over, or it has nothing more. Context: @out->lock. */
static void vhx_lane_turn(struct vhx_out *out, struct vhx_lane *lane)
{
	const bool empty = skb_queue_empty(&lane->q);

	if (!empty && lane->spent < VHX_LANE_TURN)
		return;
	lane->spent = 0;
	if (empty)
		list_del_init(&lane->ready);
	else
		list_move_tail(&lane->ready, &out->ready);
}

/**
 * vhx_out_take - take the next packet
 * @out: a guest's
 * @from: where to put the lane that it was in
 *
 * Context: any but interrupts.
 * Return: packet, for vhx_out_untake() or vhx_out_done(); NULL: none waits.
 */
struct sk_buff *vhx_out_take(struct vhx_out *out, struct vhx_lane **from)
{
	struct sk_buff *skb = NULL;
	struct vhx_lane *lane;

	spin_lock_bh(&out->lock);
	while (!skb && !list_empty(&out->ready)) {
		lane = list_first_entry(&out->ready, struct vhx_lane, ready);
		spin_lock(&lane->q.lock);
		skb = __skb_dequeue(&lane->q);
		spin_unlock(&lane->q.lock);
		if (skb)
			lane->spent += skb->len;
		*from = lane;
		vhx_lane_turn(out, lane);
	}
	spin_unlock_bh(&out->lock);
	return skb;
}

/**
 * vhx_out_untake - a packet was not sent, or not all of it, and is the next again
 * @lane: where it was
 * @skb: packet
 *
 * Context: any but interrupts.
 */
void vhx_out_untake(struct vhx_lane *lane, struct sk_buff *skb)
{
	struct vhx_out *out = lane->out;

	spin_lock_bh(&out->lock);
	spin_lock(&lane->q.lock);
	__skb_queue_head(&lane->q, skb);
	spin_unlock(&lane->q.lock);
	list_move(&lane->ready, &out->ready);
	spin_unlock_bh(&out->lock);
}

/**
 * vhx_out_done - a packet that was taken is with the guest, or nowhere
 * @lane: where it was; may be gone when this returns
 * @truesize: bytes of memory that it had
 *
 * Context: process; not vhx_conns_lock.
 */
void vhx_out_done(struct vhx_lane *lane, u32 truesize)
{
	if (!lane->pair)
		return;
	spin_lock_bh(&lane->out->lock);
	lane->held -= truesize;
	spin_unlock_bh(&lane->out->lock);
	vhx_pair_put(lane->pair);
}

/**
 * vhx_out_next - how much can be taken before another lane's turn, about
 * @out: a guest's
 * @bytes: where to put how much payload the first has; of the others it is not known
 *
 * Context: process.
 * Return: packets; 0: none waits, but perhaps an end.
 */
u32 vhx_out_next(struct vhx_out *out, u32 *bytes)
{
	const struct sk_buff *skb;
	struct vhx_lane *lane;
	u32 n = 0;

	*bytes = 0;
	spin_lock_bh(&out->lock);
	if (!list_empty(&out->ready)) {
		lane = list_first_entry(&out->ready, struct vhx_lane, ready);
		spin_lock(&lane->q.lock);
		n = skb_queue_len(&lane->q);
		skb = skb_peek(&lane->q);
		if (skb)
			*bytes = skb->len - VIRTIO_VSOCK_SKB_CB(skb)->offset;
		spin_unlock(&lane->q.lock);
	}
	spin_unlock_bh(&out->lock);
	return n;
}

/**
 * vhx_out_len - how much waits
 * @out: a guest's
 *
 * Return: packets, and ends.
 */
u32 vhx_out_len(struct vhx_out *out)
{
	const struct vhx_lane *lane;
	u32 n;

	spin_lock_bh(&out->lock);
	n = out->nresets;
	list_for_each_entry(lane, &out->ready, ready)
		n += skb_queue_len(&lane->q);
	spin_unlock_bh(&out->lock);
	return n;
}

/**
 * vhx_out_reset - the guest is to hear that a connection ended
 * @out: its
 * @end: its end of it; with it goes a reference to the connection
 *
 * It needs no memory, so that it cannot be lost.
 *
 * Context: any but interrupts; RCU, or a reference to the guest.
 */
void vhx_out_reset(struct vhx_out *out, struct vhx_end *end)
{
	spin_lock_bh(&out->lock);
	list_add_tail(&end->due, &out->resets);
	WRITE_ONCE(out->nresets, out->nresets + 1);
	spin_unlock_bh(&out->lock);
}

/**
 * vhx_out_take_reset - take the next end of a connection
 * @out: a guest's
 *
 * Context: any but interrupts.
 * Return: the end, with its reference; or NULL.
 */
struct vhx_end *vhx_out_take_reset(struct vhx_out *out)
{
	struct vhx_end *end;

	if (list_empty(&out->resets))
		return NULL;
	spin_lock_bh(&out->lock);
	end = list_first_entry_or_null(&out->resets, struct vhx_end, due);
	if (end) {
		list_del_init(&end->due);
		WRITE_ONCE(out->nresets, out->nresets - 1);
	}
	spin_unlock_bh(&out->lock);
	return end;
}
