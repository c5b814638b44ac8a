/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/vhx, the control node: ioctls that belong to no device. Classes bring them. */
#ifndef _VHX_CTL_H
#define _VHX_CTL_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct vhx_ctl - what a class adds to the control node
 * @features: VHX_F_* it makes true
 * @ioctl: an ioctl the core does not know; -ENOIOCTLCMD if this class does not either.
 *	Context: process, sleeps
 * @node: the core's
 */
struct vhx_ctl {
	u64 features;
	long (*ioctl)(unsigned int cmd, void __user *argp);
	struct list_head node;
};

void vhx_ctl_register(struct vhx_ctl *ctl);
void vhx_ctl_unregister(struct vhx_ctl *ctl);
u64 vhx_ctl_features(void);

#endif /* _VHX_CTL_H */
