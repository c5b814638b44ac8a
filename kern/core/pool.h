/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the kernel and an agent share: pages that are one piece for either, and the pool of
 * bounce pages, which requests take runs of.
 */
#ifndef _VHX_POOL_H
#define _VHX_POOL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct page;
struct vhx_aq;
struct vhx_endpoint;
struct vm_area_struct;

/**
 * struct vhx_area - pages that are mapped
 * @mem: as the kernel has them
 * @page: they
 * @npages: how many
 */
struct vhx_area {
	void *mem;
	struct page **page;
	u32 npages;
};

/**
 * struct vhx_pool - the bounce pages of a session
 * @area: they
 * @lock: what is below; innermost
 * @map: which are taken
 * @next: where the search begins
 * @shut: nobody gets any
 * @starved: virtqueues that found no room, by vhx_aq.starved, the first come first: it gets what
 *	becomes free before anybody else, however much it needs
 * @over: likewise, those whose endpoint is at its quota; all are told of all that comes back
 */
struct vhx_pool {
	struct vhx_area area;
	spinlock_t lock;
	unsigned long *map;
	u32 next;
	bool shut;
	struct list_head starved;
	struct list_head over;
};

int vhx_area_alloc(struct vhx_area *a, size_t size);
void vhx_area_free(struct vhx_area *a);
int vhx_area_map(struct vhx_area *a, struct vm_area_struct *vma);
bool vhx_area_idle(const struct vhx_area *a, u32 *at);

int vhx_pool_init(struct vhx_pool *p, size_t size);
void vhx_pool_free(struct vhx_pool *p);
int vhx_pool_take(struct vhx_pool *p, struct vhx_endpoint *ep, u32 n);
int vhx_pool_get(struct vhx_pool *p, struct vhx_aq *aq, u32 n);
void vhx_pool_put(struct vhx_pool *p, struct vhx_endpoint *ep, u32 at, u32 n);
void vhx_pool_leave(struct vhx_pool *p, struct vhx_aq *aq);
void vhx_pool_shut(struct vhx_pool *p);

#endif /* _VHX_POOL_H */
