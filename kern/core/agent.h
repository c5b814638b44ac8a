/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests that an agent answers: what a class of devices sees of them. The agent's side is in
 * session.h, what is agreed on with it in <linux/vhx_agent.h>.
 *
 * A class has one struct vhx_aq for each virtqueue whose requests go to an agent, and its handler
 *
 *	while ((req = vhx_aq_collect(aq)))	those that are over: answer the guest, push,
 *		...				vhx_areq_free()
 *	if (vhx_aq_may_pull(aq))		raw pull, vhx_areq_alloc(), fill in,
 *		...				vhx_areq_submit(), then collect once more
 *
 * All of it is under the virtqueue's lock. When another guest begins to use the endpoint, or the same
 * anew, the class says so by vhx_endpoint_begin(). What a request's state is:
 *
 *	WAITING	the virtqueue's: there is no agent, no tag, no room; or a dead agent had it
 *	READY	has a tag, is in the session's queue, and the agent has not seen it
 *	OWNED	the agent's
 *	DONE	committed, or over without the agent
 *
 * Locks, outermost first: vhx_vq.lock, vhx_endpoint.lock, vhx_aq.lock, vhx_squeue.lock,
 * vhx_pool.lock. READY, OWNED and DONE follow each other under vhx_squeue.lock. A request gets a
 * tag, or loses it, under vhx_aq.lock as well, and by nobody but the virtqueue's handler or who
 * detaches it, as long as it is the virtqueue's.
 */
#ifndef _VHX_AGENT_H
#define _VHX_AGENT_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vhx_agent.h>
#include <linux/wait.h>

#include "ring.h"

struct vhx_areq;
struct vhx_correspondent;
struct vhx_endpoint;
struct vhx_messages;
struct vhx_session;
struct vhx_squeue;
struct vhx_vq;
struct vhx_zcopy;

/**
 * struct vhx_listener - who at the VMM's side hears what the agent has to say
 * @notify: an agent wants its guest told of something: 0 or negative, the ioctl's result. @arg is
 *	the agent's, and only its size, flags and endpoint were looked at. Context: does not sleep,
 *	vhx_endpoint.lock
 */
struct vhx_listener {
	int (*notify)(struct vhx_listener *l, const struct vhx_agent_notify *arg);
};

/**
 * struct vhx_endpoint - what an agent serves
 * @ref: references
 * @node: in the list of all, under vhx_endpoints_lock; empty once destroyed
 * @class: VHX_ENDPOINT_*
 * @name: fixed
 * @in_use: a VMM uses it; under vhx_endpoints_lock
 * @passing: a VMM made it, and it goes with the last that has a use for it
 * @quota: pages of the pool that its requests may hold
 * @used: pages that they do
 * @seq: requests that came
 * @left: requests of former VMMs that an agent has
 * @nexus_id: of the last nexus that began; written by whoever uses it, under @lock
 * @lock: what is below
 * @holders: VMMs that have the nexus, whether they use the endpoint now or not
 * @session: who serves it, NULL when nobody does; see vhx_endpoint_is_of()
 * @number: in the session
 * @fence: a session that is dead, or gives it up, and whose I/O may be under way, NULL when there is
 *	none
 * @nexus: tells the agent that a nexus begins, NULL when it knows; read without the lock too
 * @aqs: virtqueues, by vhx_aq.node
 * @watches: by vhx_awatch.node
 * @listener: hears what the agent has to say, NULL when there is none
 * @unheard: times that there was none
 * @messages: slots for messages, NULL when the agent has none set apart; see message.h
 * @mail: held over what @correspondent is told; outside of all locks here but the session's
 * @correspondent: who messages are for, at the VMM's side, NULL when there is none; under @mail
 * @targets: which there are, all of them as long as no agent has said; written under @lock, read
 *	without, each bit for itself
 */
struct vhx_endpoint {
	struct kref ref;
	struct list_head node;
	u32 class;
	char name[VHX_ENDPOINT_NAME_LEN];
	bool in_use;
	bool passing;
	u32 quota;
	atomic_t used;
	atomic64_t seq;
	atomic_t left;
	u64 nexus_id;
	spinlock_t lock;
	u32 holders;
	struct vhx_session *session;
	u32 number;
	struct vhx_session *fence;
	struct vhx_areq *nexus;
	struct list_head aqs;
	struct list_head watches;
	struct vhx_listener *listener;
	u32 unheard;
	struct vhx_messages *messages;
	struct mutex mail;
	struct vhx_correspondent *correspondent;
	DECLARE_BITMAP(targets, VHX_AGENT_TARGETS_MAX);
};

/**
 * struct vhx_aq - a virtqueue's requests
 * @vq: virtqueue
 * @ep: endpoint
 * @index: which of the device's; fixed
 * @node: in @ep->aqs
 * @back: requests that come back: committed, or taken from the agent; lock-free
 * @waiting: WAITING, by age; under @vq->lock, like what is below unless it says otherwise
 * @landed: DONE, and not collected, by vhx_areq.back; NULL when there is none
 * @landed_end: where the next one goes
 * @spare: requests that were let go, to be used again, by vhx_areq.back
 * @nspare: how many
 * @bell: something was made READY since the agent was told
 * @draining: nothing is pulled any more
 * @lock: @all, and what tags its requests have
 * @all: all requests, by vhx_areq.all
 * @aborted: some of @waiting may be aborted; not under a lock
 * @empty: woken when @all is
 * @starved: in a list of vhx_pool, under its lock
 * @tagless: in vhx_squeue.starved, under its lock
 */
struct vhx_aq {
	struct vhx_vq *vq;
	struct vhx_endpoint *ep;
	u32 index;
	struct list_head node;
	struct llist_head back;
	struct list_head waiting;
	struct llist_node *landed;
	struct llist_node **landed_end;
	struct llist_node *spare;
	u32 nspare;
	bool bell;
	bool draining;
	spinlock_t lock;
	struct list_head all;
	bool aborted;
	wait_queue_head_t empty;
	struct list_head starved;
	struct list_head tagless;
};

enum vhx_areq_state {
	VHX_AREQ_WAITING,
	VHX_AREQ_READY,
	VHX_AREQ_OWNED,
	VHX_AREQ_DONE,
};

/**
 * struct vhx_answer - what the agent said
 * @status: SCSI status
 * @response: VIRTIO_SCSI_S_*
 * @sense_len: bytes of @sense, at most VHX_AGENT_SENSE_MAX
 * @resid: as it said; nobody checked
 * @in_len: bytes of the last window that hold data, at most the window's
 * @last: no other window is wanted
 * @sense: sense data
 */
struct vhx_answer {
	u8 status;
	u8 response;
	u16 sense_len;
	u32 resid;
	u32 in_len;
	bool last;
	u8 sense[VHX_AGENT_SENSE_MAX];
};

/**
 * struct vhx_areq - a request; the class embeds it, first
 * @seg: the guest's pieces of memory, by its own addresses; the class fills them in, like what
 *	follows up to @payload
 * @chain: to be pushed
 * @data: index in @seg of the piece in which the data begins
 * @off: bytes of it that are no data
 * @out_len: bytes of data that the guest sends
 * @in_len: bytes it has room for; one of both is 0
 * @type: VHX_AGENT_REQ_*
 * @payload: as the type has it
 * @result: once it was collected: 0 the agent's answer is in @answer; -ECANCELED aborted; -EFAULT
 *	the data is nowhere; -EIO the queue was stopped
 * @copied: bytes of data that were written to the guest
 * @seq: age, of the endpoint's
 * @nseg: pieces
 * @ep: endpoint
 * @aq: virtqueue, NULL when the guest's side is gone. Under @q's lock if it has a tag; of what tells
 *	of a nexus under @ep->lock as well
 * @all: in @aq->all
 * @node: in one of @aq's lists or in @q->ready
 * @back: in @aq->back, @aq->landed or @aq->spare
 * @state: see above
 * @again: a dead agent had it
 * @aborted: an abort matched it; set under @aq->lock
 * @taken: DONE, and the window's data was copied to the guest
 * @q: the session's queue, NULL without a tag
 * @tag: of the session
 * @gen: the tag's
 * @zcopy: the window's data in the guest, pinned, NULL where it was copied; taken back under @q's lock
 * @committed: it is OWNED still, and will be DONE once nobody is busy with @zcopy; under @q's lock
 * @page: of the pool, the first
 * @npages: how many
 * @win_off: where the window begins
 * @win_len: how long it is
 * @size: bytes of it, of what the class added, and of @seg; what is above is zeroed for each use
 * @answer: what the agent said, if @result is 0
 */
struct vhx_areq {
	struct vhx_seg *seg;
	struct vhx_chain chain;
	u32 data;
	u32 out_len;
	u32 in_len;
	u16 type;
	u64 off;
	union {
		struct vhx_agent_scsi scsi;
		u8 payload[sizeof_field(struct vhx_agent_req, payload)];
	};
	int result;
	u32 copied;

	u64 seq;
	u32 nseg;
	struct vhx_endpoint *ep;
	struct vhx_aq *aq;
	struct list_head all;
	struct list_head node;
	struct llist_node back;
	enum vhx_areq_state state;
	bool again;
	bool aborted;
	bool taken;
	struct vhx_squeue *q;
	u32 tag;
	u32 gen;
	struct vhx_zcopy *zcopy;
	bool committed;
	u32 page;
	u32 npages;
	u32 win_off;
	u32 win_len;

	u32 size;
	struct vhx_answer answer;
};

/**
 * struct vhx_awatch - tells when requests that were aborted are gone
 * @match: whether a request is meant
 * @arg: handed to @match
 * @fn: called once, when no such request that came before @seq is left; under vhx_endpoint.lock
 * @seq: set by vhx_endpoint_abort()
 * @node: in vhx_endpoint.watches
 */
struct vhx_awatch {
	bool (*match)(const struct vhx_areq *req, const void *arg);
	const void *arg;
	void (*fn)(struct vhx_awatch *w);
	u64 seq;
	struct list_head node;
};

/* Under the lock of the session's queue, or pool: see detach.c. */
static inline bool vhx_endpoint_is_of(const struct vhx_endpoint *ep, const struct vhx_session *s)
{
	return READ_ONCE(ep->session) == s;
}

/* endpoint.c */
struct vhx_endpoint *vhx_endpoint_use(u32 class, const char *name);
struct vhx_endpoint *vhx_endpoint_use_new(u32 class, const char *name);
void vhx_endpoint_unuse(struct vhx_endpoint *ep);

/* nexus.c */
int vhx_endpoint_begin(struct vhx_endpoint *ep);
u64 vhx_endpoint_hold(struct vhx_endpoint *ep, u64 had);
bool vhx_endpoint_is_held(struct vhx_endpoint *ep);
void vhx_nexus_let_go(u64 id);
bool vhx_endpoint_serves(const struct vhx_endpoint *ep);

/* Is there such a target? Whatever the agent says meanwhile. Context: any. */
static inline bool vhx_endpoint_has(const struct vhx_endpoint *ep, u8 target)
{
	return test_bit(target, ep->targets);
}

/* notify.c */
u32 vhx_endpoint_listen(struct vhx_endpoint *ep, struct vhx_listener *l);

/* abort.c */
bool vhx_endpoint_abort(struct vhx_endpoint *ep, struct vhx_awatch *w);
void vhx_endpoint_unwatch(struct vhx_endpoint *ep, struct vhx_awatch *w);

/* aq.c */
void vhx_aq_attach(struct vhx_aq *aq, struct vhx_vq *vq, struct vhx_endpoint *ep, u32 index);
void vhx_aq_broken(struct vhx_aq *aq);
void vhx_aq_detach(struct vhx_aq *aq);
bool vhx_aq_may_pull(const struct vhx_aq *aq);
struct vhx_areq *vhx_aq_collect(struct vhx_aq *aq);
void vhx_aq_hold(struct vhx_aq *aq);
int vhx_aq_drain(struct vhx_aq *aq);

/* areq.c */
void *vhx_areq_alloc(struct vhx_aq *aq, size_t size, u32 nseg);
int vhx_areq_submit(struct vhx_areq *req);
void vhx_areq_free(struct vhx_areq *req);

#endif /* _VHX_AGENT_H */
