/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What waits for a guest: packets of the host's sockets and of other guests, a lane each, and
 * connections whose end it has not heard of. Lanes take turns, by bytes.
 */
#ifndef _VHX_VSOCK_OUT_H
#define _VHX_VSOCK_OUT_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct vhx_end;
struct vhx_out;
struct vhx_pair;

#define VHX_LANE_TURN	(64U << 10)	/* bytes of a lane's before another's */

/**
 * struct vhx_lane - packets of one sender for a guest
 * @out: the guest's
 * @q: the packets. Its own lock is that of sockets which take back what they sent; inside @out->lock
 * @ready: in @out->ready while there are some; @out->lock
 * @spent: bytes of this turn; @out->lock
 * @held: bytes of memory of packets that were put here and have not come to the guest; of other
 *	guests' alone. @out->lock
 * @pair: the two guests, to which each packet has a reference; NULL: the sender is the host
 */
struct vhx_lane {
	struct vhx_out *out;
	struct sk_buff_head q;
	struct list_head ready;
	u32 spent;
	u64 held;
	struct vhx_pair *pair;
};

/**
 * struct vhx_out - what waits for a guest
 * @lock: lists; innermost but for the lanes' locks. Taken with bottom halves off
 * @ready: lanes that have packets, the first is the next
 * @resets: ends of connections, struct vhx_end.due, each with a reference to its connection
 * @nresets: how many; read without the lock by who wants to know whether there is room for more
 * @host: the host's lane
 */
struct vhx_out {
	spinlock_t lock;
	struct list_head ready;
	struct list_head resets;
	u32 nresets;
	struct vhx_lane host;
};

void vhx_out_init(struct vhx_out *out);
void vhx_lane_init(struct vhx_lane *lane, struct vhx_out *out);

static inline bool vhx_out_any(const struct vhx_out *out)
{
	return !list_empty(&out->ready) || !list_empty(&out->resets);
}

bool vhx_out_put(struct vhx_lane *lane, struct sk_buff *skb, u64 most);
struct sk_buff *vhx_out_take(struct vhx_out *out, struct vhx_lane **from);
void vhx_out_untake(struct vhx_lane *lane, struct sk_buff *skb);
void vhx_out_done(struct vhx_lane *lane, u32 truesize);
u32 vhx_out_next(struct vhx_out *out, u32 *bytes);
u32 vhx_out_len(struct vhx_out *out);

void vhx_out_reset(struct vhx_out *out, struct vhx_end *end);
struct vhx_end *vhx_out_take_reset(struct vhx_out *out);

#endif /* _VHX_VSOCK_OUT_H */
