/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rx.c, sort.c, room.c and copy.c share: one turn of an rx queue's handler. Everything here is under
 * the queue's lock.
 */
#ifndef _VHX_NET_RX_H
#define _VHX_NET_RX_H

#include <linux/if_tun.h>

#include "core/access.h"
#include "pair.h"
#include "steer.h"

/* Buffers a packet may be spread over, as many as in-tree: 64 KiB in pieces of 64 bytes. */
#define VHX_RX_CHAINS	1024
#define VHX_RX_SEGS	(VHX_CHAIN_MAX + VHX_RX_CHAINS)

/**
 * struct vhx_rx_scratch - working memory
 * @chain: chains taken off the ring; [next, n) are unused yet
 * @seg: their segments, nseg in use
 * @done: chains to be given back, ndone of them
 * @pkt: packets being sorted
 * @effect: what is to be done with each
 * @ask: those of them that were not judged at the tap
 * @pk: those, as the policy sees them
 * @verdict: what it said
 * @who: where they stand in @pkt
 * @wake: queue pairs that were handed packets
 * @skb: packets that were copied and are to be freed
 */
struct vhx_rx_scratch {
	struct vhx_chain chain[VHX_RX_CHAINS];
	struct vhx_seg seg[VHX_RX_SEGS];
	struct vhx_done done[VHX_NET_BATCH + VHX_RX_CHAINS];
	void *pkt[VHX_NET_BATCH];
	struct vhx_effect effect[VHX_NET_BATCH];
	void *ask[VHX_NET_BATCH];
	struct vhx_pkt_kern pk[VHX_NET_BATCH];
	struct vhx_effect verdict[VHX_NET_BATCH];
	u8 who[VHX_NET_BATCH];
	struct vhx_seat *wake[VHX_NET_BATCH];
	struct sk_buff *skb[VHX_NET_BATCH];
};

struct vhx_rx {
	struct vhx_pair *p;
	struct vhx_vq *vq;
	struct vhx_backend *b;
	struct vhx_rx_scratch *s;
	bool mergeable;
	bool num_buffers;
	bool drain;
	bool yielded;
	u32 early;
	bool unlogged;		/* the migration log could not be written */
	u32 n;
	u32 next;
	u32 logged;		/* chains below it are in the migration log */
	u32 nseg;
	u32 ndone;
	u32 done_packets;
	u32 done_bytes;
	u32 nskb;
	u32 tap_packets;
	u32 tap_bytes;
	u32 packets;
	u32 bytes;
	u32 descs;
};

static inline void vhx_rx_drop(void *pkt)
{
	tun_ptr_free(pkt);
}

/**
 * struct vhx_copy - a packet, and where it goes
 * @pkt: skb or tagged XDP frame off the backend's ring; NULL: the next one the backend keeps
 * @len: its bytes as the guest gets them, without virtio header
 * @to: the guest's buffers, with room for both
 * @nchain: how many of them
 */
struct vhx_copy {
	void *pkt;
	u32 len;
	struct vhx_segs to;
	u32 nchain;
};

/* copy.c */
int vhx_copy_packet(struct vhx_rx *r, const struct vhx_copy *c);
void vhx_copy_settle(struct vhx_rx *r);

/* sort.c */
bool vhx_rx_judge(struct vhx_rx *r, const struct vhx_steer *s, void *const *pkt, u32 n);
void vhx_rx_sort(struct vhx_rx *r, const struct vhx_steer *s, u32 n);

/* room.c */
int vhx_rx_room(struct vhx_rx *r, u32 need);
void vhx_rx_unpull(struct vhx_rx *r);
void vhx_rx_log_chains(struct vhx_rx *r);
void vhx_rx_log_lost(struct vhx_rx *r, u32 len, u32 nchain);

/* Log what was written to the guest and is not yet. Return: false when it could not be. */
static inline bool vhx_rx_log(struct vhx_rx *r)
{
	if (unlikely(vhx_vq_has(r->vq, VHOST_F_LOG_ALL)))
		vhx_rx_log_chains(r);
	return !r->unlogged;
}

#endif /* _VHX_NET_RX_H */
