// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio features of a queue pair: what is offered, and what of it is more than the core's affair.
 */
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

/* From bit 64 on. A tunnel's checksum is between the guest and the tap: no bit of ours, as in-tree. */
#define VHX_NET_TUNNEL	(BIT_ULL(VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64) | \
			 BIT_ULL(VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO - 64))

const u64 vhx_net_features[VHX_FEATURE_WORDS] = {
	VHX_NET_FEATURES,
	__is_defined(VHX_HAVE_TUN_TUNNEL) ? VHX_NET_TUNNEL : 0,
};

static u8 vhx_net_hdr_len(const u64 *features)
{
	if (features[1] & VHX_NET_TUNNEL)
		return VHX_HDR_LEN_TUNNEL;
	if (features[0] & (BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) | BIT_ULL(VIRTIO_F_VERSION_1)))
		return VHX_HDR_LEN_MRG;
	return VHX_HDR_LEN;
}

/**
 * vhx_net_set_features - acknowledge features
 * @dev: a queue pair's
 * @features: they, all offered
 *
 * Context: process, sleeps; @dev->lock.
 * Return: 0, or as vhx_features_prepare().
 */
long vhx_net_set_features(struct vhx_dev *dev, const u64 *features)
{
	struct vhx_pair *p = container_of(dev, struct vhx_pair, dev);
	const u8 hdr = vhx_net_hdr_len(features);
	long err;
	u32 i;

	err = vhx_features_prepare(dev, features);
	if (err)
		return err;
	/* Who still logs, or does not, as the old features say has a queue's lock. */
	mutex_lock(&p->vq[VHX_NET_RX].lock);
	mutex_lock_nested(&p->vq[VHX_NET_TX].lock, SINGLE_DEPTH_NESTING);
	for (i = 0; i < VHX_NET_VQS; i++)
		vhx_vq_set_features(p->seat.vq[i], features);
	p->guest_hdr = hdr;
	p->trust = 0;
	p->sock_hdr = features[0] & BIT_ULL(VHOST_NET_F_VIRTIO_NET_HDR) ? 0 : hdr;
	mutex_unlock(&p->vq[VHX_NET_TX].lock);
	mutex_unlock(&p->vq[VHX_NET_RX].lock);
	vhx_nic_changed(&p->seat);
	return 0;
}
