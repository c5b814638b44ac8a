// SPDX-License-Identifier: GPL-2.0-only
/* vsock as JSON: guests, their connections, routes, limits. */
#include <stdio.h>

#include "ask.h"
#include "collect.h"

/* --- guests --- */

static int add_guest(const struct vhx_vsock_info *guest, void *arg)
{
	struct json_object *obj = j_obj(), *stats = j_obj();
	char name[16];
	__u32 i;

	snprintf(name, sizeof(name), "%u", guest->cid);
	j_num(obj, "id", guest->cid);
	j_str(obj, "name", name);
	j_str(obj, "state", guest->broken ? "broken" : guest->live ? "live" : "paused");
	j_num(obj, "connections", guest->conns);
	j_num(obj, "parked", guest->parked);
	j_num(obj, "waiting", guest->waiting);
	j_add(obj, "owner_pid", guest->owner ? json_object_new_uint64(guest->owner) : NULL);
	j_str(obj, "owner_comm", guest->owner ? guest->comm : NULL);
	j_hex(obj, "features", guest->features);
	for (i = 0; i < guest->nr_stats; i++)
		j_num(stats, vhx_vsock_stat__name(i), guest->stats[i]);
	j_add(obj, "stats", stats);
	json_object_array_add(arg, obj);
	return 0;
}

static int walk_guests(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_vsock__each(nl, add_guest, array);
}

struct json_object *collect_guests(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_guests, "guests with vsock", "vhx_vsock" };

	return collect_walk(nl, &of, 0, rc);
}

/* As counters.c wants them: "guest_id" says whose. */
struct json_object *collect_guest_stats(struct vhx_nl *nl, __u32 cid, int *rc)
{
	struct json_object *all = collect_guests(nl, rc), *rows, *row, *guest;
	size_t i;

	if (!all)
		return NULL;
	rows = j_arr();
	for (i = 0; i < json_object_array_length(all); i++) {
		guest = json_object_array_get_idx(all, i);
		if (cid && j_get_num(guest, "id") != cid)
			continue;
		row = j_obj();
		j_num(row, "guest_id", j_get_num(guest, "id"));
		j_str(row, "state", j_get_str(guest, "state"));
		j_add(row, "stats", json_object_get(j_get(guest, "stats")));
		json_object_array_add(rows, row);
	}
	json_object_put(all);
	return rows;
}

struct json_object *find_guest(struct vhx_nl *nl, const char *word, int *rc)
{
	struct json_object *guests = collect_guests(nl, rc);

	if (guests)
		name_guests(guests);
	return find_in(guests, "guest with CID", word, rc);
}

static const char *name_of(struct json_object *named, __u64 cid)
{
	struct json_object *guest;
	size_t i;

	for (i = 0; i < json_object_array_length(named); i++) {
		guest = json_object_array_get_idx(named, i);
		if (j_get_num(guest, "cid") == cid)
			return j_get_str(guest, "name");
	}
	return NULL;
}

void name_guests(struct json_object *guests)
{
	struct json_object *named = ask_quietly("vsock"), *guest;
	const char *name;
	size_t i;

	if (!json_object_is_type(named, json_type_array)) {
		json_object_put(named);
		return;
	}
	for (i = 0; i < json_object_array_length(guests); i++) {
		guest = json_object_array_get_idx(guests, i);
		name = name_of(named, j_get_num(guest, "id"));
		if (name)
			j_str(guest, "name", name);
	}
	json_object_put(named);
}

/* --- connections --- */

struct conns {
	struct json_object *array;
	__u32 cid;
};

static int add_conn(const struct vhx_vsock_conn_info *conn, void *arg)
{
	struct conns *conns = arg;
	struct json_object *obj;

	if (conns->cid && conn->from != conns->cid && conn->to != conns->cid)
		return 0;
	obj = j_obj();
	j_num(obj, "from", conn->from);
	j_num(obj, "from_port", conn->from_port);
	j_num(obj, "to", conn->to);
	j_num(obj, "to_port", conn->to_port);
	j_str(obj, "type", vhx_vsock_type__name(conn->type));
	j_str(obj, "state", conn->open ? "open" : "asked");
	json_object_array_add(conns->array, obj);
	return 0;
}

static int walk_conns(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	struct conns conns = { array, id };

	return vhx_vsock_conn__each(nl, add_conn, &conns);
}

struct json_object *collect_guest_conns(struct vhx_nl *nl, __u32 cid, int *rc)
{
	static const struct walk_of of = { walk_conns, "connections of guests", "vhx_vsock" };

	return collect_walk(nl, &of, cid, rc);
}

/* --- routes --- */

/* As it is written on the command line. */
static void add_range(struct json_object *obj, const char *key, const struct vhx_range *range,
		      bool cids)
{
	char text[32];

	if (!range->first && range->last == UINT32_MAX)
		snprintf(text, sizeof(text), "any");
	else if (cids && range->first == 2 && range->last == 2)
		snprintf(text, sizeof(text), "host");
	else if (cids && range->first == 3 && range->last == UINT32_MAX)
		snprintf(text, sizeof(text), "guests");
	else if (range->first == range->last)
		snprintf(text, sizeof(text), "%u", range->first);
	else
		snprintf(text, sizeof(text), "%u-%u", range->first, range->last);
	j_str(obj, key, text);
}

static int add_route(const struct vhx_vsock_route *route, void *arg)
{
	struct json_object *obj = j_obj();

	j_num(obj, "pref", route->pref);
	add_range(obj, "from", &route->from, true);
	add_range(obj, "to", &route->to, true);
	add_range(obj, "port", &route->port, false);
	j_str(obj, "type", vhx_vsock_type__name(route->type) ?: "any");
	j_str(obj, "verdict", vhx_vsock_verdict__name(route->verdict));
	j_num(obj, "hits", route->hits);
	json_object_array_add(arg, obj);
	return 0;
}

static int walk_routes(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_vsock_route__each(nl, add_route, array);
}

struct json_object *collect_routes(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_routes, "routes of vsock", "vhx_vsock" };

	return collect_walk(nl, &of, 0, rc);
}

/* --- limits --- */

static int add_limits(const struct vhx_vsock_limits *limits, void *arg)
{
	struct json_object *obj = j_obj();
	char cid[16] = "default";
	__u32 i;

	if (limits->cid)
		snprintf(cid, sizeof(cid), "%u", limits->cid);
	j_str(obj, "cid", cid);
	for (i = 0; vhx_vsock_limit__name(i); i++)
		j_num(obj, vhx_vsock_limit__name(i), limits->value[i]);
	json_object_array_add(arg, obj);
	return 0;
}

static int walk_limits(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_vsock_limits__each(nl, add_limits, array);
}

struct json_object *collect_limits(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_limits, "limits of vsock", "vhx_vsock" };

	return collect_walk(nl, &of, 0, rc);
}
