// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages, see message.h. A slot is a request that is no virtqueue's: it goes the same way to the
 * agent and back, but is told apart where that would have made it a virtqueue's again.
 */
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "message.h"
#include "session.h"

/**
 * struct vhx_message - a slot
 * @req: its tag, its pages, and where it is; @req.state is DONE while it is the class's, or nobody's
 * @m: of which it is
 */
struct vhx_message {
	struct vhx_areq req;
	struct vhx_messages *m;
};

/**
 * struct vhx_messages - slots of an endpoint in a session
 * @ref: of the session, and of each slot that somebody is busy with
 * @ep: endpoint
 * @q: queue that their tags are of
 * @over: the session or the attach ended; @q->lock
 * @told: the correspondent is up; vhx_endpoint.mail
 * @grace_ms: as the agent attached
 * @idle: slots to the agent that may be used, by vhx_areq.node; @q->lock
 * @nslots: how many
 * @slot: those to the agent, and then those from it
 */
struct vhx_messages {
	struct kref ref;
	struct vhx_endpoint *ep;
	struct vhx_squeue *q;
	bool over;
	bool told;
	u32 grace_ms;
	struct list_head idle;
	u32 nslots;
	struct vhx_message slot[] __counted_by(nslots);
};

/* ---- slots are set apart ---- */

static void vhx_messages_last_put(struct kref *ref)
{
	struct vhx_messages *m = container_of(ref, struct vhx_messages, ref);
	u32 i;

	for (i = 0; i < m->nslots; i++)
		vhx_tag_put(&m->slot[i].req);
	vhx_endpoint_put(m->ep);
	kvfree(m);
}

static void vhx_messages_put(struct vhx_messages *m)
{
	kref_put(&m->ref, vhx_messages_last_put);
}

/**
 * vhx_messages_free - slots that were not used are not needed
 * @m: from vhx_messages_new(); or NULL
 *
 * Context: process, sleeps.
 */
void vhx_messages_free(struct vhx_messages *m)
{
	if (m)
		vhx_messages_put(m);
}

/* Return: 0, -ENOSPC, or -ESHUTDOWN. */
static int vhx_message_init(struct vhx_message *msg, struct vhx_messages *m, u16 type, u32 pages)
{
	struct vhx_areq *req = &msg->req;
	int rc;

	msg->m = m;
	req->type = type;
	req->ep = m->ep;
	req->state = VHX_AREQ_DONE;
	INIT_LIST_HEAD(&req->all);
	INIT_LIST_HEAD(&req->node);
	rc = vhx_tag_take(m->q, req);
	if (rc)
		return rc;
	rc = vhx_pool_take(&m->q->s->pool, m->ep, pages);
	if (rc < 0)
		return rc;
	req->page = rc;
	req->npages = pages;
	if (type == VHX_AGENT_REQ_MESSAGE)
		list_add_tail(&req->node, &m->idle);
	return 0;
}

static bool vhx_messages_fit(const struct vhx_session *s, const struct vhx_agent_attach *arg)
{
	return arg->message_queue < s->nqueues && arg->message_size && arg->message_size <= VHX_AGENT_MESSAGE_MAX &&
	       !(arg->message_size & ~PAGE_MASK) && arg->messages >= 2 && arg->grants &&
	       arg->messages <= VHX_AGENT_MESSAGES_MAX && arg->grants <= VHX_AGENT_MESSAGES_MAX &&
	       arg->grace_ms <= VHX_AGENT_GRACE_MAX;
}

/**
 * vhx_messages_new - set slots apart
 * @s: session
 * @ep: endpoint that it is about to serve
 * @arg: how many, and of what size
 * @to: where to put them; NULL if none are asked for
 *
 * Context: process, sleeps; @s->lock, @s not dead.
 * Return: 0; -EINVAL; -ENOSPC there are no such tags or pages; -ENOMEM.
 */
int vhx_messages_new(struct vhx_session *s, struct vhx_endpoint *ep,
		     const struct vhx_agent_attach *arg, struct vhx_messages **to)
{
	const u32 n = arg->messages + arg->grants, pages = arg->message_size >> PAGE_SHIFT;
	struct vhx_messages *m;
	int err = 0;
	u32 i;

	*to = NULL;
	if (!(arg->flags & VHX_AGENT_MESSAGES))
		return arg->message_size || arg->messages || arg->grants ||
		       arg->message_queue || arg->grace_ms ? -EINVAL : 0;
	if (!vhx_messages_fit(s, arg))
		return -EINVAL;
	m = kvzalloc(struct_size(m, slot, n), GFP_KERNEL_ACCOUNT);
	if (!m)
		return -ENOMEM;
	kref_init(&m->ref);
	kref_get(&ep->ref);
	m->ep = ep;
	m->q = &s->queue[array_index_nospec(arg->message_queue, s->nqueues)];
	INIT_LIST_HEAD(&m->idle);
	m->nslots = n;
	m->grace_ms = arg->grace_ms;
	for (i = 0; i < n && !err; i++)
		err = vhx_message_init(&m->slot[i], m,
				       i < arg->messages ? VHX_AGENT_REQ_MESSAGE :
							   VHX_AGENT_REQ_GRANT, pages);
	if (err)
		vhx_messages_put(m);
	else
		*to = m;
	return err;
}

/* ---- they change hands ---- */

/* Give a slot to the agent. Return: 0, or -ESHUTDOWN: nobody has it. */
static int vhx_message_offer(struct vhx_message *msg)
{
	struct vhx_messages *m = msg->m;
	int err = -ESHUTDOWN;

	spin_lock(&m->q->lock);
	if (!m->over)
		err = vhx_tag_offer(&msg->req);
	spin_unlock(&m->q->lock);
	if (!err)
		vhx_squeue_ring(m->q, 0);
	return err;
}

/**
 * vhx_message_get - have a slot to fill
 * @ep: endpoint in the caller's use
 *
 * Context: any but interrupts.
 * Return: slot, for vhx_message_send(); NULL: the agent has all, and vhx_correspondent.room() is
 * called when it has not; or there is none.
 */
struct vhx_message *vhx_message_get(struct vhx_endpoint *ep)
{
	struct vhx_messages *m;
	struct vhx_areq *req = NULL;

	spin_lock(&ep->lock);
	m = ep->messages;
	if (m) {
		spin_lock(&m->q->lock);
		req = list_first_entry_or_null(&m->idle, struct vhx_areq, node);
		if (req) {
			list_del_init(&req->node);
			kref_get(&m->ref);
		}
		spin_unlock(&m->q->lock);
	}
	spin_unlock(&ep->lock);
	return req ? container_of(req, struct vhx_message, req) : NULL;
}
EXPORT_SYMBOL_GPL(vhx_message_get);

/**
 * vhx_message_data - where a slot's bytes are
 * @msg: slot that is the caller's
 *
 * Return: address, of vhx_message_size() bytes, which the agent can read and write at any time.
 */
void *vhx_message_data(const struct vhx_message *msg)
{
	return msg->req.q->s->pool.area.mem + ((size_t)msg->req.page << PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(vhx_message_data);

u32 vhx_message_size(const struct vhx_message *msg)
{
	return msg->req.npages << PAGE_SHIFT;
}
EXPORT_SYMBOL_GPL(vhx_message_size);

/**
 * vhx_endpoint_grace - how long what belongs to an agent may be kept when it dies
 * @ep: endpoint in the caller's use
 *
 * Context: vhx_correspondent.up().
 * Return: ms; 0: not at all.
 */
u32 vhx_endpoint_grace(struct vhx_endpoint *ep)
{
	u32 ms;

	spin_lock(&ep->lock);
	ms = ep->messages ? ep->messages->grace_ms : 0;
	spin_unlock(&ep->lock);
	return ms;
}
EXPORT_SYMBOL_GPL(vhx_endpoint_grace);

/**
 * vhx_message_send - give the agent a message
 * @msg: from vhx_message_get(), filled; not the caller's any more, whatever comes of it
 * @len: bytes of it
 *
 * Context: process, sleeps.
 * Return: 0; -ESHUTDOWN the agent is gone.
 */
int vhx_message_send(struct vhx_message *msg, u32 len)
{
	struct vhx_messages *m = msg->m;
	int err;

	msg->req.out_len = len;
	msg->req.win_len = len;
	err = vhx_message_offer(msg);
	vhx_messages_put(m);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_message_send);

static void vhx_message_regrant(struct vhx_message *msg)
{
	msg->req.in_len = vhx_message_size(msg);
	msg->req.win_len = msg->req.in_len;
	vhx_message_offer(msg);
}

/**
 * vhx_message_grant - a message of the agent's was read
 * @msg: of which recv() said -EAGAIN; not the caller's any more
 *
 * Context: process, sleeps.
 */
void vhx_message_grant(struct vhx_message *msg)
{
	struct vhx_messages *m = msg->m;

	vhx_message_regrant(msg);
	vhx_messages_put(m);
}
EXPORT_SYMBOL_GPL(vhx_message_grant);

/* ---- they come back ---- */

/**
 * vhx_message_hold - the agent commits a slot: it is to be there for vhx_message_back()
 * @req: slot's
 *
 * Context: the lock of its queue.
 */
void vhx_message_hold(struct vhx_areq *req)
{
	kref_get(&container_of(req, struct vhx_message, req)->m->ref);
}

/* It may be used again. */
static void vhx_message_idle(struct vhx_message *msg)
{
	struct vhx_messages *m = msg->m;
	struct vhx_endpoint *ep = m->ep;

	spin_lock(&m->q->lock);
	list_add_tail(&msg->req.node, &m->idle);
	spin_unlock(&m->q->lock);
	mutex_lock(&ep->mail);
	if (ep->correspondent && m->told)
		ep->correspondent->room(ep->correspondent);
	mutex_unlock(&ep->mail);
}

/* What is for nobody is read by nobody. Return: as vhx_correspondent.recv(). */
static int vhx_message_recv(struct vhx_message *msg)
{
	struct vhx_messages *m = msg->m;
	struct vhx_endpoint *ep = m->ep;
	int rc = 0;

	mutex_lock(&ep->mail);
	if (ep->correspondent && m->told)
		rc = ep->correspondent->recv(ep->correspondent, msg, msg->req.answer.in_len);
	mutex_unlock(&ep->mail);
	return rc;
}

/**
 * vhx_message_back - the agent committed a slot
 * @req: slot's, DONE
 *
 * Context: the agent's task, sleeps; no lock.
 */
void vhx_message_back(struct vhx_areq *req)
{
	struct vhx_message *msg = container_of(req, struct vhx_message, req);
	struct vhx_messages *m = msg->m;

	if (req->type == VHX_AGENT_REQ_MESSAGE) {
		vhx_message_idle(msg);
	} else {
		/* The class's, with the reference, until it grants it: which may be at once. */
		if (vhx_message_recv(msg) == -EAGAIN)
			return;
		vhx_message_regrant(msg);
	}
	vhx_messages_put(m);
}

/* ---- an agent comes, and goes ---- */

/* Context: vhx_endpoint.mail. */
static void vhx_messages_tell_up(struct vhx_messages *m)
{
	struct vhx_correspondent *c = m->ep->correspondent;

	if (c && !m->told)
		c->up(c);
	m->told = c;
}

/* Context: vhx_endpoint.mail. */
static void vhx_messages_tell_down(struct vhx_messages *m)
{
	struct vhx_correspondent *c = m->ep->correspondent;

	if (c && m->told)
		c->down(c);
	m->told = false;
}

/**
 * vhx_messages_begin - an agent serves an endpoint from now on
 * @ep: endpoint; without slots nothing is done
 *
 * Context: process, sleeps; the session's lock.
 */
void vhx_messages_begin(struct vhx_endpoint *ep)
{
	struct vhx_messages *m = ep->messages;
	u32 i;

	if (!m)
		return;
	mutex_lock(&ep->mail);
	vhx_messages_tell_up(m);
	mutex_unlock(&ep->mail);
	for (i = 0; i < m->nslots; i++)
		if (m->slot[i].req.type == VHX_AGENT_REQ_GRANT)
			vhx_message_regrant(&m->slot[i]);
}

/* Nobody has any of it any more. Context: @m->q->lock. */
static void vhx_messages_revoke(struct vhx_messages *m)
{
	struct vhx_areq *req;
	u32 i;

	m->over = true;
	for (i = 0; i < m->nslots; i++) {
		req = &m->slot[i].req;
		if (req->state == VHX_AREQ_READY)
			list_del_init(&req->node);
		req->state = VHX_AREQ_DONE;
	}
}

/**
 * vhx_messages_end - the session is over, or gives the endpoint up
 * @ep: endpoint, which the session does not serve any more; without slots nothing is done
 *
 * Context: process, sleeps.
 */
void vhx_messages_end(struct vhx_endpoint *ep)
{
	struct vhx_messages *m;

	spin_lock(&ep->lock);
	m = ep->messages;
	ep->messages = NULL;
	spin_unlock(&ep->lock);
	if (!m)
		return;
	spin_lock(&m->q->lock);
	vhx_messages_revoke(m);
	spin_unlock(&m->q->lock);
	mutex_lock(&ep->mail);
	vhx_messages_tell_down(m);
	mutex_unlock(&ep->mail);
	vhx_messages_put(m);
}

/**
 * vhx_endpoint_correspond - have messages of an endpoint, or have none any more
 * @ep: endpoint in the caller's use
 * @c: who is told; NULL: nobody, from the return on. If an agent is there it is up() before
 *
 * Slots that the class has by then it sends, or grants.
 *
 * Context: process, sleeps; none of what a correspondent's functions take.
 */
void vhx_endpoint_correspond(struct vhx_endpoint *ep, struct vhx_correspondent *c)
{
	struct vhx_messages *m;

	mutex_lock(&ep->mail);
	ep->correspondent = c;
	/* Who takes them away does so before the lock, and puts them behind it. */
	spin_lock(&ep->lock);
	m = ep->messages;
	spin_unlock(&ep->lock);
	if (m)
		vhx_messages_tell_up(m);
	mutex_unlock(&ep->mail);
}
EXPORT_SYMBOL_GPL(vhx_endpoint_correspond);
