// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spaces of CIDs, see space.h.
 */
#include <net/af_vsock.h>
#include <net/netns/generic.h>

#include "limit.h"
#include "route.h"

DEFINE_MUTEX(vhx_space_lock);

static unsigned int vhx_space_id __read_mostly;

/* Namespaces that are in the first one's space have one of their own nevertheless, unused. */
static int __net_init vhx_space_enter(struct net *net)
{
	struct vhx_space *s = net_generic(net, vhx_space_id);

	INIT_LIST_HEAD(&s->routes);
	INIT_LIST_HEAD(&s->limits);
	vhx_limits_initial(&s->common);
	return 0;
}

/* No guest is in it any more: each holds its namespace. */
static void __net_exit vhx_space_leave(struct net *net)
{
	struct vhx_space *s = net_generic(net, vhx_space_id);

	mutex_lock(&vhx_space_lock);
	vhx_route_flush(s);
	vhx_limit_flush(s);
	mutex_unlock(&vhx_space_lock);
}

static struct pernet_operations vhx_space_ops = {
	.init	= vhx_space_enter,
	.exit	= vhx_space_leave,
	.id	= &vhx_space_id,
	.size	= sizeof(struct vhx_space),
};

/**
 * vhx_space_net - whose space a network namespace is in
 * @net: namespace
 *
 * Return: the first one, or @net if it has CIDs of its own.
 */
struct net *vhx_space_net(struct net *net)
{
	return vsock_net_check_mode(net, &init_net) ? &init_net : net;
}

/**
 * vhx_space_of - the space of a network namespace
 * @net: namespace
 *
 * Return: its, which stays as long as @net.
 */
struct vhx_space *vhx_space_of(struct net *net)
{
	return net_generic(vhx_space_net(net), vhx_space_id);
}

int __init vhx_space_init(void)
{
	return register_pernet_subsys(&vhx_space_ops);
}

void vhx_space_exit(void)
{
	unregister_pernet_subsys(&vhx_space_ops);
	/* Routes go by RCU. */
	rcu_barrier();
}
