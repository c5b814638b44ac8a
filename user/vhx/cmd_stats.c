// SPDX-License-Identifier: GPL-2.0-only
/* vhx stats: the counters of every queue, as they stand, as rates, as metrics. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out.h"

#define MAX_INTERVAL	86400

struct args {
	const char *nic;
	double interval;	/* 0: once */
	bool all;
	bool metrics;
};

static const struct out_col total_cols[] = {
	{ "nic", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "stats.packets", "PACKETS", OUT_COUNT },
	{ "stats.bytes", "BYTES", OUT_BYTES },
	{ "stats.kicks", "KICKS", OUT_COUNT },
	{ "stats.calls", "CALLS", OUT_COUNT },
	{ "stats.steered", "STEERED", OUT_COUNT },
	{ "stats.steer_moved", "MOVED", OUT_COUNT },
	{ "stats.steer_dropped", "DROPPED", OUT_COUNT },
	{ "lost_packets", "LOST", OUT_COUNT },
};

static const struct out_col rate_cols[] = {
	{ "nic", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "rates.packets_per_s", "PACKETS/s", OUT_COUNT },
	{ "rates.bits_per_s", "BITS", OUT_BITS },
	{ "rates.packets_per_batch", "BATCH", OUT_COUNT },
	{ "rates.kicks_per_s", "KICKS/s", OUT_COUNT },
	{ "rates.calls_per_s", "CALLS/s", OUT_COUNT },
	{ "rates.steered_per_s", "STEERED/s", OUT_COUNT },
	{ "rates.steer_moved_per_s", "MOVED/s", OUT_COUNT },
	{ "rates.steer_dropped_per_s", "DROPPED/s", OUT_COUNT },
	{ "lost_packets", "LOST", OUT_COUNT },
};

static const struct out_col counter_cols[] = {
	{ "nic", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "counter", "COUNTER", OUT_PLAIN },
	{ "value", "VALUE", OUT_PLAIN },
	{ "doc", "MEANING", OUT_PLAIN },
};

/* What went missing, whoever's fault; what a policy dropped is not among it. */
static const char *const losses[] = {
	"bad_packets", "backend_errors", "mailbox_full", "closed",
};

/* --- collecting --- */

static const char *nic_name(struct json_object *nics, __u64 id)
{
	struct json_object *nic;
	size_t i;

	for (i = 0; i < json_object_array_length(nics); i++) {
		nic = json_object_array_get_idx(nics, i);
		if (j_get_num(nic, "id") == id)
			return j_get_str(nic, "name");
	}
	return "?";
}

static void add_derived(struct json_object *queues, struct json_object *nics)
{
	struct json_object *queue, *stats;
	__u64 lost;
	size_t i, j;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		stats = j_get(queue, "stats");
		for (lost = 0, j = 0; j < ARRAY_SIZE(losses); j++)
			lost += j_get_num(stats, losses[j]);
		j_str(queue, "nic", nic_name(nics, j_get_num(queue, "nic_id")));
		j_num(queue, "lost_packets", lost);
	}
}

static struct json_object *collect(struct vhx_nl *nl, const struct args *args, int *rc)
{
	struct json_object *queues, *nics, *nic;
	__u32 id = 0;

	if (args->nic) {
		nic = find_nic(nl, args->nic, rc);
		if (!nic)
			return NULL;
		id = j_get_num(nic, "id");
		json_object_put(nic);
	}
	nics = collect_nics(nl, rc);
	if (!nics)
		return NULL;
	queues = collect_queues(nl, id, rc);
	if (queues)
		add_derived(queues, nics);
	json_object_put(nics);
	return queues;
}

/* --- rates --- */

static struct json_object *same_queue(struct json_object *queues, struct json_object *queue)
{
	struct json_object *other;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		other = json_object_array_get_idx(queues, i);
		if (j_get_num(other, "nic_id") == j_get_num(queue, "nic_id") &&
		    j_get_num(other, "queue") == j_get_num(queue, "queue") &&
		    !strcmp(j_get_str(other, "dir"), j_get_str(queue, "dir")))
			return other;
	}
	return NULL;
}

static __u64 grown(struct json_object *now, struct json_object *before, const char *name)
{
	return j_get_num(j_get(now, "stats"), name) - j_get_num(j_get(before, "stats"), name);
}

static void put_double(struct json_object *obj, const char *key, double value)
{
	j_add(obj, key, json_object_new_double(value));
}

static struct json_object *rates_of(struct json_object *now, struct json_object *before,
				    double seconds)
{
	struct json_object *rates = j_obj();
	char key[64];
	unsigned int i;
	__u64 batches;

	for (i = 0; i < vhx_stat__count(); i++) {
		snprintf(key, sizeof(key), "%s_per_s", vhx_stat__name(i));
		put_double(rates, key, grown(now, before, vhx_stat__name(i)) / seconds);
	}
	batches = grown(now, before, "batches");
	put_double(rates, "bits_per_s", grown(now, before, "bytes") * 8 / seconds);
	put_double(rates, "packets_per_batch",
		   batches ? (double)grown(now, before, "packets") / batches : 0);
	return rates;
}

/* A queue that was not there a moment ago has no rate yet, and null says so. */
static void add_rates(struct json_object *queues, struct json_object *before, double seconds)
{
	struct json_object *queue, *old;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		old = same_queue(before, queue);
		j_add(queue, "rates", old ? rates_of(queue, old, seconds) : NULL);
	}
}

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void print_rates(struct json_object *queues, double seconds)
{
	struct json_object *whole = j_obj();

	j_num(whole, "interval_ns", seconds * 1e9);
	j_add(whole, "queues", json_object_get(queues));
	if (out_json(whole))
		return;
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	out_table(queues, rate_cols, ARRAY_SIZE(rate_cols));
	if (!isatty(STDOUT_FILENO))
		putchar('\n');
	fflush(stdout);
	json_object_put(whole);
}

static void sleep_for(double seconds)
{
	struct timespec left = { .tv_sec = seconds };

	left.tv_nsec = (seconds - left.tv_sec) * 1e9;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int watch(struct vhx_nl *nl, const struct args *args)
{
	struct json_object *before, *now;
	double then, at;
	int rc;

	before = collect(nl, args, &rc);
	then = monotonic();
	while (before) {
		sleep_for(args->interval);
		now = collect(nl, args, &rc);
		at = monotonic();
		if (now) {
			add_rates(now, before, at - then);
			print_rates(now, at - then);
		}
		json_object_put(before);
		before = now;
		then = at;
	}
	return rc;
}

/* --- once --- */

static struct json_object *counter_rows(struct json_object *queues)
{
	struct json_object *rows = j_arr(), *queue, *row;
	unsigned int id;
	size_t i;
	__u64 value;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		for (id = 0; id < vhx_stat__count(); id++) {
			value = j_get_num(j_get(queue, "stats"), vhx_stat__name(id));
			if (!value)
				continue;
			row = j_obj();
			j_str(row, "nic", j_get_str(queue, "nic"));
			j_num(row, "queue", j_get_num(queue, "queue"));
			j_str(row, "dir", j_get_str(queue, "dir"));
			j_str(row, "counter", vhx_stat__name(id));
			j_num(row, "value", value);
			j_str(row, "doc", vhx_stat__doc(id));
			json_object_array_add(rows, row);
		}
	}
	return rows;
}

/* A label's value: quotes, backslashes and line breaks are the format's own. */
static void put_label(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
}

static void print_metrics(struct json_object *queues)
{
	struct json_object *queue;
	const char *name;
	unsigned int id;
	size_t i;

	for (id = 0; id < vhx_stat__count(); id++) {
		name = vhx_stat__name(id);
		printf("# TYPE vhx_queue_%s counter\n# HELP vhx_queue_%s %s\n", name, name,
		       vhx_stat__doc(id));
		for (i = 0; i < json_object_array_length(queues); i++) {
			queue = json_object_array_get_idx(queues, i);
			printf("vhx_queue_%s_total{nic=\"", name);
			put_label(j_get_str(queue, "nic"));
			printf("\",nic_id=\"%s\",queue=\"%s\",dir=\"%s\"} %llu\n",
			       j_get_str(queue, "nic_id"), j_get_str(queue, "queue"),
			       j_get_str(queue, "dir"),
			       j_get_num(j_get(queue, "stats"), name));
		}
	}
	puts("# EOF");
}

static void print_all(struct json_object *queues)
{
	struct json_object *rows = counter_rows(queues);

	out_table(rows, counter_cols, ARRAY_SIZE(counter_cols));
	json_object_put(rows);
}

static int once(struct vhx_nl *nl, const struct args *args)
{
	struct json_object *queues;
	int rc;

	queues = collect(nl, args, &rc);
	if (!queues)
		return rc;
	if (args->metrics)
		print_metrics(queues);
	else if (out_json(queues))
		return RC_OK;
	else if (args->all)
		print_all(queues);
	else
		out_table(queues, total_cols, ARRAY_SIZE(total_cols));
	if (!json_object_array_length(queues) && !args->metrics)
		say("no queue: there is no NIC");
	json_object_put(queues);
	return RC_OK;
}

/* --- arguments --- */

static const struct argp_option options[] = {
	{ "watch", 'w', "SECS", OPTION_ARG_OPTIONAL, "Rates, every SECS seconds (1)", 0 },
	{ "all", 'a', NULL, 0, "Every counter that is not 0, with what it means", 0 },
	{ "openmetrics", 'm', NULL, 0, "The OpenMetrics text format", 0 },
	{ 0 },
};

static void take_interval(const char *arg, struct argp_state *state, struct args *args)
{
	char *end;

	args->interval = arg ? strtod(arg, &end) : 1;
	if (arg && (end == arg || *end || !(args->interval >= 0.1) ||
		    args->interval > MAX_INTERVAL))
		argp_error(state, "--watch=%s: seconds, 0.1 to %d", arg, MAX_INTERVAL);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'w':
		take_interval(arg, state, args);
		return 0;
	case 'a':
		args->all = true;
		return 0;
	case 'm':
		args->metrics = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->nic)
			argp_error(state, "one NIC, or none for all");
		args->nic = arg;
		return 0;
	case ARGP_KEY_END:
		if (args->metrics + args->all + (args->interval > 0) > 1)
			argp_error(state, "--watch, --all and --openmetrics exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_stats(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NIC]",
		.doc = "Counters of every queue since it was made.",
		.children = common_children,
	};
	struct args args = { 0 };
	struct vhx_nl *nl;
	int rc;

	parse_args(&argp, argc, argv, &args);
	rc = session_open(&nl);
	if (rc)
		return rc;
	rc = args.interval > 0 ? watch(nl, &args) : once(nl, &args);
	vhx_nl__close(nl);
	return rc;
}
