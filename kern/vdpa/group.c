// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of queues, and the address space that each of them has.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "vdpa.h"

static long vhx_group_answer(struct vhx_vdpa *v, u32 group, struct vhost_vring_state __user *argp)
{
	/* A parent that says so is wrong, and nobody is to count on it. */
	if (group >= v->vdpa->ngroups)
		return -EIO;
	return put_user(group, &argp->num);
}

static long vhx_group_of(struct vhx_vdpa *v, u32 index, struct vhost_vring_state __user *argp)
{
	if (!v->vdpa->config->get_vq_group)
		return -EOPNOTSUPP;
	return vhx_group_answer(v, v->vdpa->config->get_vq_group(v->vdpa, index), argp);
}

static long vhx_group_of_desc(struct vhx_vdpa *v, u32 index, struct vhost_vring_state __user *argp)
{
	if (!v->vdpa->config->get_vq_desc_group)
		return -EOPNOTSUPP;
	return vhx_group_answer(v, v->vdpa->config->get_vq_desc_group(v->vdpa, index), argp);
}

static long vhx_group_set_space(struct vhx_vdpa *v, const struct vhost_vring_state *arg)
{
	struct vdpa_device *vdpa = v->vdpa;
	u32 group = arg->index;
	int err;

	if (group >= vdpa->ngroups || arg->num >= vdpa->nas)
		return -EINVAL;
	/* The device may be in the middle of the other one. */
	if (vhx_vdpa_runs(v))
		return -EBUSY;
	if (!vdpa->config->set_group_asid)
		return -EOPNOTSUPP;
	group = array_index_nospec(group, vdpa->ngroups);
	err = vdpa->config->set_group_asid(vdpa, group, arg->num);
	if (!err)
		WRITE_ONCE(v->group_asid[group], arg->num);
	return err;
}

static long vhx_group_get(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	u32 index;

	if (get_user(index, (u32 __user *)argp))
		return -EFAULT;
	if (index >= v->nvqs)
		return -ENOBUFS;
	index = array_index_nospec(index, v->nvqs);
	return cmd == VHOST_VDPA_GET_VRING_GROUP ? vhx_group_of(v, index, argp) :
						   vhx_group_of_desc(v, index, argp);
}

/**
 * vhx_vdpa_group_ioctl - the ioctls of groups
 * @v: device
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: what the ioctl returns; -ENOIOCTLCMD it is none of these.
 */
long vhx_vdpa_group_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	struct vhost_vring_state arg;

	switch (cmd) {
	case VHOST_VDPA_GET_VRING_GROUP:
	case VHOST_VDPA_GET_VRING_DESC_GROUP:
		return vhx_group_get(v, cmd, argp);
	case VHOST_VDPA_SET_GROUP_ASID:
		if (copy_from_user(&arg, argp, sizeof(arg)))
			return -EFAULT;
		return vhx_group_set_space(v, &arg);
	default:
		return -ENOIOCTLCMD;
	}
}
