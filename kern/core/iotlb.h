/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * What a vIOMMU was heard to say: a bounded, sorted table of I/O virtual addresses, what they
 * stand for, and what the device may do there. PURE: knows no kernel.
 *
 * It is a memory table that changes: every user of vhx_memtbl can use it, as long as whoever
 * changes it locks all of them out. What a user keeps of a table across changes are hints (which
 * region translated last), never an answer.
 */
#ifndef _VHX_IOTLB_H
#define _VHX_IOTLB_H

#include <linux/types.h>

#include "memtbl.h"

struct vhx_ring;

/**
 * struct vhx_iotlb - translations
 * @max: most there may be
 * @clock: how many came
 * @gen: another one after each change, never 0
 * @retired: how many had to go to make room
 * @mt: the translations themselves; last, there is room for @max
 */
struct vhx_iotlb {
	__u32 max;
	__u32 clock;
	__u64 gen;
	__u64 retired;
	struct vhx_memtbl mt;
};

/* Regions that translated last, by the low bits of the page's number: a ring has three areas. */
#define VHX_IOTLB_HITS	4

/**
 * struct vhx_iotlb_view - how one queue sees the table
 * @mt: the table; under whatever keeps it from changing
 * @hit: hints, see vhx_xlate.hit
 * @miss: first address that could not be translated
 * @perm: what was to be done there, one of VHX_PERM_*; 0: nothing was missing
 */
struct vhx_iotlb_view {
	const struct vhx_memtbl *mt;
	__u32 hit[VHX_IOTLB_HITS];
	__u64 miss;
	__u32 perm;
};

void vhx_iotlb_init(struct vhx_iotlb *t, __u32 max);
int vhx_iotlb_insert(struct vhx_iotlb *t, const struct vhx_region *rg);
__u32 vhx_iotlb_remove(struct vhx_iotlb *t, __u64 first, __u64 last);

/* Which region translated last what is about @iova: a hint. */
static inline __u32 *vhx_iotlb_hint(struct vhx_iotlb_view *v, __u64 iova)
{
	return &v->hit[(iova >> 12) % VHX_IOTLB_HITS];
}

int vhx_iotlb_find(struct vhx_iotlb_view *v, struct vhx_seg *seg, __u64 iova, __u32 perm);
bool vhx_iotlb_covers(struct vhx_iotlb_view *v, __u64 iova, __u32 len, __u32 perm);
bool vhx_iotlb_covers_ring(const struct vhx_ring *r);
int vhx_iotlb_translate(struct vhx_iotlb_view *v, struct vhx_xlate *x, __u64 iova, __u32 len);

#endif /* _VHX_IOTLB_H */
