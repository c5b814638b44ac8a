// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet meets a policy, see steer.h.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/timekeeping.h>

#include "describe.h"
#include "steer.h"
#include "trace.h"

/**
 * __vhx_steer_begin - vhx_steer_begin() where there are policies on the host
 * @nic: the NIC; NULL is fine
 * @dir: VHX_DIR_*
 * @s: filled in
 *
 * Context: any but hard interrupts; RCU, for as long as @s is used.
 * Return: true: there is a policy for this direction, or one is missing.
 */
bool __vhx_steer_begin(struct vhx_net_nic *nic, u32 dir, struct vhx_steer *s)
{
	const struct vhx_binding *b;

	if (!nic)
		return false;
	b = rcu_dereference(nic->binding);
	if (!b)
		return false;
	if (unlikely(vhx_nic_look(nic)))
		vhx_policy_check_later();
	s->nic = nic;
	s->policy = b->policy;
	s->ops = rcu_dereference(b->policy->ops);
	/* Without programs it is on its way out: a filter fails closed, another opens at once. */
	if (!s->ops)
		return b->policy->flags & VHX_STEER_F_REQUIRED;
	return dir == VHX_DIR_RX ? !!s->ops->rx : !!s->ops->tx;
}
EXPORT_SYMBOL_GPL(__vhx_steer_begin);

/**
 * vhx_pkt_hash - a packet's flow hash
 * @pk: the packet
 *
 * Return: the same for both directions of a flow.
 */
u32 vhx_pkt_hash(struct vhx_pkt_kern *pk)
{
	struct vhx_flow flow;

	if (!pk->hash && !vhx_flow_parse(pk->head, pk->pkt.head_len, &flow))
		pk->hash = vhx_flow_hash(&flow);
	return pk->hash;
}

static __always_inline void vhx_steer_read(u32 verdict, bool tx, struct vhx_effect *e)
{
	e->queue = 0;
	if (verdict == VHX_DEFAULT)
		e->what = tx ? VHX_EFFECT_PASS : VHX_EFFECT_DEFAULT;
	else if (verdict == VHX_PASS && tx)
		e->what = VHX_EFFECT_PASS;
	else if ((verdict & ~0xffU) == VHX_DROP_BASE)
		e->what = VHX_EFFECT_DROP;
	else if (verdict <= U16_MAX && !tx)
		e->what = VHX_EFFECT_QUEUE;
	else
		e->what = VHX_EFFECT_ILLEGAL;
	if (e->what == VHX_EFFECT_QUEUE)
		e->queue = verdict;
	e->note = e->what;
}

/**
 * vhx_steer_decode - what a verdict asks for
 * @nic: the NIC as the policy saw it
 * @verdict: the verdict
 * @flags: the packet's, VHX_PKT_TX matters
 * @e: where to put it. A queue is below 65536 and not yet known to be live
 */
void vhx_steer_decode(const struct vhx_nic *nic, u32 verdict, u32 flags,
		      struct vhx_effect *e)
{
	vhx_steer_read(verdict, flags & VHX_PKT_TX, e);
}

/* An illegal verdict. So many within a second, and the policy has to go. */
static noinline void vhx_steer_error(const struct vhx_steer *s,
			    const struct vhx_pkt_kern *pk, u32 verdict)
{
	struct vhx_policy *p = s->policy;
	struct vhx_exit_info info = {
		.kind = VHX_EXIT_ILLEGAL,
		.nic_id = s->nic->bpf.id,
		.queue = pk->pkt.queue,
		.verdict = verdict,
		.flags = pk->pkt.flags & VHX_PKT_TX,
	};

	this_cpu_inc(p->stats->errors);
	if (time_after(jiffies, READ_ONCE(p->err_since) + HZ)) {
		WRITE_ONCE(p->err_since, jiffies);
		atomic_set(&p->err_count, 0);
	}
	if (atomic_inc_return(&p->err_count) <= p->max_errors)
		return;

	info.time_ns = ktime_get_boottime_ns();
	info.head_len = min_t(u32, pk->pkt.head_len, sizeof(info.head));
	memcpy(info.head, pk->head, info.head_len);
	snprintf(info.reason, sizeof(info.reason),
		 "illegal verdict 0x%x, more than %u in a second", verdict,
		 p->max_errors);
	vhx_policy_eject(p, &info);
}

/* A verdict that is more than "as you would": check, count, and never let a policy do harm. */
static void vhx_steer_apply(const struct vhx_steer *s,
			    const struct vhx_pkt_kern *pk, struct vhx_effect *e)
{
	struct vhx_policy_stats __percpu *stats = s->policy->stats;

	switch (e->what) {
	case VHX_EFFECT_QUEUE:
		if (likely(vhx_nic_live(s->nic, e->queue)))
			return;
		e->what = VHX_EFFECT_DEFAULT;
		e->note = VHX_EFFECT_DEAD;
		return;
	case VHX_EFFECT_DROP:
		this_cpu_inc(stats->drops);
		this_cpu_inc(stats->reasons[pk->verdict & 0xff]);
		return;
	case VHX_EFFECT_ILLEGAL:
		vhx_steer_error(s, pk, pk->verdict);
		if (s->policy->flags & VHX_STEER_F_REQUIRED)
			e->what = VHX_EFFECT_DROP;
		else if (pk->pkt.flags & VHX_PKT_TX)
			e->what = VHX_EFFECT_PASS;
		else
			e->what = VHX_EFFECT_DEFAULT;
		return;
	}
}

/* The NIC is closed: its required policy is missing. */
static void vhx_steer_closed(struct vhx_effect *e)
{
	e->what = VHX_EFFECT_DROP;
	e->note = VHX_EFFECT_DEFAULT;
	e->queue = 0;
}

/*
 * Each call disables migration for itself, and that costs less where it is disabled already. For
 * one packet it would cost more.
 */
static void vhx_steer_singly(const struct vhx_steer *s, struct vhx_batch_kern *b)
{
	u32 i, n = b->batch.n;
	struct vhx_pkt_kern *pk;
	typeof(s->ops->rx) op = b->batch.flags & VHX_PKT_TX ? s->ops->tx : s->ops->rx;

	if (n > 1)
		migrate_disable();
	for (i = 0; i < n; i++) {
		pk = vhx_batch_pkt(b, i);
		pk->verdict = op(&pk->pkt, &s->nic->bpf);
	}
	if (n > 1)
		migrate_enable();
}

static noinline void vhx_steer_trace(const struct vhx_steer *s, struct vhx_batch_kern *b)
{
	struct vhx_pkt_kern *pk;
	u32 i;

	for (i = 0; i < b->batch.n; i++) {
		pk = vhx_batch_pkt(b, i);
		trace_vhx_verdict(s->policy, s->nic, pk, pk->verdict);
	}
}

/* Does each packet go on as it would without a policy, to its own queue? */
static bool vhx_steer_is_plain(const struct vhx_steer *s, const struct vhx_batch_kern *b)
{
	u32 i, verdict, same = VHX_PASS;

	if (!b->seen)
		return true;
	if (!(b->batch.flags & VHX_PKT_TX))
		same = vhx_nic_live(s->nic, b->batch.queue) ? b->batch.queue : VHX_DEFAULT;
	for (i = 0; i < b->seen; i++) {
		verdict = b->pk[i].verdict;
		if (verdict != VHX_DEFAULT && verdict != same)
			return false;
	}
	return true;
}

static void vhx_steer_ask(const struct vhx_steer *s, struct vhx_batch_kern *b)
{
	if (b->batch.n > 1 && s->ops->batch)
		s->ops->batch(&b->batch, &s->nic->bpf);
	else
		vhx_steer_singly(s, b);
	this_cpu_add(s->policy->stats->verdicts, b->batch.n);
	if (trace_vhx_verdict_enabled())
		vhx_steer_trace(s, b);
}

/**
 * vhx_steer_run - have packets judged
 * @s: the policy
 * @b: the packets, at least 1, all of the direction @s was begun for
 *
 * Context: any but hard interrupts; RCU.
 * Return: true if all go on as they would without a policy; else see vhx_steer_effects().
 */
bool vhx_steer_run(const struct vhx_steer *s, struct vhx_batch_kern *b)
{
	if (unlikely(!s->ops))
		return false;
	vhx_steer_ask(s, b);
	return vhx_steer_is_plain(s, b);
}
EXPORT_SYMBOL_GPL(vhx_steer_run);

/**
 * vhx_steer_effects - what is to be done with packets that were judged
 * @s: the policy
 * @b: the packets, after vhx_steer_run()
 * @e: for each: to the guest VHX_EFFECT_QUEUE, _DEFAULT or _DROP; from it VHX_EFFECT_PASS or
 *	_DROP
 *
 * Context: as vhx_steer_run(), and in the same RCU read side.
 */
void vhx_steer_effects(const struct vhx_steer *s, const struct vhx_batch_kern *b,
		       struct vhx_effect *e)
{
	bool tx = b->batch.flags & VHX_PKT_TX;
	u32 i, live = U32_MAX;

	for (i = 0; i < b->batch.n; i++) {
		if (!s->ops) {
			vhx_steer_closed(&e[i]);
			continue;
		}
		vhx_steer_read(i < b->seen ? b->pk[i].verdict : VHX_DEFAULT, tx, &e[i]);
		if (e[i].what == VHX_EFFECT_DEFAULT || e[i].what == VHX_EFFECT_PASS)
			continue;
		/* Packets of one flow stand together, and their queue was looked at. */
		if (e[i].what == VHX_EFFECT_QUEUE && e[i].queue == live)
			continue;
		vhx_steer_apply(s, &b->pk[i], &e[i]);
		if (e[i].what == VHX_EFFECT_QUEUE)
			live = e[i].queue;
	}
}
EXPORT_SYMBOL_GPL(vhx_steer_effects);

/**
 * vhx_steer_one - judge a packet that comes alone
 * @s: the policy
 * @pk: the packet, described
 * @e: what to do, see vhx_steer_effects()
 *
 * Context: as vhx_steer_run().
 */
void vhx_steer_one(const struct vhx_steer *s, struct vhx_pkt_kern *pk, struct vhx_effect *e)
{
	struct vhx_batch_kern b = {
		.batch = {
			.n = 1,
			.flags = pk->pkt.flags & VHX_PKT_TX,
			.queue = pk->pkt.queue,
		},
		.pk = pk,
		.seen = 1,
	};

	if (likely(s->ops))
		vhx_steer_ask(s, &b);
	vhx_steer_effects(s, &b, e);
}
EXPORT_SYMBOL_GPL(vhx_steer_one);

/**
 * vhx_steer_count - count effects on a queue
 * @vq: the queue
 * @e: the effects
 * @n: how many
 *
 * Context: @vq's handler.
 */
void vhx_steer_count(struct vhx_vq *vq, const struct vhx_effect *e, u32 n)
{
	u32 i, closed = 0, dropped = 0, odd = 0;

	for (i = 0; i < n; i++) {
		if (e[i].what == VHX_EFFECT_DROP) {
			if (e[i].note == VHX_EFFECT_DEFAULT)
				closed++;
			else
				dropped++;
		}
		odd += e[i].note >= VHX_EFFECT_DEAD;
	}
	vhx_vq_count(vq, VHX_QSTAT_STEERED, n - closed);
	if (closed)
		vhx_vq_count(vq, VHX_QSTAT_CLOSED, closed);
	if (dropped)
		vhx_vq_count(vq, VHX_QSTAT_STEER_DROPPED, dropped);
	for (i = 0; odd && i < n; i++) {
		if (e[i].note == VHX_EFFECT_DEAD)
			vhx_vq_count(vq, VHX_QSTAT_STEER_DEAD, 1);
		if (e[i].note == VHX_EFFECT_ILLEGAL)
			vhx_vq_count(vq, VHX_QSTAT_STEER_ILLEGAL, 1);
	}
}
EXPORT_SYMBOL_GPL(vhx_steer_count);
