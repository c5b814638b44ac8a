// SPDX-License-Identifier: GPL-2.0-only
/* Agents by netlink: what they serve, their sessions, the sessions' queues. */
#include "nl_attr.h"

_Static_assert(VHX_A_ENDPOINT_MAX < ATTRS && VHX_A_AGENT_MAX < ATTRS &&
	       VHX_A_AGENT_QUEUE_MAX < ATTRS, "an object has more attributes than the table");

static int on_endpoint(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_endpoint_info endpoint;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	endpoint = (struct vhx_endpoint_info) {
		.class = get_u32(&a, VHX_A_ENDPOINT_CLASS),
		.name = get_str(&a, VHX_A_ENDPOINT_NAME),
		.in_use = get_flag(&a, VHX_A_ENDPOINT_IN_USE),
		.owner = get_u32(&a, VHX_A_ENDPOINT_OWNER),
		.agent = get_u32(&a, VHX_A_ENDPOINT_AGENT),
		.fence = get_u32(&a, VHX_A_ENDPOINT_FENCE),
		.quota = get_u32(&a, VHX_A_ENDPOINT_QUOTA),
		.used = get_u32(&a, VHX_A_ENDPOINT_USED),
		.requests = get_u64(&a, VHX_A_ENDPOINT_REQUESTS),
		.waiting = get_u32(&a, VHX_A_ENDPOINT_WAITING),
		.ready = get_u32(&a, VHX_A_ENDPOINT_READY),
		.owned = get_u32(&a, VHX_A_ENDPOINT_OWNED),
		.done = get_u32(&a, VHX_A_ENDPOINT_DONE),
		.disowned = get_u32(&a, VHX_A_ENDPOINT_DISOWNED),
	};
	return walk_on(walk, ((vhx_endpoint_fn)walk->fn)(&endpoint, walk->arg));
}

int vhx_endpoint__each(struct vhx_nl *nl, vhx_endpoint_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_ENDPOINT_GET, NLM_F_DUMP);
	return walk(nl, &req, on_endpoint, (walk_fn)fn, arg);
}

static int on_agent(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_agent_info agent;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	agent = (struct vhx_agent_info) {
		.id = get_u32(&a, VHX_A_AGENT_ID),
		.pid = get_u32(&a, VHX_A_AGENT_PID),
		.comm = get_str(&a, VHX_A_AGENT_COMM),
		.queues = get_u32(&a, VHX_A_AGENT_QUEUES),
		.tags = get_u32(&a, VHX_A_AGENT_TAGS),
		.pool = get_u32(&a, VHX_A_AGENT_POOL),
		.used = get_u32(&a, VHX_A_AGENT_USED),
		.endpoints = get_u32(&a, VHX_A_AGENT_ENDPOINTS),
		.drained = get_flag(&a, VHX_A_AGENT_DRAINED),
		.dead = get_flag(&a, VHX_A_AGENT_DEAD),
		.stalled = get_flag(&a, VHX_A_AGENT_STALLED),
	};
	return walk_on(walk, ((vhx_agent_fn)walk->fn)(&agent, walk->arg));
}

int vhx_agent__each(struct vhx_nl *nl, vhx_agent_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_AGENT_GET, NLM_F_DUMP);
	return walk(nl, &req, on_agent, (walk_fn)fn, arg);
}

static int on_agent_queue(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_agent_queue_info queue;
	__u64 stats[VHX_AGENT_QSTAT_NR];
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	get_table(&a, VHX_A_AGENT_QUEUE_STATS, stats, VHX_AGENT_QSTAT_NR);
	queue = (struct vhx_agent_queue_info) {
		.agent = get_u32(&a, VHX_A_AGENT_QUEUE_AGENT),
		.index = get_u32(&a, VHX_A_AGENT_QUEUE_INDEX),
		.tags = get_u32(&a, VHX_A_AGENT_QUEUE_TAGS),
		.free = get_u32(&a, VHX_A_AGENT_QUEUE_FREE),
		.ready = get_u32(&a, VHX_A_AGENT_QUEUE_READY),
		.owned = get_u32(&a, VHX_A_AGENT_QUEUE_OWNED),
		.parked = get_flag(&a, VHX_A_AGENT_QUEUE_PARKED),
		.unfetched = get_u32(&a, VHX_A_AGENT_QUEUE_UNFETCHED),
		.unanswered = get_u32(&a, VHX_A_AGENT_QUEUE_UNANSWERED),
		.stats = stats,
		.nr_stats = VHX_AGENT_QSTAT_NR,
	};
	return walk_on(walk, ((vhx_agent_queue_fn)walk->fn)(&queue, walk->arg));
}

int vhx_agent_queue__each(struct vhx_nl *nl, __u32 agent, vhx_agent_queue_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_AGENT_QUEUE_GET, NLM_F_DUMP);
	if (agent)
		mnl_attr_put_u32(req.nlh, VHX_A_AGENT_QUEUE_AGENT, agent);
	return walk(nl, &req, on_agent_queue, (walk_fn)fn, arg);
}
