// SPDX-License-Identifier: GPL-2.0-only
/* vsock by netlink: guests, connections between them, routes, limits. */
#include "nl_attr.h"

_Static_assert(VHX_A_VSOCK_MAX < ATTRS && VHX_A_VSOCK_CONN_MAX < ATTRS &&
	       VHX_A_VSOCK_ROUTE_MAX < ATTRS && VHX_A_VSOCK_LIMIT_MAX < ATTRS,
	       "an object has more attributes than the table");

/* --- guests --- */

static int on_guest(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_vsock_info guest;
	__u64 stats[VHX_VSOCK_STAT_NR];
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	get_table(&a, VHX_A_VSOCK_STATS, stats, VHX_VSOCK_STAT_NR);
	guest = (struct vhx_vsock_info) {
		.cid = get_u32(&a, VHX_A_VSOCK_CID),
		.live = get_flag(&a, VHX_A_VSOCK_LIVE),
		.broken = get_flag(&a, VHX_A_VSOCK_BROKEN),
		.owner = get_u32(&a, VHX_A_VSOCK_OWNER),
		.comm = get_str(&a, VHX_A_VSOCK_COMM),
		.features = get_u64(&a, VHX_A_VSOCK_FEATURES),
		.waiting = get_u32(&a, VHX_A_VSOCK_WAITING),
		.conns = get_u32(&a, VHX_A_VSOCK_CONNS),
		.parked = get_u32(&a, VHX_A_VSOCK_PARKED),
		.stats = stats,
		.nr_stats = VHX_VSOCK_STAT_NR,
	};
	return walk_on(walk, ((vhx_vsock_fn)walk->fn)(&guest, walk->arg));
}

int vhx_vsock__each(struct vhx_nl *nl, vhx_vsock_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_GET, NLM_F_DUMP);
	return walk(nl, &req, on_guest, (walk_fn)fn, arg);
}

/* --- connections --- */

static int on_conn(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_vsock_conn_info conn;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	conn = (struct vhx_vsock_conn_info) {
		.from = get_u32(&a, VHX_A_VSOCK_CONN_FROM),
		.from_port = get_u32(&a, VHX_A_VSOCK_CONN_FROM_PORT),
		.to = get_u32(&a, VHX_A_VSOCK_CONN_TO),
		.to_port = get_u32(&a, VHX_A_VSOCK_CONN_TO_PORT),
		.type = get_u16(&a, VHX_A_VSOCK_CONN_TYPE),
		.open = get_u8(&a, VHX_A_VSOCK_CONN_STATE) == VHX_VSOCK_CONN_OPEN,
	};
	return walk_on(walk, ((vhx_vsock_conn_fn)walk->fn)(&conn, walk->arg));
}

int vhx_vsock_conn__each(struct vhx_nl *nl, vhx_vsock_conn_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_CONN_GET, NLM_F_DUMP);
	return walk(nl, &req, on_conn, (walk_fn)fn, arg);
}

/* --- routes --- */

static struct vhx_range get_range(const struct attrs *attrs, int type)
{
	struct vhx_range range = { .first = 0, .last = UINT32_MAX };
	const struct nlattr *attr = attrs->tb[type];

	if (attr && mnl_attr_get_payload_len(attr) == sizeof(range))
		memcpy(&range, mnl_attr_get_payload(attr), sizeof(range));
	return range;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_vsock_route route;
	struct walk *walk = arg;
	struct attrs a;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	route = (struct vhx_vsock_route) {
		.pref = get_u32(&a, VHX_A_VSOCK_ROUTE_PREF),
		.from = get_range(&a, VHX_A_VSOCK_ROUTE_FROM),
		.to = get_range(&a, VHX_A_VSOCK_ROUTE_TO),
		.port = get_range(&a, VHX_A_VSOCK_ROUTE_PORT),
		.type = get_u16(&a, VHX_A_VSOCK_ROUTE_TYPE),
		.verdict = get_u8(&a, VHX_A_VSOCK_ROUTE_VERDICT),
		.hits = get_u64(&a, VHX_A_VSOCK_ROUTE_HITS),
	};
	return walk_on(walk, ((vhx_vsock_route_fn)walk->fn)(&route, walk->arg));
}

int vhx_vsock_route__each(struct vhx_nl *nl, vhx_vsock_route_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_ROUTE_GET, NLM_F_DUMP);
	return walk(nl, &req, on_route, (walk_fn)fn, arg);
}

static void put_range(struct nlmsghdr *nlh, int type, const struct vhx_range *range)
{
	if (range->first || range->last)
		mnl_attr_put(nlh, type, sizeof(*range), range);
}

int vhx_vsock_route__add(struct vhx_nl *nl, const struct vhx_vsock_route *route)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_ROUTE_ADD, NLM_F_ACK);
	if (route->pref)
		mnl_attr_put_u32(req.nlh, VHX_A_VSOCK_ROUTE_PREF, route->pref);
	put_range(req.nlh, VHX_A_VSOCK_ROUTE_FROM, &route->from);
	put_range(req.nlh, VHX_A_VSOCK_ROUTE_TO, &route->to);
	put_range(req.nlh, VHX_A_VSOCK_ROUTE_PORT, &route->port);
	if (route->type)
		mnl_attr_put_u16(req.nlh, VHX_A_VSOCK_ROUTE_TYPE, route->type);
	mnl_attr_put_u8(req.nlh, VHX_A_VSOCK_ROUTE_VERDICT, route->verdict);
	return nl_run(nl, &req, NULL, NULL);
}

int vhx_vsock_route__del(struct vhx_nl *nl, __u32 pref)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_ROUTE_DEL, NLM_F_ACK);
	if (pref)
		mnl_attr_put_u32(req.nlh, VHX_A_VSOCK_ROUTE_PREF, pref);
	return nl_run(nl, &req, NULL, NULL);
}

/* --- limits --- */

/* Attributes of limits follow each other as the limits do. */
#define LIMIT_ATTR(i)	(VHX_A_VSOCK_LIMIT_CID + 1 + (i))

static int on_limits(const struct nlmsghdr *nlh, void *arg)
{
	struct vhx_vsock_limits limits;
	struct walk *walk = arg;
	struct attrs a;
	__u32 i;

	if (walk->ret)
		return MNL_CB_OK;
	parse(nlh, &a);
	limits = (struct vhx_vsock_limits) { .cid = get_u32(&a, VHX_A_VSOCK_LIMIT_CID) };
	for (i = 0; i < VHX_VSOCK_LIMIT_NR; i++) {
		limits.value[i] = get_u64(&a, LIMIT_ATTR(i));
		limits.set |= 1U << i;
	}
	return walk_on(walk, ((vhx_vsock_limits_fn)walk->fn)(&limits, walk->arg));
}

int vhx_vsock_limits__each(struct vhx_nl *nl, vhx_vsock_limits_fn fn, void *arg)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_LIMIT_GET, NLM_F_DUMP);
	return walk(nl, &req, on_limits, (walk_fn)fn, arg);
}

int vhx_vsock_limits__set(struct vhx_nl *nl, const struct vhx_vsock_limits *limits)
{
	struct nl_req req;
	__u32 i;

	nl_begin(nl, &req, VHX_CMD_VSOCK_LIMIT_SET, NLM_F_ACK);
	mnl_attr_put_u32(req.nlh, VHX_A_VSOCK_LIMIT_CID, limits->cid);
	for (i = 0; i < VHX_VSOCK_LIMIT_NR; i++)
		if (limits->set & 1U << i)
			mnl_attr_put_u64(req.nlh, LIMIT_ATTR(i), limits->value[i]);
	return nl_run(nl, &req, NULL, NULL);
}

int vhx_vsock_limits__del(struct vhx_nl *nl, __u32 cid)
{
	struct nl_req req;

	nl_begin(nl, &req, VHX_CMD_VSOCK_LIMIT_DEL, NLM_F_ACK);
	mnl_attr_put_u32(req.nlh, VHX_A_VSOCK_LIMIT_CID, cid);
	return nl_run(nl, &req, NULL, NULL);
}
