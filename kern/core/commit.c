// SPDX-License-Identifier: GPL-2.0-only
/*
 * COMMIT: an agent gives tags back. All that it says is copied first and judged then, under the
 * queue's lock, against what the kernel knows of the tag: what is late, forged or out of bounds is
 * counted and passed over.
 */
#include <linux/io_uring/cmd.h>
#include <linux/uaccess.h>

#include "agent.h"
#include "session.h"
#include "trace.h"
#include "zcopy.h"

#define CHUNK	4		/* what a frame of the stack can hold */

struct commit {
	struct vhx_agent_done done;
	u8 sense[VHX_AGENT_SENSE_MAX];
};

/* Return: whether it was in order; @c->done.sense_len is out of bounds when it was not. */
static int vhx_commit_read(struct commit *c, const void __user *from)
{
	if (copy_from_user(&c->done, from, sizeof(c->done)))
		return -EFAULT;
	if (!c->done.sense_len || c->done.sense_len > sizeof(c->sense))
		return 0;
	if (copy_from_user(c->sense, u64_to_user_ptr(c->done.sense), c->done.sense_len))
		return -EFAULT;
	return 0;
}

/* The request that an answer is for, or NULL. Context: @q->lock. */
static struct vhx_areq *vhx_commit_find(struct vhx_squeue *q, const struct vhx_agent_done *d)
{
	struct vhx_areq *req;

	if (d->sense_len > VHX_AGENT_SENSE_MAX || d->flags & ~VHX_AGENT_DONE_LAST)
		return NULL;
	req = vhx_squeue_owned(q, d->tag, d->gen);
	if (!req || d->in_len > (req->in_len ? req->win_len : 0))
		return NULL;
	return req;
}

/*
 * Context: @q->lock. Return: as vhx_squeue_land().
 */
static struct vhx_areq *vhx_commit_land(struct vhx_areq *req, const struct commit *c)
{
	struct vhx_answer *a = &req->answer;

	trace_vhx_agent_commit(req->q, req);
	a->status = c->done.status;
	a->response = c->done.response;
	a->sense_len = c->done.sense_len;
	a->resid = c->done.resid;
	a->in_len = c->done.in_len;
	a->last = c->done.flags & VHX_AGENT_DONE_LAST;
	memcpy(a->sense, c->sense, a->sense_len);
	if (!vhx_zcopy_is_busy(req))
		return vhx_squeue_land(req);
	req->committed = true;
	return NULL;
}

/* Return: whether it was accepted. */
static bool vhx_commit_one(struct vhx_squeue *q, const struct commit *c,
			   const struct vhx_issue *by)
{
	struct vhx_areq *req, *gone = NULL;
	bool registered = false;
	u32 index;

	spin_lock(&q->lock);
	req = q->dead ? NULL : vhx_commit_find(q, &c->done);
	if (req) {
		registered = vhx_zcopy_is_in(req, io_uring_cmd_ctx_handle(by->cmd), &index);
		gone = vhx_commit_land(req, c);
	}
	vhx_squeue_count(q, req ? VHX_AGENT_QSTAT_COMMITTED : VHX_AGENT_QSTAT_REFUSED, 1);
	spin_unlock(&q->lock);
	if (gone)
		vhx_squeue_settle(gone);
	/* That it is not there any more is the agent's doing: the release has come, or will. */
	if (registered)
		io_buffer_unregister(by->cmd, index, by->flags);
	return req;
}

/**
 * vhx_squeue_commit - take answers
 * @q: queue whose tags they are for
 * @done: struct vhx_agent_done, in user memory
 * @n: how many
 * @by: the command that brings them
 *
 * Context: the agent's task; sleeps if its memory does.
 * Return: how many were accepted; -EFAULT when that is none and memory is not there; -ESHUTDOWN the
 * session ended.
 */
int vhx_squeue_commit(struct vhx_squeue *q, const void __user *done, u32 n,
		      const struct vhx_issue *by)
{
	const struct vhx_agent_done __user *from = done;
	/* Large, and what is looked at was read. */
	struct commit c[CHUNK] __uninitialized;
	int accepted = 0, err = 0;
	u32 i, k;

	spin_lock(&q->lock);
	if (q->dead)
		err = -ESHUTDOWN;
	else
		vhx_squeue_count(q, VHX_AGENT_QSTAT_COMMITS, 1);
	spin_unlock(&q->lock);

	while (n && !err) {
		for (k = 0; k < min(n, CHUNK) && !err; k += !err)
			err = vhx_commit_read(&c[k], from + k);
		for (i = 0; i < k; i++)
			accepted += vhx_commit_one(q, &c[i], by);
		from += k;
		n -= k;
	}
	return accepted ?: err;
}
