// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request, see agent.h, on its virtqueue's side: how its data gets into the pool and out of it.
 * All of it is called by the virtqueue's handler.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "agent.h"
#include "areq.h"
#include "guest.h"
#include "session.h"
#include "trace.h"
#include "vq.h"
#include "zcopy.h"

#define SPARES		128	/* requests that a virtqueue keeps to use again */
#define SPARE_SIZE	1024	/* none that is larger: a guest's of many pieces are let go */

/* One that was let go, if it is large enough. */
static struct vhx_areq *vhx_areq_reuse(struct vhx_aq *aq, size_t size)
{
	struct vhx_areq *req;

	if (!aq->spare)
		return NULL;
	req = llist_entry(aq->spare, struct vhx_areq, back);
	if (req->size < size)
		return NULL;
	aq->spare = req->back.next;
	aq->nspare--;
	return req;
}

static struct vhx_areq *vhx_areq_new(size_t size)
{
	struct vhx_areq *req;

	/* With room for the pieces that most have, so that it is of use to others. */
	size = max(size, SPARE_SIZE);
	req = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (req)
		req->size = size;
	return req;
}

/**
 * vhx_areq_alloc - make a request
 * @aq: virtqueue
 * @size: bytes of the class's struct, which begins with a struct vhx_areq
 * @nseg: pieces of guest memory there is to be room for
 *
 * Context: the virtqueue's handler; sleeps.
 * Return: the class's struct, or NULL. The request in it is zeroed but for what is not the class's
 * to fill in; what the class has behind it is not.
 */
void *vhx_areq_alloc(struct vhx_aq *aq, size_t size, u32 nseg)
{
	const size_t head = ALIGN(size, sizeof(struct vhx_seg));
	const size_t all = head + nseg * sizeof(struct vhx_seg);
	struct vhx_areq *req;

	req = vhx_areq_reuse(aq, all) ?: vhx_areq_new(all);
	if (!req)
		return NULL;
	memset(req, 0, offsetof(struct vhx_areq, size));
	req->seg = (void *)req + head;
	req->nseg = nseg;
	req->aq = aq;
	req->ep = aq->ep;
	INIT_LIST_HEAD(&req->all);
	INIT_LIST_HEAD(&req->node);
	return req;
}
EXPORT_SYMBOL_GPL(vhx_areq_alloc);

/**
 * vhx_areq_submit - hand a request over
 * @req: filled in; it comes back by vhx_aq_collect()
 *
 * Context: the virtqueue's handler.
 * Return: 0, or -EINVAL: it is to move bytes both ways, or its pieces are not there.
 */
int vhx_areq_submit(struct vhx_areq *req)
{
	struct vhx_aq *aq = req->aq;

	if ((req->out_len && req->in_len) || req->data > req->nseg)
		return -EINVAL;
	req->seq = atomic64_inc_return(&req->ep->seq);
	trace_vhx_req_begin(req);
	spin_lock(&aq->lock);
	list_add_tail(&req->all, &aq->all);
	spin_unlock(&aq->lock);
	list_add_tail(&req->node, &aq->waiting);
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_areq_submit);

/* Context: the virtqueue's handler, or with the virtqueue detached. */
static void vhx_areq_keep(struct vhx_aq *aq, struct vhx_areq *req)
{
	if (req->size > SPARE_SIZE || aq->nspare >= SPARES) {
		kvfree(req);
		return;
	}
	req->back.next = aq->spare;
	aq->spare = &req->back;
	aq->nspare++;
}

/**
 * vhx_areq_free_spares - keep no requests any more
 * @aq: virtqueue that is being detached
 *
 * Context: the virtqueue's lock.
 */
void vhx_areq_free_spares(struct vhx_aq *aq)
{
	struct vhx_areq *req, *next;

	llist_for_each_entry_safe(req, next, aq->spare, back)
		kvfree(req);
	aq->spare = NULL;
	/* What is freed from here on is. */
	aq->nspare = SPARES;
}

/**
 * vhx_areq_free - let a request go
 * @req: collected, and what came of it was pushed; or never submitted
 *
 * Who waits for what was aborted is told, so that the guest sees the push first.
 *
 * Context: the virtqueue's handler, or with the virtqueue detached.
 */
void vhx_areq_free(struct vhx_areq *req)
{
	struct vhx_aq *aq = req->aq;
	bool empty;

	spin_lock(&aq->lock);
	list_del(&req->all);
	empty = list_empty(&aq->all);
	spin_unlock(&aq->lock);
	if (empty)
		wake_up(&aq->empty);
	if (req->aborted)
		vhx_endpoint_check(req->ep);
	vhx_areq_keep(aq, req);
}
EXPORT_SYMBOL_GPL(vhx_areq_free);

/* ---- data ---- */

static u32 vhx_areq_len(const struct vhx_areq *req)
{
	return max(req->out_len, req->in_len);
}

/* The window as a copy, @len bytes of it. */
static struct vhx_xfer vhx_areq_xfer(const struct vhx_areq *req, u32 len)
{
	return (struct vhx_xfer) {
		.seg = req->seg + req->data,
		.n = req->nseg - req->data,
		.len = len,
		.off = req->off + req->win_off,
		.buf = req->q->s->pool.area.mem + ((size_t)req->page << PAGE_SHIFT),
	};
}

/*
 * Make the window ready for the agent: its data is in the pool, or pinned where it is. What the
 * pages held before may be another guest's: the guest gets of them only what the agent says it
 * filled. Return: as vhx_guest_read().
 */
static int vhx_areq_fill(struct vhx_areq *req)
{
	struct vhx_xfer x;

	vhx_zcopy_drop(req);
	req->win_len = min_t(u64, vhx_areq_len(req) - req->win_off,
			     (u64)req->npages << PAGE_SHIFT);
	if (!req->out_len)
		return 0;
	x = vhx_areq_xfer(req, req->win_len);
	if (vhx_zcopy_pin(req, &x))
		return 0;
	return vhx_guest_read(req->aq->vq, &x);
}

/* Return: 0 or negative: it has no tag then. */
static int vhx_areq_equip(struct vhx_areq *req, struct vhx_session *s)
{
	struct vhx_aq *aq = req->aq;
	u32 pages;
	int rc;

	rc = vhx_tag_get(&s->queue[aq->index % s->nqueues], req);
	if (rc)
		return rc;
	pages = DIV_ROUND_UP((u64)vhx_areq_len(req) - req->win_off, PAGE_SIZE);
	pages = min3(pages, READ_ONCE(req->ep->quota), s->pool.area.npages);
	if (!pages)
		return 0;
	rc = vhx_pool_get(&s->pool, aq, pages);
	if (rc < 0) {
		vhx_tag_put(req);
		return rc;
	}
	req->page = rc;
	req->npages = pages;
	return 0;
}

/**
 * vhx_areq_start - give a waiting request to the agent
 * @req: WAITING, without a tag; in no list
 * @s: the agent's session, to which the caller has a reference
 *
 * Context: the virtqueue's handler.
 * Return: 0: it is READY, and not the caller's any more; else it has no tag, and: -EAGAIN a
 * translation is missing; -EFAULT; -ECANCELED it was aborted; -EBUSY, or anything else: nobody can
 * have it yet.
 */
int vhx_areq_start(struct vhx_areq *req, struct vhx_session *s)
{
	struct vhx_squeue *q;
	int err;

	if (!vhx_nexus_admits(req))
		return -EBUSY;
	err = vhx_areq_equip(req, s);
	if (err)
		return err;
	q = req->q;
	err = vhx_areq_fill(req);
	if (!err) {
		if (req->again)
			trace_vhx_agent_redeliver(q, req);
		err = vhx_tag_publish(req);
	}
	if (err)
		vhx_tag_put(req);
	return err;
}

/* Was the last window's answer such that the next one is wanted? */
static bool vhx_areq_goes_on(const struct vhx_areq *req)
{
	const struct vhx_answer *a = &req->answer;

	if (a->status || a->response || a->last || req->win_off == vhx_areq_len(req))
		return false;
	return !req->in_len || a->in_len == req->win_len;
}

/* Take the window that the agent answered: the guest gets what it reads. */
static int vhx_areq_take(struct vhx_areq *req)
{
	const u32 len = req->answer.in_len;
	struct vhx_xfer x;
	int err;

	if (req->taken)
		return 0;
	if (len) {
		x = vhx_areq_xfer(req, len);
		err = vhx_guest_write(req->aq->vq, &x);
		if (err)
			return err;
	}
	req->copied += len;
	req->win_off += req->win_len;
	req->taken = true;
	/* Of the next window nobody has seen anything. */
	req->again = false;
	return 0;
}

/**
 * vhx_areq_land - go on with a request that the agent answered
 * @req: DONE, with a tag; in no list
 *
 * Context: the virtqueue's handler.
 * Return: 0: it is over; -EINPROGRESS: its next window is READY, and it is not the caller's any
 * more; -EAGAIN a translation is missing: call again; -ESHUTDOWN it is to wait for another session;
 * anything else: over, and this is its result.
 */
int vhx_areq_land(struct vhx_areq *req)
{
	int err;

	err = vhx_areq_take(req);
	if (err || !vhx_areq_goes_on(req))
		return err;
	err = vhx_areq_fill(req);
	if (err)
		return err;
	return vhx_tag_publish(req) ?: -EINPROGRESS;
}
