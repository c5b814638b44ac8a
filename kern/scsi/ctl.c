// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control queue: functions are read and answered here, and go their way in tmf.c. There are no
 * events to subscribe to, so that everything else is answered at once.
 */
#include "core/guest.h"
#include "order.h"
#include "tmf.h"

/**
 * struct vhx_ctl_turn - a turn of the queue's handler
 * @h: host
 * @vq: the queue
 * @s: the worker's scratch
 * @opt: what was negotiated
 * @ndone: chains to be pushed
 * @place: with IN_ORDER, that of the chain which is being taken, or answered
 */
struct vhx_ctl_turn {
	struct vhx_scsi_host *h;
	struct vhx_vq *vq;
	struct vhx_scsi_scratch *s;
	struct vhx_scsi_opt opt;
	u32 ndone;
	u32 place;
};

static_assert(VHX_SCSI_TMFS <= VHX_PULL_MAX);

static void vhx_ctl_flush(struct vhx_ctl_turn *t)
{
	vhx_vq_push(t->vq, t->s->done, t->ndone);
	vhx_scsi_count(vhx_scsi_queue_of(t->vq), VHX_SCSI_QSTAT_PUSHED, t->ndone);
	t->ndone = 0;
}

static void vhx_ctl_show(struct vhx_ctl_turn *t, const struct vhx_done *done)
{
	t->s->done[t->ndone++] = *done;
	if (t->ndone == VHX_PULL_MAX)
		vhx_ctl_flush(t);
}

/* A chain is over; it goes back, at once or in its turn. */
static void vhx_ctl_done(struct vhx_ctl_turn *t, const struct vhx_chain *c, u32 len)
{
	struct vhx_scsi_queue *q = vhx_scsi_queue_of(t->vq);
	struct vhx_scsi_req *none;
	struct vhx_done done = {
		.id = c->id,
		.ndesc = c->ndesc,
		.len = len,
	};

	if (!len)
		vhx_vq_count(t->vq, VHX_QSTAT_BAD_PACKETS, 1);
	else
		vhx_vq_count(t->vq, VHX_QSTAT_PACKETS, 1);
	if (!q->order) {
		vhx_ctl_show(t, &done);
		return;
	}
	vhx_scsi_order_end(q, t->place, &done, NULL);
	while (!t->vq->broken && vhx_scsi_order_next(q, &done, &none))
		vhx_ctl_show(t, &done);
}

/* ---- answers ---- */

static int vhx_ctl_answer(struct vhx_ctl_turn *t, struct vhx_scsi_tmf *tmf)
{
	struct vhx_scsi_an_resp resp;
	struct vhx_xfer x = {
		.seg = tmf->seg,
		.n = tmf->chain.nin,
		.buf = &resp,
	};
	int err;

	x.len = vhx_scsi_fill_ctl(&tmf->ctl, vhx_scsi_tmf_answer(&tmf->ctl, tmf->found), &resp);
	err = vhx_guest_write(t->vq, &x);
	if (err == -EAGAIN || err == -EIO)
		return err;
	t->place = tmf->place;
	vhx_ctl_done(t, &tmf->chain, err ? 0 : x.len);
	vhx_scsi_tmf_end(tmf);
	return 0;
}

/* Return: false when the queue can do no more for now. */
static bool vhx_ctl_go_on(struct vhx_ctl_turn *t)
{
	struct vhx_scsi_tmf *tmf, *next;
	int err = 0;

	vhx_scsi_tmf_collect(t->h);
	list_for_each_entry_safe(tmf, next, &t->h->tmfs, node) {
		if (!vhx_scsi_tmf_step(tmf))
			continue;
		err = vhx_ctl_answer(t, tmf);
		if (err)
			break;
	}
	vhx_ctl_flush(t);
	return !err && !t->vq->broken;
}

/* ---- requests ---- */

static int vhx_ctl_answer_now(struct vhx_ctl_turn *t, const struct vhx_chain *c,
			      const struct vhx_scsi_ctl *ctl, u8 response)
{
	struct vhx_scsi_an_resp resp;
	u32 len = vhx_scsi_fill_ctl(ctl, response, &resp);
	int err;

	err = vhx_scsi_chain_write(t->vq, c, &resp, len);
	if (err == -EAGAIN || err == -EIO)
		return err;
	vhx_ctl_done(t, c, err ? 0 : len);
	return 0;
}

/* Return: 0 or -ENOMEM. */
static int vhx_ctl_begin(struct vhx_ctl_turn *t, const struct vhx_chain *c,
			 const struct vhx_scsi_ctl *ctl, const u8 *lun)
{
	struct vhx_scsi_tmf *tmf = vhx_scsi_tmf_begin(t->h, ctl, c->nin);

	if (!tmf)
		return -ENOMEM;
	memcpy(tmf->lun, lun, sizeof(tmf->lun));
	memcpy(tmf->seg, &t->s->seg[c->seg + c->nout], c->nin * sizeof(*tmf->seg));
	tmf->chain = *c;
	tmf->place = t->place;
	return 0;
}

/* Return: 0; -EAGAIN a translation is missing: put it back; -EIO the ring is illegal. */
static int vhx_ctl_take(struct vhx_ctl_turn *t, const struct vhx_chain *c)
{
	u8 head[VHX_SCSI_CTL_LEN];
	const struct vhx_scsi_buf buf = {
		.head = head,
		.out_len = c->out_len,
		.in_len = c->in_len,
	};
	struct vhx_scsi_ctl ctl;
	int rc;

	rc = vhx_scsi_chain_read(t->vq, c, head, min_t(u32, c->out_len, sizeof(head)));
	if (rc == -EAGAIN)
		return rc;
	if (!rc)
		rc = vhx_scsi_parse_ctl(&t->opt, &buf, &ctl);
	if (rc < 0) {
		vhx_ctl_done(t, c, 0);
		return 0;
	}
	if (rc == VHX_SCSI_S_OK && ctl.type == VHX_SCSI_CTL_TMF) {
		const struct vhx_scsi_tmf_head *h = (void *)head;

		if (!vhx_ctl_begin(t, c, &ctl, h->lun))
			return 0;
		rc = VHX_SCSI_S_FAILURE;
	}
	return vhx_ctl_answer_now(t, c, &ctl, rc);
}

/* The next chain. Return: as vhx_ctl_take(). */
static int vhx_ctl_take_next(struct vhx_ctl_turn *t, const struct vhx_chain *c)
{
	struct vhx_scsi_queue *q = vhx_scsi_queue_of(t->vq);
	int err;

	if (!q->order)
		return vhx_ctl_take(t, c);
	err = vhx_scsi_order_begin(q, &t->place);
	if (err) {
		vhx_vq_break(t->vq, err);
		return -EIO;
	}
	err = vhx_ctl_take(t, c);
	if (err)
		vhx_scsi_order_undo(q);
	return err;
}

/* Return: chains taken; 0 when there are none; negative when the queue can do no more for now. */
static int vhx_ctl_pull(struct vhx_ctl_turn *t)
{
	struct vhx_pull p = { .max_chain = VHX_SCSI_TMFS - t->h->ntmfs };
	int n, i, err = 0;

	n = vhx_scsi_chain_pull(t->vq, &p);
	for (i = 0; i < n; i++) {
		err = vhx_ctl_take_next(t, &t->s->chain[i]);
		if (err)
			break;
	}
	vhx_scsi_count(vhx_scsi_queue_of(t->vq), VHX_SCSI_QSTAT_PULLED, i);
	if (err == -EAGAIN)
		vhx_vq_unpull(t->vq, &t->s->chain[i], n - i);
	return err ?: n;
}

/**
 * vhx_scsi_ctl_handle - serve the control queue
 * @vq: the queue
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_scsi_ctl_handle(struct vhx_vq *vq)
{
	struct vhx_ctl_turn t = {
		.h = vhx_scsi_host_of(vq),
		.vq = vq,
		.s = vq->runner->scratch,
		.opt = vhx_scsi_opt_of(vq),
	};
	int n;

	vhx_vq_busy(vq);
	/* What is more than can be under way is looked at when some of that is over. */
	while (vhx_ctl_go_on(&t) && !t.h->draining && t.h->ntmfs < VHX_SCSI_TMFS) {
		n = vhx_ctl_pull(&t);
		if (n > 0) {
			/* One batch a turn: what it asks for is others' work. */
			vhx_vq_queue(vq);
			break;
		}
		if (n < 0 || !vhx_vq_rest(vq))
			break;
	}
	vhx_ctl_flush(&t);
	if (list_empty(&t.h->tmfs))
		wake_up(&t.h->drained);
}

/**
 * vhx_scsi_ctl_forget - the guest's side of the control queue is gone
 * @h: host
 *
 * Context: the control queue's lock, stopped; its requests are yet to be detached.
 */
void vhx_scsi_ctl_forget(struct vhx_scsi_host *h)
{
	struct vhx_scsi_tmf *tmf, *next;

	list_for_each_entry_safe(tmf, next, &h->tmfs, node)
		vhx_scsi_tmf_end(tmf);
	h->resets = 0;
}
