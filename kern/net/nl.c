// SPDX-License-Identifier: GPL-2.0-only
/*
 * NICs and queues by netlink, and the table of what the net class shows and does there. A NIC shows
 * in its netdev's network namespace. A dump goes on by position; what comes or goes meanwhile may
 * be missed or shown, as in any dump.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>

#include "core/nl.h"
#include "nic.h"
#include "nl.h"
#include "policy.h"

/* ---- NICs ---- */

static bool vhx_nl_nic_policy(struct sk_buff *skb, const struct vhx_net_nic *nic)
{
	const struct vhx_binding *b = vhx_binding_of(nic);

	if (!b)
		return true;
	if (nla_put_u32(skb, VHX_A_NIC_POLICY_ID, vhx_policy_id(b->policy)) ||
	    nla_put_string(skb, VHX_A_NIC_POLICY_NAME, b->policy->name))
		return false;
	return !vhx_policy_closes(b->policy) ||
	       !nla_put_flag(skb, VHX_A_NIC_CLOSED);
}

static bool vhx_nl_nic_fill(struct sk_buff *skb, const struct vhx_net_nic *nic)
{
	return !nla_put_u32(skb, VHX_A_NIC_ID, nic->bpf.id) &&
	       !nla_put_string(skb, VHX_A_NIC_NAME, nic->bpf.name) &&
	       !nla_put_u32(skb, VHX_A_NIC_IFINDEX, nic->bpf.ifindex) &&
	       !nla_put_string(skb, VHX_A_NIC_KIND,
			       vhx_port_kind_name(nic->kind)) &&
	       !nla_put_u32(skb, VHX_A_NIC_OWNER, pid_vnr(nic->owner)) &&
	       !nla_put_string(skb, VHX_A_NIC_COMM, nic->comm) &&
	       !nla_put_u32(skb, VHX_A_NIC_QUEUES, nic->refs) &&
	       !nla_put_u32(skb, VHX_A_NIC_LIVE, vhx_nic_nr_live(nic)) &&
	       !nla_put_u64_64bit(skb, VHX_A_NIC_FEATURES, nic->bpf.features,
				  VHX_A_NIC_PAD) &&
	       !nla_put_u64_64bit(skb, VHX_A_NIC_FEATURES_HIGH,
				  nic->bpf.features_high, VHX_A_NIC_PAD) &&
	       vhx_nl_nic_policy(skb, nic) &&
	       (nic->poll_us == VHX_NIC_POLL_VMM ||
		!nla_put_u32(skb, VHX_A_NIC_POLL_US, nic->poll_us)) &&
	       (!READ_ONCE(nic->mismatch) ||
		!nla_put_flag(skb, VHX_A_NIC_MISMATCH));
}

/* A NIC whose netdev was never found belongs to no namespace: the first one looks after it. */
bool vhx_nl_nic_visible(const struct sk_buff *skb,
			const struct vhx_net_nic *nic)
{
	return net_eq(nic->net ?: &init_net, sock_net(skb->sk));
}

static int vhx_nl_nic_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_net_nic *nic;
	long at = 0;
	void *head;

	mutex_lock(&vhx_net_mutex);
	list_for_each_entry(nic, &vhx_nics, node) {
		if (at++ < cb->args[0] || !vhx_nl_nic_visible(cb->skb, nic))
			continue;
		head = vhx_nl_put(skb, cb, VHX_CMD_NIC_GET);
		if (!head)
			break;
		if (!vhx_nl_nic_fill(skb, nic)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = at;
	}
	mutex_unlock(&vhx_net_mutex);
	return skb->len;
}

/* ---- queues ---- */

static u64 vhx_nl_stat(const struct vhx_seat *seat, u32 dir, u32 id)
{
	u64 n = READ_ONCE(seat->vq[dir]->stats[id]);

	if (dir == VHX_NET_TX)
		return n;
	switch (id) {
	case VHX_QSTAT_STEERED:
		return n + atomic64_read(&seat->tap.steered);
	case VHX_QSTAT_STEER_DROPPED:
		return n + atomic64_read(&seat->tap.dropped);
	case VHX_QSTAT_STEER_DEAD:
		return n + atomic64_read(&seat->tap.dead);
	case VHX_QSTAT_STEER_ILLEGAL:
		return n + atomic64_read(&seat->tap.illegal);
	case VHX_QSTAT_CLOSED:
		return n + atomic64_read(&seat->tap.closed);
	case VHX_QSTAT_STEER_MOVED:
		return n + (seat->mailbox ? atomic64_read(&seat->mailbox->moved) : 0);
	case VHX_QSTAT_MAILBOX_FULL:
		return n + (seat->mailbox ? atomic64_read(&seat->mailbox->full) : 0);
	default:
		return n;
	}
}

static bool vhx_nl_queue_stats(struct sk_buff *skb, const struct vhx_seat *seat,
			       u32 dir)
{
	struct nlattr *nest = nla_nest_start(skb, VHX_A_QUEUE_STATS);
	u32 id;

	if (!nest)
		return false;
	for (id = 0; id < VHX_QSTAT_NR; id++)
		if (nla_put_u64_64bit(skb, id + 1, vhx_nl_stat(seat, dir, id), 0))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

static bool vhx_nl_queue_fill(struct sk_buff *skb, const struct vhx_net_nic *nic,
			      const struct vhx_seat *seat, u32 dir)
{
	const struct vhx_vq *vq = seat->vq[dir];
	bool live = READ_ONCE(vq->backend);

	return !nla_put_u32(skb, VHX_A_QUEUE_NIC_ID, nic->bpf.id) &&
	       !nla_put_u32(skb, VHX_A_QUEUE_INDEX, seat->index) &&
	       !nla_put_u8(skb, VHX_A_QUEUE_DIR, dir) &&
	       (!live || !nla_put_flag(skb, VHX_A_QUEUE_LIVE)) &&
	       (!READ_ONCE(vq->broken) ||
		!nla_put_flag(skb, VHX_A_QUEUE_BROKEN)) &&
	       !nla_put_u32(skb, VHX_A_QUEUE_SIZE, READ_ONCE(vq->ring.num)) &&
	       !nla_put_u32(skb, VHX_A_QUEUE_AVAIL,
			    READ_ONCE(vq->ring.last_avail)) &&
	       !nla_put_u32(skb, VHX_A_QUEUE_USED,
			    READ_ONCE(vq->ring.last_used)) &&
	       !nla_put_u32(skb, VHX_A_QUEUE_WORKER,
			    vhx_nl_worker_pid(vq)) &&
	       !nla_put_u32(skb, VHX_A_QUEUE_POLL_US,
			    READ_ONCE(seat->busy[dir].window_ns) / NSEC_PER_USEC) &&
	       vhx_nl_queue_stats(skb, seat, dir);
}

static const struct nla_policy vhx_nl_queue_policy[VHX_A_QUEUE_MAX + 1] = {
	[VHX_A_QUEUE_NIC_ID] = { .type = NLA_U32 },
};

/* Both queues of a pair, from number cb->args[1] on. */
static bool vhx_nl_queue_pair(struct sk_buff *skb, struct netlink_callback *cb,
			      const struct vhx_net_nic *nic,
			      const struct vhx_seat *seat)
{
	u32 dir;
	void *head;

	for (dir = cb->args[1]; dir < VHX_NET_VQS; dir++) {
		head = vhx_nl_put(skb, cb, VHX_CMD_QUEUE_GET);
		if (!head)
			return false;
		if (!vhx_nl_queue_fill(skb, nic, seat, dir)) {
			genlmsg_cancel(skb, head);
			return false;
		}
		genlmsg_end(skb, head);
		cb->args[1] = dir + 1;
	}
	cb->args[1] = 0;
	return true;
}

static int vhx_nl_queue_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *tb[VHX_A_QUEUE_MAX + 1];
	struct vhx_net_nic *nic;
	struct vhx_seat *seat;
	long at = 0;
	u32 only = 0;
	int err;
	u32 i;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, VHX_A_QUEUE_MAX,
			  vhx_nl_queue_policy, cb->extack);
	if (err)
		return err;
	if (tb[VHX_A_QUEUE_NIC_ID])
		only = nla_get_u32(tb[VHX_A_QUEUE_NIC_ID]);

	mutex_lock(&vhx_net_mutex);
	list_for_each_entry(nic, &vhx_nics, node) {
		for (i = 0; i < nic->npairs; i++) {
			if (at++ < cb->args[0])
				continue;
			seat = rcu_dereference_protected(nic->seat[i],
							 lockdep_is_held(&vhx_net_mutex));
			if (seat && (!only || only == nic->bpf.id) &&
			    vhx_nl_nic_visible(cb->skb, nic) &&
			    !vhx_nl_queue_pair(skb, cb, nic, seat))
				goto out;
			cb->args[0] = at;
		}
	}
out:
	mutex_unlock(&vhx_net_mutex);
	return skb->len;
}

/* ---- what changes something ---- */

int vhx_nl_admin(const struct sk_buff *skb, struct genl_info *info)
{
	if (netlink_ns_capable(skb, genl_info_net(info)->user_ns,
			       CAP_NET_ADMIN))
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "needs CAP_NET_ADMIN over this network namespace");
	return -EPERM;
}

static const struct nla_policy vhx_nl_open_policy[VHX_A_NIC_MAX + 1] = {
	[VHX_A_NIC_ID] = { .type = NLA_U32 },
};

static int vhx_nl_open(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[VHX_A_NIC_MAX + 1];
	struct vhx_net_nic *nic;
	int err;

	err = vhx_nl_admin(skb, info);
	if (!err)
		err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb, VHX_A_NIC_MAX,
				  vhx_nl_open_policy, info->extack);
	if (err)
		return err;
	if (!tb[VHX_A_NIC_ID]) {
		NL_SET_ERR_MSG(info->extack, "no NIC id given");
		return -EINVAL;
	}

	mutex_lock(&vhx_net_mutex);
	nic = vhx_nic_find(nla_get_u32(tb[VHX_A_NIC_ID]));
	if (!nic || !vhx_nl_nic_visible(skb, nic)) {
		NL_SET_ERR_MSG(info->extack, "no such NIC here");
		err = -ENOENT;
	} else {
		err = vhx_policy_open_nic(nic);
		if (err)
			NL_SET_ERR_MSG(info->extack, "the NIC is not closed");
	}
	mutex_unlock(&vhx_net_mutex);
	return err;
}

/**
 * vhx_nl_queue_broken - tell that a queue's ring was illegal
 * @seat: queue pair
 *
 * Context: the queue's handler, which may sleep, but not for vhx_net_mutex: its holder may wait
 * for this handler.
 */
void vhx_nl_queue_broken(const struct vhx_seat *seat)
{
	struct vhx_net_nic *nic;
	struct sk_buff *skb;
	struct net *net = NULL;
	u32 id = 0;
	void *head;

	rcu_read_lock();
	nic = rcu_dereference(seat->nic);
	if (nic && nic->net) {
		net = maybe_get_net(nic->net);
		id = nic->bpf.id;
	}
	rcu_read_unlock();
	if (!net)
		return;

	skb = vhx_nl_event_new(VHX_EVENT_QUEUE_BROKEN, &head);
	if (skb && !nla_put_u32(skb, VHX_A_EVENT_NIC_ID, id) &&
	    !nla_put_u32(skb, VHX_A_EVENT_QUEUE, seat->index))
		vhx_nl_event_send(net, skb, head);
	else
		nlmsg_free(skb);
	put_net(net);
}
EXPORT_SYMBOL_GPL(vhx_nl_queue_broken);

static struct vhx_nl_object vhx_net_objects[] = {
	{ .cmd = VHX_CMD_NIC_GET,	.dump = vhx_nl_nic_dump },
	{ .cmd = VHX_CMD_QUEUE_GET,	.dump = vhx_nl_queue_dump },
	{ .cmd = VHX_CMD_POLICY_GET,	.dump = vhx_nl_policy_dump },
	{ .cmd = VHX_CMD_EXIT_GET,	.dump = vhx_nl_exit_dump },
	{ .cmd = VHX_CMD_POLICY_EJECT,	.doit = vhx_nl_eject },
	{ .cmd = VHX_CMD_NIC_OPEN,	.doit = vhx_nl_open },
	{ .cmd = VHX_CMD_NIC_SET,	.doit = vhx_nl_set },
};

void __init vhx_net_nl_init(void)
{
	vhx_nl_register(vhx_net_objects, ARRAY_SIZE(vhx_net_objects));
}

void vhx_net_nl_exit(void)
{
	vhx_nl_unregister(vhx_net_objects, ARRAY_SIZE(vhx_net_objects));
}
