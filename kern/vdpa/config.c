// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's configuration: read, written, and who hears that it changed.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vdpa.h"

/* Read once: where in the configuration, and how much. Return: 0, -EFAULT, -EINVAL. */
static int vhx_config_where(struct vhx_vdpa *v, const struct vhost_vdpa_config __user *argp,
			    struct vhost_vdpa_config *where)
{
	const size_t size = v->vdpa->config->get_config_size(v->vdpa);

	if (copy_from_user(where, argp, sizeof(*where)))
		return -EFAULT;
	if (!where->len || where->off > size || where->len > size - where->off)
		return -EINVAL;
	return 0;
}

static long vhx_config_get(struct vhx_vdpa *v, struct vhost_vdpa_config __user *argp)
{
	struct vhost_vdpa_config where;
	void *buf;
	long err;

	err = vhx_config_where(v, argp, &where);
	if (err)
		return err;
	/* What a parent does not fill is nobody's secret. */
	buf = kvzalloc(where.len, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	vdpa_get_config(v->vdpa, where.off, buf, where.len);
	err = copy_to_user(argp->buf, buf, where.len) ? -EFAULT : 0;
	kvfree(buf);
	return err;
}

static long vhx_config_set(struct vhx_vdpa *v, const struct vhost_vdpa_config __user *argp)
{
	struct vhost_vdpa_config where;
	void *buf;
	long err;

	err = vhx_config_where(v, argp, &where);
	if (err)
		return err;
	buf = vmemdup_user(argp->buf, where.len);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	vdpa_set_config(v->vdpa, where.off, buf, where.len);
	kvfree(buf);
	return 0;
}

static long vhx_config_set_call(struct vhx_vdpa *v, const int __user *argp)
{
	struct vhx_vcall_fd *fd, *old;
	struct vdpa_callback cb;
	int n;

	if (get_user(n, argp))
		return -EFAULT;
	fd = vhx_vcall_get(n);
	if (IS_ERR(fd))
		return PTR_ERR(fd);
	old = vhx_vcall_swap(&v->config_call, fd);
	vhx_vcall_describe(&v->config_call, vhx_vdpa_runs(v), &cb);
	v->vdpa->config->set_config_cb(v->vdpa, &cb);
	vhx_vcall_put(old);
	return 0;
}

/**
 * vhx_vdpa_config_ioctl - the ioctls of the configuration
 * @v: device
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: what the ioctl returns; -ENOIOCTLCMD it is none of these.
 */
long vhx_vdpa_config_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_VDPA_GET_CONFIG:
		return vhx_config_get(v, argp);
	case VHOST_VDPA_SET_CONFIG:
		return vhx_config_set(v, argp);
	case VHOST_VDPA_SET_CONFIG_CALL:
		return vhx_config_set_call(v, argp);
	case VHOST_VDPA_GET_CONFIG_SIZE:
		return put_user((u32)v->vdpa->config->get_config_size(v->vdpa),
				(u32 __user *)argp);
	default:
		return -ENOIOCTLCMD;
	}
}
