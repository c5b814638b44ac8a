/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * How the rings reach guest memory that is pinned and in the kernel's own mapping: a device that
 * belongs to no process, whose addresses are those of a table from I/O virtual to kernel addresses.
 * The table says what there is; what is in it does not fault. The guest's CPUs write there all the
 * while, so that everything is read once here as elsewhere.
 *
 * Takes the place of access.h, see there; access_iotlb.h on top looks up every address. Included
 * first by the files phys_*.c, which build the rings a third time, by the names of phys_names.h.
 */
#ifndef _VHX_ACCESS_H
#define _VHX_ACCESS_H

#define VHX_ACCESS_PHYS

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/swab.h>
#include <linux/types.h>
#include <asm/barrier.h>

#include "ring.h"

/* As in access.h: each use names its partner in the driver. */
#define vhx_mb()	virt_mb()	/* full */
#define vhx_rmb()	virt_rmb()	/* reads */
#define vhx_wmb()	virt_wmb()	/* writes */

#define vhx_swab16(x)	swab16(x)
#define vhx_swab32(x)	swab32(x)
#define vhx_swab64(x)	swab64(x)

#define vhx_at(type, addr)	((type *)(unsigned long)(addr))

static inline int vhx_load_u16(const struct vhx_ring *r, __u64 addr, __u16 *v)
{
	*v = READ_ONCE(*vhx_at(__u16, addr));
	return 0;
}

static inline int vhx_store_u16(const struct vhx_ring *r, __u64 addr, __u16 v)
{
	WRITE_ONCE(*vhx_at(__u16, addr), v);
	return 0;
}

static inline int vhx_load_u32(const struct vhx_ring *r, __u64 addr, __u32 *v)
{
	*v = READ_ONCE(*vhx_at(__u32, addr));
	return 0;
}

static inline int vhx_store_u32(const struct vhx_ring *r, __u64 addr, __u32 v)
{
	WRITE_ONCE(*vhx_at(__u32, addr), v);
	return 0;
}

static inline int vhx_load_heads(const struct vhx_ring *r, __u64 addr, __u16 *head, __u32 n)
{
	const __u16 *p = vhx_at(__u16, addr);
	__u32 i;

	for (i = 0; i < n; i++)
		head[i] = READ_ONCE(p[i]);
	return 0;
}

/* @n descriptors that stand in a row, each field once. */
static inline int vhx_load_table(const struct vhx_ring *r, __u64 addr, struct vhx_desc *desc,
				 __u32 n)
{
	const __u64 *p = vhx_at(__u64, addr);
	__u64 *d = (__u64 *)desc;
	__u32 i;

	for (i = 0; i < 2 * n; i++)
		d[i] = READ_ONCE(p[i]);
	return 0;
}

static inline int vhx_load_part(__u64 addr, void *to, __u32 len)
{
	memcpy(to, vhx_at(void, addr), len);
	/* What was read is not read again, whatever the compiler sees in @to. */
	barrier();
	return 0;
}

static inline int vhx_store_part(__u64 addr, const void *from, __u32 len)
{
	memcpy(vhx_at(void, addr), from, len);
	return 0;
}

static inline int vhx_store_used(const struct vhx_ring *r, __u64 addr,
				 const struct vhx_used_elem *used, __u32 n)
{
	__u64 *p = vhx_at(__u64, addr);
	__u32 i;

	/* Entries of 8 bytes stand 4 bytes behind a multiple of 8: fine where this is built. */
	for (i = 0; i < n; i++)
		memcpy(p + i, used + i, sizeof(*used));
	return 0;
}

static inline int vhx_load_posted(const struct vhx_ring *r, const struct vhx_run *run,
				  struct vhx_desc *desc)
{
	const struct vhx_desc *t = vhx_at(struct vhx_desc, r->desc) + run->slot;
	const __u16 want = run->flags;
	const __u32 n = run->n;
	__u32 i;

	for (i = 0; i < n; i++, t++, desc++) {
		/* Identifier and flags, in one piece. */
		*(__u32 *)&desc->id = READ_ONCE(*(const __u32 *)&t->id);
		if ((desc->pflags & (VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED)) != want)
			break;
		vhx_rmb();
		desc->addr = READ_ONCE(t->addr);
		desc->len = READ_ONCE(t->len);
	}
	return i;
}

static inline int vhx_count_posted(const struct vhx_ring *r, __u32 slot, __u16 want, __u32 n)
{
	const struct vhx_desc *t = vhx_at(struct vhx_desc, r->desc) + slot;
	__u32 i;

	for (i = 0; i < n; i++, t++)
		if ((READ_ONCE(t->pflags) & (VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED)) != want)
			break;
	return i;
}

static inline int vhx_store_used_descs(const struct vhx_ring *r, const struct vhx_run *run,
				       const struct vhx_done *done)
{
	struct vhx_desc *t = vhx_at(struct vhx_desc, r->desc) + run->slot;
	const __u16 stride = done->ndesc, written = run->flags | VHX_DESC_F_WRITE;
	const __u32 n = run->n;
	__u32 i;

	for (i = 0; i < n && done->ndesc == stride; i++, t += stride, done++) {
		WRITE_ONCE(t->len, done->len);
		WRITE_ONCE(t->id, done->id);
		WRITE_ONCE(t->pflags, done->len ? written : run->flags);
	}
	return i;
}

static inline int vhx_publish_used(const struct vhx_ring *r, __u32 slot,
				   const struct vhx_used_desc *used)
{
	struct vhx_desc *t = vhx_at(struct vhx_desc, r->desc) + slot;

	WRITE_ONCE(t->len, used->len);
	WRITE_ONCE(t->id, used->id);
	vhx_wmb();
	WRITE_ONCE(t->pflags, used->flags);
	return 0;
}

#endif /* _VHX_ACCESS_H */
