// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Translations of a vIOMMU, see iotlb.h. They come from a VMM that may lie: ends are kept as last
 * addresses, so that nothing wraps, and however many come, @max stay.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "iotlb.h"
#include "ring.h"

/**
 * vhx_iotlb_init - begin with an empty table
 * @t: table with room for @max regions
 * @max: most there may be, at least 1
 */
void vhx_iotlb_init(struct vhx_iotlb *t, __u32 max)
{
	t->max = max;
	t->clock = 0;
	t->gen = 1;
	t->retired = 0;
	t->mt.n = 0;
}

/* Move the regions from @from on to @to. */
static void shift(struct vhx_memtbl *mt, __u32 to, __u32 from)
{
	__builtin_memmove(&mt->region[to], &mt->region[from],
			  (mt->n - from) * sizeof(mt->region[0]));
	mt->n = mt->n - from + to;
}

/**
 * vhx_iotlb_remove - forget what translates any address of a range
 * @t: table
 * @first: first address
 * @last: last address, not below @first
 *
 * A translation of which only a part lies in the range goes as a whole: what is still good of it
 * is asked for again.
 *
 * Return: translations forgotten.
 */
__u32 vhx_iotlb_remove(struct vhx_iotlb *t, __u64 first, __u64 last)
{
	struct vhx_memtbl *mt = &t->mt;
	__u32 i = vhx_memtbl_seek(mt, first), k = vhx_memtbl_seek(mt, last);

	if (k < mt->n && mt->region[k].gpa <= last)
		k++;
	if (k == i)
		return 0;
	shift(mt, i, k);
	t->gen++;
	return k - i;
}

/* The translation that came before all others. */
static __u32 oldest(const struct vhx_iotlb *t)
{
	__u32 i, at = 0, age = 0;

	for (i = 0; i < t->mt.n; i++) {
		/* The clock may have gone round; what is that old is not told from the young. */
		if (t->clock - t->mt.region[i].stamp <= age)
			continue;
		age = t->clock - t->mt.region[i].stamp;
		at = i;
	}
	return at;
}

/**
 * vhx_iotlb_insert - learn a translation
 * @t: table
 * @rg: the translation; its stamp does not matter. One that allows nothing is not kept
 *
 * It takes the place of all that it overlaps. In a full table the oldest goes.
 *
 * Return: 0, or -EINVAL when it is empty or wraps on either side.
 */
int vhx_iotlb_insert(struct vhx_iotlb *t, const struct vhx_region *rg)
{
	struct vhx_memtbl *mt = &t->mt;
	__u32 i;

	if (rg->last < rg->gpa || rg->uaddr + (rg->last - rg->gpa) < rg->uaddr)
		return -EINVAL;
	vhx_iotlb_remove(t, rg->gpa, rg->last);
	if (!(rg->perm & VHX_PERM_RW))
		return 0;
	if (mt->n == t->max) {
		i = oldest(t);
		shift(mt, i, i + 1);
		t->retired++;
	}

	i = vhx_memtbl_seek(mt, rg->gpa);
	shift(mt, i + 1, i);
	mt->region[i] = *rg;
	mt->region[i].stamp = t->clock++;
	t->gen++;
	return 0;
}

/**
 * vhx_iotlb_find - where one address is, and how much behind it
 * @v: view
 * @seg: what there is from @iova on to the end of its region
 * @iova: address
 * @perm: what is to be done there, one of VHX_PERM_*
 *
 * Return: 0, or -EFAULT: a miss, which @v tells of.
 */
int vhx_iotlb_find(struct vhx_iotlb_view *v, struct vhx_seg *seg, __u64 iova, __u32 perm)
{
	const struct vhx_memtbl *mt = v->mt;
	__u32 *hit = vhx_iotlb_hint(v, iova);
	const struct vhx_region *rg;

	if (*hit >= mt->n || iova < mt->region[*hit].gpa || iova > mt->region[*hit].last)
		*hit = vhx_memtbl_seek(mt, iova);
	rg = &mt->region[*hit];
	if (*hit >= mt->n || iova < rg->gpa || !(rg->perm & perm)) {
		v->miss = iova;
		v->perm = perm;
		return -EFAULT;
	}
	seg->addr = (unsigned long)(rg->uaddr + (iova - rg->gpa));
	/* All addresses but one is what a length can say. */
	seg->len = (unsigned long)(rg->last - iova);
	if (seg->len + 1)
		seg->len++;
	return 0;
}

/**
 * vhx_iotlb_covers - could all of an area be used now?
 * @v: view
 * @iova: its first address
 * @len: its bytes
 * @perm: what is to be done there, any of VHX_PERM_*
 *
 * Return: true; false: a miss, which @v tells of, or an area around the end of addresses, which
 * no translation would help.
 */
bool vhx_iotlb_covers(struct vhx_iotlb_view *v, __u64 iova, __u32 len, __u32 perm)
{
	const __u64 last = iova + len - 1;
	struct vhx_seg seg;

	if (!len)
		return true;
	if (last < iova)
		return false;
	for (;;) {
		if ((perm & VHX_PERM_RO && vhx_iotlb_find(v, &seg, iova, VHX_PERM_RO)) ||
		    (perm & VHX_PERM_WO && vhx_iotlb_find(v, &seg, iova, VHX_PERM_WO)))
			return false;
		if (last - iova < seg.len)
			return true;
		iova += seg.len;
	}
}

/**
 * vhx_iotlb_covers_ring - could all of a ring be used now?
 * @r: ring whose addresses, size, features and view are set
 *
 * Return: as vhx_iotlb_covers().
 */
bool vhx_iotlb_covers_ring(const struct vhx_ring *r)
{
	return vhx_iotlb_covers(r->view, r->desc, vhx_ring_desc_size(r),
				r->packed ? VHX_PERM_RW : VHX_PERM_RO) &&
	       vhx_iotlb_covers(r->view, r->avail, vhx_ring_avail_size(r), VHX_PERM_RO) &&
	       vhx_iotlb_covers(r->view, r->used, vhx_ring_used_size(r), VHX_PERM_WO);
}

/**
 * vhx_iotlb_translate - where a run of guest memory is in user space
 * @v: view
 * @x: as vhx_memtbl_translate_for() has it, of @v's table
 * @iova: first address
 * @len: bytes
 *
 * Return: as vhx_memtbl_translate_for(); where that tells of a miss, @v does.
 */
int vhx_iotlb_translate(struct vhx_iotlb_view *v, struct vhx_xlate *x, __u64 iova, __u32 len)
{
	int n = vhx_memtbl_translate_for(x, iova, len);

	/* Around the end of addresses: no translation would help. */
	if (n != -EFAULT || iova + len - 1 < iova)
		return n;
	v->miss = x->miss;
	v->perm = x->perm;
	return n;
}
