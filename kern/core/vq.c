// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues, see vq.h: from a kick, which wait.c waits for, to the class's handler, from the handler to
 * a call.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/uaccess.h>

#include "dev.h"
#include "trace.h"
#include "vq.h"
#include "vq_ring.h"

/**
 * vhx_vq_queue - have a queue's worker look at it
 * @vq: the queue
 *
 * Context: any.
 */
void vhx_vq_queue(struct vhx_vq *vq)
{
	struct vhx_worker *w;

	rcu_read_lock();
	w = rcu_dereference(vq->worker);
	if (w)
		vhx_worker_queue(w, &vq->work);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vhx_vq_queue);

/* Before the first SET_MEM_TABLE: every address is nowhere. */
static const struct vhx_memtbl vhx_vq_no_memory;

/**
 * vhx_vq_set_phys - the queue's memory is pinned, and its addresses are a table's of its own
 * @vq: the queue, running or not
 * @mt: sealed table from the guest's to kernel addresses, or NULL: there is no memory. Stays until
 *	another is set
 *
 * Nobody uses the former table when this returns: a handler runs under the lock.
 *
 * Context: @vq->lock.
 */
void vhx_vq_set_phys(struct vhx_vq *vq, const struct vhx_memtbl *mt)
{
	lockdep_assert_held(&vq->lock);
	vq->phys = true;
	vq->view.mt = mt ?: &vhx_vq_no_memory;
	vq->ring.view = &vq->view;
}
EXPORT_SYMBOL_GPL(vhx_vq_set_phys);

/* With a vIOMMU: its translations stand still meanwhile. */
static void vhx_vq_run_translated(struct vhx_vq *vq)
{
	struct vhx_msgs *m = &vq->dev->msgs;

	down_read(&m->sem);
	if (vhx_miss_none(vq)) {
		vq->mem = vq->view.mt;
		vq->handle(vq);
		vq->mem = NULL;
	}
	up_read(&m->sem);
}

static void vhx_vq_run(struct vhx_work *work, struct vhx_worker *w)
{
	struct vhx_vq *vq = container_of(work, struct vhx_vq, work);

	mutex_lock(&vq->lock);
	if (!vq->backend || vq->broken)
		goto out;

	vq->runner = w;
	if (READ_ONCE(vq->kicked)) {
		WRITE_ONCE(vq->kicked, false);
		vhx_vq_count(vq, VHX_QSTAT_KICKS, 1);
		trace_vhx_kick(vq);
	}
	if (unlikely(vq->ring.view) && !vq->phys) {
		vhx_vq_run_translated(vq);
		goto out;
	}
	vq->mem = (vq->phys ? vq->view.mt : vhx_dev_mem(vq->dev)) ?: &vhx_vq_no_memory;
	vq->handle(vq);
	vq->mem = NULL;
out:
	mutex_unlock(&vq->lock);
}

/**
 * vhx_vq_init - make a queue
 * @vq: zeroed
 * @dev: device
 * @index: its index there
 * @handle: the class's work; called in the worker's thread with @vq->lock held, a backend set
 *	and @vq->mem valid. It may sleep, and gives up after a bounded amount of work, having
 *	queued itself again
 */
void vhx_vq_init(struct vhx_vq *vq, struct vhx_dev *dev, u32 index,
		 void (*handle)(struct vhx_vq *vq))
{
	mutex_init(&vq->lock);
	vq->dev = dev;
	vq->index = index;
	vq->handle = handle;
	vq->work.fn = vhx_vq_run;
	vhx_miss_init(&vq->miss);
	vhx_poll_init(&vq->kick_poll, vq, EPOLLIN, true);
	vhx_vq_reset(vq);
}
EXPORT_SYMBOL_GPL(vhx_vq_init);

/* The ring's share of the features. */
static void vhx_vq_learn_features(struct vhx_vq *vq)
{
	struct vhx_ring *r = &vq->ring;

	r->armed = false;
	r->event_idx = vhx_vq_has(vq, VIRTIO_RING_F_EVENT_IDX);
	r->indirect = vhx_vq_has(vq, VIRTIO_RING_F_INDIRECT_DESC);
	r->packed = vhx_vq_has(vq, VIRTIO_F_RING_PACKED);
	r->out_only = vq->out_only;
	r->skip = r->out_only && vhx_vq_has(vq, VIRTIO_F_IN_ORDER);
	/* A legacy ring is in the guest's byte order, taken for the host's. */
	r->swap = IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) &&
		  vhx_vq_has(vq, VIRTIO_F_VERSION_1);
}

/**
 * vhx_vq_reset - forget what a VMM set
 * @vq: the queue, stopped, its eventfds gone
 *
 * Features stay, since they are of no use without a SET_FEATURES of the next owner's; but for
 * LOG_ALL, whose log went with the last one.
 */
void vhx_vq_reset(struct vhx_vq *vq)
{
	mutex_lock(&vq->lock);
	memset(&vq->ring, 0, sizeof(vq->ring));
	memset(&vq->log, 0, sizeof(vq->log));
	/* In-tree vhost's size before SET_VRING_NUM; access checks see it. */
	vq->ring.num = 1;
	vq->features[0] &= ~BIT_ULL(VHOST_F_LOG_ALL);
	vhx_vq_learn_features(vq);
	vq->busyloop_us = 0;
	vq->broken = false;
	vq->ran = false;
	vq->over = false;
	mutex_unlock(&vq->lock);
}

/**
 * vhx_vq_flush - wait until the queue's handler, if it was queued, has run
 * @vq: the queue
 *
 * Context: process, sleeps; @vq->lock must not be held.
 */
void vhx_vq_flush(struct vhx_vq *vq)
{
	/* A worker goes under the device's lock, which, or the last reference, the caller has. */
	struct vhx_worker *w = vhx_vq_worker(vq);

	if (w)
		vhx_worker_flush(w);
}
EXPORT_SYMBOL_GPL(vhx_vq_flush);

/**
 * vhx_vq_release - let go of everything a queue holds
 * @vq: the queue; its backend is gone
 *
 * Context: process, sleeps.
 */
void vhx_vq_release(struct vhx_vq *vq)
{
	mutex_lock(&vq->lock);
	vhx_poll_stop(&vq->kick_poll);
	mutex_unlock(&vq->lock);
	vhx_vq_flush(vq);

	if (vq->kick)
		fput(vq->kick);
	if (vq->call)
		eventfd_ctx_put(vq->call);
	if (vq->err)
		eventfd_ctx_put(vq->err);
	vq->kick = NULL;
	vq->call = NULL;
	vq->err = NULL;
}

/**
 * vhx_vq_may_set_features - may these features be acknowledged now?
 * @vq: the queue
 * @features: virtio features, VHX_FEATURE_WORDS of them
 *
 * A VMM changes some under a running queue, as it starts to log. The ring's format it cannot.
 *
 * Context: @vq->lock.
 */
bool vhx_vq_may_set_features(const struct vhx_vq *vq, const u64 *features)
{
	lockdep_assert_held(&vq->lock);
	return !vq->backend ||
	       !((features[0] ^ vq->features[0]) & BIT_ULL(VIRTIO_F_RING_PACKED));
}
EXPORT_SYMBOL_GPL(vhx_vq_may_set_features);

/**
 * vhx_vq_set_features - acknowledge features
 * @vq: the queue, running or not
 * @features: virtio features for which vhx_vq_may_set_features() is true
 *
 * Context: @vq->lock.
 */
void vhx_vq_set_features(struct vhx_vq *vq, const u64 *features)
{
	lockdep_assert_held(&vq->lock);
	memcpy(vq->features, features, sizeof(vq->features));
	vhx_vq_learn_features(vq);
}
EXPORT_SYMBOL_GPL(vhx_vq_set_features);

/**
 * vhx_vq_access_ok - do the rings, and the log, lie where a user may have memory
 * @vq: the queue
 * @mt: guest memory, or NULL
 *
 * Context: the owner's process; @vq->lock.
 */
bool vhx_vq_access_ok(const struct vhx_vq *vq, const struct vhx_memtbl *mt)
{
	const struct vhx_log_view log = {
		.base = vq->log.base,
		.mt = mt,
		.all = vhx_vq_has(vq, VHOST_F_LOG_ALL),
	};
	const struct vhx_ring *r = &vq->ring;

	if (!vhx_log_ok(vq, &log))
		return false;
	/* A vIOMMU's addresses are judged one by one, as they are used. */
	if (r->view)
		return true;
	return access_ok(u64_to_user_ptr(r->desc), vhx_ring_desc_size(r)) &&
	       access_ok(u64_to_user_ptr(r->avail), vhx_ring_avail_size(r)) &&
	       access_ok(u64_to_user_ptr(r->used), vhx_ring_used_size(r));
}
EXPORT_SYMBOL_GPL(vhx_vq_access_ok);

/**
 * vhx_vq_start - start a queue
 * @vq: the queue, stopped
 * @backend: the class's, not NULL
 *
 * With a vIOMMU, the used index must have been translated before.
 *
 * Context: the owner's process, since the used index is read from guest memory; the device's
 * lock and @vq->lock.
 * Return: 0, -EFAULT, -ENOMEM, or -EINVAL when size, base and alignment make no ring.
 */
int vhx_vq_start(struct vhx_vq *vq, void *backend)
{
	int err, unlogged = 0;

	lockdep_assert_held(&vq->lock);
	err = vhx_worker_equip(vhx_vq_worker(vq));
	if (err)
		return err;
	if (vq->ring.view)
		down_read(&vq->dev->msgs.sem);
	err = vhx_vq_ring(vq, start);
	if (unlikely(vq->log.used) && !err)
		unlogged = vhx_log_started(vq);
	if (vq->ring.view)
		up_read(&vq->dev->msgs.sem);
	if (err)
		return err;

	vq->broken = false;
	vq->backend = backend;
	if (vq->kick)
		err = vhx_poll_start(&vq->kick_poll, vq->kick);
	if (err) {
		vq->backend = NULL;
		return err;
	}
	if (unlikely(unlogged))
		vhx_vq_break(vq, unlogged);
	/* What the guest posted before was perhaps kicked before anyone listened. */
	vhx_vq_queue(vq);
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_vq_start);

/**
 * vhx_vq_stop - stop a queue
 * @vq: the queue; stopped already is fine
 *
 * The handler is not running and will not run: both take @vq->lock. What it had taken from the
 * ring it has given back or completed, so that GET_VRING_BASE is exact.
 *
 * Context: process; @vq->lock.
 * Return: the backend it had, for the caller to put.
 */
void *vhx_vq_stop(struct vhx_vq *vq)
{
	void *backend = vq->backend;

	lockdep_assert_held(&vq->lock);
	vq->backend = NULL;
	vq->ran |= !!backend;
	vhx_poll_stop(&vq->kick_poll);
	vhx_miss_drop(vq);
	return backend;
}
EXPORT_SYMBOL_GPL(vhx_vq_stop);

/**
 * vhx_vq_break - stop serving a ring that is illegal
 * @vq: the queue
 * @err: what was wrong: -EINVAL its contents, -EFAULT its memory, -EPERM the vIOMMU does not allow
 *	what it asks for
 *
 * The VMM is told by the err eventfd, everybody else by a counter and a tracepoint; the guest
 * pays for no more than that. A stop and start makes the queue whole.
 *
 * Context: the queue's handler.
 */
void vhx_vq_break(struct vhx_vq *vq, int err)
{
	if (vq->broken)
		return;
	vq->broken = true;
	vhx_vq_count(vq, VHX_QSTAT_BAD_RINGS, 1);
	trace_vhx_bad_ring(vq, err);
	if (vq->err)
		eventfd_signal(vq->err);
	if (vq->dev->class->broken)
		vq->dev->class->broken(vq);
}
EXPORT_SYMBOL_GPL(vhx_vq_break);

/**
 * vhx_vq_pull - take chains off a queue's ring
 * @vq: the queue
 * @p: how many, and where to, see vhx_ring_pull()
 *
 * Context: the queue's handler.
 * Return: chains taken, 0 when there are none; -EAGAIN when the next one waits for the vIOMMU, who
 * has the queue queued again; negative else when the ring is illegal and the queue was stopped.
 */
int vhx_vq_pull(struct vhx_vq *vq, struct vhx_pull *p)
{
	int err;

	vq->view.perm = 0;
	err = vhx_vq_ring(vq, pull, vq->mem, p);
	if (p->ndesc)
		vhx_vq_count(vq, VHX_QSTAT_DESCRIPTORS, p->ndesc);
	if (unlikely(vq->view.perm) && !vq->phys) {
		vhx_miss_post(vq);
		if (err)
			return -EAGAIN;
	}
	if (unlikely(err)) {
		vhx_vq_break(vq, err);
		return err;
	}
	if (p->nchain) {
		vhx_vq_count(vq, VHX_QSTAT_BATCHES, 1);
		trace_vhx_pull(vq, p->nchain, p->ndesc);
	}
	return p->nchain;
}
EXPORT_SYMBOL_GPL(vhx_vq_pull);

/**
 * vhx_vq_unpull - put chains back, as if they had not been taken
 * @vq: the queue
 * @chain: the last @n chains that were taken
 * @n: how many
 *
 * Context: the queue's handler.
 */
void vhx_vq_unpull(struct vhx_vq *vq, const struct vhx_chain *chain, u32 n)
{
	vhx_vq_ring(vq, unpull, chain, n);
}
EXPORT_SYMBOL_GPL(vhx_vq_unpull);

/**
 * vhx_vq_pending - chains the guest has posted and nobody has taken
 * @vq: the queue
 *
 * Context: the queue's handler.
 * Return: how many; negative when the ring is illegal, which the next pull will act on.
 */
int vhx_vq_pending(struct vhx_vq *vq)
{
	return vhx_vq_ring(vq, pending);
}
EXPORT_SYMBOL_GPL(vhx_vq_pending);

/**
 * vhx_vq_quiet - may a handler leave out vhx_vq_busy() and vhx_vq_rest()? See vhx_ring_quiet()
 * @vq: the queue
 *
 * Context: the queue's handler, at its beginning.
 */
bool vhx_vq_quiet(struct vhx_vq *vq)
{
	return vhx_vq_ring(vq, quiet);
}
EXPORT_SYMBOL_GPL(vhx_vq_quiet);

/**
 * vhx_vq_push - give chains back to the guest, and interrupt it if it wants that
 * @vq: the queue
 * @done: the chains, in the order they are to appear
 * @n: how many; 0 is fine
 *
 * Context: the queue's handler.
 * Return: 0, or negative when the ring is illegal and the queue was stopped.
 */
int vhx_vq_push(struct vhx_vq *vq, const struct vhx_done *done, u32 n)
{
	const u16 from = vq->ring.last_used;
	int err;

	if (!n)
		return 0;
	err = vhx_vq_ring(vq, push, done, n);
	if (unlikely(vq->log.used) && !err)
		err = vhx_log_pushed(vq, from);
	if (unlikely(err)) {
		/* The guest never hears of entries that were not written (R22). */
		vhx_vq_break(vq, err);
		return err;
	}
	trace_vhx_push(vq, n);
	vhx_vq_call(vq);
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_vq_push);

/**
 * vhx_vq_busy - ask the guest not to kick, the queue is being served
 * @vq: the queue
 *
 * Context: the queue's handler.
 */
void vhx_vq_busy(struct vhx_vq *vq)
{
	/* Of a split ring with EVENT_IDX nothing is written. */
	const bool writes = !vq->ring.kick_off && (vq->ring.packed || !vq->ring.event_idx);
	int err = vhx_vq_ring(vq, kick_off);

	if (unlikely(vq->log.used) && writes && !err)
		err = vhx_log_wished(vq);
	if (unlikely(err))
		vhx_vq_break(vq, err);
}
EXPORT_SYMBOL_GPL(vhx_vq_busy);

/**
 * vhx_vq_rest - ask the guest to kick, the queue has nothing to do
 * @vq: the queue
 *
 * Context: the queue's handler.
 * Return: true if chains appeared meanwhile, which no kick may tell of: go on. Kicks are off
 * again then.
 */
bool vhx_vq_rest(struct vhx_vq *vq)
{
	int more = vhx_vq_ring(vq, kick_on);

	if (unlikely(vq->log.used) && more >= 0 && vhx_log_wished(vq))
		more = -EFAULT;
	if (unlikely(more < 0)) {
		vhx_vq_break(vq, more);
		return false;
	}
	if (!more)
		return false;
	vhx_vq_busy(vq);
	return !vq->broken;
}
EXPORT_SYMBOL_GPL(vhx_vq_rest);
