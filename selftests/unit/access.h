/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests' back end of the seam in kern/core/access.h, which says what each of these is. It is
 * included in front of every PURE file (-include) and by having that header's guard keeps it out.
 * Guest memory is the arena of arena.h, which checks, counts and spoils every access.
 */
#ifndef _VHX_ACCESS_H
#define _VHX_ACCESS_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <linux/types.h>

#include "ring.h"
#include "arena.h"

/* What the kernel's compiler headers give the PURE files. */
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define noinline	__attribute__((__noinline__))
#ifndef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#endif
#ifdef __clang__
#define __uninitialized	__attribute__((__uninitialized__))
#else
#define __uninitialized
#endif

#define vhx_mb()	arena_fence('M')
#define vhx_rmb()	arena_fence('r')
#define vhx_wmb()	arena_fence('w')

#define vhx_swab16(x)	__builtin_bswap16(x)
#define vhx_swab32(x)	__builtin_bswap32(x)
#define vhx_swab64(x)	__builtin_bswap64(x)

static inline int vhx_load_u16(const struct vhx_ring *r, __u64 addr, __u16 *v)
{
	arena.windows++;
	return arena_read(addr, v, sizeof(*v));
}

static inline int vhx_store_u16(const struct vhx_ring *r, __u64 addr, __u16 v)
{
	arena.windows++;
	return arena_write(addr, &v, sizeof(v));
}

static inline int vhx_load_u32(const struct vhx_ring *r, __u64 addr, __u32 *v)
{
	arena.windows++;
	return arena_read(addr, v, sizeof(*v));
}

static inline int vhx_store_u32(const struct vhx_ring *r, __u64 addr, __u32 v)
{
	arena.windows++;
	return arena_write(addr, &v, sizeof(v));
}

static inline int vhx_load_heads(const struct vhx_ring *r, __u64 addr, __u16 *head,
				 __u32 n)
{
	__u32 i;

	arena.windows++;
	for (i = 0; i < n; i++)
		if (arena_read(addr + i * sizeof(*head), &head[i], sizeof(*head)))
			return -EFAULT;
	return 0;
}

static inline int vhx_load_descs(const struct vhx_ring *r, const __u16 *head,
				 struct vhx_desc *desc, __u32 n)
{
	__u32 i;

	arena.windows++;
	for (i = 0; i < n; i++) {
		assert(head[i] < r->num);	/* what the kernel's back end relies on */
		if (arena_read(r->desc + head[i] * sizeof(*desc), &desc[i], sizeof(*desc)))
			return -EFAULT;
	}
	return 0;
}

static inline int vhx_load_table(const struct vhx_ring *r, __u64 addr,
				 struct vhx_desc *desc, __u32 n)
{
	__u32 i;

	arena.windows++;
	for (i = 0; i < n; i++)
		if (arena_read(addr + i * sizeof(*desc), &desc[i], sizeof(*desc)))
			return -EFAULT;
	return 0;
}

static inline int vhx_load_part(__u64 addr, void *to, __u32 len)
{
	arena.windows++;
	return arena_read(addr, to, len);
}

static inline int vhx_store_part(__u64 addr, const void *from, __u32 len)
{
	arena.windows++;
	return arena_write(addr, from, len);
}

static inline int vhx_load_run(__u64 addr, void *to, __u32 len)
{
	return vhx_load_part(addr, to, len);
}

static inline int vhx_store_run(__u64 addr, const void *from, __u32 len)
{
	return vhx_store_part(addr, from, len);
}

static inline int vhx_store_used(const struct vhx_ring *r, __u64 addr,
				 const struct vhx_used_elem *used, __u32 n)
{
	__u32 i;

	arena.windows++;
	for (i = 0; i < n; i++)
		if (arena_write(addr + i * sizeof(*used), &used[i], sizeof(*used)))
			return -EFAULT;
	return 0;
}

#define ACCESS_FLAGS	(VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED)

static inline int vhx_load_posted(const struct vhx_ring *r, const struct vhx_run *run,
				  struct vhx_desc *desc)
{
	const __u32 slot = run->slot, n = run->n;
	const __u16 want = run->flags;
	__u64 at = r->desc + slot * sizeof(*desc);
	__u32 i;

	assert(slot + n <= r->num);		/* what the kernel's back end relies on */
	arena.windows++;
	for (i = 0; i < n; i++, at += sizeof(*desc)) {
		if (arena_read(at + 12, &desc[i].id, 4))
			return -EFAULT;
		if ((desc[i].pflags & ACCESS_FLAGS) != want)
			break;
		vhx_rmb();
		if (arena_read(at, &desc[i].addr, 8) || arena_read(at + 8, &desc[i].len, 4))
			return -EFAULT;
	}
	return i;
}

static inline int vhx_count_posted(const struct vhx_ring *r, __u32 slot, __u16 want, __u32 n)
{
	__u64 at = r->desc + slot * sizeof(struct vhx_desc);
	__u16 flags;
	__u32 i;

	assert(slot + n <= r->num);
	arena.windows++;
	for (i = 0; i < n; i++, at += sizeof(struct vhx_desc)) {
		if (arena_read(at + 14, &flags, 2))
			return -EFAULT;
		if ((flags & ACCESS_FLAGS) != want)
			break;
	}
	return i;
}

static inline int vhx_store_used_descs(const struct vhx_ring *r, const struct vhx_run *run,
				       const struct vhx_done *done)
{
	const __u16 flags = run->flags;
	const __u32 n = run->n;
	__u32 slot = run->slot;
	const __u16 stride = done->ndesc;
	__u32 i;

	assert(slot + (n - 1) * stride < r->num);
	arena.windows++;
	for (i = 0; i < n && done[i].ndesc == stride; i++, slot += stride) {
		const __u16 f = flags | (done[i].len ? VHX_DESC_F_WRITE : 0);
		__u64 at = r->desc + slot * sizeof(struct vhx_desc) + 8;

		if (arena_write(at, &done[i].len, 4) || arena_write(at + 4, &done[i].id, 2) ||
		    arena_write(at + 6, &f, 2))
			return -EFAULT;
	}
	return i;
}

static inline int vhx_publish_used(const struct vhx_ring *r, __u32 slot,
				   const struct vhx_used_desc *used)
{
	__u64 at = r->desc + slot * sizeof(struct vhx_desc) + 8;

	assert(slot < r->num);
	arena.windows++;
	if (arena_write(at, &used->len, 4) || arena_write(at + 4, &used->id, 2))
		return -EFAULT;
	vhx_wmb();
	return arena_write(at + 6, &used->flags, 2);
}

/* The first bit of a word is the first of its first byte: nobody runs this on anything else. */
static inline int vhx_or_u32(__u64 addr, __u32 mask)
{
	__u32 now, more;

	assert(!(addr % sizeof(now)));
	arena.windows++;
	if (arena_read(addr, &now, sizeof(now)))
		return -EFAULT;
	more = mask & ~now;
	if (!more)
		return 0;
	now |= mask;
	return arena_write(addr, &now, sizeof(now)) ? -EFAULT : __builtin_popcount(more);
}

#endif /* _VHX_ACCESS_H */
