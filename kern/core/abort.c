// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aborts: requests of an endpoint that the guest wants no answer to any more. It must not take one
 * for gone as long as it may still be done to what is stored: one that the agent has stays until
 * the agent commits it or is fenced.
 */
#include <linux/export.h>

#include "agent.h"
#include "session.h"
#include "vq.h"

/* Is a request meant that came before? */
static bool vhx_awatch_means(const struct vhx_awatch *w, const struct vhx_areq *req)
{
	return req->seq <= w->seq && w->match(req, w->arg);
}

/**
 * vhx_abort_flag - say that nobody wants an answer any more
 * @req: OWNED; the agent looks when VHX_AGENT_EV_ABORT is rung
 *
 * Context: the lock of the request's queue.
 */
void vhx_abort_flag(const struct vhx_areq *req)
{
	struct vhx_agent_req *r = req->q->s->req.mem;

	WRITE_ONCE(r[req->tag].flags, r[req->tag].flags | VHX_AGENT_REQ_ABORTED);
}

/* Context: @aq->lock. Return: whether the agent has it and is to be told. */
static bool vhx_abort_one(struct vhx_aq *aq, struct vhx_areq *req)
{
	struct vhx_squeue *q = req->q;
	bool tell = false;

	WRITE_ONCE(req->aborted, true);
	if (!q)
		return false;
	spin_lock(&q->lock);
	if (req->state == VHX_AREQ_READY) {
		list_del_init(&req->node);
		req->state = VHX_AREQ_WAITING;
		llist_add(&req->back, &aq->back);
	} else if (req->state == VHX_AREQ_OWNED) {
		vhx_abort_flag(req);
		tell = true;
	}
	spin_unlock(&q->lock);
	return tell;
}

/* Context: @ep->lock, @aq->lock. Return: whether one is left. */
static bool vhx_abort_waits_aq(const struct vhx_aq *aq, const struct vhx_awatch *w)
{
	const struct vhx_areq *req;

	list_for_each_entry(req, &aq->all, all)
		if (vhx_awatch_means(w, req))
			return true;
	return false;
}

/* Context: @ep->lock. Return: whether one is left. */
static bool vhx_abort_waits(struct vhx_endpoint *ep, const struct vhx_awatch *w)
{
	struct vhx_aq *aq;
	bool waits = false;

	list_for_each_entry(aq, &ep->aqs, node) {
		spin_lock(&aq->lock);
		waits = vhx_abort_waits_aq(aq, w);
		spin_unlock(&aq->lock);
		if (waits)
			break;
	}
	return waits;
}

/* Context: @ep->lock. Return: how many requests of a virtqueue the agent is to be told of. */
static u32 vhx_abort_aq(struct vhx_aq *aq, const struct vhx_awatch *w)
{
	struct vhx_areq *req;
	u32 tell = 0;

	spin_lock(&aq->lock);
	list_for_each_entry(req, &aq->all, all)
		if (vhx_awatch_means(w, req))
			tell += vhx_abort_one(aq, req);
	spin_unlock(&aq->lock);
	/* The requests' marks, before this one: see vhx_aq_land_aborted(). */
	smp_mb();
	WRITE_ONCE(aq->aborted, true);
	vhx_vq_queue(aq->vq);
	return tell;
}

/**
 * vhx_endpoint_abort - mark requests that came so far as aborted
 * @ep: endpoint in the caller's use
 * @w: which, and whom to tell when none of them is left; not to be called for if that is now
 *
 * Each is collected with -ECANCELED by its virtqueue: at once if no agent has it, else when the
 * agent is done with it. That the caller's own request matches is the caller's business.
 *
 * Context: process; no lock below a virtqueue's.
 * Return: whether one is left: @w stays until it is called, or vhx_endpoint_unwatch().
 */
bool vhx_endpoint_abort(struct vhx_endpoint *ep, struct vhx_awatch *w)
{
	struct vhx_session *s;
	struct vhx_aq *aq;
	bool waits;
	u32 tell = 0;

	spin_lock(&ep->lock);
	w->seq = atomic64_read(&ep->seq);
	INIT_LIST_HEAD(&w->node);
	list_for_each_entry(aq, &ep->aqs, node)
		tell += vhx_abort_aq(aq, w);
	waits = vhx_abort_waits(ep, w);
	if (waits)
		list_add_tail(&w->node, &ep->watches);
	spin_unlock(&ep->lock);

	/* Also one that gives the endpoint up has them. */
	s = tell ? vhx_endpoint_last_session(ep) : NULL;
	if (s) {
		vhx_squeue_ring(&s->queue[s->nqueues], VHX_AGENT_EV_ABORT);
		vhx_session_put(s);
	}
	return waits;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_abort);

/**
 * vhx_endpoint_unwatch - be told no more
 * @ep: endpoint
 * @w: as given to vhx_endpoint_abort(); called already is fine
 *
 * Context: any but interrupts. It is not being called, nor will be, when this returns.
 */
void vhx_endpoint_unwatch(struct vhx_endpoint *ep, struct vhx_awatch *w)
{
	spin_lock(&ep->lock);
	list_del_init(&w->node);
	spin_unlock(&ep->lock);
}
EXPORT_SYMBOL_GPL(vhx_endpoint_unwatch);

/**
 * vhx_endpoint_check - some requests are gone: tell who waited for that
 * @ep: endpoint
 *
 * Context: process; no lock below a virtqueue's.
 */
void vhx_endpoint_check(struct vhx_endpoint *ep)
{
	struct vhx_awatch *w, *next;

	spin_lock(&ep->lock);
	list_for_each_entry_safe(w, next, &ep->watches, node) {
		if (vhx_abort_waits(ep, w))
			continue;
		list_del_init(&w->node);
		w->fn(w);
	}
	spin_unlock(&ep->lock);
}
