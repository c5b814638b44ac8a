// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies and why they left, by netlink. A policy shows in its attacher's network namespace.
 */
#include <linux/cred.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>

#include "core/nl.h"
#include "nic.h"
#include "nl.h"
#include "policy.h"

/* ---- policies ---- */

static u32 vhx_nl_policy_ops(const struct vhx_policy *p)
{
	const struct vhx_steer_ops *ops = p->progs;
	u32 mask;

	if (!ops)
		return 0;
	mask = !!ops->rx << VHX_OP_RX | !!ops->tx << VHX_OP_TX;
	mask |= !!ops->batch << VHX_OP_BATCH;
	mask |= !!ops->nic_attach << VHX_OP_NIC_ATTACH;
	mask |= !!ops->nic_detach << VHX_OP_NIC_DETACH;
	mask |= !!ops->nic_config << VHX_OP_NIC_CONFIG;
	return mask | !!ops->exit << VHX_OP_EXIT;
}

static u64 vhx_nl_policy_reason(const struct vhx_policy *p, u32 reason)
{
	u64 n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += per_cpu_ptr(p->stats, cpu)->reasons[reason];
	return n;
}

static bool vhx_nl_policy_stats(struct sk_buff *skb, const struct vhx_policy *p)
{
	u64 verdicts = 0, drops = 0, errors = 0, n;
	struct nlattr *nest;
	u32 reason;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct vhx_policy_stats *s = per_cpu_ptr(p->stats, cpu);

		verdicts += s->verdicts;
		drops += s->drops;
		errors += s->errors;
	}
	if (nla_put_u64_64bit(skb, VHX_A_POLICY_VERDICTS, verdicts,
			      VHX_A_POLICY_PAD) ||
	    nla_put_u64_64bit(skb, VHX_A_POLICY_DROPS, drops,
			      VHX_A_POLICY_PAD) ||
	    nla_put_u64_64bit(skb, VHX_A_POLICY_ERRORS, errors,
			      VHX_A_POLICY_PAD))
		return false;

	nest = nla_nest_start(skb, VHX_A_POLICY_DROP_REASONS);
	if (!nest)
		return false;
	for (reason = 0; reason < VHX_DROP_REASONS; reason++) {
		n = vhx_nl_policy_reason(p, reason);
		if (n && nla_put_u64_64bit(skb, reason + 1, n, 0))
			return false;
	}
	nla_nest_end(skb, nest);
	return true;
}

static bool vhx_nl_policy_nics(struct sk_buff *skb, const struct vhx_policy *p)
{
	struct nlattr *nest = nla_nest_start(skb, VHX_A_POLICY_NICS);
	const struct vhx_binding *b;

	if (!nest)
		return false;
	list_for_each_entry(b, &p->bindings, node)
		if (nla_put_u32(skb, VHX_A_POLICY_NIC_ID, b->nic->bpf.id))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

static bool vhx_nl_policy_fill(struct sk_buff *skb, const struct sk_buff *req,
			       const struct vhx_policy *p)
{
	const struct user_namespace *ns = sk_user_ns(NETLINK_CB(req).sk);

	return !nla_put_u32(skb, VHX_A_POLICY_ID, vhx_policy_id(p)) &&
	       !nla_put_string(skb, VHX_A_POLICY_NAME, p->name) &&
	       (!*p->pattern ||
		!nla_put_string(skb, VHX_A_POLICY_PATTERN, p->pattern)) &&
	       (!p->nic_id ||
		!nla_put_u32(skb, VHX_A_POLICY_NIC_ID, p->nic_id)) &&
	       !nla_put_u64_64bit(skb, VHX_A_POLICY_FLAGS, p->flags,
				  VHX_A_POLICY_PAD) &&
	       !nla_put_u32(skb, VHX_A_POLICY_OPS, vhx_nl_policy_ops(p)) &&
	       !nla_put_u32(skb, VHX_A_POLICY_GENERATION, p->generation) &&
	       !nla_put_u32(skb, VHX_A_POLICY_UID,
			    from_kuid_munged((void *)ns, p->uid)) &&
	       (p->link || !nla_put_flag(skb, VHX_A_POLICY_DEAD)) &&
	       vhx_nl_policy_nics(skb, p) && vhx_nl_policy_stats(skb, p);
}

/**
 * vhx_nl_policy_dump - VHX_CMD_POLICY_GET
 * @skb: the answer
 * @cb: where the dump stands
 *
 * Context: process, sleeps.
 * Return: bytes in @skb, or negative.
 */
int vhx_nl_policy_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_policy *p;
	int err = 0;
	long at = 0;
	void *head;

	mutex_lock(&vhx_net_mutex);
	list_for_each_entry(p, &vhx_policies, node) {
		if (at++ < cb->args[0] ||
		    !net_eq(p->net, sock_net(cb->skb->sk)))
			continue;
		head = vhx_nl_put(skb, cb, VHX_CMD_POLICY_GET);
		if (!head)
			break;
		if (!vhx_nl_policy_fill(skb, cb->skb, p)) {
			genlmsg_cancel(skb, head);
			err = -EMSGSIZE;
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = at;
	}
	mutex_unlock(&vhx_net_mutex);
	/* A policy with drops of every reason needs a reader with a large buffer: say so. */
	return skb->len ?: err;
}

/* ---- exits ---- */

static bool vhx_nl_exit_fill(struct sk_buff *skb,
			     const struct vhx_exit_record *rec)
{
	const struct vhx_exit_info *info = &rec->info;

	return !nla_put_u32(skb, VHX_A_EXIT_POLICY_ID, rec->policy_id) &&
	       !nla_put_string(skb, VHX_A_EXIT_NAME, rec->name) &&
	       !nla_put_u32(skb, VHX_A_EXIT_KIND, info->kind) &&
	       (!info->nic_id ||
		!nla_put_u32(skb, VHX_A_EXIT_NIC_ID, info->nic_id)) &&
	       !nla_put_u32(skb, VHX_A_EXIT_QUEUE, info->queue) &&
	       !nla_put_u8(skb, VHX_A_EXIT_DIR,
			   info->flags & VHX_PKT_TX ? VHX_DIR_TX : VHX_DIR_RX) &&
	       !nla_put_u32(skb, VHX_A_EXIT_VERDICT, info->verdict) &&
	       !nla_put_string(skb, VHX_A_EXIT_REASON, info->reason) &&
	       !nla_put_u64_64bit(skb, VHX_A_EXIT_TIME_NS, info->time_ns,
				  VHX_A_EXIT_PAD) &&
	       !nla_put(skb, VHX_A_EXIT_HEAD, info->head_len, info->head);
}

/**
 * vhx_nl_exit_dump - VHX_CMD_EXIT_GET
 * @skb: the answer
 * @cb: where the dump stands
 *
 * Context: process, sleeps.
 * Return: bytes in @skb, or negative.
 */
int vhx_nl_exit_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vhx_exit_record rec;
	void *head;
	u32 next;

	mutex_lock(&vhx_net_mutex);
	while ((next = vhx_exits_get(cb->args[0], &rec))) {
		if (rec.net_cookie == sock_net(cb->skb->sk)->net_cookie) {
			head = vhx_nl_put(skb, cb, VHX_CMD_EXIT_GET);
			if (!head)
				break;
			if (!vhx_nl_exit_fill(skb, &rec)) {
				genlmsg_cancel(skb, head);
				break;
			}
			genlmsg_end(skb, head);
		}
		cb->args[0] = next;
	}
	mutex_unlock(&vhx_net_mutex);
	return skb->len;
}

/* ---- eject ---- */

static const struct nla_policy vhx_nl_eject_policy[VHX_A_POLICY_MAX + 1] = {
	[VHX_A_POLICY_ID] = { .type = NLA_U32 },
};

/**
 * vhx_nl_eject - carry out VHX_CMD_POLICY_EJECT
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM; -EINVAL; -ENOENT no such policy in the caller's network namespace.
 */
int vhx_nl_eject(struct sk_buff *skb, struct genl_info *info)
{
	struct vhx_exit_info why = {
		.kind = VHX_EXIT_ADMIN,
		.reason = "ejected by an administrator",
	};
	struct nlattr *tb[VHX_A_POLICY_MAX + 1];
	struct vhx_policy *p;
	int err;

	err = vhx_nl_admin(skb, info);
	if (!err)
		err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb,
				  VHX_A_POLICY_MAX, vhx_nl_eject_policy,
				  info->extack);
	if (err)
		return err;
	if (!tb[VHX_A_POLICY_ID]) {
		NL_SET_ERR_MSG(info->extack, "no policy id given");
		return -EINVAL;
	}

	mutex_lock(&vhx_net_mutex);
	p = vhx_policy_find(nla_get_u32(tb[VHX_A_POLICY_ID]));
	if (!p || !net_eq(p->net, genl_info_net(info))) {
		NL_SET_ERR_MSG(info->extack, "no such policy here");
		err = -ENOENT;
	} else if (p->link) {
		why.time_ns = ktime_get_boottime_ns();
		vhx_policy_eject(p, &why);
	} else {
		vhx_policy_forget(p);
	}
	mutex_unlock(&vhx_net_mutex);
	return err;
}
