/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers for what is in a UDP tunnel came with 6.17, @feature_hdrlen with 7.x. A kernel without
 * them has a tun that does not know them: nothing of it is offered to a guest there, and what
 * stands here is not called. Drop with 6.12.
 */
#ifndef _VHX_COMPAT_VIRTIO_NET_H
#define _VHX_COMPAT_VIRTIO_NET_H

#include_next <linux/virtio_net.h>

#ifndef VHX_HAVE_TUN_TUNNEL
#define VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO	65
#define VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO	67

struct virtio_net_hdr_v1_hash_tunnel {
	struct virtio_net_hdr_v1_hash hash_hdr;
	__le16 outer_th_offset;
	__le16 inner_nh_offset;
};

#define virtio_net_hdr_tnl_from_skb(skb, vhdr, ...) \
	((void)(skb), (void)(vhdr), -EINVAL)
#elif !defined(VHX_HAVE_VNET_TNL_HDRLEN)
#define virtio_net_hdr_tnl_from_skb(skb, vhdr, tnl, le, vlan_hlen, valid, hdrlen) \
	((void)(hdrlen), virtio_net_hdr_tnl_from_skb(skb, vhdr, tnl, le, vlan_hlen, valid))
#endif

#endif
