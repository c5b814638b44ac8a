/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vIOMMU's side of a device: the messages of <linux/vhost_types.h> that a VMM reads from and
 * writes to the device's fd, the translations they bring, and the queues that wait for one.
 *
 * A queue waits for one translation at a time, so that what a VMM has not answered yet is in the
 * queues themselves: nothing is allocated at a guest's bidding.
 *
 * Locks: vhx_msgs.sem is taken under vhx_dev.lock by who changes the translations, and under
 * vhx_vq.lock, for reading, by who uses them. vhx_msgs.lock is innermost.
 */
#ifndef _VHX_MSG_H
#define _VHX_MSG_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct file;
struct iov_iter;
struct kiocb;
struct vhx_dev;
struct vhx_iotlb;
struct vhx_vq;

/**
 * enum vhx_miss_state - how far the answer is
 * @VHX_MISS_NONE: nothing is missing
 * @VHX_MISS_UNREAD: the VMM has not read of it
 * @VHX_MISS_READ: it has
 * @VHX_MISS_DENIED: it said that there is no such access: the queue stops
 */
enum vhx_miss_state {
	VHX_MISS_NONE,
	VHX_MISS_UNREAD,
	VHX_MISS_READ,
	VHX_MISS_DENIED,
};

/**
 * struct vhx_miss - the translation that a queue waits for; under vhx_msgs.lock
 * @node: in vhx_msgs.unread while VHX_MISS_UNREAD
 * @state: read by the queue without the lock: who changes it to something that concerns the
 *	queue queues it afterwards
 * @iova: address
 * @perm: what is to be done there, one of VHX_PERM_*
 */
struct vhx_miss {
	struct list_head node;
	enum vhx_miss_state state;
	u64 iova;
	u32 perm;
};

/**
 * struct vhx_msgs - the vIOMMU's side of a device
 * @iotlb: translations, NULL without ACCESS_PLATFORM; the pointer is written under vhx_dev.lock
 *	and @sem, what it points to under both as well
 * @sem: held for reading over a run of a queue's handler
 * @lock: what is below, and all queues' misses
 * @unread: queues whose miss was not read yet, oldest first
 * @wait: who reads or polls
 * @backend_features: as set by VHOST_SET_BACKEND_FEATURES; read anywhere
 */
struct vhx_msgs {
	struct vhx_iotlb *iotlb;
	struct rw_semaphore sem;
	spinlock_t lock;
	struct list_head unread;
	wait_queue_head_t wait;
	u64 backend_features;
};

void vhx_msgs_init(struct vhx_msgs *m);
int vhx_msgs_enable(struct vhx_dev *dev);
void vhx_msgs_disable(struct vhx_dev *dev);

ssize_t vhx_msg_read(struct vhx_dev *dev, struct kiocb *iocb, struct iov_iter *to);
ssize_t vhx_msg_write(struct vhx_dev *dev, struct iov_iter *from);
__poll_t vhx_msg_poll(struct vhx_dev *dev, struct file *file, poll_table *pt);

void vhx_miss_init(struct vhx_miss *miss);
void vhx_miss_post(struct vhx_vq *vq);
void vhx_miss_drop(struct vhx_vq *vq);
bool vhx_miss_none(struct vhx_vq *vq);

/* Does somebody wait for the handlers to let go of the translations? */
static inline bool vhx_msgs_awaited(const struct vhx_msgs *m)
{
	return rwsem_is_contended((struct rw_semaphore *)&m->sem);
}

#endif /* _VHX_MSG_H */
