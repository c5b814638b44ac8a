// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has which CID. Where network namespaces have CIDs of their own, two guests may have the same
 * in two of them.
 */
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/vm_sockets.h>

#include "guest.h"
#include "limit.h"

static DEFINE_MUTEX(vhx_cids_lock);	/* who changes the table; outside of vhx_space_lock */
static DEFINE_READ_MOSTLY_HASHTABLE(vhx_cids, 8);

/**
 * vhx_cid_find - the guest with a CID
 * @cid: the CID
 * @net: who asks
 *
 * Context: RCU, or vhx_cids_lock.
 * Return: the guest, as long as the RCU section lasts, or NULL.
 */
struct vhx_guest *vhx_cid_find(u32 cid, struct net *net)
{
	struct vhx_guest *g;

	hash_for_each_possible_rcu(vhx_cids, g, node, cid, lockdep_is_held(&vhx_cids_lock))
		if (g->cid == cid && vsock_net_check_mode(g->net, net))
			return g;
	return NULL;
}

/**
 * vhx_cid_each - look at guests that have a CID
 * @fn: called for each, in an RCU section
 * @arg: for @fn
 *
 * Context: process.
 */
void vhx_cid_each(void (*fn)(struct vhx_guest *g, void *arg), void *arg)
{
	struct vhx_guest *g;
	u32 i;

	rcu_read_lock();
	hash_for_each_rcu(vhx_cids, i, g, node)
		fn(g, arg);
	rcu_read_unlock();
}

/* Nobody finds it by its CID any more. Context: vhx_cids_lock. */
static void vhx_cid_unhash(struct vhx_guest *g)
{
	if (!g->cid)
		return;
	hash_del_rcu(&g->node);
	/* Who stands at it in the table must not go on in the list that it is put into next. */
	synchronize_rcu();
	WRITE_ONCE(g->cid, 0);
}

/* Context: vhx_cids_lock. */
static bool vhx_cid_is_taken(u32 cid, const struct vhx_guest *g)
{
	struct vhx_guest *other = vhx_cid_find(cid, g->net);

	/* This machine may be a guest itself, and its host know it by that. */
	return (other && other != g) || vsock_find_cid(cid);
}

static void vhx_cid_own(struct vhx_guest *g)
{
	struct pid *old = g->owner;

	g->owner = get_pid(g->dev.owner);
	memcpy(g->comm, g->dev.comm, sizeof(g->comm));
	put_pid(old);
}

/**
 * vhx_cid_show - show whose a guest is
 * @g: guest
 *
 * Context: process, sleeps; @g's device's lock.
 */
void vhx_cid_show(struct vhx_guest *g)
{
	mutex_lock(&vhx_cids_lock);
	vhx_cid_own(g);
	mutex_unlock(&vhx_cids_lock);
}

/**
 * vhx_cid_walk - look at guests that have a CID, and whose they are
 * @fn: called for each, until it returns something else than 0
 * @arg: for @fn
 *
 * Context: process, sleeps; @fn may.
 * Return: what @fn returned last.
 */
int vhx_cid_walk(int (*fn)(struct vhx_guest *g, void *arg), void *arg)
{
	struct vhx_guest *g;
	int ret = 0;
	u32 i;

	mutex_lock(&vhx_cids_lock);
	hash_for_each(vhx_cids, i, g, node) {
		ret = fn(g, arg);
		if (ret)
			break;
	}
	mutex_unlock(&vhx_cids_lock);
	return ret;
}

/**
 * vhx_cid_set - give a guest its CID
 * @g: guest, which may have another
 * @cid: what it is to be, and can
 *
 * Context: process, sleeps; @g's device's lock.
 * Return: 0 or -EADDRINUSE.
 */
int vhx_cid_set(struct vhx_guest *g, u64 cid)
{
	int err = 0;

	mutex_lock(&vhx_cids_lock);
	if (vhx_cid_is_taken(cid, g)) {
		err = -EADDRINUSE;
	} else if (g->cid != cid) {
		vhx_cid_unhash(g);
		WRITE_ONCE(g->cid, cid);
		hash_add_rcu(vhx_cids, &g->node, cid);
		vhx_limit_apply(g);
		vhx_cid_own(g);
	}
	mutex_unlock(&vhx_cids_lock);
	return err;
}

/**
 * vhx_cid_drop - a guest has no CID any more
 * @g: guest
 *
 * Context: process, sleeps. Who found it by its CID has let go of it when this returns.
 */
void vhx_cid_drop(struct vhx_guest *g)
{
	mutex_lock(&vhx_cids_lock);
	vhx_cid_unhash(g);
	put_pid(g->owner);
	g->owner = NULL;
	mutex_unlock(&vhx_cids_lock);
}
