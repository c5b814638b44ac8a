// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Split virtqueues (virtio 1.3, 2.7), see ring.h.
 *
 * How a pull goes: the avail index once, the heads in at most two runs, their descriptors in
 * groups, each group in one window of user access. A descriptor that stands alone, which is what
 * drivers post at speed, is then judged in registers; anything longer goes to the walk.
 *
 * What bounds the guest: a walk takes no more than VHX_CHAIN_MAX buffers, reads a table's entries
 * at most twice over, and a pull that has read VHX_CHAIN_MAX descriptors lets its caller look at
 * the budget. Whoever pulls must therefore take nchain == 0, and nothing else, for "empty".
 */
#include <linux/types.h>

#include "access.h"
#include "format.h"
#include "memtbl.h"
#include "ring.h"
#include "walk.h"

/* Of the avail ring, from its start. */
#define AVAIL_FLAGS	0
#define AVAIL_IDX	2
#define AVAIL_RING	4

/* Of the used ring. */
#define USED_FLAGS	0
#define USED_IDX	2
#define USED_RING	4

/* Descriptors, or used entries, in one window: what a frame of the stack can hold. */
#define GROUP		32

/*
 * What a pull carries around. Like the windows further down it is too big to be cleared for
 * nothing, be it here or by a compiler told to clear the stack: what is read was written.
 */
struct pull {
	struct vhx_ring *r;
	const struct vhx_memtbl *mt;	/* for segments */
	const struct vhx_memtbl *tables;
	struct vhx_pull *p;
	__u16 head[VHX_PULL_MAX];
	struct vhx_desc desc[GROUP];
};

/* Entries known of and not pulled. */
static inline __u16 unread(const struct vhx_ring *r)
{
	return r->avail_idx - r->last_avail;
}

static inline __u64 used_event_addr(const struct vhx_ring *r)
{
	return r->avail + AVAIL_RING + 2ULL * r->num;
}

static inline __u64 avail_event_addr(const struct vhx_ring *r)
{
	return r->used + USED_RING + sizeof(struct vhx_used_elem) * (__u64)r->num;
}

/* Snapshots of heads to the host's order. */
static noinline void swap_heads(__u16 *head, __u32 n)
{
	for (; n; n--, head++)
		*head = vhx_swab16(*head);
}

/* The descriptors of @n heads, each below r->num. */
static inline int load_descs(const struct vhx_ring *r, const __u16 *head, struct vhx_desc *d,
			     __u32 n)
{
	if (vhx_load_descs(r, head, d, n))
		return -EFAULT;
	if (unlikely(r->swap))
		vhx_walk_swap(d, n);
	return 0;
}

/*
 * The guest's avail index as it is now. It only ever grows, and by no more than the ring holds:
 * a step back is as illegal as a jump.
 */
static int peek_avail(const struct vhx_ring *r, __u16 *idx)
{
	if (vhx_load_u16(r, r->avail + AVAIL_IDX, idx))
		return -EFAULT;
	*idx = vhx_fix16(r, *idx);
	if (unlikely((__u32)unread(r) + (__u16)(*idx - r->avail_idx) > r->num))
		return -EINVAL;
	return 0;
}

/* The same, remembered. What stands in the ring up to there may be read from here on. */
static int refresh_avail(struct vhx_ring *r)
{
	__u16 idx;
	int rc;

	rc = peek_avail(r, &idx);
	if (rc)
		return rc;
	if (idx != r->avail_idx) {
		r->avail_idx = idx;
		vhx_rmb();
	}
	return 0;
}

/*
 * The chain that begins with @d, which is overwritten by those that follow. The last one may
 * refer to a table, as drivers with a header of their own in front like it.
 *
 * Return: descriptors of the ring it is made of, or why it is none.
 */
static int walk_chain(const struct vhx_ring *r, struct vhx_walk *w, struct vhx_desc *d)
{
	const int max = vhx_lesser(r->num, VHX_CHAIN_MAX);
	__u16 next;
	int n, rc;

	for (n = 1; ; n++) {
		if (d->flags & VHX_DESC_F_INDIRECT)
			rc = vhx_walk_table(w, d);
		else
			rc = vhx_walk_buffer(w, d, d->flags & VHX_DESC_F_WRITE);
		if (rc)
			return rc;
		if (!(d->flags & VHX_DESC_F_NEXT))
			return n;

		next = d->next;
		if (next >= r->num || n == max)
			return -EINVAL;		/* longer than the ring: a loop */
		rc = load_descs(r, &next, d, 1);
		if (rc)
			return rc;
		w->nread++;
	}
}

/* Take one chain of whatever shape. Return: 0, -EFAULT or -EINVAL, also for want of room. */
static noinline int pull_chain(struct pull *c, __u16 head, struct vhx_desc *d)
{
	struct vhx_pull *p = c->p;
	struct vhx_walk w = {
		.r = c->r,
		.tables = c->tables,
		.x.mt = c->mt,
		.x.hit = c->r->hit,
		.x.seg = p->seg + p->nseg,
		/* A chain counts its segments in 16 bits. */
		.x.room = vhx_lesser(p->max_seg - p->nseg, 0xffff),
	};
	int rc;

	rc = walk_chain(c->r, &w, d);
	c->r->hit = w.x.hit;
	p->ndesc += w.nread;
	if (rc < 0)
		return rc == -ENOBUFS ? -EINVAL : rc;

	p->chain[p->nchain++] = (struct vhx_chain) {
		.id = head,
		.ndesc = rc,
		.nout = w.nseg[0],
		.nin = w.nseg[1],
		.seg = p->nseg,
		.out_len = w.len[0],
		.in_len = w.len[1],
	};
	p->nseg += w.nseg[0] + w.nseg[1];
	return 0;
}

/* Take what stands alone. Return: how many were taken. */
static inline __u32 pull_lone(struct pull *c, const __u16 *head, const struct vhx_desc *d,
			      __u32 n)
{
	const __u32 hit = c->r->hit;

	if (unlikely(hit >= c->mt->n))
		return 0;
	return vhx_take_lone(&(struct vhx_lone) {
		.p = c->p,
		.rg = &c->mt->region[hit],
		.d = d,
		.head = head,
		.n = n,
	});
}

/* Is it one for pull_lone() after all, once that looks at another region? */
static inline bool lone_elsewhere(struct pull *c, const struct vhx_desc *d)
{
	if (d->flags & (VHX_DESC_F_NEXT | VHX_DESC_F_INDIRECT))
		return false;
	return vhx_memtbl_find(c->mt, d->addr, &c->r->hit);
}

/* Take the chains of @n heads. Return: 0, or why not all of them were taken. */
static int pull_group(struct pull *c, const __u16 *head, __u32 n)
{
	__u32 i;
	int rc;

	rc = load_descs(c->r, head, c->desc, n);
	if (rc)
		return rc;
	c->p->ndesc += n;

	for (i = 0; ; i++) {
		do {
			i += pull_lone(c, head + i, c->desc + i, n - i);
			if (i == n)
				return 0;
		} while (lone_elsewhere(c, &c->desc[i]));

		rc = pull_chain(c, head[i], &c->desc[i]);
		if (rc)
			return rc;
		if (c->p->ndesc >= VHX_CHAIN_MAX)
			return 1;
	}
}

/*
 * Up to @max heads, from where the ring stands to its end, and on from its start.
 * Return: heads that are good, or why there is none.
 */
static int pull_heads(struct pull *c, __u32 max)
{
	struct vhx_ring *r = c->r;
	__u32 i, n, slot, run;
	__u64 ring = r->avail + AVAIL_RING;
	int rc;

	if (unread(r) < max) {
		rc = refresh_avail(r);
		if (rc)
			return rc;
	}
	n = unread(r);
	if (unlikely(n > r->num))
		return -EINVAL;
	n = vhx_lesser(n, max);
	if (!n)
		return 0;

	slot = r->last_avail & (r->num - 1);
	run = vhx_lesser(n, r->num - slot);
	if (vhx_load_heads(r, ring + sizeof(__u16) * slot, c->head, run))
		return -EFAULT;
	if (run < n && vhx_load_heads(r, ring, c->head + run, n - run))
		return -EFAULT;

	if (unlikely(r->swap))
		swap_heads(c->head, n);
	for (i = 0; i < n; i++)
		if (unlikely(c->head[i] >= r->num))
			return i ? (int)i : -EINVAL;
	return n;
}

int vhx_split_start(struct vhx_ring *r)
{
	__u16 idx;

	if (!r->num || r->num & (r->num - 1))
		return -EINVAL;
	if (vhx_store_u16(r, r->used + USED_FLAGS, 0) || vhx_load_u16(r, r->used + USED_IDX, &idx))
		return -EFAULT;

	r->last_used = vhx_fix16(r, idx);
	r->avail_idx = r->last_avail;
	return 0;
}

int vhx_split_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p)
{
	__u32 i, k, n;
	struct pull c __uninitialized;
	int rc;

	c.r = r;
	c.mt = p->raw ? &vhx_memtbl_raw : mt;
	c.tables = mt;
	c.p = p;
	rc = pull_heads(&c, vhx_lesser(p->max_chain, VHX_PULL_MAX));
	if (rc <= 0)
		return rc;

	n = rc;
	for (i = 0; i < n; i += k) {
		k = vhx_lesser(n - i, GROUP);
		rc = pull_group(&c, c.head + i, k);
		if (rc)
			break;
	}
	r->last_avail += p->nchain;
	return p->nchain ? 0 : rc;
}

void vhx_split_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n)
{
	r->last_avail -= n;
}

/* Used entries that stand in a row, from slot @slot. */
static int store_used(const struct vhx_ring *r, __u32 slot, const struct vhx_done *done, __u32 n)
{
	struct vhx_used_elem used[GROUP] __uninitialized;
	__u32 i;

	for (i = 0; i < n; i++) {
		used[i].id = done[i].id;
		used[i].len = done[i].len;
	}
	if (unlikely(r->swap)) {
		for (i = 0; i < n; i++) {
			used[i].id = vhx_swab32(used[i].id);
			used[i].len = vhx_swab32(used[i].len);
		}
	}
	return vhx_store_used(r, r->used + USED_RING + slot * sizeof(*used), used, n);
}

static int store_done(const struct vhx_ring *r, const struct vhx_done *done, __u32 n)
{
	__u32 i, k, slot;

	for (i = 0; i < n; i += k) {
		slot = (r->last_used + i) & (r->num - 1);
		k = vhx_lesser(vhx_lesser(n - i, r->num - slot), GROUP);
		if (store_used(r, slot, done + i, k))
			return -EFAULT;
	}
	return 0;
}

int vhx_split_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n)
{
	const __u16 idx = r->last_used + n;

	/* Skipping, the last buffer's entry stands at the place of the first's. */
	if (store_done(r, r->skip ? done + n - 1 : done, r->skip ? 1 : n))
		return -EFAULT;
	vhx_wmb();
	if (vhx_store_u16(r, r->used + USED_IDX, vhx_fix16(r, idx)))
		return -EFAULT;

	/*
	 * The distance from called_used is known modulo 2^16 alone. Once the index has come all
	 * the way round it is no longer the distance: it then has become smaller than @n.
	 */
	r->last_used = idx;
	if ((__u16)(idx - r->called_used) < n)
		r->called_valid = false;
	return 0;
}

int vhx_split_want_call(struct vhx_ring *r, bool on_empty)
{
	const __u16 old = r->called_used, new = r->last_used;
	const bool known = r->called_valid;
	__u16 v;
	int rc;

	/* Used index out, before the guest's wish in: it does the reverse. */
	vhx_mb();
	r->called_used = new;
	r->called_valid = true;

	if (on_empty && !unread(r)) {
		rc = peek_avail(r, &v);
		if (rc)
			return rc;
		if (v == r->last_avail)
			return 1;
	}
	if (!r->event_idx) {
		if (vhx_load_u16(r, r->avail + AVAIL_FLAGS, &v))
			return -EFAULT;
		return !(vhx_fix16(r, v) & VHX_AVAIL_F_NO_INTERRUPT);
	}
	if (!known)
		return 1;
	if (vhx_load_u16(r, used_event_addr(r), &v))
		return -EFAULT;
	/* Has the entry the guest named been used since? */
	return (__u16)(new - vhx_fix16(r, v) - 1) < (__u16)(new - old);
}

/* With EVENT_IDX there is nothing to tell: an event index that nobody moves is passed once. */
int vhx_split_kick_off(struct vhx_ring *r)
{
	if (r->event_idx)
		return 0;
	return vhx_store_u16(r, r->used + USED_FLAGS, vhx_fix16(r, VHX_USED_F_NO_NOTIFY));
}

/*
 * With EVENT_IDX the kick is asked for at the first entry past those known of, be they pulled or
 * not. Asked for at last_avail it would never come while entries lie unread, since the guest has
 * passed that one already; and a device that waits for more than it was given leaves some unread.
 */
int vhx_split_kick_on(struct vhx_ring *r)
{
	const __u16 known = r->avail_idx;
	int rc;

	if (r->event_idx)
		rc = vhx_store_u16(r, avail_event_addr(r), vhx_fix16(r, known));
	else
		rc = vhx_store_u16(r, r->used + USED_FLAGS, 0);
	if (rc)
		return -EFAULT;

	/* The wish out, before the index in: the guest does the reverse. */
	vhx_mb();
	rc = refresh_avail(r);
	if (rc)
		return rc;
	return r->avail_idx != known;
}

int vhx_split_pending(struct vhx_ring *r)
{
	__u16 idx;
	int rc;

	rc = peek_avail(r, &idx);
	if (rc)
		return rc;
	return (__u16)(idx - r->last_avail);
}
