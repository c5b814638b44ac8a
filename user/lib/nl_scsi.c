// SPDX-License-Identifier: GPL-2.0-only
/* SCSI hosts by netlink, and their queues. */
#include "nl_attr.h"

_Static_assert(VHX_A_SCSI_MAX < ATTRS && VHX_A_SCSI_QUEUE_MAX < ATTRS,
	       "an object has more attributes than the table");

static int on_host(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_scsi_info host;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	host = (struct vhx_scsi_info) {
		.id = get_u32(&a, VHX_A_SCSI_ID),
		.name = get_str(&a, VHX_A_SCSI_NAME),
		.live = get_flag(&a, VHX_A_SCSI_LIVE),
		.owner = get_u32(&a, VHX_A_SCSI_OWNER),
		.comm = get_str(&a, VHX_A_SCSI_COMM),
		.queues = get_u32(&a, VHX_A_SCSI_QUEUES),
		.features = get_u64(&a, VHX_A_SCSI_FEATURES),
		.functions = get_u32(&a, VHX_A_SCSI_FUNCTIONS),
		.events = get_u32(&a, VHX_A_SCSI_EVENTS),
		.missed = get_flag(&a, VHX_A_SCSI_MISSED),
	};
	return walk_on(walk, ((vhx_scsi_fn)walk->fn)(&host, walk->arg));
}

int vhx_scsi__each(struct vhx_nl *nl, vhx_scsi_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_SCSI_GET, NLM_F_DUMP);
	return walk(nl, &req, on_host, (walk_fn)fn, arg);
}

static int on_queue(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_scsi_queue_info queue;
	__u64 stats[VHX_SCSI_QSTAT_NR];
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	get_table(&a, VHX_A_SCSI_QUEUE_STATS, stats, VHX_SCSI_QSTAT_NR);
	queue = (struct vhx_scsi_queue_info) {
		.host = get_u32(&a, VHX_A_SCSI_QUEUE_HOST),
		.index = get_u32(&a, VHX_A_SCSI_QUEUE_INDEX),
		.role = get_u8(&a, VHX_A_SCSI_QUEUE_ROLE),
		.live = get_flag(&a, VHX_A_SCSI_QUEUE_LIVE),
		.broken = get_flag(&a, VHX_A_SCSI_QUEUE_BROKEN),
		.size = get_u32(&a, VHX_A_SCSI_QUEUE_SIZE),
		.avail = get_u32(&a, VHX_A_SCSI_QUEUE_AVAIL),
		.used = get_u32(&a, VHX_A_SCSI_QUEUE_USED),
		.worker = get_u32(&a, VHX_A_SCSI_QUEUE_WORKER),
		.stats = stats,
		.nr_stats = VHX_SCSI_QSTAT_NR,
	};
	return walk_on(walk, ((vhx_scsi_queue_fn)walk->fn)(&queue, walk->arg));
}

int vhx_scsi_queue__each(struct vhx_nl *nl, __u32 host, vhx_scsi_queue_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_SCSI_QUEUE_GET, NLM_F_DUMP);
	if (host)
		mnl_attr_put_u32(req.nlh, VHX_A_SCSI_QUEUE_HOST, host);
	return walk(nl, &req, on_queue, (walk_fn)fn, arg);
}
