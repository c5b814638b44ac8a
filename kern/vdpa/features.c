// SPDX-License-Identifier: GPL-2.0-only
/*
 * Features: the virtio device's, and those of the way to it.
 */
#include <linux/uaccess.h>

#include "vdpa.h"

#define VHX_VDPA_ALWAYS (BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2) | \
			 BIT_ULL(VHOST_BACKEND_F_IOTLB_BATCH) | \
			 BIT_ULL(VHOST_BACKEND_F_IOTLB_ASID))

/* Does what is mapped stay so over a reset? */
static bool vhx_features_persist(const struct vdpa_device *vdpa)
{
	const struct vdpa_config_ops *ops = vdpa->config;

	return (!ops->set_map && !ops->dma_map) || ops->reset_map ||
	       (ops->get_backend_features &&
		ops->get_backend_features(vdpa) & BIT_ULL(VHOST_BACKEND_F_IOTLB_PERSIST));
}

static u64 vhx_features_backend(const struct vdpa_device *vdpa)
{
	const struct vdpa_config_ops *ops = vdpa->config;
	u64 features = VHX_VDPA_ALWAYS;

	if (ops->suspend)
		features |= BIT_ULL(VHOST_BACKEND_F_SUSPEND);
	if (ops->resume)
		features |= BIT_ULL(VHOST_BACKEND_F_RESUME);
	if (ops->get_vq_desc_group)
		features |= BIT_ULL(VHOST_BACKEND_F_DESC_ASID);
	if (vhx_features_persist(vdpa))
		features |= BIT_ULL(VHOST_BACKEND_F_IOTLB_PERSIST);
	/* Of its own a parent has but these; it is not for it to promise what is ours to do. */
	if (ops->get_backend_features)
		features |= ops->get_backend_features(vdpa) &
			    (BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK) |
			     BIT_ULL(VHOST_BACKEND_F_IOTLB_PERSIST));
	return features;
}

static long vhx_features_set_backend(struct vhx_vdpa *v, const u64 __user *argp)
{
	const u64 asids = BIT_ULL(VHOST_BACKEND_F_IOTLB_ASID);
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~vhx_features_backend(v->vdpa))
		return -EOPNOTSUPP;
	if (features & BIT_ULL(VHOST_BACKEND_F_DESC_ASID) && !(features & asids))
		return -EINVAL;
	WRITE_ONCE(v->backend_features, features);
	return 0;
}

static long vhx_features_get_backend(struct vhx_vdpa *v, u64 __user *argp)
{
	const u64 features = vhx_features_backend(v->vdpa);

	return copy_to_user(argp, &features, sizeof(features)) ? -EFAULT : 0;
}

static long vhx_features_get(struct vhx_vdpa *v, u64 __user *argp)
{
	const u64 features = v->vdpa->config->get_device_features(v->vdpa);

	return copy_to_user(argp, &features, sizeof(features)) ? -EFAULT : 0;
}

static long vhx_features_set(struct vhx_vdpa *v, const u64 __user *argp)
{
	u64 features;

	/* The driver has said that these are what it takes. */
	if (v->vdpa->config->get_status(v->vdpa) & VIRTIO_CONFIG_S_FEATURES_OK)
		return -EBUSY;
	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (vdpa_set_features(v->vdpa, features))
		return -EINVAL;
	/* A parent may have its own word in this. */
	WRITE_ONCE(v->features, v->vdpa->config->get_driver_features(v->vdpa));
	return 0;
}

/**
 * vhx_vdpa_features_ioctl - the ioctls of features
 * @v: device
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: what the ioctl returns; -ENOIOCTLCMD it is none of these.
 */
long vhx_vdpa_features_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_GET_FEATURES:
		return vhx_features_get(v, argp);
	case VHOST_SET_FEATURES:
		return vhx_features_set(v, argp);
	case VHOST_GET_BACKEND_FEATURES:
		return vhx_features_get_backend(v, argp);
	case VHOST_SET_BACKEND_FEATURES:
		return vhx_features_set_backend(v, argp);
	default:
		return -ENOIOCTLCMD;
	}
}
