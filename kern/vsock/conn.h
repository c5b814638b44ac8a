/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections between two guests. Their state and their credit are the guests' own; here is known
 * that they are, so that a route is asked once, an end is told to who is left, and there are so many
 * at most.
 */
#ifndef _VHX_VSOCK_CONN_H
#define _VHX_VSOCK_CONN_H

#include <linux/refcount.h>
#include <linux/rhashtable-types.h>

#include "out.h"
#include "pkt.h"

struct vhx_guest;

/**
 * struct vhx_pair - two guests that have connections, or packets of such
 * @node: in the table of pairs, under vhx_conns_lock
 * @id: of the two guests, the lesser first
 * @lane: to each of the two
 * @ref: of connections and packets
 * @rcu: it is freed by that
 */
struct vhx_pair {
	struct hlist_node node;
	u64 id[2];
	struct vhx_lane lane[2];
	refcount_t ref;
	struct rcu_head rcu;
};

/**
 * struct vhx_conn_key - what a connection is found by
 * @id: of the two guests, the lesser first
 * @port: theirs
 */
struct vhx_conn_key {
	u64 id[2];
	u32 port[2];
};

/**
 * struct vhx_end - one guest's end of a connection
 * @conn: the connection
 * @guest: the guest, as long as the connection is found: then RCU keeps it
 * @cid: its CID
 * @of: in its list, under vhx_conns_lock
 * @due: in what waits for it
 */
struct vhx_end {
	struct vhx_conn *conn;
	struct vhx_guest *guest;
	u32 cid;
	struct list_head of;
	struct list_head due;
};

/**
 * struct vhx_conn - a connection
 * @node: in the table, by @key; RCU
 * @key: what it is found by
 * @end: of @key.id[0] and @key.id[1]
 * @pair: the two
 * @type: VHX_PKT_STREAM or VHX_PKT_SEQPACKET
 * @by: which of the two asked for it
 * @open: the other agreed
 * @dead: it is in no table any more
 * @asked: in the list of those that @by waits for, until @open; vhx_conns_lock
 * @all: in the list of all, vhx_conns_lock; when @dead, in that of who ended it
 * @ref: of the table, and of ends that are to be told
 * @rcu: it is freed by that
 */
struct vhx_conn {
	struct rhash_head node;
	struct vhx_conn_key key;
	struct vhx_end end[2];
	struct vhx_pair *pair;
	u16 type;
	u8 by;
	bool open;
	bool dead;
	struct list_head asked;
	struct list_head all;
	refcount_t ref;
	struct rcu_head rcu;
};

static inline u32 vhx_end_side(const struct vhx_end *end)
{
	return end == &end->conn->end[1];
}

/* Whom vhx_conn_end() tells; a bit for each end. */
#define VHX_TELL(side)	BIT(side)
#define VHX_TELL_BOTH	3

int vhx_conns_init(void);
void vhx_conns_exit(void);

struct vhx_conn *vhx_conn_find(const struct vhx_conn_key *key);
int vhx_conn_new(struct vhx_guest *g, const struct vhx_pkt_hdr *h);
void vhx_conn_agree(struct vhx_conn *conn);
void vhx_conn_end(struct vhx_conn *conn, u32 tell);
void vhx_conn_put(struct vhx_conn *conn);
void vhx_conn_make_rst(const struct vhx_end *end, struct vhx_pkt_hdr *rst);
void vhx_conns_end_all(struct vhx_guest *g, bool tell);
int vhx_conns_each(int (*fn)(const struct vhx_conn *conn, void *arg), void *arg);

static inline void vhx_pair_get(struct vhx_pair *pair)
{
	refcount_inc(&pair->ref);
}

void vhx_pair_put(struct vhx_pair *pair);

/* sibling.c */
bool vhx_sibling_ask(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb);
bool vhx_sibling_recv(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb);

#endif /* _VHX_VSOCK_CONN_H */
