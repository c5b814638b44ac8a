// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which policy a NIC has, see policy.h: who may, who comes first, and the change from one to
 * another.
 */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/glob.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "core/nl.h"
#include "policy.h"
#include "trace.h"

/* Raises that nobody needs any more; vhx_net_mutex. */
static u32 vhx_steer_spare;

DEFINE_STATIC_KEY_FALSE(vhx_steer_key);
EXPORT_SYMBOL_GPL(vhx_steer_key);

static void vhx_steer_key_lower(struct work_struct *work)
{
	mutex_lock(&vhx_net_mutex);
	for (; vhx_steer_spare; vhx_steer_spare--)
		static_branch_dec(&vhx_steer_key);
	mutex_unlock(&vhx_net_mutex);
}

static DECLARE_DELAYED_WORK(vhx_steer_key_work, vhx_steer_key_lower);

/**
 * vhx_steer_key_get - packets are to be judged
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_steer_key_get(void)
{
	if (vhx_steer_spare)
		vhx_steer_spare--;
	else
		static_branch_inc(&vhx_steer_key);
}

/**
 * vhx_steer_key_put - who called vhx_steer_key_get() is done
 *
 * The key is lowered a second later. Changing it rewrites the kernel's text with all CPUs
 * interrupted, which must not be had as often as somebody likes who attaches and detaches.
 *
 * Context: process; vhx_net_mutex.
 */
void vhx_steer_key_put(void)
{
	vhx_steer_spare++;
	schedule_delayed_work(&vhx_steer_key_work, HZ);
}

/**
 * vhx_steer_key_exit - the module goes, and the key with it
 */
void vhx_steer_key_exit(void)
{
	cancel_delayed_work_sync(&vhx_steer_key_work);
}

/**
 * vhx_policy_event - tell the listeners of a policy's namespace
 * @kind: enum vhx_event_kind
 * @p: the policy
 * @nic: the NIC it is about; may be NULL
 * @reason: for a person; may be NULL
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_event(u32 kind, const struct vhx_policy *p,
		      const struct vhx_net_nic *nic, const char *reason)
{
	u32 id = vhx_policy_id(p);
	struct sk_buff *skb;
	void *head;

	skb = vhx_nl_event_new(kind, &head);
	if (!skb)
		return;
	/* A link gets its id only after it was attached: no id is better than a wrong one. */
	if ((id && nla_put_u32(skb, VHX_A_EVENT_POLICY_ID, id)) ||
	    nla_put_string(skb, VHX_A_EVENT_POLICY_NAME, p->name) ||
	    (nic && (nla_put_u32(skb, VHX_A_EVENT_NIC_ID, nic->bpf.id) ||
		     nla_put_string(skb, VHX_A_EVENT_NIC_NAME,
				    nic->bpf.name))) ||
	    (reason && nla_put_string(skb, VHX_A_EVENT_REASON, reason))) {
		nlmsg_free(skb);
		return;
	}
	vhx_nl_event_send(p->net, skb, head);
}

/* Let go of a binding that the NIC points to no more. */
static void vhx_binding_drop(struct vhx_binding *b)
{
	const struct vhx_steer_ops *ops = b->policy->progs;

	list_del(&b->node);
	vhx_steer_key_put();
	if (ops && ops->nic_detach)
		ops->nic_detach(&b->nic->bpf);
	trace_vhx_attach(b->policy, b->nic, false);
	vhx_policy_event(VHX_EVENT_UNBOUND, b->policy, b->nic, NULL);
	kfree_rcu(b, rcu);
}

/**
 * vhx_policy_unbind - leave a NIC without a policy
 * @nic: the NIC; without one already is fine
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_unbind(struct vhx_net_nic *nic)
{
	struct vhx_binding *b = vhx_binding_of(nic);

	if (!b)
		return;
	RCU_INIT_POINTER(nic->binding, NULL);
	vhx_binding_drop(b);
}

/**
 * vhx_policy_take - put a policy in charge of a NIC
 * @p: the policy
 * @nic: the NIC; who was in charge before goes, with no packet in between unjudged
 *
 * Context: process, sleeps; vhx_net_mutex.
 * Return: 0; -ENOMEM; what nic_attach said.
 */
int vhx_policy_take(struct vhx_policy *p, struct vhx_net_nic *nic)
{
	const struct vhx_steer_ops *ops = p->progs;
	struct vhx_binding *old = vhx_binding_of(nic);
	struct vhx_binding *b;
	int err;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	err = vhx_nic_make_mailboxes(nic);
	if (err)
		goto err_free;
	if (ops && ops->nic_attach) {
		err = ops->nic_attach(&nic->bpf);
		/* The program may return what it likes. */
		if (err > 0 || err < -MAX_ERRNO)
			err = -EINVAL;
		if (err)
			goto err_free;
	}

	b->policy = p;
	b->nic = nic;
	list_add_tail(&b->node, &p->bindings);
	vhx_steer_key_get();
	rcu_assign_pointer(nic->binding, b);
	if (old)
		vhx_binding_drop(old);
	trace_vhx_attach(p, nic, true);
	vhx_policy_event(VHX_EVENT_BOUND, p, nic, NULL);
	return 0;

err_free:
	kfree(b);
	return err;
}

static bool vhx_policy_explicit(const struct vhx_policy *p,
				const struct vhx_net_nic *nic)
{
	return p->nic_id == nic->bpf.id ||
	       (nic->bound_id && nic->bound_id == vhx_policy_id(p));
}

/* Does the NIC's name still say what it is? The netdev may be gone, or another's namesake. */
static bool vhx_policy_name_holds(const struct vhx_policy *p,
				  const struct vhx_net_nic *nic)
{
	const struct vhx_binding *b = vhx_binding_of(nic);

	if (rcu_access_pointer(nic->dev) && !READ_ONCE(nic->mismatch))
		return true;
	/* A filter holds on to what it has: a doubt must not open the NIC. */
	return p->flags & VHX_STEER_F_REQUIRED && b && b->policy == p;
}

static bool vhx_policy_applies(const struct vhx_policy *p,
			       const struct vhx_net_nic *nic)
{
	if (vhx_policy_explicit(p, nic))
		return true;
	return *p->pattern && p->net == nic->net &&
	       vhx_policy_name_holds(p, nic) &&
	       glob_match(p->pattern, nic->bpf.name);
}

/* A required policy that left counts as long as no administrator opened the NIC without it. */
static bool vhx_policy_counts(const struct vhx_policy *p,
			      const struct vhx_net_nic *nic)
{
	return vhx_policy_alive(p) || (p->flags & VHX_STEER_F_REQUIRED &&
				       nic->opened_id != vhx_policy_id(p));
}

static int vhx_policy_rank(const struct vhx_policy *p,
			   const struct vhx_net_nic *nic)
{
	if (p->refused || !vhx_policy_counts(p, nic) ||
	    !vhx_policy_applies(p, nic))
		return 0;
	if (!vhx_policy_explicit(p, nic))
		return 1;
	return vhx_policy_alive(p) ? 3 : 2;
}

/* Who may stand in for @p, which left. */
static struct vhx_policy *vhx_policy_like(struct vhx_policy *p,
					  const struct vhx_net_nic *nic)
{
	struct vhx_policy *q;

	list_for_each_entry(q, &vhx_policies, node)
		if (vhx_policy_is_like(q, p) && vhx_policy_rank(q, nic))
			return q;
	return p;
}

/*
 * Who should have @nic: explicit before by name, old before new. Whoever waits behind a required
 * policy does not come in for it when that left: the NIC would be open without its filter.
 */
static struct vhx_policy *vhx_policy_best(const struct vhx_net_nic *nic)
{
	struct vhx_policy *p, *best = NULL;
	int rank, best_rank = 0;

	list_for_each_entry(p, &vhx_policies, node) {
		rank = vhx_policy_rank(p, nic);
		if (rank > best_rank) {
			best_rank = rank;
			best = p;
		}
	}
	if (best && !vhx_policy_alive(best))
		best = vhx_policy_like(best, nic);
	return best;
}

/* The best of those that do not refuse @nic. Return: it is in charge; NULL: there is none. */
static struct vhx_policy *vhx_policy_take_best(struct vhx_net_nic *nic)
{
	struct vhx_policy *best;
	struct vhx_binding *b;

	while ((best = vhx_policy_best(nic))) {
		b = vhx_binding_of(nic);
		if (b && b->policy == best)
			return best;
		if (!vhx_policy_take(best, nic))
			break;
		best->refused = true;
		vhx_policy_event(VHX_EVENT_UNBOUND, best, nic,
				 "the policy's nic_attach refused the NIC");
	}
	if (best && !vhx_policy_alive(best))
		vhx_policy_event(VHX_EVENT_CLOSED, best, nic,
				 "its required policy is missing");
	return best;
}

/**
 * vhx_policy_match - see to it that a NIC has the policy it should have
 * @nic: the NIC
 *
 * Called whenever the answer may have changed. A policy that refuses the NIC is passed over.
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_match(struct vhx_net_nic *nic)
{
	struct vhx_policy *p;

	if (!vhx_policy_take_best(nic))
		vhx_policy_unbind(nic);
	list_for_each_entry(p, &vhx_policies, node)
		p->refused = false;
}

/**
 * vhx_policy_match_all - the same for every NIC
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_match_all(void)
{
	struct vhx_net_nic *nic;

	list_for_each_entry(nic, &vhx_nics, node)
		vhx_policy_match(nic);
}

/* Is there anybody whom @nic is promised to? */
static bool vhx_policy_claimed(const struct vhx_net_nic *nic)
{
	return vhx_binding_of(nic) || vhx_policy_best(nic);
}

/**
 * vhx_policy_may_take - may the caller attach to this very NIC
 * @nic: the NIC
 * @by_fd: the caller holds its fd: that is enough for what nobody else claims
 *
 * Context: process, the caller's; vhx_net_mutex.
 * Return: 0, -EPERM or -EBUSY.
 */
int vhx_policy_may_take(const struct vhx_net_nic *nic, bool by_fd)
{
	const struct vhx_binding *b = vhx_binding_of(nic);

	if (b && vhx_policy_alive(b->policy) &&
	    vhx_policy_explicit(b->policy, nic))
		return -EBUSY;
	if (vhx_policy_admin(nic->net))
		return 0;
	if (!by_fd)
		return -EPERM;
	return vhx_policy_claimed(nic) ? -EBUSY : 0;
}

/**
 * vhx_policy_open_nic - let a closed NIC's traffic pass
 * @nic: the NIC
 *
 * Context: process, sleeps; vhx_net_mutex.
 * Return: 0; -EALREADY it is not closed.
 */
int vhx_policy_open_nic(struct vhx_net_nic *nic)
{
	struct vhx_binding *b = vhx_binding_of(nic);

	if (!b || !vhx_policy_closes(b->policy))
		return -EALREADY;
	nic->opened_id = vhx_policy_id(b->policy);
	vhx_nic_event(VHX_EVENT_OPENED, nic, "an administrator opened it");
	vhx_policy_match(nic);
	vhx_policy_prune();
	return 0;
}

/**
 * vhx_policy_nic_config - tell a NIC's policy what changed
 * @nic: the NIC
 * @cfg: what
 *
 * Context: process, sleeps; vhx_net_mutex.
 */
void vhx_policy_nic_config(struct vhx_net_nic *nic, struct vhx_nic_config *cfg)
{
	const struct vhx_binding *b = vhx_binding_of(nic);
	const struct vhx_steer_ops *ops;

	if (!b)
		return;
	ops = b->policy->progs;
	if (ops && ops->nic_config)
		ops->nic_config(&nic->bpf, cfg);
}

static int vhx_policy_unbind_own(struct vhx_net_nic *nic)
{
	if (nic->bound_id && nic->bound_by_admin &&
	    !vhx_policy_admin(nic->net))
		return -EPERM;
	nic->bound_id = 0;
	vhx_policy_match(nic);
	vhx_policy_prune();
	return 0;
}

/**
 * vhx_policy_bind - VHX_NET_BIND
 * @nic: the caller's NIC
 * @id: the policy's id, 0 to undo
 *
 * Context: process, sleeps; vhx_net_mutex.
 * Return: 0 or what struct vhx_bind says.
 */
int vhx_policy_bind(struct vhx_net_nic *nic, u32 id)
{
	const struct net *net = nic->net ?: current->nsproxy->net_ns;
	struct vhx_policy *p;
	u32 old = nic->bound_id;
	int err;

	if (!id)
		return vhx_policy_unbind_own(nic);
	p = vhx_policy_find(id);
	if (!p || !vhx_policy_alive(p) || p->net != net)
		return -ENOENT;
	if (old == id)
		return 0;
	err = vhx_policy_may_take(nic, true);
	if (err)
		return err;

	nic->bound_id = id;
	err = vhx_policy_take(p, nic);
	if (err) {
		nic->bound_id = old;
		return err;
	}
	nic->bound_by_admin = vhx_policy_admin(nic->net);
	vhx_policy_prune();
	return 0;
}
