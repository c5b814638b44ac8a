// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family, see nl.h and <linux/vhx.h>; and the one object that is the core's
 * own, workers.
 *
 * Visibility: an object shows in the network namespace it belongs to; a worker belongs to none
 * and shows to a reader in whose pid namespace it has a pid.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rwsem.h>
#include <linux/timekeeping.h>
#include <linux/vhx.h>

#include "dev.h"
#include "nl.h"
#include "vq.h"
#include "worker.h"

static LIST_HEAD(vhx_nl_objects);
/* vhx_nl_objects; held for reading over a class's callbacks, which so outlive its module. */
static DECLARE_RWSEM(vhx_nl_sem);

static struct vhx_nl_object *vhx_nl_find(u8 cmd)
{
	struct vhx_nl_object *obj;

	list_for_each_entry(obj, &vhx_nl_objects, node)
		if (obj->cmd == cmd)
			return obj;
	return NULL;
}

static int vhx_nl_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genlmsghdr *head = nlmsg_data(cb->nlh);
	struct vhx_nl_object *obj;
	int err = -EOPNOTSUPP;

	down_read(&vhx_nl_sem);
	obj = vhx_nl_find(head->cmd);
	if (obj && obj->dump)
		err = obj->dump(skb, cb);
	up_read(&vhx_nl_sem);
	return err;
}

static int vhx_nl_do(struct sk_buff *skb, struct genl_info *info)
{
	struct vhx_nl_object *obj;
	int err = -EOPNOTSUPP;

	down_read(&vhx_nl_sem);
	obj = vhx_nl_find(info->genlhdr->cmd);
	if (obj && obj->doit)
		err = obj->doit(skb, info);
	up_read(&vhx_nl_sem);
	return err;
}

/* Each object parses its own attributes, so the family has no policy. */
#define VHX_NL_DUMP(c)	{ .cmd = (c), .dumpit = vhx_nl_dump }
#define VHX_NL_DO(c)	{ .cmd = (c), .doit = vhx_nl_do }

static const struct genl_ops vhx_nl_ops[] = {
	VHX_NL_DUMP(VHX_CMD_NIC_GET),
	VHX_NL_DUMP(VHX_CMD_QUEUE_GET),
	VHX_NL_DUMP(VHX_CMD_POLICY_GET),
	VHX_NL_DUMP(VHX_CMD_WORKER_GET),
	VHX_NL_DUMP(VHX_CMD_EXIT_GET),
	VHX_NL_DUMP(VHX_CMD_ENDPOINT_GET),
	VHX_NL_DUMP(VHX_CMD_AGENT_GET),
	VHX_NL_DUMP(VHX_CMD_AGENT_QUEUE_GET),
	VHX_NL_DUMP(VHX_CMD_SCSI_GET),
	VHX_NL_DUMP(VHX_CMD_SCSI_QUEUE_GET),
	VHX_NL_DUMP(VHX_CMD_VSOCK_GET),
	VHX_NL_DUMP(VHX_CMD_VSOCK_CONN_GET),
	VHX_NL_DUMP(VHX_CMD_VSOCK_ROUTE_GET),
	VHX_NL_DUMP(VHX_CMD_VSOCK_LIMIT_GET),
	VHX_NL_DUMP(VHX_CMD_VDPA_GET),
	VHX_NL_DUMP(VHX_CMD_VDPA_QUEUE_GET),
	VHX_NL_DO(VHX_CMD_VSOCK_ROUTE_ADD),
	VHX_NL_DO(VHX_CMD_VSOCK_ROUTE_DEL),
	VHX_NL_DO(VHX_CMD_VSOCK_LIMIT_SET),
	VHX_NL_DO(VHX_CMD_VSOCK_LIMIT_DEL),
	VHX_NL_DO(VHX_CMD_POLICY_EJECT),
	VHX_NL_DO(VHX_CMD_NIC_OPEN),
	VHX_NL_DO(VHX_CMD_NIC_SET),
};

static const struct genl_multicast_group vhx_nl_groups[] = {
	{ .name = VHX_GENL_MCGRP_EVENTS },
};

static struct genl_family vhx_nl_family __ro_after_init = {
	.name		= VHX_GENL_NAME,
	.version	= VHX_GENL_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= vhx_nl_ops,
	.n_ops		= ARRAY_SIZE(vhx_nl_ops),
	/* From this one on genl refuses any attribute of a command without a policy. */
	.resv_start_op	= __VHX_CMD_MAX,
	.mcgrps		= vhx_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(vhx_nl_groups),
};

/**
 * vhx_nl_register - a class has kinds of object
 * @obj: the objects; they stay until vhx_nl_unregister()
 * @n: how many
 *
 * Context: process, sleeps.
 */
void vhx_nl_register(struct vhx_nl_object *obj, u32 n)
{
	down_write(&vhx_nl_sem);
	while (n--)
		list_add_tail(&obj++->node, &vhx_nl_objects);
	up_write(&vhx_nl_sem);
}
EXPORT_SYMBOL_GPL(vhx_nl_register);

/**
 * vhx_nl_unregister - a class has them no more
 * @obj: the objects; no callback of them runs when this returns
 * @n: how many
 *
 * Context: process, sleeps.
 */
void vhx_nl_unregister(struct vhx_nl_object *obj, u32 n)
{
	down_write(&vhx_nl_sem);
	while (n--)
		list_del(&obj++->node);
	up_write(&vhx_nl_sem);
}
EXPORT_SYMBOL_GPL(vhx_nl_unregister);

/**
 * vhx_nl_put - begin the message of one object in a dump
 * @skb: the dump
 * @cb: its callback
 * @cmd: enum vhx_cmd
 *
 * Return: the message's head, for genlmsg_end() or genlmsg_cancel(); NULL when @skb is full.
 */
void *vhx_nl_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &vhx_nl_family, NLM_F_MULTI, cmd);
}
EXPORT_SYMBOL_GPL(vhx_nl_put);

/**
 * vhx_nl_event_new - begin an event
 * @kind: enum vhx_event_kind
 * @head: where to put the message's head
 *
 * Context: process, sleeps.
 * Return: message to add attributes to; NULL without memory: the event is lost, as any message
 * of a multicast group may be.
 */
struct sk_buff *vhx_nl_event_new(u32 kind, void **head)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put(skb, 0, 0, &vhx_nl_family, 0, VHX_CMD_EVENT);
	if (*head && !nla_put_u32(skb, VHX_A_EVENT_KIND, kind) &&
	    !nla_put_u64_64bit(skb, VHX_A_EVENT_TIME_NS, ktime_get_boottime_ns(),
			       VHX_A_EVENT_PAD))
		return skb;
	nlmsg_free(skb);
	return NULL;
}
EXPORT_SYMBOL_GPL(vhx_nl_event_new);

/**
 * vhx_nl_event_send - send an event to the listeners in a network namespace
 * @net: the namespace
 * @skb: from vhx_nl_event_new(); consumed
 * @head: from there too
 */
void vhx_nl_event_send(struct net *net, struct sk_buff *skb, void *head)
{
	genlmsg_end(skb, head);
	genlmsg_multicast_netns(&vhx_nl_family, net, skb, 0, 0, GFP_KERNEL);
}
EXPORT_SYMBOL_GPL(vhx_nl_event_send);

/**
 * vhx_nl_worker_pid - who runs a queue
 * @vq: virtqueue; its worker may change meanwhile
 *
 * Return: the worker's pid in the reader's pid namespace; 0 without one: RESET_OWNER has taken the
 * device's workers.
 */
u32 vhx_nl_worker_pid(const struct vhx_vq *vq)
{
	struct vhx_worker *w;
	u32 pid = 0;

	rcu_read_lock();
	w = rcu_dereference(vq->worker);
	if (w)
		pid = pid_vnr(w->pid);
	rcu_read_unlock();
	return pid;
}
EXPORT_SYMBOL_GPL(vhx_nl_worker_pid);

struct vhx_worker_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	long at;
};

static int vhx_worker_fill(struct sk_buff *skb, const struct vhx_worker *w)
{
	if (nla_put_u32(skb, VHX_A_WORKER_PID, pid_vnr(w->pid)) ||
	    nla_put_u32(skb, VHX_A_WORKER_OWNER, pid_vnr(w->dev->owner)) ||
	    nla_put_u32(skb, VHX_A_WORKER_ID, w->id) ||
	    (w->kthread && nla_put_flag(skb, VHX_A_WORKER_KTHREAD)) ||
	    nla_put_u32(skb, VHX_A_WORKER_QUEUES, READ_ONCE(w->queues)) ||
	    nla_put_u64_64bit(skb, VHX_A_WORKER_RUNS, READ_ONCE(w->runs),
			      VHX_A_WORKER_PAD) ||
	    nla_put_u64_64bit(skb, VHX_A_WORKER_ITEMS, READ_ONCE(w->items),
			      VHX_A_WORKER_PAD))
		return -EMSGSIZE;
	return 0;
}

static int vhx_worker_dump_one(struct vhx_worker_dump *d,
			       const struct vhx_worker *w)
{
	void *head;

	/* One of a device that belongs to nobody shows by itself. */
	if (d->at++ < d->cb->args[0] || !pid_vnr(w->dev->owner ?: w->pid))
		return 0;
	head = vhx_nl_put(d->skb, d->cb, VHX_CMD_WORKER_GET);
	if (!head)
		return -EMSGSIZE;
	if (vhx_worker_fill(d->skb, w)) {
		genlmsg_cancel(d->skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(d->skb, head);
	d->cb->args[0] = d->at;
	return 0;
}

static int vhx_worker_dump_dev(struct vhx_dev *dev, void *arg)
{
	struct vhx_worker *w;
	unsigned long id;
	int err;

	xa_for_each(&dev->workers, id, w) {
		err = vhx_worker_dump_one(arg, w);
		if (err)
			return err;
	}
	return 0;
}

static int vhx_worker_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_worker_dump d = { .skb = skb, .cb = cb };

	vhx_dev_for_each(vhx_worker_dump_dev, &d);
	return skb->len;
}

static struct vhx_nl_object vhx_worker_object = {
	.cmd	= VHX_CMD_WORKER_GET,
	.dump	= vhx_worker_dump,
};

int __init vhx_nl_init(void)
{
	int err = genl_register_family(&vhx_nl_family);

	if (!err)
		vhx_nl_register(&vhx_worker_object, 1);
	return err;
}

void vhx_nl_exit(void)
{
	vhx_nl_unregister(&vhx_worker_object, 1);
	genl_unregister_family(&vhx_nl_family);
}
