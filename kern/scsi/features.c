// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio features of a host: what is offered, and when it may change.
 */
#include <linux/virtio_scsi.h>

#include "host.h"

/*
 * What in-tree vhost_scsi offers but T10_PI, and CHANGE, RING_PACKED, IN_ORDER and ACCESS_PLATFORM.
 */
const u64 vhx_scsi_features[VHX_FEATURE_WORDS] = {
	BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) |
	BIT_ULL(VHOST_F_LOG_ALL) |
	BIT_ULL(VIRTIO_F_ANY_LAYOUT) |
	BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |
	BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |
	BIT_ULL(VIRTIO_F_VERSION_1) |
	BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
	BIT_ULL(VIRTIO_F_RING_PACKED) |
	BIT_ULL(VIRTIO_F_IN_ORDER) |
	BIT_ULL(VIRTIO_SCSI_F_HOTPLUG) |
	BIT_ULL(VIRTIO_SCSI_F_CHANGE),
};

/* A guest that runs keeps what it has, but for the log. Context: @h->dev.lock. */
static bool vhx_scsi_may_change(const struct vhx_scsi_host *h, const u64 *features)
{
	const u64 *now = h->vqs[0]->features;

	return !h->ep || (!((features[0] ^ now[0]) & ~BIT_ULL(VHOST_F_LOG_ALL)) &&
			  features[1] == now[1]);
}

/**
 * vhx_scsi_set_features - acknowledge features
 * @dev: a host's
 * @features: they, all offered
 *
 * Context: process, sleeps; @dev->lock.
 * Return: 0; -EBUSY it is bound to an endpoint; or as vhx_features_prepare().
 */
long vhx_scsi_set_features(struct vhx_dev *dev, const u64 *features)
{
	struct vhx_scsi_host *h = container_of(dev, struct vhx_scsi_host, dev);
	long err;
	u32 i;

	if (!vhx_scsi_may_change(h, features))
		return -EBUSY;
	err = vhx_features_prepare(dev, features);
	if (err)
		return err;
	/* One after the other: what a queue writes it logs under its own lock. */
	for (i = 0; i < h->nvqs; i++) {
		mutex_lock(&h->vqs[i]->lock);
		vhx_vq_set_features(h->vqs[i], features);
		mutex_unlock(&h->vqs[i]->lock);
	}
	return 0;
}
