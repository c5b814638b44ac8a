// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies, see policy.h: attach, bind, replace, eject, leave.
 */
#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/net_namespace.h>

#include "core/nl.h"
#include "policy.h"
#include "trace.h"

LIST_HEAD(vhx_policies);

static struct workqueue_struct *vhx_policy_wq;

static void vhx_policy_free_rcu(struct rcu_head *rcu)
{
	struct vhx_policy *p = container_of(rcu, struct vhx_policy, rcu);

	free_percpu(p->stats);
	kfree(p);
}

static void vhx_policy_put(struct vhx_policy *p)
{
	if (!refcount_dec_and_test(&p->refs))
		return;
	put_net(p->net);
	call_rcu(&p->rcu, vhx_policy_free_rcu);
}

static void vhx_policy_check(struct work_struct *work)
{
	struct vhx_net_nic *nic;

	mutex_lock(&vhx_net_mutex);
	vhx_nic_recounted();
	list_for_each_entry(nic, &vhx_nics, node) {
		if (!READ_ONCE(nic->mismatch))
			continue;
		vhx_nic_event(VHX_EVENT_MISMATCH, nic,
			      "packets come from another netdev than the fd named");
		vhx_policy_match(nic);
	}
	mutex_unlock(&vhx_net_mutex);
}

static DECLARE_WORK(vhx_policy_check_work, vhx_policy_check);

/**
 * vhx_policy_check_later - a NIC turned out not to be what it said, or its netdev changed
 *
 * Context: any.
 */
void vhx_policy_check_later(void)
{
	queue_work(vhx_policy_wq, &vhx_policy_check_work);
}

/**
 * vhx_policy_find - the policy with an id
 * @id: its link's id
 *
 * Context: vhx_net_mutex.
 * Return: the policy or NULL.
 */
struct vhx_policy *vhx_policy_find(u32 id)
{
	struct vhx_policy *p;

	lockdep_assert_held(&vhx_net_mutex);
	list_for_each_entry(p, &vhx_policies, node)
		if (vhx_policy_id(p) == id)
			return p;
	return NULL;
}

static struct vhx_policy *vhx_policy_of_link(const struct bpf_link *link)
{
	struct vhx_policy *p;

	list_for_each_entry(p, &vhx_policies, node)
		if (p->link == link)
			return p;
	return NULL;
}

static int vhx_policy_target(const struct vhx_steer_ops *ops, u32 *nic_id)
{
	struct vhx_net_nic *nic = NULL;
	bool by_fd = ops->nic_fd > 0;
	int err;

	*nic_id = 0;
	if (!ops->nic_id && !by_fd)
		return vhx_policy_admin(current->nsproxy->net_ns) ? 0 : -EPERM;

	if (by_fd)
		nic = vhx_nic_of_fd(ops->nic_fd);
	else
		nic = vhx_nic_find(ops->nic_id);
	if (IS_ERR(nic))
		return PTR_ERR(nic);
	/* An id is a name, and names are of a namespace; who has the fd has the NIC. */
	if (!nic || (!by_fd && (nic->net ?: &init_net) !=
				current->nsproxy->net_ns))
		return -ENODEV;

	err = vhx_policy_may_take(nic, by_fd);
	if (!err)
		*nic_id = nic->bpf.id;
	return err;
}

static void vhx_policy_eject_work(struct work_struct *work);

static struct vhx_policy *vhx_policy_new(const struct vhx_steer_ops *ops,
					 struct bpf_link *link)
{
	struct vhx_policy *p;

	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return NULL;
	p->stats = alloc_percpu_gfp(struct vhx_policy_stats,
				    GFP_KERNEL_ACCOUNT);
	if (!p->stats) {
		kfree(p);
		return NULL;
	}

	p->link = link;
	p->flags = ops->flags;
	p->max_errors = ops->max_errors ?: VHX_MAX_ERRORS_DEFAULT;
	p->err_since = jiffies;
	strscpy(p->name, ops->name, sizeof(p->name));
	strscpy(p->pattern, ops->nic_name, sizeof(p->pattern));
	p->net = get_net(current->nsproxy->net_ns);
	p->uid = current_uid();
	INIT_LIST_HEAD(&p->bindings);
	INIT_WORK(&p->eject, vhx_policy_eject_work);
	refcount_set(&p->refs, 1);
	RCU_INIT_POINTER(p->ops, ops);
	p->progs = ops;
	return p;
}

/* The like of @p for all NICs that @p is for by name. */
static bool vhx_policy_is_heir(const struct vhx_policy *q,
			       const struct vhx_policy *p)
{
	return vhx_policy_is_like(q, p) && !strcmp(q->pattern, p->pattern);
}

static bool vhx_policy_has_heir(const struct vhx_policy *p)
{
	struct vhx_policy *q;

	list_for_each_entry(q, &vhx_policies, node)
		if (vhx_policy_is_heir(q, p))
			return true;
	return false;
}

/* A required policy stays for the NICs that must not go without it: those it has, and by name. */
static bool vhx_policy_is_missed(const struct vhx_policy *p)
{
	if (!(p->flags & VHX_STEER_F_REQUIRED))
		return false;
	return !list_empty(&p->bindings) ||
	       (*p->pattern && !vhx_policy_has_heir(p));
}

/* Who waited behind a filter goes on waiting: its heir gets its place. */
static void vhx_policy_inherit(struct vhx_policy *p)
{
	struct vhx_policy *q = p;

	list_for_each_entry_continue(q, &vhx_policies, node) {
		if (!vhx_policy_is_heir(q, p))
			continue;
		list_move_tail(&q->node, &p->node);
		return;
	}
}

/**
 * vhx_policy_prune - forget those that left and that nobody misses
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_prune(void)
{
	struct vhx_policy *p, *next;

	list_for_each_entry_safe(p, next, &vhx_policies, node)
		if (!p->link && !vhx_policy_is_missed(p))
			vhx_policy_forget(p);
}

/**
 * vhx_policy_reg - a BPF link attaches a policy
 * @ops: the programs, checked
 * @link: the link
 *
 * Context: process, the attacher's; sleeps.
 * Return: 0; -EPERM; -ENODEV no such NIC; -EBUSY the NIC has a policy of its own; -ENOMEM; what
 * nic_attach said of the one NIC that was named.
 */
int vhx_policy_reg(const struct vhx_steer_ops *ops, struct bpf_link *link)
{
	struct vhx_policy *p;
	u32 nic_id;
	int err;

	mutex_lock(&vhx_net_mutex);
	err = vhx_policy_target(ops, &nic_id);
	if (err)
		goto out;

	err = -ENOMEM;
	p = vhx_policy_new(ops, link);
	if (!p)
		goto out;
	p->nic_id = nic_id;
	list_add_tail(&p->node, &vhx_policies);

	err = nic_id ? vhx_policy_take(p, vhx_nic_find(nic_id)) : 0;
	if (err) {
		list_del(&p->node);
		vhx_policy_put(p);
		goto out;
	}
	if (*p->pattern)
		vhx_policy_match_all();
	vhx_policy_prune();
	vhx_policy_event(VHX_EVENT_POLICY_NEW, p, NULL, NULL);
out:
	mutex_unlock(&vhx_net_mutex);
	return err;
}

/* The next in line takes over where there is one, else @p's bindings end, or stay closed. */
static void vhx_policy_rematch(struct vhx_policy *p)
{
	struct vhx_binding *b, *next;

	list_for_each_entry_safe(b, next, &p->bindings, node)
		vhx_policy_match(b->nic);
}

/* What is bound to it afterwards is closed. */
static void vhx_policy_leave(struct vhx_policy *p,
			     const struct vhx_steer_ops *ops)
{
	struct vhx_binding *b;

	vhx_policy_rematch(p);
	list_for_each_entry(b, &p->bindings, node) {
		if (ops->nic_detach)
			ops->nic_detach(&b->nic->bpf);
		vhx_policy_event(VHX_EVENT_CLOSED, p, b->nic,
				 "its required policy left");
	}
	p->progs = NULL;
	p->id = p->link->id;
	p->link = NULL;
}

static void vhx_policy_say_exit(struct vhx_policy *p,
				const struct vhx_steer_ops *ops)
{
	bool ejected = p->exit_kind != VHX_EXIT_DETACHED;

	p->exit.kind = p->exit_kind;
	if (!p->exit.time_ns)
		p->exit.time_ns = ktime_get_boottime_ns();
	vhx_exits_add(p);
	trace_vhx_exit(p);
	if (ejected && ops->exit)
		ops->exit(&p->exit);
	vhx_policy_event(ejected ? VHX_EVENT_EJECTED : VHX_EVENT_POLICY_GONE,
			 p, NULL, p->exit.reason);
}

/**
 * vhx_policy_unreg - a BPF link is detached or gone
 * @ops: the programs; may be called until this returns
 * @link: the link
 *
 * Context: process, sleeps.
 */
void vhx_policy_unreg(const struct vhx_steer_ops *ops, struct bpf_link *link)
{
	struct vhx_policy *p;

	mutex_lock(&vhx_net_mutex);
	p = vhx_policy_of_link(link);
	if (WARN_ON_ONCE(!p))
		goto out;

	if (!cmpxchg(&p->exit_kind, VHX_EXIT_NONE, VHX_EXIT_DETACHED))
		strscpy(p->exit.reason, "detached", sizeof(p->exit.reason));
	RCU_INIT_POINTER(p->ops, NULL);
	vhx_policy_say_exit(p, ops);
	vhx_policy_leave(p, ops);
	vhx_policy_prune();
out:
	mutex_unlock(&vhx_net_mutex);
}

static int vhx_policy_attach_new(struct vhx_policy *p,
				 const struct vhx_steer_ops *new)
{
	struct vhx_binding *b;
	int err;

	if (!new->nic_attach)
		return 0;
	list_for_each_entry(b, &p->bindings, node) {
		err = new->nic_attach(&b->nic->bpf);
		if (err)
			goto err_detach;
	}
	return 0;

err_detach:
	list_for_each_entry_continue_reverse(b, &p->bindings, node)
		if (new->nic_detach)
			new->nic_detach(&b->nic->bpf);
	return err < 0 && err >= -MAX_ERRNO ? err : -EINVAL;
}

/**
 * vhx_policy_update - a BPF link gets new programs
 * @ops: the new programs, checked
 * @link: the link
 *
 * A packet is judged by the old programs or by the new ones, never by none. What the policy is
 * bound to stays; the new programs' own NIC name, id and fd are not looked at.
 *
 * Context: process, sleeps.
 * Return: 0; -ENOLINK it has just been ejected; what nic_attach said.
 */
int vhx_policy_update(const struct vhx_steer_ops *ops, struct bpf_link *link)
{
	const struct vhx_steer_ops *old;
	struct vhx_policy *p;
	struct vhx_binding *b;
	int err = -ENOLINK;

	mutex_lock(&vhx_net_mutex);
	p = vhx_policy_of_link(link);
	if (!p || !vhx_policy_alive(p))
		goto out;
	err = vhx_policy_attach_new(p, ops);
	if (err)
		goto out;

	old = p->progs;
	p->progs = ops;
	p->flags = ops->flags;
	p->max_errors = ops->max_errors ?: VHX_MAX_ERRORS_DEFAULT;
	strscpy(p->name, ops->name, sizeof(p->name));
	p->generation++;
	rcu_assign_pointer(p->ops, ops);
	/* Who ejected meanwhile saw the old programs: let it be so. Pairs with vhx_policy_eject(). */
	smp_mb();
	if (READ_ONCE(p->exit_kind))
		RCU_INIT_POINTER(p->ops, NULL);

	list_for_each_entry(b, &p->bindings, node)
		if (old->nic_detach)
			old->nic_detach(&b->nic->bpf);
	trace_vhx_replace(p);
	vhx_policy_event(VHX_EVENT_REPLACED, p, NULL, NULL);
out:
	mutex_unlock(&vhx_net_mutex);
	return err;
}

/* Detaching a link takes bpf's mutex, which comes before ours: hold neither over it. */
static void vhx_policy_eject_work(struct work_struct *work)
{
	struct vhx_policy *p = container_of(work, struct vhx_policy, eject);
	struct bpf_link *link = NULL;

	mutex_lock(&vhx_net_mutex);
	if (p->link)
		link = bpf_link_inc_not_zero(p->link);
	mutex_unlock(&vhx_net_mutex);

	if (!IS_ERR_OR_NULL(link)) {
		link->ops->detach(link);
		bpf_link_put(link);
	}
	vhx_policy_put(p);
}

/**
 * vhx_policy_eject - throw a policy out
 * @p: the policy
 * @info: why; kind must be set
 *
 * From here on no packet is judged by it; the link is detached soon after, which its holder
 * sees as EPOLLHUP. The first reason counts.
 *
 * Context: any; RCU or vhx_net_mutex, which keeps @p.
 */
void vhx_policy_eject(struct vhx_policy *p, const struct vhx_exit_info *info)
{
	if (cmpxchg(&p->exit_kind, VHX_EXIT_NONE, info->kind))
		return;
	p->exit = *info;
	/* Pairs with the barrier in vhx_policy_update(). */
	smp_mb();
	RCU_INIT_POINTER(p->ops, NULL);
	/* A policy whose link is gone already has nothing left to detach. */
	if (refcount_inc_not_zero(&p->refs))
		queue_work(vhx_policy_wq, &p->eject);
}

/**
 * vhx_policy_forget - let go of a required policy that left
 * @p: the policy; its NICs go on without, or with the next in line
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_forget(struct vhx_policy *p)
{
	vhx_policy_inherit(p);
	list_del(&p->node);
	vhx_policy_rematch(p);
	if (p->flags & VHX_STEER_F_REQUIRED)
		vhx_policy_event(VHX_EVENT_POLICY_GONE, p, NULL, NULL);
	vhx_policy_put(p);
}

/**
 * vhx_policy_nic_gone - a NIC is going
 * @nic: the NIC, out of vhx_nics already
 *
 * A policy that was attached to this NIC and no other goes with it.
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_nic_gone(struct vhx_net_nic *nic)
{
	struct vhx_exit_info info = {
		.kind = VHX_EXIT_NIC_GONE,
		.nic_id = nic->bpf.id,
		.reason = "the NIC it was attached to is gone",
	};
	struct vhx_policy *p;

	vhx_policy_unbind(nic);
	info.time_ns = ktime_get_boottime_ns();
	list_for_each_entry(p, &vhx_policies, node)
		if (p->link && p->nic_id == nic->bpf.id)
			vhx_policy_eject(p, &info);
	vhx_policy_prune();
}

int __init vhx_policy_init(void)
{
	vhx_policy_wq = alloc_workqueue("vhx_policy", WQ_UNBOUND, 0);
	return vhx_policy_wq ? 0 : -ENOMEM;
}

/**
 * vhx_policy_exit - the module goes
 *
 * No link is left, since each holds the module; what is left are required policies that left.
 */
void vhx_policy_exit(void)
{
	struct vhx_policy *p, *next;

	destroy_workqueue(vhx_policy_wq);
	mutex_lock(&vhx_net_mutex);
	list_for_each_entry_safe(p, next, &vhx_policies, node)
		vhx_policy_forget(p);
	mutex_unlock(&vhx_net_mutex);
	vhx_steer_key_exit();
	/* vhx_policy_free_rcu() is this module's text. */
	rcu_barrier();
}
