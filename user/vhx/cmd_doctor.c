// SPDX-License-Identifier: GPL-2.0-only
/* vhx doctor: what is missing for vhx to work, and the command that mends it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "selftest.h"

struct args {
	const char *node;
	bool self_test;
};

static const char *const verdict_names[] = {
	[FINE] = "ok",
	[DOUBT] = "warn",
	[WRONG] = "bad",
	[UNKNOWN] = "skip",
};

void found(struct json_object *list, const char *check, enum verdict verdict, const char *mend,
	   const char *fmt, ...)
{
	struct json_object *item = j_obj();
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	j_str(item, "check", check);
	j_str(item, "verdict", verdict_names[verdict]);
	j_str(item, "found", text);
	j_str(item, "mend", mend);
	json_object_array_add(list, item);
}

static void run_self_test(struct json_object *list, const char *node)
{
	char why[256];
	int err = self_test(node, why, sizeof(why));

	if (!err)
		found(list, "self-test", FINE, NULL, "%s: frames come out as they went in", node);
	else if (err == -EPERM || err == -EACCES)
		found(list, "self-test", UNKNOWN, "run it as root", "%s: %s: %s", node, why,
		      strerrorname_np(-err));
	else
		found(list, "self-test", WRONG,
		      "rebuild the modules against this kernel: make modules KREL=$(uname -r)",
		      "%s: %s: %s", node, why, strerrorname_np(-err));
}

/* --- print --- */

static const char *colour_word(const char *verdict, char *buf, size_t size)
{
	const char *colour = !strcmp(verdict, "ok") ? "32" : !strcmp(verdict, "bad") ? "31" :
			     "33";

	if (!out_colours())
		snprintf(buf, size, "%-4s", verdict);
	else
		snprintf(buf, size, "\033[%sm%-4s\033[0m", colour, verdict);
	return buf;
}

static void print_item(struct json_object *item)
{
	char word[32], text[512];

	if (opts.quiet && !strcmp(j_get_str(item, "verdict"), "ok"))
		return;
	printf("%s  %-10s %s\n", colour_word(j_get_str(item, "verdict"), word, sizeof(word)),
	       j_get_str(item, "check"),
	       out_format(j_get(item, "found"), OUT_PLAIN, text, sizeof(text)));
	if (j_get(item, "mend"))
		printf("%17s%s\n", "", out_format(j_get(item, "mend"), OUT_PLAIN, text,
						  sizeof(text)));
}

static unsigned int count(struct json_object *list, enum verdict verdict)
{
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++)
		nr += !strcmp(j_get_str(json_object_array_get_idx(list, i), "verdict"),
			      verdict_names[verdict]);
	return nr;
}

static int print(struct json_object *list)
{
	unsigned int bad = count(list, WRONG), warn = count(list, DOUBT);
	size_t i;

	if (!out_json(list)) {
		for (i = 0; i < json_object_array_length(list); i++)
			print_item(json_object_array_get_idx(list, i));
		if (!opts.quiet)
			printf("%u bad, %u to look at\n", bad, warn);
		json_object_put(list);
	}
	return bad ? RC_FAIL : RC_OK;
}

/* --- arguments --- */

static const struct argp_option options[] = {
	{ "self-test", 't', NULL, 0, "Also send frames over a ring and a tap of its own", 0 },
	{ "node", 'n', "PATH", 0, "The node for --self-test (" VHX_NODE_NET ")", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 't':
		args->self_test = true;
		return 0;
	case 'n':
		args->node = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Look for what is missing, and name the command that mends it.",
		.children = common_children,
	};
	struct args args = { .node = VHX_NODE_NET };
	struct json_object *list;

	parse_args(&argp, argc, argv, &args);
	list = j_arr();
	check_host(list);
	check_nics(list);
	check_agents(list);
	check_vdpas(list);
	if (args.self_test)
		run_self_test(list, args.node);
	return print(list);
}
