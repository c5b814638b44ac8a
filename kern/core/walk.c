// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The walk along a chain, see walk.h.
 */
#include <linux/types.h>

#include "access.h"
#include "format.h"
#include "ring.h"
#include "walk.h"

/* Entries of a table in one window of user access: what a frame of the stack can hold. */
#define GROUP	32

/**
 * vhx_walk_swap - turn snapshots of descriptors to the host's byte order
 * @d: descriptors
 * @n: how many
 */
void vhx_walk_swap(struct vhx_desc *d, __u32 n)
{
	for (; n; n--, d++) {
		d->addr = vhx_swab64(d->addr);
		d->len = vhx_swab32(d->len);
		d->flags = vhx_swab16(d->flags);
		d->next = vhx_swab16(d->next);
	}
}

/* What vhx_memtbl_translate() makes of vhx_memtbl_raw, without a look at that. */
static inline int take_raw(struct vhx_xlate *x, __u64 addr, __u32 len)
{
	if (!len)
		return 0;
	if (addr + (len - 1) < addr)
		return -EFAULT;
	if (!x->room)
		return -ENOBUFS;
	*x->seg++ = (struct vhx_seg) { .addr = (unsigned long)addr, .len = len };
	x->room--;
	return 1;
}

/**
 * vhx_walk_buffer - take one buffer into a chain
 * @w: chain
 * @d: where it is
 * @in: the device writes it
 *
 * Return: 0, -EINVAL, -EFAULT, or -ENOBUFS when its segments do not fit.
 */
int vhx_walk_buffer(struct vhx_walk *w, const struct vhx_desc *d, bool in)
{
	int n;

	if (++w->nbuf > VHX_CHAIN_MAX)
		return -EINVAL;
	if (w->in && !in)
		return -EINVAL;
	w->in = in;

	w->len[in] += d->len;
	if (w->len[in] >> 32)
		return -EINVAL;
	w->x.perm = in ? VHX_PERM_WO : VHX_PERM_RO;
	if (w->x.mt == &vhx_memtbl_raw)
		n = take_raw(&w->x, d->addr, d->len);
	else
		n = vhx_translate(w->r, &w->x, d->addr, d->len);
	if (n < 0)
		return n;
	w->nseg[in] += n;
	return 0;
}

/* An entry torn between two regions: guests whose allocator is being debugged have such tables. */
static int read_torn(const struct vhx_seg *seg, struct vhx_desc *d)
{
	if (vhx_load_part(seg[0].addr, d, seg[0].len))
		return -EFAULT;
	return vhx_load_part(seg[1].addr, (char *)d + seg[0].len, seg[1].len);
}

/*
 * @n entries of an indirect table, or one where the table passes from a region to the next.
 *
 * Return: entries read, or -EFAULT.
 */
static int read_table(struct vhx_walk *w, __u64 gpa, struct vhx_desc *d, __u32 n)
{
	struct vhx_seg seg[2];
	struct vhx_xlate x = { .mt = w->tables, .hit = w->x.hit, .seg = seg, .room = 1,
			       .perm = VHX_PERM_RO };
	int rc;

	rc = vhx_translate(w->r, &x, gpa, n * sizeof(*d));
	if (rc == -ENOBUFS) {
		n = 1;
		x.room = 2;
		rc = vhx_translate(w->r, &x, gpa, sizeof(*d));
	}
	if (rc < 0)
		return -EFAULT;
	if (rc == 2 ? read_torn(seg, d) : vhx_load_table(w->r, seg->addr, d, n))
		return -EFAULT;

	w->nread += n;
	if (unlikely(w->r->swap))
		vhx_walk_swap(d, n);
	return n;
}

/* Return: entries of the table that @table refers to, -EINVAL or -EFAULT. */
static int table_entries(const struct vhx_walk *w, const struct vhx_desc *table)
{
	const __u32 n = table->len / sizeof(*table);

	if (!w->r->indirect)
		return -EINVAL;
	if (!n || n > VHX_CHAIN_MAX || table->len % sizeof(*table))
		return -EINVAL;
	if (table->addr + (table->len - 1) < table->addr)
		return -EFAULT;
	return n;
}

/**
 * vhx_walk_table - take the buffers of an indirect table into a chain
 * @w: chain of a split ring
 * @table: the descriptor that refers to it; WRITE means nothing there
 *
 * Drivers fill tables front to back, hence the reading ahead; a guest that jumps about gets it
 * for the table's size in all, and after that one entry a step.
 *
 * Return: 0, -EINVAL, -EFAULT, or -ENOBUFS when its segments do not fit.
 */
int vhx_walk_table(struct vhx_walk *w, const struct vhx_desc *table)
{
	__u32 n, ahead, first = 0, have = 0, steps, i = 0;
	struct vhx_desc desc[GROUP] __uninitialized;
	int rc;

	if (table->flags & VHX_DESC_F_NEXT)
		return -EINVAL;
	rc = table_entries(w, table);
	if (rc < 0)
		return rc;
	n = rc;
	ahead = n;

	for (steps = 0; steps < n; steps++) {
		const struct vhx_desc *d;

		if (i - first >= have) {
			rc = read_table(w, table->addr + i * sizeof(*d), desc,
					ahead ? vhx_lesser(vhx_lesser(GROUP, n - i), ahead) : 1);
			if (rc < 0)
				return rc;
			first = i;
			have = rc;
			ahead -= vhx_lesser(ahead, have);
		}

		d = &desc[i - first];
		if (d->flags & VHX_DESC_F_INDIRECT)
			return -EINVAL;
		rc = vhx_walk_buffer(w, d, d->flags & VHX_DESC_F_WRITE);
		if (rc || !(d->flags & VHX_DESC_F_NEXT))
			return rc;
		i = d->next;
		if (i >= n)
			return -EINVAL;
	}
	return -EINVAL;		/* more steps than entries: a loop */
}

/**
 * vhx_walk_row - the same of a packed ring, where the entries are taken as they stand
 * @w: chain of a packed ring
 * @table: the descriptor that refers to the table
 *
 * WRITE is the one flag an entry has: all others, and its id, mean nothing. Nor does WRITE where
 * all is for reading: DPDK's driver sets it for the header of what it sends, and never clears what
 * was there for some other entries.
 *
 * Return: 0, -EINVAL, -EFAULT, or -ENOBUFS when its segments do not fit.
 */
int vhx_walk_row(struct vhx_walk *w, const struct vhx_desc *table)
{
	const __u16 in = w->r->out_only ? 0 : VHX_DESC_F_WRITE;
	struct vhx_desc desc[GROUP] __uninitialized;
	int n, i, k, rc, have;

	n = table_entries(w, table);
	if (n < 0)
		return n;

	for (i = 0; i < n; i += have) {
		have = read_table(w, table->addr + i * sizeof(*desc), desc,
				  vhx_lesser(GROUP, n - i));
		if (have < 0)
			return have;
		for (k = 0; k < have; k++) {
			rc = vhx_walk_buffer(w, &desc[k], desc[k].pflags & in);
			if (rc)
				return rc;
		}
	}
	return 0;
}
