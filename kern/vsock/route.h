/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routes: who gets a connection that a guest asks for. Asked for its first packet alone, in order
 * of preference; the first that matches decides.
 */
#ifndef _VHX_VSOCK_ROUTE_H
#define _VHX_VSOCK_ROUTE_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>

#include "pkt.h"
#include "space.h"

struct vhx_range {
	u32 first;
	u32 last;
};

/**
 * struct vhx_route - a route
 * @node: in its space
 * @pref: preference; no two of a space have the same
 * @from: CIDs of guests that ask
 * @to: that they ask for
 * @port: ports
 * @type: VHX_PKT_STREAM, VHX_PKT_SEQPACKET; 0: any
 * @verdict: VHX_VSOCK_HOST, _SIBLING, _REJECT, _AGENT
 * @hits: connections it decided on
 * @rcu: it is freed by that
 */
struct vhx_route {
	struct list_head node;
	u32 pref;
	struct vhx_range from;
	struct vhx_range to;
	struct vhx_range port;
	u16 type;
	u8 verdict;
	atomic64_t hits;
	struct rcu_head rcu;
};

int vhx_route_add(struct vhx_space *s, const struct vhx_route *like);
int vhx_route_del(struct vhx_space *s, u32 pref);
void vhx_route_flush(struct vhx_space *s);
u8 vhx_route_verdict(struct vhx_space *s, const struct vhx_pkt_hdr *h);

#endif /* _VHX_VSOCK_ROUTE_H */
