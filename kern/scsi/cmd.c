// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request queues. A turn of a queue's handler goes
 *
 *	collect	requests that are over are answered, what waits is given to the agent
 *	pull	a batch is taken from the ring
 *	take	each of it becomes a request, or is answered at once
 *
 * and again. What is answered is pushed, and the guest called, a batch at a time. What was pulled
 * and cannot be looked at, since a translation is missing, is put back; a request that was
 * collected and cannot be answered for the same reason stays in the queue's answers.
 */
#include <linux/slab.h>
#include <scsi/scsi_proto.h>

#include "core/guest.h"
#include "host.h"
#include "order.h"

/**
 * struct vhx_cmd_turn - a turn
 * @q: queue
 * @s: the worker's scratch
 * @opt: what was negotiated
 * @ndone: chains to be pushed
 * @ncmds: commands taken and answered
 * @descs: descriptors read
 * @bytes: data moved
 * @place: with IN_ORDER, that of the chain which is being taken
 */
struct vhx_cmd_turn {
	struct vhx_scsi_queue *q;
	struct vhx_scsi_scratch *s;
	struct vhx_scsi_opt opt;
	u32 ndone;
	u32 ncmds;
	u32 descs;
	u64 bytes;
	u32 place;
};

/* ---- answers ---- */

/* The guest gets its chains back first: who waits for what was aborted is told by the free. */
static void vhx_cmd_flush(struct vhx_cmd_turn *t)
{
	u32 i;

	if (!t->ndone)
		return;
	t->q->vq.runner->awaits = VHX_AWAIT_GUEST;
	/* Of a ring that is illegal the guest hears no more. */
	vhx_vq_push(&t->q->vq, t->s->done, t->ndone);
	vhx_scsi_count(t->q, VHX_SCSI_QSTAT_PUSHED, t->ndone);
	for (i = 0; i < t->ndone; i++)
		if (t->s->req[i])
			vhx_areq_free(&t->s->req[i]->r);
	t->ndone = 0;
}

/* A chain goes back; with it its request, or NULL. */
static void vhx_cmd_show(struct vhx_cmd_turn *t, const struct vhx_done *done,
			 struct vhx_scsi_req *req)
{
	t->s->done[t->ndone] = *done;
	t->s->req[t->ndone++] = req;
	t->ncmds++;
	if (t->ndone == VHX_PULL_MAX)
		vhx_cmd_flush(t);
}

/* A chain is over; it goes back, at once or in its turn. */
static void vhx_cmd_done(struct vhx_cmd_turn *t, const struct vhx_chain *c,
			 struct vhx_scsi_req *req, u32 len)
{
	struct vhx_scsi_queue *q = t->q;
	struct vhx_done done = {
		.id = c->id,
		.ndesc = c->ndesc,
		.len = len,
	};

	if (likely(!q->order)) {
		vhx_cmd_show(t, &done, req);
		return;
	}
	vhx_scsi_order_end(q, req ? req->place : t->place, &done, req);
	while (!q->vq.broken && vhx_scsi_order_next(q, &done, &req))
		vhx_cmd_show(t, &done, req);
}

/* There is nothing to answer, or nowhere: what the guest makes of that is its business. */
static void vhx_cmd_bad(struct vhx_cmd_turn *t, const struct vhx_chain *c,
			struct vhx_scsi_req *req)
{
	vhx_vq_count(&t->q->vq, VHX_QSTAT_BAD_PACKETS, 1);
	vhx_cmd_done(t, c, req, 0);
}

/* What was answered, and is no agent's SCSI status. */
static void vhx_cmd_count(struct vhx_cmd_turn *t, const struct vhx_scsi_resp *resp)
{
	switch (resp->response) {
	case VHX_SCSI_S_OK:
		break;
	case VHX_SCSI_S_BAD_TARGET:
		vhx_scsi_count(t->q, VHX_SCSI_QSTAT_BAD_TARGET, 1);
		break;
	case VHX_SCSI_S_ABORTED:
	case VHX_SCSI_S_RESET:
		vhx_scsi_count(t->q, VHX_SCSI_QSTAT_ABORTED, 1);
		break;
	default:
		vhx_scsi_count(t->q, VHX_SCSI_QSTAT_FAILED, 1);
	}
}

static void vhx_cmd_fill(const struct vhx_cmd_turn *t, const struct vhx_scsi_req *req,
			 struct vhx_scsi_resp *resp)
{
	const struct vhx_areq *r = &req->r;
	struct vhx_scsi_result res = {
		.response = VHX_SCSI_S_FAILURE,
		.resid = r->in_len ? r->in_len - r->copied : r->out_len,
	};

	if (r->result == -ECANCELED) {
		res.response = vhx_scsi_tmf_verdict(vhx_scsi_host_of(&t->q->vq), &req->cmd.task);
	} else if (!r->result && r->answer.response <= VHX_SCSI_S_FAILURE) {
		res.response = r->answer.response;
		res.status = r->answer.status;
		res.sense_len = r->answer.sense_len;
		res.sense = r->answer.sense;
		/* How much it stored of what was sent the agent alone knows. */
		if (r->out_len)
			res.resid = min(r->answer.resid, r->out_len);
	}
	vhx_scsi_fill_resp(&t->opt, &res, resp);
}

/* Answer a request that is over. Return: 0, or -EAGAIN: later; -EIO: never. */
static int vhx_cmd_answer(struct vhx_cmd_turn *t, struct vhx_scsi_req *req)
{
	struct vhx_scsi_resp resp __uninitialized;
	const struct vhx_xfer x = {
		.seg = req->r.seg + req->in,
		.n = req->nin,
		.len = sizeof(resp),
		.buf = &resp,
	};
	int err;

	vhx_cmd_fill(t, req, &resp);
	err = vhx_guest_write(&t->q->vq, &x);
	if (err == -EAGAIN || err == -EIO)
		return err;
	if (err) {
		vhx_cmd_bad(t, &req->r.chain, req);
		return 0;
	}
	vhx_cmd_count(t, &resp);
	vhx_vq_count(&t->q->vq, VHX_QSTAT_PACKETS, 1);
	vhx_vq_count(&t->q->vq, VHX_QSTAT_BYTES, req->r.out_len + req->r.copied);
	t->bytes += req->r.out_len + req->r.copied;
	vhx_cmd_done(t, &req->r.chain, req, vhx_scsi_used_len(&req->cmd, req->r.copied));
	return 0;
}

/* Return: false when the queue can do no more for now. */
static bool vhx_cmd_collect(struct vhx_cmd_turn *t)
{
	struct vhx_scsi_queue *q = t->q;
	struct vhx_scsi_req *req, *next;
	struct vhx_areq *r;
	int err = 0;

	list_for_each_entry_safe(req, next, &q->answers, r.node) {
		/* It may be gone afterwards. */
		list_del_init(&req->r.node);
		err = q->vq.broken ? -EIO : vhx_cmd_answer(t, req);
		if (!err)
			continue;
		list_add(&req->r.node, &q->answers);
		break;
	}
	while (!q->vq.broken && (r = vhx_aq_collect(&q->aq))) {
		req = container_of(r, struct vhx_scsi_req, r);
		if (!err)
			err = vhx_cmd_answer(t, req);
		if (err)
			list_add_tail(&r->node, &q->answers);
	}
	vhx_cmd_flush(t);
	return !err && !q->vq.broken;
}

/* ---- requests ---- */

static int vhx_cmd_answer_now(struct vhx_cmd_turn *t, const struct vhx_chain *c,
			      const struct vhx_scsi_result *res)
{
	struct vhx_scsi_resp resp;
	int err;

	vhx_scsi_fill_resp(&t->opt, res, &resp);
	err = vhx_scsi_chain_write(&t->q->vq, c, &resp, sizeof(resp));
	if (err == -EAGAIN || err == -EIO)
		return err;
	if (err) {
		vhx_cmd_bad(t, c, NULL);
		return 0;
	}
	vhx_cmd_count(t, &resp);
	if (resp.status == SAM_STAT_TASK_SET_FULL)
		vhx_scsi_count(t->q, VHX_SCSI_QSTAT_BUSY, 1);
	vhx_cmd_done(t, c, NULL, sizeof(resp));
	return 0;
}

/* @off bytes of the pieces are no data: most guests have them in a piece of their own. */
static void vhx_cmd_begin_data(struct vhx_areq *r, u64 off)
{
	for (r->data = 0; r->data < r->nseg && off >= r->seg[r->data].len; r->data++)
		off -= r->seg[r->data].len;
	r->off = off;
}

/* Return: 0 or -ENOMEM. */
static int vhx_cmd_submit(struct vhx_cmd_turn *t, const struct vhx_chain *c,
			  const struct vhx_scsi_cmd *cmd)
{
	const u32 nout = cmd->out.len ? c->nout : 0;
	struct vhx_scsi_req *req;
	struct vhx_areq *r;

	req = vhx_areq_alloc(&t->q->aq, sizeof(*req), nout + c->nin);
	if (!req)
		return -ENOMEM;
	req->cmd = *cmd;
	req->in = nout;
	req->nin = c->nin;
	req->place = t->place;
	r = &req->r;
	memcpy(r->seg, &t->s->seg[c->seg + c->nout - nout], (nout + c->nin) * sizeof(*r->seg));
	r->chain = *c;
	r->out_len = cmd->out.len;
	r->in_len = cmd->in.len;
	vhx_cmd_begin_data(r, nout ? cmd->out.off : cmd->in.off);
	r->type = VHX_AGENT_REQ_SCSI;
	memcpy(r->scsi.lun, cmd->lun, sizeof(r->scsi.lun));
	memcpy(r->scsi.cdb, cmd->cdb, sizeof(r->scsi.cdb));
	r->scsi.id = cmd->task.tag;
	r->scsi.attr = cmd->task_attr;
	r->scsi.prio = cmd->prio;
	/* It moves data one way at most, since INOUT is not offered. */
	WARN_ON_ONCE(vhx_areq_submit(r));
	return 0;
}

/* To a target that is not there: no agent is asked, and none is waited for. */
static bool vhx_cmd_is_absent(const struct vhx_cmd_turn *t, const struct vhx_scsi_cmd *cmd)
{
	return cmd->task.lun != VHX_SCSI_LUN_REPORT &&
	       !vhx_endpoint_has(t->q->aq.ep, cmd->task.target);
}

/*
 * A chain becomes a request, or goes back. Return: 0; -EAGAIN a translation is missing: put it
 * back; -EIO the ring is illegal.
 */
static int vhx_cmd_take(struct vhx_cmd_turn *t, const struct vhx_chain *c)
{
	u8 head[VHX_SCSI_HEAD_LEN_PI] __uninitialized;
	const struct vhx_scsi_buf buf = {
		.head = head,
		.out_len = c->out_len,
		.in_len = c->in_len,
	};
	struct vhx_scsi_result res = {};
	struct vhx_scsi_cmd cmd __uninitialized;
	int rc;

	rc = vhx_scsi_chain_read(&t->q->vq, c, head,
				 min(c->out_len, vhx_scsi_head_len(&t->opt)));
	if (rc == -EAGAIN)
		return rc;
	if (!rc)
		rc = vhx_scsi_parse_cmd(&t->opt, &buf, &cmd);
	if (rc < 0) {
		vhx_cmd_bad(t, c, NULL);
		return 0;
	}
	if (rc == VHX_SCSI_S_OK && vhx_cmd_is_absent(t, &cmd)) {
		res.resid = cmd.out.len + cmd.in.len;
		rc = VHX_SCSI_S_BAD_TARGET;
	}
	if (rc == VHX_SCSI_S_OK) {
		if (!vhx_cmd_submit(t, c, &cmd))
			return 0;
		/* The guest tries again, without counting. */
		res.status = SAM_STAT_TASK_SET_FULL;
	}
	res.response = rc;
	return vhx_cmd_answer_now(t, c, &res);
}

/* The next chain. Return: as vhx_cmd_take(). */
static int vhx_cmd_take_next(struct vhx_cmd_turn *t, const struct vhx_chain *c)
{
	struct vhx_scsi_queue *q = t->q;
	int err;

	if (likely(!q->order))
		return vhx_cmd_take(t, c);
	err = vhx_scsi_order_begin(q, &t->place);
	if (err) {
		vhx_vq_break(&q->vq, err);
		return -EIO;
	}
	err = vhx_cmd_take(t, c);
	if (err)
		vhx_scsi_order_undo(q);
	return err;
}

/*
 * While something waits for the agent, what is behind it waits in the ring; unless a task
 * management function is about it, perhaps.
 */
static bool vhx_cmd_may_pull(const struct vhx_cmd_turn *t, u64 sweep)
{
	const struct vhx_aq *aq = &t->q->aq;

	return vhx_aq_may_pull(aq) || (t->q->swept != sweep && !READ_ONCE(aq->draining));
}

/* Return: chains taken; 0 when there are none; negative when the queue can do no more for now. */
static int vhx_cmd_pull(struct vhx_cmd_turn *t)
{
	struct vhx_pull p = { .max_chain = VHX_PULL_MAX };
	struct vhx_vq *vq = &t->q->vq;
	int n, i, err = 0;

	n = vhx_scsi_chain_pull(vq, &p);
	t->descs += p.ndesc;
	for (i = 0; i < n; i++) {
		err = vhx_cmd_take_next(t, &t->s->chain[i]);
		if (err)
			break;
		t->ncmds++;
	}
	vhx_scsi_count(t->q, VHX_SCSI_QSTAT_PULLED, i);
	if (err == -EAGAIN)
		vhx_vq_unpull(vq, &t->s->chain[i], n - i);
	return err ?: n;
}

/* All that the guest had posted is a request now, or was answered. */
static void vhx_cmd_swept(struct vhx_cmd_turn *t, u64 sweep)
{
	struct vhx_scsi_host *h = vhx_scsi_host_of(&t->q->vq);

	if (t->q->swept == sweep)
		return;
	/* Pairs with the load in the control queue's handler: it sees the requests. */
	smp_store_release(&t->q->swept, sweep);
	vhx_vq_queue(h->vqs[VHX_SCSI_VQ_CTL]);
}

static bool vhx_cmd_spent(const struct vhx_cmd_turn *t)
{
	return t->ncmds >= VHX_SCSI_BUDGET || t->bytes >= VHX_SCSI_BUDGET_BYTES ||
	       t->descs >= VHX_SCSI_BUDGET_DESCS || vhx_msgs_awaited(&t->q->vq.dev->msgs);
}

/**
 * vhx_scsi_cmd_handle - serve a request queue
 * @vq: the queue
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_scsi_cmd_handle(struct vhx_vq *vq)
{
	struct vhx_cmd_turn t = {
		.q = vhx_scsi_queue_of(vq),
		.s = vq->runner->scratch,
		.opt = vhx_scsi_opt_of(vq),
	};
	/* What was posted before this was asked for, the pulls below see. */
	const u64 sweep = smp_load_acquire(&vhx_scsi_host_of(vq)->sweep);
	int n;

	if (vhx_vq_quiet(vq)) {
		/* It is queued for answers alone. */
		if (vhx_cmd_collect(&t))
			vhx_cmd_swept(&t, sweep);
		return;
	}
	vhx_vq_busy(vq);
	while (vhx_cmd_collect(&t)) {
		if (vhx_cmd_spent(&t)) {
			vhx_vq_queue(vq);
			break;
		}
		if (!vhx_cmd_may_pull(&t, sweep)) {
			/* What a VMM that stops the queue finds in the ring was never asked for. */
			if (READ_ONCE(t.q->aq.draining))
				vhx_cmd_swept(&t, sweep);
			break;
		}
		/* A look is cheaper than to pull nothing. */
		n = t.ncmds && !vhx_vq_pending(vq) ? 0 : vhx_cmd_pull(&t);
		if (n < 0) {
			/* What was taken before is given to the agent nevertheless. */
			vhx_cmd_collect(&t);
			break;
		}
		if (n)
			continue;
		vhx_cmd_swept(&t, sweep);
		if (!vhx_vq_rest(vq))
			break;
	}
}
