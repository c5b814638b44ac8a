// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device: how it comes and goes, its status, how it is stopped and goes on.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>

#include "trace.h"
#include "vnet.h"

/* Taken under rtnl, as no other class's is: see dev.h. */
static struct lock_class_key vhx_vnet_lock_key;

/* A ring was illegal: the driver is told to begin anew. Context: the queue's handler. */
static void vhx_vnet_broken(struct vhx_vq *vq)
{
	struct vhx_vnet *vn = vhx_vnet_queue_of(vq)->vn;

	WRITE_ONCE(vn->broken, true);
	vhx_vnet_tell_broken(vn, vq);
	vhx_vnet_config_irq(vn);
}

static const struct vhx_class vhx_vnet_class = {
	.name = "vdpa",
	.scratch_size = sizeof(struct vhx_vnet_scratch),
	.broken = vhx_vnet_broken,
};

static int vhx_vnet_make_queues(struct vhx_vnet *vn)
{
	const u32 n = vhx_vnet_nvqs(vn);
	u32 i;
	int err;

	vn->queue = kvcalloc(n, sizeof(*vn->queue), GFP_KERNEL_ACCOUNT);
	vn->vqs = kcalloc(n, sizeof(*vn->vqs), GFP_KERNEL_ACCOUNT);
	vn->seat = kcalloc(vn->pairs, sizeof(*vn->seat), GFP_KERNEL_ACCOUNT);
	if (!vn->queue || !vn->vqs || !vn->seat)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (vhx_vnet_is_rx(vn, i))
			err = ptr_ring_init(&vn->queue[i].ring, VHX_VNET_BACKLOG,
					    GFP_KERNEL_ACCOUNT);
		else
			err = 0;
		if (err)
			return err;
	}
	for (i = 0; i < n; i++)
		vhx_vnet_queue_init(vn, i);
	vhx_vnet_seats_init(vn);
	vhx_dev_init(&vn->dev, &vhx_vnet_class, vn->vqs, n);
	lockdep_set_class(&vn->dev.lock, &vhx_vnet_lock_key);

	mutex_lock(&vn->dev.lock);
	err = vhx_dev_own(&vn->dev, dev_name(&vn->vdpa.dev), 2);
	mutex_unlock(&vn->dev.lock);
	return err;
}

static int vhx_vnet_set_up(struct vhx_vnet *vn, const char *name,
			   const struct vdpa_dev_set_config *cfg)
{
	struct device *dev = &vn->vdpa.dev;
	int err;

	spin_lock_init(&vn->cb_lock);
	err = vhx_vnet_config_init(vn, cfg);
	if (err)
		return err;
	dev->dma_mask = &dev->coherent_dma_mask;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	vhx_vdpa_set_dma_dev(&vn->vdpa, dev);

	err = vhx_vnet_make_queues(vn);
	if (err)
		return err;
	err = vhx_vnet_filter_reset(vn);
	if (err)
		return err;
	vn->curr = 1;
	vn->netdev = vhx_vnet_peer_create(vn, name);
	if (!IS_ERR(vn->netdev))
		return 0;
	err = PTR_ERR(vn->netdev);
	vn->netdev = NULL;
	return err;
}

/**
 * vhx_vnet_create - make a device
 * @parent: its parent
 * @name: its name, and its peer's
 * @cfg: what it is to be like
 *
 * Nothing is registered yet. Undone by put_device().
 *
 * Context: process, sleeps.
 * Return: the device; -EINVAL when there can be none such; -ENOMEM.
 */
struct vhx_vnet *vhx_vnet_create(struct device *parent, const char *name,
				 const struct vdpa_dev_set_config *cfg)
{
	struct vhx_vnet *vn;
	int err;

	if (!dev_valid_name(name))
		return ERR_PTR(-EINVAL);
	vn = vdpa_alloc_device(struct vhx_vnet, vdpa, parent, &vhx_vnet_ops, NULL,
			       VHX_VNET_GROUPS, VHX_VNET_AS, name, false);
	if (IS_ERR(vn))
		return vn;
	err = vhx_vnet_set_up(vn, name, cfg);
	if (!err)
		return vn;
	put_device(&vn->vdpa.dev);
	return ERR_PTR(err);
}

/* The last reference. It may not have got far. */
void vhx_vnet_free(struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u32 i;

	if (vn->dev.class)
		vhx_dev_release(&vn->dev);
	if (vn->netdev)
		free_netdev(vn->netdev);
	for (i = 0; vn->queue && i < vhx_vnet_nvqs(vn); i++) {
		page_frag_cache_drain(&vn->queue[i].frag);
		if (vn->queue[i].ring.queue)
			ptr_ring_cleanup(&vn->queue[i].ring, NULL);
	}
	for (i = 0; i < VHX_VNET_AS; i++)
		kvfree(vn->mem[i]);
	vhx_vnet_spread_reset(vn);
	vhx_vnet_filter_free(vn);
	kvfree(vn->queue);
	kfree(vn->vqs);
	kfree(vn->seat);
}

/* Run what is ready. Context: vhx_dev.lock. */
static void vhx_vnet_start(struct vhx_vnet *vn)
{
	u32 i;

	for (i = 0; i < vhx_vnet_nvqs(vn); i++)
		if (vn->queue[i].ready && vhx_vnet_queue_start(&vn->queue[i]))
			WRITE_ONCE(vn->broken, true);
	vhx_vnet_live_changed(vn);
	vhx_vnet_peer_carrier(vn, true);
}

static void vhx_vnet_stop(struct vhx_vnet *vn)
{
	u32 i;

	for (i = 0; i < vhx_vnet_nvqs(vn); i++)
		vhx_vnet_queue_stop(&vn->queue[i]);
}

/* Context: vhx_dev.lock. */
static void vhx_vnet_do_reset(struct vhx_vnet *vn)
{
	struct vdpa_callback nobody = {};
	const u8 old = vn->status;
	u32 i;

	vhx_vnet_peer_carrier(vn, false);
	vhx_vnet_stop(vn);
	vn->status = 0;
	vn->suspended = false;
	WRITE_ONCE(vn->broken, false);
	vhx_vnet_forget_features(vn);
	for (i = 0; i < vhx_vnet_nvqs(vn); i++)
		vhx_vnet_queue_reset(&vn->queue[i]);
	for (i = 0; i < VHX_VNET_GROUPS; i++)
		vn->asid[i] = 0;
	WRITE_ONCE(vn->curr, 1);
	vhx_vnet_live_changed(vn);
	vhx_vnet_spread_reset(vn);
	/* The last that a driver does is a reset: what it gave goes with it. */
	vhx_vnet_set_config_cb(&vn->vdpa, &nobody);
	trace_vhx_vnet_status(vn, old);
}

/**
 * vhx_vnet_reset - have a device be as it was made, memory and all
 * @vn: device
 *
 * Context: process, sleeps.
 */
void vhx_vnet_reset(struct vhx_vnet *vn)
{
	mutex_lock(&vn->dev.lock);
	vhx_vnet_do_reset(vn);
	vhx_vnet_map_clear(vn);
	mutex_unlock(&vn->dev.lock);
}

/* For want of memory for a new one the filter stays as it is: the driver sets it anyway. */
int vhx_vnet_compat_reset(struct vdpa_device *vdpa, u32 flags)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	int err;

	mutex_lock(&vn->dev.lock);
	vhx_vnet_do_reset(vn);
	err = vhx_vnet_filter_reset(vn);
	if (flags & VDPA_RESET_F_CLEAN_MAP)
		vhx_vnet_map_clear(vn);
	mutex_unlock(&vn->dev.lock);
	return err;
}

int vhx_vnet_op_reset(struct vdpa_device *vdpa)
{
	return vhx_vnet_compat_reset(vdpa, 0);
}

u8 vhx_vnet_get_status(struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u8 status;

	mutex_lock(&vn->dev.lock);
	status = vn->status;
	if (status & VIRTIO_CONFIG_S_DRIVER_OK && READ_ONCE(vn->broken))
		status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	mutex_unlock(&vn->dev.lock);
	return status;
}

/* What a driver may not say yet does not stand in the status afterwards: that is how it learns. */
void vhx_vnet_set_status(struct vdpa_device *vdpa, u8 status)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u8 old;

	mutex_lock(&vn->dev.lock);
	old = vn->status;
	status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	if (!vn->features_set)
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK))
		status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	vn->status = old | status;
	if (status & ~old & VIRTIO_CONFIG_S_DRIVER_OK && !vn->suspended)
		vhx_vnet_start(vn);
	trace_vhx_vnet_status(vn, old);
	mutex_unlock(&vn->dev.lock);
}

/*
 * All queues stand still when this returns, with nothing taken off their rings: their state is exact.
 * What the peer sends waits, as far as there is room.
 */
int vhx_vnet_suspend(struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);

	mutex_lock(&vn->dev.lock);
	vhx_vnet_stop(vn);
	vn->suspended = true;
	trace_vhx_vnet_suspend(vn);
	mutex_unlock(&vn->dev.lock);
	return 0;
}

int vhx_vnet_resume(struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);

	mutex_lock(&vn->dev.lock);
	if (vn->suspended) {
		vn->suspended = false;
		trace_vhx_vnet_suspend(vn);
		if (vhx_vnet_runs(vn))
			vhx_vnet_start(vn);
	}
	mutex_unlock(&vn->dev.lock);
	return 0;
}
