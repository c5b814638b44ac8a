// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio features: what a class offers, and what the VMM acknowledged for its guest. errno are
 * in-tree vhost's.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "dev.h"
#include "log.h"
#include "vq.h"

/**
 * vhx_features_prepare - see to what features ask for
 * @dev: device
 * @features: virtio features, VHX_FEATURE_WORDS of them
 *
 * That is the log, or the vIOMMU. No queue has been given the features yet, and their backends stay
 * as they are.
 *
 * Context: process, sleeps; @dev->lock, no queue's.
 * Return: 0; -EBUSY a queue runs that cannot have them; -EFAULT.
 */
long vhx_features_prepare(struct vhx_dev *dev, const u64 *features)
{
	bool may = true;
	u32 i;

	for (i = 0; may && i < dev->nvqs; i++) {
		mutex_lock(&dev->vq[i]->lock);
		may = vhx_vq_may_set_features(dev->vq[i], features);
		mutex_unlock(&dev->vq[i]->lock);
	}
	if (!may)
		return -EBUSY;
	if (features[0] & BIT_ULL(VHOST_F_LOG_ALL) && !vhx_log_ready(dev))
		return -EFAULT;
	if (features[0] & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
		return vhx_msgs_enable(dev) ? -EFAULT : 0;
	vhx_msgs_disable(dev);
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_features_prepare);

static long vhx_features_set(struct vhx_dev *dev, const u64 *features)
{
	long err;
	u32 i;

	for (i = 0; i < VHX_FEATURE_WORDS; i++)
		if (features[i] & ~dev->class->features[i])
			return -EOPNOTSUPP;

	mutex_lock(&dev->lock);
	err = dev->class->set_features(dev, features);
	mutex_unlock(&dev->lock);
	return err;
}

/* Words beyond those that mean something must be zero. */
static long vhx_features_check_words(const u64 __user *words, u64 n)
{
	int zero;

	/* Nobody has more; and it is not for the caller to say how long this takes. */
	if (n > PAGE_SIZE / sizeof(*words))
		return -EOPNOTSUPP;
	zero = check_zeroed_user(words, n * sizeof(*words));
	if (zero < 0)
		return zero;
	return zero ? 0 : -EOPNOTSUPP;
}

static long vhx_features_get_array(const struct vhx_dev *dev, void __user *argp)
{
	const struct vhost_features_array __user *array = argp;
	u64 __user *words = (u64 __user *)array->features;
	u64 n, known;

	if (get_user(n, &array->count))
		return -EFAULT;
	known = min_t(u64, n, VHX_FEATURE_WORDS);
	if (copy_to_user(words, dev->class->features, known * sizeof(*words)) ||
	    n > (u64)LONG_MAX / sizeof(*words) ||
	    clear_user(words + known, (n - known) * sizeof(*words)))
		return -EFAULT;
	return 0;
}

static long vhx_features_set_array(struct vhx_dev *dev, void __user *argp)
{
	const struct vhost_features_array __user *array = argp;
	const u64 __user *words = (const u64 __user *)array->features;
	u64 features[VHX_FEATURE_WORDS] = {};
	u64 n, known;
	long err;

	if (get_user(n, &array->count))
		return -EFAULT;
	known = min_t(u64, n, VHX_FEATURE_WORDS);
	if (copy_from_user(features, words, known * sizeof(*words)))
		return -EFAULT;
	err = n > known ? vhx_features_check_words(words + known, n - known) : 0;
	if (err)
		return err;
	return vhx_features_set(dev, features);
}

static long vhx_features_set_backend(struct vhx_dev *dev, const void __user *argp)
{
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~dev->class->backend_features)
		return -EOPNOTSUPP;
	WRITE_ONCE(dev->msgs.backend_features, features);
	return 0;
}

/**
 * vhx_features_ioctl - the ioctls of features
 * @dev: device
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; none of the device's locks.
 * Return: what the ioctl returns; -ENOIOCTLCMD: it is none of these.
 */
long vhx_features_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	u64 features[VHX_FEATURE_WORDS] = {};

	switch (cmd) {
	case VHOST_GET_FEATURES:
		return put_user(dev->class->features[0], (u64 __user *)argp);
	case VHOST_SET_FEATURES:
		/* Those from 64 on are not acknowledged any more. */
		if (copy_from_user(features, argp, sizeof(features[0])))
			return -EFAULT;
		return vhx_features_set(dev, features);
	case VHOST_GET_BACKEND_FEATURES:
		return put_user(dev->class->backend_features, (u64 __user *)argp);
	case VHOST_SET_BACKEND_FEATURES:
		return vhx_features_set_backend(dev, argp);
	case VHOST_GET_FEATURES_ARRAY:
		return vhx_features_get_array(dev, argp);
	case VHOST_SET_FEATURES_ARRAY:
		return vhx_features_set_array(dev, argp);
	default:
		return -ENOIOCTLCMD;
	}
}
EXPORT_SYMBOL_GPL(vhx_features_ioctl);
