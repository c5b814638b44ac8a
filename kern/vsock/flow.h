/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections of a guest that an agent has: flows. The kernel has their state and their credit, so that
 * an agent that is wrong, slow or dead is never a guest's violation of the protocol. What is said of
 * them is in <linux/vhx_agent_vsock.h>.
 *
 * What an agent was given of them is kept until it says that it took it, if it attached with a grace: so
 * the next one can be given the same. Meanwhile they are parked, see grace.c.
 *
 * Locks: vhx_agency.lock is inside of the queues' and of vhx_endpoint.mail, outside of struct vhx_out's.
 */
#ifndef _VHX_VSOCK_FLOW_H
#define _VHX_VSOCK_FLOW_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/vhx_agent_vsock.h>
#include <linux/workqueue.h>

#include "core/message.h"
#include "pkt.h"

struct vhx_guest;

#define VHX_FLOWS_HASH	64
#define VHX_FLOWS_MOST	16384		/* those that the agent is yet to hear the end of, too */
#define VHX_FLOW_QUEUE	1024		/* packets that wait for the agent, or for its TAKEN */
#define VHX_FLOW_ROOM	(1U << 20)	/* bytes for a guest that may wait here, whatever it offers */

enum vhx_flow_state {
	VHX_FLOW_ASKED,		/* the guest asked, the agent has not answered */
	VHX_FLOW_ASKING,	/* the agent asked, the guest has not answered */
	VHX_FLOW_OPEN,
	VHX_FLOW_OVER,		/* the agent is to hear so, then nothing is left of it */
};

/* What the agent has not been told of yet; in this order, and what came from the guest before RESET. */
#define VHX_FLOW_TELL_ASKED	BIT(0)
#define VHX_FLOW_TELL_OPEN	BIT(1)
#define VHX_FLOW_TELL_CREDIT	BIT(2)
#define VHX_FLOW_TELL_SHUTDOWN	BIT(3)
#define VHX_FLOW_TELL_RESET	BIT(4)
#define VHX_FLOW_TELL_PARKED	BIT(5)	/* before all of these, and by itself */

/**
 * struct vhx_flow - a flow; all of it under vhx_agency.lock
 * @hash: in vhx_agency.table, by its ports and CID, until it is OVER
 * @by_id: in vhx_agency.ids
 * @due: in vhx_agency.due while the agent is to be told of something
 * @asked: in vhx_agency.asked while it is ASKED
 * @id: what the agent knows it by
 * @cookie: of the agent's CONNECT
 * @state: enum vhx_flow_state
 * @parked: its agent is dead, and no other has said that it has it: of the agent's side nothing moves
 * @type: VHX_PKT_STREAM or VHX_PKT_SEQPACKET
 * @guest_port: the guest's
 * @peer_cid: whom it speaks to
 * @peer_port: likewise
 * @tell: VHX_FLOW_TELL_*
 * @shut: VIRTIO_VSOCK_SHUTDOWN_* that the guest said
 * @bye: likewise, that the agent said
 * @bye_due: which the guest is to hear behind @txq
 * @rxq: what it sent and the agent has not, or may have to be given again
 * @base: bytes that came before @rxq
 * @next: packet of it that the agent is given from next, NULL: to be looked for
 * @next_at: bytes that came before @next
 * @nheld: packets before @next
 * @rx: bytes that it sent in all
 * @given: of which the agent was given so many
 * @taken: of which it says that they were taken
 * @acked: and the guest was told of
 * @txq: what the agent sent and the guest has no credit for
 * @tx: bytes sent to the guest in all
 * @queued: bytes in @txq
 * @fwd: bytes of @tx that the guest says it took
 * @credit: bytes in all that the guest has room for
 * @told: and the agent was told of
 */
struct vhx_flow {
	struct hlist_node hash;
	struct hlist_node by_id;
	struct list_head due;
	struct list_head asked;
	u64 id;
	u64 cookie;
	u8 state;
	bool parked;
	u16 type;
	u32 guest_port;
	u32 peer_cid;
	u32 peer_port;
	u32 tell;
	u32 shut;
	u32 bye;
	bool bye_due;
	struct sk_buff_head rxq;
	u64 base;
	struct sk_buff *next;
	u64 next_at;
	u32 nheld;
	u64 rx;
	u64 given;
	u64 taken;
	u64 acked;
	struct sk_buff_head txq;
	u64 tx;
	u64 queued;
	u64 fwd;
	u64 credit;
	u64 told;
};

/**
 * struct vhx_agency - a guest's dealings with an agent
 * @c: the core's
 * @ep: endpoint, as long as the guest has a CID
 * @lock: what is below
 * @up: there is an agent
 * @grace_ms: for which flows are parked if it dies; 0: they are reset
 * @waiting: the last is dead, and that time is not over; or it was not when this one came
 * @deadline: when it is, in jiffies
 * @expiry: sees to it
 * @nparked: how many flows are parked; read without the lock
 * @hello: it is to be told that there is a guest
 * @bye: slot that is kept for telling it that there is none any more, NULL when there was none
 * @ids: flows by their numbers
 * @table: flows by ports and CID
 * @due: flows of which the agent is to be told, in turn
 * @asked: ASKED flows, the oldest first
 * @nasked: how many
 * @nflows: how many flows; read without the lock
 */
struct vhx_agency {
	struct vhx_correspondent c;
	struct vhx_endpoint *ep;
	struct mutex lock;
	bool up;
	u32 grace_ms;
	bool waiting;
	unsigned long deadline;
	struct delayed_work expiry;
	u32 nparked;
	bool hello;
	struct vhx_message *bye;
	struct hlist_head ids[VHX_FLOWS_HASH];
	struct hlist_head table[VHX_FLOWS_HASH];
	struct list_head due;
	struct list_head asked;
	u32 nasked;
	u32 nflows;
};

/* What a guest has room for, as far as we keep so much for it. */
static inline u32 vhx_flow_room(const struct vhx_pkt_hdr *h)
{
	return min(le32_to_cpu(h->buf_alloc), VHX_FLOW_ROOM);
}

/* flow.c: all with vhx_agency.lock */
struct vhx_flow *vhx_flow_new(struct vhx_guest *g, u8 state);
void vhx_flow_add(struct vhx_guest *g, struct vhx_flow *f);
void vhx_flow_free(struct vhx_guest *g, struct vhx_flow *f);
struct vhx_flow *vhx_flow_find(struct vhx_guest *g, const struct vhx_pkt_hdr *h);
struct vhx_flow *vhx_flow_by_id(struct vhx_guest *g, u64 id);
struct vhx_flow *vhx_flow_by_cookie(struct vhx_guest *g, u64 cookie);
void vhx_flow_say(struct vhx_guest *g, struct vhx_flow *f, u16 op, u32 flags);
void vhx_flow_answered(struct vhx_guest *g, struct vhx_flow *f);
void vhx_flow_taken(struct vhx_guest *g, struct vhx_flow *f, u64 count);
void vhx_flow_push(struct vhx_guest *g, struct vhx_flow *f);
void vhx_flow_tell(struct vhx_guest *g, struct vhx_flow *f, u32 what);
void vhx_flow_over(struct vhx_guest *g, struct vhx_flow *f, bool tell_guest);
bool vhx_flow_recv(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_pkt_hdr *h,
		   struct sk_buff *skb);

/* hold.c: likewise; what the guest sent */
bool vhx_hold_put(struct vhx_flow *f, struct sk_buff *skb);
bool vhx_hold_any(const struct vhx_flow *f);
u32 vhx_hold_give(struct vhx_flow *f, void *to, u32 room, u16 *flags);
void vhx_hold_drop(struct vhx_flow *f, u64 before);
void vhx_hold_again(struct vhx_flow *f, u64 from);
void vhx_hold_forget(struct vhx_flow *f);

/* grace.c: likewise */
void vhx_grace_init(struct vhx_agency *a);
void vhx_grace_begin(struct vhx_guest *g);
void vhx_grace_agent(struct vhx_guest *g);
void vhx_grace_end(struct vhx_guest *g, bool asked);
void vhx_grace_letter(struct vhx_flow *f, struct vhx_vsock_msg *m, void *data);
void vhx_grace_answer(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_vsock_msg *m);

/* letter.c: likewise */
void vhx_letters_send(struct vhx_guest *g);
void vhx_letter_read(struct vhx_guest *g, struct vhx_message *msg, u32 len);

/* agency.c */
void vhx_agency_init(struct vhx_guest *g);
struct vhx_endpoint *vhx_agency_endpoint(struct vhx_guest *g, u64 cid);
void vhx_agency_join(struct vhx_guest *g, struct vhx_endpoint *ep);
void vhx_agency_leave(struct vhx_guest *g);
void vhx_agency_reset(struct vhx_guest *g);
bool vhx_agency_has_room(const struct vhx_guest *g);
bool vhx_agency_ask(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb);
bool vhx_agency_recv(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb);

#endif /* _VHX_VSOCK_FLOW_H */
