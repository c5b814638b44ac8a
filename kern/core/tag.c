// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tags: what a request has from the moment it is meant for a session until it has nothing more to
 * do with that. See session.h.
 */
#include <linux/slab.h>

#include "agent.h"
#include "session.h"
#include "trace.h"
#include "vq.h"
#include "zcopy.h"

/* Context: @q->lock; there is one that is free. */
static void vhx_tag_assign(struct vhx_squeue *q, struct vhx_areq *req)
{
	const u32 i = q->free[--q->nfree];

	q->slot[i].req = req;
	req->tag = q->first + i;
	req->q = q;
	kref_get(&q->s->ref);
}

/**
 * vhx_tag_take - give a tag to what is no virtqueue's
 * @q: queue of a session that the caller has a reference to; the tag gets one of its own
 * @req: without one
 *
 * Context: any but interrupts.
 * Return: 0; -ENOSPC; -ESHUTDOWN the session ended.
 */
int vhx_tag_take(struct vhx_squeue *q, struct vhx_areq *req)
{
	int err = 0;

	spin_lock(&q->lock);
	if (q->dead)
		err = -ESHUTDOWN;
	else if (!q->nfree)
		err = -ENOSPC;
	else
		vhx_tag_assign(q, req);
	spin_unlock(&q->lock);
	return err;
}

/**
 * vhx_tag_get - give a request a tag
 * @q: queue of a session that the caller has a reference to; the tag gets one of its own
 * @req: WAITING, without one
 *
 * Context: the virtqueue's handler.
 * Return: 0; -ESHUTDOWN the session ended, or gave the endpoint up; -ENOSPC: the virtqueue is queued
 * when it is worth another try.
 */
int vhx_tag_get(struct vhx_squeue *q, struct vhx_areq *req)
{
	struct vhx_aq *aq = req->aq;
	int err = 0;

	spin_lock(&aq->lock);
	spin_lock(&q->lock);
	if (q->dead || !vhx_endpoint_is_of(req->ep, q->s)) {
		err = -ESHUTDOWN;
	} else if (!q->nfree) {
		err = -ENOSPC;
		vhx_squeue_count(q, VHX_AGENT_QSTAT_STARVED, 1);
		if (list_empty(&aq->tagless))
			list_add_tail(&aq->tagless, &q->starved);
	} else {
		vhx_tag_assign(q, req);
	}
	spin_unlock(&q->lock);
	spin_unlock(&aq->lock);
	return err;
}

/* Context: vhx_aq.lock, if it has one. Return: whether the queue serves others by now, or nobody. */
static bool vhx_tag_free(struct vhx_areq *req)
{
	struct vhx_squeue *q = req->q;
	const u32 i = req->tag - q->first;
	struct vhx_aq *hungry, *next;
	bool former;

	spin_lock(&q->lock);
	q->slot[i].req = NULL;
	q->free[q->nfree++] = i;
	list_for_each_entry_safe(hungry, next, &q->starved, tagless) {
		list_del_init(&hungry->tagless);
		vhx_vq_queue(hungry->vq);
	}
	req->q = NULL;
	former = q->dead || !vhx_endpoint_is_of(req->ep, q->s);
	spin_unlock(&q->lock);
	return former;
}

/**
 * vhx_tag_put - take a request's tag, its window, and its pages
 * @req: its virtqueue's handler's, or nobody's. Without a tag nothing is done
 *
 * Context: process; no lock below the virtqueue's.
 */
void vhx_tag_put(struct vhx_areq *req)
{
	struct vhx_squeue *q = req->q;
	struct vhx_aq *aq = req->aq;
	bool former;

	if (!q)
		return;
	vhx_zcopy_drop(req);
	vhx_pool_put(&q->s->pool, req->ep, req->page, req->npages);
	req->npages = 0;
	if (aq) {
		spin_lock(&aq->lock);
		former = vhx_tag_free(req);
		spin_unlock(&aq->lock);
	} else {
		former = vhx_tag_free(req);
	}
	if (former)
		vhx_endpoint_freed(req->ep);
	vhx_session_put(q->s);
}

/**
 * vhx_tag_leave - a virtqueue waits for no tag any more
 * @q: queue
 * @aq: it; that it waits for none is fine
 *
 * Context: any but interrupts.
 */
void vhx_tag_leave(struct vhx_squeue *q, struct vhx_aq *aq)
{
	spin_lock(&q->lock);
	list_del_init(&aq->tagless);
	spin_unlock(&q->lock);
}

/* The table's entry. The agent may see it at any time, and has no use for it before a FETCH. */
static void vhx_tag_describe(const struct vhx_areq *req)
{
	struct vhx_agent_req *table = req->q->s->req.mem, *to = &table[req->tag];
	const u32 end = req->win_off + req->win_len;

	/* What is reserved was zero when the table was made. */
	to->gen = req->gen;
	to->type = req->type;
	to->flags = (req->again ? VHX_AGENT_REQ_AGAIN : 0) |
		    (end < max(req->out_len, req->in_len) ? VHX_AGENT_REQ_MORE : 0) |
		    (req->zcopy ? VHX_AGENT_REQ_ZERO_COPY : 0);
	to->endpoint = req->ep->number;
	to->out_len = req->out_len;
	to->in_len = req->in_len;
	to->win_off = req->win_off;
	to->win_len = req->win_len;
	to->pool_off = req->npages ? req->page << PAGE_SHIFT : 0;
	memcpy(to->payload, req->payload, sizeof(to->payload));
}

/* Context: the lock of its queue. */
static void vhx_tag_ready(struct vhx_areq *req)
{
	struct vhx_squeue *q = req->q;

	req->gen = ++q->slot[req->tag - q->first].gen;
	vhx_tag_describe(req);
	req->taken = false;
	req->committed = false;
	req->state = VHX_AREQ_READY;
	list_add_tail(&req->node, &q->ready);
	trace_vhx_agent_ready(q, req);
}

/**
 * vhx_tag_offer - what is no virtqueue's is READY
 * @req: with a tag; in no list
 *
 * Context: the lock of its queue.
 * Return: 0; -ESHUTDOWN the session ended.
 */
int vhx_tag_offer(struct vhx_areq *req)
{
	if (req->q->dead)
		return -ESHUTDOWN;
	vhx_tag_ready(req);
	return 0;
}

/**
 * vhx_tag_publish - a request is READY
 * @req: with a tag; its data is in the pool; in no list
 *
 * Context: the virtqueue's handler.
 * Return: 0: it is not the caller's any more; -ESHUTDOWN the session ended, or gave the endpoint up;
 * -ECANCELED it was aborted.
 */
int vhx_tag_publish(struct vhx_areq *req)
{
	struct vhx_squeue *q = req->q;
	struct vhx_aq *aq = req->aq;
	int err = 0;

	spin_lock(&aq->lock);
	spin_lock(&q->lock);
	if (q->dead || !vhx_endpoint_is_of(req->ep, q->s))
		err = -ESHUTDOWN;
	else if (req->aborted)
		err = -ECANCELED;
	else
		vhx_tag_ready(req);
	spin_unlock(&q->lock);
	spin_unlock(&aq->lock);
	return err;
}
