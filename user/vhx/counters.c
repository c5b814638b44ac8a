// SPDX-License-Identifier: GPL-2.0-only
/* Counters of queues of any kind, see counters.h: as they stand, as rates, as metrics. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"

#define MAX_INTERVAL	86400

struct args {
	const struct counters *kind;
	const char *word;
	double interval;	/* 0: once */
	bool all;
	bool metrics;
};

/* --- the queues --- */

static const char *name_of(struct json_object *objects, __u64 id)
{
	struct json_object *object;
	size_t i;

	for (i = 0; i < json_object_array_length(objects); i++) {
		object = json_object_array_get_idx(objects, i);
		if (j_get_num(object, "id") == id)
			return j_get_str(object, "name");
	}
	return "?";
}

static void finish(const struct counters *kind, struct json_object *queues,
		   struct json_object *objects)
{
	struct json_object *queue;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		j_str(queue, kind->labels[0],
		      name_of(objects, j_get_num(queue, kind->labels[1])));
		if (kind->refine)
			kind->refine(queue);
	}
}

/* Of those that @kind gave for all, those of one object. */
static struct json_object *keep(const struct counters *kind, struct json_object *queues, __u32 id)
{
	struct json_object *kept = j_arr(), *queue;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		if (j_get_num(queue, kind->labels[1]) == id)
			json_object_array_add(kept, json_object_get(queue));
	}
	json_object_put(queues);
	return kept;
}

static struct json_object *collect(const struct args *args, struct vhx_nl *nl, int *rc)
{
	const struct counters *kind = args->kind;
	struct json_object *queues, *objects, *object;
	__u32 id = 0;

	if (args->word) {
		object = kind->find(nl, args->word, rc);
		if (!object)
			return NULL;
		id = j_get_num(object, "id");
		json_object_put(object);
	}
	objects = kind->objects(nl, rc);
	if (!objects)
		return NULL;
	queues = kind->queues(nl, id, rc);
	if (queues && args->word)
		queues = keep(kind, queues, id);
	if (queues)
		finish(kind, queues, objects);
	json_object_put(objects);
	return queues;
}

/* --- rates --- */

/* The first label is a name for people, which may change. */
static bool is_same(const struct counters *kind, struct json_object *a, struct json_object *b)
{
	size_t i;

	for (i = 1; i < kind->nr_labels; i++)
		if (strcmp(j_get_str(a, kind->labels[i]), j_get_str(b, kind->labels[i])))
			return false;
	return true;
}

static struct json_object *same_queue(const struct counters *kind, struct json_object *queues,
				      struct json_object *queue)
{
	struct json_object *other;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		other = json_object_array_get_idx(queues, i);
		if (is_same(kind, other, queue))
			return other;
	}
	return NULL;
}

__u64 counters_grown(struct json_object *now, struct json_object *before, const char *name)
{
	return j_get_num(j_get(now, "stats"), name) - j_get_num(j_get(before, "stats"), name);
}

void counters_put_rate(struct json_object *rates, const char *key, double value)
{
	j_add(rates, key, json_object_new_double(value));
}

static struct json_object *rates_of(const struct counters *kind, struct json_object *now,
				    struct json_object *before, double seconds)
{
	struct json_object *rates = j_obj();
	const char *name;
	unsigned int i;
	char key[64];

	for (i = 0; i < kind->count(); i++) {
		name = kind->name(i);
		snprintf(key, sizeof(key), "%s_per_s", name);
		counters_put_rate(rates, key, counters_grown(now, before, name) / seconds);
	}
	if (kind->derive)
		kind->derive(rates, now, before, seconds);
	return rates;
}

/* A queue that was not there a moment ago has no rate yet, and null says so. */
static void add_rates(const struct counters *kind, struct json_object *queues,
		      struct json_object *before, double seconds)
{
	struct json_object *queue, *old;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		old = same_queue(kind, before, queue);
		j_add(queue, "rates", old ? rates_of(kind, queue, old, seconds) : NULL);
	}
}

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void print_rates(const struct counters *kind, struct json_object *queues, double seconds)
{
	struct json_object *whole = j_obj();

	j_num(whole, "interval_ns", seconds * 1e9);
	j_add(whole, "queues", json_object_get(queues));
	if (out_json(whole))
		return;
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	out_table(queues, kind->rates, kind->nr_rates);
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

	before = collect(args, nl, &rc);
	then = monotonic();
	while (before) {
		sleep_for(args->interval);
		now = collect(args, nl, &rc);
		at = monotonic();
		if (now) {
			add_rates(args->kind, now, before, at - then);
			print_rates(args->kind, now, at - then);
		}
		json_object_put(before);
		before = now;
		then = at;
	}
	return rc;
}

/* --- once --- */

static struct json_object *counter_row(const struct counters *kind, struct json_object *queue,
				       unsigned int id)
{
	struct json_object *row = j_obj();
	size_t i;

	for (i = 0; i < kind->nr_labels; i++)
		j_add(row, kind->labels[i], json_object_get(j_get(queue, kind->labels[i])));
	j_str(row, "counter", kind->name(id));
	j_num(row, "value", j_get_num(j_get(queue, "stats"), kind->name(id)));
	j_str(row, "doc", kind->doc(id));
	return row;
}

static struct json_object *counter_rows(const struct counters *kind, struct json_object *queues)
{
	struct json_object *rows = j_arr(), *queue;
	unsigned int id;
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++) {
		queue = json_object_array_get_idx(queues, i);
		for (id = 0; id < kind->count(); id++)
			if (j_get_num(j_get(queue, "stats"), kind->name(id)))
				json_object_array_add(rows, counter_row(kind, queue, id));
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

static void put_labels(const struct counters *kind, struct json_object *queue)
{
	size_t i;

	for (i = 0; i < kind->nr_labels; i++) {
		printf("%s%s=\"", i ? "," : "{", kind->labels[i]);
		put_label(j_get_str(queue, kind->labels[i]));
		putchar('"');
	}
	putchar('}');
}

static void print_metrics(const struct counters *kind, struct json_object *queues)
{
	struct json_object *queue;
	const char *name;
	unsigned int id;
	size_t i;

	for (id = 0; id < kind->count(); id++) {
		name = kind->name(id);
		printf("# TYPE %s_%s counter\n# HELP %s_%s %s\n", kind->prefix, name,
		       kind->prefix, name, kind->doc(id));
		for (i = 0; i < json_object_array_length(queues); i++) {
			queue = json_object_array_get_idx(queues, i);
			printf("%s_%s_total", kind->prefix, name);
			put_labels(kind, queue);
			printf(" %llu\n", j_get_num(j_get(queue, "stats"), name));
		}
	}
	puts("# EOF");
}

static void print_all(const struct counters *kind, struct json_object *queues)
{
	struct json_object *rows = counter_rows(kind, queues);
	struct out_col cols[kind->nr_heads + 3];
	size_t nr = kind->nr_heads;

	memcpy(cols, kind->heads, nr * sizeof(*cols));
	cols[nr++] = (struct out_col) { "counter", "COUNTER", OUT_PLAIN };
	cols[nr++] = (struct out_col) { "value", "VALUE", OUT_PLAIN };
	cols[nr++] = (struct out_col) { "doc", "MEANING", OUT_PLAIN };
	out_table(rows, cols, nr);
	json_object_put(rows);
}

static int once(struct vhx_nl *nl, const struct args *args)
{
	struct json_object *queues;
	int rc;

	queues = collect(args, nl, &rc);
	if (!queues)
		return rc;
	if (args->metrics)
		print_metrics(args->kind, queues);
	else if (out_json(queues))
		return RC_OK;
	else if (args->all)
		print_all(args->kind, queues);
	else
		out_table(queues, args->kind->totals, args->kind->nr_totals);
	if (!json_object_array_length(queues) && !args->metrics)
		say("%s", args->kind->none);
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
		if (args->word)
			argp_error(state, "one %s, or none for all", args->kind->object);
		args->word = arg;
		return 0;
	case ARGP_KEY_END:
		if (args->metrics + args->all + (args->interval > 0) > 1)
			argp_error(state, "--watch, --all and --openmetrics exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int counters_cmd(const struct counters *kind, int argc, char **argv)
{
	char args_doc[32];
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = args_doc,
		.doc = kind->about,
		.children = common_children,
	};
	struct args args = { .kind = kind };
	struct vhx_nl *nl;
	int rc;

	snprintf(args_doc, sizeof(args_doc), "[%s]", kind->object);
	parse_args(&argp, argc, argv, &args);
	rc = session_open_for(&nl, kind->module);
	if (rc)
		return rc;
	rc = args.interval > 0 ? watch(nl, &args) : once(nl, &args);
	vhx_nl__close(nl);
	return rc;
}
