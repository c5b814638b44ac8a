/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Between ring.c and the formats it stands for, split.c and packed.c; and what those two share.
 * What each of these functions does is said where it is called, in ring.c. PURE: knows no kernel.
 * After access.h.
 */
#ifndef _VHX_FORMAT_H
#define _VHX_FORMAT_H

#include <linux/types.h>

#include "memtbl.h"
#include "ring.h"

static inline __u32 vhx_lesser(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

/* To the host's byte order, or from it. */
static inline __u16 vhx_fix16(const struct vhx_ring *r, __u16 v)
{
	return unlikely(r->swap) ? vhx_swab16(v) : v;
}

/**
 * struct vhx_lone - descriptors that may stand alone
 * @p: takes them
 * @rg: region they have to be in
 * @d: the first
 * @head: the chains' identifiers; NULL: they are the descriptors' own, as in a packed ring
 * @n: how many
 * @num: what an identifier of the descriptors' own is below
 */
struct vhx_lone {
	struct vhx_pull *p;
	const struct vhx_region *rg;
	const struct vhx_desc *d;
	const __u16 *head;
	__u32 n;
	__u32 num;
};

/*
 * What a back end whose regions allow more or less has of its own, see access_iotlb.h: where a
 * run of guest memory is, and whether a region may be used like this.
 */
#ifndef vhx_translate
static inline int vhx_translate(const struct vhx_ring *r, struct vhx_xlate *x, __u64 addr,
				__u32 len)
{
	return vhx_memtbl_translate(x, addr, len);
}

static inline bool vhx_region_allows(const struct vhx_region *rg, bool write)
{
	return true;
}
#endif

/*
 * Take descriptors that stand alone, have bytes, lie in the region and are all for the device to
 * write (@in) or to read, up to the one that is not. Most packets of most guests spend no other
 * time in a pull, so all of it is to stay in registers.
 */
static __always_inline void vhx_take_alike(const struct vhx_lone *l, __u32 end, const bool in)
{
	const __u64 gpa = l->rg->gpa, span = l->rg->last - gpa, uaddr = l->rg->uaddr;
	const struct vhx_desc *d = l->d;
	const __u16 *head = l->head;
	const __u32 num = l->num;
	struct vhx_pull *p = l->p;
	struct vhx_chain *chain = p->chain + p->nchain;
	struct vhx_seg *seg = p->seg + p->nseg;
	__u32 at;

	for (at = p->nseg; at < end; at++, d++, seg++, chain++) {
		const __u64 off = d->addr - gpa;
		const __u32 len = d->len;
		const __u64 last = off + len - 1;
		const __u16 flags = head ? d->flags : d->pflags;
		const __u16 id = head ? *head : d->id;

		if (unlikely((flags & (VHX_DESC_F_NEXT | VHX_DESC_F_INDIRECT |
				       VHX_DESC_F_WRITE)) != (in ? VHX_DESC_F_WRITE : 0)))
			break;
		/* Without a byte, or around the end of addresses, the last is before the first. */
		if (unlikely(last > span || last < off))
			break;
		if (!head && unlikely(id >= num))
			break;
		if (head)
			head++;

		seg->addr = (unsigned long)(uaddr + off);
		seg->len = len;
		chain->id = id;
		chain->ndesc = 1;
		chain->nout = !in;
		chain->nin = in;
		chain->seg = at;
		chain->out_len = in ? 0 : len;
		chain->in_len = in ? len : 0;
	}
	p->nchain += at - p->nseg;
	p->nseg = at;
}

/* The same in the direction of the first. Return: how many were taken. */
static __always_inline __u32 vhx_take_lone(const struct vhx_lone *l)
{
	const __u32 was = l->p->nseg, end = was + vhx_lesser(l->n, l->p->max_seg - was);

	if (was == end)
		return 0;
	if (!vhx_region_allows(l->rg, (l->head ? l->d->flags : l->d->pflags) & VHX_DESC_F_WRITE))
		return 0;
	if ((l->head ? l->d->flags : l->d->pflags) & VHX_DESC_F_WRITE)
		vhx_take_alike(l, end, true);
	else
		vhx_take_alike(l, end, false);
	return l->p->nseg - was;
}

int vhx_split_start(struct vhx_ring *r);
int vhx_split_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p);
void vhx_split_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n);
int vhx_split_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n);
int vhx_split_want_call(struct vhx_ring *r, bool on_empty);
int vhx_split_kick_off(struct vhx_ring *r);
int vhx_split_kick_on(struct vhx_ring *r);
int vhx_split_pending(struct vhx_ring *r);

int vhx_packed_start(struct vhx_ring *r);
int vhx_packed_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p);
void vhx_packed_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n);
int vhx_packed_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n);
int vhx_packed_want_call(struct vhx_ring *r);
int vhx_packed_kick_off(struct vhx_ring *r);
int vhx_packed_kick_on(struct vhx_ring *r);
int vhx_packed_pending(struct vhx_ring *r);

#endif /* _VHX_FORMAT_H */
