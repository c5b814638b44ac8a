// SPDX-License-Identifier: GPL-2.0-only
/*
 * The peer: a netdev on the host. What is sent on it the guest gets; it is up when the guest's link is.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "vnet.h"

/* What the guest may take; what it does take is asked for each packet. */
#define VHX_PEER_OFFLOADS	(NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN | \
				 NETIF_F_GSO_UDP_L4)

struct vhx_peer {
	struct vhx_vnet *vn;
};

static struct vhx_vnet *vhx_peer_vnet(const struct net_device *dev)
{
	return ((struct vhx_peer *)netdev_priv(dev))->vn;
}

static int vhx_peer_open(struct net_device *dev)
{
	netif_tx_start_all_queues(dev);
	return 0;
}

static int vhx_peer_close(struct net_device *dev)
{
	netif_tx_stop_all_queues(dev);
	return 0;
}

/* As good as asking for @skb itself: a guest's offloads may be others at the next. */
static netdev_features_t vhx_peer_features_check(struct sk_buff *skb, struct net_device *dev,
						 netdev_features_t features)
{
	const u64 takes = READ_ONCE(vhx_peer_vnet(dev)->offloads);
	const u64 uso = BIT_ULL(VIRTIO_NET_F_GUEST_USO4) | BIT_ULL(VIRTIO_NET_F_GUEST_USO6);
	netdev_features_t may = 0;

	if (takes & BIT_ULL(VIRTIO_NET_F_GUEST_CSUM))
		may |= NETIF_F_HW_CSUM;
	if (takes & BIT_ULL(VIRTIO_NET_F_GUEST_TSO4))
		may |= NETIF_F_TSO;
	if (takes & BIT_ULL(VIRTIO_NET_F_GUEST_TSO6))
		may |= NETIF_F_TSO6;
	if (takes & BIT_ULL(VIRTIO_NET_F_GUEST_ECN))
		may |= NETIF_F_TSO_ECN;
	if ((takes & uso) == uso)
		may |= NETIF_F_GSO_UDP_L4;
	/* Segments have checksums to be filled in. */
	if (!(may & NETIF_F_HW_CSUM))
		may = 0;
	return features & (may | ~VHX_PEER_OFFLOADS);
}

static u16 vhx_peer_select_queue(struct net_device *dev, struct sk_buff *skb,
				 struct net_device *sb_dev)
{
	struct vhx_vnet *vn = vhx_peer_vnet(dev);

	return vhx_vnet_steer(vn, skb, vhx_vnet_spread(vn, skb));
}

/* Return: room, looked for once more after the queue was stopped. */
static bool vhx_peer_add(struct netdev_queue *txq, struct vhx_vnet_queue *q, struct sk_buff *skb)
{
	if (likely(vhx_vnet_rx_add(q, skb)))
		return true;
	netif_tx_stop_queue(txq);
	/* Pairs with the barrier in vhx_vrx_next(), who makes room and looks whether it is stopped. */
	smp_mb__after_atomic();
	if (!vhx_vnet_rx_add(q, skb))
		return false;
	netif_tx_start_queue(txq);
	return true;
}

static netdev_tx_t vhx_peer_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct vhx_vnet *vn = vhx_peer_vnet(dev);
	u16 pair = skb_get_queue_mapping(skb);
	struct vhx_vnet_queue *q = vhx_vnet_rxq(vn, pair);

	if (unlikely(!vhx_vnet_wants(vn, skb))) {
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	if (unlikely(!vhx_vnet_passes(vn, skb, pair))) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	/* It may wait for long: for nobody's memory, and nobody's socket. */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		dev_core_stats_tx_dropped_inc(dev);
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	nf_reset_ct(skb);
	if (unlikely(!vhx_peer_add(netdev_get_tx_queue(dev, pair), q, skb)))
		return NETDEV_TX_BUSY;
	if (!netdev_xmit_more() || netif_xmit_stopped(netdev_get_tx_queue(dev, pair))) {
		WRITE_ONCE(q->waker, smp_processor_id());
		vhx_vq_queue(&q->vq);
	}
	return NETDEV_TX_OK;
}

static const struct net_device_ops vhx_peer_ops = {
	.ndo_open		= vhx_peer_open,
	.ndo_stop		= vhx_peer_close,
	.ndo_start_xmit		= vhx_peer_xmit,
	.ndo_select_queue	= vhx_peer_select_queue,
	.ndo_features_check	= vhx_peer_features_check,
	.ndo_get_stats64	= vhx_vnet_get_stats64,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
};

static bool vhx_peer_is(const struct net_device *dev)
{
	return dev->netdev_ops == &vhx_peer_ops;
}

/*
 * The guest's link is up as long as its peer is: told once that can be seen. The NIC is there as long
 * as its peer is, namespace by namespace.
 */
static int vhx_peer_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct vhx_vnet *vn;

	if (!vhx_peer_is(dev))
		return NOTIFY_DONE;
	vn = vhx_peer_vnet(dev);
	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
		vhx_vnet_config_changed(vn);
		break;
	case NETDEV_REGISTER:
		return notifier_from_errno(vhx_vnet_join(vn));
	case NETDEV_UNREGISTER:
		vhx_vnet_leave(vn);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block vhx_peer_notifier = {
	.notifier_call = vhx_peer_event,
};

/**
 * vhx_vnet_peer_init - hear of peers that go up and down
 *
 * Context: process, sleeps.
 * Return: 0 or negative.
 */
int vhx_vnet_peer_init(void)
{
	return register_netdevice_notifier(&vhx_peer_notifier);
}

/**
 * vhx_vnet_peer_exit - not any more
 *
 * Context: process, sleeps.
 */
void vhx_vnet_peer_exit(void)
{
	unregister_netdevice_notifier(&vhx_peer_notifier);
}

/**
 * vhx_vnet_peer_carrier - a guest is at the other end, or is not
 * @vn: device
 * @on: it is
 *
 * Context: any.
 */
void vhx_vnet_peer_carrier(struct vhx_vnet *vn, bool on)
{
	if (on)
		netif_carrier_on(vn->netdev);
	else
		netif_carrier_off(vn->netdev);
}

/**
 * vhx_vnet_peer_create - make a device's peer
 * @vn: device
 * @name: its name
 *
 * Return: the netdev, not registered, or -ENOMEM.
 */
struct net_device *vhx_vnet_peer_create(struct vhx_vnet *vn, const char *name)
{
	struct net_device *dev;

	dev = alloc_netdev_mqs(sizeof(struct vhx_peer), name, NET_NAME_USER, ether_setup,
			       vn->pairs, vn->pairs);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	((struct vhx_peer *)netdev_priv(dev))->vn = vn;
	dev->netdev_ops = &vhx_peer_ops;
	dev->ethtool_ops = &vhx_vnet_ethtool_ops;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->hw_features = NETIF_F_SG | VHX_PEER_OFFLOADS;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->vlan_features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->mtu = vn->mtu;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU - ETH_HLEN;
	dev->tx_queue_len = VHX_VNET_BACKLOG;
	eth_hw_addr_random(dev);
	return dev;
}
