// SPDX-License-Identifier: GPL-2.0-only
/*
 * VHX_TEST_RUN: a policy judges given bytes. BPF_PROG_TEST_RUN cannot do that for a struct_ops
 * type of a module.
 */
#include <linux/capability.h>
#include <linux/ktime.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "core/args.h"
#include "describe.h"
#include "steer.h"
#include "testrun.h"

#define VHX_TEST_RUN_V1		64	/* sizeof(struct vhx_test_run), first version */
#define VHX_TEST_SLICE		256	/* runs between two looks at the clock and for signals */

/* How far a policy sees into a guest's packet, it sees here. */
static u32 vhx_test_head_len(const struct vhx_test_run *t)
{
	if (t->dir == VHX_DIR_RX)
		return t->data_len;
	return min_t(u32, t->data_len, VHX_PKT_HEAD_MAX);
}

static void vhx_test_frame(struct vhx_pkt_kern *pk, const struct vhx_test_run *t,
			   const void *data)
{
	struct vhx_frame f = { data, vhx_test_head_len(t), t->data_len };

	vhx_pkt_describe(pk, &f, VHX_PKT_TEST, t->queue);
	if (t->dir == VHX_DIR_TX)
		pk->pkt.flags |= VHX_PKT_TX;
	if (t->gso_size) {
		pk->pkt.flags |= VHX_PKT_GSO | VHX_PKT_CSUM;
		pk->pkt.gso_size = t->gso_size;
	}
}

static int vhx_test_slice(struct vhx_test_run *t, u32 n, struct vhx_nic *nic,
			  const void *data)
{
	const struct vhx_steer_ops *ops = NULL;
	const struct vhx_policy *p;
	struct vhx_pkt_kern pk;
	int err = 0;

	mutex_lock(&vhx_net_mutex);
	rcu_read_lock();
	p = vhx_policy_find(t->policy_id);
	if (p && net_eq(p->net, current->nsproxy->net_ns))
		ops = rcu_dereference(p->ops);
	mutex_unlock(&vhx_net_mutex);

	if (!ops)
		err = -ENOENT;
	else if (t->dir == VHX_DIR_RX ? !ops->rx : !ops->tx)
		err = -EOPNOTSUPP;
	while (!err && n--) {
		vhx_test_frame(&pk, t, data);
		t->verdict = t->dir == VHX_DIR_RX ? ops->rx(&pk.pkt, nic)
						  : ops->tx(&pk.pkt, nic);
	}
	rcu_read_unlock();
	return err;
}

static int vhx_test_repeat(struct vhx_test_run *t, struct vhx_nic *nic,
			   const void *data)
{
	u32 left = t->repeat;
	u64 ns = 0;
	int err;

	while (left) {
		u32 n = min_t(u32, left, VHX_TEST_SLICE);
		u64 start = ktime_get_ns();

		err = vhx_test_slice(t, n, nic, data);
		if (err)
			return err;
		ns += ktime_get_ns() - start;
		left -= n;
		if (left && signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	t->duration_ns = div_u64(ns, t->repeat);
	return 0;
}

static bool vhx_test_valid(const struct vhx_test_run *t)
{
	return !t->flags && t->dir <= VHX_DIR_TX &&
	       t->data_len >= ETH_HLEN && t->data_len <= VHX_TEST_MAX_LEN &&
	       t->queues && t->queues <= VHX_NIC_PAIRS &&
	       t->queue < t->queues && t->gso_size <= U16_MAX &&
	       t->repeat <= VHX_TEST_MAX_REPEAT;
}

/**
 * vhx_test_run - VHX_TEST_RUN
 * @argp: struct vhx_test_run, which says it all
 *
 * Context: process, sleeps.
 * Return: 0 or what struct vhx_test_run says.
 */
long vhx_test_run(struct vhx_test_run __user *argp)
{
	struct vhx_nic nic = { .name = "test" };
	struct vhx_test_run t = {};
	struct vhx_effect e;
	void *data;
	long err;

	if (!ns_capable(current->nsproxy->net_ns->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	err = vhx_args_read(&t, sizeof(t), VHX_TEST_RUN_V1, argp);
	if (err)
		return err;
	if (!vhx_test_valid(&t))
		return -EINVAL;
	t.repeat = t.repeat ?: 1;

	data = vmemdup_user(u64_to_user_ptr(t.data), t.data_len);
	if (IS_ERR(data))
		return PTR_ERR(data);

	nic.queues = t.queues;
	nic.max_queues = t.queues;
	err = vhx_test_repeat(&t, &nic, data);
	if (err)
		goto out;

	vhx_steer_decode(&nic, t.verdict,
			 t.dir == VHX_DIR_TX ? VHX_PKT_TX : 0, &e);
	t.effect = e.what;
	t.effect_queue = e.queue;
	if (e.what == VHX_EFFECT_QUEUE && e.queue >= t.queues)
		t.effect = VHX_EFFECT_DEAD;
	if (copy_to_user(argp, &t, min_t(size_t, t.size, sizeof(t))))
		err = -EFAULT;
out:
	kvfree(data);
	return err;
}
