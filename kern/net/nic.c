// SPDX-License-Identifier: GPL-2.0-only
/*
 * NICs, see nic.h: how queue pairs find together.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "core/nl.h"
#include "nic.h"
#include "policy.h"
#include "trace.h"

DEFINE_MUTEX(vhx_net_mutex);
LIST_HEAD(vhx_nics);
static DEFINE_HASHTABLE(vhx_nic_hash, 8);
static u32 vhx_nic_last_id;

/**
 * vhx_nic_event - tell the listeners of a NIC's namespace
 * @kind: enum vhx_event_kind
 * @nic: the NIC
 * @reason: for a person; may be NULL
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_nic_event(u32 kind, const struct vhx_net_nic *nic, const char *reason)
{
	struct sk_buff *skb;
	void *head;

	if (!nic->net)
		return;
	skb = vhx_nl_event_new(kind, &head);
	if (!skb)
		return;
	if (nla_put_u32(skb, VHX_A_EVENT_NIC_ID, nic->bpf.id) ||
	    nla_put_string(skb, VHX_A_EVENT_NIC_NAME, nic->bpf.name) ||
	    (reason && nla_put_string(skb, VHX_A_EVENT_REASON, reason))) {
		nlmsg_free(skb);
		return;
	}
	vhx_nl_event_send(nic->net, skb, head);
}

/**
 * vhx_nic_find - the NIC with an id
 * @id: id
 *
 * Context: vhx_net_mutex.
 * Return: the NIC or NULL.
 */
struct vhx_net_nic *vhx_nic_find(u32 id)
{
	struct vhx_net_nic *nic;

	lockdep_assert_held(&vhx_net_mutex);
	list_for_each_entry(nic, &vhx_nics, node)
		if (nic->bpf.id == id)
			return nic;
	return NULL;
}

/**
 * vhx_nic_of_dev - the NIC of a netdev
 * @dev: netdev
 *
 * Two owners may each have a NIC on one multiqueue tap; the older is found.
 *
 * Context: RCU.
 * Return: the NIC or NULL.
 */
struct vhx_net_nic *vhx_nic_of_dev(const struct net_device *dev)
{
	struct vhx_net_nic *nic, *found = NULL;

	hash_for_each_possible_rcu(vhx_nic_hash, nic, hash, (unsigned long)dev)
		if (rcu_access_pointer(nic->dev) == dev)
			found = nic;
	return found;
}

/* Context: vhx_net_mutex. */
static struct vhx_net_nic *vhx_nic_locked(const struct vhx_seat *seat)
{
	return rcu_dereference_protected(seat->nic,
					 lockdep_is_held(&vhx_net_mutex));
}

static struct vhx_net_nic *vhx_nic_new(const struct vhx_dev *owner, const struct vhx_port *port)
{
	struct vhx_net_nic *nic;

	nic = kzalloc(sizeof(*nic), GFP_KERNEL_ACCOUNT);
	if (!nic)
		return ERR_PTR(-ENOMEM);

	nic->bpf.id = ++vhx_nic_last_id;
	nic->bpf.ifindex = port->ifindex;
	strscpy(nic->bpf.name, port->name, sizeof(nic->bpf.name));
	nic->kind = port->kind;
	nic->poll_us = VHX_NIC_POLL_VMM;
	nic->mm = owner->mm;
	nic->owner = get_pid(owner->owner);
	memcpy(nic->comm, owner->comm, sizeof(nic->comm));
	if (port->net) {
		/* The netdev may have gone since it was looked at: ask again by index. */
		struct net_device *dev;

		nic->net = get_net(port->net);
		rcu_read_lock();
		dev = dev_get_by_index_rcu(port->net, port->ifindex);
		if (dev == port->dev && dev->reg_state == NETREG_REGISTERED) {
			rcu_assign_pointer(nic->dev, dev);
			hash_add_rcu(vhx_nic_hash, &nic->hash,
				     (unsigned long)dev);
		}
		rcu_read_unlock();
	}
	list_add_tail(&nic->node, &vhx_nics);
	trace_vhx_nic(nic, true);
	return nic;
}

/**
 * vhx_nic_unhash - a NIC has no netdev any more
 * @nic: the NIC; without one already is fine
 *
 * Context: vhx_net_mutex.
 */
void vhx_nic_unhash(struct vhx_net_nic *nic)
{
	if (!rcu_access_pointer(nic->dev))
		return;
	hash_del_rcu(&nic->hash);
	RCU_INIT_POINTER(nic->dev, NULL);
}

/* The work of the first packet that a shim asked about: static keys are not for its context. */
static void vhx_nic_learn(struct work_struct *work)
{
	struct vhx_net_nic *nic;

	mutex_lock(&vhx_net_mutex);
	list_for_each_entry(nic, &vhx_nics, node) {
		if (!READ_ONCE(nic->at_tap) || nic->learns)
			continue;
		nic->learns = true;
		vhx_steer_key_get();
	}
	mutex_unlock(&vhx_net_mutex);
}

static DECLARE_WORK(vhx_nic_learn_work, vhx_nic_learn);

/**
 * vhx_nic_asked_at_tap - a shim asked where a NIC's packet shall go
 * @nic: the NIC
 *
 * From now on its queues note which flows its guest sends, policy or not, since tun lets a
 * steering program answer even when that has no opinion.
 *
 * Context: any; RCU.
 */
void vhx_nic_asked_at_tap(struct vhx_net_nic *nic)
{
	if (likely(READ_ONCE(nic->at_tap)))
		return;
	WRITE_ONCE(nic->at_tap, true);
	schedule_work(&vhx_nic_learn_work);
}

static void vhx_nic_free(struct vhx_net_nic *nic)
{
	if (nic->learns)
		vhx_steer_key_put();
	trace_vhx_nic(nic, false);
	vhx_nic_event(VHX_EVENT_NIC_GONE, nic, NULL);
	vhx_nic_unhash(nic);
	list_del(&nic->node);
	vhx_policy_nic_gone(nic);
	put_pid(nic->owner);
	if (nic->net)
		put_net(nic->net);
	kfree_rcu(nic, rcu);
}

/* A packet socket is a NIC of its own: two of them on one netdev are two guests' or a copy. */
static struct vhx_net_nic *vhx_nic_match(const struct vhx_dev *owner,
					 const struct vhx_port *port)
{
	struct vhx_net_nic *nic;

	if (!port->net || port->kind == VHX_PORT_PACKET)
		return NULL;
	list_for_each_entry(nic, &vhx_nics, node)
		if (nic->kind == port->kind && nic->mm == owner->mm &&
		    rcu_access_pointer(nic->dev) == port->dev)
			return nic;
	return NULL;
}

static bool vhx_nic_same(const struct vhx_net_nic *nic, const struct vhx_port *port)
{
	return nic->kind == port->kind && nic->bpf.ifindex == port->ifindex &&
	       nic->net == port->net;
}

static int vhx_nic_slot(const struct vhx_net_nic *nic)
{
	u32 i;

	for (i = 0; i < VHX_NIC_PAIRS; i++)
		if (!rcu_access_pointer(nic->seat[i]))
			return i;
	return -ENOSPC;
}

/**
 * vhx_nic_make_mailboxes - prepare a NIC's queues for what others hand them
 * @nic: the NIC
 *
 * Context: process, sleeps; vhx_net_mutex.
 * Return: 0 or -ENOMEM.
 */
int vhx_nic_make_mailboxes(struct vhx_net_nic *nic)
{
	struct vhx_seat *seat;
	int err = 0;
	u32 i;

	for (i = 0; !err && i < nic->npairs; i++) {
		seat = rcu_dereference_protected(nic->seat[i],
						 lockdep_is_held(&vhx_net_mutex));
		if (seat && seat->mailbox)
			err = vhx_mailbox_make(seat->mailbox);
	}
	return err;
}

/* Give @seat a place in @nic. Context: vhx_net_mutex. Return: 0, -ENOSPC or -ENOMEM. */
static int vhx_nic_seat(struct vhx_net_nic *nic, struct vhx_seat *seat)
{
	int slot = vhx_nic_slot(nic);
	int err;

	if (slot < 0)
		return slot;
	if (rcu_access_pointer(nic->binding) && seat->mailbox) {
		err = vhx_mailbox_make(seat->mailbox);
		if (err)
			return err;
	}
	seat->index = slot;
	WRITE_ONCE(seat->poll_us, nic->poll_us);
	nic->npairs = max_t(u32, nic->npairs, slot + 1);
	nic->bpf.max_queues = nic->npairs;
	nic->refs++;
	rcu_assign_pointer(nic->seat[slot], seat);
	rcu_assign_pointer(seat->nic, nic);
	return 0;
}

/**
 * vhx_nic_join - make queue pairs part of their NIC
 * @seat: queue pairs of one device, all of one NIC or of none
 * @n: how many
 * @port: where the NIC is
 *
 * Context: process, sleeps; perhaps rtnl; no queue's lock, and nobody else has the device's queue
 * pairs join or leave.
 * Return: 0; -ENOMEM; -ENOSPC more queue pairs than a netdev has queues. Then some may have joined.
 */
int vhx_nic_join(struct vhx_seat *seat, u32 n, const struct vhx_port *port)
{
	const struct vhx_dev *owner = seat->vq[VHX_NET_RX]->dev;
	struct vhx_net_nic *nic;
	bool fresh = false;
	int err = 0;
	u32 i;

	mutex_lock(&vhx_net_mutex);
	nic = vhx_nic_locked(seat);
	if (nic && vhx_nic_same(nic, port))
		goto out;
	if (nic) {
		mutex_unlock(&vhx_net_mutex);
		vhx_nic_leave(seat, n);
		mutex_lock(&vhx_net_mutex);
	}

	nic = vhx_nic_match(owner, port);
	if (!nic) {
		nic = vhx_nic_new(owner, port);
		fresh = true;
	}
	if (IS_ERR(nic)) {
		err = PTR_ERR(nic);
		goto out;
	}
	for (i = 0; !err && i < n; i++)
		err = vhx_nic_seat(nic, &seat[i]);
	if (fresh) {
		vhx_nic_event(VHX_EVENT_NIC_NEW, nic, NULL);
		vhx_policy_match(nic);
	}
out:
	mutex_unlock(&vhx_net_mutex);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_nic_join);

/**
 * vhx_nic_leave - take queue pairs out of their NIC
 * @seat: queue pairs of one device, stopped; without a NIC is fine
 * @n: how many
 *
 * Nobody reaches them through the NIC when this returns.
 *
 * Context: process, sleeps; perhaps rtnl; no queue's lock.
 */
void vhx_nic_leave(struct vhx_seat *seat, u32 n)
{
	struct vhx_net_nic *nic;
	bool left = false;
	u32 i;

	mutex_lock(&vhx_net_mutex);
	for (i = 0; i < n; i++) {
		nic = vhx_nic_locked(&seat[i]);
		if (!nic)
			continue;
		RCU_INIT_POINTER(nic->seat[seat[i].index], NULL);
		RCU_INIT_POINTER(seat[i].nic, NULL);
		if (!--nic->refs)
			vhx_nic_free(nic);
		left = true;
	}
	mutex_unlock(&vhx_net_mutex);
	if (left)
		synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vhx_nic_leave);

/**
 * vhx_nic_nr_live - live queue pairs of a NIC, counted
 * @nic: the NIC
 *
 * Context: any; RCU or vhx_net_mutex.
 * Return: how many, now.
 */
u32 vhx_nic_nr_live(const struct vhx_net_nic *nic)
{
	u32 i, live = 0;

	rcu_read_lock();
	for (i = 0; i < nic->npairs; i++)
		live += !!vhx_nic_live(nic, i);
	rcu_read_unlock();
	return live;
}

/**
 * vhx_nic_count - let policies see how many queue pairs are live
 * @nic: the NIC
 *
 * Context: any; RCU or vhx_net_mutex.
 */
void vhx_nic_count(struct vhx_net_nic *nic)
{
	rcu_read_lock();
	WRITE_ONCE(nic->dev_queues, vhx_nic_dev_queues(nic));
	rcu_read_unlock();
	WRITE_ONCE(nic->bpf.queues, vhx_nic_nr_live(nic));
}

/* Tell the NIC's policy what it has not been told yet; of @vq's features, or of none. */
static void vhx_nic_tell(struct vhx_net_nic *nic, const struct vhx_vq *vq)
{
	struct vhx_nic_config cfg = {
		.queues = READ_ONCE(nic->bpf.queues),
		.features = vq ? vq->features[0] : nic->bpf.features,
		.features_high = vq ? vq->features[1] : nic->bpf.features_high,
	};

	if (cfg.queues != nic->told_queues)
		cfg.what |= VHX_CONFIG_QUEUES;
	if (cfg.features != nic->bpf.features ||
	    cfg.features_high != nic->bpf.features_high)
		cfg.what |= VHX_CONFIG_FEATURES;
	nic->told_queues = cfg.queues;
	nic->bpf.features = cfg.features;
	nic->bpf.features_high = cfg.features_high;
	if (cfg.what)
		vhx_policy_nic_config(nic, &cfg);
}

/**
 * vhx_nic_changed - a queue pair was started or stopped, or its features changed
 * @seat: queue pair
 *
 * Context: process, sleeps; its vhx_dev.lock, no queue's lock.
 */
void vhx_nic_changed(struct vhx_seat *seat)
{
	struct vhx_net_nic *nic;

	mutex_lock(&vhx_net_mutex);
	nic = vhx_nic_locked(seat);
	if (nic) {
		vhx_nic_count(nic);
		vhx_nic_tell(nic, seat->index ? NULL : seat->vq[VHX_NET_RX]);
	}
	mutex_unlock(&vhx_net_mutex);
}
EXPORT_SYMBOL_GPL(vhx_nic_changed);

/**
 * vhx_nic_changed_later - the same for who must not wait: other queue pairs are live now
 * @seat: queue pair
 *
 * Policies see the number at once, and are told of it soon.
 *
 * Context: any.
 */
void vhx_nic_changed_later(const struct vhx_seat *seat)
{
	struct vhx_net_nic *nic;

	rcu_read_lock();
	nic = rcu_dereference(seat->nic);
	if (nic) {
		vhx_nic_count(nic);
		vhx_policy_check_later();
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vhx_nic_changed_later);

/**
 * vhx_nic_recounted - tell policies of NICs whose netdev changed its number of queues
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_nic_recounted(void)
{
	struct vhx_net_nic *nic;

	list_for_each_entry(nic, &vhx_nics, node)
		vhx_nic_tell(nic, NULL);
}

/**
 * vhx_nic_exit - the module goes
 */
void vhx_nic_exit(void)
{
	cancel_work_sync(&vhx_nic_learn_work);
}
