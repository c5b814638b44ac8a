// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's memory: by address space a table from I/O virtual to kernel addresses. vhost-vdpa has
 * pinned what it maps, and lets go of it as soon as it has taken the mapping back: so does this, when
 * no queue looks at a table any more.
 *
 * Where nothing was ever mapped there is nothing, with one exception: virtio_vdpa, a driver of this
 * kernel's, maps nothing and gives addresses as this machine's own DMA has them. It is known by its
 * name. vhost-vdpa does not get that, since its user could give any address of this machine.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vhost_iotlb.h>

#include "trace.h"
#include "vnet.h"

/* All of this machine's memory, where the kernel has it. */
static struct vhx_memtbl *vhx_vnet_identity;

int vhx_vnet_map_init(void)
{
	struct vhx_memtbl *mt = kzalloc(struct_size(mt, region, 1), GFP_KERNEL);

	if (!mt)
		return -ENOMEM;
	mt->n = 1;
	mt->region[0].last = ~0ULL;
	/* The kernel's mapping is one run: any address in it tells where it begins. */
	mt->region[0].uaddr = (unsigned long)mt - virt_to_phys(mt);
	mt->region[0].perm = VHX_PERM_RW;
	vhx_vnet_identity = mt;
	return 0;
}

void vhx_vnet_map_exit(void)
{
	kfree(vhx_vnet_identity);
}

/* Does a driver run the device whose addresses are this machine's? */
static bool vhx_vnet_is_local(const struct vhx_vnet *vn)
{
	const struct device_driver *drv = READ_ONCE(vn->vdpa.dev.driver);

	return drv && !strcmp(drv->name, "virtio_vdpa");
}

/**
 * vhx_vnet_mem - the memory of a group of queues
 * @vn: device
 * @group: VHX_VNET_GROUP_*
 *
 * Context: vhx_dev.lock.
 * Return: the table, or NULL: there is none.
 */
const struct vhx_memtbl *vhx_vnet_mem(const struct vhx_vnet *vn, u32 group)
{
	const struct vhx_memtbl *mt = vn->mem[vn->asid[group]];

	lockdep_assert_held(&vn->dev.lock);
	if (!mt && vhx_vnet_is_local(vn))
		return vhx_vnet_identity;
	return mt;
}

/* Have all queues use what is theirs now. Context: vhx_dev.lock. */
static void vhx_vnet_map_changed(struct vhx_vnet *vn)
{
	u32 i;

	for (i = 0; i < vhx_vnet_nvqs(vn); i++) {
		struct vhx_vq *vq = vn->vqs[i];

		mutex_lock(&vq->lock);
		vhx_vq_set_phys(vq, vhx_vnet_mem(vn, vhx_vnet_queue_group(vn, i)));
		mutex_unlock(&vq->lock);
	}
}

/* @mt: becomes the device's */
static void vhx_vnet_map_replace(struct vhx_vnet *vn, u32 asid, struct vhx_memtbl *mt)
{
	struct vhx_memtbl *old = vn->mem[asid];

	vn->mem[asid] = mt;
	if (mt || old)
		trace_vhx_vnet_map(vn, asid, mt ? mt->n : 0);
	vhx_vnet_map_changed(vn);
	kvfree(old);
}

/**
 * vhx_vnet_map_clear - forget all mappings
 * @vn: device
 *
 * Context: process, sleeps; vhx_dev.lock.
 */
void vhx_vnet_map_clear(struct vhx_vnet *vn)
{
	u32 i;

	for (i = 0; i < VHX_VNET_AS; i++)
		vhx_vnet_map_replace(vn, i, NULL);
}

/* Append a mapping, to the last region if it goes on where that ends: memory is pinned by the page. */
static int vhx_vnet_map_add(struct vhx_memtbl *mt, const struct vhost_iotlb_map *map)
{
	struct vhx_region *prev = mt->n ? &mt->region[mt->n - 1] : NULL;
	const u64 uaddr = (unsigned long)phys_to_virt(map->addr);
	u64 end;

	if (map->last < map->start ||
	    check_add_overflow(map->addr, map->last - map->start, &end) ||
	    !pfn_valid(PHYS_PFN(map->addr)) || !pfn_valid(PHYS_PFN(end)))
		return -EINVAL;
	if (prev && prev->last + 1 == map->start && prev->perm == map->perm &&
	    prev->uaddr + (prev->last - prev->gpa) + 1 == uaddr) {
		prev->last = map->last;
		return 0;
	}
	if (vhx_memtbl_add(mt, map->start, map->last - map->start + 1, uaddr))
		return -EINVAL;
	mt->region[mt->n - 1].perm = map->perm & VHX_PERM_RW;
	return 0;
}

/* All of @iotlb, in order. Return: the table, or an error. */
static struct vhx_memtbl *vhx_vnet_map_build(struct vhost_iotlb *iotlb)
{
	struct vhost_iotlb_map *map;
	struct vhx_memtbl *mt, *fit;
	int err = 0;

	mt = kvzalloc(struct_size(mt, region, iotlb->nmaps), GFP_KERNEL_ACCOUNT);
	if (!mt)
		return ERR_PTR(-ENOMEM);
	for (map = vhost_iotlb_itree_first(iotlb, 0, U64_MAX); map && !err;
	     map = vhost_iotlb_itree_next(map, 0, U64_MAX)) {
		err = vhx_vnet_map_add(mt, map);
		cond_resched();
	}
	err = err ?: vhx_memtbl_seal(mt);
	if (err) {
		kvfree(mt);
		return ERR_PTR(err);
	}
	/* Most of them may have become one: keep what is used. */
	fit = kvmalloc(struct_size(fit, region, mt->n), GFP_KERNEL_ACCOUNT);
	if (!fit)
		return mt;
	memcpy(fit, mt, struct_size(fit, region, mt->n));
	kvfree(mt);
	return fit;
}

/*
 * All of an address space anew, as vhost-vdpa has it at the end of a batch. The former mapping is in
 * nobody's use when this returns.
 */
int vhx_vnet_set_map(struct vdpa_device *vdpa, unsigned int asid, struct vhost_iotlb *iotlb)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_memtbl *mt;

	if (asid >= VHX_VNET_AS)
		return -EINVAL;
	mt = vhx_vnet_map_build(iotlb);
	if (IS_ERR(mt))
		return PTR_ERR(mt);
	mutex_lock(&vn->dev.lock);
	vhx_vnet_map_replace(vn, asid, mt);
	mutex_unlock(&vn->dev.lock);
	return 0;
}

int vhx_vnet_reset_map(struct vdpa_device *vdpa, unsigned int asid)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);

	if (asid >= VHX_VNET_AS)
		return -EINVAL;
	mutex_lock(&vn->dev.lock);
	vhx_vnet_map_replace(vn, asid, NULL);
	mutex_unlock(&vn->dev.lock);
	return 0;
}

int vhx_vnet_set_group_asid(struct vdpa_device *vdpa, unsigned int group, unsigned int asid)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	int err = 0;

	if (group >= VHX_VNET_GROUPS || asid >= VHX_VNET_AS)
		return -EINVAL;
	mutex_lock(&vn->dev.lock);
	if (vn->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		err = -EBUSY;
	} else {
		vn->asid[group] = asid;
		vhx_vnet_map_changed(vn);
	}
	mutex_unlock(&vn->dev.lock);
	return err;
}
