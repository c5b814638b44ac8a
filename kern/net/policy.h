/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies and who is bound to whom. A policy is one attachment of a struct vhx_steer_ops, a BPF
 * link; a binding is a policy at work on a NIC. How a packet meets them is in steer.h.
 *
 * A NIC has one policy at most. An explicit one (by id, by fd, by VHX_NET_BIND) comes before one
 * by name, and among those the one attached first; the others wait. A required policy that left
 * keeps its place, and so its NICs closed, until its like comes: one of the same name.
 */
#ifndef _VHX_NET_POLICY_H
#define _VHX_NET_POLICY_H

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/vhx.h>
#include <linux/vhx_bpf.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "nic.h"

#define VHX_MAX_ERRORS_DEFAULT	16
#define VHX_MAX_ERRORS_LIMIT	65536
#define VHX_DROP_REASONS	256

/* Per CPU: the hot path writes them with no lock. */
struct vhx_policy_stats {
	u64 verdicts;
	u64 drops;
	u64 errors;
	u64 reasons[VHX_DROP_REASONS];
};

/**
 * struct vhx_policy - an attached policy
 * @node: in vhx_policies, oldest first; vhx_net_mutex
 * @link: its BPF link; NULL once it left. Not counted: the link's end calls _unreg()
 * @id: the link's id once it left
 * @ops: the programs; NULL once it left or is being ejected. RCU; the map behind is kept by the
 *	link and freed by bpf only after a grace period
 * @progs: the same for what is not a packet's path: there until the link is detached, so that who
 *	was attached is also detached; vhx_net_mutex
 * @flags: VHX_STEER_F_*
 * @refused: its nic_attach refused the NIC at hand; vhx_net_mutex, while vhx_policy_match() runs
 * @name: for people
 * @pattern: NICs to bind to by name, "" for none
 * @nic_id: the NIC it was attached to by id or fd, 0 for none
 * @net: the attacher's network namespace, counted
 * @uid: the attacher
 * @bindings: its NICs; vhx_net_mutex
 * @stats: counters
 * @generation: times replaced
 * @max_errors: see vhx_steer_ops.max_errors
 * @err_since: jiffies when the present second of errors began
 * @err_count: errors since
 * @exit_kind: why it leaves; set once, by cmpxchg
 * @exit: details, written by who set @exit_kind
 * @eject: detaches the link, since that cannot be done from the hot path
 * @refs: one for the list, one for @eject
 */
struct vhx_policy {
	struct list_head node;
	struct bpf_link *link;
	u32 id;
	const struct vhx_steer_ops __rcu *ops;
	const struct vhx_steer_ops *progs;
	u64 flags;
	bool refused;
	char name[VHX_NAME_LEN];
	char pattern[VHX_PATTERN_LEN];
	u32 nic_id;
	struct net *net;
	kuid_t uid;
	struct list_head bindings;
	struct vhx_policy_stats __percpu *stats;
	u32 generation;
	u32 max_errors;
	unsigned long err_since;
	atomic_t err_count;
	int exit_kind;
	struct vhx_exit_info exit;
	struct work_struct eject;
	refcount_t refs;
	struct rcu_head rcu;
};

/**
 * struct vhx_binding - a policy at work on a NIC
 * @policy: the policy; freed a grace period after the last binding
 * @nic: the NIC
 * @node: in vhx_policy.bindings
 */
struct vhx_binding {
	struct vhx_policy *policy;
	struct vhx_net_nic *nic;
	struct list_head node;
	struct rcu_head rcu;
};

extern struct list_head vhx_policies;
/* Raised by every binding: without any, a packet pays one branch that is not taken. */
DECLARE_STATIC_KEY_FALSE(vhx_steer_key);

static inline u32 vhx_policy_id(const struct vhx_policy *p)
{
	return p->link ? p->link->id : p->id;
}

static inline bool vhx_policy_alive(const struct vhx_policy *p)
{
	return p->link && !READ_ONCE(p->exit_kind);
}

/* It left, and its NICs must not go without it. */
static inline bool vhx_policy_closes(const struct vhx_policy *p)
{
	return !vhx_policy_alive(p) && p->flags & VHX_STEER_F_REQUIRED;
}

/* Is the like of @p: what takes its place when it is missed. Context: vhx_net_mutex. */
static inline bool vhx_policy_is_like(const struct vhx_policy *q,
				      const struct vhx_policy *p)
{
	return q != p && vhx_policy_alive(q) && q->net == p->net &&
	       !strcmp(q->name, p->name);
}

/* Context: vhx_net_mutex. */
static inline struct vhx_binding *vhx_binding_of(const struct vhx_net_nic *nic)
{
	return rcu_dereference_protected(nic->binding,
					 lockdep_is_held(&vhx_net_mutex));
}

/* Has the caller a say over @net? */
static inline bool vhx_policy_admin(const struct net *net)
{
	return net && ns_capable(net->user_ns, CAP_NET_ADMIN);
}

/* policy.c: a policy comes, changes and leaves */
int vhx_policy_reg(const struct vhx_steer_ops *ops, struct bpf_link *link);
void vhx_policy_unreg(const struct vhx_steer_ops *ops, struct bpf_link *link);
int vhx_policy_update(const struct vhx_steer_ops *ops, struct bpf_link *link);

void vhx_policy_eject(struct vhx_policy *p, const struct vhx_exit_info *info);
void vhx_policy_forget(struct vhx_policy *p);
void vhx_policy_prune(void);
void vhx_policy_nic_gone(struct vhx_net_nic *nic);
void vhx_policy_check_later(void);
struct vhx_policy *vhx_policy_find(u32 id);
int vhx_policy_init(void);
void vhx_policy_exit(void);

/* binding.c: which policy a NIC has */
void vhx_steer_key_get(void);
void vhx_steer_key_put(void);
void vhx_steer_key_exit(void);
void vhx_policy_match(struct vhx_net_nic *nic);
void vhx_policy_match_all(void);
int vhx_policy_take(struct vhx_policy *p, struct vhx_net_nic *nic);
void vhx_policy_unbind(struct vhx_net_nic *nic);
int vhx_policy_may_take(const struct vhx_net_nic *nic, bool by_fd);
int vhx_policy_bind(struct vhx_net_nic *nic, u32 id);
int vhx_policy_open_nic(struct vhx_net_nic *nic);
void vhx_policy_nic_config(struct vhx_net_nic *nic, struct vhx_nic_config *cfg);
void vhx_policy_event(u32 kind, const struct vhx_policy *p,
		      const struct vhx_net_nic *nic, const char *reason);

/* exits.c: the last words of policies that left */
#define VHX_EXITS	64

struct vhx_exit_record {
	u32 policy_id;
	u64 net_cookie;
	char name[VHX_NAME_LEN];
	struct vhx_exit_info info;
};

void vhx_exits_add(const struct vhx_policy *p);
u32 vhx_exits_get(u32 from, struct vhx_exit_record *rec);

#endif /* _VHX_NET_POLICY_H */
