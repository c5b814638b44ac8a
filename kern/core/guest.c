// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory by the guest's addresses, see guest.h. Without a vIOMMU the memory table is taken
 * for one that allows everything, and never has anything to say later.
 */
#include <linux/export.h>
#include <linux/vhost.h>

#include "dev.h"
#include "guest.h"
#include "iotlb.h"
#include "log.h"
#include "vq.h"

/* The queue's eyes during this run of its handler: a vIOMMU's, or made from its table. */
static struct vhx_iotlb_view *vhx_guest_view(struct vhx_vq *vq)
{
	/* Of no use to anybody after this run, but for what it remembers of hits. */
	if (!vq->ring.view)
		vq->view.mt = vq->mem;
	vq->view.perm = 0;
	return &vq->view;
}

/* A copy failed. With a vIOMMU it may be possible once that was asked. */
static int vhx_guest_missed(struct vhx_vq *vq, int err)
{
	if (!vq->ring.view || !vq->view.perm)
		return err;
	vhx_miss_post(vq);
	return -EAGAIN;
}

/**
 * vhx_guest_read - copy from guest memory
 * @vq: the queue whose guest it is
 * @x: the copy
 *
 * Context: the queue's handler; sleeps.
 * Return: 0; -EAGAIN when a translation is missing: it was asked for, and the queue is queued when
 * it is there, to make the whole copy again; -EFAULT when there is no such memory.
 */
int vhx_guest_read(struct vhx_vq *vq, const struct vhx_xfer *x)
{
	int err;

	lockdep_assert_held(&vq->lock);
	err = vhx_xfer_read(vhx_guest_view(vq), x);
	return err ? vhx_guest_missed(vq, err) : 0;
}
EXPORT_SYMBOL_GPL(vhx_guest_read);

/**
 * vhx_guest_each - where guest memory is in the VMM's
 * @vq: the queue whose guest it is
 * @x: the copy that might be made from there
 * @fn: called with each piece that is in one place, see vhx_xfer_each()
 * @arg: handed to @fn
 *
 * A translation that is missing is not asked for: who copies after all does that.
 *
 * Context: the queue's handler; sleeps if @fn does.
 * Return: 0; -EFAULT; or what @fn returned.
 */
int vhx_guest_each(struct vhx_vq *vq, const struct vhx_xfer *x,
		   int (*fn)(const struct vhx_seg *here, void *arg), void *arg)
{
	lockdep_assert_held(&vq->lock);
	return vhx_xfer_each(vhx_guest_view(vq), x, fn, arg);
}

/**
 * vhx_guest_write - copy to guest memory, and log it
 * @vq: the queue whose guest it is
 * @x: the copy
 *
 * What was written in part before a translation was missing is logged when all of it is.
 *
 * Context: the queue's handler; sleeps.
 * Return: as vhx_guest_read(); -EIO when the log cannot be written and the queue was stopped: the
 * buffer must not be given back then.
 */
int vhx_guest_write(struct vhx_vq *vq, const struct vhx_xfer *x)
{
	struct vhx_iotlb_view *v = vhx_guest_view(vq);
	int err;

	lockdep_assert_held(&vq->lock);
	err = vhx_xfer_write(v, x);
	if (err)
		return vhx_guest_missed(vq, err);
	if (vhx_vq_has(vq, VHOST_F_LOG_ALL) && vhx_log_copied(vq, v, x))
		return -EIO;
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_guest_write);
