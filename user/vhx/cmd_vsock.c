// SPDX-License-Identifier: GPL-2.0-only
/* vhx vsock: guests with vsock. Their routes and limits are cmd_vsock_route.c, cmd_vsock_limit.c. */
#include "counters.h"

static const struct out_col list_cols[] = {
	{ "id", "CID", OUT_PLAIN },
	{ "name", "NAME", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "connections", "SIBLINGS", OUT_PLAIN },
	{ "waiting", "WAITING", OUT_COUNT },
	{ "stats.sent_bytes", "SENT", OUT_BYTES },
	{ "stats.got_bytes", "GOT", OUT_BYTES },
	{ "owner_pid", "OWNER", OUT_PLAIN },
	{ "owner_comm", "COMMAND", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "id", "CID", OUT_PLAIN },
	{ "name", "name", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "owner_pid", "owner", OUT_PLAIN },
	{ "owner_comm", "command", OUT_PLAIN },
	{ "features", "features", OUT_PLAIN },
	{ "connections", "connections with guests", OUT_PLAIN },
	{ "parked", "parked, without an agent", OUT_PLAIN },
	{ "waiting", "packets that wait for it", OUT_PLAIN },
	{ "stats.sent", "packets sent", OUT_COUNT },
	{ "stats.sent_bytes", "bytes sent", OUT_BYTES },
	{ "stats.got", "packets got", OUT_COUNT },
	{ "stats.got_bytes", "bytes got", OUT_BYTES },
	{ "stats.to_host", "sent to the host", OUT_COUNT },
	{ "stats.to_siblings", "sent to guests", OUT_COUNT },
	{ "stats.unrouted", "without a route", OUT_COUNT },
	{ "stats.refused", "refused by limits", OUT_COUNT },
	{ "stats.overflows", "reset, too much waited", OUT_COUNT },
	{ "stats.throttled", "left waiting", OUT_COUNT },
	{ "stats.bad_packets", "bad packets", OUT_COUNT },
};

static const struct out_col conn_cols[] = {
	{ "from", "FROM", OUT_PLAIN },
	{ "from_port", "PORT", OUT_PLAIN },
	{ "to", "TO", OUT_PLAIN },
	{ "to_port", "PORT", OUT_PLAIN },
	{ "type", "TYPE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
};

static const struct out_col total_cols[] = {
	{ "guest", "CID", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "stats.sent", "SENT", OUT_COUNT },
	{ "stats.sent_bytes", "BYTES", OUT_BYTES },
	{ "stats.got", "GOT", OUT_COUNT },
	{ "stats.got_bytes", "BYTES", OUT_BYTES },
	{ "stats.to_host", "TO-HOST", OUT_COUNT },
	{ "stats.to_siblings", "TO-GUESTS", OUT_COUNT },
	{ "stats.unrouted", "UNROUTED", OUT_COUNT },
	{ "stats.refused", "REFUSED", OUT_COUNT },
	{ "stats.overflows", "OVERFLOWS", OUT_COUNT },
	{ "stats.throttled", "THROTTLED", OUT_COUNT },
	{ "stats.bad_packets", "BAD", OUT_COUNT },
};

static const struct out_col rate_cols[] = {
	{ "guest", "CID", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "rates.sent_per_s", "SENT/s", OUT_COUNT },
	{ "rates.sent_bits_per_s", "BITS", OUT_BITS },
	{ "rates.got_per_s", "GOT/s", OUT_COUNT },
	{ "rates.got_bits_per_s", "BITS", OUT_BITS },
	{ "rates.unrouted_per_s", "UNROUTED/s", OUT_COUNT },
	{ "rates.throttled_per_s", "THROTTLED/s", OUT_COUNT },
};

static const struct out_col head_cols[] = {
	{ "guest", "CID", OUT_PLAIN },
};

static const char *const labels[] = { "guest", "guest_id" };

int cmd_vsock_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *guests;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "Guests with vsock that sockets of this network namespace can reach.", argc,
		    argv, &words);
	rc = session_open_for(&nl, "vhx_vsock");
	if (rc)
		return rc;
	guests = collect_guests(nl, &rc);
	vhx_nl__close(nl);
	if (!guests)
		return rc;
	name_guests(guests);
	if (out_json(guests))
		return RC_OK;
	out_table(guests, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(guests))
		say("no guest: no VMM has given a /dev/vhx-vsock a CID");
	json_object_put(guests);
	return RC_OK;
}

static int show(struct json_object *guest)
{
	if (out_json(guest))
		return RC_OK;
	out_record(guest, show_cols, ARRAY_SIZE(show_cols));
	if (json_object_array_length(j_get(guest, "connection_list"))) {
		out_title("Connections with other guests");
		out_table(j_get(guest, "connection_list"), conn_cols, ARRAY_SIZE(conn_cols));
	}
	json_object_put(guest);
	return RC_OK;
}

int cmd_vsock_show(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *guest, *conns = NULL;
	struct vhx_nl *nl;
	int rc;

	parse_words("CID", "One guest, with its connections with other guests.", argc, argv, &words);
	rc = session_open_for(&nl, "vhx_vsock");
	if (rc)
		return rc;
	guest = find_guest(nl, words.word[0], &rc);
	if (guest)
		conns = collect_guest_conns(nl, j_get_num(guest, "id"), &rc);
	vhx_nl__close(nl);
	if (!conns) {
		json_object_put(guest);
		return rc;
	}
	j_add(guest, "connection_list", conns);
	return show(guest);
}

/* --- counters --- */

static void derive(struct json_object *rates, struct json_object *now, struct json_object *before,
		   double seconds)
{
	counters_put_rate(rates, "sent_bits_per_s",
			  counters_grown(now, before, "sent_bytes") * 8 / seconds);
	counters_put_rate(rates, "got_bits_per_s",
			  counters_grown(now, before, "got_bytes") * 8 / seconds);
}

int cmd_vsock_stats(int argc, char **argv)
{
	static const struct counters kind = {
		.object = "CID",
		.module = "vhx_vsock",
		.about = "Counters of guests' vsock since the VMM opened it.",
		.none = "no guest: no VMM has given a /dev/vhx-vsock a CID",
		.prefix = "vhx_vsock",
		.labels = labels,
		.nr_labels = ARRAY_SIZE(labels),
		.heads = head_cols,
		.nr_heads = ARRAY_SIZE(head_cols),
		.totals = total_cols,
		.nr_totals = ARRAY_SIZE(total_cols),
		.rates = rate_cols,
		.nr_rates = ARRAY_SIZE(rate_cols),
		.count = vhx_vsock_stat__count,
		.name = vhx_vsock_stat__name,
		.doc = vhx_vsock_stat__doc,
		.find = find_guest,
		.objects = collect_guests,
		.queues = collect_guest_stats,
		.derive = derive,
	};

	return counters_cmd(&kind, argc, argv);
}
