// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one VMM to the next. A guest's use of an endpoint is a nexus: reservations and the like belong
 * to it, and end with it. An agent cannot see that; so a request that is nobody's tells it that a
 * nexus begins, before any other of that nexus. It waits in the endpoint until a virtqueue claims it,
 * whose request it is like any other then, but that the class does not see it; when that one goes, it
 * waits for another, and if need be for another VMM's.
 *
 * A VMM that dies waits for nobody, so that requests of its guest's may be left with the agent, which
 * may still do them. The next VMM's must not overtake them: a late write would be over newer data.
 * So an endpoint counts what is left of former VMMs, and gives out nothing new before that was
 * committed, or its session's fence has passed.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "agent.h"
#include "session.h"

static atomic64_t vhx_nexus_last = ATOMIC64_INIT(0);

/**
 * vhx_nexus_next_id - number a nexus
 *
 * Context: any.
 * Return: what no other nexus has, of whatever endpoint; not 0.
 */
u64 vhx_nexus_next_id(void)
{
	return atomic64_inc_return(&vhx_nexus_last);
}

/**
 * vhx_endpoint_begin - a nexus begins: the agent is to hear of it first
 * @ep: endpoint in the caller's use, no virtqueue of it attached yet
 *
 * Also when no agent is there. Of one that it was not told of yet, and of this, it is told once.
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int vhx_endpoint_begin(struct vhx_endpoint *ep)
{
	struct vhx_areq *req = kzalloc(sizeof(*req), GFP_KERNEL_ACCOUNT);

	if (!req)
		return -ENOMEM;
	req->ep = ep;
	req->type = VHX_AGENT_REQ_NEXUS;
	req->seq = atomic64_inc_return(&ep->seq);
	INIT_LIST_HEAD(&req->all);
	INIT_LIST_HEAD(&req->node);
	spin_lock(&ep->lock);
	ep->nexus_id = vhx_nexus_next_id();
	ep->holders = 0;
	if (!ep->nexus)
		swap(ep->nexus, req);
	spin_unlock(&ep->lock);
	kfree(req);
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_begin);

/* ---- who has it ---- */

/**
 * vhx_endpoint_hold - a VMM has the nexus, until vhx_nexus_let_go()
 * @ep: endpoint in the caller's use
 * @had: the nexus that it has already, of whatever endpoint, or 0; it has that no more
 *
 * Context: process, sleeps.
 * Return: the nexus that it has now.
 */
u64 vhx_endpoint_hold(struct vhx_endpoint *ep, u64 had)
{
	if (had == ep->nexus_id)
		return had;
	vhx_nexus_let_go(had);
	spin_lock(&ep->lock);
	ep->holders++;
	spin_unlock(&ep->lock);
	return ep->nexus_id;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_hold);

/**
 * vhx_endpoint_is_held - is there a VMM that has the nexus?
 * @ep: endpoint in the caller's use
 *
 * If not, whoever comes is another guest, or one that was elsewhere meanwhile: it has nothing of what
 * the agent remembers.
 *
 * Context: any but interrupts.
 */
bool vhx_endpoint_is_held(struct vhx_endpoint *ep)
{
	bool held;

	spin_lock(&ep->lock);
	held = ep->holders;
	spin_unlock(&ep->lock);
	return held;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_is_held);

static int vhx_nexus_drop(struct vhx_endpoint *ep, void *arg)
{
	const u64 id = *(const u64 *)arg;
	int found = 0;

	spin_lock(&ep->lock);
	if (ep->nexus_id == id) {
		ep->holders--;
		found = 1;
	}
	spin_unlock(&ep->lock);
	return found;
}

/**
 * vhx_nexus_let_go - a VMM has a nexus no more
 * @id: as vhx_endpoint_hold() said, or 0; its endpoint may have another by now, or be gone
 *
 * Context: process, sleeps; no lock below the device's.
 */
void vhx_nexus_let_go(u64 id)
{
	if (id)
		vhx_endpoint_for_each(vhx_nexus_drop, &id);
}
EXPORT_SYMBOL_GPL(vhx_nexus_let_go);

/* ---- what may be given out ---- */

/**
 * vhx_nexus_admits - may a request be given out?
 * @req: WAITING
 *
 * If not, its virtqueue is queued when it may. What a dead session had holds it up as well: there
 * is no other session before the fence has passed.
 *
 * Context: any.
 */
bool vhx_nexus_admits(const struct vhx_areq *req)
{
	const struct vhx_areq *first = READ_ONCE(req->ep->nexus);

	return !atomic_read(&req->ep->left) && (!first || first == req);
}

/**
 * vhx_endpoint_serves - does an agent get what is asked of an endpoint now?
 * @ep: endpoint
 *
 * Context: any; the answer may be an old one. Whoever acts on it is queued when it becomes another.
 * Return: whether there is an agent, and nothing that it has to do first.
 */
bool vhx_endpoint_serves(const struct vhx_endpoint *ep)
{
	return READ_ONCE(ep->session) && !READ_ONCE(ep->nexus) && !atomic_read(&ep->left);
}
EXPORT_SYMBOL_GPL(vhx_endpoint_serves);

/* ---- a nexus begins ---- */

/**
 * vhx_nexus_claim - a virtqueue takes care that the agent hears of the nexus, if nobody does
 * @aq: virtqueue
 *
 * Context: the virtqueue's handler.
 */
void vhx_nexus_claim(struct vhx_aq *aq)
{
	struct vhx_endpoint *ep = aq->ep;
	struct vhx_areq *req;

	if (likely(!READ_ONCE(ep->nexus)))
		return;
	spin_lock(&ep->lock);
	req = ep->nexus;
	if (req && !req->aq && req->state == VHX_AREQ_WAITING)
		req->aq = aq;
	else
		req = NULL;
	spin_unlock(&ep->lock);
	/* It is older than all that was not let out because of it. */
	if (req)
		list_add(&req->node, &aq->waiting);
}

/**
 * vhx_nexus_end - the agent knows of the nexus
 * @req: it was told by this; without a tag; freed
 *
 * Context: process; no lock below the virtqueue's.
 */
void vhx_nexus_end(struct vhx_areq *req)
{
	struct vhx_endpoint *ep = req->ep;

	spin_lock(&ep->lock);
	WRITE_ONCE(ep->nexus, NULL);
	spin_unlock(&ep->lock);
	kfree(req);
	vhx_endpoint_freed(ep);
}

/* It is to be claimed anew: it has no tag. Context: as vhx_nexus_end(). */
static void vhx_nexus_offer(struct vhx_areq *req)
{
	struct vhx_endpoint *ep = req->ep;

	spin_lock(&ep->lock);
	req->aq = NULL;
	req->state = VHX_AREQ_WAITING;
	spin_unlock(&ep->lock);
	vhx_endpoint_freed(ep);
}

/*
 * Nobody but its virtqueue's handler has it any more, unless the agent has.
 * Context: vhx_endpoint.lock. Return: what has become of it.
 */
static enum vhx_areq_state vhx_nexus_recall(struct vhx_areq *req)
{
	enum vhx_areq_state state = req->state;
	struct vhx_squeue *q = req->q;

	if (!q)
		return state;
	spin_lock(&q->lock);
	if (req->state == VHX_AREQ_READY) {
		list_del_init(&req->node);
		req->state = VHX_AREQ_WAITING;
	} else if (req->state == VHX_AREQ_OWNED) {
		req->aq = NULL;
	}
	state = req->state;
	spin_unlock(&q->lock);
	return state;
}

/**
 * vhx_nexus_unclaim - a virtqueue goes, or its handler does not run any more
 * @aq: virtqueue; of what comes back to it nothing is looked at again
 *
 * Context: process; the virtqueue's lock.
 */
void vhx_nexus_unclaim(struct vhx_aq *aq)
{
	struct vhx_endpoint *ep = aq->ep;
	enum vhx_areq_state state;
	struct vhx_areq *req;

	spin_lock(&ep->lock);
	req = ep->nexus;
	if (!req || req->aq != aq) {
		spin_unlock(&ep->lock);
		return;
	}
	state = vhx_nexus_recall(req);
	spin_unlock(&ep->lock);
	/* It holds up the endpoint until the agent is done with it. */
	if (state == VHX_AREQ_OWNED)
		return;
	list_del_init(&req->node);
	vhx_tag_put(req);
	if (state == VHX_AREQ_DONE)
		vhx_nexus_end(req);
	else
		vhx_nexus_offer(req);
}

/* ---- and has ended ---- */

/**
 * vhx_nexus_leave - a request's guest is gone, and the agent has the request
 * @req: OWNED
 *
 * The agent is told that nobody wants it any more; whoever calls this rings.
 *
 * Context: the lock of the request's queue.
 */
void vhx_nexus_leave(struct vhx_areq *req)
{
	req->aq = NULL;
	atomic_inc(&req->ep->left);
	vhx_abort_flag(req);
}

/**
 * vhx_nexus_settle - the agent does not have a request any more that no virtqueue has either
 * @req: it was OWNED
 * @answered: the agent is done with it; else it died with it
 *
 * Context: process; no lock.
 */
void vhx_nexus_settle(struct vhx_areq *req, bool answered)
{
	struct vhx_endpoint *ep = req->ep;

	/* Without the tag nothing else need keep it. */
	kref_get(&ep->ref);
	vhx_tag_put(req);
	if (req->type == VHX_AGENT_REQ_NEXUS && answered) {
		vhx_nexus_end(req);
	} else if (req->type == VHX_AGENT_REQ_NEXUS) {
		req->again = true;
		vhx_nexus_offer(req);
	} else {
		kvfree(req);
		/* Ordered before the queueing, see vhx_work_run(): who saw it looks again. */
		if (atomic_dec_and_test(&ep->left))
			vhx_endpoint_freed(ep);
	}
	vhx_endpoint_put(ep);
}
