// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device is a NIC as any other, and policies judge its packets (net/steer.h): those to the guest
 * where the peer chooses a queue, so that each waits in the right one; those from it before the peer
 * receives them.
 *
 * The NIC is there as long as the peer is in one network namespace.
 */
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "net/describe.h"
#include "net/nl.h"
#include "net/shim.h"
#include "vnet.h"

/**
 * vhx_vnet_seats_init - the queue pairs as a NIC sees them
 * @vn: device, its queues made
 */
void vhx_vnet_seats_init(struct vhx_vnet *vn)
{
	u32 i;

	for (i = 0; i < vn->pairs; i++) {
		vn->seat[i].vq[VHX_NET_RX] = vn->vqs[2 * i];
		vn->seat[i].vq[VHX_NET_TX] = vn->vqs[2 * i + 1];
	}
}

/**
 * vhx_vnet_join - the peer has come into a network namespace
 * @vn: device
 *
 * Without memory for it the device is not made. A peer that is moved has no NIC then, and goes as
 * without a policy: that cannot be refused any more.
 *
 * Context: process, sleeps; rtnl.
 * Return: 0 or -ENOMEM.
 */
int vhx_vnet_join(struct vhx_vnet *vn)
{
	struct vhx_port port = {
		.kind = VHX_PORT_VDPA,
		.dev = vn->netdev,
		.net = dev_net(vn->netdev),
		.ifindex = vn->netdev->ifindex,
	};
	int err;

	strscpy(port.name, vn->netdev->name, sizeof(port.name));
	err = vhx_nic_join(vn->seat, vn->pairs, &port);
	if (err)
		vhx_nic_leave(vn->seat, vn->pairs);
	return err;
}

/**
 * vhx_vnet_leave - the peer goes
 * @vn: device
 *
 * Context: process, sleeps; rtnl.
 */
void vhx_vnet_leave(struct vhx_vnet *vn)
{
	vhx_nic_leave(vn->seat, vn->pairs);
}

/* Which queue pairs take packets now? */
static void vhx_vnet_seats(struct vhx_vnet *vn)
{
	bool live;
	u32 i;

	spin_lock_bh(&vn->cb_lock);
	for (i = 0; i < vn->pairs; i++) {
		live = i < READ_ONCE(vn->curr) && READ_ONCE(vhx_vnet_rxq(vn, i)->live);
		WRITE_ONCE(vn->seat[i].live, live);
	}
	spin_unlock_bh(&vn->cb_lock);
}

/**
 * vhx_vnet_live_changed - queues were started or stopped, of a driver with other features perhaps
 * @vn: device
 *
 * Context: process, sleeps; vhx_dev.lock.
 */
void vhx_vnet_live_changed(struct vhx_vnet *vn)
{
	vhx_vnet_seats(vn);
	vhx_nic_changed(vn->seat);
}

/**
 * vhx_vnet_curr_changed - the guest uses another number of pairs
 * @vn: device
 *
 * Context: the control queue's handler.
 */
void vhx_vnet_curr_changed(struct vhx_vnet *vn)
{
	vhx_vnet_seats(vn);
	vhx_nic_changed_later(vn->seat);
}

/**
 * vhx_vnet_tell_broken - say that a ring was illegal
 * @vn: device
 * @vq: whose; the control queue is no part of the NIC
 *
 * Context: @vq's handler.
 */
void vhx_vnet_tell_broken(struct vhx_vnet *vn, const struct vhx_vq *vq)
{
	if (vq->index != vhx_vnet_cvq_index(vn))
		vhx_nl_queue_broken(&vn->seat[vq->index / 2]);
}

/**
 * __vhx_vnet_steer - have a packet for the guest judged
 * @vn: device
 * @skb: packet, at its Ethernet header; what was decided is marked in it, see net/shim.h
 * @pair: queue pair it goes to by itself
 *
 * Context: any but hard interrupts.
 * Return: the queue pair it goes to.
 */
u32 __vhx_vnet_steer(struct vhx_vnet *vn, struct sk_buff *skb, u32 pair)
{
	struct vhx_pkt_kern pk;
	struct vhx_effect e;
	struct vhx_steer s;

	rcu_read_lock();
	if (vhx_steer_begin(&vn->seat[pair], VHX_DIR_RX, &s)) {
		vhx_pkt_skb(&pk, skb, 0, pair);
		vhx_steer_one(&s, &pk, &e);
		if (e.what == VHX_EFFECT_QUEUE)
			pair = e.queue;
		vhx_shim_settle(s.nic, skb, &e, pair);
	}
	rcu_read_unlock();
	return pair;
}

/**
 * __vhx_vnet_passes - was a packet for the guest let pass?
 * @vn: device
 * @skb: packet, on its way to a queue
 * @pair: the queue's
 *
 * Where there is one queue only none was chosen, and some senders choose for themselves: then it is
 * judged here, and stays on its queue if it may pass.
 *
 * Context: the peer's queue's lock.
 */
bool __vhx_vnet_passes(struct vhx_vnet *vn, struct sk_buff *skb, u32 pair)
{
	if (!vhx_shim_mark_is(skb))
		__vhx_vnet_steer(vn, skb, pair);
	return vhx_shim_mark(skb) != VHX_MARK_DROP;
}

/* They do not all pass. Return: how many are left. */
static u32 vhx_vnet_filter_tx(struct vhx_vq *vq, struct vhx_vnet_scratch *s, u32 n)
{
	u32 i, left = 0;

	vhx_steer_count(vq, s->effect, n);
	for (i = 0; i < n; i++) {
		if (s->effect[i].what == VHX_EFFECT_DROP)
			kfree_skb(s->skb[i]);
		else
			s->skb[left++] = s->skb[i];
	}
	return left;
}

/**
 * __vhx_vnet_judge - have packets from the guest judged
 * @vn: device
 * @vq: queue they came from
 * @s: they: s->skb, each at its Ethernet header
 * @n: how many, at least 1
 *
 * Context: @vq's handler.
 * Return: how many are left in s->skb.
 */
u32 __vhx_vnet_judge(struct vhx_vnet *vn, struct vhx_vq *vq, struct vhx_vnet_scratch *s, u32 n)
{
	const u32 pair = vq->index / 2;
	struct vhx_batch_kern b = {
		.batch = { .n = n, .flags = VHX_PKT_TX, .queue = pair },
		.pk = s->pk,
		.skbs = true,
		.from = s->skb,
	};
	struct vhx_steer steer;

	rcu_read_lock();
	if (vhx_steer_begin(&vn->seat[pair], VHX_DIR_TX, &steer)) {
		if (vhx_steer_run(&steer, &b)) {
			vhx_vq_count(vq, VHX_QSTAT_STEERED, n);
		} else {
			vhx_steer_effects(&steer, &b, s->effect);
			n = vhx_vnet_filter_tx(vq, s, n);
		}
	}
	rcu_read_unlock();
	return n;
}
