/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vDPA device of our own: a virtio NIC whose other end is a netdev on this host, its peer. What
 * the guest sends the peer receives, what is sent on the peer the guest receives.
 *
 * Its data path is the core's queues, in pinned memory, and belongs to no process. vhx_dev.lock is
 * held over all that the vDPA bus asks for but a kick, and may be taken under rtnl, since a driver on
 * this host sets a device up there: nobody takes rtnl under it.
 *
 * "rx" is to the guest everywhere here, "tx" from it, as in the rest of vhx; the peer's own counters
 * are the other way round.
 */
#ifndef _VHX_VNET_H
#define _VHX_VNET_H

#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/page_frag_cache.h>
#include <linux/ptr_ring.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/vdpa.h>
#include <linux/virtio_net.h>

#include "core/dev.h"
#include "core/vq.h"
#include "core/yield.h"
#include "net/hdr.h"
#include "net/rss.h"
#include "net/steer.h"

#define VHX_VNET_PAIRS_MAX	32
#define VHX_VNET_RING		1024	/* descriptors of a data queue, at most and by itself */
#define VHX_VNET_CVQ_RING	64	/* and of the control queue */
#define VHX_VNET_BATCH		64	/* packets handled together */
#define VHX_VNET_BACKLOG	512	/* packets that wait for the guest's buffers, a queue */
#define VHX_VNET_MACS		64	/* of unicast, and of multicast, that a guest may list */
#define VHX_VNET_SEGS		(2 * VHX_CHAIN_MAX)
#define VHX_VNET_FRAME_MAX	0x12000	/* 64 KiB and more headers than any packet has */
#define VHX_VNET_BUDGET_PACKETS	256	/* per turn of a handler, then others get theirs */
#define VHX_VNET_BUDGET_BYTES	0x80000
#define VHX_VNET_BUDGET_DESCS	4096

enum {
	VHX_VNET_GROUP_DATA,
	VHX_VNET_GROUP_CVQ,
	VHX_VNET_GROUPS,
};

#define VHX_VNET_AS		2

/* What a worker works with: one of its queues at a time. */
struct vhx_vnet_scratch {
	struct vhx_chain chain[VHX_VNET_BATCH];
	struct vhx_done done[VHX_VNET_BATCH];
	struct vhx_seg seg[VHX_VNET_SEGS];
	struct sk_buff *skb[VHX_VNET_BATCH];
	struct vhx_pkt_kern pk[VHX_VNET_BATCH];
	struct vhx_effect effect[VHX_VNET_BATCH];
};

/**
 * struct vhx_vnet_queue - a queue
 * @vq: the core's; first
 * @vn: device
 * @desc: as the driver set it, used from the next start on; with what follows under vhx_dev.lock
 * @avail: likewise
 * @used: likewise
 * @num: likewise
 * @ready: the driver wants it to run
 * @ring: rx: packets from the peer. Who produces holds its producer_lock, and looks at @live
 * @live: packets are taken; under the producer_lock
 * @buf_size: rx: bytes of the guest's last buffer, a guess at the next one's; under vq.lock
 * @frag: tx: where buffers are cut from; under vq.lock
 * @yield: rx: how standing back turns out; under vq.lock
 * @waker: rx: the CPU that a packet was sent on last
 * @held: rx: taken off @ring and not with the guest: held [@held_at, @held_n); under vq.lock
 */
struct vhx_vnet_queue {
	struct vhx_vq vq;
	struct vhx_vnet *vn;
	u64 desc;
	u64 avail;
	u64 used;
	u32 num;
	bool ready;
	struct ptr_ring ring;
	bool live;
	u32 buf_size;
	struct page_frag_cache frag;
	struct vhx_yield yield;
	int waker;
	void *held[VHX_VNET_BATCH];
	u32 held_at;
	u32 held_n;
};

/**
 * struct vhx_vnet_filter - which packets the guest wants; immutable
 * @rcu: until nobody looks at it
 * @flags: VHX_FILTER_*
 * @mac: the guest's own
 * @nuc: entries of @uc
 * @nmc: entries of @mc
 * @uc: unicast addresses it wants
 * @mc: multicast addresses
 * @vlan: with CTRL_VLAN, the VLANs
 */
struct vhx_vnet_filter {
	struct rcu_head rcu;
	u32 flags;
	u8 mac[ETH_ALEN];
	u8 nuc;
	u8 nmc;
	u8 uc[VHX_VNET_MACS][ETH_ALEN];
	u8 mc[VHX_VNET_MACS][ETH_ALEN];
	DECLARE_BITMAP(vlan, VLAN_N_VID);
};

#define VHX_FILTER_PROMISC	BIT(0)
#define VHX_FILTER_ALLMULTI	BIT(1)
#define VHX_FILTER_ALLUNI	BIT(2)
#define VHX_FILTER_NOMULTI	BIT(3)
#define VHX_FILTER_NOUNI	BIT(4)
#define VHX_FILTER_NOBCAST	BIT(5)
#define VHX_FILTER_VLANS	BIT(6)	/* @vlan counts */
#define VHX_FILTER_UC_OVER	BIT(7)	/* more addresses than there is room for */
#define VHX_FILTER_MC_OVER	BIT(8)

/* How the guest wants packets spread, and hashes reported; immutable. */
struct vhx_vnet_rss {
	struct rcu_head rcu;
	struct vhx_rss rss;
};

/**
 * struct vhx_vnet - a device
 * @vdpa: the bus's; first
 * @dev: the core's
 * @queue: by index: pair n has queues 2n (rx) and 2n + 1 (tx); behind them all is the control
 *	queue, or at 2 for a guest that knows of one pair only
 * @vqs: pointers to them, as the core wants it
 * @seat: by pair, its place in the NIC; live under @cb_lock
 * @pairs: how many there are at most; fixed
 * @netdev: the peer
 * @offered: virtio features; fixed
 * @features: those acknowledged; written under vhx_dev.lock with all queues stopped
 * @features_set: @features are the driver's; vhx_dev.lock
 * @status: virtio status; vhx_dev.lock
 * @suspended: queues stand still until resume or reset; vhx_dev.lock
 * @broken: a ring was illegal: the device needs a reset; read and set anywhere
 * @hdr_len: bytes in front of a packet; as @features
 * @offloads: as in CTRL_GUEST_OFFLOADS, what the guest takes now; read anywhere
 * @curr: pairs the guest uses; read anywhere
 * @generation: of the configuration; vhx_dev.lock
 * @mac: of the configuration; under @cb_lock, since the control queue's handler sets it
 * @mtu: of the configuration; fixed
 * @asid: by group, its address space; vhx_dev.lock
 * @mem: by address space, what is mapped; NULL: never said. vhx_dev.lock
 * @cb_lock: @cb, @mac, and which of @seat are live
 * @cb: hears of changes of the configuration
 * @filter: RCU; written by the control queue, and without it running
 * @rss: RCU; likewise; NULL: no hashes
 */
struct vhx_vnet {
	struct vdpa_device vdpa;
	struct vhx_dev dev;
	struct vhx_vnet_queue *queue;
	struct vhx_vq **vqs;
	struct vhx_seat *seat;
	u32 pairs;
	struct net_device *netdev;
	u64 offered;
	u64 features;
	bool features_set;
	u8 status;
	bool suspended;
	bool broken;
	u32 hdr_len;
	u64 offloads;
	u32 curr;
	u32 generation;
	u8 mac[ETH_ALEN];
	u16 mtu;
	u32 asid[VHX_VNET_GROUPS];
	struct vhx_memtbl *mem[VHX_VNET_AS];
	spinlock_t cb_lock;
	struct vdpa_callback cb;
	struct vhx_vnet_filter __rcu *filter;
	struct vhx_vnet_rss __rcu *rss;
};

static inline struct vhx_vnet *vhx_vnet_of(const struct vdpa_device *vdpa)
{
	return container_of(vdpa, struct vhx_vnet, vdpa);
}

static inline struct vhx_vnet_queue *vhx_vnet_queue_of(struct vhx_vq *vq)
{
	return container_of(vq, struct vhx_vnet_queue, vq);
}

static inline bool vhx_vnet_has(const struct vhx_vnet *vn, unsigned int bit)
{
	return vn->features & BIT_ULL(bit);
}

static inline u32 vhx_vnet_nvqs(const struct vhx_vnet *vn)
{
	return 2 * vn->pairs + 1;
}

/* Index of the control queue; that of no queue without one. */
static inline u32 vhx_vnet_cvq_index(const struct vhx_vnet *vn)
{
	if (!vhx_vnet_has(vn, VIRTIO_NET_F_CTRL_VQ))
		return U32_MAX;
	if (vhx_vnet_has(vn, VIRTIO_NET_F_MQ) || vhx_vnet_has(vn, VIRTIO_NET_F_RSS))
		return 2 * vn->pairs;
	return 2;
}

/* rx queue of a pair; @pair is below vn->pairs. */
static inline struct vhx_vnet_queue *vhx_vnet_rxq(const struct vhx_vnet *vn, u32 pair)
{
	return &vn->queue[2 * pair];
}

/* Has queue @i a backlog for the guest? That of a control queue at 2 is not used then. */
static inline bool vhx_vnet_is_rx(const struct vhx_vnet *vn, u32 i)
{
	return !(i & 1) && i < 2 * vn->pairs;
}

static inline bool vhx_vnet_runs(const struct vhx_vnet *vn)
{
	return (vn->status & VIRTIO_CONFIG_S_DRIVER_OK) && !vn->suspended;
}

/* ops.c */
extern const struct vdpa_config_ops vhx_vnet_ops;

/* dev.c */
struct vhx_vnet *vhx_vnet_create(struct device *parent, const char *name,
				 const struct vdpa_dev_set_config *cfg);
void vhx_vnet_reset(struct vhx_vnet *vn);
void vhx_vnet_free(struct vdpa_device *vdpa);
u8 vhx_vnet_get_status(struct vdpa_device *vdpa);
void vhx_vnet_set_status(struct vdpa_device *vdpa, u8 status);
int vhx_vnet_compat_reset(struct vdpa_device *vdpa, u32 flags);
int vhx_vnet_op_reset(struct vdpa_device *vdpa);
int vhx_vnet_suspend(struct vdpa_device *vdpa);
int vhx_vnet_resume(struct vdpa_device *vdpa);

/* queue.c */
void vhx_vnet_queue_init(struct vhx_vnet *vn, u32 i);
int vhx_vnet_queue_start(struct vhx_vnet_queue *q);
void vhx_vnet_queue_stop(struct vhx_vnet_queue *q);
void vhx_vnet_queue_reset(struct vhx_vnet_queue *q);
u32 vhx_vnet_queue_group(const struct vhx_vnet *vn, u32 i);

/* map.c */
int vhx_vnet_map_init(void);
void vhx_vnet_map_exit(void);
const struct vhx_memtbl *vhx_vnet_mem(const struct vhx_vnet *vn, u32 group);
void vhx_vnet_map_clear(struct vhx_vnet *vn);
int vhx_vnet_set_map(struct vdpa_device *vdpa, unsigned int asid, struct vhost_iotlb *iotlb);
int vhx_vnet_reset_map(struct vdpa_device *vdpa, unsigned int asid);
int vhx_vnet_set_group_asid(struct vdpa_device *vdpa, unsigned int group, unsigned int asid);

/* config.c */
extern const u64 vhx_vnet_features;

int vhx_vnet_config_init(struct vhx_vnet *vn, const struct vdpa_dev_set_config *cfg);
void vhx_vnet_set_mac(struct vhx_vnet *vn, const u8 *mac);
int vhx_vnet_change_mac(struct vhx_vnet *vn, const u8 *mac);
int vhx_vnet_set_offloads(struct vhx_vnet *vn, u64 offloads);
void vhx_vnet_config_changed(struct vhx_vnet *vn);
void vhx_vnet_config_irq(struct vhx_vnet *vn);
size_t vhx_vnet_get_config_size(struct vdpa_device *vdpa);
void vhx_vnet_get_config(struct vdpa_device *vdpa, unsigned int offset, void *buf,
			 unsigned int len);
void vhx_vnet_set_config(struct vdpa_device *vdpa, unsigned int offset, const void *buf,
			 unsigned int len);
void vhx_vnet_set_config_cb(struct vdpa_device *vdpa, struct vdpa_callback *cb);
u32 vhx_vnet_get_generation(struct vdpa_device *vdpa);
u64 vhx_vnet_get_features(struct vdpa_device *vdpa);
u64 vhx_vnet_get_driver_features(struct vdpa_device *vdpa);
int vhx_vnet_set_driver_features(struct vdpa_device *vdpa, u64 features);
void vhx_vnet_forget_features(struct vhx_vnet *vn);

/* cvq.c */
void vhx_vnet_cvq_handle(struct vhx_vq *vq);

/* filter.c */
bool vhx_vnet_wants(const struct vhx_vnet *vn, const struct sk_buff *skb);
int vhx_vnet_filter_reset(struct vhx_vnet *vn);
void vhx_vnet_filter_free(struct vhx_vnet *vn);
int vhx_vnet_filter_mode(struct vhx_vnet *vn, u32 flag, bool on);
int vhx_vnet_filter_mac(struct vhx_vnet *vn, const u8 *mac);
int vhx_vnet_filter_vlan(struct vhx_vnet *vn, u16 vid, bool on);
int vhx_vnet_filter_table(struct vhx_vnet *vn, struct iov_iter *from);

/* spread.c */
int vhx_vnet_spread_set(struct vhx_vnet *vn, const struct vhx_rss *rss);
void vhx_vnet_spread_reset(struct vhx_vnet *vn);
u32 vhx_vnet_spread(const struct vhx_vnet *vn, struct sk_buff *skb);
u32 vhx_vnet_report(const struct vhx_vnet *vn, const struct sk_buff *skb, u32 *type);

/* steer.c */
void vhx_vnet_seats_init(struct vhx_vnet *vn);
int vhx_vnet_join(struct vhx_vnet *vn);
void vhx_vnet_leave(struct vhx_vnet *vn);
void vhx_vnet_live_changed(struct vhx_vnet *vn);
void vhx_vnet_curr_changed(struct vhx_vnet *vn);
void vhx_vnet_tell_broken(struct vhx_vnet *vn, const struct vhx_vq *vq);
u32 __vhx_vnet_steer(struct vhx_vnet *vn, struct sk_buff *skb, u32 pair);
bool __vhx_vnet_passes(struct vhx_vnet *vn, struct sk_buff *skb, u32 pair);
u32 __vhx_vnet_judge(struct vhx_vnet *vn, struct vhx_vq *vq, struct vhx_vnet_scratch *s, u32 n);

/* Without a policy on the host a packet pays one branch for each of these. */
static inline u32 vhx_vnet_steer(struct vhx_vnet *vn, struct sk_buff *skb, u32 pair)
{
	return static_branch_unlikely(&vhx_steer_key) ? __vhx_vnet_steer(vn, skb, pair) : pair;
}

static inline bool vhx_vnet_passes(struct vhx_vnet *vn, struct sk_buff *skb, u32 pair)
{
	return !static_branch_unlikely(&vhx_steer_key) || __vhx_vnet_passes(vn, skb, pair);
}

static inline u32 vhx_vnet_judge(struct vhx_vnet *vn, struct vhx_vq *vq,
				 struct vhx_vnet_scratch *s, u32 n)
{
	return n && static_branch_unlikely(&vhx_steer_key) ? __vhx_vnet_judge(vn, vq, s, n) : n;
}

/* rx.c, tx.c */
void vhx_vnet_rx_handle(struct vhx_vq *vq);
void vhx_vnet_rx_purge(struct vhx_vnet_queue *q);
bool vhx_vnet_rx_add(struct vhx_vnet_queue *q, struct sk_buff *skb);
void vhx_vnet_tx_handle(struct vhx_vq *vq);

/* netdev.c */
int vhx_vnet_peer_init(void);
void vhx_vnet_peer_exit(void);
struct net_device *vhx_vnet_peer_create(struct vhx_vnet *vn, const char *name);
void vhx_vnet_peer_carrier(struct vhx_vnet *vn, bool on);

/* stats.c */
extern const struct ethtool_ops vhx_vnet_ethtool_ops;

void vhx_vnet_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *s);
int vhx_vnet_get_vendor_stats(struct vdpa_device *vdpa, u16 idx, struct sk_buff *msg,
			      struct netlink_ext_ack *extack);

#endif /* _VHX_VNET_H */
