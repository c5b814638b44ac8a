// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of a former process. Those with a record and a socket wait until the kernel says how far it
 * is; see "Grace" in <linux/vhx_agent_vsock.h>.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "keep.h"

static struct guest *guest_of(struct vsock *v, const struct record *r)
{
	unsigned int i;

	for (i = 0; i < v->room; i++)
		if (v->guests[i].conf.cid == r->cid && keep_is(&v->guests[i]))
			return &v->guests[i];
	return NULL;
}

static void fill(struct flow *f, struct record *r)
{
	f->cookie = r->cookie;
	f->record = r;
	f->type = r->type;
	f->guest_port = r->guest_port;
	f->peer_cid = r->peer_cid;
	f->peer_port = r->peer_port;
	f->of_host = r->of_host;
	f->hello = r->hello;
	f->taken = r->taken;
	f->told = r->taken;
	flow_number(f, r->id);
	/* Of new ones none gets its port. */
	if (f->of_host && f->peer_port >= f->guest->next_port)
		f->guest->next_port = f->peer_port + 1 > HOST_PORT ? f->peer_port + 1 : HOST_PORT;
}

bool keep_adopt(struct vsock *v, struct record *r)
{
	struct guest *g = guest_of(v, r);
	char name[STORE_NAME_LEN];
	struct flow *f = NULL;
	int fd;

	keep_name(r, name);
	fd = store_take(&v->keep->store, name);
	/* What it was about to do may have been done, or not. */
	if (g && fd >= 0 && !r->intent)
		f = flow_new(g, FLOW_PARKED, fd);
	if (!f) {
		ledger_remove(&v->keep->ledger, r);
		if (fd >= 0)
			store_drop(name, fd);
		return false;
	}
	fill(f, r);
	v->keep->owner[ledger_index(&v->keep->ledger, r)] = f;
	return true;
}

/* The kernel needs not hear of it: it has no such, or hears so otherwise. */
static void end(struct flow *f)
{
	audit(f, "closed", "by a restart");
	flow_number(f, 0);
	flow_over(f);
}

/* Is what the kernel knows what can be, by what we do? */
static bool agrees(const struct record *r, const struct vhx_vsock_parked *p)
{
	return r->taken >= p->taken && r->taken <= p->given && p->sent >= r->accepted &&
	       p->sent <= r->read && r->read - p->sent <= LEDGER_RING;
}

static void go_on(struct flow *f, const struct vhx_vsock_parked *p)
{
	struct pollfd now = { .fd = f->watch.fd, .events = POLLIN };

	f->sent = p->sent;
	f->credit = p->credit;
	f->shut = p->shut;
	f->said = p->shut;
	ledger_set(&f->record->accepted, p->sent);
	flow_say(f, SAY_RESUME);
	audit(f, "resumed", NULL);
	f->asked = p->state == VHX_VSOCK_PARKED_ASKING;
	f->state = FLOW_ASKING;
	if (!f->asked)
		flow_opened(f);
	/* What epoll said meanwhile nobody heard. */
	if (poll(&now, 1, 0) > 0)
		flow_event(f, (uint32_t)now.revents);
}

void keep_parked(struct guest *g, const struct vhx_vsock_msg *m, const uint8_t *data)
{
	struct flow *f = flow_find(g, m->conn);
	struct vhx_vsock_parked p;

	if (!f && m->cookie)
		f = flow_find_cookie(g, m->cookie);
	if (m->len < sizeof(p) || !f || f->state != FLOW_PARKED) {
		flow_refuse(g, m, -ECONNRESET);
		return;
	}
	memcpy(&p, data, sizeof(p));
	if (!agrees(f->record, &p)) {
		flow_refuse(g, m, -ECONNRESET);
		end(f);
		return;
	}
	flow_number(f, m->conn);
	go_on(f, &p);
}

void keep_all_heard(struct guest *g)
{
	struct flow *f, *next;

	list_for_each_safe(f, next, &g->flows, all) {
		if (f->state != FLOW_PARKED)
			continue;
		if (f->id || !f->of_host) {
			end(f);
			continue;
		}
		/* The guest was not asked, as far as anybody knows. */
		f->state = FLOW_ASKING;
		flow_say(f, SAY_CONNECT);
	}
}

void keep_expire(struct vsock *v)
{
	struct flow *f, *next;
	unsigned int i;

	for (i = 0; i < v->room; i++)
		list_for_each_safe(f, next, &v->guests[i].flows, all)
			if (f->state == FLOW_PARKED)
				end(f);
}
