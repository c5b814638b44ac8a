// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walks along chains, whatever the guest's memory holds: that they end, that they read nothing
 * but the ring and the table, and what comes out of them. Taken apart, or it would never end: each
 * part is proved with the parts it calls replaced by the most that their own proof says of them.
 * The kernel's sources are read with small constants (run).
 */
#include "access.h"
#include "memtbl.h"
#include "ring.h"

/* ---- what stands for the parts that are called ---- */

/* Where tables may be read: set by who proves that. */
static __u64 table_at, table_len;
static bool table_only;

/* Nobody looks at more of them than two. */
static void any_segments(struct vhx_seg *seg, __u32 n, __u32 len)
{
	__u32 part = n == 2 ? nondet_u32() : len;

	if (n < 1 || n > 2)
		return;
	ASSUME(n == 1 || (part >= 1 && part < len));
	seg[0].addr = nondet_u64();
	seg[0].len = part;
	if (n == 2) {
		seg[1].addr = nondet_u64();
		seg[1].len = len - part;
	}
}

/* As proved by prove_translate(): fails, or takes some of the room. */
static int any_translate(const struct vhx_ring *r, struct vhx_xlate *x, __u64 gpa, __u32 len)
{
	__u32 n = nondet_u32();

	if (table_only)
		PROVE(gpa - table_at <= table_len && len <= table_len - (gpa - table_at),
		      "a table is read where it is");
	if (nondet_bool())
		return nondet_bool() ? -EFAULT : -ENOBUFS;
	ASSUME(n <= x->room && (len ? n >= 1 : n == 0));
	any_segments(x->seg, n, len);
	x->room -= n;
	return n;
}

#define vhx_translate any_translate
static inline bool vhx_region_allows(const struct vhx_region *rg, bool write)
{
	return true;
}

#ifdef PART_BUFFER
#include <walk.c>
#else
#include "format.h"
#include "walk.h"

/* As proved by prove_buffer(). */
int vhx_walk_buffer(struct vhx_walk *w, const struct vhx_desc *d, bool in)
{
	__u32 n = nondet_u32();

	if (nondet_bool() || w->nbuf >= VHX_CHAIN_MAX || (w->in && !in))
		return nondet_bool() ? -EINVAL : -EFAULT;
	ASSUME(n <= w->x.room);
	w->x.room -= n;
	w->nseg[in] += n;
	w->nbuf++;
	w->in = in;
	return 0;
}

#ifdef PART_TABLE
#include <tables.c>		/* walk.c without the above */
#else

/* What a table may come to; its walk is bounded by its entries. */
static int any_table(struct vhx_walk *w, const struct vhx_desc *table)
{
	if (table->flags & VHX_DESC_F_NEXT)
		return -EINVAL;
	if (nondet_bool())
		return nondet_bool() ? -EINVAL : -EFAULT;
	return 0;
}

int vhx_walk_table(struct vhx_walk *w, const struct vhx_desc *table)
{
	return any_table(w, table);
}

int vhx_walk_row(struct vhx_walk *w, const struct vhx_desc *table)
{
	return nondet_bool() ? 0 : -EINVAL;
}

void vhx_walk_swap(struct vhx_desc *d, __u32 n)
{
	for (; n; n--, d++)
		*d = any_desc();
}
#endif

#ifndef PART_MEMTBL
bool vhx_memtbl_find(const struct vhx_memtbl *mt, __u64 gpa, __u32 *hit)
{
	return false;
}
#endif
#endif

static struct vhx_ring r;

/* ---- memory ---- */

#ifdef PART_MEMTBL
#include <memtbl.c>

#define REGIONS	2

static union {
	struct vhx_memtbl mt;
	__u8 room[sizeof(struct vhx_memtbl) + REGIONS * sizeof(struct vhx_region)];
} memory;

/* As a table is that was added to and sealed. */
static void any_table_of_memory(void)
{
	__u32 i;

	memory.mt.n = nondet_u32();
	ASSUME(memory.mt.n <= REGIONS);
	for (i = 0; i < memory.mt.n; i++) {
		struct vhx_region *rg = &memory.mt.region[i];

		rg->gpa = nondet_u64();
		rg->last = nondet_u64();
		rg->uaddr = nondet_u64();
		ASSUME(rg->gpa <= rg->last && rg->uaddr + (rg->last - rg->gpa) >= rg->uaddr);
		ASSUME(!i || rg[-1].last < rg->gpa);
	}
}

static bool in_memory(__u64 gpa, const struct vhx_seg *seg)
{
	__u32 i;

	for (i = 0; i < memory.mt.n; i++) {
		const struct vhx_region *rg = &memory.mt.region[i];

		if (gpa >= rg->gpa && gpa <= rg->last && seg->len - 1 <= rg->last - gpa &&
		    seg->addr == rg->uaddr + (gpa - rg->gpa))
			return true;
	}
	return false;
}

void prove_translate(void)
{
	struct vhx_seg seg[REGIONS];
	struct vhx_xlate x = { .mt = &memory.mt, .seg = seg, .hit = nondet_u32(), .perm = 0 };
	__u64 gpa = nondet_u64(), at = gpa;
	__u32 len = nondet_u32(), room = nondet_u32();
	int rc, i;

	any_table_of_memory();
	ASSUME(room <= REGIONS);
	x.room = room;
	rc = vhx_memtbl_translate(&x, gpa, len);
	PROVE(rc == -EFAULT || rc == -ENOBUFS || (rc >= 0 && (__u32)rc <= room), "an answer");
	PROVE(rc >= 0 || (x.seg == seg && x.room == room), "failed, it stands where it stood");
	for (i = 0; i < rc; i++) {
		PROVE(seg[i].len && in_memory(at, &seg[i]), "a segment lies in one region, its own");
		at += seg[i].len;
	}
	PROVE(rc < 0 || at - gpa == len, "segments hold the run and no more");
	PROVE(rc < 0 || (x.room == room - rc && x.seg == seg + rc), "room is kept count of");
}
#endif

/* ---- one buffer, one table's entries ---- */

#if defined(PART_BUFFER) || defined(PART_TABLE)
static void any_walk(struct vhx_walk *w)
{
	static struct vhx_seg seg[2];

	w->r = &r;
	w->x.seg = seg;
	w->x.room = nondet_u32();
	ASSUME(w->x.room <= 0xffff);
	w->nbuf = nondet_u32();
	ASSUME(w->nbuf <= VHX_CHAIN_MAX);
	w->nread = 0;
	w->nseg[0] = nondet_u32();
	w->nseg[1] = nondet_u32();
	ASSUME(w->nseg[0] <= 0xffff && w->nseg[1] <= 0xffff - w->nseg[0] &&
	       w->x.room <= 0xffff - w->nseg[0] - w->nseg[1]);
	w->len[0] = nondet_u32();
	w->len[1] = nondet_u32();
	w->in = nondet_bool();
	r.indirect = nondet_bool();
	r.swap = nondet_bool();
}

#ifdef PART_BUFFER
static void prove_walk(const struct vhx_walk *w, const struct vhx_walk *old, int rc)
{
	PROVE(rc == 0 || rc == -EINVAL || rc == -EFAULT || rc == -ENOBUFS, "an answer");
	if (rc)
		return;
	PROVE(w->nbuf <= VHX_CHAIN_MAX && w->nbuf >= old->nbuf, "buffers are bounded");
	PROVE(!(w->len[0] >> 32) && !(w->len[1] >> 32), "lengths are below 4 GiB");
	PROVE(w->nseg[0] + w->nseg[1] + w->x.room == old->nseg[0] + old->nseg[1] + old->x.room,
	      "segments are the room that went");
	PROVE(w->in || !old->in, "what the device writes comes last");
}

void prove_buffer(void)
{
	const struct vhx_desc d = any_desc();
	struct vhx_walk w, old;
	bool in = nondet_bool();
	int rc;

	any_walk(&w);
	old = w;
	rc = vhx_walk_buffer(&w, &d, in);
	prove_walk(&w, &old, rc);
	PROVE(rc || w.len[in] == old.len[in] + d.len, "its bytes are counted");
}
#endif

#ifdef PART_TABLE
/* What a table's entries are read from. */
void prove_entries(void)
{
	const struct vhx_desc table = any_desc();
	struct vhx_desc desc[GROUP];
	struct vhx_walk w;
	__u32 i = nondet_u32(), n;
	int rc;

	any_walk(&w);
	rc = table_entries(&w, &table);
	if (rc < 0)
		return;
	PROVE(rc >= 1 && rc <= VHX_CHAIN_MAX, "as many entries as a chain may have");
	n = nondet_u32();
	ASSUME(i < (__u32)rc && n >= 1 && n <= GROUP && n <= (__u32)rc - i);
	table_at = table.addr;
	table_len = table.len;
	table_only = true;
	rc = read_table(&w, table.addr + i * sizeof(*desc), desc, n);
	PROVE(rc == -EFAULT || (rc >= 1 && (__u32)rc <= n), "some entries, or none");
}
#endif
#endif

/* ---- a chain of either format ---- */

#ifdef PART_SPLIT
#include <split.c>

void prove_chain(void)
{
	struct vhx_walk w = { .r = &r };
	struct vhx_desc d = any_desc();
	int rc;

	r.num = nondet_u32();
	ASSUME(r.num >= 1 && r.num <= VHX_RING_MAX && !(r.num & (r.num - 1)));
	w.x.room = nondet_u32();
	rc = walk_chain(&r, &w, &d);
	PROVE(rc < 0 || (rc >= 1 && rc <= VHX_CHAIN_MAX && (__u32)rc <= r.num), "no longer than the ring");
	PROVE(w.nread < VHX_CHAIN_MAX, "no more is read than that");
}

void prove_heads(void)
{
	static struct pull c;
	__u32 max = nondet_u32(), i;
	int rc;

	c.r = &r;
	r.avail = nondet_u64();
	ASSUME(r.avail < 1ULL << 47);
	r.num = nondet_u32();
	r.swap = nondet_bool();
	r.last_avail = nondet_u16();
	r.avail_idx = nondet_u16();
	ASSUME(r.num >= 1 && r.num <= VHX_RING_MAX && !(r.num & (r.num - 1)));
	ASSUME(max >= 1 && max <= VHX_PULL_MAX);
	rc = pull_heads(&c, max);
	PROVE(rc <= (int)max && (__u32)(rc < 0 ? 0 : rc) <= r.num, "no more than asked for");
	for (i = 0; (int)i < rc; i++)
		PROVE(c.head[i] < r.num, "heads are the table's");
}
#endif

#ifdef PART_PACKED
#include <packed.c>

void prove_chain(void)
{
	static struct pull c;
	static struct vhx_pull p;
	struct vhx_walk w = { .r = &r };
	__u32 left, i;
	__u16 id;
	int rc;

	r.num = nondet_u32();
	ASSUME(r.num >= 1 && r.num <= VHX_RING_MAX);
	r.swap = nondet_bool();
	c.r = &r;
	c.p = &p;
	c.left = left = nondet_u32();
	ASSUME(left >= 1 && left <= r.num);
	c.have = nondet_u32();
	c.at = nondet_u32();
	ASSUME(c.have <= GROUP && c.at < c.have && c.have - c.at <= left);
	c.pos = nondet_u16();
	ASSUME(slot_of(c.pos) < r.num);
	for (i = 0; i < GROUP; i++)
		c.desc[i] = any_desc();
	rc = walk_chain(&c, &w, &id);
	PROVE(rc < 0 || (rc >= 1 && rc <= VHX_CHAIN_MAX && (__u32)rc <= left),
	      "no more than the ring can hold");
	PROVE(rc < 0 || id < r.num, "an id is below the ring's size");
	PROVE(slot_of(c.pos) < r.num, "and it stands in the ring");
}
#endif
