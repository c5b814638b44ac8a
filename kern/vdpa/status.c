// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio device's status: it is only added to, or reset. And what stops it for a while.
 */
#include <linux/uaccess.h>

#include "trace.h"
#include "vdpa.h"

static long vhx_status_get(struct vhx_vdpa *v, u8 __user *argp)
{
	return put_user(v->vdpa->config->get_status(v->vdpa), argp);
}

/**
 * vhx_vdpa_runs - does the device run, suspended or not?
 * @v: device
 *
 * Context: process; vhx_vdpa.lock.
 */
bool vhx_vdpa_runs(const struct vhx_vdpa *v)
{
	return v->vdpa->config->get_status(v->vdpa) & VIRTIO_CONFIG_S_DRIVER_OK;
}

/**
 * vhx_vdpa_reset - reset the device
 * @v: device
 *
 * A VMM that has not taken IOTLB_PERSIST is from when a reset took the mappings with it: a parent
 * that did so then does it now.
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: 0, or the parent's errno.
 */
int vhx_vdpa_reset(struct vhx_vdpa *v)
{
	const bool keep = vhx_vdpa_has(v, VHOST_BACKEND_F_IOTLB_PERSIST);
	u32 i;
	int err;

	for (i = 0; i < v->nvqs; i++) {
		vhx_irq_withdraw(&v->vq[i]);
		WRITE_ONCE(v->vq[i].enabled, false);
	}
	err = vdpa_reset(v->vdpa, keep ? 0 : VDPA_RESET_F_CLEAN_MAP);
	WRITE_ONCE(v->status, v->vdpa->config->get_status(v->vdpa));
	WRITE_ONCE(v->suspended, false);
	trace_vhx_vdpa_status(v, 0, err);
	return err;
}

/* Context: vhx_vdpa.lock. */
static void vhx_status_add(struct vhx_vdpa *v, u8 old, u8 status)
{
	u32 i;

	vdpa_set_status(v->vdpa, status);
	WRITE_ONCE(v->status, v->vdpa->config->get_status(v->vdpa));
	trace_vhx_vdpa_status(v, status, 0);
	if (!(status & ~old & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	for (i = 0; i < v->nvqs; i++)
		vhx_irq_offer(&v->vq[i]);
}

static long vhx_status_set(struct vhx_vdpa *v, const u8 __user *argp)
{
	u8 status, old;

	if (get_user(status, argp))
		return -EFAULT;
	if (!status) {
		vhx_vdpa_count(v, VHX_VDPA_STAT_RESETS, 1);
		return vhx_vdpa_reset(v);
	}
	old = v->vdpa->config->get_status(v->vdpa);
	if (old & ~status)
		return -EINVAL;
	vhx_status_add(v, old, status);
	return 0;
}

static long vhx_status_suspend(struct vhx_vdpa *v)
{
	int err;

	if (!v->vdpa->config->suspend)
		return -EOPNOTSUPP;
	/* Of one that does not run there is nothing to be stopped. */
	if (!vhx_vdpa_runs(v))
		return 0;
	err = v->vdpa->config->suspend(v->vdpa);
	trace_vhx_vdpa_suspend(v, true, err);
	if (err)
		return err;
	vhx_vdpa_count(v, VHX_VDPA_STAT_SUSPENDS, 1);
	WRITE_ONCE(v->suspended, true);
	return 0;
}

static long vhx_status_resume(struct vhx_vdpa *v)
{
	int err;

	if (!v->vdpa->config->resume)
		return -EOPNOTSUPP;
	if (!vhx_vdpa_runs(v))
		return 0;
	err = v->vdpa->config->resume(v->vdpa);
	trace_vhx_vdpa_suspend(v, false, err);
	if (!err)
		WRITE_ONCE(v->suspended, false);
	return err;
}

/**
 * vhx_vdpa_status_ioctl - the ioctls of the status
 * @v: device
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: what the ioctl returns; -ENOIOCTLCMD it is none of these.
 */
long vhx_vdpa_status_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_VDPA_GET_STATUS:
		return vhx_status_get(v, argp);
	case VHOST_VDPA_SET_STATUS:
		return vhx_status_set(v, argp);
	case VHOST_VDPA_SUSPEND:
		return vhx_status_suspend(v);
	case VHOST_VDPA_RESUME:
		return vhx_status_resume(v);
	default:
		return -ENOIOCTLCMD;
	}
}
