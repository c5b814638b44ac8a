// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an agent has to say without having been asked. Who uses the endpoint at the VMM's side
 * knows what it means, and how its guest is told; the core only knows whether somebody is there.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mutex.h>

#include "agent.h"
#include "args.h"
#include "session.h"

/**
 * vhx_endpoint_listen - hear what the agent has to say
 * @ep: endpoint in the caller's use
 * @l: told from now on; NULL: nobody, and whoever was is not called any more
 *
 * Context: any but interrupts.
 * Return: how often the agent had something to say and nobody listened, since this was last asked
 */
u32 vhx_endpoint_listen(struct vhx_endpoint *ep, struct vhx_listener *l)
{
	u32 unheard = 0;

	spin_lock(&ep->lock);
	ep->listener = l;
	if (l)
		swap(unheard, ep->unheard);
	spin_unlock(&ep->lock);
	return unheard;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_listen);

/* The VMM may go at any moment: it does so under the lock. */
static int vhx_endpoint_notify(struct vhx_endpoint *ep, const struct vhx_agent_notify *arg)
{
	int err = -ENOTCONN;

	spin_lock(&ep->lock);
	if (ep->listener)
		err = ep->listener->notify(ep->listener, arg);
	else
		ep->unheard++;
	spin_unlock(&ep->lock);
	return err;
}

/**
 * vhx_session_notify - VHX_AGENT_NOTIFY
 * @s: session
 * @argp: struct vhx_agent_notify
 *
 * Context: process, sleeps.
 * Return: 0, -EFAULT, -EINVAL, -E2BIG, -ENOENT, -ESHUTDOWN, -ENOTCONN, or as vhx_listener.notify().
 */
long vhx_session_notify(struct vhx_session *s, const void __user *argp)
{
	struct vhx_agent_notify arg = {};
	struct vhx_endpoint *ep;
	int err;

	err = vhx_args_read(&arg, sizeof(arg), sizeof(arg), argp);
	if (err)
		return err;
	if (arg.flags || arg.reserved)
		return -EINVAL;

	mutex_lock(&s->lock);
	ep = vhx_endpoint_of(s, arg.endpoint);
	err = IS_ERR(ep) ? PTR_ERR(ep) : vhx_endpoint_notify(ep, &arg);
	mutex_unlock(&s->lock);
	return err;
}
