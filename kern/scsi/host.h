/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SCSI host: what one vhost fd of the scsi class is. Its queues are the control queue, the event
 * queue and request queues; what runs is bound to an endpoint, from SET_ENDPOINT to CLEAR_ENDPOINT.
 *
 * Locks are the core's, see core/dev.h. Of the host's own, tmf_lock and event_lock are innermost.
 */
#ifndef _VHX_SCSI_HOST_H
#define _VHX_SCSI_HOST_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vhost.h>
#include <linux/vhx.h>
#include <linux/wait.h>

#include "core/agent.h"
#include "core/dev.h"
#include "core/vq.h"
#include "req.h"

#define VHX_SCSI_BUDGET		256	/* requests a turn of a handler, as in-tree */
#define VHX_SCSI_BUDGET_BYTES	(4U << 20)
#define VHX_SCSI_BUDGET_DESCS	4096
#define VHX_SCSI_EVENTS		128	/* that wait for a buffer, as in-tree */
#define VHX_SCSI_TMFS		16	/* under way: each looks at all commands again and again */
#define VHX_SCSI_RESETS		64	/* that an agent which is away is told of later */

/**
 * struct vhx_scsi_queue - a queue
 * @vq: the queue; first
 * @aq: its requests, while it runs
 * @answers: requests that were collected and not answered, by vhx_areq.node: a translation is
 *	missing. Under the queue's lock
 * @order: with IN_ORDER, while it runs: see order.c
 * @swept: the last vhx_scsi_host.sweep for which all that the guest had posted was taken
 * @stats: counters, by enum vhx_scsi_qstat; those that every queue has are in @vq
 * @ran: it did when the host was bound last
 * @base: where it stopped then
 */
struct vhx_scsi_queue {
	struct vhx_vq vq;
	struct vhx_aq aq;
	struct list_head answers;
	struct vhx_scsi_order *order;
	u64 swept;
	u64 stats[VHX_SCSI_QSTAT_NR];
	bool ran;
	u32 base;
};

/* Written under the queue's lock, and read without. */
static inline void vhx_scsi_count(struct vhx_scsi_queue *q, enum vhx_scsi_qstat id, u64 n)
{
	WRITE_ONCE(q->stats[id], q->stats[id] + n);
}

/**
 * struct vhx_scsi_show - a host as it is shown, also when it is bound to nothing
 * @node: in the list of all; it and what is below is under vhx_scsi_shows_lock
 * @id: never used twice; 0: it was never bound, and is not in the list
 * @live: it is bound
 * @name: to which endpoint, or to which it was last
 * @owner: who owns it
 * @comm: its command name
 */
struct vhx_scsi_show {
	struct list_head node;
	u32 id;
	bool live;
	char name[VHX_ENDPOINT_NAME_LEN];
	struct pid *owner;
	char comm[16];
};

/**
 * struct vhx_scsi_req - a command that the agent has, or will have
 * @r: the request; first
 * @cmd: the command; fixed once it is submitted
 * @in: index in @r.seg of the first piece that the device writes
 * @nin: how many of those
 * @place: with IN_ORDER, its chain's
 */
struct vhx_scsi_req {
	struct vhx_areq r;
	struct vhx_scsi_cmd cmd;
	u32 in;
	u32 nin;
	u32 place;
};

/**
 * struct vhx_scsi_host - a host
 * @dev: the device; first
 * @ep: endpoint it is bound to, or NULL; under @dev.lock, and fixed while a queue runs
 * @show: for people
 * @nexus: the one it has: vhx_endpoint.nexus_id when it was bound last, 0 before; under @dev.lock
 * @bound: all its queues that were set up run; under @dev.lock
 * @draining: nothing is taken from the control queue any more; under its lock
 * @drained: woken when @tmfs is empty, and when a queue breaks
 * @tmf_lock: @tmfs, which the control queue's handler alone changes
 * @tmfs: task management functions under way
 * @ntmfs: how many; written under the control queue's lock
 * @resets: requests that tell the agent of a reset; under the control queue's lock
 * @sweep: the last that was asked for; written under the control queue's lock
 * @listener: the agent's way to @event
 * @event_mask: bit i: the guest negotiated VHX_SCSI_EV i; fixed while it is bound
 * @event_lock: what is below
 * @event: events that wait for a buffer, a ring of them
 * @event_at: the oldest
 * @event_n: how many
 * @events_missed: some were lost, and the guest was not told
 * @events_lost: how many of them are not counted yet
 * @nvqs: queues
 * @vqs: pointers to them, as the core wants it
 * @queue: they
 */
struct vhx_scsi_host {
	struct vhx_dev dev;
	struct vhx_endpoint *ep;
	struct vhx_scsi_show show;
	u64 nexus;
	bool bound;
	bool draining;
	wait_queue_head_t drained;
	spinlock_t tmf_lock;
	struct list_head tmfs;
	u32 ntmfs;
	u32 resets;
	u64 sweep;
	struct vhx_listener listener;
	u32 event_mask;
	spinlock_t event_lock;
	struct vhx_scsi_news event[VHX_SCSI_EVENTS];
	u32 event_at;
	u32 event_n;
	bool events_missed;
	u32 events_lost;
	u32 nvqs;
	struct vhx_vq **vqs;
	struct vhx_scsi_queue queue[];
};

/**
 * struct vhx_scsi_scratch - a worker's working memory
 * @chain: what was pulled
 * @seg: its pieces
 * @done: what is to be pushed
 * @req: whose request each of @done is, or NULL
 */
struct vhx_scsi_scratch {
	struct vhx_chain chain[VHX_PULL_MAX];
	struct vhx_seg seg[2 * VHX_CHAIN_MAX];
	struct vhx_done done[VHX_PULL_MAX];
	struct vhx_scsi_req *req[VHX_PULL_MAX];
};

static inline struct vhx_scsi_host *vhx_scsi_host_of(const struct vhx_vq *vq)
{
	return container_of(vq->dev, struct vhx_scsi_host, dev);
}

static inline struct vhx_scsi_queue *vhx_scsi_queue_of(struct vhx_vq *vq)
{
	return container_of(vq, struct vhx_scsi_queue, vq);
}

static inline struct vhx_scsi_opt vhx_scsi_opt_of(const struct vhx_vq *vq)
{
	return (struct vhx_scsi_opt) { .swap = vq->ring.swap };
}

/* bind.c */
long vhx_scsi_bind(struct vhx_scsi_host *h, const char *name);
int vhx_scsi_drain(struct vhx_scsi_host *h);
void vhx_scsi_unbind(struct vhx_scsi_host *h);
bool vhx_scsi_access_ok(struct vhx_scsi_host *h);

/* nl.c */
void vhx_scsi_nl_init(void);
void vhx_scsi_nl_exit(void);
void vhx_scsi_nl_bound(struct vhx_scsi_host *h, const char *name);
void vhx_scsi_nl_unbound(struct vhx_scsi_host *h);
void vhx_scsi_nl_forget(struct vhx_scsi_host *h);

/* features.c */
extern const u64 vhx_scsi_features[VHX_FEATURE_WORDS];

long vhx_scsi_set_features(struct vhx_dev *dev, const u64 *features);

/* cmd.c */
void vhx_scsi_cmd_handle(struct vhx_vq *vq);

/* chain.c */
int vhx_scsi_chain_pull(struct vhx_vq *vq, struct vhx_pull *p);
int vhx_scsi_chain_read(struct vhx_vq *vq, const struct vhx_chain *c, void *to, u32 len);
int vhx_scsi_chain_write(struct vhx_vq *vq, const struct vhx_chain *c, void *from, u32 len);

/* ctl.c */
void vhx_scsi_ctl_handle(struct vhx_vq *vq);
void vhx_scsi_ctl_forget(struct vhx_scsi_host *h);

/* tmf.c */
u8 vhx_scsi_tmf_verdict(struct vhx_scsi_host *h, const struct vhx_scsi_task *task);

/* event.c */
void vhx_scsi_event_handle(struct vhx_vq *vq);
void vhx_scsi_event_listen(struct vhx_scsi_host *h);
void vhx_scsi_event_set_missed(struct vhx_scsi_host *h, bool missed);
bool vhx_scsi_event_missed(struct vhx_scsi_host *h);
void vhx_scsi_event_forget(struct vhx_scsi_host *h);

#endif /* _VHX_SCSI_HOST_H */
