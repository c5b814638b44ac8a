// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx_vdpa_net.ko: a vDPA parent of our own. Its devices are virtio NICs, for virtio_vdpa on this host
 * and for VMs through vhost-vdpa; each has a netdev here, its peer. See docs/vdpa-net.md.
 *
 *	mgmtdev.c	"vdpa dev add" and "del"
 *	dev.c		a device: life, status, suspend
 *	ops.c		what the vDPA bus asks of a queue; queue.c, its start and stop
 *	map.c		the guest's memory, by address space
 *	config.c	features and configuration
 *	cvq.c		the control queue; filter.c, which packets the guest wants; spread.c, and where
 *	netdev.c	the peer; stats.c, counters
 *	steer.c		packets meet a policy: the device as one of vhx_net's NICs
 *	tx.c rx.c	packets from the guest, and to it
 *	main.c		this
 */
#include <linux/module.h>

#include "mgmtdev.h"
#include "vnet.h"

static int __init vhx_vnet_init(void)
{
	int err;

	err = vhx_vnet_map_init();
	if (err)
		return err;
	err = vhx_vnet_peer_init();
	if (err)
		goto err_map;
	err = vhx_vnet_mgmt_init();
	if (err)
		goto err_peer;
	return 0;

err_peer:
	vhx_vnet_peer_exit();
err_map:
	vhx_vnet_map_exit();
	return err;
}

static void __exit vhx_vnet_exit(void)
{
	vhx_vnet_mgmt_exit();
	vhx_vnet_peer_exit();
	vhx_vnet_map_exit();
}

module_init(vhx_vnet_init);
module_exit(vhx_vnet_exit);
MODULE_DESCRIPTION("vhx: virtio NICs as vDPA devices, with a netdev as their peer");
MODULE_AUTHOR("The vhx maintainers");
MODULE_LICENSE("GPL");
