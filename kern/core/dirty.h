/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The bitmap of pages that a device wrote, for migration: one bit for each 4 KiB of guest-physical
 * addresses, in memory of the owner's who reads and clears it meanwhile. PURE: knows no kernel,
 * reaches the bitmap through access.h alone.
 *
 * Chains hold user addresses only. What was written there is looked up in the memory table
 * backwards, when the log is on and not before; and where a table has the same memory at several
 * guest addresses, the page is marked at all of them.
 */
#ifndef _VHX_DIRTY_H
#define _VHX_DIRTY_H

#include <linux/types.h>

struct vhx_memtbl;
struct vhx_ring;
struct vhx_seg;

#define VHX_DIRTY_SHIFT	12	/* what a bit stands for, whatever the host's pages are */

/**
 * struct vhx_dirty - bits being set
 * @mt: guest memory; only vhx_dirty_uaddr() needs it
 * @base: user address of the bitmap
 * @word: address of the word that @mask goes to
 * @mask: bits gathered and not set yet
 * @pages: bits set that were not set before
 */
struct vhx_dirty {
	const struct vhx_memtbl *mt;
	__u64 base;
	__u64 word;
	__u32 mask;
	__u32 pages;
};

/* Places a ring writes at once: entries up to its end, from its start, and a split one's index. */
#define VHX_DIRTY_PLACES 3

bool vhx_dirty_span(__u64 base, __u64 gpa, __u64 size, struct vhx_seg *bits);
void vhx_dirty_begin(struct vhx_dirty *d, __u64 base, const struct vhx_memtbl *mt);
int vhx_dirty_gpa(struct vhx_dirty *d, __u64 gpa, __u64 len);
int vhx_dirty_uaddr(struct vhx_dirty *d, __u64 addr, __u64 len);
int vhx_dirty_end(struct vhx_dirty *d);

int vhx_dirty_pushed(const struct vhx_ring *r, __u16 from, struct vhx_seg *place);
int vhx_dirty_wished(const struct vhx_ring *r, struct vhx_seg *place);
int vhx_dirty_started(const struct vhx_ring *r, struct vhx_seg *place);

#endif /* _VHX_DIRTY_H */
