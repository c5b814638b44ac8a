// SPDX-License-Identifier: GPL-2.0-only
/* vhx policy show: what a policy is made of, in the kernel or in its object file. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "policy.h"

static const struct out_col show_cols[] = {
	{ "id", "id", OUT_PLAIN },
	{ "name", "name", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "nic_pattern", "binds to", OUT_PLAIN },
	{ "nic_id", "binds to id", OUT_PLAIN },
	{ "nic_names", "steers", OUT_PLAIN },
	{ "required", "required", OUT_PLAIN },
	{ "ops", "operations", OUT_PLAIN },
	{ "generation", "replaced", OUT_PLAIN },
	{ "verdicts", "verdicts", OUT_PLAIN },
	{ "drops", "drops", OUT_PLAIN },
	{ "errors", "illegal", OUT_PLAIN },
	{ "pinned", "pinned", OUT_PLAIN },
	{ "uid", "attached by uid", OUT_PLAIN },
};

static const struct out_col reason_cols[] = {
	{ "reason", "DROP REASON", OUT_PLAIN },
	{ "packets", "PACKETS", OUT_PLAIN },
};

static const struct out_col prog_cols[] = {
	{ "op", "OPERATION", OUT_PLAIN },
	{ "name", "PROGRAM", OUT_PLAIN },
	{ "id", "ID", OUT_PLAIN },
	{ "insns", "INSNS", OUT_PLAIN },
	{ "jited_bytes", "JITED", OUT_BYTES },
	{ "run_count", "RUNS", OUT_COUNT },
	{ "ns_per_run", "EACH", OUT_NS },
};

static const struct out_col map_cols[] = {
	{ "name", "MAP", OUT_PLAIN },
	{ "type", "TYPE", OUT_PLAIN },
	{ "id", "ID", OUT_PLAIN },
	{ "key_bytes", "KEY", OUT_PLAIN },
	{ "value_bytes", "VALUE", OUT_PLAIN },
	{ "max_entries", "ENTRIES", OUT_COUNT },
};

static const struct out_col object_cols[] = {
	{ "name", "name", OUT_PLAIN },
	{ "path", "file", OUT_PLAIN },
	{ "ops", "operations", OUT_PLAIN },
	{ "nic_pattern", "binds to", OUT_PLAIN },
	{ "required", "required", OUT_PLAIN },
};

static const struct out_col knob_cols[] = {
	{ "name", "KNOB", OUT_PLAIN },
	{ "type", "TYPE", OUT_PLAIN },
	{ "value", "VALUE", OUT_PLAIN },
};

/* --- show: what is in the kernel --- */

static int add_prog(const struct vhx_prog_info *prog, void *arg)
{
	struct json_object *obj = j_obj();

	j_str(obj, "op", prog->op);
	j_str(obj, "name", prog->name);
	j_num(obj, "id", prog->id);
	j_num(obj, "insns", prog->insns);
	j_num(obj, "verified_insns", prog->verified_insns);
	j_num(obj, "jited_bytes", prog->jited_bytes);
	j_num(obj, "run_count", prog->run_count);
	j_num(obj, "run_time_ns", prog->run_time_ns);
	if (prog->run_count)
		j_num(obj, "ns_per_run", prog->run_time_ns / prog->run_count);
	json_object_array_add(arg, obj);
	return 0;
}

static int add_map(const struct vhx_map_info *map, void *arg)
{
	struct json_object *obj = j_obj();

	j_str(obj, "name", map->name);
	j_str(obj, "type", map->type);
	j_num(obj, "id", map->id);
	j_num(obj, "key_bytes", map->key_bytes);
	j_num(obj, "value_bytes", map->value_bytes);
	j_num(obj, "max_entries", map->max_entries);
	json_object_array_add(arg, obj);
	return 0;
}

/* Null and not an empty list where the caller may not look. */
static void add_bpf(struct json_object *policy)
{
	struct json_object *progs = j_arr(), *maps = j_arr();
	__u32 id = j_get_num(policy, "id");
	char path[PATH_MAX];
	int err;

	err = vhx_policy__each_prog(id, add_prog, progs);
	if (!err)
		err = vhx_policy__each_map(id, add_map, maps);
	if (err) {
		json_object_put(progs);
		json_object_put(maps);
		progs = NULL;
		maps = NULL;
	}
	if (err == -EPERM)
		say("programs and maps are not shown: that needs CAP_SYS_ADMIN");
	j_add(policy, "programs", progs);
	j_add(policy, "maps", maps);
	j_str(policy, "pinned", vhx_policy__pinned(id, path, sizeof(path)) ? NULL : path);
}

static int add_nic_names(struct vhx_nl *nl, struct json_object *policy)
{
	struct json_object *nics, *nic, *names;
	size_t i;
	int rc;

	nics = collect_nics(nl, &rc);
	if (!nics)
		return rc;
	names = j_arr();
	for (i = 0; i < json_object_array_length(nics); i++) {
		nic = json_object_array_get_idx(nics, i);
		if (j_get_num(nic, "policy.id") == j_get_num(policy, "id"))
			json_object_array_add(names, json_object_get(j_get(nic, "name")));
	}
	json_object_put(nics);
	j_add(policy, "nic_names", names);
	return RC_OK;
}

static void put_reasons(struct json_object *reasons)
{
	struct json_object *rows = j_arr(), *row;

	json_object_object_foreach(reasons, reason, packets) {
		row = j_obj();
		j_str(row, "reason", reason);
		j_add(row, "packets", json_object_get(packets));
		json_object_array_add(rows, row);
	}
	if (json_object_array_length(rows))
		out_title("Drops");
	out_table(rows, reason_cols, ARRAY_SIZE(reason_cols));
	json_object_put(rows);
}

static void put_list(struct json_object *rows, const char *title, const struct out_col *cols,
		     size_t nr)
{
	if (!rows || !json_object_array_length(rows))
		return;
	out_title(title);
	out_table(rows, cols, nr);
}

static int show_policy(const char *word)
{
	struct json_object *policy;
	struct vhx_nl *nl;
	int rc;

	rc = session_open(&nl);
	if (rc)
		return rc;
	policy = find_policy(nl, word, &rc);
	if (policy)
		rc = add_nic_names(nl, policy);
	vhx_nl__close(nl);
	if (!policy || rc) {
		json_object_put(policy);
		return rc;
	}
	add_bpf(policy);
	if (out_json(policy))
		return RC_OK;
	out_record(policy, show_cols, ARRAY_SIZE(show_cols));
	put_reasons(j_get(policy, "drop_reasons"));
	put_list(j_get(policy, "programs"), "Programs", prog_cols, ARRAY_SIZE(prog_cols));
	put_list(j_get(policy, "maps"), "Maps", map_cols, ARRAY_SIZE(map_cols));
	json_object_put(policy);
	return RC_OK;
}

/* --- show: what is in a file --- */

static int add_knob(const struct vhx_knob_info *knob, void *arg)
{
	struct json_object *obj = j_obj();

	j_str(obj, "name", knob->name);
	j_str(obj, "type", knob->type);
	j_str(obj, "value", knob->value);
	json_object_array_add(arg, obj);
	return 0;
}

static struct json_object *object_ops(const struct vhx_policy *policy)
{
	struct json_object *names = j_arr();
	__u32 ops = vhx_policy__ops(policy);
	__u32 op;

	for (op = 0; vhx_op__name(op); op++)
		if (ops & 1U << op)
			json_object_array_add(names, json_object_new_string(vhx_op__name(op)));
	return names;
}

static struct json_object *object_json(const struct vhx_policy *policy, const char *path)
{
	const char *pattern = vhx_policy__get_str(policy, "nic_name");
	struct json_object *whole = j_obj(), *knobs = j_arr();
	__u64 flags = 0;

	vhx_policy__get_num(policy, "flags", &flags);
	vhx_policy__each_knob(policy, add_knob, knobs);
	j_str(whole, "name", vhx_policy__get_str(policy, "name"));
	j_str(whole, "path", path);
	j_add(whole, "ops", object_ops(policy));
	j_str(whole, "nic_pattern", *pattern ? pattern : NULL);
	j_bool(whole, "required", flags & VHX_STEER_F_REQUIRED);
	j_add(whole, "knobs", knobs);
	return whole;
}

static int show_object(const char *name)
{
	struct vhx_policy *policy;
	struct json_object *whole;
	char path[PATH_MAX];
	int rc;

	rc = open_object(name, NULL, &policy);
	if (rc)
		return rc;
	vhx_object__find(name, NULL, path, sizeof(path));
	whole = object_json(policy, path);
	vhx_policy__close(policy);
	if (out_json(whole))
		return RC_OK;
	out_record(whole, object_cols, ARRAY_SIZE(object_cols));
	put_list(j_get(whole, "knobs"), "Knobs", knob_cols, ARRAY_SIZE(knob_cols));
	json_object_put(whole);
	return RC_OK;
}

struct show_args {
	const char *word;
	bool file;
};

static bool is_file(const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '/') || (len > 2 && !strcmp(word + len - 2, ".o"));
}

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
	struct show_args *args = state->input;

	switch (key) {
	case 'f':
		args->file = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->word)
			argp_error(state, "too many words: \"%s\"", arg);
		args->word = arg;
		return 0;
	case ARGP_KEY_END:
		if (!args->word)
			argp_error(state, "which policy?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_policy_show(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "file", 'f', NULL, 0, "It is an object file, whatever it looks like", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_show,
		.args_doc = "POLICY|FILE",
		.doc = "One policy by name or id: binding, verdicts, programs, maps; or what an "
		       "object file has.",
		.children = common_children,
	};
	struct show_args args = { 0 };

	parse_args(&argp, argc, argv, &args);
	if (args.file || is_file(args.word))
		return show_object(args.word);
	return show_policy(args.word);
}
