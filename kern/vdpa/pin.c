// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a device reaches by itself: its pages are pinned, for as long as they are mapped, and
 * count in the owner's VmPin, which RLIMIT_MEMLOCK bounds. Pages that lie in a row are one piece.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "space.h"
#include "vdpa.h"

#define VHX_PIN_BATCH	(PAGE_SIZE / sizeof(struct page *))

/**
 * struct vhx_pinning - a map that goes on
 * @v: device
 * @area: what is mapped
 * @iova: of the next page
 * @flags: of pin_user_pages_fast()
 * @page: the last batch
 * @pfn: first page of the run that is not mapped yet
 * @n: its pages; 0: there is none
 * @charged: pages that are charged, and not pinned
 */
struct vhx_pinning {
	struct vhx_vdpa *v;
	const struct vhx_area *area;
	u64 iova;
	unsigned int flags;
	struct page **page;
	unsigned long pfn;
	u64 n;
	u64 charged;
};

/* ---- what it counts as ---- */

static int vhx_pin_charge(struct vhx_vdpa *v, u64 npages)
{
	const u64 limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	const u64 now = atomic64_add_return(npages, &v->mm->pinned_vm);

	if (now <= limit)
		return 0;
	atomic64_sub(npages, &v->mm->pinned_vm);
	v->maps.fail.why = VHX_VDPA_WHY_MEMLOCK;
	v->maps.fail.need = now << PAGE_SHIFT;
	v->maps.fail.limit = limit << PAGE_SHIFT;
	return -ENOMEM;
}

/**
 * vhx_unpin - let go of pages
 * @v: device
 * @pages: they
 *
 * Context: process, sleeps; map_lock.
 */
void vhx_unpin(struct vhx_vdpa *v, const struct vhx_pages *pages)
{
	unpin_user_page_range_dirty_lock(pfn_to_page(pages->pfn), pages->n, pages->dirty);
	atomic64_sub(pages->n, &v->mm->pinned_vm);
	WRITE_ONCE(v->maps.pinned, v->maps.pinned - pages->n);
}

/* ---- runs of pages ---- */

/* The run that has come to its end is the space's, or let go of. */
static int vhx_pin_flush(struct vhx_pinning *p)
{
	struct vhx_run run = {
		.iova = p->iova - (p->n << PAGE_SHIFT),
		.size = p->n << PAGE_SHIFT,
		.addr = PFN_PHYS(p->pfn),
		.perm = p->area->perm,
	};
	int err;

	if (!p->n)
		return 0;
	WRITE_ONCE(p->v->maps.pinned, p->v->maps.pinned + p->n);
	p->n = 0;
	vhx_map_progress(p->v, run.size);
	err = vhx_space_add(p->v, p->area->space, &run);
	if (err)
		p->v->maps.fail.why = VHX_VDPA_WHY_PARENT;
	return err;
}

/* @n pages of the batch, pinned, go to runs. Return: 0; or an errno, and the rest is let go. */
static int vhx_pin_take(struct vhx_pinning *p, u32 n)
{
	unsigned long pfn;
	int err;
	u32 i;

	for (i = 0; i < n; i++) {
		pfn = page_to_pfn(p->page[i]);
		if (p->n && pfn != p->pfn + p->n) {
			err = vhx_pin_flush(p);
			if (err)
				goto err_pages;
		}
		if (!p->n++)
			p->pfn = pfn;
		p->charged--;
		p->iova += PAGE_SIZE;
	}
	return 0;

err_pages:
	unpin_user_pages(p->page + i, n - i);
	return err;
}

static int vhx_pin_batch(struct vhx_pinning *p, unsigned long uaddr)
{
	const int want = min_t(u64, p->charged, VHX_PIN_BATCH);
	int got;

	got = pin_user_pages_fast(uaddr, want, p->flags, p->page);
	if (got > 0)
		return vhx_pin_take(p, got);
	if (got != -EINTR)
		p->v->maps.fail.why = VHX_VDPA_WHY_MEMORY;
	return got ?: -EFAULT;
}

/* The run that is not mapped yet never will be. */
static void vhx_pin_abandon(struct vhx_pinning *p)
{
	const struct vhx_pages pages = { .pfn = p->pfn, .n = p->n };

	if (!p->n)
		return;
	WRITE_ONCE(p->v->maps.pinned, p->v->maps.pinned + p->n);
	vhx_unpin(p->v, &pages);
}

static int vhx_pin_all(struct vhx_pinning *p)
{
	const unsigned long off = p->area->uaddr - p->area->iova;
	int err = 0;

	while (!err && p->charged && vhx_map_goes_on(p->v, &err))
		err = vhx_pin_batch(p, p->iova + off);
	if (!err)
		return vhx_pin_flush(p);
	vhx_pin_abandon(p);
	return err;
}

/**
 * vhx_pin - map memory whose pages are pinned
 * @v: device
 * @area: what, and where; as vhx_map() has checked it
 *
 * Context: process of the owner, sleeps; map_lock, not mmap_lock.
 * Return: 0, or as vhx_map(): then some of it may be mapped still.
 */
int vhx_pin(struct vhx_vdpa *v, const struct vhx_area *area)
{
	const u64 last = area->iova + area->size - 1;
	struct vhx_pinning p = {
		.v = v,
		.area = area,
		.iova = area->iova & PAGE_MASK,
		.flags = FOLL_LONGTERM | (area->perm & VHOST_MAP_WO ? FOLL_WRITE : 0),
		.charged = (last >> PAGE_SHIFT) - (area->iova >> PAGE_SHIFT) + 1,
	};
	int err;

	err = vhx_pin_charge(v, p.charged);
	if (err)
		return err;
	p.page = (struct page **)__get_free_page(GFP_KERNEL_ACCOUNT);
	err = p.page ? vhx_pin_all(&p) : -ENOMEM;
	free_page((unsigned long)p.page);
	atomic64_sub(p.charged, &v->mm->pinned_vm);
	return err;
}
