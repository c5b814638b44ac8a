/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam of kern/core/access.h for proofs: whatever is read is any value, each time, as a guest
 * on another CPU can make it; any access may fail. What is written is only looked at for where it
 * goes.
 */
#ifndef _VHX_ACCESS_H
#define _VHX_ACCESS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "ring.h"

#define likely(x)	(x)
#define unlikely(x)	(x)
#define noinline
#ifndef __always_inline
#define __always_inline	inline
#endif
#define __uninitialized

#define vhx_mb()	do { } while (0)
#define vhx_rmb()	do { } while (0)
#define vhx_wmb()	do { } while (0)

#define vhx_swab16(x)	__builtin_bswap16(x)
#define vhx_swab32(x)	__builtin_bswap32(x)
#define vhx_swab64(x)	__builtin_bswap64(x)

#define ASSUME(x)	__CPROVER_assume(x)
#define PROVE(x, what)	__CPROVER_assert(x, what)

__u16 nondet_u16(void);
__u32 nondet_u32(void);
__u64 nondet_u64(void);
_Bool nondet_bool(void);

static inline struct vhx_desc any_desc(void)
{
	struct vhx_desc d;

	d.addr = nondet_u64();
	d.len = nondet_u32();
	d.flags = nondet_u16();
	d.next = nondet_u16();
	return d;
}

static inline int vhx_load_u16(const struct vhx_ring *r, __u64 addr, __u16 *v)
{
	*v = nondet_u16();
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_load_u32(const struct vhx_ring *r, __u64 addr, __u32 *v)
{
	*v = nondet_u32();
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_store_u16(const struct vhx_ring *r, __u64 addr, __u16 v)
{
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_store_u32(const struct vhx_ring *r, __u64 addr, __u32 v)
{
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_load_heads(const struct vhx_ring *r, __u64 addr, __u16 *head, __u32 n)
{
	__u32 i;

	PROVE(addr >= r->avail && addr + 2 * n <= r->avail + 4 + 2 * r->num, "heads in the ring");
	for (i = 0; i < n; i++)
		head[i] = nondet_u16();
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_load_descs(const struct vhx_ring *r, const __u16 *head,
				 struct vhx_desc *desc, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++) {
		PROVE(head[i] < r->num, "a head in the table");
		desc[i] = any_desc();
	}
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_load_table(const struct vhx_ring *r, __u64 addr, struct vhx_desc *desc,
				 __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++)
		desc[i] = any_desc();
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_load_part(__u64 addr, void *to, __u32 len)
{
	__CPROVER_havoc_slice(to, len);
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_store_used(const struct vhx_ring *r, __u64 addr,
				 const struct vhx_used_elem *used, __u32 n)
{
	PROVE(addr >= r->used + 4 && addr + 8 * n <= r->used + 4 + 8 * r->num,
	      "used entries in the ring");
	return nondet_bool() ? -EFAULT : 0;
}

static inline int vhx_load_posted(const struct vhx_ring *r, const struct vhx_run *run,
				  struct vhx_desc *desc)
{
	const __u32 slot = run->slot, n = run->n;
	__u32 i;

	PROVE(slot < r->num && n <= r->num - slot, "posted descriptors in the ring");
	for (i = 0; i < n && nondet_bool(); i++)
		desc[i] = any_desc();
	return nondet_bool() ? -EFAULT : (int)i;
}

static inline int vhx_count_posted(const struct vhx_ring *r, __u32 slot, __u16 want, __u32 n)
{
	__u32 k = nondet_u32();

	PROVE(slot < r->num && n <= r->num - slot, "counted descriptors in the ring");
	ASSUME(k <= n);
	return nondet_bool() ? -EFAULT : (int)k;
}

static inline int vhx_store_used_descs(const struct vhx_ring *r, const struct vhx_run *run,
				       const struct vhx_done *done)
{
	const __u32 n = run->n;
	__u32 slot = run->slot;
	__u32 i;

	for (i = 0; i < n && done[i].ndesc == done->ndesc; i++, slot += done->ndesc)
		PROVE(slot < r->num, "a used descriptor in the ring");
	return nondet_bool() ? -EFAULT : (int)i;
}

static inline int vhx_publish_used(const struct vhx_ring *r, __u32 slot,
				   const struct vhx_used_desc *used)
{
	PROVE(slot < r->num, "the batch's first in the ring");
	return nondet_bool() ? -EFAULT : 0;
}

#endif /* _VHX_ACCESS_H */
