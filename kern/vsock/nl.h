/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of vsock's netlink share.
 */
#ifndef _VHX_VSOCK_NL_H
#define _VHX_VSOCK_NL_H

#include "core/nl.h"
#include "space.h"

struct vhx_space *vhx_vsock_nl_space(const struct sk_buff *skb);
int vhx_vsock_nl_admin(const struct sk_buff *skb, struct genl_info *info);

/* nlroute.c */
int vhx_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vhx_nl_route_add(struct sk_buff *skb, struct genl_info *info);
int vhx_nl_route_del(struct sk_buff *skb, struct genl_info *info);

/* nllimit.c */
int vhx_nl_limit_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vhx_nl_limit_set(struct sk_buff *skb, struct genl_info *info);
int vhx_nl_limit_del(struct sk_buff *skb, struct genl_info *info);

#endif /* _VHX_VSOCK_NL_H */
