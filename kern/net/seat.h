/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A seat: a queue pair's place in its NIC. All that steering and netlink know of a queue pair,
 * whoever owns its queues: a vhost fd (pair.h) or a vDPA device (vdpa/net/vnet.h).
 */
#ifndef _VHX_NET_SEAT_H
#define _VHX_NET_SEAT_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "core/vq.h"

struct vhx_mailbox;
struct vhx_net_nic;

#define VHX_NET_RX	0
#define VHX_NET_TX	1
#define VHX_NET_VQS	2

/* Counters bumped before a packet is queued, outside the queue's lock; added up by nl.c. */
struct vhx_tap_stats {
	atomic64_t steered;
	atomic64_t dropped;
	atomic64_t dead;
	atomic64_t illegal;
	atomic64_t closed;
};

/**
 * struct vhx_busy - a queue's polling, see poll.h; under the queue's lock
 * @window_ns: how long it polls now; read anywhere
 * @idle_ns: when it ran out of work, 0 while it has some or nobody asks
 */
struct vhx_busy {
	u64 window_ns;
	u64 idle_ns;
};

/**
 * struct vhx_seat - a queue pair's place in its NIC
 * @vq: its queues
 * @nic: the NIC; written under vhx_net_mutex
 * @index: index in @nic
 * @live: packets may go to the rx queue; read anywhere
 * @room: rx buffers the guest was seen to have posted; an estimate, read anywhere
 * @poll_us: what @nic says of polling, see there; written under vhx_net_mutex
 * @busy: polling, by queue
 * @mailbox: packets from other queues' workers; NULL where packets are judged before they are
 *	queued
 * @tap: counters of packets judged before they are queued
 */
struct vhx_seat {
	struct vhx_vq *vq[VHX_NET_VQS];
	struct vhx_net_nic __rcu *nic;
	u32 index;
	bool live;
	u32 room;
	u32 poll_us;
	struct vhx_busy busy[VHX_NET_VQS];
	struct vhx_mailbox *mailbox;
	struct vhx_tap_stats tap;
};

/*
 * What a policy may ask for, when the rx queue's handler is done. A packed ring has no index to tell;
 * somebody has to look, if there are policies that ask. Context: the rx queue's handler.
 */
static inline void vhx_seat_tell_room(struct vhx_seat *seat, bool look)
{
	struct vhx_vq *vq = seat->vq[VHX_NET_RX];
	int n = vhx_ring_known(&vq->ring);

	if (look && vq->ring.packed && !vq->broken)
		n = max(vhx_vq_pending(vq), 0);
	WRITE_ONCE(seat->room, n);
}

#endif /* _VHX_NET_SEAT_H */
