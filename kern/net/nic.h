/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A NIC: the queue pairs of one owner on one netdev; the unit of steering. It comes with the
 * first SET_BACKEND and lives until the last fd that had its backend closes: a guest that stops,
 * reboots or reloads its driver keeps it, and its policy. That of a vDPA device lives as long as its
 * netdev is in one network namespace.
 */
#ifndef _VHX_NET_NIC_H
#define _VHX_NET_NIC_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/vhx.h>
#include <linux/vhx_bpf.h>

#include "pair.h"
#include "port.h"
#include "seat.h"

struct vhx_binding;

#define VHX_NIC_PAIRS	256	/* as many queues as a tap has */
#define VHX_NIC_FLOWS	1024	/* a power of two */

/**
 * struct vhx_net_nic - a NIC
 * @bpf: what policies see; first
 * @node: in vhx_nics, under vhx_net_mutex
 * @hash: by @dev, read under RCU
 * @dev: the netdev; NULL when it went. The notifier clears it before the netdev goes, then a
 *	grace period passes, so that it may be followed under RCU or vhx_net_mutex
 * @net: its namespace when the NIC was made, counted; NULL without a netdev
 * @mm: the owner, for comparing
 * @owner: its pid, counted
 * @comm: its command name
 * @kind: of its ports
 * @npairs: entries of @seat in use, those of closed fds included
 * @refs: queue pairs: fds that have or had a backend of it, those of a vDPA device
 * @seat: queue pairs by index; written under vhx_net_mutex, read under RCU
 * @binding: the policy; written under vhx_net_mutex, read under RCU
 * @dev_queues: @dev's queues when bpf.queues was counted; who sees another number counts anew
 * @told_queues: what the policy was told of last; vhx_net_mutex
 * @bound_id: the policy VHX_NET_BIND bound, 0 for none; vhx_net_mutex
 * @bound_by_admin: by who has CAP_NET_ADMIN, so that who has it not cannot undo it
 * @opened_id: the missing policy without which an administrator lets traffic pass; vhx_net_mutex
 * @mismatch: packets came from another netdev than @dev
 * @poll_us: budget of polling, microseconds, or VHX_NIC_POLL_VMM; written under vhx_net_mutex
 * @at_tap: the shim runs the policy at the tap
 * @learns: and so @flow is kept, for which vhx_steer_key is raised; vhx_net_mutex
 * @flow: rx queue a flow's packets came from last, plus one: the built-in choice at the tap. By
 *	flow hash; written and read without lock, since any value will do
 */
struct vhx_net_nic {
	struct vhx_nic bpf;
	struct list_head node;
	struct hlist_node hash;
	struct net_device __rcu *dev;
	struct net *net;
	const struct mm_struct *mm;
	struct pid *owner;
	char comm[16];
	enum vhx_port_kind kind;
	u32 npairs;
	u32 refs;
	struct vhx_seat __rcu *seat[VHX_NIC_PAIRS];
	struct vhx_binding __rcu *binding;
	u32 dev_queues;
	u32 told_queues;
	u32 bound_id;
	u32 opened_id;
	u32 poll_us;
	bool bound_by_admin;
	bool mismatch;
	bool at_tap;
	bool learns;
	struct rcu_head rcu;
	u16 flow[VHX_NIC_FLOWS];
};

extern struct mutex vhx_net_mutex;	/* NICs, policies and bindings; see dev.h for its place */
extern struct list_head vhx_nics;

int vhx_nic_join(struct vhx_seat *seat, u32 n, const struct vhx_port *port);
void vhx_nic_leave(struct vhx_seat *seat, u32 n);
void vhx_nic_changed(struct vhx_seat *seat);
void vhx_nic_changed_later(const struct vhx_seat *seat);
u32 vhx_nic_nr_live(const struct vhx_net_nic *nic);
void vhx_nic_count(struct vhx_net_nic *nic);
void vhx_nic_recounted(void);
struct vhx_net_nic *vhx_nic_find(u32 id);
struct vhx_net_nic *vhx_nic_of_dev(const struct net_device *dev);
struct vhx_net_nic *vhx_nic_of_fd(int fd);
void vhx_nic_asked_at_tap(struct vhx_net_nic *nic);
void vhx_nic_event(u32 kind, const struct vhx_net_nic *nic, const char *reason);
int vhx_nic_make_mailboxes(struct vhx_net_nic *nic);
void vhx_nic_unhash(struct vhx_net_nic *nic);
void vhx_nic_exit(void);

/* netdev.c */
void vhx_nic_confirm(struct vhx_pair *p, const struct net_device *dev);
int vhx_nic_watch_init(void);
void vhx_nic_watch_exit(void);

/* Queues the netdev has now; a packet socket's say nothing of the guest's. Context: RCU. */
static inline u32 vhx_nic_dev_queues(const struct vhx_net_nic *nic)
{
	const struct net_device *dev = rcu_dereference(nic->dev);

	return dev ? READ_ONCE(dev->real_num_tx_queues) : 0;
}

/*
 * A VMM attaches and detaches queues of a tap at any time, and nobody says so: look before the
 * number is used. Context: RCU. Return: true if it was another.
 */
static inline bool vhx_nic_look(struct vhx_net_nic *nic)
{
	if (likely(vhx_nic_dev_queues(nic) == READ_ONCE(nic->dev_queues)))
		return false;
	vhx_nic_count(nic);
	return true;
}

/* The queue pair @q if it is live. Context: RCU. */
static inline struct vhx_seat *vhx_nic_live(const struct vhx_net_nic *nic, u32 q)
{
	const struct net_device *dev;
	struct vhx_seat *seat;

	if (q >= VHX_NIC_PAIRS)
		return NULL;
	seat = rcu_dereference(nic->seat[array_index_nospec(q, VHX_NIC_PAIRS)]);
	if (!seat || !READ_ONCE(seat->live) || READ_ONCE(seat->vq[VHX_NET_RX]->broken))
		return NULL;
	if (nic->kind == VHX_PORT_PACKET)
		return seat;
	dev = rcu_dereference(nic->dev);
	return dev && q < READ_ONCE(dev->real_num_tx_queues) ? seat : NULL;
}

#endif /* _VHX_NET_NIC_H */
