// SPDX-License-Identifier: GPL-2.0-only
/*
 * From guest to guest. A packet goes on as it is, into the lane that its sender has to the other
 * guest: credit is between the two. What the other takes slowly fills that lane, no other, and
 * never stops the sender's queue: a connection that has no room there is reset.
 */
#include "conn.h"
#include "guest.h"

/* What becomes of a packet, and of its connection. */
enum vhx_sibling_way {
	VHX_SIBLING_ON,		/* it goes on */
	VHX_SIBLING_AGREED,	/* it goes on, and the connection is open */
	VHX_SIBLING_OVER,	/* it goes on, and is the last one */
	VHX_SIBLING_WRONG,	/* it makes no sense: both are told that it is over */
};

/* Context: RCU. Return: the connection that @h is of, or NULL; @me: which end @g is. */
static struct vhx_conn *vhx_sibling_find(const struct vhx_guest *g, const struct vhx_pkt_hdr *h,
					 u32 *me)
{
	const struct vhx_guest *to = vhx_cid_find(le64_to_cpu(h->dst_cid), g->net);
	struct vhx_conn_key key;

	if (!to || to == g)
		return NULL;
	*me = g->id > to->id;
	key.id[*me] = g->id;
	key.port[*me] = le32_to_cpu(h->src_port);
	key.id[!*me] = to->id;
	key.port[!*me] = le32_to_cpu(h->dst_port);
	return vhx_conn_find(&key);
}

static enum vhx_sibling_way vhx_sibling_way(const struct vhx_conn *conn, u32 me,
					    const struct vhx_pkt_hdr *h)
{
	const bool open = READ_ONCE(conn->open);

	if (le16_to_cpu(h->type) != conn->type)
		return VHX_SIBLING_WRONG;
	switch (le16_to_cpu(h->op)) {
	case VHX_PKT_RST:
		return VHX_SIBLING_OVER;
	case VHX_PKT_REQUEST:
		return !open && me == conn->by ? VHX_SIBLING_ON : VHX_SIBLING_WRONG;
	case VHX_PKT_RESPONSE:
		return !open && me != conn->by ? VHX_SIBLING_AGREED : VHX_SIBLING_WRONG;
	case VHX_PKT_SHUTDOWN:
	case VHX_PKT_RW:
	case VHX_PKT_CREDIT_UPDATE:
	case VHX_PKT_CREDIT_REQUEST:
		return open ? VHX_SIBLING_ON : VHX_SIBLING_WRONG;
	default:
		return VHX_SIBLING_WRONG;
	}
}

/* Context: RCU. Return: whether it was taken. */
static bool vhx_sibling_put(struct vhx_conn *conn, u32 me, struct sk_buff *skb)
{
	struct vhx_guest *to = conn->end[!me].guest;

	if (!vhx_out_put(&conn->pair->lane[!me], skb, vhx_limit(&to->limits, VHX_LIMIT_BACKLOG)))
		return false;
	vhx_vq_queue(&to->vq[VHX_VSOCK_TO_GUEST]);
	return true;
}

/* Takes @skb. Context: RCU. */
static void vhx_sibling_go(struct vhx_conn *conn, u32 me, const struct vhx_pkt_hdr *h,
			   struct sk_buff *skb)
{
	const enum vhx_sibling_way way = vhx_sibling_way(conn, me, h);
	struct vhx_guest *g = conn->end[me].guest;

	if (way == VHX_SIBLING_AGREED)
		vhx_conn_agree(conn);
	if (way != VHX_SIBLING_WRONG && vhx_sibling_put(conn, me, skb)) {
		vhx_guest_count(g, VHX_VSOCK_STAT_TO_SIBLINGS);
		if (way == VHX_SIBLING_OVER)
			vhx_conn_end(conn, 0);
		return;
	}
	vhx_guest_count(g, way == VHX_SIBLING_WRONG ? VHX_VSOCK_STAT_UNROUTED :
						      VHX_VSOCK_STAT_OVERFLOWS);
	kfree_skb(skb);
	vhx_conn_end(conn, way == VHX_SIBLING_OVER ? VHX_TELL(!me) : VHX_TELL_BOTH);
}

/**
 * vhx_sibling_recv - a packet of a guest's for another
 * @g: who sent it
 * @h: its header
 * @skb: packet with its header; taken if there is such a connection
 *
 * Context: process; the handler of @g's queue.
 * Return: whether there is.
 */
bool vhx_sibling_recv(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	struct vhx_conn *conn;
	u32 me;

	rcu_read_lock();
	conn = vhx_sibling_find(g, h, &me);
	if (conn)
		vhx_sibling_go(conn, me, h, skb);
	rcu_read_unlock();
	return conn;
}

/**
 * vhx_sibling_ask - a guest asks another for a connection, and may have it
 * @g: who asks
 * @h: header of the packet
 * @skb: packet; taken if the other is asked
 *
 * Asked for once more, it is the same connection.
 *
 * Context: process, sleeps; the handler of @g's queue.
 * Return: whether the other is asked.
 */
bool vhx_sibling_ask(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	const int err = vhx_conn_new(g, h);

	if (!err || err == -EEXIST)
		return vhx_sibling_recv(g, h, skb);
	if (err == -EDQUOT)
		vhx_guest_count(g, VHX_VSOCK_STAT_REFUSED);
	return false;
}
