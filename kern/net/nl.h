/* SPDX-License-Identifier: GPL-2.0-only */
/* What the net class shows and does by netlink, see core/nl.h and <linux/vhx.h>. */
#ifndef _VHX_NET_NL_H
#define _VHX_NET_NL_H

struct genl_info;
struct netlink_callback;
struct sk_buff;
struct vhx_net_nic;
struct vhx_seat;

void vhx_net_nl_init(void);
void vhx_net_nl_exit(void);
void vhx_nl_queue_broken(const struct vhx_seat *seat);

/* For what changes something: has the sender CAP_NET_ADMIN, and does the NIC show to it? */
int vhx_nl_admin(const struct sk_buff *skb, struct genl_info *info);
bool vhx_nl_nic_visible(const struct sk_buff *skb,
			const struct vhx_net_nic *nic);

/* nlpolicy.c */
int vhx_nl_policy_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vhx_nl_exit_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vhx_nl_eject(struct sk_buff *skb, struct genl_info *info);

/* nlset.c */
int vhx_nl_set(struct sk_buff *skb, struct genl_info *info);

#endif /* _VHX_NET_NL_H */
