/* SPDX-License-Identifier: GPL-2.0-only */
/* A port: where a NIC is on the host, and of what kind. */
#ifndef _VHX_NET_PORT_H
#define _VHX_NET_PORT_H

#include <linux/if.h>
#include <linux/types.h>

struct net;
struct net_device;

enum vhx_port_kind {
	VHX_PORT_TAP,
	VHX_PORT_MACVTAP,
	VHX_PORT_PACKET,
	VHX_PORT_VDPA,
};

/**
 * struct vhx_port - a NIC's place on the host
 * @kind: what it is
 * @dev: netdev, when it was looked at; to be compared, never to be followed
 * @net: its network namespace, counted by who fills this in; NULL when no netdev was found
 * @ifindex: its index
 * @name: its name
 */
struct vhx_port {
	enum vhx_port_kind kind;
	const struct net_device *dev;
	struct net *net;
	u32 ifindex;
	char name[IFNAMSIZ];
};

#endif /* _VHX_NET_PORT_H */
