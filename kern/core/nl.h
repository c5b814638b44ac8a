/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family "vhx". The core has the family and its socket manners; what the
 * objects are, the classes tell it.
 */
#ifndef _VHX_NL_H
#define _VHX_NL_H

#include <linux/list.h>
#include <net/genetlink.h>

/**
 * struct vhx_nl_object - a kind of object and its command
 * @cmd: enum vhx_cmd
 * @dump: fill @skb with as many objects as fit, as genl_ops.dumpit; or NULL
 * @doit: carry out a request, as genl_ops.doit; or NULL. Checks capabilities itself
 * @node: the core's
 *
 * Context of both: process, sleeps.
 */
struct vhx_nl_object {
	u8 cmd;
	int (*dump)(struct sk_buff *skb, struct netlink_callback *cb);
	int (*doit)(struct sk_buff *skb, struct genl_info *info);
	struct list_head node;
};

int vhx_nl_init(void);
void vhx_nl_exit(void);

void vhx_nl_register(struct vhx_nl_object *obj, u32 n);
void vhx_nl_unregister(struct vhx_nl_object *obj, u32 n);

void *vhx_nl_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);

struct vhx_vq;
u32 vhx_nl_worker_pid(const struct vhx_vq *vq);

struct sk_buff *vhx_nl_event_new(u32 kind, void **head);
void vhx_nl_event_send(struct net *net, struct sk_buff *skb, void *head);

#endif /* _VHX_NL_H */
