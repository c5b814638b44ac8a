// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of routes, see route.h.
 */
#include <linux/slab.h>
#include <linux/vm_sockets.h>

#include "route.h"

static bool vhx_range_has(const struct vhx_range *r, u32 n)
{
	return n >= r->first && n <= r->last;
}

static bool vhx_route_matches(const struct vhx_route *r, const struct vhx_pkt_hdr *h)
{
	return vhx_range_has(&r->from, le64_to_cpu(h->src_cid)) &&
	       vhx_range_has(&r->to, le64_to_cpu(h->dst_cid)) &&
	       vhx_range_has(&r->port, le32_to_cpu(h->dst_port)) &&
	       (!r->type || r->type == le16_to_cpu(h->type));
}

/**
 * vhx_route_verdict - who gets the connection that a packet asks for?
 * @s: space of the guest that sent it
 * @h: its header, judged
 *
 * Without a route the host gets what is for the host, and nobody the rest.
 *
 * Context: any but interrupts.
 * Return: VHX_VSOCK_HOST, _SIBLING, _REJECT, _AGENT.
 */
u8 vhx_route_verdict(struct vhx_space *s, const struct vhx_pkt_hdr *h)
{
	u8 verdict = le64_to_cpu(h->dst_cid) == VMADDR_CID_HOST ? VHX_VSOCK_HOST : VHX_VSOCK_REJECT;
	struct vhx_route *r;

	rcu_read_lock();
	list_for_each_entry_rcu(r, &s->routes, node) {
		if (!vhx_route_matches(r, h))
			continue;
		atomic64_inc(&r->hits);
		verdict = r->verdict;
		break;
	}
	rcu_read_unlock();
	return verdict;
}

/* Context: vhx_space_lock. Return: the first whose preference is not less than @pref, or NULL. */
static struct vhx_route *vhx_route_at(struct vhx_space *s, u32 pref)
{
	struct vhx_route *r;

	list_for_each_entry(r, &s->routes, node)
		if (r->pref >= pref)
			return r;
	return NULL;
}

/* A preference behind all others, with room for some between. Context: vhx_space_lock. */
static u32 vhx_route_last(const struct vhx_space *s)
{
	const u32 step = 10;

	if (list_empty(&s->routes))
		return step;
	return list_last_entry(&s->routes, struct vhx_route, node)->pref + step;
}

/**
 * vhx_route_add - add a route
 * @s: space
 * @like: what it is to be; its preference 0: behind all others
 *
 * Context: process, sleeps; vhx_space_lock.
 * Return: 0; -EEXIST there is one with that preference; -E2BIG; -ERANGE no preference is left
 * behind the others; -ENOMEM.
 */
int vhx_route_add(struct vhx_space *s, const struct vhx_route *like)
{
	const u32 pref = like->pref ?: vhx_route_last(s);
	struct vhx_route *r, *next = vhx_route_at(s, pref);

	if (next && next->pref == pref)
		return -EEXIST;
	if (s->nroutes >= VHX_ROUTES_MAX)
		return -E2BIG;
	if (pref > VHX_VSOCK_PREF_MAX)
		return -ERANGE;
	r = kmemdup(like, sizeof(*like), GFP_KERNEL_ACCOUNT);
	if (!r)
		return -ENOMEM;
	r->pref = pref;
	atomic64_set(&r->hits, 0);
	list_add_tail_rcu(&r->node, next ? &next->node : &s->routes);
	s->nroutes++;
	return 0;
}

static void vhx_route_drop(struct vhx_space *s, struct vhx_route *r)
{
	list_del_rcu(&r->node);
	s->nroutes--;
	kfree_rcu(r, rcu);
}

/**
 * vhx_route_del - take a route away
 * @s: space
 * @pref: its preference
 *
 * Context: process; vhx_space_lock.
 * Return: 0 or -ENOENT.
 */
int vhx_route_del(struct vhx_space *s, u32 pref)
{
	struct vhx_route *r = vhx_route_at(s, pref);

	if (!r || r->pref != pref)
		return -ENOENT;
	vhx_route_drop(s, r);
	return 0;
}

/**
 * vhx_route_flush - take all routes away
 * @s: space
 *
 * Context: process; vhx_space_lock.
 */
void vhx_route_flush(struct vhx_space *s)
{
	struct vhx_route *r, *next;

	list_for_each_entry_safe(r, next, &s->routes, node)
		vhx_route_drop(s, r);
}
