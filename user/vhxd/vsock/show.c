// SPDX-License-Identifier: GPL-2.0-only
/* Guests and their connections, as JSON. */
#include <linux/virtio_vsock.h>

#include "router.h"

static const char *state_of(const struct flow *f)
{
	switch (f->state) {
	case FLOW_HELLO:
		return "new";
	case FLOW_ASKING:
	case FLOW_ASKED:
		return "asked";
	case FLOW_OPEN:
		return f->hup || f->shut ? "half-closed" : "open";
	case FLOW_PARKED:
		return "parked";
	case FLOW_DRAIN:
		return "draining";
	case FLOW_OVER:
		break;
	}
	return "over";
}

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, *text ? json_object_new_string(text) : NULL);
}

static void put_number(struct json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)n));
}

static struct json_object *show_flow(const struct flow *f)
{
	struct json_object *o = json_object_new_object();

	put_number(o, "cid", f->guest->conf.cid);
	put_text(o, "by", f->of_host ? "host" : "guest");
	put_number(o, "guest_port", f->guest_port);
	put_number(o, "host_port", f->peer_port);
	put_text(o, "type", f->type == VIRTIO_VSOCK_TYPE_SEQPACKET ? "seqpacket" : "stream");
	put_text(o, "state", state_of(f));
	put_number(o, "to_guest_bytes", f->sent);
	put_number(o, "from_guest_bytes", f->taken);
	return o;
}

static struct json_object *show_guest(const struct guest *g)
{
	struct json_object *o = json_object_new_object(), *flows = json_object_new_array();
	struct flow *f;

	list_for_each(f, &g->flows, all)
		json_object_array_add(flows, show_flow(f));
	put_number(o, "cid", g->conf.cid);
	put_text(o, "name", g->conf.name);
	put_text(o, "state", g->is_there ? "there" : "absent");
	put_text(o, "path", g->conf.path);
	json_object_object_add(o, "registered", json_object_new_boolean(g->conf.is_registered));
	put_number(o, "connections", g->nflows);
	json_object_object_add(o, "connection_list", flows);
	return o;
}

static int show(struct vsock *v, void *arg)
{
	unsigned int i;

	for (i = 0; i < v->room; i++)
		if (v->guests[i].number != NO_NUMBER)
			json_object_array_add(arg, show_guest(&v->guests[i]));
	return 0;
}

struct json_object *vsock_show(struct vsock *v)
{
	struct json_object *rows = json_object_new_array();

	if (v)
		vsock_call(v, show, rows);
	return rows;
}
