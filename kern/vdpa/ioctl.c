// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls: each noun has its own, in the files that follow here; those that only tell a number
 * are told here.
 */
#include <linux/uaccess.h>

#include "vdpa.h"

static long vhx_ioctl_get_vring_num(struct vhx_vdpa *v, u16 __user *argp)
{
	return put_user(v->vdpa->config->get_vq_num_max(v->vdpa), argp);
}

static long vhx_ioctl_get_range(struct vhx_vdpa *v, void __user *argp)
{
	const struct vhost_vdpa_iova_range range = {
		.first = v->maps.range.first,
		.last = v->maps.range.last,
	};

	return copy_to_user(argp, &range, sizeof(range)) ? -EFAULT : 0;
}

static long vhx_ioctl_number(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	struct vdpa_device *vdpa = v->vdpa;

	switch (cmd) {
	case VHOST_VDPA_GET_DEVICE_ID:
		return put_user(vdpa->config->get_device_id(vdpa), (u32 __user *)argp);
	case VHOST_VDPA_GET_VRING_NUM:
		return vhx_ioctl_get_vring_num(v, argp);
	case VHOST_VDPA_GET_IOVA_RANGE:
		return vhx_ioctl_get_range(v, argp);
	case VHOST_VDPA_GET_VQS_COUNT:
		return put_user(v->nvqs, (u32 __user *)argp);
	case VHOST_VDPA_GET_GROUP_NUM:
		return put_user(vdpa->ngroups, (u32 __user *)argp);
	case VHOST_VDPA_GET_AS_NUM:
		return put_user(vdpa->nas, (u32 __user *)argp);
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * vhx_vdpa_ioctl - an ioctl of the fd
 * @v: device
 * @cmd: the ioctl
 * @argp: its argument
 *
 * That of <linux/vhost.h> for vDPA, with in-tree vhost_vdpa's errno. There is no log of dirty pages:
 * VHOST_SET_LOG_BASE and VHOST_SET_LOG_FD are -ENOTTY, and so is VHOST_SET_MEM_TABLE, which would
 * mean nothing: memory is what messages map.
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: what the ioctl returns; -ENODEV the device is gone; -ENOIOCTLCMD.
 */
long vhx_vdpa_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	static long (*const nouns[])(struct vhx_vdpa *v, unsigned int cmd, void __user *argp) = {
		vhx_vdpa_status_ioctl,
		vhx_vdpa_config_ioctl,
		vhx_vdpa_features_ioctl,
		vhx_vdpa_group_ioctl,
		vhx_vdpa_vring_ioctl,
		vhx_ioctl_number,
	};
	long ret = -ENOIOCTLCMD;
	u32 i;

	if (v->gone)
		return -ENODEV;
	if (cmd == VHOST_SET_OWNER)
		return vhx_vdpa_set_owner(v);
	for (i = 0; i < ARRAY_SIZE(nouns) && ret == -ENOIOCTLCMD; i++)
		ret = nouns[i](v, cmd, argp);
	return ret;
}
