// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is shared with an agent, see pool.h.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "agent.h"
#include "session.h"
#include "vq.h"

/* ---- pages that are one piece ---- */

/**
 * vhx_area_alloc - make an area
 * @a: area
 * @size: bytes, at least 1; it has whole pages, zeroed and charged to the caller's cgroup
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vhx_area_alloc(struct vhx_area *a, size_t size)
{
	u32 i;

	a->npages = DIV_ROUND_UP(size, PAGE_SIZE);
	a->page = kvcalloc(a->npages, sizeof(*a->page), GFP_KERNEL_ACCOUNT);
	if (!a->page)
		return -ENOMEM;
	a->mem = __vmalloc((size_t)a->npages << PAGE_SHIFT, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!a->mem) {
		kvfree(a->page);
		a->page = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < a->npages; i++)
		a->page[i] = vmalloc_to_page(a->mem + ((size_t)i << PAGE_SHIFT));
	return 0;
}

/**
 * vhx_area_free - let an area go
 * @a: area; zeroed is fine
 *
 * Context: process, sleeps.
 */
void vhx_area_free(struct vhx_area *a)
{
	vfree(a->mem);
	kvfree(a->page);
	a->mem = NULL;
	a->page = NULL;
}

/**
 * vhx_area_map - map an area to user space
 * @a: area
 * @vma: where; its beginning is the area's
 *
 * The pages are mapped as such, with a reference each, so that they are good for direct I/O and
 * registered buffers; and so that it shows when they are in nobody's use any more.
 *
 * Context: process, sleeps; mmap_lock for writing.
 * Return: 0; -EINVAL larger than the area, or private; -ENOMEM.
 */
int vhx_area_map(struct vhx_area *a, struct vm_area_struct *vma)
{
	unsigned long n = vma_pages(vma);

	if (!(vma->vm_flags & VM_SHARED) || n > a->npages)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	return vm_insert_pages(vma, vma->vm_start, a->page, &n);
}

/**
 * vhx_area_idle - has nobody but the kernel a reference to any page?
 * @a: area; nobody maps it any more
 * @at: the first page that was not seen idle yet, to go on there
 *
 * A mapping, a pin for DMA and a page in a pipe or a socket's queue are all references. Nobody gets
 * one to a page that is mapped nowhere, so that what was idle stays so.
 */
bool vhx_area_idle(const struct vhx_area *a, u32 *at)
{
	while (*at < a->npages && page_count(a->page[*at]) == 1)
		++*at;
	/* What the references were for, before what is done next with what it was done to. */
	smp_rmb();
	return *at == a->npages;
}

/* ---- the pool ---- */

/**
 * vhx_pool_init - make a pool
 * @p: zeroed
 * @size: bytes, whole pages
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vhx_pool_init(struct vhx_pool *p, size_t size)
{
	int err;

	spin_lock_init(&p->lock);
	INIT_LIST_HEAD(&p->starved);
	INIT_LIST_HEAD(&p->over);
	err = vhx_area_alloc(&p->area, size);
	if (err)
		return err;
	p->map = kvcalloc(BITS_TO_LONGS(p->area.npages), sizeof(long), GFP_KERNEL_ACCOUNT);
	if (!p->map) {
		vhx_area_free(&p->area);
		return -ENOMEM;
	}
	return 0;
}

void vhx_pool_free(struct vhx_pool *p)
{
	kvfree(p->map);
	p->map = NULL;
	vhx_area_free(&p->area);
}

/* Return: the first of @n free pages in a row, which are taken, or -ENOSPC. */
static int vhx_pool_find(struct vhx_pool *p, u32 n)
{
	const u32 size = p->area.npages;
	unsigned long at = p->next;

	if (n == 1) {
		at = find_next_zero_bit(p->map, size, at);
		if (at >= size)
			at = find_first_zero_bit(p->map, size);
	} else {
		at = bitmap_find_next_zero_area(p->map, size, at, n, 0);
		if (at + n > size)
			at = bitmap_find_next_zero_area(p->map, size, 0, n, 0);
	}
	if (at + n > size)
		return -ENOSPC;
	if (n == 1)
		__set_bit(at, p->map);
	else
		bitmap_set(p->map, at, n);
	p->next = at + n < size ? at + n : 0;
	return at;
}

/* The one that has waited longest. Context: @p->lock. */
static void vhx_pool_feed(struct vhx_pool *p)
{
	struct vhx_aq *aq = list_first_entry_or_null(&p->starved, struct vhx_aq, starved);

	if (aq)
		vhx_vq_queue(aq->vq);
}

/**
 * vhx_pool_get - take pages
 * @p: pool
 * @aq: for a request of this virtqueue's
 * @n: how many, in a row; 1 to what there are, and to the endpoint's quota
 *
 * Context: process; @aq's virtqueue's handler.
 * Return: the first; -ENOSPC: the virtqueue is queued when it is worth another try; -ESHUTDOWN the
 * session ended, or gave the endpoint up.
 */
int vhx_pool_get(struct vhx_pool *p, struct vhx_aq *aq, u32 n)
{
	struct vhx_endpoint *ep = aq->ep;
	struct list_head *wait = &p->starved;
	int at = -ENOSPC;

	spin_lock(&p->lock);
	if (p->shut || !vhx_endpoint_is_of(ep, container_of(p, struct vhx_session, pool))) {
		spin_unlock(&p->lock);
		return -ESHUTDOWN;
	}
	if (atomic_read(&ep->used) + n > READ_ONCE(ep->quota))
		wait = &p->over;
	else if (list_empty(wait) || list_first_entry(wait, struct vhx_aq, starved) == aq)
		at = vhx_pool_find(p, n);

	if (at >= 0) {
		atomic_add(n, &ep->used);
		list_del_init(&aq->starved);
		vhx_pool_feed(p);
	} else if (list_empty(&aq->starved)) {
		list_add_tail(&aq->starved, wait);
	} else if (wait == &p->over) {
		/* It must not keep its place in front of those who need none of its quota. */
		list_move_tail(&aq->starved, wait);
		vhx_pool_feed(p);
	}
	spin_unlock(&p->lock);
	return at;
}

/**
 * vhx_pool_take - take pages for what is no virtqueue's
 * @p: pool
 * @ep: endpoint that they count for
 * @n: how many, in a row, at least 1
 *
 * Context: any but interrupts.
 * Return: the first; -ENOSPC; -ESHUTDOWN the session ended.
 */
int vhx_pool_take(struct vhx_pool *p, struct vhx_endpoint *ep, u32 n)
{
	int at = -ESHUTDOWN;

	spin_lock(&p->lock);
	if (!p->shut)
		at = n <= p->area.npages ? vhx_pool_find(p, n) : -ENOSPC;
	if (at >= 0)
		atomic_add(n, &ep->used);
	spin_unlock(&p->lock);
	return at;
}

/* All of a list: what each of them needs is not known here. Context: pool's lock. */
static void vhx_pool_rouse(struct list_head *starved)
{
	struct vhx_aq *aq, *next;

	list_for_each_entry_safe(aq, next, starved, starved) {
		list_del_init(&aq->starved);
		vhx_vq_queue(aq->vq);
	}
}

/**
 * vhx_pool_put - give pages back
 * @p: pool
 * @ep: whose request had taken them
 * @at: the first
 * @n: how many; 0 is fine
 *
 * Context: any but interrupts.
 */
void vhx_pool_put(struct vhx_pool *p, struct vhx_endpoint *ep, u32 at, u32 n)
{
	if (!n)
		return;
	spin_lock(&p->lock);
	if (n == 1)
		__clear_bit(at, p->map);
	else
		bitmap_clear(p->map, at, n);
	atomic_sub(n, &ep->used);
	vhx_pool_rouse(&p->over);
	vhx_pool_feed(p);
	spin_unlock(&p->lock);
}

/**
 * vhx_pool_leave - a virtqueue waits for no pages any more
 * @p: pool
 * @aq: it; that it waits for none is fine
 *
 * Context: any but interrupts.
 */
void vhx_pool_leave(struct vhx_pool *p, struct vhx_aq *aq)
{
	spin_lock(&p->lock);
	list_del_init(&aq->starved);
	vhx_pool_feed(p);
	spin_unlock(&p->lock);
}

/**
 * vhx_pool_shut - nobody gets pages any more, and who waits for some is told
 * @p: pool of a dead session
 *
 * Context: any but interrupts.
 */
void vhx_pool_shut(struct vhx_pool *p)
{
	spin_lock(&p->lock);
	p->shut = true;
	vhx_pool_rouse(&p->starved);
	vhx_pool_rouse(&p->over);
	spin_unlock(&p->lock);
}
