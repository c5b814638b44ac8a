// SPDX-License-Identifier: GPL-2.0-only
/* vhx agent, vhx endpoint: who serves guests' requests, and what is to be served. */
#include <string.h>

#include "counters.h"

static const struct out_col list_cols[] = {
	{ "id", "ID", OUT_PLAIN },
	{ "name", "AGENT", OUT_PLAIN },
	{ "pid", "PID", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "queues", "QUEUES", OUT_PLAIN },
	{ "tags", "TAGS", OUT_PLAIN },
	{ "pool_bytes", "POOL", OUT_BYTES },
	{ "used_bytes", "USED", OUT_BYTES },
	{ "endpoints", "ENDPOINTS", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "id", "id", OUT_PLAIN },
	{ "name", "name", OUT_PLAIN },
	{ "pid", "pid", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "queues", "queues", OUT_PLAIN },
	{ "tags", "tags", OUT_PLAIN },
	{ "pool_bytes", "pool", OUT_BYTES },
	{ "used_bytes", "used", OUT_BYTES },
};

static const struct out_col endpoint_cols[] = {
	{ "name", "ENDPOINT", OUT_PLAIN },
	{ "class", "CLASS", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "agent_id", "AGENT", OUT_PLAIN },
	{ "vmm_pid", "VMM", OUT_PLAIN },
	{ "requests", "REQUESTS", OUT_COUNT },
	{ "waiting", "WAITING", OUT_PLAIN },
	{ "ready", "READY", OUT_PLAIN },
	{ "owned", "OWNED", OUT_PLAIN },
	{ "used_bytes", "USED", OUT_BYTES },
};

static const struct out_col endpoint_show_cols[] = {
	{ "name", "name", OUT_PLAIN },
	{ "class", "class", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "agent_id", "agent", OUT_PLAIN },
	{ "fenced_agent_id", "fenced agent", OUT_PLAIN },
	{ "vmm_pid", "VMM", OUT_PLAIN },
	{ "quota_bytes", "quota", OUT_BYTES },
	{ "used_bytes", "used", OUT_BYTES },
	{ "requests", "requests", OUT_PLAIN },
	{ "waiting", "waiting", OUT_PLAIN },
	{ "ready", "ready", OUT_PLAIN },
	{ "owned", "owned", OUT_PLAIN },
	{ "done", "done", OUT_PLAIN },
	{ "disowned", "disowned", OUT_PLAIN },
};

static const struct out_col queue_cols[] = {
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "tags", "TAGS", OUT_PLAIN },
	{ "free_tags", "FREE", OUT_PLAIN },
	{ "ready", "READY", OUT_PLAIN },
	{ "owned", "OWNED", OUT_PLAIN },
	{ "parked", "PARKED", OUT_PLAIN },
	{ "unfetched", "UNFETCHED", OUT_PLAIN },
	{ "unanswered", "UNANSWERED", OUT_PLAIN },
	{ "stats.fetched", "FETCHED", OUT_COUNT },
	{ "stats.committed", "COMMITTED", OUT_COUNT },
	{ "stats.zero_copy", "ZERO COPY", OUT_COUNT },
	{ "stats.zero_copy_bytes", "ZERO COPY BYTES", OUT_COUNT },
	{ "stats.zero_copy_not", "ZERO COPY NOT", OUT_COUNT },
};

static const struct out_col total_cols[] = {
	{ "agent", "AGENT", OUT_PLAIN },
	{ "agent_id", "ID", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "ready", "READY", OUT_PLAIN },
	{ "owned", "OWNED", OUT_PLAIN },
	{ "stats.fetches", "FETCHES", OUT_COUNT },
	{ "stats.fetched", "FETCHED", OUT_COUNT },
	{ "stats.commits", "COMMITS", OUT_COUNT },
	{ "stats.committed", "COMMITTED", OUT_COUNT },
	{ "stats.refused", "REFUSED", OUT_COUNT },
	{ "stats.starved", "STARVED", OUT_COUNT },
	{ "stats.again", "AGAIN", OUT_COUNT },
};

static const struct out_col rate_cols[] = {
	{ "agent", "AGENT", OUT_PLAIN },
	{ "agent_id", "ID", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "ready", "READY", OUT_PLAIN },
	{ "owned", "OWNED", OUT_PLAIN },
	{ "rates.fetched_per_s", "FETCHED/s", OUT_COUNT },
	{ "rates.fetched_per_fetch", "A FETCH", OUT_COUNT },
	{ "rates.committed_per_s", "COMMITTED/s", OUT_COUNT },
	{ "rates.committed_per_commit", "A COMMIT", OUT_COUNT },
	{ "rates.starved_per_s", "STARVED/s", OUT_COUNT },
};

static const struct out_col head_cols[] = {
	{ "agent", "AGENT", OUT_PLAIN },
	{ "agent_id", "ID", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
};

static const char *const labels[] = { "agent", "agent_id", "queue" };

/* --- agents --- */

int cmd_agent_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *agents;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "Sessions of agents that this process can see.", argc, argv, &words);
	rc = session_open_for(&nl, "vhx_scsi");
	if (rc)
		return rc;
	agents = collect_agents(nl, &rc);
	vhx_nl__close(nl);
	if (!agents)
		return rc;
	if (out_json(agents))
		return RC_OK;
	out_table(agents, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(agents))
		say("no agent: systemctl start vhxd");
	json_object_put(agents);
	return RC_OK;
}

/* The endpoints that an agent serves, or whose guests wait for its end. */
static struct json_object *endpoints_of(struct vhx_nl *nl, __u64 id, int *rc)
{
	struct json_object *all = collect_endpoints(nl, rc), *own, *endpoint;
	size_t i;

	if (!all)
		return NULL;
	own = j_arr();
	for (i = 0; i < json_object_array_length(all); i++) {
		endpoint = json_object_array_get_idx(all, i);
		if (j_get_num(endpoint, "agent_id") == id ||
		    j_get_num(endpoint, "fenced_agent_id") == id)
			json_object_array_add(own, json_object_get(endpoint));
	}
	json_object_put(all);
	return own;
}

static int add_parts(struct vhx_nl *nl, struct json_object *agent)
{
	const __u64 id = j_get_num(agent, "id");
	struct json_object *endpoints, *queues;
	int rc;

	endpoints = endpoints_of(nl, id, &rc);
	if (!endpoints)
		return rc;
	j_add(agent, "endpoint_list", endpoints);
	queues = collect_agent_queues(nl, id, &rc);
	if (!queues)
		return rc;
	j_add(agent, "queue_list", queues);
	return RC_OK;
}

static int show(struct json_object *agent)
{
	if (out_json(agent))
		return RC_OK;
	out_record(agent, show_cols, ARRAY_SIZE(show_cols));
	out_title("Endpoints");
	out_table(j_get(agent, "endpoint_list"), endpoint_cols, ARRAY_SIZE(endpoint_cols));
	out_title("Queues");
	out_table(j_get(agent, "queue_list"), queue_cols, ARRAY_SIZE(queue_cols));
	json_object_put(agent);
	return RC_OK;
}

int cmd_agent_show(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *agent;
	struct vhx_nl *nl;
	int rc;

	parse_words("AGENT", "One session by its agent's name or by id, its endpoints and queues.",
		    argc, argv, &words);
	rc = session_open_for(&nl, "vhx_scsi");
	if (rc)
		return rc;
	agent = find_agent(nl, words.word[0], &rc);
	if (agent)
		rc = add_parts(nl, agent);
	vhx_nl__close(nl);
	if (agent && !rc)
		return show(agent);
	json_object_put(agent);
	return rc;
}

/* --- counters --- */

static void put_ratio(struct json_object *rates, const char *key, __u64 of, __u64 each)
{
	counters_put_rate(rates, key, each ? (double)of / each : 0);
}

static void derive(struct json_object *rates, struct json_object *now, struct json_object *before,
		   double seconds)
{
	(void)seconds;
	put_ratio(rates, "fetched_per_fetch", counters_grown(now, before, "fetched"),
		  counters_grown(now, before, "fetches"));
	put_ratio(rates, "committed_per_commit", counters_grown(now, before, "committed"),
		  counters_grown(now, before, "commits"));
}

int cmd_agent_stats(int argc, char **argv)
{
	static const struct counters kind = {
		.object = "AGENT",
		.module = "vhx_scsi",
		.about = "Counters of every queue of agents' sessions.",
		.none = "no queue: there is no agent",
		.prefix = "vhx_agent",
		.labels = labels,
		.nr_labels = ARRAY_SIZE(labels),
		.heads = head_cols,
		.nr_heads = ARRAY_SIZE(head_cols),
		.totals = total_cols,
		.nr_totals = ARRAY_SIZE(total_cols),
		.rates = rate_cols,
		.nr_rates = ARRAY_SIZE(rate_cols),
		.count = vhx_agent_stat__count,
		.name = vhx_agent_stat__name,
		.doc = vhx_agent_stat__doc,
		.find = find_agent,
		.objects = collect_agents,
		.queues = collect_agent_queues,
		.derive = derive,
	};

	return counters_cmd(&kind, argc, argv);
}

/* --- endpoints --- */

int cmd_endpoint_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *endpoints;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "What agents serve, and what a guest waits for an agent to serve.", argc,
		    argv, &words);
	rc = session_open_for(&nl, "vhx_scsi");
	if (rc)
		return rc;
	endpoints = collect_endpoints(nl, &rc);
	vhx_nl__close(nl);
	if (!endpoints)
		return rc;
	if (out_json(endpoints))
		return RC_OK;
	out_table(endpoints, endpoint_cols, ARRAY_SIZE(endpoint_cols));
	if (!json_object_array_length(endpoints))
		say("no endpoint: no agent has served one yet");
	json_object_put(endpoints);
	return RC_OK;
}

int cmd_endpoint_show(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *endpoint;
	struct vhx_nl *nl;
	int rc;

	parse_words("ENDPOINT", "One endpoint: who serves it, who uses it, what is under way.",
		    argc, argv, &words);
	rc = session_open_for(&nl, "vhx_scsi");
	if (rc)
		return rc;
	endpoint = find_endpoint(nl, words.word[0], &rc);
	vhx_nl__close(nl);
	if (!endpoint)
		return rc;
	if (out_json(endpoint))
		return RC_OK;
	out_record(endpoint, endpoint_show_cols, ARRAY_SIZE(endpoint_show_cols));
	json_object_put(endpoint);
	return RC_OK;
}
