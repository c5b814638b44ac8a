// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes by netlink: VHX_CMD_VSOCK_ROUTE_*.
 */
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>

#include "nl.h"
#include "route.h"

static const struct vhx_range vhx_range_all = { 0, U32_MAX };
static const struct vhx_range vhx_range_host = { VMADDR_CID_HOST, VMADDR_CID_HOST };
static const struct vhx_range vhx_range_guests = { VMADDR_CID_HOST + 1, U32_MAX };

/* ---- shown ---- */

static bool vhx_route_put_range(struct sk_buff *skb, int attr, const struct vhx_range *r)
{
	if (!memcmp(r, &vhx_range_all, sizeof(*r)))
		return true;
	return !nla_put(skb, attr, sizeof(*r), r);
}

static bool vhx_route_fill(struct sk_buff *skb, const struct vhx_route *r)
{
	return !nla_put_u32(skb, VHX_A_VSOCK_ROUTE_PREF, r->pref) &&
	       vhx_route_put_range(skb, VHX_A_VSOCK_ROUTE_FROM, &r->from) &&
	       vhx_route_put_range(skb, VHX_A_VSOCK_ROUTE_TO, &r->to) &&
	       vhx_route_put_range(skb, VHX_A_VSOCK_ROUTE_PORT, &r->port) &&
	       (!r->type || !nla_put_u16(skb, VHX_A_VSOCK_ROUTE_TYPE, r->type)) &&
	       !nla_put_u8(skb, VHX_A_VSOCK_ROUTE_VERDICT, r->verdict) &&
	       !nla_put_u64_64bit(skb, VHX_A_VSOCK_ROUTE_HITS, atomic64_read(&r->hits),
				  VHX_A_VSOCK_ROUTE_PAD);
}

/* It goes on behind the preference in cb->args[0]. */
int vhx_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct vhx_space *s = vhx_vsock_nl_space(cb->skb);
	const struct vhx_route *r;
	void *head;

	mutex_lock(&vhx_space_lock);
	list_for_each_entry(r, &s->routes, node) {
		if (r->pref <= cb->args[0])
			continue;
		head = vhx_nl_put(skb, cb, VHX_CMD_VSOCK_ROUTE_GET);
		if (!head)
			break;
		if (!vhx_route_fill(skb, r)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = r->pref;
	}
	mutex_unlock(&vhx_space_lock);
	return skb->len;
}

/* ---- added ---- */

static const struct nla_policy vhx_route_policy[VHX_A_VSOCK_ROUTE_MAX + 1] = {
	[VHX_A_VSOCK_ROUTE_PREF]	= { .type = NLA_U32 },
	[VHX_A_VSOCK_ROUTE_FROM]	= NLA_POLICY_EXACT_LEN(sizeof(struct vhx_range)),
	[VHX_A_VSOCK_ROUTE_TO]		= NLA_POLICY_EXACT_LEN(sizeof(struct vhx_range)),
	[VHX_A_VSOCK_ROUTE_PORT]	= NLA_POLICY_EXACT_LEN(sizeof(struct vhx_range)),
	[VHX_A_VSOCK_ROUTE_TYPE]	= { .type = NLA_U16 },
	[VHX_A_VSOCK_ROUTE_VERDICT]	= { .type = NLA_U8 },
};

static void vhx_route_get_range(struct vhx_range *r, const struct nlattr *attr,
				const struct vhx_range *without)
{
	*r = *without;
	if (attr)
		memcpy(r, nla_data(attr), sizeof(*r));
}

static const struct vhx_range *vhx_route_to(u8 verdict)
{
	switch (verdict) {
	case VHX_VSOCK_HOST:
		return &vhx_range_host;
	case VHX_VSOCK_SIBLING:
		return &vhx_range_guests;
	default:
		return &vhx_range_all;
	}
}

static void vhx_route_parse(struct vhx_route *r, struct nlattr *const *tb)
{
	if (tb[VHX_A_VSOCK_ROUTE_VERDICT])
		r->verdict = nla_get_u8(tb[VHX_A_VSOCK_ROUTE_VERDICT]);
	if (tb[VHX_A_VSOCK_ROUTE_PREF])
		r->pref = nla_get_u32(tb[VHX_A_VSOCK_ROUTE_PREF]);
	if (tb[VHX_A_VSOCK_ROUTE_TYPE])
		r->type = nla_get_u16(tb[VHX_A_VSOCK_ROUTE_TYPE]);
	vhx_route_get_range(&r->from, tb[VHX_A_VSOCK_ROUTE_FROM], &vhx_range_all);
	vhx_route_get_range(&r->to, tb[VHX_A_VSOCK_ROUTE_TO], vhx_route_to(r->verdict));
	vhx_route_get_range(&r->port, tb[VHX_A_VSOCK_ROUTE_PORT], &vhx_range_all);
}

/* Return: what is wrong with it, or NULL. */
static const char *vhx_route_fault(const struct vhx_route *r, struct nlattr *const *tb)
{
	if (r->verdict < VHX_VSOCK_HOST || r->verdict > VHX_VSOCK_AGENT)
		return "no verdict, or none that this module knows";
	if (tb[VHX_A_VSOCK_ROUTE_PREF] && (!r->pref || r->pref > VHX_VSOCK_PREF_MAX))
		return "a preference is 1 to 2147483648";
	if (r->type > VIRTIO_VSOCK_TYPE_SEQPACKET || (tb[VHX_A_VSOCK_ROUTE_TYPE] && !r->type))
		return "no such type of socket";
	if (r->from.first > r->from.last || r->to.first > r->to.last ||
	    r->port.first > r->port.last)
		return "a range ends before it begins";
	if (r->verdict == VHX_VSOCK_HOST && memcmp(&r->to, &vhx_range_host, sizeof(r->to)))
		return "the host has CID 2 alone";
	if (r->verdict == VHX_VSOCK_SIBLING && r->to.first <= VMADDR_CID_HOST)
		return "no guest has a CID below 3";
	return NULL;
}

/**
 * vhx_nl_route_add - carry out VHX_CMD_VSOCK_ROUTE_ADD
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM; -EINVAL; or as vhx_route_add().
 */
int vhx_nl_route_add(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[VHX_A_VSOCK_ROUTE_MAX + 1];
	struct vhx_route r = { };
	const char *fault;
	int err;

	err = vhx_vsock_nl_admin(skb, info);
	if (!err)
		err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb, VHX_A_VSOCK_ROUTE_MAX,
				  vhx_route_policy, info->extack);
	if (err)
		return err;
	vhx_route_parse(&r, tb);
	fault = vhx_route_fault(&r, tb);
	if (fault) {
		NL_SET_ERR_MSG_FMT(info->extack, "%s", fault);
		return -EINVAL;
	}
	mutex_lock(&vhx_space_lock);
	err = vhx_route_add(vhx_vsock_nl_space(skb), &r);
	mutex_unlock(&vhx_space_lock);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(info->extack, "there is a route with that preference");
	else if (err == -E2BIG)
		NL_SET_ERR_MSG(info->extack, "there are 1024 routes already");
	return err;
}

/* ---- taken away ---- */

/**
 * vhx_nl_route_del - carry out VHX_CMD_VSOCK_ROUTE_DEL
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM; -EINVAL; -ENOENT.
 */
int vhx_nl_route_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[VHX_A_VSOCK_ROUTE_MAX + 1];
	struct vhx_space *s = vhx_vsock_nl_space(skb);
	int err;

	err = vhx_vsock_nl_admin(skb, info);
	if (!err)
		err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb, VHX_A_VSOCK_ROUTE_MAX,
				  vhx_route_policy, info->extack);
	if (err)
		return err;
	mutex_lock(&vhx_space_lock);
	if (tb[VHX_A_VSOCK_ROUTE_PREF])
		err = vhx_route_del(s, nla_get_u32(tb[VHX_A_VSOCK_ROUTE_PREF]));
	else
		vhx_route_flush(s);
	mutex_unlock(&vhx_space_lock);
	if (err)
		NL_SET_ERR_MSG(info->extack, "no route has that preference");
	return err;
}
