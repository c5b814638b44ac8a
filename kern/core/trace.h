/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the core: what happens to a queue. events/vhx/ in tracefs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhx

#if !defined(_VHX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VHX_TRACE_H

#include <linux/pid.h>
#include <linux/tracepoint.h>

#include "agent.h"
#include "dev.h"
#include "session.h"
#include "vq.h"

DECLARE_EVENT_CLASS(vhx_queue,
	TP_PROTO(const struct vhx_vq *vq),
	TP_ARGS(vq),
	TP_STRUCT__entry(
		__field(int, owner)
		__field(u32, index)
		__field(u16, last_avail)
		__field(u16, last_used)
	),
	TP_fast_assign(
		__entry->owner = pid_nr(vq->dev->owner);
		__entry->index = vq->index;
		__entry->last_avail = vq->ring.last_avail;
		__entry->last_used = vq->ring.last_used;
	),
	TP_printk("owner=%d vq=%u avail=%u used=%u", __entry->owner,
		  __entry->index, __entry->last_avail, __entry->last_used)
);

/* A guest's notification woke the queue's worker. */
DEFINE_EVENT(vhx_queue, vhx_kick,
	TP_PROTO(const struct vhx_vq *vq),
	TP_ARGS(vq)
);

/* The guest is interrupted. */
DEFINE_EVENT(vhx_queue, vhx_call,
	TP_PROTO(const struct vhx_vq *vq),
	TP_ARGS(vq)
);

/* Chains were taken off the ring. */
TRACE_EVENT(vhx_pull,
	TP_PROTO(const struct vhx_vq *vq, u32 chains, u32 descs),
	TP_ARGS(vq, chains, descs),
	TP_STRUCT__entry(
		__field(int, owner)
		__field(u32, index)
		__field(u32, chains)
		__field(u32, descs)
	),
	TP_fast_assign(
		__entry->owner = pid_nr(vq->dev->owner);
		__entry->index = vq->index;
		__entry->chains = chains;
		__entry->descs = descs;
	),
	TP_printk("owner=%d vq=%u chains=%u descs=%u", __entry->owner,
		  __entry->index, __entry->chains, __entry->descs)
);

/* Chains were given back to the guest. */
TRACE_EVENT(vhx_push,
	TP_PROTO(const struct vhx_vq *vq, u32 chains),
	TP_ARGS(vq, chains),
	TP_STRUCT__entry(
		__field(int, owner)
		__field(u32, index)
		__field(u32, chains)
		__field(u16, last_used)
	),
	TP_fast_assign(
		__entry->owner = pid_nr(vq->dev->owner);
		__entry->index = vq->index;
		__entry->chains = chains;
		__entry->last_used = vq->ring.last_used;
	),
	TP_printk("owner=%d vq=%u chains=%u used=%u", __entry->owner,
		  __entry->index, __entry->chains, __entry->last_used)
);

/* The ring was found illegal and the queue stopped. */
TRACE_EVENT(vhx_bad_ring,
	TP_PROTO(const struct vhx_vq *vq, int err),
	TP_ARGS(vq, err),
	TP_STRUCT__entry(
		__field(int, owner)
		__field(u32, index)
		__field(u16, last_avail)
		__field(u16, avail_idx)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->owner = pid_nr(vq->dev->owner);
		__entry->index = vq->index;
		__entry->last_avail = vq->ring.last_avail;
		__entry->avail_idx = vq->ring.avail_idx;
		__entry->err = err;
	),
	TP_printk("owner=%d vq=%u avail=%u guest_idx=%u err=%d",
		  __entry->owner, __entry->index, __entry->last_avail,
		  __entry->avail_idx, __entry->err)
);

/* A queue waits for a translation. */
TRACE_EVENT(vhx_iotlb_miss,
	TP_PROTO(const struct vhx_vq *vq, u64 iova, u32 perm),
	TP_ARGS(vq, iova, perm),
	TP_STRUCT__entry(
		__field(int, owner)
		__field(u32, index)
		__field(u64, iova)
		__field(u32, perm)
	),
	TP_fast_assign(
		__entry->owner = pid_nr(vq->dev->owner);
		__entry->index = vq->index;
		__entry->iova = iova;
		__entry->perm = perm;
	),
	TP_printk("owner=%d vq=%u iova=%#llx %s", __entry->owner,
		  __entry->index, __entry->iova,
		  __entry->perm == VHX_PERM_WO ? "write" : "read")
);

DECLARE_EVENT_CLASS(vhx_iotlb,
	TP_PROTO(const struct vhx_dev *dev, const struct vhx_region *rg),
	TP_ARGS(dev, rg),
	TP_STRUCT__entry(
		__field(int, owner)
		__field(u64, first)
		__field(u64, last)
		__field(u32, perm)
	),
	TP_fast_assign(
		__entry->owner = pid_nr(dev->owner);
		__entry->first = rg->gpa;
		__entry->last = rg->last;
		__entry->perm = rg->perm;
	),
	TP_printk("owner=%d first=%#llx last=%#llx perm=%u", __entry->owner,
		  __entry->first, __entry->last, __entry->perm)
);

/* The vIOMMU told of a translation. */
DEFINE_EVENT(vhx_iotlb, vhx_iotlb_update,
	TP_PROTO(const struct vhx_dev *dev, const struct vhx_region *rg),
	TP_ARGS(dev, rg)
);

/* It took some back. */
DEFINE_EVENT(vhx_iotlb, vhx_iotlb_invalidate,
	TP_PROTO(const struct vhx_dev *dev, const struct vhx_region *rg),
	TP_ARGS(dev, rg)
);

/*
 * A request's way, by its endpoint and @seq, which count from 1 for each: begin, ready, fetch, commit,
 * end. Between ready and commit it has @tag and @gen of the session as well.
 */

/* A guest asked for something. */
TRACE_EVENT(vhx_req_begin,
	TP_PROTO(const struct vhx_areq *req),
	TP_ARGS(req),
	TP_STRUCT__entry(
		__string(endpoint, req->ep->name)
		__field(u64, seq)
		__field(u64, id)
		__field(u32, queue)
		__field(u16, type)
		__field(u32, out_len)
		__field(u32, in_len)
	),
	TP_fast_assign(
		__assign_str(endpoint);
		__entry->seq = req->seq;
		__entry->id = req->scsi.id;
		__entry->queue = req->aq->index;
		__entry->type = req->type;
		__entry->out_len = req->out_len;
		__entry->in_len = req->in_len;
	),
	TP_printk("endpoint=%s seq=%llu id=%#llx queue=%u type=%u out=%u in=%u",
		  __get_str(endpoint), __entry->seq, __entry->id, __entry->queue,
		  __entry->type, __entry->out_len, __entry->in_len)
);

/* It is over: its answer goes to the guest, or the guest is gone (-EIO). */
TRACE_EVENT(vhx_req_end,
	TP_PROTO(const struct vhx_areq *req),
	TP_ARGS(req),
	TP_STRUCT__entry(
		__string(endpoint, req->ep->name)
		__field(u64, seq)
		__field(int, result)
		__field(u8, status)
		__field(u8, response)
		__field(u32, copied)
	),
	TP_fast_assign(
		__assign_str(endpoint);
		__entry->seq = req->seq;
		__entry->result = req->result;
		__entry->status = req->result ? 0 : req->answer.status;
		__entry->response = req->result ? 0 : req->answer.response;
		__entry->copied = req->copied;
	),
	TP_printk("endpoint=%s seq=%llu result=%d status=%u response=%u copied=%u",
		  __get_str(endpoint), __entry->seq, __entry->result, __entry->status,
		  __entry->response, __entry->copied)
);

DECLARE_EVENT_CLASS(vhx_agent,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req),
	TP_STRUCT__entry(
		__string(endpoint, req->ep->name)
		__field(u64, seq)
		__field(u32, session)
		__field(u32, tag)
		__field(u32, gen)
		__field(u32, win_off)
		__field(bool, again)
		__field(bool, aborted)
	),
	TP_fast_assign(
		__assign_str(endpoint);
		__entry->seq = req->seq;
		__entry->session = q->s->id;
		__entry->tag = req->tag;
		__entry->gen = req->gen;
		__entry->win_off = req->win_off;
		__entry->again = req->again;
		__entry->aborted = req->aborted;
	),
	TP_printk("endpoint=%s seq=%llu session=%u tag=%u gen=%u win_off=%u%s%s",
		  __get_str(endpoint), __entry->seq, __entry->session, __entry->tag,
		  __entry->gen, __entry->win_off, __entry->again ? " again" : "",
		  __entry->aborted ? " aborted" : "")
);

/* A request, or a window of it, is there for the agent to fetch. */
DEFINE_EVENT(vhx_agent, vhx_agent_ready,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* A request is the agent's. */
DEFINE_EVENT(vhx_agent, vhx_agent_fetch,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* The agent answered it. */
DEFINE_EVENT(vhx_agent, vhx_agent_commit,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* It was READY for agent_stall_s seconds, and the agent has not fetched it. */
DEFINE_EVENT(vhx_agent, vhx_agent_unfetched,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* The agent has had it for as long, and has not answered. */
DEFINE_EVENT(vhx_agent, vhx_agent_unanswered,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* The session ended, and it has no agent any more. */
DEFINE_EVENT(vhx_agent, vhx_agent_orphan,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* A dead agent had it, and another one is to get it. */
DEFINE_EVENT(vhx_agent, vhx_agent_redeliver,
	TP_PROTO(const struct vhx_squeue *q, const struct vhx_areq *req),
	TP_ARGS(q, req)
);

/* A dead session's pages: up to @idle none is in use. All of them: the fence has passed. */
TRACE_EVENT(vhx_agent_fence,
	TP_PROTO(const struct vhx_session *s),
	TP_ARGS(s),
	TP_STRUCT__entry(
		__field(u32, session)
		__field(u32, idle)
		__field(u32, pages)
	),
	TP_fast_assign(
		__entry->session = s->id;
		__entry->idle = s->fence_at;
		__entry->pages = s->pool.area.npages;
	),
	TP_printk("session=%u idle=%u pages=%u", __entry->session, __entry->idle,
		  __entry->pages)
);

#endif /* _VHX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
