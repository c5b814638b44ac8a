// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue's requests, see agent.h: which goes next, and what comes back. All is the handler's,
 * under the virtqueue's lock, but for @back, where the agent's task and the session's end put what
 * is the virtqueue's again.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "agent.h"
#include "areq.h"
#include "session.h"
#include "trace.h"
#include "vq.h"

/**
 * vhx_aq_attach - have a virtqueue's requests go to an endpoint
 * @aq: to be filled in
 * @vq: virtqueue, stopped
 * @ep: endpoint in the caller's use
 * @index: which of the device's: it chooses the agent's queue
 *
 * Context: process.
 */
void vhx_aq_attach(struct vhx_aq *aq, struct vhx_vq *vq, struct vhx_endpoint *ep, u32 index)
{
	memset(aq, 0, sizeof(*aq));
	aq->vq = vq;
	aq->ep = ep;
	aq->index = index;
	init_llist_head(&aq->back);
	INIT_LIST_HEAD(&aq->waiting);
	aq->landed_end = &aq->landed;
	spin_lock_init(&aq->lock);
	INIT_LIST_HEAD(&aq->all);
	init_waitqueue_head(&aq->empty);
	INIT_LIST_HEAD(&aq->starved);
	INIT_LIST_HEAD(&aq->tagless);
	spin_lock(&ep->lock);
	list_add_tail(&aq->node, &ep->aqs);
	spin_unlock(&ep->lock);
}
EXPORT_SYMBOL_GPL(vhx_aq_attach);

/**
 * vhx_aq_may_pull - is there a point in taking more from the ring?
 * @aq: virtqueue
 *
 * While a request waits, what is behind it waits in the ring.
 *
 * Context: the virtqueue's handler.
 */
bool vhx_aq_may_pull(const struct vhx_aq *aq)
{
	return list_empty(&aq->waiting) && !READ_ONCE(aq->draining);
}
EXPORT_SYMBOL_GPL(vhx_aq_may_pull);

/* Among those that wait, by age. */
static void vhx_aq_wait(struct vhx_aq *aq, struct vhx_areq *req)
{
	struct vhx_areq *at;

	req->state = VHX_AREQ_WAITING;
	if (req->aborted)
		aq->aborted = true;
	list_for_each_entry(at, &aq->waiting, node)
		if (at->seq > req->seq)
			break;
	/* Before @at, or the head when there is none. */
	list_add_tail(&req->node, &at->node);
}

static void vhx_aq_add_landed(struct vhx_aq *aq, struct vhx_areq *req)
{
	req->back.next = NULL;
	*aq->landed_end = &req->back;
	aq->landed_end = &req->back.next;
}

static struct vhx_areq *vhx_aq_next_landed(struct vhx_aq *aq)
{
	struct llist_node *first = aq->landed;

	if (!first)
		return NULL;
	aq->landed = first->next;
	if (!aq->landed)
		aq->landed_end = &aq->landed;
	return llist_entry(first, struct vhx_areq, back);
}

/* The one that was taken last is the next again. */
static void vhx_aq_unland(struct vhx_aq *aq, struct vhx_areq *req)
{
	req->back.next = aq->landed;
	if (!aq->landed)
		aq->landed_end = &req->back.next;
	aq->landed = &req->back;
}

/* What came back since. */
static void vhx_aq_take_back(struct vhx_aq *aq)
{
	struct vhx_areq *req, *next;
	struct llist_node *list;

	if (llist_empty(&aq->back))
		return;
	list = llist_reverse_order(llist_del_all(&aq->back));
	llist_for_each_entry_safe(req, next, list, back) {
		if (req->state == VHX_AREQ_DONE) {
			vhx_aq_add_landed(aq, req);
			continue;
		}
		vhx_tag_put(req);
		vhx_aq_wait(aq, req);
	}
}

/* It is over. */
static struct vhx_areq *vhx_aq_end(struct vhx_areq *req, int result)
{
	vhx_tag_put(req);
	req->state = VHX_AREQ_DONE;
	req->result = result;
	return req;
}

/* What was answered, as far as it goes. Return: one that is over, or NULL. */
static struct vhx_areq *vhx_aq_land(struct vhx_aq *aq)
{
	struct vhx_areq *req;
	int rc;

	while ((req = vhx_aq_next_landed(aq))) {
		rc = READ_ONCE(req->aborted) ? -ECANCELED : vhx_areq_land(req);
		switch (rc) {
		case -EINPROGRESS:
			aq->bell = true;
			break;
		case -ESHUTDOWN:
			vhx_tag_put(req);
			vhx_aq_wait(aq, req);
			break;
		case -EAGAIN:
			vhx_aq_unland(aq, req);
			return NULL;
		default:
			return vhx_aq_end(req, rc);
		}
	}
	return NULL;
}

/*
 * One that waits and was aborted. What a dead agent had may still be written by it before the fence
 * has passed: until then the guest must not take it for done.
 */
static struct vhx_areq *vhx_aq_land_aborted(struct vhx_aq *aq)
{
	struct vhx_areq *req;

	if (!READ_ONCE(aq->aborted))
		return NULL;
	WRITE_ONCE(aq->aborted, false);
	/* Pairs with the one in vhx_endpoint_abort(): either we see the request's, or it ours. */
	smp_mb();
	list_for_each_entry(req, &aq->waiting, node) {
		if (!READ_ONCE(req->aborted))
			continue;
		/* There may be others. */
		WRITE_ONCE(aq->aborted, true);
		if (req->again && READ_ONCE(aq->ep->fence))
			continue;
		list_del_init(&req->node);
		return vhx_aq_end(req, -ECANCELED);
	}
	return NULL;
}

/* Give @s what waits, as far as it goes. Return: one that cannot be given, or NULL. */
static struct vhx_areq *vhx_aq_give(struct vhx_aq *aq, struct vhx_session *s)
{
	struct vhx_areq *req;
	int rc;

	while ((req = list_first_entry_or_null(&aq->waiting, struct vhx_areq, node))) {
		list_del_init(&req->node);
		rc = vhx_areq_start(req, s);
		if (!rc) {
			aq->bell = true;
			continue;
		}
		if (rc == -EFAULT)
			return vhx_aq_end(req, rc);
		list_add(&req->node, &aq->waiting);
		if (rc == -ECANCELED) {
			WRITE_ONCE(aq->aborted, true);
			return vhx_aq_land_aborted(aq);
		}
		break;
	}
	return NULL;
}

/* Give away what waits, if there is an agent. Return: as vhx_aq_give(). */
static struct vhx_areq *vhx_aq_start(struct vhx_aq *aq)
{
	struct vhx_session *s = NULL;
	struct vhx_areq *req;

	if (!list_empty(&aq->waiting))
		s = vhx_endpoint_session(aq->ep);
	if (!s)
		return NULL;
	req = vhx_aq_give(aq, s);
	vhx_session_put(s);
	return req;
}

/**
 * vhx_aq_leave - a virtqueue wants nothing of a session any more: nobody is to wait behind it either
 * @aq: virtqueue
 * @s: session, which need not be the endpoint's
 *
 * Context: any but interrupts; no lock below the endpoint's.
 */
void vhx_aq_leave(struct vhx_aq *aq, struct vhx_session *s)
{
	vhx_pool_leave(&s->pool, aq);
	vhx_tag_leave(&s->queue[aq->index % s->nqueues], aq);
}

/*
 * Before the handler goes: tell the agent of what it was given, and the session of what is not
 * needed any more.
 */
static void vhx_aq_rest(struct vhx_aq *aq)
{
	const bool hungry = !list_empty_careful(&aq->starved) || !list_empty_careful(&aq->tagless);
	struct vhx_session *s;

	if (!aq->bell && !(hungry && list_empty(&aq->waiting)))
		return;
	s = vhx_endpoint_session(aq->ep);
	if (!s)
		return;
	if (hungry && list_empty(&aq->waiting))
		vhx_aq_leave(aq, s);
	if (aq->bell) {
		vhx_squeue_ring(&s->queue[aq->index % s->nqueues], 0);
		aq->vq->runner->awaits = VHX_AWAIT_AGENT;
	}
	aq->bell = false;
	vhx_session_put(s);
}

/**
 * vhx_aq_collect - a request that is over
 * @aq: virtqueue
 *
 * Copies to the guest what it reads, gives the agent what waits for it, and wakes it when there is
 * no request left to return.
 *
 * Context: the virtqueue's handler; sleeps.
 * Return: the request, the caller's to free, see @result there; NULL when there is none: the
 * virtqueue is queued when there may be one.
 */
struct vhx_areq *vhx_aq_collect(struct vhx_aq *aq)
{
	struct vhx_areq *req;

	lockdep_assert_held(&aq->vq->lock);
	vhx_aq_take_back(aq);
	vhx_nexus_claim(aq);
	for (;;) {
		req = vhx_aq_land(aq) ?: vhx_aq_land_aborted(aq) ?: vhx_aq_start(aq);
		if (!req)
			break;
		trace_vhx_req_end(req);
		if (req->type != VHX_AGENT_REQ_NEXUS)
			break;
		/* Whatever the agent said of it: it is not the class's. */
		vhx_nexus_end(req);
	}
	if (!req)
		vhx_aq_rest(aq);
	return req;
}
EXPORT_SYMBOL_GPL(vhx_aq_collect);

/**
 * vhx_aq_hold - pull nothing more, until the next attach
 * @aq: virtqueue, running
 *
 * Context: process, sleeps; not the virtqueue's lock.
 */
void vhx_aq_hold(struct vhx_aq *aq)
{
	mutex_lock(&aq->vq->lock);
	WRITE_ONCE(aq->draining, true);
	mutex_unlock(&aq->vq->lock);
	/* The class may want to know that its handler has seen it. */
	vhx_vq_queue(aq->vq);
}
EXPORT_SYMBOL_GPL(vhx_aq_hold);

/**
 * vhx_aq_drain - pull nothing more, and wait until no request is left
 * @aq: virtqueue, running
 *
 * A VMM that stops a device wants to know of what is under way; if the agent is away, it is waited
 * for. Not so what no agent could end: the virtqueue is broken, or waits for the VMM. Until the next
 * attach nothing is pulled, whatever comes of it.
 *
 * Context: process, sleeps; the device's lock, but not the virtqueue's, whose handler goes on.
 * Return: 0, or -ERESTARTSYS when the caller was killed.
 */
int vhx_aq_drain(struct vhx_aq *aq)
{
	vhx_aq_hold(aq);
	return vhx_vq_await(aq->vq, &aq->empty, &aq->all);
}
EXPORT_SYMBOL_GPL(vhx_aq_drain);

/*
 * The guest's side of a request is gone. Context: @aq->lock.
 * Return: whether it is the caller's to free; else the agent has it, nobody else, and is to be told.
 */
static bool vhx_aq_disown(struct vhx_areq *req)
{
	struct vhx_squeue *q = req->q;
	bool mine = true;

	if (!q)
		return true;
	spin_lock(&q->lock);
	if (req->state == VHX_AREQ_READY) {
		list_del_init(&req->node);
		req->state = VHX_AREQ_DONE;
	} else if (req->state == VHX_AREQ_OWNED) {
		vhx_nexus_leave(req);
		mine = false;
	}
	spin_unlock(&q->lock);
	return mine;
}

/* For the guest it is over, unless it was collected already: that has no tag any more. */
static void vhx_aq_drop(struct vhx_areq *req)
{
	if (req->state == VHX_AREQ_DONE && !req->q)
		return;
	req->result = -EIO;
	trace_vhx_req_end(req);
}

/**
 * vhx_aq_broken - a virtqueue's handler will not run any more
 * @aq: virtqueue, running
 *
 * What it carried for the whole endpoint is another's: nobody waits for it. Its own requests stay
 * until it is detached.
 *
 * Context: vhx_class.broken(): the virtqueue's handler.
 */
void vhx_aq_broken(struct vhx_aq *aq)
{
	lockdep_assert_held(&aq->vq->lock);
	vhx_nexus_unclaim(aq);
}
EXPORT_SYMBOL_GPL(vhx_aq_broken);

/**
 * vhx_aq_detach - the guest's side is gone
 * @aq: virtqueue, stopped
 *
 * Nothing touches the guest's memory afterwards, and what the agent has is freed when it commits,
 * or when it is dead; it is told that nobody wants it, and until then gets nothing new of the
 * endpoint's. Waits for nobody. The caller sees to it that the vq outlives its last queueing, by
 * vhx_vq_flush().
 *
 * Context: process, sleeps; the virtqueue's lock.
 */
void vhx_aq_detach(struct vhx_aq *aq)
{
	struct vhx_areq *req, *next;
	struct vhx_session *s;
	bool tell = false;
	LIST_HEAD(gone);

	lockdep_assert_held(&aq->vq->lock);
	spin_lock(&aq->ep->lock);
	list_del_init(&aq->node);
	spin_unlock(&aq->ep->lock);
	vhx_nexus_unclaim(aq);

	spin_lock(&aq->lock);
	list_for_each_entry_safe(req, next, &aq->all, all) {
		vhx_aq_drop(req);
		if (vhx_aq_disown(req)) {
			list_move_tail(&req->all, &gone);
			continue;
		}
		list_del_init(&req->all);
		tell = true;
	}
	spin_unlock(&aq->lock);
	/* Nothing is put there any more. What is there, is in @gone as well. */
	llist_del_all(&aq->back);

	list_for_each_entry_safe(req, next, &gone, all) {
		vhx_tag_put(req);
		kvfree(req);
	}
	vhx_areq_free_spares(aq);
	s = vhx_endpoint_last_session(aq->ep);
	if (s) {
		vhx_aq_leave(aq, s);
		if (tell)
			vhx_squeue_ring(&s->queue[s->nqueues], VHX_AGENT_EV_ABORT);
		vhx_session_put(s);
	}
	INIT_LIST_HEAD(&aq->waiting);
	aq->landed = NULL;
	aq->landed_end = &aq->landed;
	wake_up(&aq->empty);
	vhx_endpoint_check(aq->ep);
}
EXPORT_SYMBOL_GPL(vhx_aq_detach);
