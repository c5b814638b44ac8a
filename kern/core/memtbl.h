/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Guest memory: an immutable, sorted table of regions, guest-physical to user address.
 * PURE: knows no kernel. Who owns a table and when it may go is the caller's business.
 */
#ifndef _VHX_MEMTBL_H
#define _VHX_MEMTBL_H

#include <linux/types.h>

struct vhx_seg;

/* What a device may do to memory, as <linux/vhost_types.h> has it. */
#define VHX_PERM_RO	1	/* read */
#define VHX_PERM_WO	2	/* write */
#define VHX_PERM_RW	3

/**
 * struct vhx_region - a run of guest memory that is contiguous in user space too
 * @gpa: first guest-physical address
 * @last: last guest-physical address, so that a region may end at 2^64 - 1
 * @uaddr: user address of @gpa
 * @perm: VHX_PERM_*: what the device may do there
 * @stamp: of an IOTLB, when it came: see iotlb.h
 */
struct vhx_region {
	__u64 gpa;
	__u64 last;
	__u64 uaddr;
	__u32 perm;
	__u32 stamp;
};

/**
 * struct vhx_memtbl - guest memory
 * @n: regions
 * @region: sorted by address, no two overlap
 */
struct vhx_memtbl {
	__u32 n;
	__u32 reserved;
	struct vhx_region region[];
};

/**
 * struct vhx_xlate - where translations go, one behind the other
 * @mt: sealed table
 * @hit: index of the region that translated last; any value will do, also one of another table
 * @room: segments there is room for at @seg
 * @seg: where the next segment goes
 * @perm: with vhx_memtbl_translate_for(), what is to be done there: one of VHX_PERM_*
 * @miss: with the same, the first address where that is not possible
 */
struct vhx_xlate {
	const struct vhx_memtbl *mt;
	__u32 hit;
	__u32 room;
	struct vhx_seg *seg;
	__u32 perm;
	__u64 miss;
};

/* Every address that a segment can hold, where it is: what translates to itself. */
extern const struct vhx_memtbl vhx_memtbl_raw;

int vhx_memtbl_add(struct vhx_memtbl *mt, __u64 gpa, __u64 size, __u64 uaddr);
int vhx_memtbl_seal(struct vhx_memtbl *mt);
bool vhx_memtbl_find(const struct vhx_memtbl *mt, __u64 gpa, __u32 *hit);
__u32 vhx_memtbl_seek(const struct vhx_memtbl *mt, __u64 gpa);
int vhx_memtbl_translate(struct vhx_xlate *x, __u64 gpa, __u32 len);
int vhx_memtbl_translate_for(struct vhx_xlate *x, __u64 gpa, __u32 len);

#endif /* _VHX_MEMTBL_H */
