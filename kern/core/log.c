// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration log, see log.h. errno, and what is checked when, as in-tree's; but a log that
 * turns out not to be there when it is to be written stops the queue instead of being passed
 * over: a page that is lost would be lost in silence.
 */
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "dev.h"
#include "log.h"
#include "vq.h"
#include "xfer.h"

/* ---- write it ---- */

/* Tell who asked for it that there is something in the log. */
static void vhx_log_tell(struct vhx_vq *vq, const struct vhx_dirty *d)
{
	if (d->pages)
		vhx_vq_count(vq, VHX_QSTAT_DIRTY_PAGES, d->pages);
	if (vq->log.ctx)
		eventfd_signal(vq->log.ctx);
}

/* One chain, as far as it was written. Return: 0 or -EFAULT. */
static int vhx_log_chain(struct vhx_dirty *d, const struct vhx_log_batch *b, u32 i)
{
	const struct vhx_chain *c = &b->chain[i];
	const struct vhx_seg *seg = &b->seg[c->seg];
	u32 n, part, len = b->done[i].len;
	int err;

	for (n = c->nin; n && len; n--, seg++) {
		part = min_t(unsigned long, len, seg->len);
		err = vhx_dirty_uaddr(d, seg->addr, part);
		if (err)
			return err;
		len -= part;
	}
	return 0;
}

/**
 * vhx_log_buffers - log what was written to buffers
 * @vq: the queue, with VHOST_F_LOG_ALL
 * @b: the buffers
 *
 * Segments came from the table that the handler has; they are looked up in the one there is now.
 * Memory that another table has moved since is marked where it is, and what is no longer
 * the guest's not at all.
 *
 * Context: the queue's handler.
 * Return: 0, or -EFAULT when the log cannot be written and the queue was stopped. The buffers must
 * not be given back then.
 */
int vhx_log_buffers(struct vhx_vq *vq, const struct vhx_log_batch *b)
{
	struct vhx_dirty d;
	int err = 0;
	u32 i;

	vhx_dirty_begin(&d, vq->log.base, vhx_dev_mem(vq->dev));
	for (i = 0; d.mt && i < b->n && !err; i++)
		err = vhx_log_chain(&d, b, i);
	err = err ?: vhx_dirty_end(&d);
	vhx_log_tell(vq, &d);
	if (unlikely(err))
		vhx_vq_break(vq, err);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_log_buffers);

/**
 * vhx_log_copied - log what a copy to guest memory wrote
 * @vq: the queue, with VHOST_F_LOG_ALL
 * @v: what the copy was translated by
 * @x: the copy
 *
 * Context: the queue's handler.
 * Return: as vhx_log_buffers().
 */
int vhx_log_copied(struct vhx_vq *vq, struct vhx_iotlb_view *v, const struct vhx_xfer *x)
{
	struct vhx_dirty d;
	int err = 0;

	vhx_dirty_begin(&d, vq->log.base, vhx_dev_mem(vq->dev));
	if (d.mt)
		err = vhx_xfer_mark(v, x, &d);
	err = err ?: vhx_dirty_end(&d);
	vhx_log_tell(vq, &d);
	if (unlikely(err))
		vhx_vq_break(vq, err);
	return err;
}

/* A place of the ring in a vIOMMU's addresses, whose translations stand still. */
static int vhx_log_translated(struct vhx_vq *vq, struct vhx_dirty *d, const struct vhx_seg *place)
{
	u64 iova = place->addr, left = place->len, part;
	struct vhx_seg seg;
	int err;

	for (; left; iova += part, left -= part) {
		err = vhx_iotlb_find(&vq->view, &seg, iova, VHX_PERM_WO);
		if (err)
			return err;
		part = min_t(u64, left, seg.len);
		err = vhx_dirty_uaddr(d, seg.addr, part);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Is the ring logged where the memory table has it? A VMM says where the guest has the used ring,
 * since it may have it anywhere in its own address space; but of a packed ring, and with a vIOMMU,
 * it has no words for that.
 */
static bool vhx_log_by_table(const struct vhx_vq *vq)
{
	return vq->ring.packed || vq->ring.view;
}

/* What was written to a place of the ring. */
static int vhx_log_place(struct vhx_vq *vq, struct vhx_dirty *d, const struct vhx_seg *place)
{
	if (vhx_log_by_table(vq)) {
		if (!d->mt)
			return 0;
		if (vq->ring.view)
			return vhx_log_translated(vq, d, place);
		return vhx_dirty_uaddr(d, place->addr, place->len);
	}
	return vhx_dirty_gpa(d, vq->log.used_gpa + (place->addr - vq->ring.used), place->len);
}

static int vhx_log_ring(struct vhx_vq *vq, const struct vhx_seg *place, u32 n)
{
	struct vhx_dirty d;
	int err = 0;
	u32 i;

	vhx_dirty_begin(&d, vq->log.base, vhx_dev_mem(vq->dev));
	for (i = 0; i < n && !err; i++)
		err = vhx_log_place(vq, &d, &place[i]);
	err = err ?: vhx_dirty_end(&d);
	vhx_log_tell(vq, &d);
	return err;
}

/**
 * vhx_log_pushed - a push wrote used entries and their index, or used descriptors
 * @vq: the queue, with VHOST_VRING_F_LOG
 * @from: its ring's last_used before the push
 *
 * The guest may have seen them already. No matter: what counts is that they are logged before
 * the queue's lock is let go of, since whoever takes the last copy of memory stops the queue.
 *
 * Context: the queue's handler.
 * Return: 0, or -EFAULT when the log cannot be written.
 */
int vhx_log_pushed(struct vhx_vq *vq, u16 from)
{
	struct vhx_seg place[VHX_DIRTY_PLACES];

	return vhx_log_ring(vq, place, vhx_dirty_pushed(&vq->ring, from, place));
}

/**
 * vhx_log_wished - the ring was written to ask for kicks, or for none
 * @vq: the queue, with VHOST_VRING_F_LOG
 *
 * Context: the queue's handler.
 * Return: 0, or -EFAULT when the log cannot be written.
 */
int vhx_log_wished(struct vhx_vq *vq)
{
	struct vhx_seg place;

	return vhx_log_ring(vq, &place, vhx_dirty_wished(&vq->ring, &place));
}

/**
 * vhx_log_started - the ring was written to start it
 * @vq: the queue, with VHOST_VRING_F_LOG
 *
 * Context: the owner's process; @vq->lock.
 * Return: 0, or -EFAULT when the log cannot be written.
 */
int vhx_log_started(struct vhx_vq *vq)
{
	struct vhx_seg place;

	return vhx_log_ring(vq, &place, vhx_dirty_started(&vq->ring, &place));
}

/* ---- where it is ---- */

static bool vhx_log_span_ok(u64 base, u64 gpa, u64 size)
{
	struct vhx_seg bits;

	return vhx_dirty_span(base, gpa, size, &bits) &&
	       access_ok((void __user *)bits.addr, bits.len);
}

/**
 * vhx_log_ok - does a queue's log lie where a user may have memory
 * @vq: the queue
 * @v: the log, what it has to cover
 *
 * Whether there is memory, nobody knows before it is written.
 *
 * Context: process; @vq->lock.
 */
bool vhx_log_ok(const struct vhx_vq *vq, const struct vhx_log_view *v)
{
	const bool all = v->all || (vq->log.used && vhx_log_by_table(vq));
	u32 i;

	for (i = 0; all && v->mt && i < v->mt->n; i++) {
		const struct vhx_region *rg = &v->mt->region[i];

		if (!vhx_log_span_ok(v->base, rg->gpa, rg->last - rg->gpa + 1))
			return false;
	}
	return !vq->log.used || vhx_log_by_table(vq) ||
	       vhx_log_span_ok(v->base, vq->log.used_gpa,
			       vhx_ring_used_size(&vq->ring));
}

/* Can all running queues log to a bitmap? v->all is set here for those that log already. */
static bool vhx_log_running_ok(struct vhx_dev *dev, const struct vhx_log_view *v)
{
	struct vhx_log_view one = *v;
	bool ok = true;
	u32 i;

	for (i = 0; ok && i < dev->nvqs; i++) {
		struct vhx_vq *vq = dev->vq[i];

		mutex_lock(&vq->lock);
		one.all = v->all || vhx_vq_has(vq, VHOST_F_LOG_ALL);
		if (vq->backend)
			ok = vhx_log_ok(vq, &one);
		mutex_unlock(&vq->lock);
	}
	return ok;
}

/**
 * vhx_log_ready - may VHOST_F_LOG_ALL be acknowledged
 * @dev: device
 *
 * Context: process; @dev->lock.
 */
bool vhx_log_ready(struct vhx_dev *dev)
{
	const struct vhx_log_view v = {
		.base = dev->vq[0]->log.base,	/* all have the same */
		.mt = vhx_dev_mem(dev),
		.all = true,
	};

	return vhx_log_running_ok(dev, &v);
}
EXPORT_SYMBOL_GPL(vhx_log_ready);

/**
 * vhx_log_set_base - VHOST_SET_LOG_BASE
 * @dev: device
 * @argp: the bitmap's user address
 *
 * Context: process, the owner's; @dev->lock.
 * Return: 0, or -EFAULT, and then all queues have the log they had.
 */
long vhx_log_set_base(struct vhx_dev *dev, const void __user *argp)
{
	struct vhx_log_view v = { .mt = vhx_dev_mem(dev) };
	u32 i;

	if (copy_from_user(&v.base, argp, sizeof(v.base)))
		return -EFAULT;
	if (v.base != (unsigned long)v.base)
		return -EFAULT;
	if (!vhx_log_running_ok(dev, &v))
		return -EFAULT;

	for (i = 0; i < dev->nvqs; i++) {
		/* A handler that writes the old log has the lock. */
		mutex_lock(&dev->vq[i]->lock);
		dev->vq[i]->log.base = v.base;
		mutex_unlock(&dev->vq[i]->lock);
	}
	return 0;
}

/* Context: @dev->lock. */
static void vhx_log_swap_ctx(struct vhx_dev *dev, struct eventfd_ctx *ctx)
{
	u32 i;

	swap(dev->log_ctx, ctx);
	for (i = 0; i < dev->nvqs; i++) {
		mutex_lock(&dev->vq[i]->lock);
		dev->vq[i]->log.ctx = dev->log_ctx;
		mutex_unlock(&dev->vq[i]->lock);
	}
	if (ctx)
		eventfd_ctx_put(ctx);
}

/**
 * vhx_log_set_fd - VHOST_SET_LOG_FD
 * @dev: device
 * @argp: an eventfd, or -1 for none
 *
 * Context: process, the owner's; @dev->lock.
 * Return: 0, -EFAULT, -EBADF, or -EINVAL when the fd is something else.
 */
long vhx_log_set_fd(struct vhx_dev *dev, const void __user *argp)
{
	struct eventfd_ctx *ctx = NULL;
	int fd;

	if (get_user(fd, (const int __user *)argp))
		return -EFAULT;
	if (fd != VHOST_FILE_UNBIND)
		ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	vhx_log_swap_ctx(dev, ctx);
	return 0;
}

/**
 * vhx_log_release - let go of what the log holds
 * @dev: device; every queue is stopped
 *
 * Context: process; sleeps.
 */
void vhx_log_release(struct vhx_dev *dev)
{
	vhx_log_swap_ctx(dev, NULL);
}
