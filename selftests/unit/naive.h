/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a ring means, split or packed, written to be read and not to be fast: one chain at a time, one
 * descriptor at a time, guest memory byte by byte. The random tests hold the real thing against it.
 */
#ifndef _VHX_NAIVE_H
#define _VHX_NAIVE_H

#include "mockdrv.h"

#define NAIVE_SEGS	8192

/**
 * struct naive - a chain, judged
 * @rc: 0, -EINVAL or -EFAULT
 * @ndesc: descriptors of it
 * @nring: of them, those of the ring; of a packed one
 * @id: its identifier; of a packed ring
 * @nseg: pieces of memory in each direction: read by the device, written by it
 * @len: bytes of those
 * @seg: the pieces, in order
 */
struct naive {
	int rc;
	__u32 ndesc;
	__u32 nring;
	__u16 id;
	__u32 nseg[2];
	__u64 len[2];
	struct vhx_seg seg[NAIVE_SEGS];
};

void naive_chain(const struct mockdrv *d, __u16 head, struct naive *n);

/* The chain at place @pos of a packed ring; n->id is what it goes back by. */
void naive_packed(const struct mockdrv *d, __u16 pos, struct naive *n);

/* Whether the guest has posted what is at place @pos; and the place behind it. */
bool naive_posted(const struct mockdrv *d, __u16 pos);
__u16 naive_after(const struct mockdrv *d, __u16 pos);

/* The head in avail entry @idx. */
__u16 naive_head(const struct mockdrv *d, __u16 idx);

/* The pieces [gpa, gpa + len) is made of, by looking at every region. -EFAULT, or how many. */
int naive_translate(const struct vhx_memtbl *mt, __u64 gpa, __u32 len, struct vhx_seg *seg);

/* Where in the arena guest memory of @gpa is; -1: nowhere. */
long naive_offset(const struct vhx_memtbl *mt, __u64 gpa);

/* Numbers that a seed repeats: VHX_SEED of the environment, or a new one. It is printed. */
void naive_seed(void);
__u64 naive_random(void);
/* One of 0 .. n - 1. */
__u32 naive_below(__u32 n);
/* True once in @n times. */
bool naive_once_in(__u32 n);

#endif
