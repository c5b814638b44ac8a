// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Copies from and to guest memory, see xfer.h. A piece of the guest's may lie in several regions,
 * and a region hold several pieces: a step is as long as neither changes.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "access.h"
#include "dirty.h"
#include "iotlb.h"
#include "ring.h"
#include "xfer.h"

/**
 * struct step - a copy under way
 * @seg: the piece it is in
 * @n: pieces from there on
 * @skip: bytes of that piece that are done
 * @left: bytes to go
 */
struct step {
	const struct vhx_seg *seg;
	__u32 n;
	__u32 left;
	__u64 skip;
};

static void begin(struct step *s, const struct vhx_xfer *x)
{
	s->seg = x->seg;
	s->n = x->n;
	s->left = x->len;
	for (s->skip = x->off; s->n && s->skip >= s->seg->len; s->n--)
		s->skip -= (s->seg++)->len;
}

/*
 * The next bytes that are in one place. Return: 1; 0 when all are done; -EFAULT when there are no
 * more, or they are nowhere.
 */
static int next(struct step *s, struct vhx_iotlb_view *v, struct vhx_seg *here, __u32 perm)
{
	__u64 addr, len;

	if (!s->left)
		return 0;
	if (!s->n)
		return -EFAULT;
	addr = s->seg->addr + s->skip;
	if (vhx_iotlb_find(v, here, addr, perm))
		return -EFAULT;

	len = s->seg->len - s->skip;
	if (len > s->left)
		len = s->left;
	if (len > here->len)
		len = here->len;
	here->len = (unsigned long)len;
	s->left -= (__u32)len;
	s->skip += len;
	if (s->skip == s->seg->len) {
		s->seg++;
		s->n--;
		s->skip = 0;
	}
	return 1;
}

/*
 * Most copies are of bytes that stand in one piece, in the region of the one before. Return: whether
 * this is such, and then where: @at.
 */
static inline bool lone(struct vhx_iotlb_view *v, const struct vhx_xfer *x, __u32 perm, __u64 *at)
{
	const struct vhx_region *rg;
	__u64 addr;
	__u32 hit;

	if (!x->n || !x->len || x->off >= x->seg->len || x->len > x->seg->len - x->off)
		return false;
	addr = x->seg->addr + x->off;
	hit = *vhx_iotlb_hint(v, addr);
	if (hit >= v->mt->n)
		return false;
	rg = &v->mt->region[hit];
	if (addr < rg->gpa || addr > rg->last || x->len - 1 > rg->last - addr || !(rg->perm & perm))
		return false;
	*at = rg->uaddr + (addr - rg->gpa);
	return true;
}

static noinline int read_pieces(struct vhx_iotlb_view *v, const struct vhx_xfer *x)
{
	struct vhx_seg here;
	char *to = x->buf;
	struct step s;
	int rc;

	begin(&s, x);
	while ((rc = next(&s, v, &here, VHX_PERM_RO)) > 0) {
		if (vhx_load_run(here.addr, to, here.len))
			return -EFAULT;
		to += here.len;
	}
	return rc;
}

static noinline int write_pieces(struct vhx_iotlb_view *v, const struct vhx_xfer *x)
{
	const char *from = x->buf;
	struct vhx_seg here;
	struct step s;
	int rc;

	begin(&s, x);
	while ((rc = next(&s, v, &here, VHX_PERM_WO)) > 0) {
		if (vhx_store_run(here.addr, from, here.len))
			return -EFAULT;
		from += here.len;
	}
	return rc;
}

/**
 * vhx_xfer_read - copy from guest memory
 * @v: translations, a vIOMMU's or a memory table's; @v->perm is 0
 * @x: what, and where to
 *
 * Return: 0, or -EFAULT; if for want of a translation, @v tells of it, and some bytes may have been
 * copied: all of it may be tried again.
 */
int vhx_xfer_read(struct vhx_iotlb_view *v, const struct vhx_xfer *x)
{
	__u64 at;

	return lone(v, x, VHX_PERM_RO, &at) ? vhx_load_run(at, x->buf, x->len) : read_pieces(v, x);
}

/**
 * vhx_xfer_write - copy to guest memory
 * @v: translations
 * @x: what, and where from
 *
 * Return: as vhx_xfer_read().
 */
int vhx_xfer_write(struct vhx_iotlb_view *v, const struct vhx_xfer *x)
{
	__u64 at;

	return lone(v, x, VHX_PERM_WO, &at) ? vhx_store_run(at, x->buf, x->len) : write_pieces(v, x);
}

/**
 * vhx_xfer_each - where the bytes are that a copy from guest memory would read
 * @v: translations
 * @x: what; its @buf is not looked at
 * @fn: called with each piece that is in one place, in their order; returns other than 0 to end it
 * @arg: handed to @fn
 *
 * Return: as vhx_xfer_read(), or what @fn returned.
 */
int vhx_xfer_each(struct vhx_iotlb_view *v, const struct vhx_xfer *x,
		  int (*fn)(const struct vhx_seg *here, void *arg), void *arg)
{
	struct vhx_seg here;
	struct step s;
	int rc;

	begin(&s, x);
	while ((rc = next(&s, v, &here, VHX_PERM_RO)) > 0) {
		rc = fn(&here, arg);
		if (rc)
			return rc;
	}
	return rc;
}

/**
 * vhx_xfer_mark - mark the pages that a copy wrote
 * @v: the translations it was made by
 * @x: the copy
 * @d: bits being set; begun after the copy
 *
 * Marked is where the memory is, in all places where the guest has it: behind a vIOMMU the guest's
 * address is not what the log counts by.
 *
 * Return: 0, or -EFAULT when the log cannot be written.
 */
int vhx_xfer_mark(struct vhx_iotlb_view *v, const struct vhx_xfer *x, struct vhx_dirty *d)
{
	struct vhx_seg here;
	struct step s;
	int rc;

	begin(&s, x);
	while ((rc = next(&s, v, &here, VHX_PERM_WO)) > 0) {
		rc = vhx_dirty_uaddr(d, here.addr, here.len);
		if (rc)
			return rc;
	}
	return rc;
}
