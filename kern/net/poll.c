// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adaptive polling, see poll.h. A queue polls for its window. A sleep that was shorter than the
 * budget would have been worth polling through: the window grows. One that was longer: it shrinks,
 * to nothing. So an idle queue costs a look at the clock, and a busy one no sleep.
 */
#include <linux/ptr_ring.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

#include "poll.h"

/* The first window, nanoseconds: what a wake-up costs, about. */
#define VHX_BUSY_FIRST_NS	(10 * NSEC_PER_USEC)

/**
 * vhx_busy_learn - adapt a queue's window to how long it has slept
 * @vq: the queue, woken
 *
 * Context: the queue's handler.
 */
void vhx_busy_learn(struct vhx_vq *vq)
{
	struct vhx_busy *b = &vhx_pair_of(vq)->seat.busy[vq->index];
	u64 budget = (u64)vhx_busy_budget(vq) * NSEC_PER_USEC;
	u64 slept = local_clock() - b->idle_ns;
	u64 window = b->window_ns;

	b->idle_ns = 0;
	if (slept <= budget)
		window = min(max(2 * window, VHX_BUSY_FIRST_NS), budget);
	else
		window /= 2;
	WRITE_ONCE(b->window_ns, window < VHX_BUSY_FIRST_NS ? 0 : window);
}

/*
 * Has somebody a better use for the CPU: another task, another queue of the worker's, one who waits
 * for it (flush), the vIOMMU for its translations, or the reaper?
 */
static bool vhx_busy_yields(const struct vhx_vq *vq)
{
	return need_resched() || signal_pending(current) ||
	       !llist_empty(&vq->runner->list) || !single_task_running() ||
	       vhx_msgs_awaited(&vq->dev->msgs);
}

static bool vhx_busy_work(struct vhx_vq *vq, struct ptr_ring *ring)
{
	return ring ? !__ptr_ring_empty(ring) : vhx_vq_pending(vq) > 0;
}

/**
 * vhx_busy_wait - look for work until the window is over
 * @vq: queue whose avail ring to watch
 * @ring: the backend's ring to watch instead, or NULL
 * @budget_us: microseconds at most, not 0
 *
 * Preemption stays on: reading the avail index may fault.
 *
 * Context: the queue's handler.
 * Return: true when there is work.
 */
bool vhx_busy_wait(struct vhx_vq *vq, struct ptr_ring *ring, u32 budget_us)
{
	struct vhx_busy *b = &vhx_pair_of(vq)->seat.busy[vq->index];
	u64 now = local_clock(), end;

	b->idle_ns = now;
	end = now + min(b->window_ns, (u64)budget_us * NSEC_PER_USEC);
	if (now == end)
		return false;
	do {
		if (vhx_busy_work(vq, ring)) {
			b->idle_ns = 0;
			vhx_vq_count(vq, VHX_QSTAT_POLL_HITS, 1);
			return true;
		}
		/* Given up, neither won nor lost. */
		if (vhx_busy_yields(vq)) {
			b->idle_ns = 0;
			return false;
		}
		cpu_relax();
		now = local_clock();
	} while (now < end);
	vhx_vq_count(vq, VHX_QSTAT_POLL_MISSES, 1);
	return false;
}
