// SPDX-License-Identifier: GPL-2.0-only
/* vhx scsi: SCSI hosts of guests. */
#include <string.h>

#include "counters.h"

static const struct out_col list_cols[] = {
	{ "id", "ID", OUT_PLAIN },
	{ "name", "HOST", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "live_queues", "QUEUES", OUT_PLAIN },
	{ "owner_pid", "OWNER", OUT_PLAIN },
	{ "owner_comm", "COMMAND", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "id", "id", OUT_PLAIN },
	{ "name", "endpoint", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "live_queues", "queues", OUT_PLAIN },
	{ "owner_pid", "owner", OUT_PLAIN },
	{ "owner_comm", "command", OUT_PLAIN },
	{ "functions", "functions under way", OUT_PLAIN },
	{ "waiting_events", "waiting events", OUT_PLAIN },
	{ "missed_events", "missed events", OUT_PLAIN },
	{ "features", "features", OUT_PLAIN },
	{ "endpoint.state", "endpoint's state", OUT_STATE },
	{ "endpoint.agent_id", "agent", OUT_PLAIN },
	{ "endpoint.waiting", "waiting", OUT_PLAIN },
	{ "endpoint.ready", "ready", OUT_PLAIN },
	{ "endpoint.owned", "owned", OUT_PLAIN },
};

static const struct out_col queue_cols[] = {
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "role", "ROLE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "size", "SIZE", OUT_PLAIN },
	{ "avail_index", "AVAIL", OUT_PLAIN },
	{ "used_index", "USED", OUT_PLAIN },
	{ "worker_pid", "WORKER", OUT_PLAIN },
	{ "stats.pulled", "PULLED", OUT_COUNT },
	{ "stats.pushed", "PUSHED", OUT_COUNT },
	{ "stats.bytes", "BYTES", OUT_BYTES },
};

static const struct out_col total_cols[] = {
	{ "host", "HOST", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "role", "ROLE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "stats.pulled", "PULLED", OUT_COUNT },
	{ "stats.pushed", "PUSHED", OUT_COUNT },
	{ "stats.bytes", "BYTES", OUT_BYTES },
	{ "stats.kicks", "KICKS", OUT_COUNT },
	{ "stats.calls", "CALLS", OUT_COUNT },
	{ "stats.bad_requests", "BAD", OUT_COUNT },
	{ "stats.bad_target", "NO-TARGET", OUT_COUNT },
	{ "stats.aborted", "ABORTED", OUT_COUNT },
	{ "stats.failed", "FAILED", OUT_COUNT },
};

static const struct out_col rate_cols[] = {
	{ "host", "HOST", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "role", "ROLE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "rates.pushed_per_s", "REQUESTS/s", OUT_COUNT },
	{ "rates.bits_per_s", "BITS", OUT_BITS },
	{ "rates.pulled_per_batch", "BATCH", OUT_COUNT },
	{ "rates.kicks_per_s", "KICKS/s", OUT_COUNT },
	{ "rates.calls_per_s", "CALLS/s", OUT_COUNT },
	{ "rates.aborted_per_s", "ABORTED/s", OUT_COUNT },
	{ "rates.failed_per_s", "FAILED/s", OUT_COUNT },
};

static const struct out_col head_cols[] = {
	{ "host", "HOST", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "role", "ROLE", OUT_PLAIN },
};

static const char *const labels[] = { "host", "host_id", "queue", "role" };

int cmd_scsi_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *hosts;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "SCSI hosts of guests whose VMM this process can see.", argc, argv, &words);
	rc = session_open_for(&nl, "vhx_scsi");
	if (rc)
		return rc;
	hosts = collect_hosts(nl, &rc);
	vhx_nl__close(nl);
	if (!hosts)
		return rc;
	if (out_json(hosts))
		return RC_OK;
	out_table(hosts, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(hosts))
		say("no SCSI host: no guest has started the device of a /dev/vhx-scsi");
	json_object_put(hosts);
	return RC_OK;
}

/* Null while it is bound to none; that of its name may be another host's by now. */
static int add_endpoint(struct vhx_nl *nl, struct json_object *host)
{
	struct json_object *all, *endpoint, *own = NULL;
	size_t i;
	int rc;

	all = collect_endpoints(nl, &rc);
	if (!all)
		return rc;
	for (i = 0; i < json_object_array_length(all); i++) {
		endpoint = json_object_array_get_idx(all, i);
		if (!strcmp(j_get_str(host, "state"), "live") &&
		    !strcmp(j_get_str(endpoint, "name"), j_get_str(host, "name")))
			own = json_object_get(endpoint);
	}
	j_add(host, "endpoint", own);
	json_object_put(all);
	return RC_OK;
}

static int add_parts(struct vhx_nl *nl, struct json_object *host)
{
	struct json_object *queues;
	int rc;

	queues = collect_host_queues(nl, j_get_num(host, "id"), &rc);
	if (!queues)
		return rc;
	j_add(host, "queue_list", queues);
	return add_endpoint(nl, host);
}

static int show(struct json_object *host)
{
	if (out_json(host))
		return RC_OK;
	out_record(host, show_cols, ARRAY_SIZE(show_cols));
	out_title("Queues");
	out_table(j_get(host, "queue_list"), queue_cols, ARRAY_SIZE(queue_cols));
	json_object_put(host);
	return RC_OK;
}

int cmd_scsi_show(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *host;
	struct vhx_nl *nl;
	int rc;

	parse_words("HOST", "One host by its endpoint's name or by id, with its queues.", argc,
		    argv, &words);
	rc = session_open_for(&nl, "vhx_scsi");
	if (rc)
		return rc;
	host = find_host(nl, words.word[0], &rc);
	if (host)
		rc = add_parts(nl, host);
	vhx_nl__close(nl);
	if (host && !rc)
		return show(host);
	json_object_put(host);
	return rc;
}

/* --- counters --- */

static void derive(struct json_object *rates, struct json_object *now, struct json_object *before,
		   double seconds)
{
	const __u64 batches = counters_grown(now, before, "batches");
	const double pulled = counters_grown(now, before, "pulled");

	counters_put_rate(rates, "bits_per_s", counters_grown(now, before, "bytes") * 8 / seconds);
	counters_put_rate(rates, "pulled_per_batch", batches ? pulled / batches : 0);
}

int cmd_scsi_stats(int argc, char **argv)
{
	static const struct counters kind = {
		.object = "HOST",
		.module = "vhx_scsi",
		.about = "Counters of every queue of SCSI hosts since it was made.",
		.none = "no queue: there is no SCSI host",
		.prefix = "vhx_scsi",
		.labels = labels,
		.nr_labels = ARRAY_SIZE(labels),
		.heads = head_cols,
		.nr_heads = ARRAY_SIZE(head_cols),
		.totals = total_cols,
		.nr_totals = ARRAY_SIZE(total_cols),
		.rates = rate_cols,
		.nr_rates = ARRAY_SIZE(rate_cols),
		.count = vhx_scsi_stat__count,
		.name = vhx_scsi_stat__name,
		.doc = vhx_scsi_stat__doc,
		.find = find_host,
		.objects = collect_hosts,
		.queues = collect_host_queues,
		.derive = derive,
	};

	return counters_cmd(&kind, argc, argv);
}
