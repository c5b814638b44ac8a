/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VHX_VNET_MGMTDEV_H
#define _VHX_VNET_MGMTDEV_H

int vhx_vnet_mgmt_init(void);
void vhx_vnet_mgmt_exit(void);

#endif /* _VHX_VNET_MGMTDEV_H */
