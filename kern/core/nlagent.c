// SPDX-License-Identifier: GPL-2.0-only
/*
 * Agents by netlink: what they serve, their sessions, and the sessions' queues. See nl.h and
 * <linux/vhx.h>.
 *
 * None of it belongs to a network namespace. It shows to a reader in whose pid namespace the agent,
 * or the VMM, has a pid; an endpoint, which may have neither, in the first one as well. A dump goes
 * on by position, as any; its numbers are of one moment for one object, not for all.
 */
#include <linux/bitmap.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include "agent.h"
#include "dev.h"
#include "nl.h"
#include "session.h"
#include "vq.h"

#define TAGS_AT_ONCE	64	/* looked at under a lock that the agent waits for */

/**
 * struct vhx_nl_walk - a dump under way
 * @skb: what is filled
 * @cb: its callback: args[0] objects are over, and args[1] queues of the next
 * @at: objects looked at
 * @only: of this session alone, or 0
 */
struct vhx_nl_walk {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	long at;
	u32 only;
};

/* One object, by @fill. Return: 0, or -EMSGSIZE: the next call of the dump goes on here. */
static int vhx_nl_walk_put(struct vhx_nl_walk *w, u8 cmd,
			   bool (*fill)(struct sk_buff *skb, const void *obj), const void *obj)
{
	void *head = vhx_nl_put(w->skb, w->cb, cmd);

	if (!head)
		return -EMSGSIZE;
	if (!fill(w->skb, obj)) {
		genlmsg_cancel(w->skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(w->skb, head);
	return 0;
}

/* ---- endpoints ---- */

/**
 * struct vhx_endpoint_look - an endpoint as it was at one moment
 * @ep: it
 * @owner: pid of the VMM for the reader, 0: none
 * @agent: session that serves it, 0: none
 * @agent_pid: its pid for the reader
 * @fence: dead session, 0: none
 * @n: requests by enum vhx_areq_state
 */
struct vhx_endpoint_look {
	const struct vhx_endpoint *ep;
	u32 owner;
	u32 agent;
	u32 agent_pid;
	u32 fence;
	u32 n[VHX_AREQ_DONE + 1];
};

/* Context: @ep->lock. */
static void vhx_endpoint_look_at(struct vhx_endpoint_look *look, struct vhx_endpoint *ep)
{
	struct vhx_areq *req;
	struct vhx_aq *aq;

	look->agent = ep->session ? ep->session->id : 0;
	look->agent_pid = ep->session ? pid_vnr(ep->session->owner) : 0;
	look->fence = ep->fence ? ep->fence->id : 0;
	list_for_each_entry(aq, &ep->aqs, node) {
		/* A device has its owner as long as a virtqueue of it is attached. */
		look->owner = pid_vnr(aq->vq->dev->owner);
		spin_lock(&aq->lock);
		/* States change under other locks: a number may be off by what is on its way. */
		list_for_each_entry(req, &aq->all, all)
			look->n[READ_ONCE(req->state)]++;
		spin_unlock(&aq->lock);
	}
}

static bool vhx_endpoint_fill(struct sk_buff *skb, const void *obj)
{
	const struct vhx_endpoint_look *look = obj;
	const struct vhx_endpoint *ep = look->ep;

	return !nla_put_u32(skb, VHX_A_ENDPOINT_CLASS, ep->class) &&
	       !nla_put_string(skb, VHX_A_ENDPOINT_NAME, ep->name) &&
	       (!ep->in_use || !nla_put_flag(skb, VHX_A_ENDPOINT_IN_USE)) &&
	       (!look->owner || !nla_put_u32(skb, VHX_A_ENDPOINT_OWNER, look->owner)) &&
	       (!look->agent || !nla_put_u32(skb, VHX_A_ENDPOINT_AGENT, look->agent)) &&
	       (!look->fence || !nla_put_u32(skb, VHX_A_ENDPOINT_FENCE, look->fence)) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_QUOTA, READ_ONCE(ep->quota)) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_USED, atomic_read(&ep->used)) &&
	       !nla_put_u64_64bit(skb, VHX_A_ENDPOINT_REQUESTS, atomic64_read(&ep->seq),
				  VHX_A_ENDPOINT_PAD) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_WAITING, look->n[VHX_AREQ_WAITING]) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_READY, look->n[VHX_AREQ_READY]) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_OWNED, look->n[VHX_AREQ_OWNED]) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_DONE, look->n[VHX_AREQ_DONE]) &&
	       !nla_put_u32(skb, VHX_A_ENDPOINT_DISOWNED, atomic_read(&ep->left));
}

static int vhx_endpoint_dump_one(struct vhx_endpoint *ep, void *arg)
{
	struct vhx_endpoint_look look = { .ep = ep };
	struct vhx_nl_walk *w = arg;
	int err;

	if (w->at++ < w->cb->args[0])
		return 0;
	spin_lock(&ep->lock);
	vhx_endpoint_look_at(&look, ep);
	spin_unlock(&ep->lock);
	if (!look.owner && !look.agent_pid && task_active_pid_ns(current) != &init_pid_ns)
		return 0;
	err = vhx_nl_walk_put(w, VHX_CMD_ENDPOINT_GET, vhx_endpoint_fill, &look);
	if (!err)
		w->cb->args[0] = w->at;
	return err;
}

static int vhx_endpoint_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_nl_walk w = { .skb = skb, .cb = cb };

	vhx_endpoint_for_each(vhx_endpoint_dump_one, &w);
	return skb->len;
}

/* ---- sessions ---- */

static u32 vhx_session_used(struct vhx_session *s)
{
	u32 n;

	spin_lock(&s->pool.lock);
	n = bitmap_weight(s->pool.map, s->pool.area.npages);
	spin_unlock(&s->pool.lock);
	return n;
}

static u32 vhx_session_tags(const struct vhx_session *s)
{
	return s->nqueues * s->queue[0].ntags;
}

/* Endpoints: those that it gave up have left gaps. */
static u32 vhx_agent_serves(const struct vhx_session *s)
{
	u32 i, n = 0;

	for (i = 0; i < READ_ONCE(s->neps); i++)
		n += !!READ_ONCE(s->ep[i]);
	return n;
}

static bool vhx_session_fill(struct sk_buff *skb, const void *obj)
{
	/* Whose lock is taken. */
	struct vhx_session *s = (struct vhx_session *)obj;

	return !nla_put_u32(skb, VHX_A_AGENT_ID, s->id) &&
	       !nla_put_u32(skb, VHX_A_AGENT_PID, pid_vnr(s->owner)) &&
	       !nla_put_string(skb, VHX_A_AGENT_COMM, s->comm) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUES, s->nqueues) &&
	       !nla_put_u32(skb, VHX_A_AGENT_TAGS, vhx_session_tags(s)) &&
	       !nla_put_u32(skb, VHX_A_AGENT_POOL, s->pool.area.npages) &&
	       !nla_put_u32(skb, VHX_A_AGENT_USED, vhx_session_used(s)) &&
	       !nla_put_u32(skb, VHX_A_AGENT_ENDPOINTS, vhx_agent_serves(s)) &&
	       (!READ_ONCE(s->queue[0].drained) || !nla_put_flag(skb, VHX_A_AGENT_DRAINED)) &&
	       (!test_bit(0, &s->dead) || !nla_put_flag(skb, VHX_A_AGENT_DEAD)) &&
	       (!READ_ONCE(s->stalled) || !nla_put_flag(skb, VHX_A_AGENT_STALLED));
}

static int vhx_session_dump_one(struct vhx_session *s, void *arg)
{
	struct vhx_nl_walk *w = arg;
	int err;

	if (w->at++ < w->cb->args[0] || !pid_vnr(s->owner))
		return 0;
	err = vhx_nl_walk_put(w, VHX_CMD_AGENT_GET, vhx_session_fill, s);
	if (!err)
		w->cb->args[0] = w->at;
	return err;
}

static int vhx_session_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_nl_walk w = { .skb = skb, .cb = cb };

	vhx_session_for_each(vhx_session_dump_one, &w);
	return skb->len;
}

/* ---- their queues ---- */

/**
 * struct vhx_squeue_look - a queue as it was
 * @q: it
 * @free: tags that nobody has
 * @n: requests that have one, by enum vhx_areq_state
 * @parked: a FETCH waits
 */
struct vhx_squeue_look {
	const struct vhx_squeue *q;
	u32 free;
	u32 n[VHX_AREQ_DONE + 1];
	bool parked;
};

static void vhx_squeue_look_at(struct vhx_squeue_look *look, struct vhx_squeue *q)
{
	struct vhx_areq *req;
	u32 i, end;

	for (i = 0; i < q->ntags; i = end) {
		end = min(i + TAGS_AT_ONCE, q->ntags);
		spin_lock(&q->lock);
		for (; i < end; i++) {
			req = q->slot[i].req;
			if (req)
				look->n[req->state]++;
		}
		look->free = q->nfree;
		look->parked = q->parked;
		spin_unlock(&q->lock);
	}
}

static bool vhx_squeue_fill_stats(struct sk_buff *skb, const struct vhx_squeue *q)
{
	struct nlattr *nest = nla_nest_start(skb, VHX_A_AGENT_QUEUE_STATS);
	u32 id;

	if (!nest)
		return false;
	for (id = 0; id < VHX_AGENT_QSTAT_NR; id++)
		if (nla_put_u64_64bit(skb, id + 1, READ_ONCE(q->stats[id]), 0))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

static bool vhx_squeue_fill(struct sk_buff *skb, const void *obj)
{
	const struct vhx_squeue_look *look = obj;
	const struct vhx_squeue *q = look->q;

	return !nla_put_u32(skb, VHX_A_AGENT_QUEUE_AGENT, q->s->id) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_INDEX, q->index) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_TAGS, q->ntags) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_FREE, look->free) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_READY, look->n[VHX_AREQ_READY]) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_OWNED, look->n[VHX_AREQ_OWNED]) &&
	       (!look->parked || !nla_put_flag(skb, VHX_A_AGENT_QUEUE_PARKED)) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_UNFETCHED, READ_ONCE(q->unfetched)) &&
	       !nla_put_u32(skb, VHX_A_AGENT_QUEUE_UNANSWERED, READ_ONCE(q->unanswered)) &&
	       vhx_squeue_fill_stats(skb, q);
}

static int vhx_squeue_dump_session(struct vhx_session *s, void *arg)
{
	struct vhx_nl_walk *w = arg;
	long *next = &w->cb->args[1];
	int err;

	if (w->at++ < w->cb->args[0] || !pid_vnr(s->owner) || (w->only && w->only != s->id))
		return 0;
	for (; *next < s->nqueues; (*next)++) {
		struct vhx_squeue_look look = { .q = &s->queue[*next] };

		vhx_squeue_look_at(&look, &s->queue[*next]);
		err = vhx_nl_walk_put(w, VHX_CMD_AGENT_QUEUE_GET, vhx_squeue_fill, &look);
		if (err)
			return err;
	}
	*next = 0;
	w->cb->args[0] = w->at;
	return 0;
}

static const struct nla_policy vhx_squeue_policy[VHX_A_AGENT_QUEUE_MAX + 1] = {
	[VHX_A_AGENT_QUEUE_AGENT] = { .type = NLA_U32 },
};

static int vhx_squeue_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *tb[VHX_A_AGENT_QUEUE_MAX + 1];
	struct vhx_nl_walk w = { .skb = skb, .cb = cb };
	int err;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, VHX_A_AGENT_QUEUE_MAX, vhx_squeue_policy,
			  cb->extack);
	if (err)
		return err;
	if (tb[VHX_A_AGENT_QUEUE_AGENT])
		w.only = nla_get_u32(tb[VHX_A_AGENT_QUEUE_AGENT]);
	vhx_session_for_each(vhx_squeue_dump_session, &w);
	return skb->len;
}

/* ---- events ---- */

/**
 * vhx_nl_agent_event - tell of a session
 * @s: session
 * @kind: enum vhx_event_kind
 * @ep: of its endpoints the one that it is about, or NULL
 * @reason: a line, or NULL
 *
 * It is told where who opened the session is: an agent has no other network namespace.
 *
 * Context: process, sleeps; no lock.
 */
void vhx_nl_agent_event(struct vhx_session *s, u32 kind, const struct vhx_endpoint *ep,
			const char *reason)
{
	struct sk_buff *skb;
	void *head;

	skb = vhx_nl_event_new(kind, &head);
	if (skb && !nla_put_u32(skb, VHX_A_EVENT_AGENT, s->id) &&
	    !nla_put_string(skb, VHX_A_EVENT_AGENT_NAME, s->comm) &&
	    (!ep || !nla_put_string(skb, VHX_A_EVENT_ENDPOINT, ep->name)) &&
	    (!reason || !nla_put_string(skb, VHX_A_EVENT_REASON, reason)))
		vhx_nl_event_send(s->net, skb, head);
	else
		nlmsg_free(skb);
}

static struct vhx_nl_object vhx_agent_objects[] = {
	{ .cmd = VHX_CMD_ENDPOINT_GET,		.dump = vhx_endpoint_dump },
	{ .cmd = VHX_CMD_AGENT_GET,		.dump = vhx_session_dump },
	{ .cmd = VHX_CMD_AGENT_QUEUE_GET,	.dump = vhx_squeue_dump },
};

void __init vhx_nl_agent_init(void)
{
	vhx_nl_register(vhx_agent_objects, ARRAY_SIZE(vhx_agent_objects));
}

void vhx_nl_agent_exit(void)
{
	vhx_nl_unregister(vhx_agent_objects, ARRAY_SIZE(vhx_agent_objects));
}
