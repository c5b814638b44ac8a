/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adaptive polling: a queue that has nothing to do looks for a while before its worker sleeps, if
 * that has paid lately. How long at most is the NIC's budget (VHX_CMD_NIC_SET), or where none is
 * set what the VMM said (VHOST_SET_VRING_BUSYLOOP_TIMEOUT).
 */
#ifndef _VHX_NET_POLL_H
#define _VHX_NET_POLL_H

#include "pair.h"

/* Longest budget, whoever gives it, microseconds: an ioctl of the VMM's waits as long. */
#define VHX_BUSY_MAX_US	10000U

/* What a queue may poll for, microseconds; 0 for not at all. Context: the queue's handler. */
static inline u32 vhx_busy_budget(const struct vhx_vq *vq)
{
	u32 us = READ_ONCE(vhx_pair_of(vq)->seat.poll_us);

	if (likely(us == VHX_NIC_POLL_VMM))
		us = vq->busyloop_us;
	return min(us, VHX_BUSY_MAX_US);
}

void vhx_busy_learn(struct vhx_vq *vq);
bool vhx_busy_wait(struct vhx_vq *vq, struct ptr_ring *ring, u32 budget_us);

/**
 * vhx_busy_begin - a queue's handler begins: was the sleep before so short that polling pays?
 * @vq: the queue
 *
 * Context: the queue's handler.
 */
static inline void vhx_busy_begin(struct vhx_vq *vq)
{
	if (unlikely(vhx_pair_of(vq)->seat.busy[vq->index].idle_ns))
		vhx_busy_learn(vq);
}

/**
 * vhx_busy_poll - wait a little for work before going to sleep
 * @vq: queue whose avail ring to watch
 * @ring: the backend's ring to watch instead, or NULL
 *
 * Context: the queue's handler.
 * Return: true when there is work.
 */
static inline bool vhx_busy_poll(struct vhx_vq *vq, struct ptr_ring *ring)
{
	u32 us = vhx_busy_budget(vq);

	return unlikely(us) && vhx_busy_wait(vq, ring, us);
}

#endif /* _VHX_NET_POLL_H */
