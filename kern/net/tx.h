/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the guest: one turn of the handler, shared by tx.c and judge.c. Everything here is under the
 * queue's lock.
 */
#ifndef _VHX_NET_TX_H
#define _VHX_NET_TX_H

#include "pair.h"
#include "steer.h"

/* Header and first bytes of a packet that is too large for a batch: what is looked at of it. */
#define VHX_TX_HEAD	(VHX_TX_HEAD_PAD + VHX_PKT_HEAD_MAX)
#define VHX_TX_HEAD_PAD	24

/**
 * struct vhx_tx_slot - a packet on its way
 * @buf: where it is copied to, NULL when it is not: dropped, or sent straight from the guest
 * @buflen: bytes of @buf, 0 for one that is too large for a batch: @buf holds its head only
 * @frame: bytes of the frame, 0 when the chain holds no packet
 * @copied: of them, bytes in @buf
 * @hdr: its virtio header, in @buf in front of the frame; as long as the guest's
 */
struct vhx_tx_slot {
	void *buf;
	struct vhx_hdr *hdr;
	u32 buflen;
	u32 frame;
	u32 copied;
};

struct vhx_tx_scratch {
	struct vhx_chain chain[VHX_NET_BATCH];
	struct vhx_seg seg[1 + VHX_CHAIN_MAX + VHX_NET_BATCH];
	u8 head[VHX_NET_BATCH][VHX_TX_HEAD];
	struct vhx_done done[VHX_NET_BATCH];
	struct vhx_tx_slot slot[VHX_NET_BATCH];
	struct xdp_buff xdp[VHX_NET_BATCH];
	struct vhx_pkt_kern pk[VHX_NET_BATCH];
	struct vhx_effect effect[VHX_NET_BATCH];
	u8 who[VHX_NET_BATCH];
};

/**
 * struct vhx_tx - one turn of the handler
 * @p: queue pair
 * @vq: its tx queue
 * @b: backend
 * @s: working memory
 * @seg: segments of the chains, one free in front
 * @pad: bytes in front of a frame in its buffer
 * @swap: header fields are in the other byte order
 * @can_batch: the backend takes batches
 * @tunnel: the guest may have what is in a tunnel segmented
 * @long_hdr: its header has words for that. Such a one is checked in front of every packet, and
 *	what was checked is sent: none that the kernel may find a tunnel in is the guest's alone
 * @judged: a policy wants to see the packets
 * @nxdp: packets in @s->xdp
 * @packets: sent, against the budget
 * @bytes: of them, likewise
 * @descs: descriptors read, likewise
 */
struct vhx_tx {
	struct vhx_pair *p;
	struct vhx_vq *vq;
	struct vhx_backend *b;
	struct vhx_tx_scratch *s;
	struct vhx_seg *seg;
	u32 pad;
	bool swap;
	bool can_batch;
	bool tunnel;
	bool long_hdr;
	bool judged;
	u32 nxdp;
	u32 packets;
	u32 bytes;
	u32 descs;
};

static inline u16 vhx_tx_16(const struct vhx_tx *t, u16 v)
{
	return t->swap ? swab16(v) : v;
}

static inline u8 *vhx_tx_frame(const struct vhx_tx *t, const struct vhx_tx_slot *slot)
{
	return slot->buf + (slot->buflen ? t->pad : VHX_TX_HEAD_PAD);
}

static inline void vhx_tx_free(struct vhx_tx_slot *slot)
{
	if (slot->buf && slot->buflen)
		page_frag_free(slot->buf);
	slot->buf = NULL;
}

/* judge.c */
void vhx_tx_judge(struct vhx_tx *t, u32 first, u32 end);

#endif /* _VHX_NET_TX_H */
