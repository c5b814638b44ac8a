// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Guest memory, see memtbl.h. Sizes and addresses come from a VMM that may lie, lookups from a
 * guest that will: ends are kept as last addresses, so that nothing here can wrap.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "memtbl.h"
#include "ring.h"

const struct vhx_memtbl vhx_memtbl_raw = {
	.n = 1,
	.region = { { .last = ~0UL, .perm = VHX_PERM_RW } },
};

/**
 * vhx_memtbl_add - append a region to a table that is not sealed yet
 * @mt: table; the caller has seen to room for one more
 * @gpa: first guest-physical address
 * @size: bytes
 * @uaddr: user address of @gpa
 *
 * Return: 0, or -EINVAL when the region is empty or wraps on either side.
 */
int vhx_memtbl_add(struct vhx_memtbl *mt, __u64 gpa, __u64 size, __u64 uaddr)
{
	struct vhx_region *rg = &mt->region[mt->n];

	if (!size || gpa + (size - 1) < gpa || uaddr + (size - 1) < uaddr)
		return -EINVAL;

	rg->gpa = gpa;
	rg->last = gpa + (size - 1);
	rg->uaddr = uaddr;
	rg->perm = VHX_PERM_RW;
	rg->stamp = 0;
	mt->n++;
	return 0;
}

/* Let the region at @at of a heap of @n sink below all that are greater. */
static void sift_down(struct vhx_region *rg, __u32 at, __u32 n)
{
	struct vhx_region sinking = rg[at];
	__u32 child;

	for (; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && rg[child + 1].gpa > rg[child].gpa)
			child++;
		if (rg[child].gpa <= sinking.gpa)
			break;
		rg[at] = rg[child];
	}
	rg[at] = sinking;
}

/* Heap sort: no recursion, no memory, and no order of the input makes it slow. */
static void sort_regions(struct vhx_region *rg, __u32 n)
{
	__u32 i;

	for (i = n / 2; i-- > 0;)
		sift_down(rg, i, n);
	for (i = n; i-- > 1;) {
		struct vhx_region greatest = rg[0];

		rg[0] = rg[i];
		rg[i] = greatest;
		sift_down(rg, 0, i);
	}
}

/**
 * vhx_memtbl_seal - make a table ready for lookups
 * @mt: table whose regions have all been added
 *
 * Return: 0, or -EINVAL when two regions overlap: an address must have one meaning.
 */
int vhx_memtbl_seal(struct vhx_memtbl *mt)
{
	__u32 i;

	sort_regions(mt->region, mt->n);
	for (i = 1; i < mt->n; i++)
		if (mt->region[i].gpa <= mt->region[i - 1].last)
			return -EINVAL;
	return 0;
}

/**
 * vhx_memtbl_seek - the first region that does not end before an address
 * @mt: sealed table
 * @gpa: guest-physical address
 *
 * Return: its index: the region that holds @gpa, if any does; @mt->n when there is none.
 */
__u32 vhx_memtbl_seek(const struct vhx_memtbl *mt, __u64 gpa)
{
	__u32 lo = 0, hi = mt->n;

	while (lo < hi) {
		__u32 mid = lo + (hi - lo) / 2;

		if (mt->region[mid].last < gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/**
 * vhx_memtbl_find - which region is an address in?
 * @mt: sealed table
 * @gpa: guest-physical address
 * @hit: the region's index, left alone when there is none
 *
 * Return: whether there is one, and it is another than @hit said.
 */
bool vhx_memtbl_find(const struct vhx_memtbl *mt, __u64 gpa, __u32 *hit)
{
	__u32 i = vhx_memtbl_seek(mt, gpa);

	if (i == *hit || i >= mt->n || gpa < mt->region[i].gpa)
		return false;
	*hit = i;
	return true;
}

/*
 * Both kinds of translation: @perm is 0, or what has to be allowed. Where that fails x->miss says;
 * nobody asks for it where @perm is 0, and the compiler knows.
 */
static __always_inline int translate(struct vhx_xlate *x, __u64 gpa, __u32 len, __u32 perm)
{
	const struct vhx_memtbl *mt = x->mt;
	__u64 last = gpa + len - 1;
	__u32 i = x->hit, n = 0;

	if (!len)
		return 0;
	if (last < gpa)
		return -EFAULT;
	if (i >= mt->n || gpa < mt->region[i].gpa || gpa > mt->region[i].last)
		i = vhx_memtbl_seek(mt, gpa);

	for (;; i++) {
		const struct vhx_region *rg = &mt->region[i];
		__u64 end;

		if (i >= mt->n || gpa < rg->gpa || (perm && !(rg->perm & perm))) {
			if (perm)
				x->miss = gpa;
			return -EFAULT;
		}
		if (n == x->room)
			return -ENOBUFS;

		end = last < rg->last ? last : rg->last;
		x->seg[n].addr = (unsigned long)(rg->uaddr + (gpa - rg->gpa));
		x->seg[n].len = (unsigned long)(end - gpa + 1);
		n++;
		if (end == last)
			break;
		gpa = end + 1;
	}

	x->hit = i;
	x->seg += n;
	x->room -= n;
	return (int)n;
}

/**
 * vhx_memtbl_translate - where a run of guest memory is in user space
 * @x: table, and where segments go: one for each region the run lies in
 * @gpa: first guest-physical address
 * @len: bytes; 0 is no run and takes no segment
 *
 * Return: segments added, -EFAULT when a byte of the run is in no region, -ENOBUFS when there are
 * more pieces than room. On failure @x stands where it stood.
 */
int vhx_memtbl_translate(struct vhx_xlate *x, __u64 gpa, __u32 len)
{
	return translate(x, gpa, len, 0);
}

/**
 * vhx_memtbl_translate_for - the same, of regions that may not all be used in every way
 * @x: table, where segments go, and what is to be done there
 * @gpa: first guest-physical address
 * @len: bytes
 *
 * Return: as vhx_memtbl_translate(); with -EFAULT, @x->miss is the first byte that is in no
 * region or in one that does not allow it. A run around the end of addresses has no such byte:
 * then @x->miss stands as it stood.
 */
int vhx_memtbl_translate_for(struct vhx_xlate *x, __u64 gpa, __u32 len)
{
	return translate(x, gpa, len, x->perm);
}
