// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue's doorbell, a page of the device's that the guest may write to: page N of the fd is queue
 * N's. It is taken away again when the device is.
 */
#include <linux/mm.h>
#include <linux/nospec.h>

#include "vdpa.h"

static bool vhx_doorbell_find(struct vhx_vdpa *v, unsigned long index,
			      struct vdpa_notification_area *area)
{
	struct vdpa_device *vdpa = v->vdpa;

	if (index >= v->nvqs)
		return false;
	*area = vdpa->config->get_vq_notification(vdpa, array_index_nospec(index, v->nvqs));
	return true;
}

static vm_fault_t vhx_doorbell_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vhx_vdpa *v = vma->vm_file->private_data;
	struct vdpa_notification_area area;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	mutex_lock(&v->doors_lock);
	if (!v->gone && vhx_doorbell_find(v, vma->vm_pgoff, &area)) {
		ret = vmf_insert_pfn(vma, vmf->address & PAGE_MASK, PFN_DOWN(area.addr));
		WRITE_ONCE(v->vq[vma->vm_pgoff].doorbell, true);
	}
	mutex_unlock(&v->doors_lock);
	return ret;
}

static const struct vm_operations_struct vhx_doorbell_ops = {
	.fault = vhx_doorbell_fault,
};

/* Context: doors_lock. */
static int vhx_doorbell_check(struct vhx_vdpa *v, const struct vm_area_struct *vma)
{
	struct vdpa_notification_area area;

	if (v->gone)
		return -ENODEV;
	if (!v->vdpa->config->get_vq_notification)
		return -EOPNOTSUPP;
	if (!vhx_doorbell_find(v, vma->vm_pgoff, &area))
		return -EINVAL;
	/* Whatever else is in its page would be the guest's, too. */
	if (area.addr & ~PAGE_MASK || area.size != PAGE_SIZE)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * vhx_doorbell_mmap - mmap of the fd
 * @v: device
 * @vma: one page, shared, for writing alone
 *
 * Context: process, sleeps; mmap_lock.
 * Return: 0; -EINVAL not such an area, or no such queue; -EOPNOTSUPP the device has no doorbells that
 * can be given away; -ENODEV.
 */
int vhx_doorbell_mmap(struct vhx_vdpa *v, struct vm_area_struct *vma)
{
	int err;

	if (vma->vm_end - vma->vm_start != PAGE_SIZE || !(vma->vm_flags & VM_SHARED) ||
	    vma->vm_flags & VM_READ)
		return -EINVAL;
	mutex_lock(&v->doors_lock);
	err = vhx_doorbell_check(v, vma);
	mutex_unlock(&v->doors_lock);
	if (err)
		return err;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &vhx_doorbell_ops;
	return 0;
}

/**
 * vhx_doorbell_revoke - nobody has a doorbell any more
 * @v: device that is gone, or closed; nobody gets one until it is opened again
 *
 * Context: process, sleeps; no lock that mmap_lock is taken under.
 */
void vhx_doorbell_revoke(struct vhx_vdpa *v)
{
	u32 i;

	if (v->mapping)
		unmap_mapping_range(v->mapping, 0, (loff_t)v->nvqs << PAGE_SHIFT, 1);
	for (i = 0; i < v->nvqs; i++)
		WRITE_ONCE(v->vq[i].doorbell, false);
}
