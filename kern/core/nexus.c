// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one VMM to the next. A VMM that dies waits for nobody, so that requests of its guest's may be
 * left with the agent, which may still do them. The next VMM's must not overtake them: a late write
 * would be over newer data. So an endpoint counts what is left of former VMMs, and gives out nothing
 * new before that was committed, or its session's fence has passed.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "agent.h"
#include "session.h"

/**
 * vhx_nexus_is_open - may requests of an endpoint be given out?
 * @ep: endpoint
 *
 * Its virtqueues are queued when it is again. What a dead session had holds them up as well: there
 * is no other session before the fence has passed.
 *
 * Context: any.
 */
bool vhx_nexus_is_open(const struct vhx_endpoint *ep)
{
	return !atomic_read(&ep->left);
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
	return READ_ONCE(ep->session) && vhx_nexus_is_open(ep);
}
EXPORT_SYMBOL_GPL(vhx_endpoint_serves);

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
 * vhx_nexus_settle - what was left with an agent is over
 * @req: after vhx_nexus_leave(), committed, or of a dead session; freed
 *
 * Context: process; no lock.
 */
void vhx_nexus_settle(struct vhx_areq *req)
{
	struct vhx_endpoint *ep = req->ep;

	/* Without the tag nothing else need keep it. */
	kref_get(&ep->ref);
	vhx_tag_put(req);
	kvfree(req);
	/* Ordered before the queueing, see vhx_work_run(): who saw it closed looks again. */
	if (atomic_dec_and_test(&ep->left))
		vhx_endpoint_freed(ep);
	vhx_endpoint_put(ep);
}
