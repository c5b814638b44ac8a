// SPDX-License-Identifier: GPL-2.0-only
/* The family's objects: from netlink attributes to the structs of libvhx.h, and requests. */
#include <errno.h>

#include <linux/netlink.h>

#include "internal.h"
#include "nl_attr.h"

#define NR_DROP_REASONS	256
/* A policy on more NICs than this still says how many it has. */
#define MAX_POLICY_NICS	4096

_Static_assert(VHX_A_NIC_MAX < ATTRS && VHX_A_QUEUE_MAX < ATTRS && VHX_A_POLICY_MAX < ATTRS &&
	       VHX_A_WORKER_MAX < ATTRS && VHX_A_EXIT_MAX < ATTRS && VHX_A_EVENT_MAX < ATTRS,
	       "an object has more attributes than the table");

static int on_nic(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_nic_info nic;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	nic = (struct vhx_nic_info) {
		.id = get_u32(&a, VHX_A_NIC_ID),
		.name = get_str(&a, VHX_A_NIC_NAME),
		.ifindex = get_u32(&a, VHX_A_NIC_IFINDEX),
		.kind = get_str(&a, VHX_A_NIC_KIND),
		.owner = get_u32(&a, VHX_A_NIC_OWNER),
		.comm = get_str(&a, VHX_A_NIC_COMM),
		.queues = get_u32(&a, VHX_A_NIC_QUEUES),
		.live = get_u32(&a, VHX_A_NIC_LIVE),
		.features = get_u64(&a, VHX_A_NIC_FEATURES),
		.features_high = get_u64(&a, VHX_A_NIC_FEATURES_HIGH),
		.policy_id = get_u32(&a, VHX_A_NIC_POLICY_ID),
		.policy_name = get_str(&a, VHX_A_NIC_POLICY_NAME),
		.closed = get_flag(&a, VHX_A_NIC_CLOSED),
		.mismatch = get_flag(&a, VHX_A_NIC_MISMATCH),
		.poll_us = a.tb[VHX_A_NIC_POLL_US] ? get_u32(&a, VHX_A_NIC_POLL_US) :
						     VHX_NIC_POLL_VMM,
	};
	return walk_on(walk, ((vhx_nic_fn)walk->fn)(&nic, walk->arg));
}

int vhx_nic__each(struct vhx_nl *nl, vhx_nic_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_NIC_GET, NLM_F_DUMP);
	return walk(nl, &req, on_nic, (walk_fn)fn, arg);
}

static int on_queue(const struct nlmsghdr *nlh, void *arg)
{
	__u64 stats[VHX_QSTAT_NR];
	struct vhx_queue_info queue;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	get_table(&a, VHX_A_QUEUE_STATS, stats, VHX_QSTAT_NR);
	queue = (struct vhx_queue_info) {
		.nic_id = get_u32(&a, VHX_A_QUEUE_NIC_ID),
		.index = get_u32(&a, VHX_A_QUEUE_INDEX),
		.dir = get_u8(&a, VHX_A_QUEUE_DIR),
		.live = get_flag(&a, VHX_A_QUEUE_LIVE),
		.broken = get_flag(&a, VHX_A_QUEUE_BROKEN),
		.size = get_u32(&a, VHX_A_QUEUE_SIZE),
		.avail = get_u32(&a, VHX_A_QUEUE_AVAIL),
		.used = get_u32(&a, VHX_A_QUEUE_USED),
		.worker = get_u32(&a, VHX_A_QUEUE_WORKER),
		.poll_us = get_u32(&a, VHX_A_QUEUE_POLL_US),
		.stats = stats,
		.nr_stats = VHX_QSTAT_NR,
	};
	return walk_on(walk, ((vhx_queue_fn)walk->fn)(&queue, walk->arg));
}

int vhx_queue__each(struct vhx_nl *nl, __u32 nic_id, vhx_queue_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_QUEUE_GET, NLM_F_DUMP);
	if (nic_id)
		mnl_attr_put_u32(req.nlh, VHX_A_QUEUE_NIC_ID, nic_id);
	return walk(nl, &req, on_queue, (walk_fn)fn, arg);
}

static __u32 get_nics(const struct attrs *attrs, __u32 *nics)
{
	const struct nlattr *attr;
	__u32 nr = 0;

	if (!attrs->tb[VHX_A_POLICY_NICS])
		return 0;
	mnl_attr_for_each_nested(attr, attrs->tb[VHX_A_POLICY_NICS]) {
		if (nr < MAX_POLICY_NICS && mnl_attr_get_payload_len(attr) >= 4)
			nics[nr++] = mnl_attr_get_u32(attr);
	}
	return nr;
}

static int on_policy(const struct nlmsghdr *nlh, void *arg)
{
	__u64 reasons[NR_DROP_REASONS];
	__u32 nics[MAX_POLICY_NICS];
	struct vhx_policy_info policy;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	get_table(&a, VHX_A_POLICY_DROP_REASONS, reasons, NR_DROP_REASONS);
	policy = (struct vhx_policy_info) {
		.id = get_u32(&a, VHX_A_POLICY_ID),
		.name = get_str(&a, VHX_A_POLICY_NAME),
		.pattern = get_str(&a, VHX_A_POLICY_PATTERN),
		.nic_id = get_u32(&a, VHX_A_POLICY_NIC_ID),
		.flags = get_u64(&a, VHX_A_POLICY_FLAGS),
		.ops = get_u32(&a, VHX_A_POLICY_OPS),
		.generation = get_u32(&a, VHX_A_POLICY_GENERATION),
		.uid = get_u32(&a, VHX_A_POLICY_UID),
		.nics = nics,
		.nr_nics = get_nics(&a, nics),
		.verdicts = get_u64(&a, VHX_A_POLICY_VERDICTS),
		.drops = get_u64(&a, VHX_A_POLICY_DROPS),
		.errors = get_u64(&a, VHX_A_POLICY_ERRORS),
		.drop_reasons = reasons,
		.dead = get_flag(&a, VHX_A_POLICY_DEAD),
	};
	return walk_on(walk, ((vhx_policy_fn)walk->fn)(&policy, walk->arg));
}

int vhx_policy__each(struct vhx_nl *nl, vhx_policy_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_POLICY_GET, NLM_F_DUMP);
	return walk(nl, &req, on_policy, (walk_fn)fn, arg);
}

static int on_worker(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_worker_info worker;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	worker = (struct vhx_worker_info) {
		.pid = get_u32(&a, VHX_A_WORKER_PID),
		.owner = get_u32(&a, VHX_A_WORKER_OWNER),
		.queues = get_u32(&a, VHX_A_WORKER_QUEUES),
		.runs = get_u64(&a, VHX_A_WORKER_RUNS),
		.items = get_u64(&a, VHX_A_WORKER_ITEMS),
		.id = get_u32(&a, VHX_A_WORKER_ID),
		.kthread = get_flag(&a, VHX_A_WORKER_KTHREAD),
	};
	return walk_on(walk, ((vhx_worker_fn)walk->fn)(&worker, walk->arg));
}

int vhx_worker__each(struct vhx_nl *nl, vhx_worker_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_WORKER_GET, NLM_F_DUMP);
	return walk(nl, &req, on_worker, (walk_fn)fn, arg);
}

static int on_exit_record(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *head;
	struct vhx_exit_record rec;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	head = a.tb[VHX_A_EXIT_HEAD];
	rec = (struct vhx_exit_record) {
		.policy_id = get_u32(&a, VHX_A_EXIT_POLICY_ID),
		.name = get_str(&a, VHX_A_EXIT_NAME),
		.kind = get_u32(&a, VHX_A_EXIT_KIND),
		.nic_id = get_u32(&a, VHX_A_EXIT_NIC_ID),
		.queue = get_u32(&a, VHX_A_EXIT_QUEUE),
		.dir = get_u8(&a, VHX_A_EXIT_DIR),
		.verdict = get_u32(&a, VHX_A_EXIT_VERDICT),
		.reason = get_str(&a, VHX_A_EXIT_REASON),
		.time_ns = get_u64(&a, VHX_A_EXIT_TIME_NS),
		.head = head ? mnl_attr_get_payload(head) : NULL,
		.head_len = head ? mnl_attr_get_payload_len(head) : 0,
	};
	return walk_on(walk, ((vhx_exit_fn)walk->fn)(&rec, walk->arg));
}

int vhx_exit__each(struct vhx_nl *nl, vhx_exit_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_EXIT_GET, NLM_F_DUMP);
	return walk(nl, &req, on_exit_record, (walk_fn)fn, arg);
}

int vhx_nic__open(struct vhx_nl *nl, __u32 nic_id)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_NIC_OPEN, NLM_F_ACK);
	mnl_attr_put_u32(req.nlh, VHX_A_NIC_ID, nic_id);
	return nl_run(nl, &req, NULL, NULL);
}

int vhx_nic__set_poll(struct vhx_nl *nl, __u32 nic_id, __u32 us)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_NIC_SET, NLM_F_ACK);
	mnl_attr_put_u32(req.nlh, VHX_A_NIC_ID, nic_id);
	mnl_attr_put_u32(req.nlh, VHX_A_NIC_POLL_US, us);
	return nl_run(nl, &req, NULL, NULL);
}

int vhx_policy__eject(struct vhx_nl *nl, __u32 policy_id)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_POLICY_EJECT, NLM_F_ACK);
	mnl_attr_put_u32(req.nlh, VHX_A_POLICY_ID, policy_id);
	return nl_run(nl, &req, NULL, NULL);
}

static int on_event(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct vhx_event_info event;
	struct walk *walk = arg;
	struct attrs a;

	if (genl->cmd != VHX_CMD_EVENT || walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	event = (struct vhx_event_info) {
		.kind = get_u32(&a, VHX_A_EVENT_KIND),
		.time_ns = get_u64(&a, VHX_A_EVENT_TIME_NS),
		.nic_id = get_u32(&a, VHX_A_EVENT_NIC_ID),
		.nic_name = get_str(&a, VHX_A_EVENT_NIC_NAME),
		.has_queue = a.tb[VHX_A_EVENT_QUEUE],
		.queue = get_u32(&a, VHX_A_EVENT_QUEUE),
		.policy_id = get_u32(&a, VHX_A_EVENT_POLICY_ID),
		.policy_name = get_str(&a, VHX_A_EVENT_POLICY_NAME),
		.reason = get_str(&a, VHX_A_EVENT_REASON),
		.agent = get_u32(&a, VHX_A_EVENT_AGENT),
		.agent_name = get_str(&a, VHX_A_EVENT_AGENT_NAME),
		.endpoint = get_str(&a, VHX_A_EVENT_ENDPOINT),
	};
	return walk_on(walk, ((vhx_event_fn)walk->fn)(&event, walk->arg));
}

int vhx_event__read(struct vhx_nl *nl, vhx_event_fn fn, void *arg)
{
	struct walk w = { .fn = (walk_fn)fn, .arg = arg };
	int err = nl_receive(nl, on_event, &w);

	return w.ret ?: err;
}
