/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The walk along a chain of descriptors, whichever ring it hangs in: what each buffer adds, what
 * an indirect table holds, and what all of it may come to. PURE: knows no kernel.
 *
 * A walk ends well or not at all: nothing of it is the caller's before all of it has proved good.
 */
#ifndef _VHX_WALK_H
#define _VHX_WALK_H

#include <linux/types.h>

#include "memtbl.h"

struct vhx_desc;
struct vhx_ring;

/**
 * struct vhx_walk - a chain under way
 * @r: ring it hangs in
 * @tables: guest memory, where indirect tables are
 * @x: what the chain's segments are translated by, and where they go
 * @nbuf: buffers walked, those without a byte too; at most VHX_CHAIN_MAX
 * @nread: descriptors read for it here, to be charged
 * @nseg: segments the device reads, and those it writes
 * @len: bytes of either, each below 4 GiB
 * @in: a buffer the device writes was seen: from there on there are no others
 */
struct vhx_walk {
	const struct vhx_ring *r;
	const struct vhx_memtbl *tables;
	struct vhx_xlate x;
	__u32 nbuf;
	__u32 nread;
	__u32 nseg[2];
	__u64 len[2];
	bool in;
};

void vhx_walk_swap(struct vhx_desc *d, __u32 n);
int vhx_walk_buffer(struct vhx_walk *w, const struct vhx_desc *d, bool in);
int vhx_walk_table(struct vhx_walk *w, const struct vhx_desc *table);
int vhx_walk_row(struct vhx_walk *w, const struct vhx_desc *table);

#endif /* _VHX_WALK_H */
