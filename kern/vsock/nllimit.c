// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits by netlink: VHX_CMD_VSOCK_LIMIT_*.
 */
#include <linux/vm_sockets.h>

#include "limit.h"
#include "nl.h"

/* Two packets that are as large as they get, with what the kernel needs for them. */
#define VHX_BACKLOG_MIN		(256ULL << 10)

/* Attributes of limits follow each other as the limits do. */
static int vhx_limit_attr(enum vhx_limit which)
{
	return VHX_A_VSOCK_LIMIT_CID + 1 + which;
}

/* ---- shown ---- */

static bool vhx_limit_fill(struct sk_buff *skb, u32 cid, const struct vhx_limits *l)
{
	enum vhx_limit i;

	if (cid && nla_put_u32(skb, VHX_A_VSOCK_LIMIT_CID, cid))
		return false;
	for (i = 0; i < VHX_LIMIT_NR; i++)
		if (nla_put_u64_64bit(skb, vhx_limit_attr(i), l->v[i], VHX_A_VSOCK_LIMIT_PAD))
			return false;
	return true;
}

/* Return: whether there was room. */
static bool vhx_limit_put(struct sk_buff *skb, struct netlink_callback *cb, u32 cid,
			  const struct vhx_limits *l)
{
	void *head = vhx_nl_put(skb, cb, VHX_CMD_VSOCK_LIMIT_GET);

	if (!head)
		return false;
	if (!vhx_limit_fill(skb, cid, l)) {
		genlmsg_cancel(skb, head);
		return false;
	}
	genlmsg_end(skb, head);
	cb->args[0] = 1 + cid;
	return true;
}

/* It goes on from the CID in cb->args[0]; 0 are the common ones. */
int vhx_nl_limit_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct vhx_space *s = vhx_vsock_nl_space(cb->skb);
	const struct vhx_limit_entry *e;

	mutex_lock(&vhx_space_lock);
	if (cb->args[0] || vhx_limit_put(skb, cb, 0, &s->common)) {
		list_for_each_entry(e, &s->limits, node) {
			if (e->cid < cb->args[0])
				continue;
			if (!vhx_limit_put(skb, cb, e->cid, &e->limits))
				break;
		}
	}
	mutex_unlock(&vhx_space_lock);
	return skb->len;
}

/* ---- set ---- */

static const struct nla_policy vhx_limit_policy[VHX_A_VSOCK_LIMIT_MAX + 1] = {
	[VHX_A_VSOCK_LIMIT_CID] = { .type = NLA_U32 },
#define VHX_LIMIT_POLICY(NAME, ...) \
	[VHX_A_VSOCK_LIMIT_##NAME] = { .type = NLA_U64 },
	VHX_VSOCK_LIMITS(VHX_LIMIT_POLICY)
#undef VHX_LIMIT_POLICY
};

static int vhx_limit_cid(u32 *cid, struct nlattr *const *tb, struct genl_info *info)
{
	*cid = tb[VHX_A_VSOCK_LIMIT_CID] ? nla_get_u32(tb[VHX_A_VSOCK_LIMIT_CID]) : 0;
	if (!*cid || (*cid > VMADDR_CID_HOST && *cid != VMADDR_CID_ANY))
		return 0;
	NL_SET_ERR_MSG(info->extack, "a guest's CID is 3 to 4294967294");
	return -EINVAL;
}

static const char *vhx_limit_fault(const struct vhx_limits *l)
{
	enum vhx_limit i;

	for (i = VHX_LIMIT_RATE; i < VHX_LIMIT_NR; i++)
		if (l->v[i] > VHX_BUCKET_MOST)
			return "rates and bursts are 2^40 at most";
	if (l->v[VHX_LIMIT_CONNS] > U32_MAX || l->v[VHX_LIMIT_PENDING] > U32_MAX)
		return "connections are 2^32 - 1 at most";
	if (!l->v[VHX_LIMIT_PENDING])
		return "pending is 1 at least";
	if (l->v[VHX_LIMIT_BACKLOG] < VHX_BACKLOG_MIN)
		return "backlog is 262144 at least: no packet would fit";
	return NULL;
}

/* Context: vhx_space_lock. */
static int vhx_limit_change(struct vhx_space *s, u32 cid, struct nlattr *const *tb,
			    struct genl_info *info)
{
	struct vhx_limits l = *vhx_limits_find(s, cid);
	const char *fault;
	enum vhx_limit i;

	for (i = 0; i < VHX_LIMIT_NR; i++)
		if (tb[vhx_limit_attr(i)])
			l.v[i] = nla_get_u64(tb[vhx_limit_attr(i)]);
	fault = vhx_limit_fault(&l);
	if (!fault)
		return vhx_limit_set(s, cid, &l);
	NL_SET_ERR_MSG_FMT(info->extack, "%s", fault);
	return -EINVAL;
}

/* Common to both. Return: 0 with @tb and @cid filled, or an error. */
static int vhx_limit_begin(struct sk_buff *skb, struct genl_info *info, struct nlattr **tb, u32 *cid)
{
	int err = vhx_vsock_nl_admin(skb, info);

	if (!err)
		err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb, VHX_A_VSOCK_LIMIT_MAX,
				  vhx_limit_policy, info->extack);
	return err ?: vhx_limit_cid(cid, tb, info);
}

/**
 * vhx_nl_limit_set - carry out VHX_CMD_VSOCK_LIMIT_SET
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM; -EINVAL; or as vhx_limit_set().
 */
int vhx_nl_limit_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[VHX_A_VSOCK_LIMIT_MAX + 1];
	u32 cid;
	int err;

	err = vhx_limit_begin(skb, info, tb, &cid);
	if (err)
		return err;
	mutex_lock(&vhx_space_lock);
	err = vhx_limit_change(vhx_vsock_nl_space(skb), cid, tb, info);
	mutex_unlock(&vhx_space_lock);
	if (err == -E2BIG)
		NL_SET_ERR_MSG(info->extack, "4096 guests have limits of their own already");
	return err;
}

/**
 * vhx_nl_limit_del - carry out VHX_CMD_VSOCK_LIMIT_DEL
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM; -EINVAL; -ENOENT.
 */
int vhx_nl_limit_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[VHX_A_VSOCK_LIMIT_MAX + 1];
	u32 cid;
	int err;

	err = vhx_limit_begin(skb, info, tb, &cid);
	if (err)
		return err;
	mutex_lock(&vhx_space_lock);
	err = vhx_limit_del(vhx_vsock_nl_space(skb), cid);
	mutex_unlock(&vhx_space_lock);
	if (err)
		NL_SET_ERR_MSG(info->extack, "it has no limits of its own");
	return err;
}
