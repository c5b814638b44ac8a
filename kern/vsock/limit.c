// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of guests, see limit.h. A space has them by CID; a guest has a copy, which its workers look
 * at without a lock.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>

#include "guest.h"
#include "limit.h"
#include "trace.h"

#define VHX_PAUSE_MOST_US	(10 * USEC_PER_SEC)	/* then it is looked at again */
#define VHX_BURST_MIN		(64U << 10)	/* bytes: a packet that is as large as they get */

/**
 * vhx_limits_initial - limits that nobody set
 * @l: to be filled
 */
void vhx_limits_initial(struct vhx_limits *l)
{
	static const struct vhx_limits initial = { {
#define VHX_LIMIT_INITIAL(NAME, value, ...) \
		[VHX_LIMIT_##NAME] = value,
		VHX_VSOCK_LIMITS(VHX_LIMIT_INITIAL)
#undef VHX_LIMIT_INITIAL
	} };

	*l = initial;
}

/* ---- of a space ---- */

/* Context: vhx_space_lock. Return: the first whose CID is not less than @cid, or NULL. */
static struct vhx_limit_entry *vhx_limit_at(const struct vhx_space *s, u32 cid)
{
	struct vhx_limit_entry *e;

	list_for_each_entry(e, &s->limits, node)
		if (e->cid >= cid)
			return e;
	return NULL;
}

static struct vhx_limit_entry *vhx_limit_own(const struct vhx_space *s, u32 cid)
{
	struct vhx_limit_entry *e = vhx_limit_at(s, cid);

	return e && e->cid == cid ? e : NULL;
}

/**
 * vhx_limits_find - the limits of a guest
 * @s: space
 * @cid: its CID
 *
 * Context: process; vhx_space_lock.
 * Return: its own, or those of guests without.
 */
const struct vhx_limits *vhx_limits_find(const struct vhx_space *s, u32 cid)
{
	const struct vhx_limit_entry *e = vhx_limit_own(s, cid);

	return e ? &e->limits : &s->common;
}

static void vhx_limits_copy(struct vhx_limits *to, const struct vhx_limits *from)
{
	u32 i;

	for (i = 0; i < VHX_LIMIT_NR; i++)
		WRITE_ONCE(to->v[i], from->v[i]);
}

/* A guest that waits may perhaps go on. Context: vhx_cids_lock or RCU; vhx_space_lock. */
static void vhx_limit_tell(struct vhx_guest *g, void *space)
{
	if (g->space != space)
		return;
	vhx_limits_copy(&g->limits, vhx_limits_find(space, g->cid));
	vhx_vq_queue(&g->vq[VHX_VSOCK_FROM_GUEST]);
}

/**
 * vhx_limit_set - set limits
 * @s: space
 * @cid: of the guest, or 0: of those that have none of their own
 * @to: to what
 *
 * Context: process, sleeps; vhx_space_lock.
 * Return: 0; -E2BIG; -ENOMEM.
 */
int vhx_limit_set(struct vhx_space *s, u32 cid, const struct vhx_limits *to)
{
	struct vhx_limit_entry *e = vhx_limit_own(s, cid), *next;

	if (!cid) {
		s->common = *to;
	} else if (e) {
		e->limits = *to;
	} else {
		if (s->nlimits >= VHX_LIMITS_MAX)
			return -E2BIG;
		e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
		if (!e)
			return -ENOMEM;
		e->cid = cid;
		e->limits = *to;
		next = vhx_limit_at(s, cid);
		list_add_tail(&e->node, next ? &next->node : &s->limits);
		s->nlimits++;
	}
	vhx_cid_each(vhx_limit_tell, s);
	return 0;
}

static void vhx_limit_drop(struct vhx_space *s, struct vhx_limit_entry *e)
{
	list_del(&e->node);
	s->nlimits--;
	kfree(e);
}

/**
 * vhx_limit_del - a guest has no limits of its own any more
 * @s: space
 * @cid: its CID, or 0: limits of those without are what nobody set
 *
 * Context: process, sleeps; vhx_space_lock.
 * Return: 0 or -ENOENT.
 */
int vhx_limit_del(struct vhx_space *s, u32 cid)
{
	struct vhx_limit_entry *e = vhx_limit_own(s, cid);

	if (cid && !e)
		return -ENOENT;
	if (e)
		vhx_limit_drop(s, e);
	else
		vhx_limits_initial(&s->common);
	vhx_cid_each(vhx_limit_tell, s);
	return 0;
}

/**
 * vhx_limit_flush - nobody has limits of their own any more
 * @s: space that goes
 *
 * Context: process; vhx_space_lock.
 */
void vhx_limit_flush(struct vhx_space *s)
{
	struct vhx_limit_entry *e, *next;

	list_for_each_entry_safe(e, next, &s->limits, node)
		vhx_limit_drop(s, e);
}

/* ---- of a guest ---- */

/**
 * vhx_limit_apply - a guest has another CID, and that one's limits
 * @g: guest, which can be found by it already
 *
 * Context: process, sleeps; vhx_cids_lock.
 */
void vhx_limit_apply(struct vhx_guest *g)
{
	mutex_lock(&vhx_space_lock);
	vhx_limits_copy(&g->limits, vhx_limits_find(g->space, g->cid));
	mutex_unlock(&vhx_space_lock);
}

static bool vhx_limit_fill(struct vhx_bucket *b, const struct vhx_bucket_size *size)
{
	vhx_bucket_fill(b, size, ktime_get_ns() / NSEC_PER_USEC);
	return b->level > 0;
}

/**
 * vhx_limit_conn - may a guest ask for another connection?
 * @g: guest, which has by that
 *
 * Context: the handler of its queue.
 */
bool vhx_limit_conn(struct vhx_guest *g)
{
	struct vhx_bucket_size size = { .rate = vhx_limit(&g->limits, VHX_LIMIT_CONN_RATE) };

	if (!size.rate)
		return true;
	size.burst = vhx_limit(&g->limits, VHX_LIMIT_CONN_BURST) ?: size.rate;
	if (!vhx_limit_fill(&g->conn_bucket, &size))
		return false;
	g->conn_bucket.level--;
	return true;
}

/**
 * vhx_limit_paused - has a guest sent too much already?
 * @g: guest; if so its queue is queued when it may go on
 *
 * Context: the handler of its queue.
 */
bool vhx_limit_paused(struct vhx_guest *g)
{
	struct vhx_bucket_size size = { .rate = vhx_limit(&g->limits, VHX_LIMIT_RATE) };
	u64 us;

	if (likely(!size.rate))
		return false;
	size.burst = vhx_limit(&g->limits, VHX_LIMIT_BURST) ?:
		     max_t(u64, size.rate / 8, VHX_BURST_MIN);
	if (vhx_limit_fill(&g->bucket, &size))
		return false;
	vhx_guest_count(g, VHX_VSOCK_STAT_THROTTLED);
	us = min_t(u64, vhx_bucket_wait(&g->bucket, size.rate), VHX_PAUSE_MOST_US);
	trace_vhx_vsock_throttle(g, us);
	mod_timer(&g->timer, jiffies + usecs_to_jiffies(us));
	return true;
}

/**
 * vhx_limit_sent - a guest sent something
 * @g: guest
 * @bytes: how much, headers included
 *
 * Context: the handler of its queue.
 */
void vhx_limit_sent(struct vhx_guest *g, u32 bytes)
{
	if (vhx_limit(&g->limits, VHX_LIMIT_RATE))
		g->bucket.level -= bytes;
}
