// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests and their connections by netlink, and the table of what the vsock class shows and does
 * there. Visibility: what is in the space of CIDs that sockets of the caller's network namespace
 * reach. To change it takes CAP_NET_ADMIN over the namespace that the space is of.
 */
#include <linux/pid.h>

#include "conn.h"
#include "guest.h"
#include "nl.h"

struct vhx_space *vhx_vsock_nl_space(const struct sk_buff *skb)
{
	return vhx_space_of(sock_net(skb->sk));
}

int vhx_vsock_nl_admin(const struct sk_buff *skb, struct genl_info *info)
{
	if (netlink_ns_capable(skb, vhx_space_net(genl_info_net(info))->user_ns, CAP_NET_ADMIN))
		return 0;
	NL_SET_ERR_MSG(info->extack, "needs CAP_NET_ADMIN over the network namespace that has these CIDs");
	return -EPERM;
}

/* ---- guests ---- */

struct vhx_guest_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	const struct vhx_space *space;
	long at;
};

/* What every queue has the core counts: which queue, and which of its counters. */
static const struct {
	u8 from_core;
	u8 vq;
	u8 id;
} vhx_vsock_core_stats[VHX_VSOCK_STAT_NR] = {
	[VHX_VSOCK_STAT_SENT]		= { 1, VHX_VSOCK_FROM_GUEST, VHX_QSTAT_PACKETS },
	[VHX_VSOCK_STAT_SENT_BYTES]	= { 1, VHX_VSOCK_FROM_GUEST, VHX_QSTAT_BYTES },
	[VHX_VSOCK_STAT_SENT_KICKS]	= { 1, VHX_VSOCK_FROM_GUEST, VHX_QSTAT_KICKS },
	[VHX_VSOCK_STAT_SENT_CALLS]	= { 1, VHX_VSOCK_FROM_GUEST, VHX_QSTAT_CALLS },
	[VHX_VSOCK_STAT_SENT_BATCHES]	= { 1, VHX_VSOCK_FROM_GUEST, VHX_QSTAT_BATCHES },
	[VHX_VSOCK_STAT_BAD_PACKETS]	= { 1, VHX_VSOCK_FROM_GUEST, VHX_QSTAT_BAD_PACKETS },
	[VHX_VSOCK_STAT_GOT]		= { 1, VHX_VSOCK_TO_GUEST, VHX_QSTAT_PACKETS },
	[VHX_VSOCK_STAT_GOT_BYTES]	= { 1, VHX_VSOCK_TO_GUEST, VHX_QSTAT_BYTES },
	[VHX_VSOCK_STAT_GOT_KICKS]	= { 1, VHX_VSOCK_TO_GUEST, VHX_QSTAT_KICKS },
	[VHX_VSOCK_STAT_GOT_CALLS]	= { 1, VHX_VSOCK_TO_GUEST, VHX_QSTAT_CALLS },
	[VHX_VSOCK_STAT_GOT_BATCHES]	= { 1, VHX_VSOCK_TO_GUEST, VHX_QSTAT_BATCHES },
	[VHX_VSOCK_STAT_BAD_BUFFERS]	= { 1, VHX_VSOCK_TO_GUEST, VHX_QSTAT_BAD_PACKETS },
};

static u64 vhx_vsock_stat(const struct vhx_guest *g, u32 id)
{
	const u64 *to = g->vq[VHX_VSOCK_TO_GUEST].stats;
	const u64 *from = g->vq[VHX_VSOCK_FROM_GUEST].stats;

	if (vhx_vsock_core_stats[id].from_core)
		return READ_ONCE(g->vq[vhx_vsock_core_stats[id].vq]
				 .stats[vhx_vsock_core_stats[id].id]);
	switch (id) {
	case VHX_VSOCK_STAT_BAD_RINGS:
		return READ_ONCE(to[VHX_QSTAT_BAD_RINGS]) + READ_ONCE(from[VHX_QSTAT_BAD_RINGS]);
	case VHX_VSOCK_STAT_IOTLB_MISSES:
		return READ_ONCE(to[VHX_QSTAT_IOTLB_MISSES]) +
		       READ_ONCE(from[VHX_QSTAT_IOTLB_MISSES]);
	case VHX_VSOCK_STAT_DIRTY_PAGES:
		return READ_ONCE(to[VHX_QSTAT_DIRTY_PAGES]) +
		       READ_ONCE(from[VHX_QSTAT_DIRTY_PAGES]);
	default:
		return READ_ONCE(g->stats[id]);
	}
}

static bool vhx_guest_stats(struct sk_buff *skb, const struct vhx_guest *g)
{
	struct nlattr *nest = nla_nest_start(skb, VHX_A_VSOCK_STATS);
	u32 id;

	if (!nest)
		return false;
	for (id = 0; id < VHX_VSOCK_STAT_NR; id++)
		if (nla_put_u64_64bit(skb, id + 1, vhx_vsock_stat(g, id), 0))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

static bool vhx_guest_owner(struct sk_buff *skb, const struct vhx_guest *g)
{
	const u32 pid = pid_vnr(g->owner);

	return !pid || (!nla_put_u32(skb, VHX_A_VSOCK_OWNER, pid) &&
			!nla_put_string(skb, VHX_A_VSOCK_COMM, g->comm));
}

static bool vhx_guest_fill(struct sk_buff *skb, struct vhx_guest *g)
{
	const struct vhx_vq *to = &g->vq[VHX_VSOCK_TO_GUEST];
	const struct vhx_vq *from = &g->vq[VHX_VSOCK_FROM_GUEST];

	return !nla_put_u32(skb, VHX_A_VSOCK_CID, g->cid) &&
	       (!READ_ONCE(to->backend) || !nla_put_flag(skb, VHX_A_VSOCK_LIVE)) &&
	       (!(READ_ONCE(to->broken) || READ_ONCE(from->broken)) ||
		!nla_put_flag(skb, VHX_A_VSOCK_BROKEN)) &&
	       vhx_guest_owner(skb, g) &&
	       !nla_put_u64_64bit(skb, VHX_A_VSOCK_FEATURES, READ_ONCE(to->features[0]),
				  VHX_A_VSOCK_PAD) &&
	       !nla_put_u32(skb, VHX_A_VSOCK_WAITING, vhx_out_len(&g->out)) &&
	       !nla_put_u32(skb, VHX_A_VSOCK_CONNS, READ_ONCE(g->nconns)) &&
	       !nla_put_u32(skb, VHX_A_VSOCK_PARKED, READ_ONCE(g->agency.nparked)) &&
	       vhx_guest_stats(skb, g);
}

static int vhx_guest_dump_one(struct vhx_guest *g, void *arg)
{
	struct vhx_guest_dump *d = arg;
	void *head;

	if (d->at++ < d->cb->args[0] || g->space != d->space)
		return 0;
	head = vhx_nl_put(d->skb, d->cb, VHX_CMD_VSOCK_GET);
	if (!head)
		return -EMSGSIZE;
	if (!vhx_guest_fill(d->skb, g)) {
		genlmsg_cancel(d->skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(d->skb, head);
	d->cb->args[0] = d->at;
	return 0;
}

static int vhx_guest_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_guest_dump d = {
		.skb = skb,
		.cb = cb,
		.space = vhx_vsock_nl_space(cb->skb),
	};

	vhx_cid_walk(vhx_guest_dump_one, &d);
	return skb->len;
}

/* ---- connections ---- */

static bool vhx_conn_put_attrs(struct sk_buff *skb, const struct vhx_conn *conn)
{
	const u32 by = conn->by;

	return !nla_put_u32(skb, VHX_A_VSOCK_CONN_FROM, conn->end[by].cid) &&
	       !nla_put_u32(skb, VHX_A_VSOCK_CONN_FROM_PORT, conn->key.port[by]) &&
	       !nla_put_u32(skb, VHX_A_VSOCK_CONN_TO, conn->end[!by].cid) &&
	       !nla_put_u32(skb, VHX_A_VSOCK_CONN_TO_PORT, conn->key.port[!by]) &&
	       !nla_put_u16(skb, VHX_A_VSOCK_CONN_TYPE, conn->type) &&
	       !nla_put_u8(skb, VHX_A_VSOCK_CONN_STATE,
			   conn->open ? VHX_VSOCK_CONN_OPEN : VHX_VSOCK_CONN_ASKED);
}

static int vhx_conn_dump_one(const struct vhx_conn *conn, void *arg)
{
	struct vhx_guest_dump *d = arg;
	void *head;

	if (d->at++ < d->cb->args[0] || conn->end[0].guest->space != d->space)
		return 0;
	head = vhx_nl_put(d->skb, d->cb, VHX_CMD_VSOCK_CONN_GET);
	if (!head)
		return -EMSGSIZE;
	if (!vhx_conn_put_attrs(d->skb, conn)) {
		genlmsg_cancel(d->skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(d->skb, head);
	d->cb->args[0] = d->at;
	return 0;
}

static int vhx_conn_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_guest_dump d = {
		.skb = skb,
		.cb = cb,
		.space = vhx_vsock_nl_space(cb->skb),
	};

	vhx_conns_each(vhx_conn_dump_one, &d);
	return skb->len;
}

/* ---- the table ---- */

static struct vhx_nl_object vhx_vsock_objects[] = {
	{ .cmd = VHX_CMD_VSOCK_GET,		.dump = vhx_guest_dump },
	{ .cmd = VHX_CMD_VSOCK_CONN_GET,	.dump = vhx_conn_dump },
	{ .cmd = VHX_CMD_VSOCK_ROUTE_GET,	.dump = vhx_nl_route_dump },
	{ .cmd = VHX_CMD_VSOCK_ROUTE_ADD,	.doit = vhx_nl_route_add },
	{ .cmd = VHX_CMD_VSOCK_ROUTE_DEL,	.doit = vhx_nl_route_del },
	{ .cmd = VHX_CMD_VSOCK_LIMIT_GET,	.dump = vhx_nl_limit_dump },
	{ .cmd = VHX_CMD_VSOCK_LIMIT_SET,	.doit = vhx_nl_limit_set },
	{ .cmd = VHX_CMD_VSOCK_LIMIT_DEL,	.doit = vhx_nl_limit_del },
};

void __init vhx_vsock_nl_init(void)
{
	vhx_nl_register(vhx_vsock_objects, ARRAY_SIZE(vhx_vsock_objects));
}

void vhx_vsock_nl_exit(void)
{
	vhx_nl_unregister(vhx_vsock_objects, ARRAY_SIZE(vhx_vsock_objects));
}
