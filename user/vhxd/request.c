// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tags to SCSI commands and back. What the kernel wrote is read once and checked: it is not
 * hostile, but a mistake of either side must not become a write outside of the pool.
 */
#include <errno.h>
#include <linux/virtio_scsi.h>
#include <string.h>

#include "log.h"
#include "queue.h"
#include "request.h"

static struct request *request_of(struct post *post)
{
	return (struct request *)((char *)post - offsetof(struct request, post));
}

static void come_home(struct loop *loop, struct post *post)
{
	struct request *r = request_of(post);

	(void)loop;
	queue_answer(r->queue, r);
}

static void answer(struct request *r)
{
	if (loop_self == r->queue->loop) {
		queue_answer(r->queue, r);
		return;
	}
	r->post.run = come_home;
	loop_post(r->queue->loop, &r->post);
}

/* Without the library. */
static void refuse(struct request *r, uint8_t response)
{
	r->response = response;
	r->cmd.status = SCSI_GOOD;
	r->cmd.sense_len = 0;
	r->cmd.in_len = 0;
	r->cmd.residual = r->cmd.total_out + r->cmd.total_in;
	answer(r);
}

/* Of whichever thread: the library calls it under the lock of the target's group. */
static void on_done(struct scsi_cmd *cmd)
{
	struct request *r = cmd->owner;

	r->response = cmd->overrun ? VIRTIO_SCSI_S_OVERRUN : VIRTIO_SCSI_S_OK;
	r->last = r->more && cmd->last && cmd->status == SCSI_GOOD;
	answer(r);
}

static bool window_is_sound(const struct queue *q, const struct vhx_agent_req *req)
{
	uint32_t total = req->out_len ? req->out_len : req->in_len;

	return (!req->out_len || !req->in_len) && req->win_off <= total &&
	       req->win_len <= total - req->win_off && req->pool_off <= q->agent->pool_size &&
	       req->win_len <= q->agent->pool_size - req->pool_off;
}

static void fill_cmd(struct request *r, const struct vhx_agent_req *req)
{
	struct scsi_cmd *cmd = &r->cmd;
	char *data = (char *)r->queue->agent->pool + req->pool_off;

	cmd->nexus = r->endpoint->nexus;
	cmd->id = req->scsi.id;
	cmd->attr = req->scsi.attr;
	cmd->cdb_len = SCSI_CDB_MAX;
	memcpy(cmd->cdb, req->scsi.cdb, SCSI_CDB_MAX);
	cmd->redelivered = req->flags & VHX_AGENT_REQ_AGAIN;
	cmd->out = req->out_len ? data : NULL;
	cmd->out_len = req->out_len ? req->win_len : 0;
	cmd->in = req->in_len ? data : NULL;
	cmd->in_cap = req->in_len ? req->win_len : 0;
	cmd->win_off = req->win_off;
	cmd->win_len = req->win_len;
	cmd->total_out = req->out_len;
	cmd->total_in = req->in_len;
	cmd->done = on_done;
	cmd->owner = r;
	r->more = req->flags & VHX_AGENT_REQ_MORE;
}

/* The bytes stay with the guest, or are copied: what comes then finds them where it looks. */
static int take_window(struct request *r, const struct vhx_agent_req *req)
{
	struct zcopy *zcopy = r->queue->host->zcopy;
	const struct zwindow w = {
		.base = r->cmd.out, .len = req->win_len, .tag = r->tag, .gen = r->gen,
	};

	if (!(req->flags & VHX_AGENT_REQ_ZERO_COPY))
		return 0;
	if (!zcopy)
		return -EPROTO;
	if (zcopy_begin(zcopy, r->queue->loop, &w) && scsi_is_blind(&r->cmd))
		return 0;
	return zcopy_read(zcopy, zcopy->window + r->tag);
}

/* Under the lock of the group. Targets come and go with their disks. */
static void submit(struct request *r, const struct vhx_agent_req *req)
{
	int ret;

	if (scsi_lun_decode(req->scsi.lun, &r->cmd.target, &r->cmd.lun) ||
	    !scsi_target_has(r->endpoint->target, r->cmd.target)) {
		refuse(r, VIRTIO_SCSI_S_BAD_TARGET);
		return;
	}
	ret = take_window(r, req);
	if (ret) {
		log_error("queue %u: what a guest sent is not to be had: %s", r->queue->index,
			  msg_errno(ret));
		refuse(r, VIRTIO_SCSI_S_FAILURE);
		return;
	}
	scsi_submit(&r->cmd);
}

static void start_scsi(struct request *r, const struct vhx_agent_req *req)
{
	fill_cmd(r, req);
	if (!window_is_sound(r->queue, req)) {
		log_error("queue %u: a request that is not sound: lengths %u, %u, window %u+%u at %u",
			  r->queue->index, req->out_len, req->in_len, req->win_off, req->win_len,
			  req->pool_off);
		refuse(r, VIRTIO_SCSI_S_FAILURE);
		return;
	}
	if (req->flags & VHX_AGENT_REQ_ABORTED) {
		refuse(r, VIRTIO_SCSI_S_ABORTED);
		return;
	}
	pthread_mutex_lock(&r->endpoint->group->lock);
	submit(r, req);
	pthread_mutex_unlock(&r->endpoint->group->lock);
}

/* Of a nexus the unit is ignored, as virtio has it. Under the lock of the group. */
static int reset(const struct endpoint *endpoint, const struct vhx_agent_scsi *scsi)
{
	uint16_t lun;
	uint8_t id;

	if (scsi->attr == VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET)
		return scsi_nexus_reset(endpoint->nexus, scsi->lun[1]);
	if (scsi_lun_decode(scsi->lun, &id, &lun))
		return -ENOENT;
	return scsi_lun_reset(endpoint->target, id, lun);
}

/* The commands that it aborts are answered by themselves. */
static void start_reset(struct request *r, const struct vhx_agent_req *req)
{
	int ret;

	r->cmd.total_out = r->cmd.total_in = 0;
	pthread_mutex_lock(&r->endpoint->group->lock);
	ret = reset(r->endpoint, &req->scsi);
	pthread_mutex_unlock(&r->endpoint->group->lock);
	refuse(r, ret ? VIRTIO_SCSI_S_INCORRECT_LUN : VIRTIO_SCSI_S_OK);
}

/*
 * Another VM has the endpoint, or its system begins anew. What a VM that is gone had under way has
 * ended, or the kernel would not say so yet.
 */
static void start_nexus(struct request *r)
{
	r->cmd.total_out = r->cmd.total_in = 0;
	pthread_mutex_lock(&r->endpoint->group->lock);
	scsi_nexus_loss(r->endpoint->nexus);
	pthread_mutex_unlock(&r->endpoint->group->lock);
	refuse(r, VIRTIO_SCSI_S_OK);
}

static void start_known(struct request *r, const struct vhx_agent_req *req)
{
	switch (req->type) {
	case VHX_AGENT_REQ_SCSI:
		start_scsi(r, req);
		break;
	case VHX_AGENT_REQ_RESET:
		start_reset(r, req);
		break;
	case VHX_AGENT_REQ_NEXUS:
		start_nexus(r);
		break;
	default:
		log_warning("queue %u: a request of type %u, which this agent is too old for",
			    r->queue->index, req->type);
		refuse(r, VIRTIO_SCSI_S_FAILURE);
	}
}

/* The compiler might go and look there again. */
static void snapshot(const struct request *r, struct vhx_agent_req *req)
{
	memcpy(req, &r->queue->agent->req[r->tag], sizeof(*req));
	__asm__ volatile("" : : "r" (req) : "memory");
}

void request_start(struct request *r)
{
	struct host *host = r->queue->host;
	struct vhx_agent_req req;

	snapshot(r, &req);
	r->gen = req.gen;
	r->active = true;
	r->aborting = false;
	r->last = false;
	r->cmd.total_out = r->cmd.total_in = 0;
	r->endpoint = endpoint_at(host, req.endpoint);
	if (r->endpoint)
		start_known(r, &req);
	else
		refuse(r, VIRTIO_SCSI_S_BAD_TARGET);
}

/* It may be done, and on its way home: then it is too late, which is harmless. */
void request_abort(struct request *r)
{
	if (r->aborting || !r->endpoint)
		return;
	r->aborting = true;
	pthread_mutex_lock(&r->endpoint->group->lock);
	scsi_abort(&r->cmd);
	pthread_mutex_unlock(&r->endpoint->group->lock);
}

void request_fill(struct request *r, struct vhx_agent_done *done, uint8_t *sense)
{
	const struct scsi_cmd *cmd = &r->cmd;

	zcopy_end(r->queue->host->zcopy, r->tag);
	*done = (struct vhx_agent_done) {
		.tag = r->tag,
		.gen = r->gen,
		.status = cmd->status,
		.response = r->response,
		.sense_len = cmd->sense_len,
		.resid = cmd->residual,
		.in_len = cmd->in_len,
		.flags = r->last ? VHX_AGENT_DONE_LAST : 0,
		.sense = cmd->sense_len ? (uintptr_t)sense : 0,
	};
	memcpy(sense, cmd->sense, cmd->sense_len);
	r->active = false;
}
