// SPDX-License-Identifier: GPL-2.0-only
/* vhx policy list, detach, eject, exits: policies that are there, or were. */
#include <errno.h>
#include <string.h>

#include "policy.h"

static const struct out_col list_cols[] = {
	{ "id", "ID", OUT_PLAIN },
	{ "name", "POLICY", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "nic_pattern", "PATTERN", OUT_PLAIN },
	{ "nics", "NICS", OUT_PLAIN },
	{ "ops", "OPS", OUT_PLAIN },
	{ "generation", "GEN", OUT_PLAIN },
	{ "verdicts", "VERDICTS", OUT_COUNT },
	{ "drops", "DROPS", OUT_COUNT },
	{ "errors", "ERRORS", OUT_COUNT },
};

static const struct out_col exit_cols[] = {
	{ "boottime_ns", "WHEN", OUT_AGO },
	{ "policy_id", "ID", OUT_PLAIN },
	{ "name", "POLICY", OUT_PLAIN },
	{ "kind", "KIND", OUT_PLAIN },
	{ "nic_id", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "verdict", "VERDICT", OUT_PLAIN },
	{ "reason", "REASON", OUT_PLAIN },
};

int cmd_policy_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *policies;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "Policies, those that wait for a NIC included.", argc, argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	policies = collect_policies(nl, &rc);
	vhx_nl__close(nl);
	if (!policies)
		return rc;
	if (out_json(policies))
		return RC_OK;
	out_table(policies, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(policies))
		say("no policy: every NIC chooses its queues by itself");
	json_object_put(policies);
	return RC_OK;
}

/* --- detach, eject, exits --- */

static void tell_closed(struct json_object *policy)
{
	const char *name = j_get_str(policy, "name");

	if (!j_get_bool(policy, "required"))
		return;
	say("%s was required: its NICs drop everything until one of its name is loaded;", name);
	say("`vhx policy eject %s` forgets it, `vhx nic open NIC` opens one NIC", name);
}

static int detach(struct vhx_nl *nl, struct json_object *policy, bool with_shim)
{
	const char *name = j_get_str(policy, "name");
	struct json_object *shims = NULL, *whole;
	__u32 id = j_get_num(policy, "id");
	int err;

	if (!strcmp(j_get_str(policy, "state"), "gone"))
		return fail(RC_FAIL, 0, "vhx policy eject forgets it and opens its NICs",
			    "policy %s is gone already, and required by its NICs", name);
	err = vhx_policy__detach(id);
	if (err)
		return fail(rc_of(err), err, err == -EPERM ? "needs CAP_SYS_ADMIN: run it as root" :
			    "vhx policy eject works without the link", "policy %s: detach", name);
	say("policy %s is detached", name);
	if (with_shim)
		shims = shim_nics(nl, j_get(policy, "nics"), false, NULL);
	tell_closed(policy);
	whole = j_obj();
	j_num(whole, "detached_id", id);
	j_add(whole, "shims", shims);
	if (!out_json(whole))
		json_object_put(whole);
	return RC_OK;
}

static error_t parse_detach(int key, char *arg, struct argp_state *state)
{
	struct load_args *args = state->input;

	switch (key) {
	case 's':
		args->no_shim = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->target)
			argp_error(state, "too many words: \"%s\"", arg);
		args->target = arg;
		return 0;
	case ARGP_KEY_END:
		if (!args->target)
			argp_error(state, "which policy?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_policy_detach(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "no-shim", 's', NULL, 0, "Leave the shim on the taps", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_detach,
		.args_doc = "POLICY",
		.doc = "Detach a policy at once and remove its pins.",
		.children = common_children,
	};
	struct load_args args = { 0 };
	struct json_object *policy;
	struct vhx_nl *nl;
	int rc;

	parse_args(&argp, argc, argv, &args);
	rc = session_open(&nl);
	if (rc)
		return rc;
	policy = find_policy(nl, args.target, &rc);
	if (policy)
		rc = detach(nl, policy, !args.no_shim);
	json_object_put(policy);
	vhx_nl__close(nl);
	return rc;
}

static int eject(struct vhx_nl *nl, struct json_object *policy)
{
	const char *name = j_get_str(policy, "name");
	int err;

	err = vhx_policy__eject(nl, j_get_num(policy, "id"));
	if (err)
		return fail(rc_of(err), err, *vhx_nl__error(nl) ? vhx_nl__error(nl) :
			    "ejecting needs CAP_NET_ADMIN", "policy %s: eject", name);
	if (!strcmp(j_get_str(policy, "state"), "gone")) {
		say("policy %s is forgotten: its NICs go on without it", name);
		return RC_OK;
	}
	say("policy %s is ejected", name);
	tell_closed(policy);
	return RC_OK;
}

int cmd_policy_eject(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *policy;
	struct vhx_nl *nl;
	int rc;

	parse_words("POLICY", "Throw a policy out, whoever holds its link.", argc, argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	policy = find_policy(nl, words.word[0], &rc);
	if (policy)
		rc = eject(nl, policy);
	json_object_put(policy);
	vhx_nl__close(nl);
	return rc;
}

int cmd_policy_exits(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *exits;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "How the last policies left, newest last.", argc, argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	exits = collect_exits(nl, &rc);
	vhx_nl__close(nl);
	if (!exits)
		return rc;
	if (out_json(exits))
		return RC_OK;
	out_table(exits, exit_cols, ARRAY_SIZE(exit_cols));
	if (!json_object_array_length(exits))
		say("no policy has left since the module was loaded");
	json_object_put(exits);
	return RC_OK;
}
