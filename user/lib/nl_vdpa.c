// SPDX-License-Identifier: GPL-2.0-only
/* Devices of the vDPA bus by netlink, and their queues. */
#include "nl_attr.h"

_Static_assert(VHX_A_VDPA_MAX < ATTRS && VHX_A_VDPA_QUEUE_MAX < ATTRS,
	       "an object has more attributes than the table");

static struct vhx_vdpa_fail get_fail(const struct attrs *a)
{
	return (struct vhx_vdpa_fail) {
		.op = get_u8(a, VHX_A_VDPA_FAIL_OP),
		.why = get_u8(a, VHX_A_VDPA_FAIL_WHY),
		.err = get_u32(a, VHX_A_VDPA_FAIL_ERRNO),
		.iova = get_u64(a, VHX_A_VDPA_FAIL_IOVA),
		.size = get_u64(a, VHX_A_VDPA_FAIL_SIZE),
		.asid = get_u32(a, VHX_A_VDPA_FAIL_ASID),
		.need = get_u64(a, VHX_A_VDPA_FAIL_NEED),
		.limit = get_u64(a, VHX_A_VDPA_FAIL_LIMIT),
	};
}

static int on_dev(const struct nlmsghdr *nlh, void *arg)
{
	__u64 stats[VHX_VDPA_STAT_NR];
	struct vhx_vdpa_fail fail;
	struct vhx_vdpa_info dev;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	get_table(&a, VHX_A_VDPA_STATS, stats, VHX_VDPA_STAT_NR);
	fail = get_fail(&a);
	dev = (struct vhx_vdpa_info) {
		.minor = get_u32(&a, VHX_A_VDPA_MINOR),
		.device_id = get_u32(&a, VHX_A_VDPA_DEVICE_ID),
		.owner = get_u32(&a, VHX_A_VDPA_OWNER),
		.queues = get_u32(&a, VHX_A_VDPA_QUEUES),
		.groups = get_u32(&a, VHX_A_VDPA_GROUPS),
		.spaces = get_u32(&a, VHX_A_VDPA_SPACES),
		.name = get_str(&a, VHX_A_VDPA_NAME),
		.comm = get_str(&a, VHX_A_VDPA_COMM),
		.features = get_u64(&a, VHX_A_VDPA_FEATURES),
		.offered = get_u64(&a, VHX_A_VDPA_OFFERED),
		.backend_features = get_u64(&a, VHX_A_VDPA_BACKEND_FEATURES),
		.mapped = get_u64(&a, VHX_A_VDPA_MAPPED),
		.chunks = get_u64(&a, VHX_A_VDPA_CHUNKS),
		.pinned = get_u64(&a, VHX_A_VDPA_PINNED),
		.doing = get_u64(&a, VHX_A_VDPA_DOING),
		.done = get_u64(&a, VHX_A_VDPA_DONE),
		.fail = get_flag(&a, VHX_A_VDPA_FAIL_OP) ? &fail : NULL,
		.stats = stats,
		.nr_stats = VHX_VDPA_STAT_NR,
		.status = get_u8(&a, VHX_A_VDPA_STATUS),
		.maps_by = get_u8(&a, VHX_A_VDPA_MAPS_BY),
		.open = get_flag(&a, VHX_A_VDPA_OPEN),
		.suspended = get_flag(&a, VHX_A_VDPA_SUSPENDED),
		.use_va = get_flag(&a, VHX_A_VDPA_USE_VA),
	};
	return walk_on(walk, ((vhx_vdpa_fn)walk->fn)(&dev, walk->arg));
}

int vhx_vdpa__each(struct vhx_nl *nl, vhx_vdpa_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VDPA_GET, NLM_F_DUMP);
	return walk(nl, &req, on_dev, (walk_fn)fn, arg);
}

static int on_queue(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_vdpa_queue_info queue;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	queue = (struct vhx_vdpa_queue_info) {
		.minor = get_u32(&a, VHX_A_VDPA_QUEUE_MINOR),
		.index = get_u32(&a, VHX_A_VDPA_QUEUE_INDEX),
		.size = get_u32(&a, VHX_A_VDPA_QUEUE_SIZE),
		.group = get_u32(&a, VHX_A_VDPA_QUEUE_GROUP),
		.space = get_u32(&a, VHX_A_VDPA_QUEUE_SPACE),
		.kicks = get_u64(&a, VHX_A_VDPA_QUEUE_KICKS),
		.calls = get_u64(&a, VHX_A_VDPA_QUEUE_CALLS),
		.has_group = get_flag(&a, VHX_A_VDPA_QUEUE_GROUP),
		.enabled = get_flag(&a, VHX_A_VDPA_QUEUE_ENABLED),
		.bypass = get_flag(&a, VHX_A_VDPA_QUEUE_BYPASS),
		.doorbell = get_flag(&a, VHX_A_VDPA_QUEUE_DOORBELL),
	};
	return walk_on(walk, ((vhx_vdpa_queue_fn)walk->fn)(&queue, walk->arg));
}

int vhx_vdpa_queue__each(struct vhx_nl *nl, __u32 minor, vhx_vdpa_queue_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VDPA_QUEUE_GET, NLM_F_DUMP);
	if (minor != VHX_VDPA_ALL)
		mnl_attr_put_u32(req.nlh, VHX_A_VDPA_QUEUE_MINOR, minor);
	return walk(nl, &req, on_queue, (walk_fn)fn, arg);
}
