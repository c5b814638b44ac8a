// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Packed virtqueues (virtio 1.3, 2.8), see ring.h.
 *
 * How a pull goes: descriptors are read where the ring stands, in one window of user access, up to
 * the first that the guest has not made available; so what is read is what is there, and reading
 * ahead costs a quiet guest nothing. One that stands alone is judged in registers, a chain or a
 * table goes to the walk.
 *
 * What bounds the guest: descriptors that are with the device are never more than the ring has,
 * whatever their flags say, so neither a chain nor a batch comes round to where it began. As with
 * split rings a pull that has read VHX_CHAIN_MAX descriptors lets its caller look at the budget.
 *
 * A place in the ring is an index with the wrap counter in bit 15, as VHOST_SET_VRING_BASE has it.
 * Counted that way the ring is twice as long as it is, and distances are modulo that.
 */
#include <linux/types.h>

#include "access.h"
#include "format.h"
#include "memtbl.h"
#include "ring.h"
#include "walk.h"

/* The event suppression structure of either side, in 32 bits. */
#define EVENT_OFF_WRAP	0
#define EVENT_FLAGS	2

/* Descriptors in one window: what a frame of the stack can hold. */
#define GROUP		32

union event {
	__u32 all;
	struct {
		__u16 off_wrap;
		__u16 flags;
	};
};

/*
 * What a pull carries around. Descriptors [at, have) were read and not yet taken; behind them the
 * ring goes on at @pos. @dry: there the guest had posted nothing. @left: descriptors that the ring
 * can still hold beyond those taken. Too big to be cleared for nothing, see split.c.
 */
struct pull {
	struct vhx_ring *r;
	const struct vhx_memtbl *mt;	/* for segments */
	const struct vhx_memtbl *tables;
	struct vhx_pull *p;
	__u32 left;
	__u32 at;
	__u32 have;
	__u16 pos;
	bool dry;
	struct vhx_desc desc[GROUP];
};

static inline __u32 slot_of(__u16 pos)
{
	return pos & ~VHX_PLACE_WRAP;
}

/* @n places on; @n is at most the ring's size. */
static inline __u16 place_after(const struct vhx_ring *r, __u16 pos, __u32 n)
{
	const __u32 slot = slot_of(pos) + n;

	if (slot < r->num)
		return pos + n;
	return (slot - r->num) | (~pos & VHX_PLACE_WRAP);
}

/* @n places back. */
static inline __u16 place_before(const struct vhx_ring *r, __u16 pos, __u32 n)
{
	const __u32 slot = slot_of(pos);

	if (n <= slot)
		return pos - n;
	return (slot + r->num - n) | (~pos & VHX_PLACE_WRAP);
}

/* Places from @from on to @to, less than twice the ring's size. */
static inline __u32 distance(const struct vhx_ring *r, __u16 from, __u16 to)
{
	const __u32 lap = (from ^ to) & VHX_PLACE_WRAP ? r->num : 2 * r->num;
	const __u32 d = slot_of(to) + lap - slot_of(from);

	return d < 2 * r->num ? d : d - 2 * r->num;
}

/* What AVAIL and USED of a descriptor at @pos are when the guest has posted it, in its order. */
static inline __u16 posted_flags(const struct vhx_ring *r, __u16 pos)
{
	return vhx_fix16(r, pos & VHX_PLACE_WRAP ? VHX_PDESC_F_AVAIL : VHX_PDESC_F_USED);
}

/* Read what is posted at c->pos, at most @max. Return: descriptors, or -EFAULT. */
static int refill(struct pull *c, __u32 max)
{
	const __u32 slot = slot_of(c->pos);
	const int n = vhx_lesser(vhx_lesser(max, GROUP), c->r->num - slot);
	const struct vhx_run run = { slot, n, posted_flags(c->r, c->pos) };
	int rc;

	rc = vhx_load_posted(c->r, &run, c->desc);
	if (rc < 0)
		return rc;
	if (unlikely(c->r->swap))
		vhx_walk_swap(c->desc, rc);
	c->at = 0;
	c->have = rc;
	c->dry = rc < n;
	c->pos = place_after(c->r, c->pos, rc);
	c->p->ndesc += rc;
	return rc;
}

/*
 * The chain that begins at c->at. All of it is posted when its first is; and a table is a chain by
 * itself, that is what sets it apart from split rings.
 *
 * Return: descriptors of the ring it is made of, or why it is none.
 */
static int walk_chain(struct pull *c, struct vhx_walk *w, __u16 *id)
{
	const int max = vhx_lesser(c->left, VHX_CHAIN_MAX);
	const struct vhx_desc *d;
	int n, rc;

	for (n = 1; ; n++) {
		d = &c->desc[c->at++];
		if (!(d->pflags & VHX_DESC_F_INDIRECT))
			rc = vhx_walk_buffer(w, d, d->pflags & VHX_DESC_F_WRITE);
		else if (n == 1 && !(d->pflags & VHX_DESC_F_NEXT))
			rc = vhx_walk_row(w, d);
		else
			rc = -EINVAL;
		if (rc)
			return rc;
		if (!(d->pflags & VHX_DESC_F_NEXT)) {
			*id = d->id;
			return *id < c->r->num ? n : -EINVAL;
		}
		if (n == max)
			return -EINVAL;		/* longer than the ring */
		if (c->at < c->have)
			continue;
		rc = refill(c, max - n);
		if (rc <= 0)
			return rc ? rc : -EINVAL;
	}
}

/* Take one chain of whatever shape. Return: 0, -EFAULT or -EINVAL, also for want of room. */
static noinline int pull_chain(struct pull *c)
{
	struct vhx_pull *p = c->p;
	struct vhx_walk w = {
		.r = c->r,
		.tables = c->tables,
		.x.mt = c->mt,
		.x.hit = c->r->hit,
		.x.seg = p->seg + p->nseg,
		.x.room = vhx_lesser(p->max_seg - p->nseg, 0xffff),
	};
	__u16 id;
	int rc;

	rc = walk_chain(c, &w, &id);
	c->r->hit = w.x.hit;
	p->ndesc += w.nread;
	if (rc < 0)
		return rc == -ENOBUFS ? -EINVAL : rc;

	p->chain[p->nchain++] = (struct vhx_chain) {
		.id = id,
		.ndesc = rc,
		.nout = w.nseg[0],
		.nin = w.nseg[1],
		.seg = p->nseg,
		.out_len = w.len[0],
		.in_len = w.len[1],
	};
	p->nseg += w.nseg[0] + w.nseg[1];
	c->left -= rc;
	return 0;
}

/* Take what stands alone. */
static inline void pull_lone(struct pull *c, __u32 max)
{
	const __u32 hit = c->r->hit;
	__u32 n;

	if (unlikely(hit >= c->mt->n))
		return;
	n = vhx_take_lone(&(struct vhx_lone) {
		.p = c->p,
		.rg = &c->mt->region[hit],
		.d = &c->desc[c->at],
		.n = vhx_lesser(c->have - c->at, max),
		.num = c->r->num,
	});
	c->at += n;
	c->left -= n;
}

/* Is it one for pull_lone() after all, once that looks at another region or direction? */
static inline bool lone_elsewhere(struct pull *c)
{
	const struct vhx_desc *d = &c->desc[c->at];

	if (d->pflags & (VHX_DESC_F_NEXT | VHX_DESC_F_INDIRECT))
		return false;
	return vhx_memtbl_find(c->mt, d->addr, &c->r->hit);
}

/* Take up to @max chains. Return: 0, or why not more of them were taken. */
static int pull_posted(struct pull *c, __u32 max)
{
	struct vhx_pull *p = c->p;
	int rc;

	while (p->nchain < max && c->left) {
		if (c->at == c->have) {
			if (c->dry)
				return 0;
			rc = refill(c, vhx_lesser(max - p->nchain, c->left));
			if (rc <= 0)
				return rc;
		}
		pull_lone(c, max - p->nchain);
		if (c->at == c->have || p->nchain == max || lone_elsewhere(c))
			continue;
		rc = pull_chain(c);
		if (rc)
			return rc;
		if (p->ndesc >= VHX_CHAIN_MAX)
			return 0;
	}
	return 0;
}

/* A place that SET_VRING_BASE may well have put outside the ring. */
static inline bool is_place(const struct vhx_ring *r, __u16 pos)
{
	return slot_of(pos) < r->num;
}

int vhx_packed_start(struct vhx_ring *r)
{
	__u32 inuse;

	if (!r->num || r->num > VHX_RING_MAX || r->desc % sizeof(struct vhx_desc) ||
	    r->avail % sizeof(union event) || r->used % sizeof(union event))
		return -EINVAL;
	if (!is_place(r, r->last_avail) || !is_place(r, r->last_used))
		return -EINVAL;
	inuse = distance(r, r->last_used, r->last_avail);
	if (inuse > r->num)
		return -EINVAL;

	r->inuse = inuse;
	r->known = 0;
	return vhx_store_u32(r, r->used, 0);
}

int vhx_packed_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p)
{
	const __u32 room = r->num - r->inuse;
	struct pull c __uninitialized;
	__u32 taken;
	int rc;

	c.r = r;
	c.mt = p->raw ? &vhx_memtbl_raw : mt;
	c.tables = mt;
	c.p = p;
	c.left = room;
	c.at = 0;
	c.have = 0;
	c.pos = r->last_avail;
	c.dry = false;

	rc = pull_posted(&c, vhx_lesser(p->max_chain, VHX_PULL_MAX));
	taken = room - c.left;
	r->last_avail = place_after(r, r->last_avail, taken);
	r->inuse += taken;
	r->known -= vhx_lesser(r->known, taken);
	return p->nchain ? 0 : rc;
}

void vhx_packed_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n)
{
	__u32 i, back = 0;

	for (i = 0; i < n; i++)
		back += chain[i].ndesc;
	r->last_avail = place_before(r, r->last_avail, back);
	r->inuse -= back;
	r->known += back;
}

/*
 * Where a push stands. @slot: where the next used descriptor goes; @flags: what it is marked with;
 * @left: descriptors the device holds beyond those gone past: to write more would be to write into
 * the guest's.
 */
struct push {
	struct vhx_ring *r;
	__u32 slot;
	__u32 left;
	__u16 flags;
};

static noinline void swap_used(struct vhx_used_desc *u)
{
	u->len = vhx_swab32(u->len);
	u->id = vhx_swab16(u->id);
	u->flags = vhx_swab16(u->flags);
}

/* One used descriptor, whose flags show it and all that was written before. */
static int publish_used(const struct vhx_ring *r, __u32 slot, const struct vhx_done *done,
			__u16 flags)
{
	struct vhx_used_desc u = {
		.len = done->len,
		.id = done->id,
		.flags = done->len ? flags | VHX_DESC_F_WRITE : flags,
	};

	if (unlikely(r->swap))
		swap_used(&u);
	return vhx_publish_used(r, slot, &u);
}

/* Go past @n descriptors. Return: 0, or -EINVAL when the device does not hold as many. */
static inline int go_past(struct push *c, __u32 n)
{
	if (unlikely(n - 1 >= c->left))
		return -EINVAL;
	c->left -= n;
	c->slot += n;
	if (c->slot >= c->r->num) {
		c->slot -= c->r->num;
		c->flags ^= VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED;
	}
	return 0;
}

/*
 * Write the used descriptors of @done: buffers of as many descriptors each, of which so many fit
 * before the ring's end, in one window. Return: how many, or negative.
 */
static int store_alike(struct push *c, const struct vhx_done *done, __u32 n)
{
	const __u32 stride = done->ndesc, left = c->left, tail = c->r->num - c->slot;
	int rc;

	if (unlikely(stride - 1 >= left))
		return -EINVAL;
	if (stride == 1)
		n = vhx_lesser(n, vhx_lesser(left, tail));
	else
		n = vhx_lesser(n, vhx_lesser(left / stride, (tail - 1) / stride + 1));
	if (unlikely(c->r->swap))
		rc = publish_used(c->r, c->slot, done, c->flags) ? -EFAULT : 1;
	else
		rc = vhx_store_used_descs(c->r, &(struct vhx_run) { c->slot, n, c->flags }, done);
	if (rc > 0 && go_past(c, rc * stride))
		return -EINVAL;
	return rc;
}

/* Descriptors of a batch that one used descriptor stands for. */
static __u32 batch_size(const struct vhx_done *done, __u32 n)
{
	__u32 ndesc = 0;

	for (; n; n--, done++)
		ndesc += done->ndesc;
	return ndesc;
}

/*
 * The guest looks for the next used descriptor where the last one ended, and nowhere else: the
 * batch's first is written last and shows all of them. A ring that skips writes no other than
 * that, with the id of the last.
 */
int vhx_packed_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n)
{
	const struct vhx_done *first = r->skip ? done + n - 1 : done;
	struct push c = {
		.r = r,
		.slot = slot_of(r->last_used),
		.left = r->inuse,
		.flags = r->last_used & VHX_PLACE_WRAP ? VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED : 0,
	};
	const __u32 slot = c.slot;
	const __u16 flags = c.flags;
	__u32 i, total;
	int rc;

	if (go_past(&c, r->skip ? batch_size(done, n) : done->ndesc))
		return -EINVAL;
	for (i = 1; !r->skip && i < n; i += rc) {
		rc = store_alike(&c, done + i, n - i);
		if (rc < 0)
			return rc;
	}
	/* The others out, before the first's flags: the guest reads them the other way round. */
	if (publish_used(r, slot, first, flags))
		return -EFAULT;

	total = r->inuse - c.left;
	r->inuse = c.left;
	r->last_used = place_after(r, r->last_used, total);
	/* As in a split ring: all the way round the distance is no longer one. */
	if (distance(r, r->called_used, r->last_used) < total)
		r->called_valid = false;
	return 0;
}

/* Has the descriptor the guest named been used in getting from @old to @new? */
static bool event_passed(const struct vhx_ring *r, __u16 event, __u16 old, __u16 new)
{
	__u32 since;

	if (!is_place(r, event))
		return true;
	since = distance(r, event, new);
	return since && since <= distance(r, old, new);
}

int vhx_packed_want_call(struct vhx_ring *r)
{
	const __u16 old = r->called_used, new = r->last_used;
	const bool known = r->called_valid;
	union event ev;

	/* Used descriptors out, before the guest's wish in: it does the reverse. */
	vhx_mb();
	r->called_used = new;
	r->called_valid = true;

	if (vhx_load_u32(r, r->avail, &ev.all))
		return -EFAULT;
	ev.flags = vhx_fix16(r, ev.flags) & VHX_EVENT_F_MASK;
	if (ev.flags != VHX_EVENT_F_DESC || !r->event_idx)
		return ev.flags != VHX_EVENT_F_DISABLE;
	return !known || event_passed(r, vhx_fix16(r, ev.off_wrap), old, new);
}

/* Also with EVENT_IDX: places come round again much sooner than a split ring's indices. */
int vhx_packed_kick_off(struct vhx_ring *r)
{
	return vhx_store_u16(r, r->used + EVENT_FLAGS, vhx_fix16(r, VHX_EVENT_F_DISABLE));
}

/* Posted descriptors in a row from @pos on, at most @max. Return: their number, or -EFAULT. */
static int count_posted(const struct vhx_ring *r, __u16 pos, __u32 max)
{
	__u32 total = 0;
	int n, rc;

	while (total < max) {
		n = vhx_lesser(max - total, r->num - slot_of(pos));
		rc = vhx_count_posted(r, slot_of(pos), posted_flags(r, pos), n);
		if (rc < 0)
			return rc;
		total += rc;
		if (rc < n)
			break;
		pos = place_after(r, pos, n);
	}
	return total;
}

/* As in a split ring the kick is asked for behind what is known, be it pulled or not. */
int vhx_packed_kick_on(struct vhx_ring *r)
{
	const __u16 pos = place_after(r, r->last_avail, r->known);
	union event ev = { .all = 0 };
	int rc;

	if (r->event_idx) {
		ev.off_wrap = vhx_fix16(r, pos);
		ev.flags = vhx_fix16(r, VHX_EVENT_F_DESC);
	}
	if (vhx_store_u32(r, r->used, ev.all))
		return -EFAULT;

	/* The wish out, before the flags in: the guest does the reverse. */
	vhx_mb();
	rc = count_posted(r, pos, r->num - r->inuse - r->known);
	if (rc <= 0)
		return rc;
	r->known += rc;
	return 1;
}

int vhx_packed_pending(struct vhx_ring *r)
{
	return count_posted(r, r->last_avail, vhx_lesser(r->num - r->inuse, VHX_PULL_MAX));
}
