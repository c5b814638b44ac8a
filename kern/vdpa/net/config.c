// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device is like: features, configuration, and who hears when that changes.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/virtio_config.h>
#include <uapi/linux/vdpa.h>

#include "vnet.h"

/* Without these a driver would give addresses that nobody has mapped, in an order that is not ours. */
#define VHX_VNET_REQUIRED	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))

/* What rests on the control queue. */
#define VHX_VNET_CTRL		(BIT_ULL(VIRTIO_NET_F_CTRL_RX) | \
				 BIT_ULL(VIRTIO_NET_F_CTRL_RX_EXTRA) | \
				 BIT_ULL(VIRTIO_NET_F_CTRL_VLAN) | \
				 BIT_ULL(VIRTIO_NET_F_CTRL_MAC_ADDR) | \
				 BIT_ULL(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | \
				 BIT_ULL(VIRTIO_NET_F_MQ) | \
				 BIT_ULL(VIRTIO_NET_F_RSS) | \
				 BIT_ULL(VIRTIO_NET_F_HASH_REPORT))

/* What the guest takes: also the bits of CTRL_GUEST_OFFLOADS. */
#define VHX_VNET_GUEST		(BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) | \
				 BIT_ULL(VIRTIO_NET_F_GUEST_TSO4) | \
				 BIT_ULL(VIRTIO_NET_F_GUEST_TSO6) | \
				 BIT_ULL(VIRTIO_NET_F_GUEST_ECN) | \
				 BIT_ULL(VIRTIO_NET_F_GUEST_USO4) | \
				 BIT_ULL(VIRTIO_NET_F_GUEST_USO6))

/* All that there is to offer. */
const u64 vhx_vnet_features = VHX_VNET_REQUIRED | VHX_VNET_CTRL | VHX_VNET_GUEST |
	BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |
	BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |
	BIT_ULL(VIRTIO_F_RING_PACKED) |
	BIT_ULL(VIRTIO_F_IN_ORDER) |
	BIT_ULL(VIRTIO_NET_F_CSUM) |
	BIT_ULL(VIRTIO_NET_F_HOST_TSO4) |
	BIT_ULL(VIRTIO_NET_F_HOST_TSO6) |
	BIT_ULL(VIRTIO_NET_F_HOST_ECN) |
	BIT_ULL(VIRTIO_NET_F_HOST_USO) |
	BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) |
	BIT_ULL(VIRTIO_NET_F_MTU) |
	BIT_ULL(VIRTIO_NET_F_MAC) |
	BIT_ULL(VIRTIO_NET_F_STATUS) |
	BIT_ULL(VIRTIO_NET_F_CTRL_VQ);

static bool vhx_vnet_given(const struct vdpa_dev_set_config *cfg, unsigned int attr)
{
	return cfg->mask & BIT_ULL(attr);
}

/* Features as asked for, or what makes sense. Return: 0: there is no such device. */
static u64 vhx_vnet_offer(const struct vhx_vnet *vn, const struct vdpa_dev_set_config *cfg)
{
	u64 offer = vhx_vnet_features;

	if (vhx_vnet_given(cfg, VDPA_ATTR_DEV_FEATURES)) {
		offer = cfg->device_features;
		if (offer & ~vhx_vnet_features || ~offer & VHX_VNET_REQUIRED)
			return 0;
		if (offer & VHX_VNET_CTRL && !(offer & BIT_ULL(VIRTIO_NET_F_CTRL_VQ)))
			return 0;
		return offer;
	}
	if (vn->pairs == 1)
		offer &= ~(BIT_ULL(VIRTIO_NET_F_MQ) | BIT_ULL(VIRTIO_NET_F_RSS));
	/* A guest takes its size for a limit. */
	if (!vhx_vnet_given(cfg, VDPA_ATTR_DEV_NET_CFG_MTU))
		offer &= ~BIT_ULL(VIRTIO_NET_F_MTU);
	return offer;
}

/**
 * vhx_vnet_config_init - what is a device to be like?
 * @vn: zeroed
 * @cfg: what was asked for
 *
 * Return: 0; -EINVAL: there is no such device.
 */
int vhx_vnet_config_init(struct vhx_vnet *vn, const struct vdpa_dev_set_config *cfg)
{
	vn->pairs = 1;
	if (vhx_vnet_given(cfg, VDPA_ATTR_DEV_NET_CFG_MAX_VQP))
		vn->pairs = cfg->net.max_vq_pairs;
	if (!vn->pairs || vn->pairs > VHX_VNET_PAIRS_MAX)
		return -EINVAL;

	vn->mtu = ETH_DATA_LEN;
	if (vhx_vnet_given(cfg, VDPA_ATTR_DEV_NET_CFG_MTU))
		vn->mtu = cfg->net.mtu;
	if (vn->mtu < ETH_MIN_MTU)
		return -EINVAL;

	eth_random_addr(vn->mac);
	if (vhx_vnet_given(cfg, VDPA_ATTR_DEV_NET_CFG_MACADDR))
		memcpy(vn->mac, cfg->net.mac, ETH_ALEN);
	if (!is_valid_ether_addr(vn->mac))
		return -EINVAL;

	vn->offered = vhx_vnet_offer(vn, cfg);
	return vn->offered ? 0 : -EINVAL;
}

static void vhx_vnet_config_fill(struct vhx_vnet *vn, struct virtio_net_config *c)
{
	memset(c, 0, sizeof(*c));
	spin_lock_bh(&vn->cb_lock);
	memcpy(c->mac, vn->mac, ETH_ALEN);
	spin_unlock_bh(&vn->cb_lock);
	if (vn->netdev && netif_running(vn->netdev))
		c->status = (__force __virtio16)cpu_to_le16(VIRTIO_NET_S_LINK_UP);
	c->max_virtqueue_pairs = (__force __virtio16)cpu_to_le16(vn->pairs);
	c->mtu = (__force __virtio16)cpu_to_le16(vn->mtu);
	c->speed = cpu_to_le32(SPEED_UNKNOWN);
	c->duplex = DUPLEX_UNKNOWN;
	c->rss_max_key_size = VHX_RSS_KEY_LEN;
	c->rss_max_indirection_table_length = cpu_to_le16(VHX_RSS_TABLE_MAX);
	c->supported_hash_types = cpu_to_le32(VHX_RSS_ALL);
}

/**
 * vhx_vnet_set_mac - the guest has given itself an address
 * @vn: device
 * @mac: it
 *
 * No change that it would have to be told of.
 *
 * Context: any but interrupts.
 */
void vhx_vnet_set_mac(struct vhx_vnet *vn, const u8 *mac)
{
	spin_lock_bh(&vn->cb_lock);
	memcpy(vn->mac, mac, ETH_ALEN);
	spin_unlock_bh(&vn->cb_lock);
}

/**
 * vhx_vnet_change_mac - give the device another address
 * @vn: device
 * @mac: it, valid
 *
 * Between drivers: one that is there has read its address, and is told of no other.
 *
 * Context: process, sleeps.
 * Return: 0; -EBUSY: a driver is there; -ENOMEM.
 */
int vhx_vnet_change_mac(struct vhx_vnet *vn, const u8 *mac)
{
	int err;

	mutex_lock(&vn->dev.lock);
	err = vn->status & VIRTIO_CONFIG_S_DRIVER ? -EBUSY : vhx_vnet_filter_mac(vn, mac);
	if (!err) {
		vhx_vnet_set_mac(vn, mac);
		vn->generation++;
	}
	mutex_unlock(&vn->dev.lock);
	return err;
}

/**
 * vhx_vnet_set_offloads - the guest takes others
 * @vn: device
 * @offloads: as in CTRL_GUEST_OFFLOADS: bits that are those of the features
 *
 * Packets that wait already are looked at once more.
 *
 * Context: the control queue's handler.
 * Return: 0; -EINVAL: not all of them were acknowledged.
 */
int vhx_vnet_set_offloads(struct vhx_vnet *vn, u64 offloads)
{
	if (offloads & ~(vn->features & VHX_VNET_GUEST))
		return -EINVAL;
	WRITE_ONCE(vn->offloads, offloads);
	return 0;
}

size_t vhx_vnet_get_config_size(struct vdpa_device *vdpa)
{
	return sizeof(struct virtio_net_config);
}

void vhx_vnet_get_config(struct vdpa_device *vdpa, unsigned int offset, void *buf,
			 unsigned int len)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct virtio_net_config c;

	if (offset > sizeof(c) || len > sizeof(c) - offset)
		return;
	mutex_lock(&vn->dev.lock);
	vhx_vnet_config_fill(vn, &c);
	mutex_unlock(&vn->dev.lock);
	memcpy(buf, (u8 *)&c + offset, len);
}

/* With VERSION_1 there is nothing that a driver may write. */
void vhx_vnet_set_config(struct vdpa_device *vdpa, unsigned int offset, const void *buf,
			 unsigned int len)
{
}

u32 vhx_vnet_get_generation(struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u32 generation;

	mutex_lock(&vn->dev.lock);
	generation = vn->generation;
	mutex_unlock(&vn->dev.lock);
	return generation;
}

void vhx_vnet_set_config_cb(struct vdpa_device *vdpa, struct vdpa_callback *cb)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);

	spin_lock_bh(&vn->cb_lock);
	vn->cb = *cb;
	spin_unlock_bh(&vn->cb_lock);
}

/**
 * vhx_vnet_config_irq - tell the driver to look at configuration and status
 * @vn: device
 *
 * Context: any but interrupts.
 */
void vhx_vnet_config_irq(struct vhx_vnet *vn)
{
	spin_lock_bh(&vn->cb_lock);
	if (vn->cb.callback)
		vn->cb.callback(vn->cb.private);
	spin_unlock_bh(&vn->cb_lock);
}

/**
 * vhx_vnet_config_changed - the configuration is another
 * @vn: device
 *
 * Context: process, sleeps; perhaps rtnl.
 */
void vhx_vnet_config_changed(struct vhx_vnet *vn)
{
	mutex_lock(&vn->dev.lock);
	vn->generation++;
	mutex_unlock(&vn->dev.lock);
	vhx_vnet_config_irq(vn);
}

u64 vhx_vnet_get_features(struct vdpa_device *vdpa)
{
	return vhx_vnet_of(vdpa)->offered;
}

u64 vhx_vnet_get_driver_features(struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u64 features;

	mutex_lock(&vn->dev.lock);
	features = vn->features;
	mutex_unlock(&vn->dev.lock);
	return features;
}

/* Context: vhx_dev.lock, all queues stopped. */
static void vhx_vnet_learn_features(struct vhx_vnet *vn)
{
	/* A packed ring that was never used stands at 0, in its first round. */
	const u16 place = vhx_vnet_has(vn, VIRTIO_F_RING_PACKED) ? VHX_PLACE_WRAP : 0;
	u32 i;

	vn->hdr_len = vhx_vnet_has(vn, VIRTIO_NET_F_HASH_REPORT) ?
		      sizeof(struct virtio_net_hdr_v1_hash) : sizeof(struct virtio_net_hdr_v1);
	WRITE_ONCE(vn->offloads, vn->features & VHX_VNET_GUEST);
	for (i = 0; i < vhx_vnet_nvqs(vn); i++) {
		vn->vqs[i]->ring.last_avail = place;
		vn->vqs[i]->ring.last_used = place;
	}
}

/**
 * vhx_vnet_forget_features - none were acknowledged
 * @vn: device, all queues stopped
 *
 * Context: vhx_dev.lock.
 */
void vhx_vnet_forget_features(struct vhx_vnet *vn)
{
	vn->features = 0;
	vn->features_set = false;
	vhx_vnet_learn_features(vn);
}

int vhx_vnet_set_driver_features(struct vdpa_device *vdpa, u64 features)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	int err = 0;

	if (features & ~vn->offered || ~features & VHX_VNET_REQUIRED)
		return -EINVAL;
	/* What rests on a queue that is not there could not be asked for. */
	if (!(features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ)))
		features &= ~VHX_VNET_CTRL;
	mutex_lock(&vn->dev.lock);
	if (vn->status & VIRTIO_CONFIG_S_FEATURES_OK) {
		err = -EBUSY;
	} else {
		vn->features = features;
		vn->features_set = true;
		vhx_vnet_learn_features(vn);
		err = vhx_vnet_filter_reset(vn);
	}
	mutex_unlock(&vn->dev.lock);
	return err;
}
