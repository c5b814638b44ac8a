// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session gives up an endpoint, and goes on with its others: VHX_AGENT_DETACH. Nothing of the
 * endpoint is given out from the first try on; what the agent had not seen waits for another
 * session. What the agent has it must commit first: until then the endpoint is fenced as after a
 * death.
 *
 * A virtqueue's handler may just be about to give the session something. It asks under the lock of
 * the session's queue, or of its pool, whether the session still serves the endpoint; that changes
 * before these locks are taken here.
 */
#include <linux/nospec.h>

#include "agent.h"
#include "areq.h"
#include "message.h"
#include "session.h"
#include "vq.h"

/* Context: @s->lock. */
static void vhx_detach_begin(struct vhx_session *s, struct vhx_endpoint *ep)
{
	struct vhx_aq *aq;

	spin_lock(&ep->lock);
	WRITE_ONCE(ep->session, NULL);
	ep->fence = s;
	/* They do not wait for this session's tags and pages any more; some wait for the agent. */
	list_for_each_entry(aq, &ep->aqs, node) {
		vhx_aq_leave(aq, s);
		vhx_vq_queue(aq->vq);
	}
	spin_unlock(&ep->lock);
}

/* Context: @s->lock; nothing of the endpoint is with the agent. */
static void vhx_detach_end(struct vhx_session *s, u32 number)
{
	struct vhx_endpoint *ep = s->ep[number];

	spin_lock(&ep->lock);
	ep->fence = NULL;
	spin_unlock(&ep->lock);
	/* As when a fence has passed. */
	vhx_endpoint_freed(ep);
	s->ep[number] = NULL;
	vhx_endpoint_pass(ep);
	vhx_endpoint_put(ep);
}

/**
 * vhx_endpoint_detach - VHX_AGENT_DETACH
 * @s: session
 * @arg: which
 *
 * Context: process, sleeps; @s->lock, @s not dead.
 * Return: 0, -EINVAL, -ENOENT, -EBUSY.
 */
int vhx_endpoint_detach(struct vhx_session *s, const struct vhx_agent_detach *arg)
{
	bool busy = false;
	u32 i, number;

	if (arg->flags || arg->pad)
		return -EINVAL;
	if (arg->endpoint >= s->neps)
		return -ENOENT;
	number = array_index_nospec(arg->endpoint, s->neps);
	if (!s->ep[number])
		return -ENOENT;

	vhx_detach_begin(s, s->ep[number]);
	vhx_messages_end(s->ep[number]);
	for (i = 0; i < s->nqueues; i++)
		busy |= vhx_squeue_take_back(&s->queue[i], s->ep[number]);
	if (busy)
		return -EBUSY;
	vhx_detach_end(s, number);
	return 0;
}
