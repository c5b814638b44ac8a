// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and their queues by netlink, see core/nl.h and <linux/vhx.h>. The bus knows no network
 * namespaces, and its own netlink shows it in the first one alone: so does this.
 *
 * Numbers are read without a lock: those of a device may be held for as long as its parent likes.
 */
#include <linux/pid.h>
#include <net/net_namespace.h>

#include "core/nl.h"
#include "vdpa.h"

static bool vhx_vdpa_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return !nla_put_u64_64bit(skb, attr, value, VHX_A_VDPA_PAD);
}

static u64 vhx_vdpa_stat(const struct vhx_vdpa *v, u32 id)
{
	u64 sum = 0;
	u32 i;

	switch (id) {
	case VHX_VDPA_STAT_CONFIG_CALLS:
		return READ_ONCE(v->config_call.calls);
	case VHX_VDPA_STAT_KICKS:
		for (i = 0; i < v->nvqs; i++)
			sum += READ_ONCE(v->vq[i].kick.kicks);
		return sum;
	case VHX_VDPA_STAT_CALLS:
		for (i = 0; i < v->nvqs; i++)
			sum += READ_ONCE(v->vq[i].call.calls);
		return sum;
	default:
		return READ_ONCE(v->stats[id]);
	}
}

static bool vhx_vdpa_put_stats(struct sk_buff *skb, const struct vhx_vdpa *v)
{
	struct nlattr *nest = nla_nest_start(skb, VHX_A_VDPA_STATS);
	u32 id;

	if (!nest)
		return false;
	for (id = 0; id < VHX_VDPA_STAT_NR; id++)
		if (nla_put_u64_64bit(skb, id + 1, vhx_vdpa_stat(v, id), 0))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

static bool vhx_vdpa_put_owner(struct sk_buff *skb, const struct vhx_vdpa *v)
{
	const u32 pid = v->owner ? pid_vnr(v->owner) : 0;

	if (READ_ONCE(v->opened) && nla_put_flag(skb, VHX_A_VDPA_OPEN))
		return false;
	return !pid || (!nla_put_u32(skb, VHX_A_VDPA_OWNER, pid) &&
			!nla_put_string(skb, VHX_A_VDPA_COMM, v->comm));
}

static bool vhx_vdpa_put_fail(struct sk_buff *skb, const struct vhx_vdpa_fail *fail)
{
	if (!fail->err)
		return true;
	if (nla_put_u8(skb, VHX_A_VDPA_FAIL_OP, fail->op) ||
	    nla_put_u8(skb, VHX_A_VDPA_FAIL_WHY, fail->why) ||
	    nla_put_u32(skb, VHX_A_VDPA_FAIL_ERRNO, -fail->err) ||
	    nla_put_u32(skb, VHX_A_VDPA_FAIL_ASID, fail->asid) ||
	    !vhx_vdpa_put_u64(skb, VHX_A_VDPA_FAIL_IOVA, fail->iova) ||
	    !vhx_vdpa_put_u64(skb, VHX_A_VDPA_FAIL_SIZE, fail->size))
		return false;
	return fail->why != VHX_VDPA_WHY_MEMLOCK ||
	       (vhx_vdpa_put_u64(skb, VHX_A_VDPA_FAIL_NEED, fail->need) &&
		vhx_vdpa_put_u64(skb, VHX_A_VDPA_FAIL_LIMIT, fail->limit));
}

static bool vhx_vdpa_put_maps(struct sk_buff *skb, const struct vhx_vdpa *v)
{
	const struct vhx_vdpa_maps *m = &v->maps;
	const u64 doing = READ_ONCE(m->doing);

	return !nla_put_u8(skb, VHX_A_VDPA_MAPS_BY, m->by) &&
	       (!v->vdpa->use_va || !nla_put_flag(skb, VHX_A_VDPA_USE_VA)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_MAPPED, READ_ONCE(m->bytes)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_CHUNKS, READ_ONCE(m->pieces)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_PINNED, READ_ONCE(m->pinned) << PAGE_SHIFT) &&
	       (!doing || (vhx_vdpa_put_u64(skb, VHX_A_VDPA_DOING, doing) &&
			   vhx_vdpa_put_u64(skb, VHX_A_VDPA_DONE, READ_ONCE(m->done))));
}

static bool vhx_vdpa_put_device(struct sk_buff *skb, const struct vhx_vdpa *v)
{
	return !nla_put_u32(skb, VHX_A_VDPA_MINOR, MINOR(v->dev.devt)) &&
	       !nla_put_string(skb, VHX_A_VDPA_NAME, v->name) &&
	       !nla_put_u32(skb, VHX_A_VDPA_DEVICE_ID, v->device_id) &&
	       !nla_put_u32(skb, VHX_A_VDPA_QUEUES, v->nvqs) &&
	       !nla_put_u32(skb, VHX_A_VDPA_GROUPS, v->vdpa->ngroups) &&
	       !nla_put_u32(skb, VHX_A_VDPA_SPACES, v->vdpa->nas) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_OFFERED, v->offered);
}

static bool vhx_vdpa_put_state(struct sk_buff *skb, const struct vhx_vdpa *v)
{
	return !nla_put_u8(skb, VHX_A_VDPA_STATUS, READ_ONCE(v->status)) &&
	       (!READ_ONCE(v->suspended) || !nla_put_flag(skb, VHX_A_VDPA_SUSPENDED)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_FEATURES, READ_ONCE(v->features)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_BACKEND_FEATURES, READ_ONCE(v->backend_features));
}

static bool vhx_vdpa_fill(struct sk_buff *skb, const struct vhx_vdpa *v)
{
	return vhx_vdpa_put_device(skb, v) && vhx_vdpa_put_owner(skb, v) &&
	       vhx_vdpa_put_state(skb, v) && vhx_vdpa_put_maps(skb, v) &&
	       vhx_vdpa_put_fail(skb, &v->shown_fail) && vhx_vdpa_put_stats(skb, v);
}

static bool vhx_vdpa_queue_fill(struct sk_buff *skb, const struct vhx_vdpa_vq *vq)
{
	const struct vhx_vdpa *v = vq->v;
	const bool grouped = v->vdpa->ngroups > 1 && vq->group < v->vdpa->ngroups;

	return !nla_put_u32(skb, VHX_A_VDPA_QUEUE_MINOR, MINOR(v->dev.devt)) &&
	       !nla_put_u32(skb, VHX_A_VDPA_QUEUE_INDEX, vq->index) &&
	       !nla_put_u32(skb, VHX_A_VDPA_QUEUE_SIZE, READ_ONCE(vq->num)) &&
	       (!grouped || (!nla_put_u32(skb, VHX_A_VDPA_QUEUE_GROUP, vq->group) &&
			     !nla_put_u32(skb, VHX_A_VDPA_QUEUE_SPACE,
					  READ_ONCE(v->group_asid[vq->group])))) &&
	       (!READ_ONCE(vq->enabled) || !nla_put_flag(skb, VHX_A_VDPA_QUEUE_ENABLED)) &&
	       (!READ_ONCE(vq->bypassed) || !nla_put_flag(skb, VHX_A_VDPA_QUEUE_BYPASS)) &&
	       (!READ_ONCE(vq->doorbell) || !nla_put_flag(skb, VHX_A_VDPA_QUEUE_DOORBELL)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_QUEUE_KICKS, READ_ONCE(vq->kick.kicks)) &&
	       vhx_vdpa_put_u64(skb, VHX_A_VDPA_QUEUE_CALLS, READ_ONCE(vq->call.calls));
}

/* ---- dumps ---- */

static bool vhx_vdpa_shows(const struct sk_buff *skb)
{
	return net_eq(sock_net(skb->sk), &init_net);
}

static int vhx_vdpa_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct vhx_vdpa *v;
	long at = 0;
	void *head;

	if (!vhx_vdpa_shows(cb->skb))
		return 0;
	mutex_lock(&vhx_vdpas_lock);
	list_for_each_entry(v, &vhx_vdpas, node) {
		if (at++ < cb->args[0])
			continue;
		head = vhx_nl_put(skb, cb, VHX_CMD_VDPA_GET);
		if (!head)
			break;
		if (!vhx_vdpa_fill(skb, v)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = at;
	}
	mutex_unlock(&vhx_vdpas_lock);
	return skb->len;
}

/* Return: whether all of @v's queues from cb->args[1] on fitted. */
static bool vhx_vdpa_dump_queues(struct sk_buff *skb, struct netlink_callback *cb,
				 const struct vhx_vdpa *v)
{
	void *head;

	for (; cb->args[1] < v->nvqs; cb->args[1]++) {
		head = vhx_nl_put(skb, cb, VHX_CMD_VDPA_QUEUE_GET);
		if (!head)
			return false;
		if (!vhx_vdpa_queue_fill(skb, &v->vq[cb->args[1]])) {
			genlmsg_cancel(skb, head);
			return false;
		}
		genlmsg_end(skb, head);
	}
	return true;
}

static const struct nla_policy vhx_vdpa_queue_policy[VHX_A_VDPA_QUEUE_MAX + 1] = {
	[VHX_A_VDPA_QUEUE_MINOR] = { .type = NLA_U32 },
};

static int vhx_vdpa_queue_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *tb[VHX_A_VDPA_QUEUE_MAX + 1];
	const struct vhx_vdpa *v;
	const struct nlattr *only;
	long at = 0;
	int err;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, VHX_A_VDPA_QUEUE_MAX, vhx_vdpa_queue_policy,
			  cb->extack);
	if (err || !vhx_vdpa_shows(cb->skb))
		return err;
	only = tb[VHX_A_VDPA_QUEUE_MINOR];

	mutex_lock(&vhx_vdpas_lock);
	list_for_each_entry(v, &vhx_vdpas, node) {
		if (at++ < cb->args[0])
			continue;
		if ((!only || nla_get_u32(only) == MINOR(v->dev.devt)) &&
		    !vhx_vdpa_dump_queues(skb, cb, v))
			break;
		cb->args[0] = at;
		cb->args[1] = 0;
	}
	mutex_unlock(&vhx_vdpas_lock);
	return skb->len;
}

static struct vhx_nl_object vhx_vdpa_objects[] = {
	{ .cmd = VHX_CMD_VDPA_GET,		.dump = vhx_vdpa_dump },
	{ .cmd = VHX_CMD_VDPA_QUEUE_GET,	.dump = vhx_vdpa_queue_dump },
};

void __init vhx_vdpa_nl_init(void)
{
	vhx_nl_register(vhx_vdpa_objects, ARRAY_SIZE(vhx_vdpa_objects));
}

void vhx_vdpa_nl_exit(void)
{
	vhx_nl_unregister(vhx_vdpa_objects, ARRAY_SIZE(vhx_vdpa_objects));
}
