/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a packet meets a policy.
 *
 *	rcu_read_lock();
 *	if (vhx_steer_begin(seat, dir, &s) && !vhx_steer_run(&s, &batch)) {
 *		vhx_steer_effects(&s, &batch, effect);
 *		do what the effects say;
 *	}
 *	rcu_read_unlock();
 *
 * A packet is described (describe.h) when somebody looks at it: a program that judges one at a time
 * looks at all, one that judges batches at those it walks to. Every verdict is checked here; callers
 * see effects only, and not even those where all packets go on as they would without a policy.
 */
#ifndef _VHX_NET_STEER_H
#define _VHX_NET_STEER_H

#include <linux/skbuff.h>
#include <linux/vhx.h>
#include <linux/vhx_bpf.h>
#include <net/xdp.h>

#include "hdr.h"
#include "nic.h"
#include "policy.h"

/**
 * struct vhx_pkt_kern - a packet, with what a policy does not see of it
 * @pkt: what it sees; first
 * @head: the bytes it may read, pkt.head_len of them
 * @verdict: what the policy said, VHX_DEFAULT if nothing
 * @hash: flow hash, 0 if nobody has asked for it
 */
struct vhx_pkt_kern {
	struct vhx_pkt pkt;
	const u8 *head;
	u32 verdict;
	u32 hash;
};

/**
 * struct vhx_batch_kern - packets that are judged together
 * @batch: what a policy sees; first
 * @pk: room for batch.n packets; those below @seen are described
 * @seen: the rest nobody has looked at: VHX_DEFAULT
 * @skbs: those from the guest are skbs already
 * @from: what they are: void *[] off the ring to the guest; from it struct vhx_tx, or with @skbs
 *	struct sk_buff *[]
 */
struct vhx_batch_kern {
	struct vhx_batch batch;
	struct vhx_pkt_kern *pk;
	u32 seen;
	bool skbs;
	const void *from;
};

/**
 * struct vhx_effect - what is to be done with a packet
 * @what: VHX_EFFECT_QUEUE, _PASS, _DROP or _DEFAULT; or, counted by @note, what led to it
 * @note: VHX_EFFECT_DEAD or _ILLEGAL when the verdict was that, else @what
 * @queue: for VHX_EFFECT_QUEUE: one that is live
 */
struct vhx_effect {
	u8 what;
	u8 note;
	u16 queue;
};

/**
 * struct vhx_steer - a NIC's policy, for the length of an RCU read side
 * @nic: the NIC
 * @policy: its policy
 * @ops: the programs; NULL when the policy left and, required, holds the NIC closed
 */
struct vhx_steer {
	struct vhx_net_nic *nic;
	struct vhx_policy *policy;
	const struct vhx_steer_ops *ops;
};

bool __vhx_steer_begin(struct vhx_net_nic *nic, u32 dir, struct vhx_steer *s);

/*
 * Is there a policy for this queue pair's packets of direction @dir? One branch when there is
 * none on the whole host.
 */
static __always_inline bool vhx_steer_begin(const struct vhx_seat *seat, u32 dir,
					    struct vhx_steer *s)
{
	if (!static_branch_unlikely(&vhx_steer_key))
		return false;
	return __vhx_steer_begin(rcu_dereference(seat->nic), dir, s);
}

/* sort.c and tx.c, for describe.h */
struct vhx_pkt_kern *vhx_xdp_describe(const struct vhx_batch_kern *b, struct vhx_pkt_kern *pk,
				      const struct xdp_frame *xdp);
struct vhx_pkt_kern *vhx_tx_describe(const struct vhx_batch_kern *b, struct vhx_pkt_kern *pk);

u32 vhx_pkt_hash(struct vhx_pkt_kern *pk);

bool vhx_steer_run(const struct vhx_steer *s, struct vhx_batch_kern *b);
void vhx_steer_effects(const struct vhx_steer *s, const struct vhx_batch_kern *b,
		       struct vhx_effect *e);
void vhx_steer_one(const struct vhx_steer *s, struct vhx_pkt_kern *pk, struct vhx_effect *e);
void vhx_steer_decode(const struct vhx_nic *nic, u32 verdict, u32 flags,
		      struct vhx_effect *e);
void vhx_steer_count(struct vhx_vq *vq, const struct vhx_effect *e, u32 n);

#endif /* _VHX_NET_STEER_H */
