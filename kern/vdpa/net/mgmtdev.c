// SPDX-License-Identifier: GPL-2.0-only
/*
 * The management device "vhx": what `vdpa dev add name NAME mgmtdev vhx` asks for devices, and
 * `vdpa dev del` and `set`. All come from vdpa's netlink, one at a time, under its lock.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_ids.h>
#include <uapi/linux/vdpa.h>

#include "mgmtdev.h"
#include "vnet.h"

static struct device *vhx_vnet_root;

static int vhx_vnet_dev_add(struct vdpa_mgmt_dev *mdev, const char *name,
			    const struct vdpa_dev_set_config *cfg)
{
	struct vhx_vnet *vn;
	int err;

	/* A device is code of this module that runs: the module stays. */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	vn = vhx_vnet_create(mdev->device, name, cfg);
	if (IS_ERR(vn)) {
		err = PTR_ERR(vn);
		goto err_module;
	}
	vn->vdpa.mdev = mdev;

	err = register_netdev(vn->netdev);
	if (err)
		goto err_put;
	netif_carrier_off(vn->netdev);
	/* A driver that is there takes it at once. */
	err = _vdpa_register_device(&vn->vdpa, vhx_vnet_nvqs(vn));
	if (err)
		goto err_netdev;
	return 0;

err_netdev:
	unregister_netdev(vn->netdev);
err_put:
	put_device(&vn->vdpa.dev);
err_module:
	module_put(THIS_MODULE);
	return err;
}

static void vhx_vnet_dev_del(struct vdpa_mgmt_dev *mdev, struct vdpa_device *vdpa)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);

	get_device(&vdpa->dev);
	/* Waits for whoever has it open. Then it is nobody's; and perhaps was not reset. */
	_vdpa_unregister_device(vdpa);
	vhx_vnet_reset(vn);
	unregister_netdev(vn->netdev);
	put_device(&vdpa->dev);
	module_put(THIS_MODULE);
}

/* vdpa's netlink has looked at the address. */
static int vhx_vnet_dev_set(struct vdpa_mgmt_dev *mdev, struct vdpa_device *vdpa,
			    const struct vdpa_dev_set_config *cfg)
{
	return vhx_vnet_change_mac(vhx_vnet_of(vdpa), cfg->net.mac);
}

static const struct vdpa_mgmtdev_ops vhx_vnet_mgmt_ops = {
	.dev_add = vhx_vnet_dev_add,
	.dev_del = vhx_vnet_dev_del,
	.dev_set_attr = vhx_vnet_dev_set,
};

static struct virtio_device_id vhx_vnet_ids[] = {
	{ VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

static struct vdpa_mgmt_dev vhx_vnet_mgmt = {
	.ops = &vhx_vnet_mgmt_ops,
	.id_table = vhx_vnet_ids,
	.config_attr_mask = BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR) |
			    BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MTU) |
			    BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP) |
			    BIT_ULL(VDPA_ATTR_DEV_FEATURES),
	.max_supported_vqs = 2 * VHX_VNET_PAIRS_MAX + 1,
};

/**
 * vhx_vnet_mgmt_init - have devices be asked for
 *
 * Context: process, sleeps.
 * Return: 0 or negative.
 */
int vhx_vnet_mgmt_init(void)
{
	int err;

	vhx_vnet_root = root_device_register("vhx");
	if (IS_ERR(vhx_vnet_root))
		return PTR_ERR(vhx_vnet_root);
	vhx_vnet_mgmt.device = vhx_vnet_root;
	vhx_vnet_mgmt.supported_features = vhx_vnet_features;
	err = vdpa_mgmtdev_register(&vhx_vnet_mgmt);
	if (err)
		root_device_unregister(vhx_vnet_root);
	return err;
}

/**
 * vhx_vnet_mgmt_exit - not any more; there are no devices, or the module would not go
 *
 * Context: process, sleeps.
 */
void vhx_vnet_mgmt_exit(void)
{
	vdpa_mgmtdev_unregister(&vhx_vnet_mgmt);
	root_device_unregister(vhx_vnet_root);
}
