// SPDX-License-Identifier: GPL-2.0-only
/*
 * SCSI hosts and their queues by netlink, see core/nl.h and <linux/vhx.h>. A host shows from its
 * first SET_ENDPOINT to the close of its fd, to a reader in whose pid namespace its owner has a pid.
 * What a dump shows was copied when it changed, or is read without a lock: a device's lock may be
 * held for as long as an agent is away.
 */
#include <linux/pid.h>
#include <linux/string.h>

#include "core/nl.h"
#include "host.h"

static LIST_HEAD(vhx_scsi_shows);
static DEFINE_MUTEX(vhx_scsi_shows_lock);	/* innermost of those that sleep */
static u32 vhx_scsi_last_id;

/**
 * vhx_scsi_nl_bound - show that a host was bound
 * @h: host
 * @name: to which endpoint
 *
 * Context: process, sleeps; the device's lock.
 */
void vhx_scsi_nl_bound(struct vhx_scsi_host *h, const char *name)
{
	struct vhx_scsi_show *show = &h->show;

	mutex_lock(&vhx_scsi_shows_lock);
	if (!show->id) {
		show->id = ++vhx_scsi_last_id;
		list_add_tail(&show->node, &vhx_scsi_shows);
	}
	/* RESET_OWNER may have made it another's. */
	put_pid(show->owner);
	show->owner = get_pid(h->dev.owner);
	memcpy(show->comm, h->dev.comm, sizeof(show->comm));
	strscpy(show->name, name, sizeof(show->name));
	show->live = true;
	mutex_unlock(&vhx_scsi_shows_lock);
}

/**
 * vhx_scsi_nl_unbound - show that it is not any more
 * @h: host
 *
 * Context: process, sleeps; the device's lock, or the last reference.
 */
void vhx_scsi_nl_unbound(struct vhx_scsi_host *h)
{
	mutex_lock(&vhx_scsi_shows_lock);
	h->show.live = false;
	mutex_unlock(&vhx_scsi_shows_lock);
}

/**
 * vhx_scsi_nl_forget - show a host no more
 * @h: host
 *
 * Context: process, sleeps; the last reference.
 */
void vhx_scsi_nl_forget(struct vhx_scsi_host *h)
{
	mutex_lock(&vhx_scsi_shows_lock);
	list_del_init(&h->show.node);
	mutex_unlock(&vhx_scsi_shows_lock);
	put_pid(h->show.owner);
	h->show.owner = NULL;
}

static struct vhx_scsi_host *vhx_scsi_shown(struct vhx_scsi_show *show)
{
	return container_of(show, struct vhx_scsi_host, show);
}

/* ---- hosts ---- */

static u32 vhx_scsi_nr_live(const struct vhx_scsi_host *h)
{
	u32 i, n = 0;

	for (i = 0; i < h->nvqs; i++)
		n += READ_ONCE(h->queue[i].vq.backend) != NULL;
	return n;
}

static bool vhx_scsi_fill(struct sk_buff *skb, struct vhx_scsi_host *h)
{
	const struct vhx_scsi_show *show = &h->show;

	return !nla_put_u32(skb, VHX_A_SCSI_ID, show->id) &&
	       !nla_put_string(skb, VHX_A_SCSI_NAME, show->name) &&
	       (!show->live || !nla_put_flag(skb, VHX_A_SCSI_LIVE)) &&
	       !nla_put_u32(skb, VHX_A_SCSI_OWNER, pid_vnr(show->owner)) &&
	       !nla_put_string(skb, VHX_A_SCSI_COMM, show->comm) &&
	       !nla_put_u32(skb, VHX_A_SCSI_QUEUES, vhx_scsi_nr_live(h)) &&
	       !nla_put_u64_64bit(skb, VHX_A_SCSI_FEATURES,
				  READ_ONCE(h->vqs[VHX_SCSI_VQ_REQ]->features[0]),
				  VHX_A_SCSI_PAD) &&
	       !nla_put_u32(skb, VHX_A_SCSI_FUNCTIONS, READ_ONCE(h->ntmfs)) &&
	       !nla_put_u32(skb, VHX_A_SCSI_EVENTS, READ_ONCE(h->event_n)) &&
	       (!vhx_scsi_event_missed(h) || !nla_put_flag(skb, VHX_A_SCSI_MISSED));
}

static int vhx_scsi_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_scsi_show *show;
	long at = 0;
	void *head;

	mutex_lock(&vhx_scsi_shows_lock);
	list_for_each_entry(show, &vhx_scsi_shows, node) {
		if (at++ < cb->args[0] || !pid_vnr(show->owner))
			continue;
		head = vhx_nl_put(skb, cb, VHX_CMD_SCSI_GET);
		if (!head)
			break;
		if (!vhx_scsi_fill(skb, vhx_scsi_shown(show))) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = at;
	}
	mutex_unlock(&vhx_scsi_shows_lock);
	return skb->len;
}

/* ---- queues ---- */

/* What every queue has the core counts. */
static u64 vhx_scsi_stat(const struct vhx_scsi_queue *q, u32 id)
{
	static const u8 core[VHX_SCSI_QSTAT_NR] = {
		[VHX_SCSI_QSTAT_ANSWERED]	= VHX_QSTAT_PACKETS + 1,
		[VHX_SCSI_QSTAT_BYTES]		= VHX_QSTAT_BYTES + 1,
		[VHX_SCSI_QSTAT_KICKS]		= VHX_QSTAT_KICKS + 1,
		[VHX_SCSI_QSTAT_CALLS]		= VHX_QSTAT_CALLS + 1,
		[VHX_SCSI_QSTAT_CALLS_SKIPPED]	= VHX_QSTAT_CALLS_SKIPPED + 1,
		[VHX_SCSI_QSTAT_DESCRIPTORS]	= VHX_QSTAT_DESCRIPTORS + 1,
		[VHX_SCSI_QSTAT_BATCHES]	= VHX_QSTAT_BATCHES + 1,
		[VHX_SCSI_QSTAT_BAD_RINGS]	= VHX_QSTAT_BAD_RINGS + 1,
		[VHX_SCSI_QSTAT_BAD_REQUESTS]	= VHX_QSTAT_BAD_PACKETS + 1,
		[VHX_SCSI_QSTAT_IOTLB_MISSES]	= VHX_QSTAT_IOTLB_MISSES + 1,
		[VHX_SCSI_QSTAT_DIRTY_PAGES]	= VHX_QSTAT_DIRTY_PAGES + 1,
	};

	return core[id] ? READ_ONCE(q->vq.stats[core[id] - 1]) : READ_ONCE(q->stats[id]);
}

static bool vhx_scsi_queue_stats(struct sk_buff *skb, const struct vhx_scsi_queue *q)
{
	struct nlattr *nest = nla_nest_start(skb, VHX_A_SCSI_QUEUE_STATS);
	u32 id;

	if (!nest)
		return false;
	for (id = 0; id < VHX_SCSI_QSTAT_NR; id++)
		if (nla_put_u64_64bit(skb, id + 1, vhx_scsi_stat(q, id), 0))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

static u8 vhx_scsi_role(u32 i)
{
	if (i == VHX_SCSI_VQ_CTL)
		return VHX_SCSI_ROLE_CONTROL;
	return i == VHX_SCSI_VQ_EVENT ? VHX_SCSI_ROLE_EVENT : VHX_SCSI_ROLE_REQUEST;
}

static bool vhx_scsi_queue_fill(struct sk_buff *skb, const struct vhx_scsi_host *h, u32 i)
{
	const struct vhx_scsi_queue *q = &h->queue[i];
	const struct vhx_vq *vq = &q->vq;

	return !nla_put_u32(skb, VHX_A_SCSI_QUEUE_HOST, h->show.id) &&
	       !nla_put_u32(skb, VHX_A_SCSI_QUEUE_INDEX, i) &&
	       !nla_put_u8(skb, VHX_A_SCSI_QUEUE_ROLE, vhx_scsi_role(i)) &&
	       (!READ_ONCE(vq->backend) || !nla_put_flag(skb, VHX_A_SCSI_QUEUE_LIVE)) &&
	       (!READ_ONCE(vq->broken) || !nla_put_flag(skb, VHX_A_SCSI_QUEUE_BROKEN)) &&
	       !nla_put_u32(skb, VHX_A_SCSI_QUEUE_SIZE, READ_ONCE(vq->ring.num)) &&
	       !nla_put_u32(skb, VHX_A_SCSI_QUEUE_AVAIL, READ_ONCE(vq->ring.last_avail)) &&
	       !nla_put_u32(skb, VHX_A_SCSI_QUEUE_USED, READ_ONCE(vq->ring.last_used)) &&
	       !nla_put_u32(skb, VHX_A_SCSI_QUEUE_WORKER, vhx_nl_worker_pid(vq)) &&
	       vhx_scsi_queue_stats(skb, q);
}

/* A VMM sets up as many as its guest has, of those that there are: the others are of no interest. */
static bool vhx_scsi_queue_used(const struct vhx_scsi_host *h, u32 i)
{
	const struct vhx_vq *vq = &h->queue[i].vq;

	return READ_ONCE(vq->backend) || READ_ONCE(vq->stats[VHX_QSTAT_BATCHES]);
}

/* A host's queues from number cb->args[1] on. */
static bool vhx_scsi_queue_host(struct sk_buff *skb, struct netlink_callback *cb,
				const struct vhx_scsi_host *h)
{
	void *head;
	u32 i;

	for (i = cb->args[1]; i < h->nvqs; i++) {
		cb->args[1] = i;
		if (!vhx_scsi_queue_used(h, i))
			continue;
		head = vhx_nl_put(skb, cb, VHX_CMD_SCSI_QUEUE_GET);
		if (!head)
			return false;
		if (!vhx_scsi_queue_fill(skb, h, i)) {
			genlmsg_cancel(skb, head);
			return false;
		}
		genlmsg_end(skb, head);
	}
	cb->args[1] = 0;
	return true;
}

static const struct nla_policy vhx_scsi_queue_policy[VHX_A_SCSI_QUEUE_MAX + 1] = {
	[VHX_A_SCSI_QUEUE_HOST] = { .type = NLA_U32 },
};

static int vhx_scsi_queue_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *tb[VHX_A_SCSI_QUEUE_MAX + 1];
	struct vhx_scsi_show *show;
	u32 only = 0;
	long at = 0;
	int err;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, VHX_A_SCSI_QUEUE_MAX, vhx_scsi_queue_policy,
			  cb->extack);
	if (err)
		return err;
	if (tb[VHX_A_SCSI_QUEUE_HOST])
		only = nla_get_u32(tb[VHX_A_SCSI_QUEUE_HOST]);

	mutex_lock(&vhx_scsi_shows_lock);
	list_for_each_entry(show, &vhx_scsi_shows, node) {
		if (at++ < cb->args[0])
			continue;
		if ((!only || only == show->id) && pid_vnr(show->owner) &&
		    !vhx_scsi_queue_host(skb, cb, vhx_scsi_shown(show)))
			break;
		cb->args[0] = at;
	}
	mutex_unlock(&vhx_scsi_shows_lock);
	return skb->len;
}

/* ---- the table ---- */

static struct vhx_nl_object vhx_scsi_objects[] = {
	{ .cmd = VHX_CMD_SCSI_GET,		.dump = vhx_scsi_dump },
	{ .cmd = VHX_CMD_SCSI_QUEUE_GET,	.dump = vhx_scsi_queue_dump },
};

void __init vhx_scsi_nl_init(void)
{
	vhx_nl_register(vhx_scsi_objects, ARRAY_SIZE(vhx_scsi_objects));
}

void vhx_scsi_nl_exit(void)
{
	vhx_nl_unregister(vhx_scsi_objects, ARRAY_SIZE(vhx_scsi_objects));
}
