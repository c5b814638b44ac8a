/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between a class of devices and an agent, for what is no request: nobody waits for an
 * answer, and nothing is given to the next agent when one dies. See <linux/vhx_agent.h>.
 *
 * An agent that attaches with VHX_AGENT_MESSAGES has slots set apart for it, so many each way, each
 * with a tag and pages of its own, until the session or the attach ends. So neither way waits for a
 * tag or for room but its own. A slot to the agent is the class's, then READY, the agent's, and the
 * class's again when the agent commits it. One from the agent is granted: the agent's from the start,
 * and committed when there is something in it; the class reads it, and grants it again.
 *
 * Locks: those of agent.h; vhx_endpoint.mail is outside of all of them, and held over what a
 * correspondent is told.
 */
#ifndef _VHX_MESSAGE_H
#define _VHX_MESSAGE_H

#include "agent.h"

struct vhx_messages;
struct vhx_message;

/**
 * struct vhx_correspondent - who messages of an endpoint are for, at the VMM's side
 * @up: an agent serves the endpoint, with messages
 * @down: it does not any more; what it had it had
 * @room: vhx_message_get() may have a slot again
 * @recv: the agent sent @len bytes, at vhx_message_data(): the agent may write there meanwhile, so
 *	that each is to be read once. Return: 0: the slot is done with; -EAGAIN: it stays the class's,
 *	until vhx_message_grant()
 *
 * Context of all: process, sleeps, but not for long: io_uring's lock may be held. They follow each
 * other: up, any of the rest, down.
 */
struct vhx_correspondent {
	void (*up)(struct vhx_correspondent *c);
	void (*down)(struct vhx_correspondent *c);
	void (*room)(struct vhx_correspondent *c);
	int (*recv)(struct vhx_correspondent *c, struct vhx_message *msg, u32 len);
};

void vhx_endpoint_correspond(struct vhx_endpoint *ep, struct vhx_correspondent *c);
u32 vhx_endpoint_grace(struct vhx_endpoint *ep);

struct vhx_message *vhx_message_get(struct vhx_endpoint *ep);
void *vhx_message_data(const struct vhx_message *msg);
u32 vhx_message_size(const struct vhx_message *msg);
int vhx_message_send(struct vhx_message *msg, u32 len);
void vhx_message_grant(struct vhx_message *msg);

/* ---- the core's ---- */

static inline bool vhx_message_is(const struct vhx_areq *req)
{
	return req->type == VHX_AGENT_REQ_MESSAGE || req->type == VHX_AGENT_REQ_GRANT;
}

int vhx_messages_new(struct vhx_session *s, struct vhx_endpoint *ep,
		     const struct vhx_agent_attach *arg, struct vhx_messages **to);
void vhx_messages_free(struct vhx_messages *m);
void vhx_messages_begin(struct vhx_endpoint *ep);
void vhx_messages_end(struct vhx_endpoint *ep);
void vhx_message_hold(struct vhx_areq *req);
void vhx_message_back(struct vhx_areq *req);

#endif /* _VHX_MESSAGE_H */
