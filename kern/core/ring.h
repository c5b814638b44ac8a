/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A virtqueue as the device sees it, split or packed (virtio 1.3, 2.7 and 2.8). PURE: knows no
 * kernel, reaches guest memory through access.h alone, and so is built for tests and fuzzers as
 * it is.
 *
 * Everything the guest wrote is read once, into a local copy, and judged there. What the guest
 * can do wrong comes back as -EINVAL (an illegal ring) or -EFAULT (memory that is not there);
 * both are for good: the caller stops the queue.
 *
 * No locking here: one queue, one thread at a time.
 */
#ifndef _VHX_RING_H
#define _VHX_RING_H

#include <linux/types.h>

struct vhx_iotlb_view;
struct vhx_memtbl;

#define VHX_RING_MAX		32768	/* largest ring, descriptors */
#define VHX_CHAIN_MAX		1024	/* buffers of the longest chain: bounds a guest */
#define VHX_PULL_MAX		64	/* chains taken by one pull */

#define VHX_DESC_F_NEXT		1
#define VHX_DESC_F_WRITE	2
#define VHX_DESC_F_INDIRECT	4
#define VHX_AVAIL_F_NO_INTERRUPT 1
#define VHX_USED_F_NO_NOTIFY	1

/* Of a packed ring: when they differ the descriptor is the device's, see packed.c. */
#define VHX_PDESC_F_AVAIL	0x0080
#define VHX_PDESC_F_USED	0x8000

#define VHX_PLACE_WRAP		0x8000	/* the wrap counter, in a place of a packed ring */

#define VHX_EVENT_F_ENABLE	0
#define VHX_EVENT_F_DISABLE	1
#define VHX_EVENT_F_DESC	2
#define VHX_EVENT_F_MASK	3

/* In guest memory, as it stands: swap to the host's order before use. */
struct vhx_desc {
	__u64 addr;
	__u32 len;
	union {
		struct {		/* split */
			__u16 flags;
			__u16 next;
		};
		struct {		/* packed */
			__u16 id;
			__u16 pflags;
		};
	};
};

/* What the device writes of a packed descriptor: all of it but the address. */
struct vhx_used_desc {
	__u32 len;
	__u16 id;
	__u16 flags;
};

struct vhx_used_elem {
	__u32 id;
	__u32 len;
};

/**
 * struct vhx_run - descriptors of a packed ring, in a row
 * @slot: index of the first
 * @n: how many at most; up to there they are the ring's
 * @flags: AVAIL and USED of each, in the guest's order
 */
struct vhx_run {
	__u32 slot;
	__u32 n;
	__u16 flags;
};

/**
 * struct vhx_seg - a piece of guest memory where it is reachable
 * @addr: user address; after a raw pull, the guest's own
 * @len: bytes, never 0
 *
 * Laid out as struct iovec, so that an array of them is one.
 */
struct vhx_seg {
	unsigned long addr;
	unsigned long len;
};

/**
 * struct vhx_chain - one buffer the guest posted
 * @id: what goes back to the guest; below the ring's size
 * @ndesc: descriptors of the ring it is made of; those of an indirect table are not the ring's
 * @seg: index of its first segment in the puller's array
 * @nout: segments the device reads; they come first
 * @nin: segments the device writes
 * @out_len: bytes of the former, below 4 GiB
 * @in_len: bytes of the latter, below 4 GiB
 */
struct vhx_chain {
	__u16 id;
	__u16 ndesc;
	__u16 nout;
	__u16 nin;
	__u32 seg;
	__u32 out_len;
	__u32 in_len;
};

/**
 * struct vhx_done - a buffer given back
 * @id: vhx_chain.id
 * @ndesc: vhx_chain.ndesc
 * @len: bytes the device wrote
 */
struct vhx_done {
	__u16 id;
	__u16 ndesc;
	__u32 len;
};

/**
 * struct vhx_ring - the device's state of one virtqueue
 * @desc: address of the descriptor table or ring, as access.h takes it
 * @avail: of the avail ring; packed: of the driver's event suppression
 * @used: of the used ring; packed: of the device's event suppression
 * @num: descriptors; split: a power of two
 * @packed: RING_PACKED was negotiated
 * @event_idx: EVENT_IDX was negotiated
 * @indirect: INDIRECT_DESC was negotiated
 * @out_only: nothing is ever written into the guest's buffers
 * @skip: a batch may be given back by one used entry: IN_ORDER was negotiated, the ring is
 *	@out_only, and buffers are pushed in the order they were pulled
 * @swap: guest memory is in the other byte order
 * @last_avail: next avail entry to read (free running); packed: place of the next descriptor
 * @avail_idx: the guest's avail index as last read; not of a packed ring
 * @last_used: next used entry to write (free running); packed: place of the next used descriptor
 * @called_used: @last_used when the guest was last asked whether it wants an interrupt
 * @called_valid: @called_used means something
 * @kick_off: the guest was told not to kick
 * @armed: it was asked to kick at the next entry, and nothing has changed since
 * @inuse: descriptors pulled and not pushed, of a packed ring
 * @known: descriptors seen posted and not pulled, of a packed ring
 * @hit: region that translated last, see memtbl.h
 * @view: where the addresses above are a vIOMMU's, its translations; else NULL. See iotlb.h
 *
 * A place in a packed ring is an index with the wrap counter in bit 15.
 */
struct vhx_ring {
	__u64 desc;
	__u64 avail;
	__u64 used;
	__u32 num;
	bool packed;
	bool event_idx;
	bool indirect;
	bool out_only;
	bool skip;
	bool swap;
	bool called_valid;
	bool kick_off;
	bool armed;
	__u16 last_avail;
	__u16 avail_idx;
	__u16 last_used;
	__u16 called_used;
	__u16 inuse;
	__u16 known;
	__u32 hit;
	struct vhx_iotlb_view *view;
};

/**
 * struct vhx_pull - what one pull may take, and took
 * @chain: array the chains go to
 * @seg: array their segments go to
 * @max_chain: room in @chain; more than VHX_PULL_MAX is not used
 * @max_seg: room in @seg; at least VHX_CHAIN_MAX, or a legal chain might not fit
 * @raw: segments are to hold the guest's own addresses, whether there is memory or not: the caller
 *	keeps them for long, and translates them when it copies, see xfer.h
 * @nchain: chains taken
 * @nseg: segments used
 * @ndesc: descriptors read, to be charged to the caller's budget
 */
struct vhx_pull {
	struct vhx_chain *chain;
	struct vhx_seg *seg;
	__u32 max_chain;
	__u32 max_seg;
	bool raw;
	__u32 nchain;
	__u32 nseg;
	__u32 ndesc;
};

__u32 vhx_ring_desc_size(const struct vhx_ring *r);
__u32 vhx_ring_avail_size(const struct vhx_ring *r);
__u32 vhx_ring_used_size(const struct vhx_ring *r);

int vhx_ring_start(struct vhx_ring *r);
int vhx_ring_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p);
void vhx_ring_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n);
int vhx_ring_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n);
int vhx_ring_want_call(struct vhx_ring *r, bool on_empty);
int vhx_ring_kick_off(struct vhx_ring *r);
int vhx_ring_kick_on(struct vhx_ring *r);
bool vhx_ring_quiet(struct vhx_ring *r);
int vhx_ring_pending(struct vhx_ring *r);

/* Entries seen posted and not pulled: what the last pull left, no look at guest memory. */
static inline __u32 vhx_ring_known(const struct vhx_ring *r)
{
	return r->packed ? r->known : (__u16)(r->avail_idx - r->last_avail);
}

#endif /* _VHX_RING_H */
