// SPDX-License-Identifier: GPL-2.0-only
/* vhx vsock agent: guests whose vsock vhxd serves. */
#include <string.h>

#include "ask.h"
#include "out.h"

static const struct out_col cols[] = {
	{ "cid", "CID", OUT_PLAIN },
	{ "name", "NAME", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "connections", "CONNECTIONS", OUT_PLAIN },
	{ "registered", "REGISTERED", OUT_PLAIN },
	{ "path", "PATH", OUT_PLAIN },
};

static const struct out_col conn_cols[] = {
	{ "cid", "CID", OUT_PLAIN },
	{ "by", "BY", OUT_PLAIN },
	{ "guest_port", "GUEST", OUT_PLAIN },
	{ "host_port", "HOST", OUT_PLAIN },
	{ "type", "TYPE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "to_guest_bytes", "TO-GUEST", OUT_BYTES },
	{ "from_guest_bytes", "FROM-GUEST", OUT_BYTES },
};

/* Of all guests, in one table. Return: array, the caller's. */
static struct json_object *all_connections(struct json_object *guests)
{
	struct json_object *all = j_arr(), *of;
	size_t i, j;

	for (i = 0; i < json_object_array_length(guests); i++) {
		of = j_get(json_object_array_get_idx(guests, i), "connection_list");
		for (j = 0; j < json_object_array_length(of); j++)
			json_object_array_add(all, json_object_get(json_object_array_get_idx(of, j)));
	}
	return all;
}

int cmd_vsock_agent(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *request, *guests, *conns;
	int rc;

	parse_words("", "Guests whose vsock vhxd serves, and their connections with it.", argc, argv,
		    &words);
	request = j_obj();
	j_str(request, "op", "vsock");
	guests = ask_vhxd(request, &rc);
	if (!guests)
		return rc;
	if (out_json(guests))
		return RC_OK;
	out_table(guests, cols, ARRAY_SIZE(cols));
	if (!json_object_array_length(guests))
		say("no guest: see [vsock CID] in vhxd.conf(5)");
	conns = all_connections(guests);
	if (json_object_array_length(conns)) {
		out_title("Connections");
		out_table(conns, conn_cols, ARRAY_SIZE(conn_cols));
	}
	json_object_put(conns);
	json_object_put(guests);
	return RC_OK;
}
