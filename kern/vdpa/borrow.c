// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for a parent that reaches it by user addresses: it has files mapped by itself, so it is
 * given those of shared mappings. Private memory, which no file holds, and devices' memory it cannot
 * have; a VMM maps all that a guest has, and it is left out and counted.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "space.h"
#include "vdpa.h"

static bool vhx_borrow_can(const struct vm_area_struct *vma)
{
	return vma->vm_file && vma->vm_flags & VM_SHARED &&
	       !(vma->vm_flags & (VM_IO | VM_PFNMAP));
}

static struct vdpa_map_file *vhx_borrow_file(const struct vm_area_struct *vma, unsigned long uaddr)
{
	struct vdpa_map_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return NULL;
	file->file = get_file(vma->vm_file);
	file->offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (uaddr - vma->vm_start);
	return file;
}

/**
 * vhx_return - let go of memory of a file
 * @file: it
 *
 * Context: process, sleeps.
 */
void vhx_return(struct vdpa_map_file *file)
{
	fput(file->file);
	kfree(file);
}

/*
 * What of @area stands from @uaddr on in one mapping of the process's. Found under mmap_lock, mapped
 * without: a parent may take long.
 *
 * Return: 0: @run is it, or without a file what cannot be had; -EFAULT nothing is there; -ENOMEM.
 */
static int vhx_borrow_find(const struct vhx_area *area, unsigned long uaddr, struct vhx_run *run)
{
	const u64 end = area->uaddr + area->size;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int err = 0;

	*run = (struct vhx_run) {
		.iova = area->iova + (uaddr - area->uaddr),
		.addr = uaddr,
		.perm = area->perm,
	};
	mmap_read_lock(mm);
	vma = vma_lookup(mm, uaddr);
	if (!vma) {
		err = -EFAULT;
	} else {
		run->size = min_t(u64, end, vma->vm_end) - uaddr;
		if (vhx_borrow_can(vma)) {
			run->file = vhx_borrow_file(vma, uaddr);
			err = run->file ? 0 : -ENOMEM;
		}
	}
	mmap_read_unlock(mm);
	return err;
}

/**
 * vhx_borrow - map memory of files by its user addresses
 * @v: device
 * @area: what, and where; as vhx_map() has checked it
 *
 * Context: process of the owner, sleeps; map_lock, not mmap_lock.
 * Return: 0, or as vhx_map(): then some of it may be mapped still.
 */
int vhx_borrow(struct vhx_vdpa *v, const struct vhx_area *area)
{
	u64 done = 0, skipped = 0;
	struct vhx_run run;
	int err = 0;

	for (; done < area->size && vhx_map_goes_on(v, &err); done += run.size) {
		err = vhx_borrow_find(area, area->uaddr + done, &run);
		if (err) {
			v->maps.fail.why = VHX_VDPA_WHY_MEMORY;
			break;
		}
		vhx_map_progress(v, run.size);
		if (!run.file) {
			skipped += run.size;
			continue;
		}
		err = vhx_space_add(v, area->space, &run);
		if (err) {
			v->maps.fail.why = VHX_VDPA_WHY_PARENT;
			break;
		}
	}
	if (!err)
		vhx_vdpa_count(v, VHX_VDPA_STAT_SKIPPED_BYTES, skipped);
	return err;
}
