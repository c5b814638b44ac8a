/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue pair: what one vhost fd of the net class is. vq[VHX_NET_RX] takes packets to the guest,
 * vq[VHX_NET_TX] from it.
 */
#ifndef _VHX_NET_PAIR_H
#define _VHX_NET_PAIR_H

#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/skbuff.h>
#include <linux/virtio_net.h>

#include "backend.h"
#include "core/dev.h"
#include "core/vq.h"
#include "core/yield.h"
#include "hdr.h"
#include "mailbox.h"
#include "seat.h"

#define VHX_NET_BATCH	64		/* packets handled together */
#define VHX_TX_FRAME_MAX	0x12000		/* 64 KiB and more headers than any packet has */
#define VHX_NET_BUDGET_PACKETS	256	/* per turn of a handler, then others get theirs */
#define VHX_NET_BUDGET_BYTES	0x80000
#define VHX_NET_BUDGET_DESCS	4096

/**
 * struct vhx_pair - a queue pair
 * @dev: the device; first
 * @vq: its queues
 * @seat: its place in its NIC, which it gets at the first SET_BACKEND and keeps. Of it, live is written
 *	under the rx lock and vhx_net_mutex: backend set and index below the netdev's queues
 * @poll: waits for the backend, by queue; under the queue's lock
 * @guest_hdr: bytes of virtio header in front of a packet in the guest's memory
 * @sock_hdr: of them, bytes the backend makes and reads: all or none. Both written under both
 *	queues' locks
 * @confirmed: a packet came and its netdev was the NIC's; under the rx lock
 * @ring: rx backend's ring of packets, NULL where it has none; under the rx lock
 * @held: packets taken off @ring or the mailbox for this queue, not yet with the guest: held
 *	[@held_at, @held_n); under the rx lock
 * @trust: packets to be copied by hand before the next goes through the backend's recvmsg(), see
 *	copy.c; under the rx lock
 * @yield: under the rx lock
 * @buf_size: bytes of the guest's last rx buffer, a guess at the next one's; under the rx lock
 * @judged: of a packet socket, the packet at its head that the policy let pass; compared only;
 *	under the rx lock
 * @mailbox: packets from other queues' workers
 * @stage: a page in the owner's memory, see stage.h; under the tx lock
 * @frag: where tx buffers are cut from; under the tx lock
 */
struct vhx_pair {
	struct vhx_dev dev;
	struct vhx_vq vq[VHX_NET_VQS];
	struct vhx_seat seat;
	struct vhx_poll poll[VHX_NET_VQS];
	u8 guest_hdr;
	u8 sock_hdr;
	bool confirmed;
	struct ptr_ring *ring;
	void *held[VHX_NET_BATCH];
	u32 held_at;
	u32 held_n;
	u32 trust;
	struct vhx_yield yield;
	u32 buf_size;
	const struct sk_buff *judged;
	struct vhx_mailbox mailbox;
	unsigned long stage;
	struct page_frag_cache frag;
};

static inline struct vhx_pair *vhx_pair_of(const struct vhx_vq *vq)
{
	return container_of(vq->dev, struct vhx_pair, dev);
}

/* features.c */
extern const u64 vhx_net_features[VHX_FEATURE_WORDS];

long vhx_net_set_features(struct vhx_dev *dev, const u64 *features);

/* tx.c */
size_t vhx_tx_scratch_size(void);
void vhx_tx_handle(struct vhx_vq *vq);

/* rx.c */
size_t vhx_rx_scratch_size(void);
void vhx_rx_handle(struct vhx_vq *vq);
void vhx_rx_return(struct vhx_pair *p);

#endif /* _VHX_NET_PAIR_H */
