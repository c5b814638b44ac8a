// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host is bound to its endpoint, and let go of: that is when its queues run. All of it is under
 * the device's lock.
 */
#include "host.h"
#include "order.h"
#include "trace.h"

/*
 * A VMM sets up as many queues as its guest has, of those that there are. A guest that had more, as
 * a kernel has where firmware comes after it, left those where they were, in memory that is now used for
 * something else.
 */
static bool vhx_bind_is_set_up(const struct vhx_vq *vq)
{
	return !vq->over && vq->ring.desc && vq->ring.avail && vq->ring.used;
}

/**
 * vhx_scsi_access_ok - do all rings lie where a user may have memory
 * @h: host
 *
 * Context: process, sleeps; the device's lock.
 */
bool vhx_scsi_access_ok(struct vhx_scsi_host *h)
{
	const struct vhx_memtbl *mt = vhx_dev_mem(&h->dev);
	bool ok = mt || h->dev.msgs.iotlb;
	u32 i;

	for (i = 0; ok && i < h->nvqs; i++) {
		mutex_lock(&h->vqs[i]->lock);
		ok = vhx_vq_access_ok(h->vqs[i], mt);
		mutex_unlock(&h->vqs[i]->lock);
	}
	return ok;
}

/* Context: the queue's lock. */
static int vhx_bind_start(struct vhx_scsi_host *h, u32 i)
{
	struct vhx_scsi_queue *q = &h->queue[i];
	int err;

	if (!vhx_bind_is_set_up(&q->vq))
		return 0;
	INIT_LIST_HEAD(&q->answers);
	q->swept = 0;
	/* Events go as they come: each in a buffer that was taken for it. */
	err = i == VHX_SCSI_VQ_EVENT ? 0 : vhx_scsi_order_start(q);
	if (err)
		return err;
	if (i != VHX_SCSI_VQ_EVENT)
		vhx_aq_attach(&q->aq, &q->vq, h->ep,
			      i < VHX_SCSI_VQ_REQ ? 0 : i - VHX_SCSI_VQ_REQ);
	err = vhx_vq_start(&q->vq, h);
	if (err && i != VHX_SCSI_VQ_EVENT)
		vhx_aq_detach(&q->aq);
	return err;
}

/* ---- does the guest go on, or begin anew? ---- */

/* Context: the queue's lock. */
static bool vhx_bind_moved(const struct vhx_scsi_queue *q, bool again)
{
	const bool runs = vhx_bind_is_set_up(&q->vq);

	if (again && q->ran)
		return !runs || vhx_vq_base(&q->vq) != q->base;
	return runs && vhx_vq_base(&q->vq) != vhx_vq_base_first(&q->vq);
}

/*
 * A VMM goes on after a pause with its queues where they stopped, and after a migration, with an fd
 * that was never bound, where they stopped elsewhere. A guest that boots, or loads its driver, has
 * them at their beginning. And nobody goes on with what began anew for somebody else meanwhile, or
 * what the last VMM that had it has left behind: the guest was elsewhere then.
 */
static bool vhx_bind_is_anew(struct vhx_scsi_host *h)
{
	const bool again = h->nexus;
	bool moved = false;
	u32 i;

	if (!vhx_endpoint_is_held(h->ep) || (again && h->nexus != h->ep->nexus_id))
		return true;
	for (i = 0; i < h->nvqs && !moved; i++) {
		mutex_lock(&h->vqs[i]->lock);
		moved = vhx_bind_moved(&h->queue[i], again);
		mutex_unlock(&h->vqs[i]->lock);
	}
	return again == moved;
}

/* What the next bind is compared with. Context: the queue's lock; stopped, or about to be. */
static void vhx_bind_remember(struct vhx_scsi_queue *q)
{
	q->ran = q->vq.backend;
	q->base = vhx_vq_base(&q->vq);
}

/* ---- bind, drain, unbind ---- */

/* Return: 0 or negative: some of the queues may run. */
static long vhx_bind_start_all(struct vhx_scsi_host *h)
{
	long err = 0;
	u32 i;

	if (vhx_bind_is_anew(h))
		err = vhx_endpoint_begin(h->ep);
	/* The control queue last: its handler looks at which of the others run. */
	for (i = h->nvqs; i-- > 0 && !err;) {
		mutex_lock(&h->vqs[i]->lock);
		err = vhx_bind_start(h, i);
		mutex_unlock(&h->vqs[i]->lock);
	}
	return err;
}

/**
 * vhx_scsi_bind - bind a host to an endpoint, and have its queues run
 * @h: host, bound to none
 * @name: the endpoint's
 *
 * If its guest begins anew the agent hears of that first.
 *
 * Context: the owner's process, sleeps; the device's lock.
 * Return: 0; -ENODEV there is no such endpoint; -EBUSY another host has it; -ENOMEM; or as
 * vhx_vq_start().
 */
long vhx_scsi_bind(struct vhx_scsi_host *h, const char *name)
{
	struct vhx_endpoint *ep = vhx_endpoint_use(VHX_ENDPOINT_SCSI, name);
	long err;

	if (IS_ERR(ep))
		return PTR_ERR(ep);
	h->ep = ep;
	h->draining = false;
	h->sweep = 0;
	err = vhx_bind_start_all(h);
	if (err) {
		vhx_scsi_unbind(h);
		return err;
	}
	h->bound = true;
	h->nexus = vhx_endpoint_hold(h->ep, h->nexus);
	vhx_scsi_event_listen(h);
	vhx_scsi_nl_bound(h, name);
	trace_vhx_scsi_bind(h, true);
	return 0;
}

/**
 * vhx_scsi_drain - take nothing more, and wait until all that was taken is answered
 * @h: host, bound
 *
 * While the agent is away it is waited for: a guest that is migrated or paused must not lose what
 * it asked for. Until the next bind nothing is taken.
 *
 * Context: process, sleeps; the device's lock.
 * Return: 0, or negative when the caller was killed.
 */
int vhx_scsi_drain(struct vhx_scsi_host *h)
{
	struct vhx_vq *ctl = h->vqs[VHX_SCSI_VQ_CTL];
	int err = 0;
	u32 i;

	/* All, before one is waited for: a function may wait for each to have a look. */
	for (i = VHX_SCSI_VQ_REQ; i < h->nvqs; i++)
		if (h->vqs[i]->backend)
			vhx_aq_hold(&h->queue[i].aq);
	mutex_lock(&ctl->lock);
	h->draining = true;
	mutex_unlock(&ctl->lock);

	for (i = VHX_SCSI_VQ_REQ; i < h->nvqs && !err; i++)
		if (h->vqs[i]->backend)
			err = vhx_aq_drain(&h->queue[i].aq);
	if (!err && ctl->backend)
		err = vhx_vq_await(ctl, &h->drained, &h->tmfs);
	return err;
}

/**
 * vhx_scsi_unbind - stop a host's queues, and let go of its endpoint
 * @h: host, bound
 *
 * What is under way is dropped: nothing touches the guest's memory afterwards. Waits for no agent.
 *
 * Context: process, sleeps; the device's lock, or the last reference.
 */
void vhx_scsi_unbind(struct vhx_scsi_host *h)
{
	u32 i;

	/* Nobody is told of anything any more once this returns. */
	vhx_endpoint_listen(h->ep, NULL);
	vhx_scsi_nl_unbound(h);
	trace_vhx_scsi_bind(h, false);
	for (i = 0; i < h->nvqs; i++) {
		struct vhx_scsi_queue *q = &h->queue[i];

		mutex_lock(&q->vq.lock);
		if (h->bound)
			vhx_bind_remember(q);
		if (vhx_vq_stop(&q->vq)) {
			if (i == VHX_SCSI_VQ_CTL)
				vhx_scsi_ctl_forget(h);
			if (i != VHX_SCSI_VQ_EVENT)
				vhx_aq_detach(&q->aq);
			INIT_LIST_HEAD(&q->answers);
		}
		vhx_scsi_order_stop(q);
		mutex_unlock(&q->vq.lock);
	}
	vhx_scsi_event_forget(h);
	/* Nobody queues them any more, but they may be queued. */
	vhx_dev_flush(&h->dev);
	h->bound = false;
	vhx_endpoint_unuse(h->ep);
	h->ep = NULL;
}
