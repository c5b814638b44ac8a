/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A space of CIDs: that of all network namespaces whose sockets reach each other, or of one that
 * keeps to itself. Routes and limits are its, not a guest's: they are there before the guest is, and
 * stay when it is gone.
 */
#ifndef _VHX_VSOCK_SPACE_H
#define _VHX_VSOCK_SPACE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/vhx.h>
#include <net/net_namespace.h>

#define VHX_ROUTES_MAX		1024
#define VHX_LIMITS_MAX		4096	/* guests with limits of their own, in a space */

/* Index of a limit in struct vhx_limits. */
enum vhx_limit {
#define VHX_LIMIT_ENUM(NAME, ...) VHX_LIMIT_##NAME,
	VHX_VSOCK_LIMITS(VHX_LIMIT_ENUM)
#undef VHX_LIMIT_ENUM
	VHX_LIMIT_NR,
};

/**
 * struct vhx_limits - of a guest
 * @v: by enum vhx_limit; written with vhx_space_lock, read without
 */
struct vhx_limits {
	u64 v[VHX_LIMIT_NR];
};

static inline u64 vhx_limit(const struct vhx_limits *l, enum vhx_limit which)
{
	return READ_ONCE(l->v[which]);
}

/**
 * struct vhx_space - what an administrator said of a space
 * @routes: struct vhx_route, by preference; RCU
 * @nroutes: how many
 * @limits: struct vhx_limit_entry
 * @nlimits: how many
 * @common: of guests that have none of their own
 */
struct vhx_space {
	struct list_head routes;
	u32 nroutes;
	struct list_head limits;
	u32 nlimits;
	struct vhx_limits common;
};

/* Who changes any of it, or reads it and may sleep; inside vhx_cids_lock. */
extern struct mutex vhx_space_lock;

int vhx_space_init(void);
void vhx_space_exit(void);
struct net *vhx_space_net(struct net *net);
struct vhx_space *vhx_space_of(struct net *net);

#endif /* _VHX_VSOCK_SPACE_H */
