/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The migration log: which queue writes it, when, and where. What bits come of it is dirty.h's.
 *
 * A queue says what it wrote while it has its lock, after it wrote it: a buffer's bytes before the
 * guest hears of the buffer, the ring's own right after they were written. So once an ioctl
 * that changes the log has had the lock, or the queue was stopped, there is nothing
 * written and not logged, and nobody looks at the old log any more.
 */
#ifndef _VHX_LOG_H
#define _VHX_LOG_H

#include <linux/types.h>

#include "dirty.h"

struct eventfd_ctx;
struct vhx_chain;
struct vhx_dev;
struct vhx_done;
struct vhx_iotlb_view;
struct vhx_memtbl;
struct vhx_seg;
struct vhx_vq;
struct vhx_xfer;

/**
 * struct vhx_log - a queue's log; under the queue's lock
 * @base: user address of the bitmap
 * @used_gpa: where the guest has the used ring
 * @used: what is written to the ring is logged (VHOST_VRING_F_LOG); what is written to buffers is
 *	when VHOST_F_LOG_ALL is acknowledged
 * @ctx: signalled after the log was written, or NULL; the device's
 */
struct vhx_log {
	u64 base;
	u64 used_gpa;
	bool used;
	struct eventfd_ctx *ctx;
};

/**
 * struct vhx_log_batch - buffers that were written
 * @seg: segments
 * @chain: the buffers' chains, which have only segments that the device writes
 * @done: what came of each
 * @n: how many
 */
struct vhx_log_batch {
	const struct vhx_seg *seg;
	const struct vhx_chain *chain;
	const struct vhx_done *done;
	u32 n;
};

/**
 * struct vhx_log_view - what a log has to cover
 * @base: user address of the bitmap
 * @mt: guest memory, or NULL
 * @all: whatever is written is logged
 */
struct vhx_log_view {
	u64 base;
	const struct vhx_memtbl *mt;
	bool all;
};

int vhx_log_buffers(struct vhx_vq *vq, const struct vhx_log_batch *b);
int vhx_log_copied(struct vhx_vq *vq, struct vhx_iotlb_view *v, const struct vhx_xfer *x);
int vhx_log_started(struct vhx_vq *vq);
int vhx_log_pushed(struct vhx_vq *vq, u16 from);
int vhx_log_wished(struct vhx_vq *vq);

bool vhx_log_ok(const struct vhx_vq *vq, const struct vhx_log_view *v);
bool vhx_log_ready(struct vhx_dev *dev);
long vhx_log_set_base(struct vhx_dev *dev, const void __user *argp);
long vhx_log_set_fd(struct vhx_dev *dev, const void __user *argp);
void vhx_log_release(struct vhx_dev *dev);

#endif /* _VHX_LOG_H */
