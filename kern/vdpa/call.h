/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An eventfd that the parent's callbacks signal. They run when they like, in interrupts too, while
 * the VMM gives another one, or none.
 */
#ifndef _VHX_VDPA_CALL_H
#define _VHX_VDPA_CALL_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct eventfd_ctx;
struct vdpa_callback;
struct vhx_vcall_fd;

/**
 * struct vhx_vcall - whom a callback signals
 * @fd: he; NULL: nobody. RCU
 * @work: signals where the callback may not
 * @calls: how often. A parent does not run a queue's callback twice at a time
 */
struct vhx_vcall {
	struct vhx_vcall_fd __rcu *fd;
	struct work_struct work;
	u64 calls;
};

void vhx_vcall_init(struct vhx_vcall *call);
struct vhx_vcall_fd *vhx_vcall_get(int fd);
struct vhx_vcall_fd *vhx_vcall_swap(struct vhx_vcall *call, struct vhx_vcall_fd *fd);
void vhx_vcall_put(struct vhx_vcall_fd *fd);
void vhx_vcall_quiesce(struct vhx_vcall *call);
struct eventfd_ctx *vhx_vcall_ctx(const struct vhx_vcall *call);
void vhx_vcall_describe(struct vhx_vcall *call, bool runs, struct vdpa_callback *cb);

#endif /* _VHX_VDPA_CALL_H */
