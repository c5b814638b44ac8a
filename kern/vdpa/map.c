// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map and unmap: what a message asks for, whole or not at all. Large ones take a while: who works
 * on them looks up now and then, says how far it is, and ends when it is killed or the device goes.
 */
#include <linux/sched/signal.h>

#include "space.h"
#include "trace.h"
#include "vdpa.h"

/**
 * vhx_map_progress - so much more is done
 * @v: device
 * @bytes: of what goes on
 *
 * Context: map_lock.
 */
void vhx_map_progress(struct vhx_vdpa *v, u64 bytes)
{
	WRITE_ONCE(v->maps.done, v->maps.done + bytes);
}

/**
 * vhx_map_goes_on - is somebody still there for whom to go on?
 * @v: device
 * @err: why not: -EINTR the VMM is killed, -ENODEV the device goes
 *
 * Context: process, sleeps; map_lock.
 */
bool vhx_map_goes_on(const struct vhx_vdpa *v, int *err)
{
	cond_resched();
	*err = fatal_signal_pending(current) ? -EINTR : READ_ONCE(v->leaving) ? -ENODEV : 0;
	return !*err;
}

static void vhx_map_begin(struct vhx_vdpa *v, u64 bytes)
{
	WRITE_ONCE(v->maps.done, 0);
	WRITE_ONCE(v->maps.doing, bytes);
}

static void vhx_map_end(struct vhx_vdpa *v)
{
	WRITE_ONCE(v->maps.doing, 0);
}

/* In a batch the parent hears of it when that ends. */
static int vhx_map_tell(struct vhx_vdpa *v, struct vhx_space *space)
{
	return v->maps.batching ? 0 : vhx_space_tell(v, space);
}

static int vhx_map_refuse(struct vhx_vdpa *v, u8 why, int err)
{
	v->maps.fail.why = why;
	return err;
}

static int vhx_map_check(struct vhx_vdpa *v, const struct vhx_area *area)
{
	const struct vdpa_iova_range *range = &v->maps.range;
	const u64 last = area->iova + area->size - 1;

	if (last < area->iova || area->iova < range->first || last > range->last)
		return vhx_map_refuse(v, VHX_VDPA_WHY_RANGE, -EINVAL);
	if (area->uaddr + area->size - 1 < area->uaddr)
		return vhx_map_refuse(v, VHX_VDPA_WHY_MEMORY, -EFAULT);
	if (!area->perm || area->perm & ~VHOST_MAP_RW)
		return -EINVAL;
	if ((area->iova ^ area->uaddr) & ~PAGE_MASK)
		return vhx_map_refuse(v, VHX_VDPA_WHY_ALIGN, -EINVAL);
	/* Pinned pages are whole ones. */
	if (vhost_iotlb_itree_first(&area->space->iotlb,
				    v->vdpa->use_va ? area->iova : area->iova & PAGE_MASK,
				    v->vdpa->use_va ? last : last | ~PAGE_MASK))
		return vhx_map_refuse(v, VHX_VDPA_WHY_OVERLAP, -EEXIST);
	return 0;
}

/**
 * vhx_map - map memory
 * @v: device
 * @area: what, and where; not empty
 *
 * Context: process, sleeps; map_lock.
 * Return: 0; -EINVAL, -EEXIST, -EFAULT, -ENOMEM, -ENOSPC, -EINTR, -ENODEV, or the parent's errno: then
 * nothing of it is mapped, and v->maps.fail.why says more.
 */
int vhx_map(struct vhx_vdpa *v, const struct vhx_area *area)
{
	int err;

	err = vhx_map_check(v, area);
	if (err)
		return err;
	vhx_map_begin(v, area->size);
	err = v->vdpa->use_va ? vhx_borrow(v, area) : vhx_pin(v, area);
	if (!err) {
		err = vhx_map_tell(v, area->space);
		if (err)
			v->maps.fail.why = VHX_VDPA_WHY_PARENT;
	}
	if (err) {
		vhx_space_remove(v, area->space, area->iova, area->iova + area->size - 1);
		vhx_map_tell(v, area->space);
	}
	vhx_map_end(v);
	trace_vhx_vdpa_map(v, area, err);
	if (!err)
		vhx_vdpa_count(v, VHX_VDPA_STAT_MAPS, 1);
	return err;
}

/**
 * vhx_unmap - unmap memory
 * @v: device
 * @area: where; not empty. Nothing there is fine
 *
 * Whatever has a byte there goes as a whole, as with in-tree vhost_vdpa.
 *
 * Context: process, sleeps; map_lock.
 * Return: 0; -EINVAL; or the parent's errno: it may have the memory still, which stays pinned.
 */
int vhx_unmap(struct vhx_vdpa *v, const struct vhx_area *area)
{
	const u64 last = area->iova + area->size - 1;
	int err;

	if (last < area->iova)
		return vhx_map_refuse(v, VHX_VDPA_WHY_RANGE, -EINVAL);
	vhx_map_begin(v, area->size);
	vhx_space_remove(v, area->space, area->iova, last);
	err = vhx_map_tell(v, area->space);
	if (err)
		v->maps.fail.why = VHX_VDPA_WHY_PARENT;
	vhx_map_end(v);
	trace_vhx_vdpa_unmap(v, area, err);
	if (!err)
		vhx_vdpa_count(v, VHX_VDPA_STAT_UNMAPS, 1);
	return err;
}
