// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of a NIC by netlink: VHX_CMD_NIC_SET.
 */
#include "core/nl.h"
#include "nic.h"
#include "nl.h"
#include "poll.h"

static const struct nla_policy vhx_nl_set_policy[VHX_A_NIC_MAX + 1] = {
	[VHX_A_NIC_ID] = { .type = NLA_U32 },
	[VHX_A_NIC_POLL_US] = { .type = NLA_U32 },
};

static int vhx_nl_set_check(struct genl_info *info, struct nlattr *const *tb)
{
	u32 us;

	if (!tb[VHX_A_NIC_ID]) {
		NL_SET_ERR_MSG(info->extack, "no NIC id given");
		return -EINVAL;
	}
	if (!tb[VHX_A_NIC_POLL_US]) {
		NL_SET_ERR_MSG(info->extack, "nothing to set");
		return -EINVAL;
	}
	us = nla_get_u32(tb[VHX_A_NIC_POLL_US]);
	if (us > VHX_BUSY_MAX_US && us != VHX_NIC_POLL_VMM) {
		NL_SET_ERR_MSG(info->extack, "polls for 10000 us at most");
		return -ERANGE;
	}
	return 0;
}

/* Told to each queue pair: a NIC may leave it while it runs. */
static void vhx_nl_set_poll(struct vhx_net_nic *nic, u32 us)
{
	struct vhx_seat *seat;
	u32 i;

	nic->poll_us = us;
	for (i = 0; i < nic->npairs; i++) {
		seat = rcu_dereference_protected(nic->seat[i],
						 lockdep_is_held(&vhx_net_mutex));
		if (seat)
			WRITE_ONCE(seat->poll_us, us);
	}
}

/**
 * vhx_nl_set - carry out VHX_CMD_NIC_SET
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM; -EINVAL; -ERANGE; -ENOENT no such NIC in the caller's network namespace;
 * -EOPNOTSUPP it is a vDPA device.
 */
int vhx_nl_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[VHX_A_NIC_MAX + 1];
	struct vhx_net_nic *nic;
	int err;

	err = vhx_nl_admin(skb, info);
	if (!err)
		err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb, VHX_A_NIC_MAX,
				  vhx_nl_set_policy, info->extack);
	if (!err)
		err = vhx_nl_set_check(info, tb);
	if (err)
		return err;

	mutex_lock(&vhx_net_mutex);
	nic = vhx_nic_find(nla_get_u32(tb[VHX_A_NIC_ID]));
	if (!nic || !vhx_nl_nic_visible(skb, nic)) {
		NL_SET_ERR_MSG(info->extack, "no such NIC here");
		err = -ENOENT;
	} else if (nic->kind == VHX_PORT_VDPA) {
		NL_SET_ERR_MSG(info->extack, "queues of a vDPA device do not poll");
		err = -EOPNOTSUPP;
	} else {
		vhx_nl_set_poll(nic, nla_get_u32(tb[VHX_A_NIC_POLL_US]));
	}
	mutex_unlock(&vhx_net_mutex);
	return err;
}
