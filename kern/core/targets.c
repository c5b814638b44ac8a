// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which targets an endpoint has. The agent says it, and the endpoint keeps it when the agent is
 * gone: a guest that looks for what is not there waits for nobody.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/mutex.h>

#include "agent.h"
#include "args.h"
#include "session.h"

/*
 * Who reads looks at one bit at a time: that the map changes word by word nobody can see. A target
 * that is in both is never missing in between.
 */
static void vhx_endpoint_set_targets(struct vhx_endpoint *ep, const unsigned long *map)
{
	u32 i;

	spin_lock(&ep->lock);
	for (i = 0; i < BITS_TO_LONGS(VHX_AGENT_TARGETS_MAX); i++)
		WRITE_ONCE(ep->targets[i], map[i]);
	spin_unlock(&ep->lock);
}

/**
 * vhx_session_targets - VHX_AGENT_TARGETS
 * @s: session
 * @argp: struct vhx_agent_targets
 *
 * Context: process, sleeps.
 * Return: 0, -EFAULT, -EINVAL, -E2BIG, -ENOENT, -ESHUTDOWN.
 */
long vhx_session_targets(struct vhx_session *s, const void __user *argp)
{
	DECLARE_BITMAP(map, VHX_AGENT_TARGETS_MAX);
	struct vhx_agent_targets arg = {};
	struct vhx_endpoint *ep;
	int err;

	err = vhx_args_read(&arg, sizeof(arg), sizeof(arg), argp);
	if (err)
		return err;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	bitmap_from_arr64(map, arg.map, VHX_AGENT_TARGETS_MAX);

	mutex_lock(&s->lock);
	ep = vhx_endpoint_of(s, arg.endpoint);
	if (IS_ERR(ep))
		err = PTR_ERR(ep);
	else
		vhx_endpoint_set_targets(ep, map);
	mutex_unlock(&s->lock);
	return err;
}
