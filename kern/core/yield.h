/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standing back for others on the worker's own CPU.
 */
#ifndef _VHX_YIELD_H
#define _VHX_YIELD_H

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>

#define VHX_YIELD_LONG		1000000	/* ns that are too long */
#define VHX_YIELD_TURNS_MAX	1024
#define VHX_YIELD_SECONDS_MAX	64

/**
 * struct vhx_yield - how standing back turns out
 * @away: how long it took, ns
 * @until: jiffies before which it is not tried again
 * @skip: turns for which it is not
 * @turns: the last such number
 * @seconds: the last such time
 */
struct vhx_yield {
	u64 away;
	unsigned long until;
	u32 skip;
	u32 turns;
	u32 seconds;
};

/**
 * vhx_yield_begin - let others on this CPU go on
 * @y: what came of it before
 *
 * Context: a worker that has nothing to do.
 * Return: true when somebody else ran meanwhile: look again, and tell vhx_yield_end().
 */
static inline bool vhx_yield_begin(struct vhx_yield *y)
{
	u64 since;

	if (y->skip) {
		y->skip--;
		return false;
	}
	if (time_before(jiffies, y->until) || single_task_running())
		return false;
	since = local_clock();
	/* No condition is waited for: nothing depends on who runs now, or on whether anyone does. */
	yield();
	y->away = local_clock() - since;
	return true;
}

/**
 * vhx_yield_end - was it worth it?
 * @y: as at vhx_yield_begin(), which returned true
 * @gained: there is something to do now
 *
 * Where nothing is gained it is tried more and more rarely. Somebody who never stops, or who wanted
 * the CPU for something else, keeps work waiting as long as the scheduler lets them: that is tried
 * once in a minute in the end.
 */
static inline void vhx_yield_end(struct vhx_yield *y, bool gained)
{
	if (y->away > VHX_YIELD_LONG) {
		y->seconds = clamp(2 * y->seconds, 1, VHX_YIELD_SECONDS_MAX);
		y->until = jiffies + y->seconds * HZ;
	} else if (!gained) {
		y->turns = clamp(2 * y->turns, 1, VHX_YIELD_TURNS_MAX);
		y->skip = y->turns;
	} else {
		y->turns = 0;
		y->seconds = 0;
	}
}

#endif /* _VHX_YIELD_H */
