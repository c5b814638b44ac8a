/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of the vsock class: what one vhost fd is. Its queues are the one to the guest and the one
 * from it; the third that a driver has, of events, is the VMM's.
 *
 * Locks are the core's, see core/dev.h; inside them vhx_cids_lock, vhx_space_lock,
 * vhx_agency.lock, vhx_conns_lock, and struct vhx_out's. A packet's way takes no lock of another guest's queues: it is put into what
 * waits for that guest, which has a lock of its own, and that guest's queue is woken.
 */
#ifndef _VHX_VSOCK_GUEST_H
#define _VHX_VSOCK_GUEST_H

#include <linux/atomic.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>
#include <net/af_vsock.h>
#include <net/net_namespace.h>

#include "core/dev.h"
#include "core/vq.h"
#include "bucket.h"
#include "flow.h"
#include "out.h"
#include "pages.h"
#include "pkt.h"
#include "space.h"

#define VHX_VSOCK_TO_GUEST	VSOCK_VQ_RX
#define VHX_VSOCK_FROM_GUEST	VSOCK_VQ_TX
#define VHX_VSOCK_VQS		2

#define VHX_VSOCK_BUDGET	256		/* packets a turn of a handler, as in-tree */
#define VHX_VSOCK_BUDGET_BYTES	(512U << 10)

/**
 * struct vhx_guest - a guest
 * @dev: the device; first
 * @net: network namespace in which it was opened; where there are such, it has its CID in it
 * @net_tracker: of the reference to @net
 * @node: in the table of CIDs, under vhx_cids_lock and RCU
 * @id: of this guest, never another's
 * @cid: its CID, 0 before it has one; read under RCU by who found it by that
 * @owner: whose it is, as that is shown; vhx_cids_lock
 * @comm: their command name, likewise
 * @space: of its CID
 * @seqpacket: SEQPACKET was acknowledged; read without a lock
 * @reset: its driver began anew: its connections are not what they were. Under @dev.lock, and read
 *	while that is held
 * @ran: its queues ran, and got further than their beginning; under @dev.lock
 * @out: what waits for it
 * @pages_to: of large packets to it; @pages_from: and from it
 * @nreplies: how many of @out answer what it sent: as long as there are too many, nothing is taken
 *	from it, or a guest that reads nothing has us keep all that it makes us say
 * @limits: what it may; written under vhx_space_lock
 * @bucket: of bytes that it sends; of the handler of the queue from it
 * @conn_bucket: of connections that it asks for, likewise
 * @timer: queues that queue when there is something in @bucket again
 * @stats: by enum vhx_vsock_stat; written by that handler alone
 * @conns: ends of connections with other guests, struct vhx_end.of; vhx_conns_lock
 * @nconns: how many
 * @asked: connections that it asked for, and has no answer; the oldest first; vhx_conns_lock
 * @nasked: how many
 * @agency: its dealings with an agent
 * @vqs: pointers to its queues, as the core wants it
 * @vq: they
 */
struct vhx_guest {
	struct vhx_dev dev;
	struct net *net;
	netns_tracker net_tracker;
	struct hlist_node node;
	u64 id;
	u32 cid;
	struct pid *owner;
	char comm[TASK_COMM_LEN];
	struct vhx_space *space;
	bool seqpacket;
	bool reset;
	bool ran;
	struct vhx_out out;
	struct vhx_pages pages_to;
	struct vhx_pages pages_from;
	atomic_t nreplies;
	struct vhx_limits limits;
	struct vhx_bucket bucket;
	struct vhx_bucket conn_bucket;
	struct timer_list timer;
	u64 stats[VHX_VSOCK_STAT_NR];
	struct list_head conns;
	u32 nconns;
	struct list_head asked;
	u32 nasked;
	struct vhx_agency agency;
	struct vhx_vq *vqs[VHX_VSOCK_VQS];
	struct vhx_vq vq[VHX_VSOCK_VQS];
};

/**
 * struct vhx_vsock_scratch - a worker's working memory
 * @chain: what was pulled
 * @seg: its pieces
 * @done: what is to be pushed
 */
struct vhx_vsock_scratch {
	struct vhx_chain chain[VHX_PULL_MAX];
	struct vhx_seg seg[2 * VHX_CHAIN_MAX];
	struct vhx_done done[VHX_PULL_MAX];
};

static inline struct vhx_guest *vhx_guest_of(const struct vhx_vq *vq)
{
	return container_of(vq->dev, struct vhx_guest, dev);
}

/* Context: the handler of the queue from the guest. */
static inline void vhx_guest_count(struct vhx_guest *g, enum vhx_vsock_stat which)
{
	WRITE_ONCE(g->stats[which], g->stats[which] + 1);
}

/* run.c */
int vhx_guest_start(struct vhx_guest *g);
void vhx_guest_stop(struct vhx_guest *g);

/* Can a guest have it? Not what is nobody's, or the host's, or of more than 32 bits. */
static inline bool vhx_cid_valid(u64 cid)
{
	return cid > VMADDR_CID_HOST && cid < VMADDR_CID_ANY;
}

/* cid.c */
int vhx_cid_set(struct vhx_guest *g, u64 cid);
void vhx_cid_drop(struct vhx_guest *g);
struct vhx_guest *vhx_cid_find(u32 cid, struct net *net);
void vhx_cid_show(struct vhx_guest *g);
int vhx_cid_walk(int (*fn)(struct vhx_guest *g, void *arg), void *arg);
void vhx_cid_each(void (*fn)(struct vhx_guest *g, void *arg), void *arg);

/* tx.c */
void vhx_vsock_tx_handle(struct vhx_vq *vq);

/* rx.c */
void vhx_vsock_rx_handle(struct vhx_vq *vq);
void vhx_rx_queue(struct vhx_guest *g, struct sk_buff *skb);
void vhx_rx_dropped(struct vhx_guest *g, u32 replies);
bool vhx_rx_takes_replies(const struct vhx_guest *g);
void vhx_rx_forget(struct vhx_guest *g);

/* nl.c */
void vhx_vsock_nl_init(void);
void vhx_vsock_nl_exit(void);

/* transport.c */
int vhx_transport_init(void);
void vhx_transport_exit(void);
bool vhx_transport_recv(struct sk_buff *skb, struct net *net);
void vhx_transport_reset(void);
int vhx_transport_send(struct sk_buff *skb, struct net *net);

#endif /* _VHX_VSOCK_GUEST_H */
