// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces, see space.h. A parent learns of what is mapped in one of three ways: piece by
 * piece, all of it at a time, or not at all: then the platform's IOMMU does.
 *
 * What is unmapped is let go of only when whoever had it mapped has forgotten it: until then the
 * device may write there.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "space.h"
#include "trace.h"
#include "vdpa.h"

static ulong max_pieces = 16UL << 20;
module_param(max_pieces, ulong, 0644);
MODULE_PARM_DESC(max_pieces,
		 "Most pieces in which a device's memory may be mapped (default 16777216: 64 GiB in single pages)");

/* ---- what is let go of ---- */

/**
 * struct vhx_gone - pages that wait for the parent to forget them
 * @next: more of them
 * @n: how many runs
 * @pages: they
 */
struct vhx_gone {
	struct vhx_gone *next;
	u64 n;
	struct vhx_pages pages[];
};

#define VHX_GONE_RUNS ((PAGE_SIZE - sizeof(struct vhx_gone)) / sizeof(struct vhx_pages))

/* A page for a good many of them: this cannot fail, since what is unmapped has to be. */
static void vhx_space_wait(struct vhx_space *space, const struct vhx_pages *pages)
{
	struct vhx_gone *gone = space->gone;

	if (!gone || gone->n == VHX_GONE_RUNS) {
		gone = (struct vhx_gone *)__get_free_page(GFP_KERNEL | __GFP_NOFAIL);
		gone->next = space->gone;
		gone->n = 0;
		space->gone = gone;
	}
	gone->pages[gone->n++] = *pages;
}

/* What the parent knows no more. */
static void vhx_space_free_gone(struct vhx_vdpa *v, struct vhx_space *space)
{
	struct vhx_gone *gone;

	while ((gone = space->gone)) {
		while (gone->n)
			vhx_unpin(v, &gone->pages[--gone->n]);
		space->gone = gone->next;
		free_page((unsigned long)gone);
		cond_resched();
	}
}

static struct vhx_pages vhx_pages_of(u64 addr, u64 size, u32 perm)
{
	return (struct vhx_pages) {
		.pfn = PHYS_PFN(addr),
		.n = size >> PAGE_SHIFT,
		.dirty = !!(perm & VHOST_MAP_WO),
	};
}

/*
 * What @map stands for is mapped no more. A file the parent has a reference to of its own, as long as
 * it knows it.
 */
static void vhx_space_let_go(struct vhx_vdpa *v, struct vhx_space *space,
			     const struct vhost_iotlb_map *map)
{
	struct vhx_pages pages;

	if (map->opaque) {
		vhx_return(map->opaque);
		return;
	}
	pages = vhx_pages_of(map->addr, map->size, map->perm);
	if (v->maps.by == VHX_VDPA_BY_SET)
		vhx_space_wait(space, &pages);
	else
		vhx_unpin(v, &pages);
}

/* What was not mapped after all. */
static void vhx_run_let_go(struct vhx_vdpa *v, const struct vhx_run *run)
{
	const struct vhx_pages pages = vhx_pages_of(run->addr, run->size, run->perm);

	if (run->file)
		vhx_return(run->file);
	else
		vhx_unpin(v, &pages);
}

/* ---- who learns of it ---- */

static int vhx_space_map_one(struct vhx_vdpa *v, const struct vhx_space *space,
			     const struct vhx_run *run)
{
	const struct vdpa_config_ops *ops = v->vdpa->config;
	int prot = v->maps.iommu_prot, err;

	switch (v->maps.by) {
	case VHX_VDPA_BY_STEP:
		mutex_lock(&v->lock);
		err = ops->dma_map(v->vdpa, space->asid, run->iova, run->size, run->addr, run->perm,
				   run->file);
		mutex_unlock(&v->lock);
		return err;
	case VHX_VDPA_BY_IOMMU:
		prot |= run->perm & VHOST_MAP_RO ? IOMMU_READ : 0;
		prot |= run->perm & VHOST_MAP_WO ? IOMMU_WRITE : 0;
		return iommu_map(v->maps.domain, run->iova, run->addr, run->size, prot,
				 GFP_KERNEL_ACCOUNT);
	default:
		return 0;
	}
}

static void vhx_space_unmap_one(struct vhx_vdpa *v, const struct vhx_space *space, u64 iova,
				u64 size)
{
	switch (v->maps.by) {
	case VHX_VDPA_BY_STEP:
		mutex_lock(&v->lock);
		v->vdpa->config->dma_unmap(v->vdpa, space->asid, iova, size);
		mutex_unlock(&v->lock);
		break;
	case VHX_VDPA_BY_IOMMU:
		iommu_unmap(v->maps.domain, iova, size);
		break;
	}
}

/**
 * vhx_space_tell - the parent is to know all of it, and nothing else
 * @v: device
 * @space: address space, with changes or without
 *
 * Context: process, sleeps; map_lock.
 * Return: 0; or the parent's errno: then it is to be told again, and what is mapped no more stays
 * pinned until then.
 */
int vhx_space_tell(struct vhx_vdpa *v, struct vhx_space *space)
{
	int err = 0;

	if (v->maps.by == VHX_VDPA_BY_SET && space->untold) {
		mutex_lock(&v->lock);
		err = v->vdpa->config->set_map(v->vdpa, space->asid, &space->iotlb);
		mutex_unlock(&v->lock);
		vhx_vdpa_count(v, VHX_VDPA_STAT_TOLD, 1);
		trace_vhx_vdpa_tell(v, space, err);
	}
	if (err)
		return err;
	space->untold = false;
	vhx_space_free_gone(v, space);
	return 0;
}

/* ---- what is in it ---- */

/**
 * vhx_space_add - map memory
 * @v: device
 * @space: where, and nothing is there
 * @run: what; its pages or file are the space's from now on, or let go of after an error
 *
 * Context: process, sleeps; map_lock.
 * Return: 0; -ENOMEM; -ENOSPC there are too many; the parent's, or the IOMMU's errno.
 */
int vhx_space_add(struct vhx_vdpa *v, struct vhx_space *space, const struct vhx_run *run)
{
	struct vhx_vdpa_maps *m = &v->maps;
	const u64 last = run->iova + run->size - 1;
	int err;

	err = m->pieces >= READ_ONCE(max_pieces) ? -ENOSPC :
	      vhost_iotlb_add_range_ctx(&space->iotlb, run->iova, last, run->addr, run->perm,
					run->file);
	if (err)
		goto err_run;
	err = vhx_space_map_one(v, space, run);
	if (err)
		goto err_iotlb;
	space->untold = true;
	WRITE_ONCE(m->pieces, m->pieces + 1);
	WRITE_ONCE(m->bytes, m->bytes + run->size);
	return 0;

err_iotlb:
	vhost_iotlb_del_range(&space->iotlb, run->iova, last);
err_run:
	vhx_run_let_go(v, run);
	return err;
}

/**
 * vhx_space_remove - unmap all that has a byte in an area
 * @v: device
 * @space: where
 * @first: first address
 * @last: last address
 *
 * Pages that the parent may know still wait for vhx_space_tell().
 *
 * Context: process, sleeps; map_lock.
 */
void vhx_space_remove(struct vhx_vdpa *v, struct vhx_space *space, u64 first, u64 last)
{
	struct vhx_vdpa_maps *m = &v->maps;
	struct vhost_iotlb_map *map;

	while ((map = vhost_iotlb_itree_first(&space->iotlb, first, last))) {
		vhx_space_unmap_one(v, space, map->start, map->size);
		WRITE_ONCE(m->pieces, m->pieces - 1);
		WRITE_ONCE(m->bytes, m->bytes - map->size);
		vhx_map_progress(v, map->size);
		vhx_space_let_go(v, space, map);
		vhost_iotlb_map_free(&space->iotlb, map);
		space->untold = true;
		cond_resched();
	}
}

/* ---- the spaces ---- */

/**
 * vhx_space_get - an address space by its number
 * @v: device
 * @asid: number
 * @make: make it, if there is none yet
 *
 * Context: process, sleeps; map_lock.
 * Return: it; NULL: there is none, can be none, or there is no memory.
 */
struct vhx_space *vhx_space_get(struct vhx_vdpa *v, u32 asid, bool make)
{
	struct vhx_space *space = xa_load(&v->maps.spaces, asid);

	if (space || !make || asid >= v->vdpa->nas)
		return space;
	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return NULL;
	space->asid = asid;
	vhost_iotlb_init(&space->iotlb, UINT_MAX, 0);
	if (xa_err(xa_store(&v->maps.spaces, asid, space, GFP_KERNEL_ACCOUNT))) {
		kfree(space);
		return NULL;
	}
	return space;
}

/**
 * vhx_space_release - unmap all, and free the space
 * @v: device, that was reset
 * @space: address space
 *
 * Context: process, sleeps; map_lock.
 */
void vhx_space_release(struct vhx_vdpa *v, struct vhx_space *space)
{
	vhx_space_remove(v, space, 0, U64_MAX);
	/* Of a parent that does not want to hear it, in reset, the pages go all the same. */
	vhx_space_tell(v, space);
	vhx_space_free_gone(v, space);
	if (v->vdpa->config->reset_map) {
		mutex_lock(&v->lock);
		v->vdpa->config->reset_map(v->vdpa, space->asid);
		mutex_unlock(&v->lock);
	}
	xa_erase(&v->maps.spaces, space->asid);
	kfree(space);
}

/* ---- the platform's IOMMU ---- */

static int vhx_spaces_attach(struct vhx_vdpa *v)
{
	struct device *dma = vdpa_get_map(v->vdpa).dma_dev;
	struct iommu_domain *domain;
	int err;

	/* What the device reads may be in a cache, and nobody here would write that back. */
	if (!device_iommu_capable(dma, IOMMU_CAP_CACHE_COHERENCY))
		return -ENOTSUPP;
	domain = iommu_paging_domain_alloc(dma);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	err = iommu_attach_device(domain, dma);
	if (err) {
		iommu_domain_free(domain);
		return err;
	}
	v->maps.domain = domain;
	v->maps.iommu_prot = IOMMU_CACHE;
	return 0;
}

static void vhx_spaces_detach(struct vhx_vdpa *v)
{
	struct iommu_domain *domain = v->maps.domain;

	if (!domain)
		return;
	iommu_detach_device(domain, vdpa_get_map(v->vdpa).dma_dev);
	iommu_domain_free(domain);
	v->maps.domain = NULL;
}

static struct vdpa_iova_range vhx_spaces_range(struct vhx_vdpa *v)
{
	const struct vdpa_config_ops *ops = v->vdpa->config;
	struct vdpa_iova_range range = { .last = U64_MAX };

	if (ops->get_iova_range)
		return ops->get_iova_range(v->vdpa);
	if (v->maps.domain && v->maps.domain->geometry.force_aperture) {
		range.first = v->maps.domain->geometry.aperture_start;
		range.last = v->maps.domain->geometry.aperture_end;
	}
	return range;
}

/**
 * vhx_spaces_init - a VMM has come
 * @v: device
 *
 * Context: process, sleeps; map_lock.
 * Return: 0; -ENOTSUPP the platform's IOMMU does not keep caches coherent; or its errno.
 */
int vhx_spaces_init(struct vhx_vdpa *v)
{
	int err = 0;

	if (v->maps.by == VHX_VDPA_BY_IOMMU)
		err = vhx_spaces_attach(v);
	if (err)
		return err;
	xa_init(&v->maps.spaces);
	v->maps.range = vhx_spaces_range(v);
	v->maps.batching = false;
	return 0;
}

/**
 * vhx_spaces_exit - it has gone
 * @v: device, that was reset
 *
 * Context: process, sleeps; map_lock.
 */
void vhx_spaces_exit(struct vhx_vdpa *v)
{
	struct vhx_space *space;
	unsigned long asid;

	xa_for_each(&v->maps.spaces, asid, space)
		vhx_space_release(v, space);
	xa_destroy(&v->maps.spaces);
	vhx_spaces_detach(v);
}
