/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits of guests: how much they may send, and how many connections they may have.
 */
#ifndef _VHX_VSOCK_LIMIT_H
#define _VHX_VSOCK_LIMIT_H

#include "bucket.h"
#include "space.h"

struct vhx_guest;

/**
 * struct vhx_limit_entry - a guest that has limits of its own
 * @node: in its space, by @cid
 * @cid: the guest's, which need not be there
 * @limits: its limits
 */
struct vhx_limit_entry {
	struct list_head node;
	u32 cid;
	struct vhx_limits limits;
};

void vhx_limits_initial(struct vhx_limits *l);
const struct vhx_limits *vhx_limits_find(const struct vhx_space *s, u32 cid);
int vhx_limit_set(struct vhx_space *s, u32 cid, const struct vhx_limits *to);
int vhx_limit_del(struct vhx_space *s, u32 cid);
void vhx_limit_flush(struct vhx_space *s);

void vhx_limit_apply(struct vhx_guest *g);
bool vhx_limit_conn(struct vhx_guest *g);
bool vhx_limit_paused(struct vhx_guest *g);
void vhx_limit_sent(struct vhx_guest *g, u32 bytes);

#endif /* _VHX_VSOCK_LIMIT_H */
