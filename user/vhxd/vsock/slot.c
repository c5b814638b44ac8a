// SPDX-License-Identifier: GPL-2.0-only
/* Messages to the kernel: slots that were granted are filled, and go back with the turn's answers. */
#include <string.h>

#include "router.h"

bool slot_free(const struct guest *g)
{
	return g->ngrants;
}

static uint8_t *slot_at(const struct guest *g, uint32_t tag)
{
	const struct vhx_agent *a = g->vsock->agent;

	return (uint8_t *)a->pool + a->req[tag].pool_off;
}

void *slot_data(struct guest *g, uint32_t *room)
{
	*room = SLOT_SIZE - sizeof(struct vhx_vsock_msg);
	return slot_at(g, g->grants[g->ngrants - 1]) + sizeof(struct vhx_vsock_msg);
}

uint32_t slot_send(struct guest *g, const struct vhx_vsock_msg *msg)
{
	struct vsock *v = g->vsock;
	uint32_t tag = g->grants[--g->ngrants];

	memcpy(slot_at(g, tag), msg, sizeof(*msg));
	v->answer[v->nr_answers++] = (struct vhx_agent_done) {
		.tag = tag,
		.gen = v->agent->req[tag].gen,
		.in_len = (uint32_t)sizeof(*msg) + msg->len,
	};
	return tag;
}
