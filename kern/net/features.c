// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio features: what is offered, and what the VMM acknowledged for its guest. errno are in-tree
 * vhost's.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>
#include <linux/virtio_net.h>

#include "nic.h"
#include "pair.h"

/*
 * What in-tree vhost_net offers, RING_PACKED, and IN_ORDER on every kernel. Bit 27 is ANY_LAYOUT to a
 * legacy guest and VHOST_NET_F_VIRTIO_NET_HDR to a VMM.
 */
#define VHX_NET_FEATURES	(BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) | \
				 BIT_ULL(VHOST_F_LOG_ALL) | \
				 BIT_ULL(VIRTIO_F_ANY_LAYOUT) | \
				 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | \
				 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
				 BIT_ULL(VIRTIO_F_VERSION_1) | \
				 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | \
				 BIT_ULL(VIRTIO_F_RING_PACKED) | \
				 BIT_ULL(VIRTIO_F_IN_ORDER) | \
				 BIT_ULL(VIRTIO_F_RING_RESET) | \
				 BIT_ULL(VIRTIO_NET_F_MRG_RXBUF))
#define VHX_NET_BACKEND_FEATURES BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2)

/* From bit 64 on. A tunnel's checksum is between the guest and the tap: no bit of ours, as in-tree. */
#define VHX_NET_TUNNEL	(BIT_ULL(VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64) | \
			 BIT_ULL(VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO - 64))

static const u64 vhx_features_offered[VHX_FEATURE_WORDS] = {
	VHX_NET_FEATURES,
	__is_defined(VHX_HAVE_TUN_TUNNEL) ? VHX_NET_TUNNEL : 0,
};

static u8 vhx_features_hdr_len(const u64 *features)
{
	if (features[1] & VHX_NET_TUNNEL)
		return VHX_HDR_LEN_TUNNEL;
	if (features[0] & (BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) | BIT_ULL(VIRTIO_F_VERSION_1)))
		return VHX_HDR_LEN_MRG;
	return VHX_HDR_LEN;
}

/* May they be acknowledged, and is there the log or the vIOMMU they ask for? Backends stay as they are. */
static long vhx_features_prepare(struct vhx_pair *p, const u64 *features)
{
	bool may = true;
	u32 i;

	for (i = 0; may && i < VHX_NET_VQS; i++) {
		mutex_lock(&p->vq[i].lock);
		may = vhx_vq_may_set_features(&p->vq[i], features);
		mutex_unlock(&p->vq[i].lock);
	}
	if (!may)
		return -EBUSY;
	if (features[0] & BIT_ULL(VHOST_F_LOG_ALL) && !vhx_log_ready(&p->dev))
		return -EFAULT;
	if (features[0] & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
		return vhx_msgs_enable(&p->dev) ? -EFAULT : 0;
	vhx_msgs_disable(&p->dev);
	return 0;
}

static long vhx_features_set(struct vhx_pair *p, const u64 *features)
{
	u8 hdr = vhx_features_hdr_len(features);
	long err;
	u32 i;

	for (i = 0; i < VHX_FEATURE_WORDS; i++)
		if (features[i] & ~vhx_features_offered[i])
			return -EOPNOTSUPP;

	mutex_lock(&p->dev.lock);
	err = vhx_features_prepare(p, features);
	if (err)
		goto out;
	/* Who still logs, or does not, as the old features say has a queue's lock. */
	mutex_lock(&p->vq[VHX_NET_RX].lock);
	mutex_lock_nested(&p->vq[VHX_NET_TX].lock, SINGLE_DEPTH_NESTING);
	for (i = 0; i < VHX_NET_VQS; i++)
		vhx_vq_set_features(p->vqs[i], features);
	p->guest_hdr = hdr;
	p->trust = 0;
	p->sock_hdr = features[0] & BIT_ULL(VHOST_NET_F_VIRTIO_NET_HDR) ? 0 : hdr;
	mutex_unlock(&p->vq[VHX_NET_TX].lock);
	mutex_unlock(&p->vq[VHX_NET_RX].lock);
	vhx_nic_changed(p);
out:
	mutex_unlock(&p->dev.lock);
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

static long vhx_features_get_array(void __user *argp)
{
	const struct vhost_features_array __user *array = argp;
	u64 __user *words = (u64 __user *)array->features;
	u64 n, known;

	if (get_user(n, &array->count))
		return -EFAULT;
	known = min_t(u64, n, VHX_FEATURE_WORDS);
	if (copy_to_user(words, vhx_features_offered, known * sizeof(*words)) ||
	    n > (u64)LONG_MAX / sizeof(*words) ||
	    clear_user(words + known, (n - known) * sizeof(*words)))
		return -EFAULT;
	return 0;
}

static long vhx_features_set_array(struct vhx_pair *p, void __user *argp)
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
	return vhx_features_set(p, features);
}

static long vhx_features_set_backend(struct vhx_pair *p, const void __user *argp)
{
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~VHX_NET_BACKEND_FEATURES)
		return -EOPNOTSUPP;
	WRITE_ONCE(p->dev.msgs.backend_features, features);
	return 0;
}

/**
 * vhx_features_ioctl - the ioctls of features
 * @p: queue pair
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; none of the pair's locks.
 * Return: what the ioctl returns; -ENOIOCTLCMD: it is none of these.
 */
long vhx_features_ioctl(struct vhx_pair *p, unsigned int cmd, void __user *argp)
{
	u64 features[VHX_FEATURE_WORDS] = {};

	switch (cmd) {
	case VHOST_GET_FEATURES:
		return put_user(VHX_NET_FEATURES, (u64 __user *)argp);
	case VHOST_SET_FEATURES:
		/* Those from 64 on are not acknowledged any more. */
		if (copy_from_user(features, argp, sizeof(features[0])))
			return -EFAULT;
		return vhx_features_set(p, features);
	case VHOST_GET_BACKEND_FEATURES:
		return put_user(VHX_NET_BACKEND_FEATURES, (u64 __user *)argp);
	case VHOST_SET_BACKEND_FEATURES:
		return vhx_features_set_backend(p, argp);
	case VHOST_GET_FEATURES_ARRAY:
		return vhx_features_get_array(argp);
	case VHOST_SET_FEATURES_ARRAY:
		return vhx_features_set_array(p, argp);
	default:
		return -ENOIOCTLCMD;
	}
}
