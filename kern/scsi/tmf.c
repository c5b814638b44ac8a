// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task management functions. A guest takes a command for gone once the function about it is
 * answered, and waits for that answer for ever. So it comes in any case, and when no such command
 * is left: not in the rings, which are swept for it first, not with the agent, nor with one that
 * died. Then the agent hears of a reset, so that it tells the guest of that by the next command; if
 * there is no agent, or one that has to be done with another VMM's requests first, the guest is not
 * kept waiting for that.
 */
#include <linux/slab.h>

#include "tmf.h"
#include "trace.h"

/**
 * struct vhx_scsi_reset - tells the agent of a reset
 * @r: the request; first
 * @t: who waits for it, NULL when nobody does
 */
struct vhx_scsi_reset {
	struct vhx_areq r;
	struct vhx_scsi_tmf *t;
};

static bool vhx_tmf_match(const struct vhx_areq *r, const void *arg)
{
	const struct vhx_scsi_req *req = container_of(r, struct vhx_scsi_req, r);

	return r->type == VHX_AGENT_REQ_SCSI && vhx_scsi_tmf_concerns(arg, &req->cmd.task);
}

/**
 * vhx_scsi_tmf_verdict - what a command that was aborted is answered
 * @h: host
 * @task: the command
 *
 * Who aborted it is still under way: it waits for this command.
 *
 * Context: a request queue's handler.
 * Return: VHX_SCSI_S_*.
 */
u8 vhx_scsi_tmf_verdict(struct vhx_scsi_host *h, const struct vhx_scsi_task *task)
{
	const struct vhx_scsi_tmf *t;
	u8 verdict = VHX_SCSI_S_ABORTED;

	spin_lock(&h->tmf_lock);
	list_for_each_entry(t, &h->tmfs, node)
		if (vhx_scsi_tmf_ends(&t->ctl) == VHX_SCSI_S_RESET &&
		    vhx_scsi_tmf_concerns(&t->ctl, task))
			verdict = VHX_SCSI_S_RESET;
	spin_unlock(&h->tmf_lock);
	return verdict;
}

/**
 * vhx_scsi_tmf_begin - a function begins
 * @h: host
 * @ctl: the function, one that the parser found to be OK
 * @nseg: pieces there is to be room for
 *
 * Context: the control queue's handler; sleeps.
 * Return: it, the chain to be filled in; NULL for want of memory.
 */
struct vhx_scsi_tmf *vhx_scsi_tmf_begin(struct vhx_scsi_host *h, const struct vhx_scsi_ctl *ctl,
					u32 nseg)
{
	struct vhx_scsi_tmf *t = kvzalloc(struct_size(t, seg, nseg), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!t)
		return NULL;
	t->h = h;
	t->ctl = *ctl;
	INIT_LIST_HEAD(&t->watch.node);
	t->sweep = h->sweep + 1;
	spin_lock(&h->tmf_lock);
	list_add_tail(&t->node, &h->tmfs);
	spin_unlock(&h->tmf_lock);
	h->ntmfs++;
	trace_vhx_scsi_tmf_begin(t);

	/* Whoever sees the number looks at the ring after this. */
	smp_store_release(&h->sweep, t->sweep);
	for (i = VHX_SCSI_VQ_REQ; i < h->nvqs; i++)
		if (h->vqs[i]->backend)
			vhx_vq_queue(h->vqs[i]);
	return t;
}

/**
 * vhx_scsi_tmf_end - a function is over
 * @t: it; was answered, or never will be
 *
 * Context: the control queue's lock.
 */
void vhx_scsi_tmf_end(struct vhx_scsi_tmf *t)
{
	struct vhx_scsi_host *h = t->h;

	trace_vhx_scsi_tmf_end(t);
	if (t->state >= VHX_TMF_ABORT)
		vhx_endpoint_unwatch(h->ep, &t->watch);
	if (t->reset)
		t->reset->t = NULL;
	spin_lock(&h->tmf_lock);
	list_del(&t->node);
	spin_unlock(&h->tmf_lock);
	h->ntmfs--;
	kvfree(t);
}

/* ---- steps ---- */

/* A queue that is broken is not looked at any more, and one that is stopped cannot be. */
static bool vhx_tmf_is_swept(const struct vhx_scsi_tmf *t)
{
	struct vhx_scsi_host *h = t->h;
	u32 i;

	for (i = VHX_SCSI_VQ_REQ; i < h->nvqs; i++) {
		const struct vhx_scsi_queue *q = &h->queue[i];

		if (!q->vq.backend || READ_ONCE(q->vq.broken))
			continue;
		/* Pairs with the release in the queue's handler: its requests are seen. */
		if (smp_load_acquire(&q->swept) < t->sweep)
			return false;
	}
	return true;
}

static bool vhx_tmf_finds(const struct vhx_scsi_tmf *t)
{
	struct vhx_scsi_host *h = t->h;
	struct vhx_areq *r;
	bool found = false;
	u32 i;

	for (i = VHX_SCSI_VQ_REQ; i < h->nvqs && !found; i++) {
		struct vhx_aq *aq = &h->queue[i].aq;

		if (!h->vqs[i]->backend)
			continue;
		spin_lock(&aq->lock);
		list_for_each_entry(r, &aq->all, all)
			found = found || vhx_tmf_match(r, &t->ctl);
		spin_unlock(&aq->lock);
	}
	return found;
}

/* Context: vhx_endpoint.lock. */
static void vhx_tmf_gone(struct vhx_awatch *w)
{
	struct vhx_scsi_tmf *t = container_of(w, struct vhx_scsi_tmf, watch);

	/* It is not freed before this lock was taken once more. */
	WRITE_ONCE(t->gone, true);
	vhx_vq_queue(t->h->vqs[VHX_SCSI_VQ_CTL]);
}

static enum vhx_scsi_tmf_state vhx_tmf_abort(struct vhx_scsi_tmf *t)
{
	t->found = vhx_tmf_finds(t);
	if (vhx_scsi_tmf_ends(&t->ctl) == VHX_SCSI_S_OK)
		return VHX_TMF_DONE;
	t->watch.match = vhx_tmf_match;
	t->watch.arg = &t->ctl;
	t->watch.fn = vhx_tmf_gone;
	if (!vhx_endpoint_abort(t->h->ep, &t->watch))
		t->gone = true;
	return VHX_TMF_ABORT;
}

/*
 * An agent that is away hears of the reset when it comes; but not of any number of them, which a
 * guest could make the kernel remember.
 */
static enum vhx_scsi_tmf_state vhx_tmf_tell(struct vhx_scsi_tmf *t)
{
	struct vhx_scsi_host *h = t->h;
	struct vhx_scsi_reset *reset;

	if (vhx_scsi_tmf_ends(&t->ctl) != VHX_SCSI_S_RESET || h->resets == VHX_SCSI_RESETS)
		return VHX_TMF_DONE;
	reset = vhx_areq_alloc(&h->queue[VHX_SCSI_VQ_CTL].aq, sizeof(*reset), 0);
	if (!reset)
		return VHX_TMF_DONE;
	reset->t = t;
	reset->r.type = VHX_AGENT_REQ_RESET;
	memcpy(reset->r.scsi.lun, t->lun, sizeof(t->lun));
	reset->r.scsi.id = t->ctl.task.tag;
	/* Of a logical unit, or of all of a target. */
	reset->r.scsi.attr = t->ctl.subtype;
	t->reset = reset;
	h->resets++;
	WARN_ON_ONCE(vhx_areq_submit(&reset->r));
	/* Off it goes. */
	vhx_scsi_tmf_collect(h);
	return VHX_TMF_RESET;
}

/**
 * vhx_scsi_tmf_step - go on with a function as far as it goes
 * @t: it
 *
 * Context: the control queue's handler.
 * Return: whether it is to be answered.
 */
bool vhx_scsi_tmf_step(struct vhx_scsi_tmf *t)
{
	if (t->state == VHX_TMF_SWEEP && vhx_tmf_is_swept(t))
		t->state = vhx_tmf_abort(t);
	if (t->state == VHX_TMF_ABORT && READ_ONCE(t->gone))
		t->state = vhx_tmf_tell(t);
	/* The queue is queued when the session ends, if that has the request or is to have it. */
	if (t->state == VHX_TMF_RESET && (!t->reset || !vhx_endpoint_serves(t->h->ep)))
		t->state = VHX_TMF_DONE;
	return t->state == VHX_TMF_DONE;
}

/**
 * vhx_scsi_tmf_collect - see what the agent said of resets
 * @h: host
 *
 * Context: the control queue's handler.
 */
void vhx_scsi_tmf_collect(struct vhx_scsi_host *h)
{
	struct vhx_scsi_reset *reset;
	struct vhx_areq *r;

	while ((r = vhx_aq_collect(&h->queue[VHX_SCSI_VQ_CTL].aq))) {
		reset = container_of(r, struct vhx_scsi_reset, r);
		/* Whatever it said: there is nothing that could be done about it. */
		if (reset->t)
			reset->t->reset = NULL;
		h->resets--;
		vhx_areq_free(r);
	}
}
