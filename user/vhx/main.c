// SPDX-License-Identifier: GPL-2.0-only
/* vhx: see and steer guest NICs, disks, vsock and vDPA. This file is the table of what can be done to what. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

const char *argp_program_version = "vhx " VHX_VERSION;

static const struct verb verbs[] = {
	{ "nic", "list", "", "guest NICs of this network namespace", cmd_nic_list },
	{ "nic", "show", "NIC", "one NIC, its queues and workers", cmd_nic_show },
	{ "nic", "open", "NIC", "let a closed NIC pass without its required policy",
	  cmd_nic_open },
	{ "nic", "set", "NIC poll-us N", "how long a NIC's queues poll at most", cmd_nic_set },
	{ "policy", "load", "FILE", "load a policy, attach it and pin it", cmd_policy_load },
	{ "policy", "list", "", "policies", cmd_policy_list },
	{ "policy", "show", "POLICY|FILE", "one policy: programs, maps, verdicts, knobs",
	  cmd_policy_show },
	{ "policy", "replace", "POLICY FILE", "put another in its place, no packet lost",
	  cmd_policy_replace },
	{ "policy", "detach", "POLICY", "detach a policy and remove its pins",
	  cmd_policy_detach },
	{ "policy", "eject", "POLICY", "throw a policy out, whoever holds its link",
	  cmd_policy_eject },
	{ "policy", "exits", "", "how policies left, newest last", cmd_policy_exits },
	{ "policy", "shim", "NIC [on|off]", "steer at the tap, before it chooses a queue",
	  cmd_policy_shim },
	{ "policy", "test", "FILE [VECTORS]", "run a policy on test vectors",
	  cmd_policy_test },
	{ "worker", "list", "", "threads that move packets", cmd_worker_list },
	{ "disk", "list", "", "disks that vhxd serves", cmd_disk_list },
	{ "disk", "show", "TARGET LUN", "one disk", cmd_disk_show },
	{ "disk", "add", "TARGET LUN DISK", "serve a file or block device", cmd_disk_add },
	{ "disk", "remove", "TARGET LUN", "take a disk away", cmd_disk_remove },
	{ "disk", "resize", "TARGET LUN [SIZE]", "tell guests of another size", cmd_disk_resize },
	{ "scsi", "list", "", "SCSI hosts of guests", cmd_scsi_list },
	{ "scsi", "show", "HOST", "one host, its queues, its endpoint", cmd_scsi_show },
	{ "scsi", "stats", "[HOST]", "counters of hosts' queues, or rates", cmd_scsi_stats },
	{ "vsock", "list", "", "guests with vsock", cmd_vsock_list },
	{ "vsock", "show", "CID", "one guest, its connections with others", cmd_vsock_show },
	{ "vsock", "stats", "[CID]", "counters of guests, or rates", cmd_vsock_stats },
	{ "vsock", "route", "[add|remove|flush] ...", "who gets a connection that a guest asks for",
	  cmd_vsock_route },
	{ "vsock", "agent", "", "guests whose vsock vhxd serves, their connections with it", cmd_vsock_agent },
	{ "vsock", "limit", "[set|remove] ...", "how much a guest may send and have", cmd_vsock_limit },
	{ "vdpa", "list", "", "devices of the vDPA bus that VMMs can have", cmd_vdpa_list },
	{ "vdpa", "show", "DEVICE", "one device, its mappings, queues and last refusal", cmd_vdpa_show },
	{ "vdpa", "stats", "[DEVICE]", "counters of devices, or rates", cmd_vdpa_stats },
	{ "endpoint", "list", "", "what agents serve, or should", cmd_endpoint_list },
	{ "endpoint", "show", "ENDPOINT", "one endpoint, and what is under way", cmd_endpoint_show },
	{ "agent", "list", "", "agents' sessions", cmd_agent_list },
	{ "agent", "show", "AGENT", "one session, its endpoints and queues", cmd_agent_show },
	{ "agent", "stats", "[AGENT]", "counters of sessions' queues, or rates", cmd_agent_stats },
	{ "stats", NULL, "[NIC]", "counters of every queue, or rates", cmd_stats },
	{ "monitor", NULL, "", "events as they happen", cmd_monitor },
	{ "feature", NULL, "", "what modules and kernel can do", cmd_feature },
	{ "doctor", NULL, "", "what is missing, and the command that mends it", cmd_doctor },
};

static void add_once(struct json_object *names, const char *name)
{
	size_t nr = json_object_array_length(names);

	if (nr && !strcmp(json_object_get_string(json_object_array_get_idx(names, nr - 1)),
			  name))
		return;
	json_object_array_add(names, json_object_new_string(name));
}

static struct json_object *objects(void)
{
	struct json_object *names = j_arr();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		add_once(names, verbs[i].object);
	add_once(names, "help");
	return names;
}

static struct json_object *verbs_of(const char *object)
{
	struct json_object *names = j_arr();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (verbs[i].name && !strcmp(verbs[i].object, object))
			json_object_array_add(names, json_object_new_string(verbs[i].name));
	return names;
}

static bool is_object(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].object, word))
			return true;
	return false;
}

/* @name NULL: an object that is its own verb. */
static const struct verb *find_verb(const char *object, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].object, object))
			continue;
		if (!verbs[i].name || (name && !strcmp(verbs[i].name, name)))
			return &verbs[i];
	}
	return NULL;
}

/* --- help --- */

static int help_json(void)
{
	struct json_object *rows = j_arr(), *row;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		row = j_obj();
		j_str(row, "object", verbs[i].object);
		j_str(row, "verb", verbs[i].name);
		j_str(row, "args", verbs[i].args);
		j_str(row, "doc", verbs[i].doc);
		json_object_array_add(rows, row);
	}
	out_json(rows);
	return RC_OK;
}

static int help(void)
{
	char usage[64];
	size_t i;

	if (opts.json)
		return help_json();
	puts("Usage: vhx OBJECT VERB [ARGUMENTS] [OPTIONS]\n"
	     "See and steer guest NICs, disks, vsock and vDPA. Without arguments: vhx nic list.\n");
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		snprintf(usage, sizeof(usage), "%s%s%s %s", verbs[i].object,
			 verbs[i].name ? " " : "", verbs[i].name ?: "", verbs[i].args);
		printf("  vhx %-30s %s\n", usage, verbs[i].doc);
	}
	puts("\n  -j, --json     print JSON             -v, --verbose  say more\n"
	     "  -p, --pretty   JSON with line breaks  -q, --quiet    no messages but errors\n"
	     "\n`vhx OBJECT VERB --help` says more, and so does vhx(8).");
	return RC_OK;
}

/* --- dispatch --- */

static int unknown_object(const char *word)
{
	struct json_object *names = objects();
	int rc = fail_unknown(RC_USAGE, "object", word, names);

	json_object_put(names);
	return rc;
}

static int unknown_verb(const char *object, const char *word)
{
	struct json_object *names = verbs_of(object);
	char list[256], what[64];
	int rc;

	if (word) {
		snprintf(what, sizeof(what), "verb of %s", object);
		rc = fail_unknown(RC_USAGE, what, word, names);
	} else {
		out_format(names, OUT_PLAIN, list, sizeof(list));
		rc = fail(RC_USAGE, 0, NULL, "%s: what about it? there is: %s", object, list);
	}
	json_object_put(names);
	return rc;
}

/* The words of the verb become its argv[0], which is what argp calls the program. */
static int run_verb(const struct verb *verb, int argc, char **argv)
{
	static char name[64];

	snprintf(name, sizeof(name), "vhx %s%s%s", verb->object, verb->name ? " " : "",
		 verb->name ?: "");
	argv[0] = name;
	return verb->run(argc, argv);
}

/* With a verb it is what --help of the verb says, without one the list of them. */
static int run_help(int argc, char **argv)
{
	static char option[] = "--help";
	char *verb_argv[] = { NULL, option, NULL };
	struct words words = { .max = 2 };
	const struct verb *verb;

	parse_words("[OBJECT [VERB]]", "What can be done to what.", argc, argv, &words);
	if (!words.nr || opts.json)
		return help();
	if (!is_object(words.word[0]))
		return unknown_object(words.word[0]);
	verb = find_verb(words.word[0], words.word[1]);
	if (!verb)
		return unknown_verb(words.word[0], words.word[1]);
	return run_verb(verb, 2, verb_argv);
}

static int dispatch(int argc, char **argv)
{
	static char *list[] = { NULL, NULL };
	const struct verb *verb;
	const char *word;

	if (!argc)
		return run_verb(find_verb("nic", "list"), 1, list);
	if (!strcmp(argv[0], "help"))
		return run_help(argc, argv);
	if (!is_object(argv[0]))
		return unknown_object(argv[0]);
	word = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
	verb = find_verb(argv[0], word);
	if (!verb)
		return unknown_verb(argv[0], word);
	if (!verb->name)
		return run_verb(verb, argc, argv);
	return run_verb(verb, argc - 1, argv + 1);
}

/* --- options before the object --- */

struct rest {
	int argc;
	char **argv;
};

static error_t parse_main(int key, char *arg, struct argp_state *state)
{
	struct rest *rest = state->input;

	(void)arg;
	switch (key) {
	case 'h':
		exit(help());
	case 'V':
		puts(argp_program_version);
		exit(RC_OK);
	case ARGP_KEY_ARG:
		/* From here on it is the verb's: it may have options of the same letters. */
		rest->argv = state->argv + state->next - 1;
		rest->argc = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse_first(int argc, char **argv, struct rest *rest)
{
	static const struct argp_option options[] = {
		{ "help", 'h', NULL, 0, "Show what there is", -1 },
		{ "version", 'V', NULL, 0, "Print the version", -1 },
		{ 0 },
	};
	const struct argp argp = {
		.options = options,
		.parser = parse_main,
		.children = common_children,
	};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, rest);
}

static void on_interrupt(int signal)
{
	(void)signal;
	_exit(RC_INT);
}

int main(int argc, char **argv)
{
	struct rest rest = { 0 };

	argp_err_exit_status = RC_USAGE;
	signal(SIGINT, on_interrupt);
	libbpf_quiet();
	opts.json = wants_json(argc, argv);
	parse_first(argc, argv, &rest);
	return dispatch(rest.argc, rest.argv);
}
