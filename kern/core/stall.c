// SPDX-License-Identifier: GPL-2.0-only
/*
 * Agents that stand still. Nobody is told when a thread of an agent's dies, or waits for ever: its
 * requests are not fetched any more, or not answered, and their guests wait. So a session's work
 * looks at all its tags now and then, and takes what it finds as it was, LOOKS times in a row, for
 * stalled. A request pays nothing for that: a tag's generation says whether it is the same.
 *
 * What is stalled is counted, traced and told of, once. An agent that does not fetch is killed only
 * if the operator asked for that: it takes the same agent's other work with it, which the next agent
 * then does again.
 */
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "agent.h"
#include "message.h"
#include "session.h"
#include "trace.h"

#define LOOKS		4	/* in agent_stall_s */
#define STALL_S_MAX	86400
#define TAGS_AT_ONCE	64	/* looked at under a lock that the agent waits for */

static unsigned int agent_stall_s = 30;

static bool agent_stall_kill;
module_param(agent_stall_kill, bool, 0644);
MODULE_PARM_DESC(agent_stall_kill,
		 "Send SIGKILL to an agent that has not fetched a request for agent_stall_s (default N)");

/**
 * struct vhx_stall - what a look found
 * @unfetched: READY for too long
 * @unanswered: OWNED for too long
 * @ep: whose one of them is, with a reference; NULL if there is none
 */
struct vhx_stall {
	u32 unfetched;
	u32 unanswered;
	struct vhx_endpoint *ep;
};

/* ---- looks ---- */

/* It has been like that for long enough, just now. Context: @q->lock. */
static void vhx_stall_found(struct vhx_squeue *q, const struct vhx_areq *req)
{
	if (req->state == VHX_AREQ_READY) {
		vhx_squeue_count(q, VHX_AGENT_QSTAT_UNFETCHED, 1);
		trace_vhx_agent_unfetched(q, req);
	} else {
		vhx_squeue_count(q, VHX_AGENT_QSTAT_UNANSWERED, 1);
		trace_vhx_agent_unanswered(q, req);
	}
}

/* Context: @q->lock. */
static void vhx_stall_look_at(struct vhx_squeue *q, u32 i, struct vhx_stall *st)
{
	const struct vhx_areq *req = q->slot[i].req;
	struct vhx_seen *seen = &q->seen[i];

	/* A message that the agent has nobody waits for. */
	if (!req || (req->state != VHX_AREQ_READY &&
		     (req->state != VHX_AREQ_OWNED || vhx_message_is(req)))) {
		seen->looks = 0;
		return;
	}
	if (!seen->looks || seen->gen != req->gen || seen->state != req->state) {
		*seen = (struct vhx_seen) { .gen = req->gen, .state = req->state, .looks = 1 };
		return;
	}
	if (seen->looks <= LOOKS && ++seen->looks > LOOKS)
		vhx_stall_found(q, req);
	if (seen->looks <= LOOKS)
		return;
	if (req->state == VHX_AREQ_READY)
		st->unfetched++;
	else
		st->unanswered++;
	if (!st->ep) {
		/* The session may go, but not before its work. */
		st->ep = req->ep;
		kref_get(&st->ep->ref);
	}
}

static void vhx_stall_look(struct vhx_squeue *q, struct vhx_stall *st, bool on)
{
	struct vhx_stall own = { .ep = st->ep };
	u32 i, end;

	for (i = 0; on && i < q->ntags; i = end) {
		end = min(i + TAGS_AT_ONCE, q->ntags);
		spin_lock(&q->lock);
		for (; i < end; i++)
			vhx_stall_look_at(q, i, &own);
		spin_unlock(&q->lock);
	}
	WRITE_ONCE(q->unfetched, own.unfetched);
	WRITE_ONCE(q->unanswered, own.unanswered);
	st->unfetched += own.unfetched;
	st->unanswered += own.unanswered;
	st->ep = own.ep;
}

/* ---- what comes of it ---- */

static void vhx_stall_tell(struct vhx_session *s, const struct vhx_stall *st, u32 secs)
{
	const bool stalled = st->unfetched || st->unanswered;
	const bool was = s->stalled;
	char reason[96];

	/* Who is told, and looks, sees it. */
	WRITE_ONCE(s->stalled, stalled);
	if (stalled && !was) {
		snprintf(reason, sizeof(reason), "%u not fetched, %u not answered for %u s",
			 st->unfetched, st->unanswered, secs);
		vhx_nl_agent_event(s, VHX_EVENT_AGENT_STALLED, st->ep, reason);
	}
	if (!stalled && was)
		vhx_nl_agent_event(s, VHX_EVENT_AGENT_RESUMED, NULL,
				   secs ? NULL : "agent_stall_s=0");
}

static void vhx_stall_kill(struct vhx_session *s, const struct vhx_stall *st)
{
	if (!st->unfetched || s->killed || !READ_ONCE(agent_stall_kill))
		return;
	s->killed = true;
	vhx_nl_agent_event(s, VHX_EVENT_AGENT_KILLED, st->ep, "agent_stall_kill");
	kill_pid(s->owner, SIGKILL, 1);
}

static void vhx_stall_work(struct work_struct *work)
{
	struct vhx_session *s = container_of(to_delayed_work(work), struct vhx_session, stall);
	const u32 secs = READ_ONCE(agent_stall_s);
	struct vhx_stall st = {};
	u32 i;

	for (i = 0; i < s->nqueues; i++)
		vhx_stall_look(&s->queue[i], &st, secs);
	vhx_stall_tell(s, &st, secs);
	vhx_stall_kill(s, &st);
	if (st.ep)
		vhx_endpoint_put(st.ep);
	if (secs)
		queue_delayed_work(vhx_session_wq, &s->stall, secs * HZ / LOOKS);
}

/* ---- life ---- */

/**
 * vhx_stall_init - a session is made
 * @s: session
 */
void vhx_stall_init(struct vhx_session *s)
{
	INIT_DELAYED_WORK(&s->stall, vhx_stall_work);
}

/**
 * vhx_stall_start - look after an agent
 * @s: session, before anybody can end it
 *
 * Context: process.
 */
void vhx_stall_start(struct vhx_session *s)
{
	mod_delayed_work(vhx_session_wq, &s->stall, READ_ONCE(agent_stall_s) * HZ / LOOKS);
}

/**
 * vhx_stall_stop - look no more
 * @s: session that ended, or never began
 *
 * Context: process, sleeps; not of the work itself.
 */
void vhx_stall_stop(struct vhx_session *s)
{
	/* vhx_stall_renew() may come after it. */
	disable_delayed_work_sync(&s->stall);
	WRITE_ONCE(s->stalled, false);
}

/* ---- the setting ---- */

static int vhx_stall_renew(struct vhx_session *s, void *arg)
{
	vhx_stall_start(s);
	return 0;
}

static int vhx_stall_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 0, STALL_S_MAX);

	if (!err)
		vhx_session_for_each(vhx_stall_renew, NULL);
	return err;
}

static const struct kernel_param_ops vhx_stall_ops = {
	.set = vhx_stall_set,
	.get = param_get_uint,
};

module_param_cb(agent_stall_s, &vhx_stall_ops, &agent_stall_s, 0644);
MODULE_PARM_DESC(agent_stall_s,
		 "Seconds after which an agent that fetches or answers nothing is told of, 0 for never (default 30)");
