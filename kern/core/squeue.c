// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's queue, see session.h: how commands are parked, and how they end.
 *
 * A request changes hands when a FETCH that names it completes, not when the agent sees it: the
 * ring is written, and requests are made OWNED, in the agent's task. A command that waits is
 * completed there as well, by task work, which wakes the agent without an interrupt. If the task is
 * dying, the work runs in a thread of the kernel's and says so: then nothing is delivered.
 *
 * Who takes q->parked under the lock has the command alone. io_uring has marked it cancelable
 * before it can stand there, and from then on it must end by io_uring_cmd_done().
 */
#include <linux/io_uring/cmd.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "agent.h"
#include "message.h"
#include "session.h"
#include "trace.h"
#include "vq.h"

/* What a command of ours remembers; see also kern/compat's io_uring/cmd.h. */
struct vhx_squeue_pdu {
	struct vhx_squeue *q;
	u32 max;
};

static inline struct vhx_squeue_pdu *vhx_squeue_pdu(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct vhx_squeue_pdu);
}

/**
 * vhx_squeue_init - make a queue
 * @q: zeroed but for what is fixed
 * @ntags: how many tags, a power of two, or 0
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vhx_squeue_init(struct vhx_squeue *q, u32 ntags)
{
	u32 i;

	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->ready);
	INIT_LIST_HEAD(&q->starved);
	if (!ntags)
		return 0;
	q->slot = kvcalloc(ntags, sizeof(*q->slot), GFP_KERNEL_ACCOUNT);
	q->free = kvcalloc(ntags, sizeof(*q->free), GFP_KERNEL_ACCOUNT);
	q->seen = kvcalloc(ntags, sizeof(*q->seen), GFP_KERNEL_ACCOUNT);
	/* What was allocated is freed with the session. */
	if (!q->slot || !q->free || !q->seen)
		return -ENOMEM;
	q->ntags = ntags;
	q->nfree = ntags;
	for (i = 0; i < ntags; i++)
		q->free[i] = ntags - 1 - i;
	return 0;
}

void vhx_squeue_free(struct vhx_squeue *q)
{
	kvfree(q->slot);
	kvfree(q->free);
	kvfree(q->seen);
}

/* ---- delivery ---- */

/* Is there something for a command to complete with? Context: @q->lock. */
static bool vhx_squeue_has(const struct vhx_squeue *q)
{
	return q->dead || q->drained || q->events || !list_empty(&q->ready);
}

/* The oldest request is the agent's. Context: @q->lock, the agent's task. */
static void vhx_squeue_give(struct vhx_squeue *q)
{
	struct vhx_areq *req = list_first_entry(&q->ready, struct vhx_areq, node);

	list_del_init(&req->node);
	req->state = VHX_AREQ_OWNED;
	/* The completion that tells of it comes after it, with a release in io_uring. */
	WRITE_ONCE(q->ring[q->cursor++ & (q->ntags - 1)], req->tag);
	if (req->again)
		vhx_squeue_count(q, VHX_AGENT_QSTAT_AGAIN, 1);
	trace_vhx_agent_fetch(q, req);
}

/*
 * What a command completes with: tags, events, or why there are none.
 * Context: @q->lock, the agent's task.
 */
static int vhx_squeue_deliver(struct vhx_squeue *q, u32 max)
{
	int n = 0;

	if (q->dead || q->drained)
		return -ESHUTDOWN;
	if (q->events) {
		n = q->events;
		q->events = 0;
		return n;
	}
	while (n < max && !list_empty(&q->ready)) {
		vhx_squeue_give(q);
		n++;
	}
	if (n) {
		vhx_squeue_count(q, VHX_AGENT_QSTAT_FETCHES, 1);
		vhx_squeue_count(q, VHX_AGENT_QSTAT_FETCHED, n);
	}
	return n;
}

/* Task work: the agent's task, or a thread of the kernel's when that is dying. */
static void vhx_squeue_wake(struct io_tw_req tw_req, io_tw_token_t tw)
{
	struct io_uring_cmd *cmd = io_uring_cmd_from_tw(tw_req);
	struct vhx_squeue_pdu *pdu = vhx_squeue_pdu(cmd);
	struct vhx_squeue *q = pdu->q;
	int rc = -ECANCELED;

	if (tw.cancel) {
		/* The file is the command's until it is completed, and so is the session. */
		vhx_session_kill(q->s);
	} else {
		spin_lock(&q->lock);
		if (!q->dead)
			rc = vhx_squeue_deliver(q, pdu->max);
		spin_unlock(&q->lock);
	}
	io_uring_cmd_done(cmd, rc, IO_URING_CMD_TASK_WORK_ISSUE_FLAGS);
}

/* Context: @q->lock. Return: the command that waits, now the caller's, or NULL. */
static struct io_uring_cmd *vhx_squeue_unpark(struct vhx_squeue *q)
{
	struct io_uring_cmd *cmd = q->parked;

	q->parked = NULL;
	return cmd;
}

/**
 * vhx_squeue_ring - have a command that waits completed, if there is something for it
 * @q: queue
 * @events: VHX_AGENT_EV_* that came
 *
 * Context: any but interrupts.
 */
void vhx_squeue_ring(struct vhx_squeue *q, u32 events)
{
	struct io_uring_cmd *cmd = NULL;

	spin_lock(&q->lock);
	q->events |= events;
	if (vhx_squeue_has(q))
		cmd = vhx_squeue_unpark(q);
	spin_unlock(&q->lock);
	if (cmd)
		io_uring_cmd_do_in_task_lazy(cmd, vhx_squeue_wake);
}

/**
 * vhx_squeue_poke - have a command that waits completed, whether there is something or not
 * @q: queue
 *
 * Context: any but interrupts.
 */
void vhx_squeue_poke(struct vhx_squeue *q)
{
	struct io_uring_cmd *cmd;

	spin_lock(&q->lock);
	cmd = vhx_squeue_unpark(q);
	spin_unlock(&q->lock);
	if (cmd)
		io_uring_cmd_do_in_task_lazy(cmd, vhx_squeue_wake);
}

/* ---- commands ---- */

/*
 * Can it be answered at once? Context: @q->lock, the agent's task.
 * Return: -EIOCBQUEUED when it has to wait.
 */
static int vhx_squeue_now(struct vhx_squeue *q, u32 max)
{
	if (vhx_squeue_has(q))
		return vhx_squeue_deliver(q, max);
	return q->parked ? -EBUSY : -EIOCBQUEUED;
}

/**
 * vhx_squeue_cmd - FETCH, or EVENT
 * @cmd: the command
 * @q: queue
 * @max: most tags, at least 1
 * @issue_flags: io_uring's
 *
 * Context: the agent's task; sleeps only as far as io_uring does.
 * Return: what it completes with, or -EIOCBQUEUED.
 */
int vhx_squeue_cmd(struct io_uring_cmd *cmd, struct vhx_squeue *q, u32 max,
		   unsigned int issue_flags)
{
	struct vhx_squeue_pdu *pdu = vhx_squeue_pdu(cmd);
	int rc;

	spin_lock(&q->lock);
	rc = vhx_squeue_now(q, max);
	spin_unlock(&q->lock);
	if (rc != -EIOCBQUEUED)
		return rc;

	pdu->q = q;
	pdu->max = max;
	/* May sleep, and must come before anybody can see the command in q->parked. */
	io_uring_cmd_mark_cancelable(cmd, issue_flags);
	spin_lock(&q->lock);
	rc = vhx_squeue_now(q, max);
	if (rc == -EIOCBQUEUED) {
		q->parked = cmd;
		vhx_squeue_count(q, VHX_AGENT_QSTAT_PARKED, 1);
	}
	spin_unlock(&q->lock);
	if (rc != -EIOCBQUEUED)
		io_uring_cmd_done(cmd, rc, issue_flags);
	return -EIOCBQUEUED;
}

/**
 * vhx_squeue_cancel - io_uring gives a command up: its ring is closed, or its task dies
 * @cmd: a command that was marked cancelable
 * @issue_flags: io_uring's
 *
 * If the command is not parked any more, somebody is about to complete it.
 *
 * Context: any task, under io_uring's lock.
 */
void vhx_squeue_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct vhx_squeue *q = vhx_squeue_pdu(cmd)->q;
	bool mine;

	spin_lock(&q->lock);
	mine = q->parked == cmd;
	if (mine)
		vhx_squeue_unpark(q);
	spin_unlock(&q->lock);
	vhx_session_kill(q->s);
	if (mine)
		io_uring_cmd_done(cmd, -ECANCELED, issue_flags);
}

/**
 * vhx_squeue_drain - nothing is delivered any more
 * @q: queue
 *
 * Context: any but interrupts.
 */
void vhx_squeue_drain(struct vhx_squeue *q)
{
	spin_lock(&q->lock);
	q->drained = true;
	spin_unlock(&q->lock);
	vhx_squeue_ring(q, 0);
}

/* ---- answers ---- */

/**
 * vhx_squeue_owned - a request that an agent has, and has not committed
 * @q: queue
 * @tag: as the agent says
 * @gen: likewise
 *
 * Context: @q->lock.
 * Return: the request, or NULL.
 */
struct vhx_areq *vhx_squeue_owned(struct vhx_squeue *q, u32 tag, u32 gen)
{
	const u32 i = tag - q->first;
	struct vhx_areq *req;

	if (i >= q->ntags)
		return NULL;
	req = q->slot[array_index_nospec(i, q->ntags)].req;
	if (!req || req->state != VHX_AREQ_OWNED || req->gen != gen || req->committed)
		return NULL;
	return req;
}

/**
 * vhx_squeue_land - a request is not the agent's any more: it has answered it
 * @req: OWNED, with its answer
 *
 * Context: the lock of the request's queue.
 * Return: the request when it is nobody's, or a message's slot: for vhx_squeue_settle().
 */
struct vhx_areq *vhx_squeue_land(struct vhx_areq *req)
{
	req->state = VHX_AREQ_DONE;
	if (vhx_message_is(req))
		vhx_message_hold(req);
	if (!req->aq)
		return req;
	/* Only the first into an empty list has to call: the virtqueue takes all. */
	if (llist_add(&req->back, &req->aq->back))
		vhx_vq_queue(req->aq->vq);
	return NULL;
}

/**
 * vhx_squeue_settle - what was committed is no virtqueue's
 * @req: as vhx_squeue_land() returned it
 *
 * Context: the agent's task, or process; sleeps; no lock.
 */
void vhx_squeue_settle(struct vhx_areq *req)
{
	if (vhx_message_is(req))
		vhx_message_back(req);
	else
		vhx_nexus_settle(req, true);
}

/* ---- its end ---- */

/*
 * A request that the agent had, or would have: its virtqueue's again, or nobody's.
 * Context: @q->lock. Return: the request when it is to be freed.
 */
static struct vhx_areq *vhx_squeue_orphan(struct vhx_squeue *q, struct vhx_areq *req)
{
	if (req->state != VHX_AREQ_READY && req->state != VHX_AREQ_OWNED)
		return NULL;
	if (!req->aq)
		return req;
	if (req->state == VHX_AREQ_READY)
		list_del_init(&req->node);
	else
		req->again = true;
	req->state = VHX_AREQ_WAITING;
	vhx_squeue_count(q, VHX_AGENT_QSTAT_ORPHANS, 1);
	trace_vhx_agent_orphan(q, req);
	/* Under the lock, since a detach, which takes it, waits for nobody. */
	if (llist_add(&req->back, &req->aq->back))
		vhx_vq_queue(req->aq->vq);
	return NULL;
}

static void vhx_squeue_rouse(struct vhx_squeue *q)
{
	struct vhx_aq *aq, *next;

	list_for_each_entry_safe(aq, next, &q->starved, tagless) {
		list_del_init(&aq->tagless);
		vhx_vq_queue(aq->vq);
	}
}

/**
 * vhx_squeue_kill - the session ended: give back all that the agent had
 * @q: queue
 *
 * Context: process; no lock.
 */
void vhx_squeue_kill(struct vhx_squeue *q)
{
	struct vhx_areq *req;
	u32 i;

	spin_lock(&q->lock);
	q->dead = true;
	vhx_squeue_rouse(q);
	spin_unlock(&q->lock);
	vhx_squeue_ring(q, 0);

	for (i = 0; i < q->ntags; i++) {
		spin_lock(&q->lock);
		req = q->slot[i].req;
		if (req)
			req = vhx_squeue_orphan(q, req);
		spin_unlock(&q->lock);
		/* Nobody else has it: it was the agent's alone. */
		if (req)
			vhx_nexus_settle(req, false);
	}
}

/* Context: @q->lock. Return: whether the agent has it. */
static bool vhx_squeue_return(struct vhx_squeue *q, struct vhx_areq *req)
{
	if (req->state == VHX_AREQ_READY) {
		list_del_init(&req->node);
		req->state = VHX_AREQ_WAITING;
		if (llist_add(&req->back, &req->aq->back))
			vhx_vq_queue(req->aq->vq);
		return false;
	}
	/* One without a virtqueue counts until it is freed: nothing else keeps the endpoint. */
	return req->state == VHX_AREQ_OWNED || !req->aq;
}

/**
 * vhx_squeue_take_back - what the agent has not seen of an endpoint is its virtqueues' again
 * @q: queue
 * @ep: endpoint that the session does not serve any more
 *
 * Context: process; no lock.
 * Return: whether there are others, which the agent has.
 */
bool vhx_squeue_take_back(struct vhx_squeue *q, const struct vhx_endpoint *ep)
{
	struct vhx_areq *req;
	bool others = false;
	u32 i;

	for (i = 0; i < q->ntags; i++) {
		spin_lock(&q->lock);
		req = q->slot[i].req;
		if (req && req->ep == ep)
			others |= vhx_squeue_return(q, req);
		spin_unlock(&q->lock);
	}
	return others;
}

static const char * const vhx_squeue_stat[VHX_AGENT_QSTAT_NR] = {
#define VHX_AGENT_QSTAT_NAME(id, NAME, name, doc)	[id] = name,
	VHX_AGENT_QSTATS(VHX_AGENT_QSTAT_NAME)
#undef VHX_AGENT_QSTAT_NAME
};

/**
 * vhx_squeue_show - a queue's counters as a line of fdinfo
 * @q: queue
 * @m: where to
 *
 * Context: process.
 */
void vhx_squeue_show(struct vhx_squeue *q, struct seq_file *m)
{
	u32 i;

	seq_printf(m, "queue-%u:", q->index);
	for (i = 0; i < VHX_AGENT_QSTAT_NR; i++)
		seq_printf(m, "%s%s=%llu", i ? " " : "\t", vhx_squeue_stat[i],
			   READ_ONCE(q->stats[i]));
	seq_putc(m, '\n');
}
