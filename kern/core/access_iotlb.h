/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * How the rings reach guest memory when their addresses, and all that stand in them, are a
 * vIOMMU's: each is looked up in the ring's view of the translations, piece by piece, since a ring
 * may be scattered over pages. What is found is reached as access.h has it, whichever that is.
 *
 * A miss is -EFAULT like any fault, and the view tells of it. Once all of a ring was found in the
 * table, and as long as the table does not change, rings have none: only chains do.
 *
 * Included first by the files iotlb_*.c, which build the rings a second time, by the names below;
 * and behind access_phys.h by the files phys_*.c, which build them a third time by others.
 */
#ifndef _VHX_ACCESS_IOTLB_H
#define _VHX_ACCESS_IOTLB_H

#include "access.h"
#include "iotlb.h"
#ifdef VHX_ACCESS_PHYS
#include "phys_names.h"
#include "phys_ring.h"
#else
#include "iotlb_names.h"
#include "iotlb_ring.h"
#endif
#include "ring.h"

static inline int vhx_iotlb_load_u16(const struct vhx_ring *r, __u64 iova, __u16 *v)
{
	struct vhx_seg s;

	if (vhx_iotlb_find(r->view, &s, iova, VHX_PERM_RO) || s.len < sizeof(*v))
		return -EFAULT;
	return vhx_load_u16(r, s.addr, v);
}

static inline int vhx_iotlb_store_u16(const struct vhx_ring *r, __u64 iova, __u16 v)
{
	struct vhx_seg s;

	if (vhx_iotlb_find(r->view, &s, iova, VHX_PERM_WO) || s.len < sizeof(v))
		return -EFAULT;
	return vhx_store_u16(r, s.addr, v);
}

static inline int vhx_iotlb_load_u32(const struct vhx_ring *r, __u64 iova, __u32 *v)
{
	struct vhx_seg s;

	if (vhx_iotlb_find(r->view, &s, iova, VHX_PERM_RO) || s.len < sizeof(*v))
		return -EFAULT;
	return vhx_load_u32(r, s.addr, v);
}

static inline int vhx_iotlb_store_u32(const struct vhx_ring *r, __u64 iova, __u32 v)
{
	struct vhx_seg s;

	if (vhx_iotlb_find(r->view, &s, iova, VHX_PERM_WO) || s.len < sizeof(v))
		return -EFAULT;
	return vhx_store_u32(r, s.addr, v);
}

/* How many of @n things of @size are in one piece. */
static inline __u32 vhx_iotlb_whole(const struct vhx_seg *s, __u32 n, __u32 size)
{
	return s->len / size < n ? (__u32)(s->len / size) : n;
}

static inline int vhx_iotlb_load_heads(const struct vhx_ring *r, __u64 iova, __u16 *head,
				       __u32 n)
{
	struct vhx_seg s;
	__u32 k;

	for (; n; n -= k, head += k, iova += k * sizeof(*head)) {
		if (vhx_iotlb_find(r->view, &s, iova, VHX_PERM_RO))
			return -EFAULT;
		k = vhx_iotlb_whole(&s, n, sizeof(*head));
		if (!k || vhx_load_heads(r, s.addr, head, k))
			return -EFAULT;
	}
	return 0;
}

/* Drivers post descriptors one behind the other: those of such a run are in one window. */
static inline int vhx_iotlb_load_descs(const struct vhx_ring *r, const __u16 *head,
				       struct vhx_desc *desc, __u32 n)
{
	struct vhx_seg s;
	__u32 i, k, run;

	for (i = 0; i < n; i += k) {
		if (vhx_iotlb_find(r->view, &s, r->desc + head[i] * sizeof(*desc), VHX_PERM_RO))
			return -EFAULT;
		for (run = 1; i + run < n && head[i + run] == head[i] + run; run++)
			;
		k = vhx_iotlb_whole(&s, run, sizeof(*desc));
		if (!k || vhx_load_table(r, s.addr, desc + i, k))
			return -EFAULT;
	}
	return 0;
}

/* Pages end within an entry: the ring of entries of 8 bytes begins 4 bytes behind its page. */
static inline int vhx_iotlb_store_torn(const struct vhx_ring *r, __u64 iova,
				       const struct vhx_used_elem *used)
{
	struct vhx_seg a, b;

	if (vhx_iotlb_find(r->view, &a, iova, VHX_PERM_WO) ||
	    vhx_iotlb_find(r->view, &b, iova + a.len, VHX_PERM_WO) ||
	    a.len + b.len < sizeof(*used))
		return -EFAULT;
	if (vhx_store_part(a.addr, used, a.len))
		return -EFAULT;
	return vhx_store_part(b.addr, (const char *)used + a.len, sizeof(*used) - a.len);
}

static inline int vhx_iotlb_store_used(const struct vhx_ring *r, __u64 iova,
				       const struct vhx_used_elem *used, __u32 n)
{
	struct vhx_seg s;
	__u32 k;

	for (; n; n -= k, used += k, iova += k * sizeof(*used)) {
		if (vhx_iotlb_find(r->view, &s, iova, VHX_PERM_WO))
			return -EFAULT;
		k = vhx_iotlb_whole(&s, n, sizeof(*used));
		if (k ? vhx_store_used(r, s.addr, used, k) : vhx_iotlb_store_torn(r, iova, used))
			return -EFAULT;
		k += !k;
	}
	return 0;
}

/*
 * A packed ring's descriptors from @slot on that are in one piece, at most @piece->num: as a ring
 * of their own, where they are. Return: how many, or -EFAULT.
 */
static inline int vhx_iotlb_piece(const struct vhx_ring *r, __u32 slot, __u32 perm,
				  struct vhx_ring *piece)
{
	struct vhx_seg s;

	if (vhx_iotlb_find(r->view, &s, r->desc + slot * sizeof(struct vhx_desc), perm))
		return -EFAULT;
	piece->desc = s.addr;
	piece->num = vhx_iotlb_whole(&s, piece->num, sizeof(struct vhx_desc));
	return piece->num ? (int)piece->num : -EFAULT;
}

static inline int vhx_iotlb_load_posted(const struct vhx_ring *r, const struct vhx_run *run,
					struct vhx_desc *desc)
{
	struct vhx_run here = { .flags = run->flags };
	__u32 n = run->n, slot = run->slot;
	struct vhx_ring piece;
	int k, rc, all = 0;

	for (; n; n -= k, slot += k, desc += k) {
		piece.num = n;
		k = vhx_iotlb_piece(r, slot, VHX_PERM_RO, &piece);
		if (k < 0)
			return k;
		here.n = k;
		rc = vhx_load_posted(&piece, &here, desc);
		if (rc < 0)
			return rc;
		all += rc;
		if (rc < k)
			break;
	}
	return all;
}

static inline int vhx_iotlb_count_posted(const struct vhx_ring *r, __u32 slot, __u16 want,
					 __u32 n)
{
	struct vhx_ring piece;
	int k, rc, all = 0;

	for (; n; n -= k, slot += k) {
		piece.num = n;
		k = vhx_iotlb_piece(r, slot, VHX_PERM_RO, &piece);
		if (k < 0)
			return k;
		rc = vhx_count_posted(&piece, 0, want, k);
		if (rc < 0)
			return rc;
		all += rc;
		if (rc < k)
			break;
	}
	return all;
}

static inline int vhx_iotlb_store_used_descs(const struct vhx_ring *r, const struct vhx_run *run,
					     const struct vhx_done *done)
{
	struct vhx_run here = { .flags = run->flags };
	__u32 n = run->n, slot = run->slot;
	const __u32 stride = done->ndesc;
	struct vhx_ring piece;
	int k, rc, all = 0;

	for (; n && done->ndesc == stride; n -= k, slot += k * stride, done += k) {
		piece.num = r->num - slot;
		k = vhx_iotlb_piece(r, slot, VHX_PERM_WO, &piece);
		if (k < 0)
			return k;
		/* Those whose first descriptor is in this piece; what lies between is not written. */
		k = (k - 1) / stride + 1;
		if (n < (__u32)k)
			k = n;
		here.n = k;
		rc = vhx_store_used_descs(&piece, &here, done);
		if (rc < 0)
			return rc;
		all += rc;
		if (rc < k)
			break;
	}
	return all;
}

static inline int vhx_iotlb_publish_used(const struct vhx_ring *r, __u32 slot,
					 const struct vhx_used_desc *used)
{
	struct vhx_ring piece = { .num = 1 };
	int k = vhx_iotlb_piece(r, slot, VHX_PERM_WO, &piece);

	return k < 0 ? k : vhx_publish_used(&piece, 0, used);
}

/* From here on these are what the rings get. vhx_load_table() takes what was translated. */
#define vhx_load_u16	vhx_iotlb_load_u16
#define vhx_store_u16	vhx_iotlb_store_u16
#define vhx_load_heads	vhx_iotlb_load_heads
#define vhx_load_descs	vhx_iotlb_load_descs
#define vhx_store_used	vhx_iotlb_store_used
#define vhx_load_u32	vhx_iotlb_load_u32
#define vhx_store_u32	vhx_iotlb_store_u32
#define vhx_load_posted	vhx_iotlb_load_posted
#define vhx_count_posted vhx_iotlb_count_posted
#define vhx_store_used_descs vhx_iotlb_store_used_descs
#define vhx_publish_used vhx_iotlb_publish_used

#define vhx_translate(r, x, addr, len)	vhx_iotlb_translate((r)->view, x, addr, len)
#define vhx_region_allows(rg, write) \
	((rg)->perm & ((write) ? VHX_PERM_WO : VHX_PERM_RO))

#endif /* _VHX_ACCESS_IOTLB_H */
