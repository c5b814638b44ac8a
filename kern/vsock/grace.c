// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between two agents of a guest, see "Grace" in <linux/vhx_agent_vsock.h>: flows of the one that died are
 * parked until the next says that it has them, or the time is over. All of it is under vhx_agency.lock.
 *
 * A flow that is parked goes on at the guest's side, where its credit is the kernel's. One that the guest
 * ends is kept only if there is something of it that the next agent can have.
 */
#include <linux/jiffies.h>

#include "flow.h"
#include "guest.h"

static void vhx_grace_park(struct vhx_guest *g, struct vhx_flow *f)
{
	f->parked = true;
	WRITE_ONCE(g->agency.nparked, g->agency.nparked + 1);
	vhx_guest_count(g, VHX_VSOCK_STAT_PARKED);
}

static void vhx_grace_unpark(struct vhx_guest *g, struct vhx_flow *f)
{
	if (!f->parked)
		return;
	f->parked = false;
	f->tell &= ~VHX_FLOW_TELL_PARKED;
	WRITE_ONCE(g->agency.nparked, g->agency.nparked - 1);
}

/* ---- the agent dies ---- */

static void vhx_grace_begin_one(struct vhx_guest *g, struct vhx_flow *f)
{
	list_del_init(&f->due);
	/* Who asked, and has no answer, asks the next one. */
	if (f->state == VHX_FLOW_ASKED) {
		vhx_flow_tell(g, f, VHX_FLOW_TELL_ASKED);
		return;
	}
	/* It is over, and the agent had all of it that there was. */
	if (f->state == VHX_FLOW_OVER && f->rx == f->taken) {
		vhx_flow_free(g, f);
		return;
	}
	f->tell &= VHX_FLOW_TELL_RESET;
	if (!f->parked)
		vhx_grace_park(g, f);
}

/**
 * vhx_grace_begin - an agent that asked for a grace is dead
 * @g: guest
 */
void vhx_grace_begin(struct vhx_guest *g)
{
	struct vhx_agency *a = &g->agency;
	const unsigned long delay = msecs_to_jiffies(a->grace_ms);
	struct hlist_node *next;
	struct vhx_flow *f;
	u32 i;

	for (i = 0; i < VHX_FLOWS_HASH; i++)
		hlist_for_each_entry_safe(f, next, &a->ids[i], by_id)
			vhx_grace_begin_one(g, f);
	a->waiting = true;
	a->deadline = jiffies + delay;
	/* That of another death, if it runs just now, sees the deadline. */
	cancel_delayed_work(&a->expiry);
	schedule_delayed_work(&a->expiry, delay);
}

/* ---- the time is over ---- */

static void vhx_grace_end_one(struct vhx_guest *g, struct vhx_flow *f)
{
	vhx_hold_forget(f);
	vhx_grace_unpark(g, f);
	vhx_flow_over(g, f, f->state != VHX_FLOW_OVER);
}

/**
 * vhx_grace_end - what is parked is over
 * @g: guest
 * @asked: so is what the guest asks for, and no agent has heard of
 */
void vhx_grace_end(struct vhx_guest *g, bool asked)
{
	struct vhx_agency *a = &g->agency;
	struct hlist_node *next;
	struct vhx_flow *f;
	u32 i;

	if (!a->waiting)
		return;
	a->waiting = false;
	for (i = 0; i < VHX_FLOWS_HASH; i++)
		hlist_for_each_entry_safe(f, next, &a->ids[i], by_id)
			if (f->parked || asked)
				vhx_grace_end_one(g, f);
}

static void vhx_grace_unclaimed(struct vhx_guest *g, bool asked)
{
	u64 *n = &g->stats[VHX_VSOCK_STAT_UNCLAIMED];

	WRITE_ONCE(*n, *n + g->agency.nparked);
	vhx_grace_end(g, asked);
}

static void vhx_grace_expire(struct work_struct *work)
{
	struct vhx_agency *a = container_of(to_delayed_work(work), struct vhx_agency, expiry);
	struct vhx_guest *g = container_of(a, struct vhx_guest, agency);

	mutex_lock(&a->lock);
	if (a->waiting && time_after_eq(jiffies, a->deadline)) {
		/* What an agent was asked for, it may still answer. */
		vhx_grace_unclaimed(g, !a->up);
		vhx_letters_send(g);
	}
	mutex_unlock(&a->lock);
}

/**
 * vhx_grace_init - nothing is parked
 * @a: of a guest that is new
 */
void vhx_grace_init(struct vhx_agency *a)
{
	INIT_DELAYED_WORK(&a->expiry, vhx_grace_expire);
}

/* ---- the next agent comes ---- */

/**
 * vhx_grace_agent - an agent is about to be there
 * @g: guest
 *
 * What it is to be told it is told in this order: what is parked, that there is a guest, what that asks
 * for. One that asks for no grace knows of nothing that is parked.
 */
void vhx_grace_agent(struct vhx_guest *g)
{
	struct vhx_agency *a = &g->agency;
	struct vhx_flow *f;
	u32 i;

	if (!a->waiting)
		return;
	for (i = 0; i < VHX_FLOWS_HASH && a->grace_ms; i++)
		hlist_for_each_entry(f, &a->ids[i], by_id)
			if (f->parked) {
				f->tell |= VHX_FLOW_TELL_PARKED;
				list_move(&f->due, &a->due);
			}
	if (!a->grace_ms)
		vhx_grace_unclaimed(g, false);
}

static u16 vhx_grace_state(const struct vhx_flow *f)
{
	switch (f->state) {
	case VHX_FLOW_ASKING:
		return VHX_VSOCK_PARKED_ASKING;
	case VHX_FLOW_OPEN:
		return VHX_VSOCK_PARKED_OPEN;
	default:
		return VHX_VSOCK_PARKED_OVER;
	}
}

/**
 * vhx_grace_letter - tell the agent of a flow that is parked
 * @f: flow
 * @m: message, with its head
 * @data: what goes behind it, in a slot, which has room for that
 */
void vhx_grace_letter(struct vhx_flow *f, struct vhx_vsock_msg *m, void *data)
{
	struct vhx_vsock_parked p = {
		.taken = f->taken,
		.given = f->given,
		.sent = f->tx + f->queued,
		.credit = max(f->told, f->credit),
		.state = vhx_grace_state(f),
		.shut = f->bye,
	};

	/* It says as much as these. */
	if (f->state == VHX_FLOW_OPEN) {
		f->told = p.credit;
		f->tell &= ~(VHX_FLOW_TELL_OPEN | VHX_FLOW_TELL_CREDIT);
	}
	m->type = VHX_VSOCK_MSG_PARKED;
	m->cookie = f->cookie;
	m->len = sizeof(p);
	memcpy(data, &p, sizeof(p));
}

static void vhx_grace_resume(struct vhx_guest *g, struct vhx_flow *f, u64 taken)
{
	vhx_grace_unpark(g, f);
	vhx_guest_count(g, VHX_VSOCK_STAT_RESUMED);
	vhx_hold_again(f, taken);
	vhx_flow_taken(g, f, taken);
	vhx_flow_tell(g, f, f->shut ? VHX_FLOW_TELL_SHUTDOWN : 0);
}

/**
 * vhx_grace_answer - what an agent says of a flow that is parked
 * @g: guest
 * @f: flow; may be gone when this returns
 * @m: message
 */
void vhx_grace_answer(struct vhx_guest *g, struct vhx_flow *f, const struct vhx_vsock_msg *m)
{
	const bool told = !(f->tell & VHX_FLOW_TELL_PARKED);

	if (m->type == VHX_VSOCK_MSG_RESET) {
		if (f->state != VHX_FLOW_OVER)
			vhx_flow_say(g, f, VHX_PKT_RST, 0);
		vhx_flow_free(g, f);
		return;
	}
	if (told && m->type == VHX_VSOCK_MSG_RESUME && m->count >= f->taken && m->count <= f->given) {
		vhx_grace_resume(g, f, m->count);
		return;
	}
	vhx_hold_forget(f);
	vhx_grace_unpark(g, f);
	vhx_flow_over(g, f, f->state != VHX_FLOW_OVER);
}
