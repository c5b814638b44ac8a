// SPDX-License-Identifier: GPL-2.0-only
/* Options of vhx policy load and vhx policy replace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

enum {
	KEY_NIC = 256,
	KEY_NIC_ID,
	KEY_NAME,
	KEY_REQUIRED,
	KEY_MAX_ERRORS,
	KEY_SET,
	KEY_WITHOUT,
	KEY_PIN,
	KEY_NO_PIN,
	KEY_NO_SHIM,
	KEY_DIR,
	KEY_KEEP_MAPS,
};

#define COMMON_OPTIONS \
	{ "set", KEY_SET, "KNOB=VALUE", 0, "Set a knob; vhx policy show FILE lists them", 0 }, \
	{ "without", KEY_WITHOUT, "OPERATION", 0, "Leave out this program", 0 }, \
	{ "no-shim", KEY_NO_SHIM, NULL, 0, "Leave the taps as they are", 0 }, \
	{ "object-dir", KEY_DIR, "DIR", 0, "Look for FILE here first", 0 }

static const struct argp_option load_options[] = {
	{ "nic", KEY_NIC, "PATTERN", 0,
	  "Bind to every NIC whose name matches, now and later; * and ? match", 0 },
	{ "nic-id", KEY_NIC_ID, "ID", 0, "Bind to this NIC only", 0 },
	{ "name", KEY_NAME, "NAME", 0, "Call the policy so", 0 },
	{ "required", KEY_REQUIRED, NULL, 0,
	  "A filter: without it its NICs shall drop everything", 0 },
	{ "max-errors", KEY_MAX_ERRORS, "N", 0, "Illegal verdicts tolerated within a second", 0 },
	{ "pin", KEY_PIN, NULL, 0, "Let it outlive this command (default)", 0 },
	{ "no-pin", KEY_NO_PIN, NULL, 0, "Hold it until ^C", 0 },
	COMMON_OPTIONS,
	{ 0 },
};

static const struct argp_option replace_options[] = {
	{ "keep-maps", KEY_KEEP_MAPS, NULL, 0,
	  "Take over the maps of the pinned policy, content and all", 0 },
	COMMON_OPTIONS,
	{ 0 },
};

static __u32 take_number(const char *arg, const char *option, __u32 max,
			 struct argp_state *state)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || !value || value > max)
		argp_error(state, "--%s=%s: a number from 1 to %u", option, arg, max);
	return value;
}

static void take_knob(char *arg, struct argp_state *state, struct load_args *args)
{
	if (!strchr(arg, '=') || *arg == '=')
		argp_error(state, "--set %s: it is KNOB=VALUE", arg);
	else if (args->nr_knobs == MAX_KNOBS)
		argp_error(state, "more than %d knobs", MAX_KNOBS);
	else
		args->knobs[args->nr_knobs++] = arg;
}

static void take_word(const char *arg, struct argp_state *state, struct load_args *args)
{
	if (args->replace && !args->target)
		args->target = arg;
	else if (!args->file)
		args->file = arg;
	else
		argp_error(state, "too many words: \"%s\"", arg);
}

static void check(struct argp_state *state, const struct load_args *args)
{
	if (!args->file)
		argp_error(state, "which object file?");
	if (args->nic && args->nic_id)
		argp_error(state, "--nic and --nic-id exclude each other");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct load_args *args = state->input;

	switch (key) {
	case KEY_NIC:
		args->nic = arg;
		return 0;
	case KEY_NIC_ID:
		args->nic_id = take_number(arg, "nic-id", UINT32_MAX, state);
		return 0;
	case KEY_NAME:
		args->name = arg;
		return 0;
	case KEY_REQUIRED:
		args->required = true;
		return 0;
	case KEY_MAX_ERRORS:
		args->max_errors = take_number(arg, "max-errors", 65536, state);
		return 0;
	case KEY_SET:
		take_knob(arg, state, args);
		return 0;
	case KEY_WITHOUT:
		args->without = arg;
		return 0;
	case KEY_PIN:
		args->no_pin = false;
		return 0;
	case KEY_NO_PIN:
		args->no_pin = true;
		return 0;
	case KEY_NO_SHIM:
		args->no_shim = true;
		return 0;
	case KEY_DIR:
		args->dir = arg;
		return 0;
	case KEY_KEEP_MAPS:
		args->keep_maps = true;
		return 0;
	case ARGP_KEY_ARG:
		take_word(arg, state, args);
		return 0;
	case ARGP_KEY_END:
		check(state, args);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void parse_load_args(int argc, char **argv, struct load_args *args)
{
	struct argp argp = {
		.options = load_options,
		.parser = parse,
		.args_doc = "FILE",
		.doc = "Load a policy, attach it and pin it."
		       "\vFILE is an object file, or a name such as flow_pin.",
		.children = common_children,
	};

	if (args->replace) {
		argp.options = replace_options;
		argp.args_doc = "POLICY FILE";
		argp.doc = "Put another policy in the place of one, no packet lost."
			   "\vWhat it is bound to, its name and its id stay.";
	}
	parse_args(&argp, argc, argv, args);
}
