// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vIOMMU's side of a device, see msg.h. Sizes and errno are in-tree vhost's; where vhx
 * differs, the line says so.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vhost.h>

#include "dev.h"
#include "iotlb.h"
#include "msg.h"
#include "trace.h"
#include "vq.h"

static int max_iotlb_entries = 2048;
module_param(max_iotlb_entries, int, 0444);
MODULE_PARM_DESC(max_iotlb_entries,
		 "Most translations of a vIOMMU a device remembers (default 2048)");

/* Both forms of a message are laid out alike but for the second word, which nobody uses. */
union vhx_msg {
	struct vhost_msg v1;
	struct vhost_msg_v2 v2;
};

static_assert(sizeof(struct vhost_msg) == sizeof(struct vhost_msg_v2));
static_assert(offsetof(struct vhost_msg, iotlb) == offsetof(struct vhost_msg_v2, iotlb));
static_assert(VHX_PERM_RO == VHOST_ACCESS_RO && VHX_PERM_WO == VHOST_ACCESS_WO);

void vhx_msgs_init(struct vhx_msgs *m)
{
	init_rwsem(&m->sem);
	spin_lock_init(&m->lock);
	INIT_LIST_HEAD(&m->unread);
	init_waitqueue_head(&m->wait);
}

void vhx_miss_init(struct vhx_miss *miss)
{
	INIT_LIST_HEAD(&miss->node);
}

/* ---- misses ---- */

/**
 * vhx_miss_post - have the VMM asked for what a queue could not translate
 * @vq: the queue; its view tells of a miss
 *
 * The queue does nothing until it is answered, and is queued then.
 *
 * Context: the queue's handler, or in front of it.
 */
void vhx_miss_post(struct vhx_vq *vq)
{
	struct vhx_msgs *m = &vq->dev->msgs;
	struct vhx_miss *miss = &vq->miss;
	bool posted = false;

	spin_lock(&m->lock);
	/* One at a time, the one that was posted first: the queue gets no further than that. */
	if (miss->state == VHX_MISS_NONE) {
		miss->iova = vq->view.miss;
		miss->perm = vq->view.perm;
		WRITE_ONCE(miss->state, VHX_MISS_UNREAD);
		list_add_tail(&miss->node, &m->unread);
		posted = true;
	}
	spin_unlock(&m->lock);
	if (!posted)
		return;
	vhx_vq_count(vq, VHX_QSTAT_IOTLB_MISSES, 1);
	trace_vhx_iotlb_miss(vq, vq->view.miss, vq->view.perm);
	wake_up_interruptible_poll(&m->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * vhx_miss_drop - a queue waits for no translation any more
 * @vq: the queue; waiting for none is fine
 *
 * Context: process; @vq->lock.
 */
void vhx_miss_drop(struct vhx_vq *vq)
{
	struct vhx_msgs *m = &vq->dev->msgs;

	spin_lock(&m->lock);
	list_del_init(&vq->miss.node);
	WRITE_ONCE(vq->miss.state, VHX_MISS_NONE);
	spin_unlock(&m->lock);
}

/**
 * vhx_miss_none - is all there that a queue needs to run?
 * @vq: the queue
 *
 * That is all of its ring: then nothing but a chain can miss a translation, and a chain is read
 * again. What is missing is asked for.
 *
 * Context: the queue's handler, before it; vhx_msgs.sem.
 */
bool vhx_miss_none(struct vhx_vq *vq)
{
	/* The queue's, which is the device's but for a moment, see vhx_msgs_replace(). */
	const struct vhx_iotlb *t = container_of(vq->view.mt, struct vhx_iotlb, mt);

	switch (READ_ONCE(vq->miss.state)) {
	case VHX_MISS_NONE:
		break;
	case VHX_MISS_DENIED:
		vhx_vq_break(vq, -EPERM);
		return false;
	default:
		return false;
	}
	if (vq->view_gen == t->gen)
		return true;
	vq->view.perm = 0;
	if (vhx_iotlb_covers_ring(&vq->ring)) {
		vq->view_gen = t->gen;
		return true;
	}
	if (vq->view.perm)
		vhx_miss_post(vq);
	else
		vhx_vq_break(vq, -EFAULT);
	return false;
}

/* What the VMM said of [first, last] may be what a queue waits for. */
static bool vhx_miss_answer(struct vhx_vq *vq, const struct vhx_region *rg)
{
	struct vhx_msgs *m = &vq->dev->msgs;
	struct vhx_miss *miss = &vq->miss;
	bool answered = false;

	spin_lock(&m->lock);
	if (miss->state != VHX_MISS_UNREAD && miss->state != VHX_MISS_READ)
		goto out;
	if (miss->iova < rg->gpa || miss->iova > rg->last)
		goto out;
	/* A VMM that was not asked yet has not said no. */
	answered = (rg->perm & miss->perm) || miss->state == VHX_MISS_READ;
	if (!answered)
		goto out;
	list_del_init(&miss->node);
	WRITE_ONCE(miss->state, rg->perm & miss->perm ? VHX_MISS_NONE :
							VHX_MISS_DENIED);
out:
	spin_unlock(&m->lock);
	return answered;
}

static void vhx_miss_answer_all(struct vhx_dev *dev, const struct vhx_region *rg)
{
	u32 i;

	for (i = 0; i < dev->nvqs; i++)
		if (vhx_miss_answer(dev->vq[i], rg))
			vhx_vq_queue(dev->vq[i]);
}

/* ---- on and off ---- */

static struct vhx_iotlb *vhx_iotlb_new(void)
{
	struct vhx_iotlb *t;
	size_t size;

	if (max_iotlb_entries <= 0)
		return NULL;
	size = size_add(sizeof(*t), array_size(max_iotlb_entries,
					       sizeof(struct vhx_region)));
	t = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (t)
		vhx_iotlb_init(t, max_iotlb_entries);
	return t;
}

/*
 * Give a queue other eyes. Ring addresses mean something else from here on, if they did not go
 * through a vIOMMU before or do not any more: they are forgotten, as in-tree forgets them.
 */
static void vhx_msgs_switch(struct vhx_vq *vq, struct vhx_iotlb *t)
{
	struct vhx_ring *r = &vq->ring;

	mutex_lock(&vq->lock);
	vhx_miss_drop(vq);
	if (!r->view != !t) {
		r->desc = 0;
		r->avail = 0;
		r->used = 0;
	}
	r->armed = false;
	memset(&vq->view, 0, sizeof(vq->view));
	vq->view.mt = t ? &t->mt : NULL;
	vq->view_gen = 0;
	r->view = t ? &vq->view : NULL;
	if (vq->backend)
		vhx_vq_queue(vq);
	mutex_unlock(&vq->lock);
}

static void vhx_msgs_replace(struct vhx_dev *dev, struct vhx_iotlb *new)
{
	struct vhx_msgs *m = &dev->msgs;
	struct vhx_iotlb *old = m->iotlb;
	u32 i;

	lockdep_assert_held(&dev->lock);
	down_write(&m->sem);
	WRITE_ONCE(m->iotlb, new);
	up_write(&m->sem);
	for (i = 0; i < dev->nvqs; i++)
		vhx_msgs_switch(dev->vq[i], new);
	/* Who used the old one did so under a queue's lock. */
	kvfree(old);
	wake_up_interruptible_poll(&m->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * vhx_msgs_enable - all addresses go through a vIOMMU from here on
 * @dev: device; one that has a vIOMMU forgets what it knows
 *
 * Context: process, sleeps; @dev->lock, no queue's.
 * Return: 0 or -ENOMEM.
 */
int vhx_msgs_enable(struct vhx_dev *dev)
{
	struct vhx_iotlb *t = vhx_iotlb_new();

	if (!t)
		return -ENOMEM;
	vhx_msgs_replace(dev, t);
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_msgs_enable);

/**
 * vhx_msgs_disable - none do
 * @dev: device; one that has no vIOMMU is fine
 *
 * Context: process, sleeps; @dev->lock, no queue's.
 */
void vhx_msgs_disable(struct vhx_dev *dev)
{
	if (dev->msgs.iotlb)
		vhx_msgs_replace(dev, NULL);
}
EXPORT_SYMBOL_GPL(vhx_msgs_disable);

/* ---- from the VMM ---- */

static void vhx_msgs_count(struct vhx_dev *dev, enum vhx_qstat id, u64 n)
{
	u32 i;

	for (i = 0; n && i < dev->nvqs; i++)
		vhx_vq_count(dev->vq[i], id, n);
}

static int vhx_msg_update(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	const struct vhx_region rg = {
		.gpa = msg->iova,
		.last = msg->iova + (msg->size - 1),
		.uaddr = msg->uaddr,
		.perm = msg->perm & VHX_PERM_RW,
	};
	struct vhx_iotlb *t = dev->msgs.iotlb;
	u64 retired = t->retired;

	if (msg->size > ULONG_MAX || msg->uaddr > ULONG_MAX)
		return -EFAULT;
	/* The rings' raw copies rely on it. */
	if (rg.perm && !access_ok(u64_to_user_ptr(msg->uaddr), msg->size))
		return -EFAULT;
	if (vhx_iotlb_insert(t, &rg))
		return -EFAULT;
	vhx_msgs_count(dev, VHX_QSTAT_IOTLB_RETIRED, t->retired - retired);
	trace_vhx_iotlb_update(dev, &rg);
	vhx_miss_answer_all(dev, &rg);
	return 0;
}

static int vhx_msg_invalidate(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	struct vhx_region rg = {
		.gpa = msg->iova,
		.last = msg->iova + (msg->size - 1),
	};

	if (!msg->size)
		return -EINVAL;
	/* Rather too much than too little. */
	if (rg.last < rg.gpa)
		rg.last = U64_MAX;
	vhx_iotlb_remove(dev->msgs.iotlb, rg.gpa, rg.last);
	vhx_msgs_count(dev, VHX_QSTAT_IOTLB_INVALIDATIONS, 1);
	trace_vhx_iotlb_invalidate(dev, &rg);
	return 0;
}

/* In-tree knows no such message from the VMM: its way to say that the guest may not do that. */
static int vhx_msg_access_fail(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	const struct vhx_region rg = {
		.gpa = msg->iova,
		.last = msg->iova + (msg->size ? msg->size - 1 : 0),
	};

	vhx_miss_answer_all(dev, &rg);
	return 0;
}

/* Every queue stands still over what a message does. */
static int vhx_msg_process(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	struct vhx_msgs *m = &dev->msgs;
	int err = -EFAULT;

	mutex_lock(&dev->lock);
	down_write(&m->sem);
	if (m->iotlb) {
		switch (msg->type) {
		case VHOST_IOTLB_UPDATE:
			err = vhx_msg_update(dev, msg);
			break;
		case VHOST_IOTLB_INVALIDATE:
			err = vhx_msg_invalidate(dev, msg);
			break;
		case VHOST_IOTLB_ACCESS_FAIL:
			err = vhx_msg_access_fail(dev, msg);
			break;
		}
	}
	up_write(&m->sem);
	mutex_unlock(&dev->lock);
	return err;
}

/**
 * vhx_msg_write - a VMM has something to say
 * @dev: device
 * @from: one message, of either form whatever was agreed on; what is behind it is not looked at
 *
 * Context: process, sleeps.
 * Return: bytes of the message, at most those of struct vhost_msg; -EINVAL for what is no
 * message; -EFAULT for one that cannot be followed, whatever the reason.
 */
ssize_t vhx_msg_write(struct vhx_dev *dev, struct iov_iter *from)
{
	size_t size = min(iov_iter_count(from), sizeof(struct vhost_msg));
	struct vhost_iotlb_msg msg;
	u32 head[2];

	if (copy_from_iter(head, sizeof(head), from) != sizeof(head))
		return -EINVAL;
	if (head[0] != VHOST_IOTLB_MSG && head[0] != VHOST_IOTLB_MSG_V2)
		return -EINVAL;
	if (copy_from_iter(&msg, sizeof(msg), from) != sizeof(msg))
		return -EINVAL;
	if (msg.type == VHOST_IOTLB_UPDATE && !msg.size)
		return -EINVAL;
	if (vhx_msg_process(dev, &msg))
		return -EFAULT;
	return size;
}
EXPORT_SYMBOL_GPL(vhx_msg_write);

/* ---- to the VMM ---- */

/* Take the oldest miss that nobody has read. Return: the queue's, or NULL. */
static struct vhx_miss *vhx_miss_take(struct vhx_msgs *m, struct vhost_iotlb_msg *msg)
{
	struct vhx_miss *miss;

	spin_lock(&m->lock);
	miss = list_first_entry_or_null(&m->unread, struct vhx_miss, node);
	if (miss) {
		list_del_init(&miss->node);
		WRITE_ONCE(miss->state, VHX_MISS_READ);
		msg->type = VHOST_IOTLB_MISS;
		msg->iova = miss->iova;
		msg->perm = miss->perm;
	}
	spin_unlock(&m->lock);
	return miss;
}

/* It could not be handed over: somebody else may read it. */
static void vhx_miss_untake(struct vhx_msgs *m, struct vhx_miss *miss)
{
	spin_lock(&m->lock);
	if (miss->state == VHX_MISS_READ) {
		WRITE_ONCE(miss->state, VHX_MISS_UNREAD);
		list_add(&miss->node, &m->unread);
	}
	spin_unlock(&m->lock);
	wake_up_interruptible_poll(&m->wait, EPOLLIN | EPOLLRDNORM);
}

static ssize_t vhx_msg_give(struct vhx_msgs *m, struct iov_iter *to)
{
	union vhx_msg msg;
	struct vhx_miss *miss;

	/* Whole, holes included: it goes to user space. */
	memset(&msg, 0, sizeof(msg));
	miss = vhx_miss_take(m, &msg.v1.iotlb);
	if (!miss)
		return 0;
	if (READ_ONCE(m->backend_features) & BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2))
		msg.v2.type = VHOST_IOTLB_MSG_V2;
	else
		msg.v1.type = VHOST_IOTLB_MSG;
	if (copy_to_iter(&msg, sizeof(msg), to) == sizeof(msg))
		return sizeof(msg);
	/* In-tree loses it, and returns how much of it was copied. */
	vhx_miss_untake(m, miss);
	return -EFAULT;
}

/**
 * vhx_msg_read - a VMM asks what is missing
 * @dev: device
 * @iocb: of the read; waits unless its file is O_NONBLOCK
 * @to: where one message goes
 *
 * Context: process, sleeps.
 * Return: bytes of a message; 0 when there is no room for one; -EAGAIN; -ERESTARTSYS; -EBADFD
 * when none can come, since there is no vIOMMU; -EFAULT.
 */
ssize_t vhx_msg_read(struct vhx_dev *dev, struct kiocb *iocb, struct iov_iter *to)
{
	struct vhx_msgs *m = &dev->msgs;
	ssize_t size;

	if (iov_iter_count(to) < sizeof(union vhx_msg))
		return 0;
	for (;;) {
		size = vhx_msg_give(m, to);
		if (size)
			return size;
		if (iocb->ki_filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(m->wait, !list_empty_careful(&m->unread) ||
						      !READ_ONCE(m->iotlb)))
			return -ERESTARTSYS;
		if (!READ_ONCE(m->iotlb))
			return -EBADFD;
	}
}
EXPORT_SYMBOL_GPL(vhx_msg_read);

/**
 * vhx_msg_poll - is there something to read?
 * @dev: device
 * @file: its file
 * @pt: as vfs_poll() has it
 *
 * Return: EPOLLIN and EPOLLRDNORM when there is.
 */
__poll_t vhx_msg_poll(struct vhx_dev *dev, struct file *file, poll_table *pt)
{
	poll_wait(file, &dev->msgs.wait, pt);
	return list_empty_careful(&dev->msgs.unread) ? 0 : EPOLLIN | EPOLLRDNORM;
}
EXPORT_SYMBOL_GPL(vhx_msg_poll);
