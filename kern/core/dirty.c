// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Dirty pages, see dirty.h.
 *
 * Why no page is missed: whoever copies memory clears a bit first and reads the page after it, so
 * a bit set after the page was written is either seen set, and the page is copied again, or was
 * cleared before the page was read as it is now. Everything here therefore comes after the
 * writes it tells of, and vhx_dirty_begin() is the barrier between the two. The same order lets a
 * bit that is found set stay as it is.
 */
#include <linux/types.h>

#include "access.h"
#include "dirty.h"
#include "memtbl.h"
#include "ring.h"

#define WORD_BITS	32

/* Of the used ring, from its start. */
#define USED_FLAGS	0
#define USED_IDX	2
#define USED_RING	4

static inline __u64 lesser(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/**
 * vhx_dirty_span - what of a bitmap a run of guest memory needs
 * @base: user address of the bitmap
 * @gpa: first guest-physical address
 * @size: bytes, at least 1
 * @bits: where that is to be written
 *
 * Return: whether it lies within user addresses as 64 bits have them.
 */
bool vhx_dirty_span(__u64 base, __u64 gpa, __u64 size, struct vhx_seg *bits)
{
	const int shift = VHX_DIRTY_SHIFT + 3;
	const __u64 first = gpa >> shift, last = (gpa + (size - 1)) >> shift;

	if (gpa + (size - 1) < gpa || base + last < base)
		return false;
	bits->addr = (unsigned long)(base + first);
	bits->len = (unsigned long)(last - first + 1);
	return true;
}

/**
 * vhx_dirty_begin - begin to set bits for what was written up to here
 * @d: to be filled
 * @base: user address of the bitmap
 * @mt: sealed table, or NULL where only guest-physical addresses are logged
 */
void vhx_dirty_begin(struct vhx_dirty *d, __u64 base, const struct vhx_memtbl *mt)
{
	d->mt = mt;
	d->base = base;
	d->word = 0;
	d->mask = 0;
	d->pages = 0;
	/* The pages out, before the bits are looked at: who copies them does the reverse. */
	vhx_mb();
}

/* Set what was gathered. */
static int spill(struct vhx_dirty *d)
{
	int n;

	if (!d->mask)
		return 0;
	n = vhx_or_u32(d->word, d->mask);
	d->mask = 0;
	if (n < 0)
		return n;
	d->pages += n;
	return 0;
}

/**
 * vhx_dirty_gpa - a run of guest memory was written
 * @d: bits being set
 * @gpa: first guest-physical address
 * @len: bytes; 0 is no run
 *
 * Return: 0, or -EFAULT when the bitmap does not go so far or cannot be written.
 */
int vhx_dirty_gpa(struct vhx_dirty *d, __u64 gpa, __u64 len)
{
	const __u64 last = (gpa + (len - 1)) >> VHX_DIRTY_SHIFT;
	/* A bitmap may begin anywhere; words are where words are. */
	const __u64 words = d->base & ~3ULL, skew = (d->base & 3) * 8;
	__u64 page = gpa >> VHX_DIRTY_SHIFT;
	int rc;

	if (!len)
		return 0;
	if (gpa + (len - 1) < gpa)
		return -EFAULT;

	while (page <= last) {
		const __u64 bit = page + skew, off = bit / WORD_BITS * 4;
		const __u32 at = bit % WORD_BITS;
		const __u32 n = lesser(WORD_BITS - at, last - page + 1);

		if (words + off < words)
			return -EFAULT;
		if (words + off != d->word) {
			rc = spill(d);
			if (rc)
				return rc;
			d->word = words + off;
		}
		d->mask |= (0xffffffffU >> (WORD_BITS - n)) << at;
		page += n;
	}
	return 0;
}

/**
 * vhx_dirty_uaddr - a run of memory was written, wherever the guest has it
 * @d: bits being set
 * @addr: user address
 * @len: bytes; 0 is no run
 *
 * Bytes that no region has are no guest's, and nobody is going to migrate them.
 *
 * Return: 0, or -EFAULT when the bitmap does not go so far or cannot be written.
 */
int vhx_dirty_uaddr(struct vhx_dirty *d, __u64 addr, __u64 len)
{
	const __u64 last = addr + (len - 1);
	__u32 i;
	int rc;

	if (!len)
		return 0;
	if (last < addr)
		return -EFAULT;

	for (i = 0; i < d->mt->n; i++) {
		const struct vhx_region *rg = &d->mt->region[i];
		const __u64 end = rg->uaddr + (rg->last - rg->gpa);
		__u64 from, to;

		if (rg->uaddr > last || end < addr)
			continue;
		from = addr > rg->uaddr ? addr : rg->uaddr;
		to = lesser(last, end);
		rc = vhx_dirty_gpa(d, rg->gpa + (from - rg->uaddr), to - from + 1);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * vhx_dirty_end - set what is still to be set
 * @d: bits being set
 *
 * Return: 0, or -EFAULT when the bitmap cannot be written.
 */
int vhx_dirty_end(struct vhx_dirty *d)
{
	return spill(d);
}

/* All from a place to another, around the end when the wrap counter says so. */
static int packed_pushed(const struct vhx_ring *r, __u16 from, struct vhx_seg *place)
{
	const __u32 size = sizeof(struct vhx_desc), slot = from & ~VHX_PLACE_WRAP;
	const __u32 end = r->last_used & ~VHX_PLACE_WRAP;
	const bool wrapped = (from ^ r->last_used) & VHX_PLACE_WRAP;
	__u32 run = (wrapped ? r->num : end) - slot;
	int k = 0;

	if (r->skip)
		run = 1;
	place[k++] = (struct vhx_seg) { r->desc + slot * size, run * size };
	if (wrapped && end && !r->skip)
		place[k++] = (struct vhx_seg) { r->desc, end * size };
	return k;
}

/**
 * vhx_dirty_pushed - what of a ring a push wrote
 * @r: ring, after it
 * @from: r->last_used before it
 * @place: room for VHX_DIRTY_PLACES, in addresses as the ring has them
 *
 * Return: how many there are.
 */
int vhx_dirty_pushed(const struct vhx_ring *r, __u16 from, struct vhx_seg *place)
{
	const __u32 size = sizeof(struct vhx_used_elem), slot = from & (r->num - 1);
	const __u32 n = r->skip ? 1 : (__u16)(r->last_used - from);
	const __u32 run = lesser(n, r->num - slot);
	int k = 0;

	if (r->packed)
		return packed_pushed(r, from, place);
	place[k++] = (struct vhx_seg) { r->used + USED_RING + slot * size, run * size };
	if (run < n)
		place[k++] = (struct vhx_seg) { r->used + USED_RING, (n - run) * size };
	place[k++] = (struct vhx_seg) { r->used + USED_IDX, sizeof(__u16) };
	return k;
}

/**
 * vhx_dirty_wished - what of a ring is written to ask for kicks, or for none
 * @r: ring
 * @place: room for one, in addresses as the ring has them
 *
 * Return: how many there are.
 */
int vhx_dirty_wished(const struct vhx_ring *r, struct vhx_seg *place)
{
	__u64 at = r->used + USED_FLAGS;

	if (r->packed) {
		*place = (struct vhx_seg) { r->used, sizeof(__u32) };
		return 1;
	}
	if (r->event_idx)
		at = r->used + USED_RING + sizeof(struct vhx_used_elem) * (__u64)r->num;
	*place = (struct vhx_seg) { at, sizeof(__u16) };
	return 1;
}

/**
 * vhx_dirty_started - what of a ring is written to start it
 * @r: ring
 * @place: room for one, in addresses as the ring has them
 *
 * Return: how many there are.
 */
int vhx_dirty_started(const struct vhx_ring *r, struct vhx_seg *place)
{
	*place = (struct vhx_seg) {
		r->used + USED_FLAGS, r->packed ? sizeof(__u32) : sizeof(__u16)
	};
	return 1;
}
