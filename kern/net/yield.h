/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standing back for a sender on the worker's own CPU.
 */
#ifndef _VHX_NET_YIELD_H
#define _VHX_NET_YIELD_H

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>

#include "pair.h"

#define VHX_YIELD_FEW		4	/* packets of a turn that came too early */
#define VHX_YIELD_GAIN		2	/* packets that make standing back worth it */
#define VHX_YIELD_LONG		1000000	/* ns that are too long */
#define VHX_YIELD_TURNS_MAX	1024
#define VHX_YIELD_SECONDS_MAX	64

/**
 * vhx_yield_begin - let a sender on this CPU go on
 * @vq: queue that has nothing to do
 * @y: what came of it before
 * @cpu: where the task runs that woke it, -1 if no task did
 *
 * A scheduler that has who wakes preempt who woke it switches back and forth for each packet of a
 * burst. A worker that was woken by a task of its own CPU, and so has perhaps preempted it, can
 * stand back once and then find all of the burst.
 *
 * Context: the queue's handler.
 * Return: true when somebody else ran meanwhile: look again, and tell vhx_yield_end().
 */
static inline bool vhx_yield_begin(struct vhx_vq *vq, struct vhx_yield *y, int cpu)
{
	if (cpu != raw_smp_processor_id())
		return false;
	if (y->skip) {
		y->skip--;
		return false;
	}
	if (time_before(jiffies, y->until) || single_task_running() ||
	    !llist_empty(&vq->runner->list))
		return false;
	y->since = local_clock();
	/* No condition is waited for: nothing depends on who runs now, or on whether anyone does. */
	yield();
	y->away = local_clock() - y->since;
	return true;
}

/**
 * vhx_yield_end - was it worth it?
 * @y: as at vhx_yield_begin(), which returned true
 * @packets: found since
 *
 * A sender that waits for each packet's answer gains nothing: it is tried more and more rarely.
 * One that never stops, or somebody else who wanted the CPU, keeps packets waiting as long as the
 * scheduler lets them: that is tried once in a minute in the end.
 */
static inline void vhx_yield_end(struct vhx_yield *y, u32 packets)
{
	if (y->away > VHX_YIELD_LONG) {
		y->seconds = clamp(2 * y->seconds, 1, VHX_YIELD_SECONDS_MAX);
		y->until = jiffies + y->seconds * HZ;
	} else if (packets < VHX_YIELD_GAIN) {
		y->turns = clamp(2 * y->turns, 1, VHX_YIELD_TURNS_MAX);
		y->skip = y->turns;
	} else {
		y->turns = 0;
		y->seconds = 0;
	}
}

#endif /* _VHX_NET_YIELD_H */
