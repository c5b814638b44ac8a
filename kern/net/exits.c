// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last words of policies that left, for who asks afterwards: `vhx policy exits`.
 */
#include <net/net_namespace.h>

#include "policy.h"

/* The newest is at [vhx_exits_n - 1]; vhx_net_mutex. */
static struct vhx_exit_record vhx_exits[VHX_EXITS];
static u32 vhx_exits_n;

/**
 * vhx_exits_add - remember why a policy left
 * @p: the policy, its exit filled in
 *
 * Context: vhx_net_mutex.
 */
void vhx_exits_add(const struct vhx_policy *p)
{
	struct vhx_exit_record *rec = &vhx_exits[vhx_exits_n % VHX_EXITS];

	lockdep_assert_held(&vhx_net_mutex);
	rec->policy_id = vhx_policy_id(p);
	rec->net_cookie = p->net->net_cookie;
	memcpy(rec->name, p->name, sizeof(rec->name));
	rec->info = p->exit;
	vhx_exits_n++;
}

/**
 * vhx_exits_get - read one
 * @from: number to begin at, counted from the first exit ever
 * @rec: where to put the oldest that is not older than @from
 *
 * Context: vhx_net_mutex.
 * Return: its number plus one, to go on from; 0 when there is none.
 */
u32 vhx_exits_get(u32 from, struct vhx_exit_record *rec)
{
	lockdep_assert_held(&vhx_net_mutex);
	if (vhx_exits_n > VHX_EXITS)
		from = max(from, vhx_exits_n - VHX_EXITS);
	if (from >= vhx_exits_n)
		return 0;
	*rec = vhx_exits[from % VHX_EXITS];
	return from + 1;
}
