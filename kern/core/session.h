/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent's session: its fd, the queues by which it fetches requests, and what is left of it when
 * it dies. See <linux/vhx_agent.h>, and agent.h for the locks.
 *
 * A session is referenced by its file, by the work that ends it, and by each tag: a request whose
 * tag it is copies from and to its pool. Endpoints point to it as long as it serves or fences them,
 * and it has references to them.
 */
#ifndef _VHX_SESSION_H
#define _VHX_SESSION_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vhx_agent.h>
#include <linux/workqueue.h>

#include "pool.h"

struct io_uring_cmd;
struct net;
struct pid;
struct seq_file;
struct user_struct;
struct vhx_aq;
struct vhx_areq;
struct vhx_endpoint;

/**
 * struct vhx_slot - a tag
 * @req: whose it is, NULL when it is free
 * @gen: its generation; goes on from one request to the next
 */
struct vhx_slot {
	struct vhx_areq *req;
	u32 gen;
};

/**
 * struct vhx_seen - a tag as it was when it was looked at
 * @gen: its generation then
 * @state: enum vhx_areq_state, of what the agent owes an answer to
 * @looks: how often it was found like that, in a row
 */
struct vhx_seen {
	u32 gen;
	u8 state;
	u8 looks;
};

/**
 * struct vhx_squeue - a queue of a session; the last one has no tags, and is there for EVENT
 * @s: session
 * @index: which
 * @first: its first tag
 * @ntags: how many
 * @ring: user-readable: tags that were delivered, @ntags entries
 * @lock: what is below
 * @parked: a command that waits. Who takes it from here completes it, and nobody else does
 * @max: most tags that it wants
 * @dead: the session ended
 * @drained: nothing is delivered any more
 * @events: VHX_AGENT_EV_*, not delivered; only of the last
 * @ready: READY requests, by vhx_areq.node
 * @cursor: tags delivered so far
 * @slot: tags
 * @free: indices of those that are free
 * @nfree: how many
 * @starved: virtqueues that found none, by vhx_aq.tagless
 * @zcopies: windows that somebody is busy with, see zcopy.h
 * @stats: counters; read without the lock
 * @seen: of each tag; of the session's @stall alone, like what follows, which others read
 * @unfetched: requests that have been READY for too long
 * @unanswered: that have been OWNED for too long
 */
struct vhx_squeue {
	struct vhx_session *s;
	u32 index;
	u32 first;
	u32 ntags;
	u32 *ring;
	spinlock_t lock ____cacheline_aligned_in_smp;
	struct io_uring_cmd *parked;
	u32 max;
	bool dead;
	bool drained;
	u32 events;
	struct list_head ready;
	u32 cursor;
	struct vhx_slot *slot;
	u32 *free;
	u32 nfree;
	struct list_head starved;
	u32 zcopies;
	u64 stats[VHX_AGENT_QSTAT_NR];
	struct vhx_seen *seen;
	u32 unfetched;
	u32 unanswered;
};

/**
 * struct vhx_session - a session
 * @ref: references
 * @node: in the list of all, under vhx_sessions_lock
 * @id: for people
 * @owner: who opened it
 * @comm: its command name
 * @net: where it is told of
 * @nqueues: with tags
 * @queue: they, and one more for EVENT
 * @req: struct vhx_agent_req of each tag
 * @ring: the queues' rings
 * @pool: bounce pages
 * @lock: mmap(), ATTACH and DETACH against the end; taken under mmap_lock, no user memory is touched
 * @dead: bit 0: it ended
 * @ep: endpoints it serves, by their numbers; NULL: one that it gave up; under @lock
 * @neps: numbers that there were
 * @zcopy_min: bytes of a window of which nothing is copied; 0: all are. Fixed, like what follows
 * @zcopy_user: to whom their pages are charged, NULL: to nobody
 * @zcopy_limit: pages that it may have locked
 * @kill: ends it
 * @fence: looks whether what it did is over
 * @fence_at: pages before this one are idle; of @fence alone
 * @fence_delay: jiffies to its next look
 * @stall: looks whether the agent stands still; not after @dead
 * @stalled: it did, at the last look
 * @killed: it was sent SIGKILL for that
 */
struct vhx_session {
	struct kref ref;
	struct list_head node;
	u32 id;
	struct pid *owner;
	char comm[16];
	struct net *net;
	u32 nqueues;
	struct vhx_squeue *queue;
	struct vhx_area req;
	struct vhx_area ring;
	struct vhx_pool pool;
	struct mutex lock;
	unsigned long dead;
	struct vhx_endpoint *ep[VHX_AGENT_ENDPOINTS_MAX];
	u32 neps;
	u32 zcopy_min;
	struct user_struct *zcopy_user;
	unsigned long zcopy_limit;
	struct work_struct kill;
	struct delayed_work fence;
	u32 fence_at;
	unsigned long fence_delay;
	struct delayed_work stall;
	bool stalled;
	bool killed;
};

/**
 * struct vhx_issue - a command as io_uring hands it over
 * @cmd: it
 * @flags: io_uring's
 */
struct vhx_issue {
	struct io_uring_cmd *cmd;
	unsigned int flags;
};

/* Of sessions' work: at the module's end it is not only begun, but over. */
extern struct workqueue_struct *vhx_session_wq;

/* Context: q->lock. */
static inline void vhx_squeue_count(struct vhx_squeue *q, enum vhx_agent_qstat id, u64 n)
{
	WRITE_ONCE(q->stats[id], q->stats[id] + n);
}

/* session.c */
int vhx_session_init(void);
void vhx_session_exit(void);
long vhx_session_open(const void __user *argp);
void vhx_session_put(struct vhx_session *s);
void vhx_session_kill(struct vhx_session *s);
int vhx_session_for_each(int (*fn)(struct vhx_session *s, void *arg), void *arg);

/* squeue.c */
int vhx_squeue_init(struct vhx_squeue *q, u32 ntags);
void vhx_squeue_free(struct vhx_squeue *q);
int vhx_squeue_cmd(struct io_uring_cmd *cmd, struct vhx_squeue *q, u32 max,
		   unsigned int issue_flags);
void vhx_squeue_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags);
void vhx_squeue_ring(struct vhx_squeue *q, u32 events);
void vhx_squeue_poke(struct vhx_squeue *q);
void vhx_squeue_drain(struct vhx_squeue *q);
void vhx_squeue_kill(struct vhx_squeue *q);
bool vhx_squeue_take_back(struct vhx_squeue *q, const struct vhx_endpoint *ep);
struct vhx_areq *vhx_squeue_owned(struct vhx_squeue *q, u32 tag, u32 gen);
struct vhx_areq *vhx_squeue_land(struct vhx_areq *req);
void vhx_squeue_settle(struct vhx_areq *req);
void vhx_squeue_show(struct vhx_squeue *q, struct seq_file *m);

/* commit.c */
int vhx_squeue_commit(struct vhx_squeue *q, const void __user *done, u32 n,
		      const struct vhx_issue *by);

/* tag.c */
int vhx_tag_take(struct vhx_squeue *q, struct vhx_areq *req);
int vhx_tag_offer(struct vhx_areq *req);
int vhx_tag_get(struct vhx_squeue *q, struct vhx_areq *req);
void vhx_tag_put(struct vhx_areq *req);
void vhx_tag_leave(struct vhx_squeue *q, struct vhx_aq *aq);
int vhx_tag_publish(struct vhx_areq *req);

/* detach.c */
int vhx_endpoint_detach(struct vhx_session *s, const struct vhx_agent_detach *arg);

/* endpoint.c */
void vhx_endpoints_exit(void);
void vhx_endpoint_put(struct vhx_endpoint *ep);
int vhx_endpoint_for_each(int (*fn)(struct vhx_endpoint *ep, void *arg), void *arg);
struct vhx_endpoint *vhx_endpoint_of(struct vhx_session *s, u32 number);
int vhx_endpoint_attach(struct vhx_session *s, struct vhx_agent_attach *arg);
long vhx_endpoint_destroy(const void __user *argp);
void vhx_endpoint_orphan(struct vhx_session *s);
void vhx_endpoint_fenced(struct vhx_session *s);
void vhx_endpoint_pass(struct vhx_endpoint *ep);
void vhx_endpoint_freed(struct vhx_endpoint *ep);
struct vhx_session *vhx_endpoint_session(struct vhx_endpoint *ep);
struct vhx_session *vhx_endpoint_last_session(struct vhx_endpoint *ep);

/* nlagent.c */
void vhx_nl_agent_init(void);
void vhx_nl_agent_exit(void);
void vhx_nl_agent_event(struct vhx_session *s, u32 kind, const struct vhx_endpoint *ep,
			const char *reason);

/* stall.c */
void vhx_stall_init(struct vhx_session *s);
void vhx_stall_start(struct vhx_session *s);
void vhx_stall_stop(struct vhx_session *s);

/* targets.c */
long vhx_session_targets(struct vhx_session *s, const void __user *argp);

/* notify.c */
long vhx_session_notify(struct vhx_session *s, const void __user *argp);

/* abort.c */
void vhx_endpoint_check(struct vhx_endpoint *ep);
void vhx_abort_flag(const struct vhx_areq *req);

/* nexus.c */
u64 vhx_nexus_next_id(void);
bool vhx_nexus_admits(const struct vhx_areq *req);
void vhx_nexus_claim(struct vhx_aq *aq);
void vhx_nexus_unclaim(struct vhx_aq *aq);
void vhx_nexus_end(struct vhx_areq *req);
void vhx_nexus_leave(struct vhx_areq *req);
void vhx_nexus_settle(struct vhx_areq *req, bool answered);

#endif /* _VHX_SESSION_H */
