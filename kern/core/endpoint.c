// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endpoints, see agent.h: the names by which a VMM and an agent find each other. An endpoint stands
 * for what the guest sees, and so outlives both.
 */
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "agent.h"
#include "args.h"
#include "message.h"
#include "session.h"
#include "vq.h"

static LIST_HEAD(vhx_endpoints);
static DEFINE_MUTEX(vhx_endpoints_lock);	/* the list, and who is in use */

static void vhx_endpoint_last_put(struct kref *ref)
{
	struct vhx_endpoint *ep = container_of(ref, struct vhx_endpoint, ref);

	kfree(ep->nexus);
	kfree(ep);
}

void vhx_endpoint_put(struct vhx_endpoint *ep)
{
	kref_put(&ep->ref, vhx_endpoint_last_put);
}

/* Context: vhx_endpoints_lock. */
static struct vhx_endpoint *vhx_endpoint_find(u32 class, const char *name)
{
	struct vhx_endpoint *ep;

	list_for_each_entry(ep, &vhx_endpoints, node)
		if (ep->class == class && !strcmp(ep->name, name))
			return ep;
	return NULL;
}

/* Context: vhx_endpoints_lock. Return: it, or NULL for want of memory. */
static struct vhx_endpoint *vhx_endpoint_new(u32 class, const char *name)
{
	struct vhx_endpoint *ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);

	if (!ep)
		return NULL;
	kref_init(&ep->ref);
	ep->class = class;
	strscpy(ep->name, name, sizeof(ep->name));
	atomic_set(&ep->used, 0);
	atomic64_set(&ep->seq, 0);
	atomic_set(&ep->left, 0);
	ep->nexus_id = vhx_nexus_next_id();
	spin_lock_init(&ep->lock);
	mutex_init(&ep->mail);
	INIT_LIST_HEAD(&ep->aqs);
	INIT_LIST_HEAD(&ep->watches);
	bitmap_fill(ep->targets, VHX_AGENT_TARGETS_MAX);
	list_add_tail(&ep->node, &vhx_endpoints);
	return ep;
}

/**
 * vhx_endpoint_for_each - call a function for every endpoint
 * @fn: returns other than 0 to end it
 * @arg: handed to @fn
 *
 * Context: process, sleeps; so may @fn, which takes no lock above vhx_endpoint.lock.
 * Return: what @fn said last, or 0.
 */
int vhx_endpoint_for_each(int (*fn)(struct vhx_endpoint *ep, void *arg), void *arg)
{
	struct vhx_endpoint *ep;
	int rc = 0;

	mutex_lock(&vhx_endpoints_lock);
	list_for_each_entry(ep, &vhx_endpoints, node) {
		rc = fn(ep, arg);
		if (rc)
			break;
	}
	mutex_unlock(&vhx_endpoints_lock);
	return rc;
}

/* One that no agent made is there as long as it is of use. Context: vhx_endpoints_lock. */
static void vhx_endpoint_pass_locked(struct vhx_endpoint *ep)
{
	bool idle;

	spin_lock(&ep->lock);
	idle = ep->passing && !ep->in_use && !ep->session && !ep->fence;
	spin_unlock(&ep->lock);
	if (!idle || list_empty(&ep->node))
		return;
	list_del_init(&ep->node);
	vhx_endpoint_put(ep);
}

/**
 * vhx_endpoint_pass - a session has no use for an endpoint any more
 * @ep: endpoint of which the caller has a reference
 *
 * Context: process, sleeps; the session's lock may be held, none of the endpoint's.
 */
void vhx_endpoint_pass(struct vhx_endpoint *ep)
{
	mutex_lock(&vhx_endpoints_lock);
	vhx_endpoint_pass_locked(ep);
	mutex_unlock(&vhx_endpoints_lock);
}

static bool vhx_endpoint_named(u32 class, const char *name)
{
	return (class == VHX_ENDPOINT_SCSI || class == VHX_ENDPOINT_VSOCK) && *name &&
	       strnlen(name, VHX_ENDPOINT_NAME_LEN) < VHX_ENDPOINT_NAME_LEN;
}

/* All its virtqueues look at what they have. Context: @ep->lock. */
static void vhx_endpoint_rouse(struct vhx_endpoint *ep)
{
	struct vhx_aq *aq;

	list_for_each_entry(aq, &ep->aqs, node)
		vhx_vq_queue(aq->vq);
}

/**
 * vhx_endpoint_freed - something that an endpoint's virtqueues may wait for is out of their way
 * @ep: endpoint: pages of a former session, that counted, are given back; or see nexus.c
 *
 * Context: any but interrupts.
 */
void vhx_endpoint_freed(struct vhx_endpoint *ep)
{
	spin_lock(&ep->lock);
	vhx_endpoint_rouse(ep);
	spin_unlock(&ep->lock);
}

/* ---- the agent's side ---- */

/* What the session calls its next one. Context: @s->lock. */
static u32 vhx_endpoint_number(const struct vhx_session *s)
{
	u32 i;

	for (i = 0; i < s->neps; i++)
		if (!s->ep[i])
			break;
	return i;
}

/* Context: vhx_endpoints_lock, @s->lock. */
static int vhx_endpoint_join(struct vhx_endpoint *ep, struct vhx_session *s, u32 quota,
			     struct vhx_messages *messages)
{
	const u32 number = vhx_endpoint_number(s);
	int err = 0;

	spin_lock(&ep->lock);
	if (ep->session || ep->fence) {
		err = -EBUSY;
	} else {
		ep->quota = quota;
		ep->number = number;
		ep->messages = messages;
		WRITE_ONCE(ep->session, s);
		vhx_endpoint_rouse(ep);
	}
	spin_unlock(&ep->lock);
	if (!err) {
		kref_get(&ep->ref);
		s->ep[number] = ep;
		s->neps = max(s->neps, number + 1);
	}
	return err;
}

/* Pages. */
static u32 vhx_endpoint_quota(const struct vhx_session *s, u32 quota)
{
	const u32 pages = quota ? quota >> PAGE_SHIFT : s->pool.area.npages / 4;

	return clamp(pages, 1, s->pool.area.npages);
}

/* Context: vhx_endpoints_lock, @s->lock. */
static int vhx_endpoint_serve(struct vhx_endpoint *ep, struct vhx_session *s,
			      const struct vhx_agent_attach *arg)
{
	struct vhx_messages *messages;
	int err;

	err = vhx_messages_new(s, ep, arg, &messages);
	if (err)
		return err;
	err = vhx_endpoint_join(ep, s, vhx_endpoint_quota(s, arg->quota), messages);
	if (err)
		vhx_messages_free(messages);
	else
		vhx_messages_begin(ep);
	return err;
}

/**
 * vhx_endpoint_attach - VHX_AGENT_ATTACH
 * @s: session
 * @arg: what to serve; its number is filled in
 *
 * Context: process, sleeps; @s->lock, @s not dead.
 * Return: 0, -EINVAL, -ENOSPC, -EBUSY, -ENOMEM.
 */
int vhx_endpoint_attach(struct vhx_session *s, struct vhx_agent_attach *arg)
{
	struct vhx_endpoint *ep;
	int err = -ENOMEM;

	if (arg->flags & ~VHX_AGENT_MESSAGES || arg->pad || arg->endpoint)
		return -EINVAL;
	if (!vhx_endpoint_named(arg->class, arg->name))
		return -EINVAL;
	if (vhx_endpoint_number(s) == VHX_AGENT_ENDPOINTS_MAX)
		return -ENOSPC;

	mutex_lock(&vhx_endpoints_lock);
	ep = vhx_endpoint_find(arg->class, arg->name) ?: vhx_endpoint_new(arg->class, arg->name);
	if (ep) {
		arg->endpoint = vhx_endpoint_number(s);
		err = vhx_endpoint_serve(ep, s, arg);
	}
	mutex_unlock(&vhx_endpoints_lock);
	return err;
}

/**
 * vhx_endpoint_of - the endpoint that an agent means
 * @s: session
 * @number: as VHX_AGENT_ATTACH gave it
 *
 * Context: process; @s->lock, which keeps it.
 * Return: the endpoint; as a pointer -ESHUTDOWN the session is over; -ENOENT it has no such.
 */
struct vhx_endpoint *vhx_endpoint_of(struct vhx_session *s, u32 number)
{
	struct vhx_endpoint *ep;

	lockdep_assert_held(&s->lock);
	if (test_bit(0, &s->dead))
		return ERR_PTR(-ESHUTDOWN);
	if (number >= s->neps)
		return ERR_PTR(-ENOENT);
	ep = s->ep[array_index_nospec(number, s->neps)];
	return ep ?: ERR_PTR(-ENOENT);
}

/**
 * vhx_endpoint_destroy - VHX_AGENT_DESTROY
 * @argp: struct vhx_agent_destroy
 *
 * Context: process, sleeps.
 * Return: 0, -EFAULT, -EINVAL, -E2BIG, -ENOENT, -EBUSY.
 */
long vhx_endpoint_destroy(const void __user *argp)
{
	struct vhx_agent_destroy arg = {};
	struct vhx_endpoint *ep;
	int err;

	err = vhx_args_read(&arg, sizeof(arg), sizeof(arg), argp);
	if (err)
		return err;
	if (arg.flags || arg.pad || !vhx_endpoint_named(arg.class, arg.name))
		return -EINVAL;

	mutex_lock(&vhx_endpoints_lock);
	ep = vhx_endpoint_find(arg.class, arg.name);
	if (!ep) {
		err = -ENOENT;
	} else {
		spin_lock(&ep->lock);
		if (ep->in_use || ep->session || ep->fence)
			err = -EBUSY;
		spin_unlock(&ep->lock);
	}
	if (!err) {
		list_del_init(&ep->node);
		vhx_endpoint_put(ep);
	}
	mutex_unlock(&vhx_endpoints_lock);
	return err;
}

/**
 * vhx_endpoint_session - who serves an endpoint
 * @ep: endpoint
 *
 * Context: any but interrupts.
 * Return: the session, with a reference that is the caller's, or NULL.
 */
struct vhx_session *vhx_endpoint_session(struct vhx_endpoint *ep)
{
	struct vhx_session *s;

	spin_lock(&ep->lock);
	s = ep->session;
	if (s)
		kref_get(&s->ref);
	spin_unlock(&ep->lock);
	return s;
}

/**
 * vhx_endpoint_last_session - who serves an endpoint, or is the last that did
 * @ep: endpoint
 *
 * Context: any but interrupts.
 * Return: the session, with a reference that is the caller's; NULL when there is none, or nothing
 * of it concerns the endpoint any more.
 */
struct vhx_session *vhx_endpoint_last_session(struct vhx_endpoint *ep)
{
	struct vhx_session *s;

	spin_lock(&ep->lock);
	/* The fence has a reference until it has passed, and takes this lock before. */
	s = ep->session ?: ep->fence;
	if (s)
		kref_get(&s->ref);
	spin_unlock(&ep->lock);
	return s;
}

/**
 * vhx_endpoint_orphan - a session serves nobody any more
 * @s: dead session, before its queues are shut
 *
 * Context: process; of the session's end.
 */
void vhx_endpoint_orphan(struct vhx_session *s)
{
	u32 i;

	for (i = 0; i < s->neps; i++) {
		if (!s->ep[i])
			continue;
		spin_lock(&s->ep[i]->lock);
		WRITE_ONCE(s->ep[i]->session, NULL);
		s->ep[i]->fence = s;
		spin_unlock(&s->ep[i]->lock);
		vhx_messages_end(s->ep[i]);
	}
}

/**
 * vhx_endpoint_fenced - all that a dead session began is over
 * @s: the session
 *
 * Context: process, sleeps; after vhx_endpoint_orphan().
 */
void vhx_endpoint_fenced(struct vhx_session *s)
{
	u32 i;

	for (i = 0; i < s->neps; i++) {
		struct vhx_endpoint *ep = s->ep[i];

		if (!ep)
			continue;
		spin_lock(&ep->lock);
		ep->fence = NULL;
		/* What was aborted meanwhile may be answered now. */
		vhx_endpoint_rouse(ep);
		spin_unlock(&ep->lock);
		vhx_endpoint_pass(ep);
	}
}

/* ---- the VMM's side ---- */

/* Context: vhx_endpoints_lock. */
static struct vhx_endpoint *vhx_endpoint_take(struct vhx_endpoint *ep)
{
	if (ep->in_use)
		return ERR_PTR(-EBUSY);
	ep->in_use = true;
	kref_get(&ep->ref);
	return ep;
}

/**
 * vhx_endpoint_use_new - use an endpoint, which need not be there
 * @class: VHX_ENDPOINT_*
 * @name: its name, at most VHX_ENDPOINT_NAME_LEN bytes with the NUL
 *
 * Context: process, sleeps.
 * Return: the endpoint, until vhx_endpoint_unuse(); or as a pointer -EBUSY somebody uses it, -ENOMEM.
 */
struct vhx_endpoint *vhx_endpoint_use_new(u32 class, const char *name)
{
	struct vhx_endpoint *ep;

	mutex_lock(&vhx_endpoints_lock);
	ep = vhx_endpoint_find(class, name);
	if (!ep) {
		ep = vhx_endpoint_new(class, name);
		if (ep)
			ep->passing = true;
	}
	ep = ep ? vhx_endpoint_take(ep) : ERR_PTR(-ENOMEM);
	mutex_unlock(&vhx_endpoints_lock);
	return ep;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_use_new);

/**
 * vhx_endpoint_use - use an endpoint
 * @class: VHX_ENDPOINT_*
 * @name: its name, at most VHX_ENDPOINT_NAME_LEN bytes with the NUL
 *
 * Context: process, sleeps.
 * Return: the endpoint, until vhx_endpoint_unuse(); or as a pointer -ENODEV there is none, -EBUSY
 * somebody uses it.
 */
struct vhx_endpoint *vhx_endpoint_use(u32 class, const char *name)
{
	struct vhx_endpoint *ep;

	mutex_lock(&vhx_endpoints_lock);
	ep = vhx_endpoint_find(class, name);
	ep = ep ? vhx_endpoint_take(ep) : ERR_PTR(-ENODEV);
	mutex_unlock(&vhx_endpoints_lock);
	return ep;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_use);

/**
 * vhx_endpoint_unuse - use it no more
 * @ep: endpoint; its virtqueues are detached
 *
 * Context: process, sleeps.
 */
void vhx_endpoint_unuse(struct vhx_endpoint *ep)
{
	mutex_lock(&vhx_endpoints_lock);
	ep->in_use = false;
	vhx_endpoint_pass_locked(ep);
	mutex_unlock(&vhx_endpoints_lock);
	vhx_endpoint_put(ep);
}
EXPORT_SYMBOL_GPL(vhx_endpoint_unuse);

/* The module goes: nobody uses any. */
void vhx_endpoints_exit(void)
{
	struct vhx_endpoint *ep, *next;

	list_for_each_entry_safe(ep, next, &vhx_endpoints, node)
		vhx_endpoint_put(ep);
}
