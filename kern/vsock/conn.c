// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections between guests, see conn.h. They are made and ended under one lock; a packet of one
 * that is there takes none of it.
 */
#include <linux/hashtable.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "conn.h"
#include "guest.h"
#include "trace.h"

/*
 * The tables, and each guest's lists and counts of connections. A guest whose connection is in a
 * table does not go while this is held. Outside of struct vhx_out's lock.
 */
static DEFINE_SPINLOCK(vhx_conns_lock);
static struct rhashtable vhx_conns;
static LIST_HEAD(vhx_conns_all);
static DEFINE_HASHTABLE(vhx_pairs, 8);

static const struct rhashtable_params vhx_conns_params = {
	.key_len		= sizeof(struct vhx_conn_key),
	.key_offset		= offsetof(struct vhx_conn, key),
	.head_offset		= offsetof(struct vhx_conn, node),
	.automatic_shrinking	= true,
};

/* ---- pairs ---- */

/* Context: vhx_conns_lock. */
static struct vhx_pair *vhx_pair_find(const u64 *id)
{
	struct vhx_pair *pair;

	hash_for_each_possible(vhx_pairs, pair, node, id[0] ^ id[1])
		if (pair->id[0] == id[0] && pair->id[1] == id[1])
			return pair;
	return NULL;
}

/* Context: vhx_conns_lock. */
static void vhx_pair_init(struct vhx_pair *pair, struct vhx_conn *conn)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		pair->id[i] = conn->key.id[i];
		vhx_lane_init(&pair->lane[i], &conn->end[i].guest->out);
		pair->lane[i].pair = pair;
	}
	refcount_set(&pair->ref, 1);
	hash_add(vhx_pairs, &pair->node, pair->id[0] ^ pair->id[1]);
}

/**
 * vhx_pair_put - one connection or packet less
 * @pair: the pair
 *
 * Context: any but interrupts; not vhx_conns_lock.
 */
void vhx_pair_put(struct vhx_pair *pair)
{
	bool last;

	if (refcount_dec_not_one(&pair->ref))
		return;
	spin_lock(&vhx_conns_lock);
	last = refcount_dec_and_test(&pair->ref);
	if (last)
		hash_del(&pair->node);
	spin_unlock(&vhx_conns_lock);
	if (last)
		kfree_rcu(pair, rcu);
}

/* ---- references ---- */

/**
 * vhx_conn_put - give a reference back
 * @conn: connection
 *
 * Context: any but interrupts; not vhx_conns_lock.
 */
void vhx_conn_put(struct vhx_conn *conn)
{
	if (!refcount_dec_and_test(&conn->ref))
		return;
	vhx_pair_put(conn->pair);
	kfree_rcu(conn, rcu);
}

static void vhx_conns_put(struct list_head *gone)
{
	struct vhx_conn *conn, *next;

	list_for_each_entry_safe(conn, next, gone, all)
		vhx_conn_put(conn);
}

/**
 * vhx_conn_find - the connection with a key
 * @key: the key
 *
 * Context: RCU.
 * Return: it, as long as the RCU section lasts, or NULL.
 */
struct vhx_conn *vhx_conn_find(const struct vhx_conn_key *key)
{
	return rhashtable_lookup(&vhx_conns, key, vhx_conns_params);
}

/* ---- ends ---- */

/* Context: vhx_conns_lock. */
static void vhx_conn_tell(struct vhx_end *end)
{
	refcount_inc(&end->conn->ref);
	vhx_out_reset(&end->guest->out, end);
	vhx_vq_queue(&end->guest->vq[VHX_VSOCK_TO_GUEST]);
}

static void vhx_conn_answered(struct vhx_conn *conn)
{
	if (list_empty(&conn->asked))
		return;
	list_del_init(&conn->asked);
	conn->end[conn->by].guest->nasked--;
}

/* The table's reference goes to @gone. Context: vhx_conns_lock. */
static void vhx_conn_unlink(struct vhx_conn *conn, u32 tell, struct list_head *gone)
{
	u32 i;

	trace_vhx_vsock_conn_end(conn, tell);
	rhashtable_remove_fast(&vhx_conns, &conn->node, vhx_conns_params);
	vhx_conn_answered(conn);
	conn->dead = true;
	for (i = 0; i < 2; i++) {
		list_del(&conn->end[i].of);
		conn->end[i].guest->nconns--;
		if (tell & VHX_TELL(i))
			vhx_conn_tell(&conn->end[i]);
	}
	list_move_tail(&conn->all, gone);
}

/**
 * vhx_conn_end - a connection is over
 * @conn: connection; over already is fine
 * @tell: VHX_TELL(side) of each that does not know yet
 *
 * Context: any but interrupts; RCU, in which @conn was found.
 */
void vhx_conn_end(struct vhx_conn *conn, u32 tell)
{
	LIST_HEAD(gone);

	spin_lock(&vhx_conns_lock);
	if (!conn->dead)
		vhx_conn_unlink(conn, tell, &gone);
	spin_unlock(&vhx_conns_lock);
	vhx_conns_put(&gone);
}

/**
 * vhx_conns_end_all - all connections of a guest are over
 * @g: guest, which makes no new ones meanwhile if it is to have none
 * @tell: tell it, too
 *
 * Context: process, sleeps. Who had found one has let go of it when this returns.
 */
void vhx_conns_end_all(struct vhx_guest *g, bool tell)
{
	struct vhx_end *end, *next;
	LIST_HEAD(gone);

	spin_lock(&vhx_conns_lock);
	list_for_each_entry_safe(end, next, &g->conns, of)
		vhx_conn_unlink(end->conn,
				tell ? VHX_TELL_BOTH : VHX_TELL(!vhx_end_side(end)), &gone);
	spin_unlock(&vhx_conns_lock);
	if (list_empty(&gone))
		return;
	synchronize_rcu();
	vhx_conns_put(&gone);
}

/**
 * vhx_conn_make_rst - the RST by which an end is told
 * @end: the end
 * @rst: header to be filled
 */
void vhx_conn_make_rst(const struct vhx_end *end, struct vhx_pkt_hdr *rst)
{
	const struct vhx_conn *conn = end->conn;
	const u32 me = vhx_end_side(end);

	*rst = (struct vhx_pkt_hdr) {
		.src_cid = cpu_to_le64(conn->end[!me].cid),
		.dst_cid = cpu_to_le64(end->cid),
		.src_port = cpu_to_le32(conn->key.port[!me]),
		.dst_port = cpu_to_le32(conn->key.port[me]),
		.type = cpu_to_le16(conn->type),
		.op = cpu_to_le16(VHX_PKT_RST),
	};
}

/* ---- beginnings ---- */

static void vhx_conn_fill(struct vhx_conn *conn, struct vhx_guest *g, struct vhx_guest *to,
			  const struct vhx_pkt_hdr *h)
{
	const u32 me = g->id > to->id;

	conn->by = me;
	conn->type = le16_to_cpu(h->type);
	conn->key.id[me] = g->id;
	conn->key.port[me] = le32_to_cpu(h->src_port);
	conn->key.id[!me] = to->id;
	conn->key.port[!me] = le32_to_cpu(h->dst_port);
	conn->end[me] = (struct vhx_end) { .conn = conn, .guest = g, .cid = g->cid };
	conn->end[!me] = (struct vhx_end) {
		.conn = conn,
		.guest = to,
		.cid = le64_to_cpu(h->dst_cid),
	};
	refcount_set(&conn->ref, 1);
}

/*
 * What a guest has not heard the end of counts as if it had it: or one that hears nothing would have
 * us keep all that it begins. Context: vhx_conns_lock.
 */
static bool vhx_conn_fits(const struct vhx_conn *conn)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		const struct vhx_guest *g = conn->end[i].guest;

		if (g->nconns + READ_ONCE(g->out.nresets) >=
		    vhx_limit(&g->limits, VHX_LIMIT_CONNS))
			return false;
	}
	return true;
}

/* Who asks too much, and gets no answers, asks for the oldest no more. Context: vhx_conns_lock. */
static void vhx_conn_make_room(struct vhx_guest *g, struct list_head *gone)
{
	while (g->nasked && g->nasked >= vhx_limit(&g->limits, VHX_LIMIT_PENDING))
		vhx_conn_unlink(list_first_entry(&g->asked, struct vhx_conn, asked),
				VHX_TELL_BOTH, gone);
}

/* Context: vhx_conns_lock. */
static void vhx_conn_link(struct vhx_conn *conn, struct vhx_pair **pair)
{
	struct vhx_guest *g = conn->end[conn->by].guest;
	u32 i;

	conn->pair = vhx_pair_find(conn->key.id);
	if (conn->pair) {
		vhx_pair_get(conn->pair);
	} else {
		conn->pair = *pair;
		vhx_pair_init(conn->pair, conn);
		*pair = NULL;
	}
	for (i = 0; i < 2; i++) {
		list_add_tail(&conn->end[i].of, &conn->end[i].guest->conns);
		conn->end[i].guest->nconns++;
	}
	list_add_tail(&conn->asked, &g->asked);
	g->nasked++;
	trace_vhx_vsock_conn_new(conn, 0);
	list_add_tail(&conn->all, &vhx_conns_all);
}

/* Takes @conn and, perhaps, *@pair. */
static int vhx_conn_insert(struct vhx_conn *conn, struct vhx_pair **pair)
{
	LIST_HEAD(gone);
	int err = 0;

	spin_lock(&vhx_conns_lock);
	vhx_conn_make_room(conn->end[conn->by].guest, &gone);
	if (!vhx_conn_fits(conn))
		err = -EDQUOT;
	else
		err = rhashtable_lookup_insert_fast(&vhx_conns, &conn->node, vhx_conns_params);
	if (!err)
		vhx_conn_link(conn, pair);
	spin_unlock(&vhx_conns_lock);
	vhx_conns_put(&gone);
	return err;
}

static bool vhx_conn_possible(const struct vhx_guest *g, const struct vhx_guest *to,
			      const struct vhx_pkt_hdr *h)
{
	if (!to || to == g || !READ_ONCE(to->vq[VHX_VSOCK_TO_GUEST].backend))
		return false;
	switch (le16_to_cpu(h->type)) {
	case VHX_PKT_STREAM:
		return true;
	case VHX_PKT_SEQPACKET:
		return READ_ONCE(to->seqpacket);
	default:
		return false;
	}
}

/**
 * vhx_conn_new - a guest asks another for a connection
 * @g: who asks
 * @h: its packet
 *
 * Context: process, sleeps.
 * Return: 0; -EEXIST there is one; -ENODEV the other is not there, or does not do such;
 * -EDQUOT one of them has too many; -ENOMEM.
 */
int vhx_conn_new(struct vhx_guest *g, const struct vhx_pkt_hdr *h)
{
	struct vhx_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL_ACCOUNT);
	struct vhx_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);
	struct vhx_guest *to;
	int err = -ENOMEM;

	if (!conn || !pair)
		goto out;
	rcu_read_lock();
	to = vhx_cid_find(le64_to_cpu(h->dst_cid), g->net);
	if (vhx_conn_possible(g, to, h)) {
		vhx_conn_fill(conn, g, to, h);
		err = vhx_conn_insert(conn, &pair);
	} else {
		err = -ENODEV;
	}
	rcu_read_unlock();
out:
	kfree(pair);
	if (err)
		kfree(conn);
	return err;
}

/**
 * vhx_conn_agree - who was asked for a connection wants it
 * @conn: connection
 *
 * Context: any but interrupts; RCU, in which @conn was found.
 */
void vhx_conn_agree(struct vhx_conn *conn)
{
	spin_lock(&vhx_conns_lock);
	if (!conn->dead) {
		vhx_conn_answered(conn);
		WRITE_ONCE(conn->open, true);
	}
	spin_unlock(&vhx_conns_lock);
}

/* ---- all ---- */

/**
 * vhx_conns_each - look at connections
 * @fn: called for each, with vhx_conns_lock, until it returns something else than 0
 * @arg: for @fn
 *
 * Context: any but interrupts.
 * Return: what @fn returned last; 0 without any.
 */
int vhx_conns_each(int (*fn)(const struct vhx_conn *conn, void *arg), void *arg)
{
	const struct vhx_conn *conn;
	int ret = 0;

	spin_lock(&vhx_conns_lock);
	list_for_each_entry(conn, &vhx_conns_all, all) {
		ret = fn(conn, arg);
		if (ret)
			break;
	}
	spin_unlock(&vhx_conns_lock);
	return ret;
}

int __init vhx_conns_init(void)
{
	return rhashtable_init(&vhx_conns, &vhx_conns_params);
}

void vhx_conns_exit(void)
{
	rhashtable_destroy(&vhx_conns);
}
