// SPDX-License-Identifier: GPL-2.0-only
/* A guest: it is served, served otherwise, and served no more; it comes and goes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../keeper.h"
#include "../log.h"
#include "keep.h"
#include "router.h"

void guest_init(struct vsock *v, struct guest *g)
{
	unsigned int i;

	*g = (struct guest) { .vsock = v, .number = NO_NUMBER, .next_port = HOST_PORT };
	list_init(&g->listeners);
	list_init(&g->flows);
	list_init(&g->due);
	for (i = 0; i < FLOW_BUCKETS; i++)
		list_init(&g->by_id[i]);
}

struct guest *guest_find(struct vsock *v, uint32_t cid)
{
	unsigned int i;

	for (i = 0; i < v->room; i++)
		if (v->guests[i].conf.cid == cid)
			return &v->guests[i];
	return NULL;
}

int guest_attach(struct guest *g, struct vsock_conf *conf)
{
	struct vhx_agent_attach arg = {
		.class = VHX_ENDPOINT_VSOCK,
		.flags = VHX_AGENT_MESSAGES,
		.message_size = SLOT_SIZE,
		.messages = SLOTS,
		.grants = SLOTS,
	};
	int ret;

	snprintf(arg.name, sizeof(arg.name), "%u", conf->cid);
	arg.grace_ms = keep_grace_ms(g->vsock, conf);
	ret = vhx_agent__attach_with(g->vsock->agent, &arg);
	if (ret)
		return ret;
	g->number = arg.endpoint;
	g->conf = *conf;
	*conf = (struct vsock_conf) { 0 };
	return 0;
}

/* --- what machined knows --- */

static void put_name(const struct guest *g)
{
	if (g->is_there && g->conf.is_registered)
		keeper_register(g->conf.cid, g->conf.name);
}

static void take_name(const struct guest *g)
{
	if (g->is_there && g->conf.is_registered)
		keeper_unregister(g->conf.cid);
}

void guest_is_there(struct guest *g, bool is_there)
{
	if (g->is_there == is_there)
		return;
	take_name(g);
	g->is_there = is_there;
	put_name(g);
}

/* --- changes --- */

/* Nobody is asked, or told: the kernel does that. */
static void end_flows(struct guest *g)
{
	struct flow *f, *next;

	list_for_each_safe(f, next, &g->flows, all) {
		if (f->state == FLOW_OPEN)
			audit(f, "closed", "not served any more");
		flow_free(f);
	}
}

int guest_detach(struct guest *g)
{
	int ret;

	unix_unlisten(g);
	end_flows(g);
	/* Slots are of no use any more, whether or not the kernel has read the last. */
	g->ngrants = 0;
	ret = vhx_agent__detach(g->vsock->agent, g->number);
	if (ret == -EBUSY)
		return ret;
	if (ret)
		log_die("vsock %u: cannot be given up: %s", g->conf.cid, msg_errno(ret));
	guest_is_there(g, false);
	free(g->conf.maps);
	guest_init(g->vsock, g);
	return 0;
}

static bool is_named_otherwise(const struct vsock_conf *a, const struct vsock_conf *b)
{
	return a->is_registered != b->is_registered || strcmp(a->name, b->name);
}

int guest_change(struct guest *g, struct vsock_conf *conf)
{
	const bool renamed = is_named_otherwise(&g->conf, conf);
	struct msg msg;

	if (conf->grace != g->conf.grace)
		log_warning("[vsock %u]: another grace needs a restart", g->conf.cid);
	if (renamed)
		take_name(g);
	free(g->conf.maps);
	/* What the kernel was told when it was attached. */
	conf->grace = g->conf.grace;
	g->conf = *conf;
	*conf = (struct vsock_conf) { 0 };
	if (renamed)
		put_name(g);
	if (!unix_listen(g, &msg))
		return 0;
	log_error("[vsock %u]: %s", g->conf.cid, msg.text);
	return -1;
}
