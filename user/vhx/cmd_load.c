// SPDX-License-Identifier: GPL-2.0-only
/* vhx policy load and replace. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define LOG_LINES	20

/* --- errors --- */

static void put_log(const char *log)
{
	const char *at = log + strlen(log);
	int lines = opts.verbose ? INT_MAX : LOG_LINES;

	if (opts.quiet)
		return;
	while (at > log && lines) {
		at--;
		if (at > log && at[-1] == '\n')
			lines--;
	}
	fputs(at, stderr);
}

static const char *hint_of(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return "needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_ADMIN: run it as "
		       "root";
	case EBUSY:
		return "another policy is bound there: vhx policy list, then vhx policy replace "
		       "or detach";
	case EEXIST:
		return "vhx policy replace NAME FILE puts this one in its place";
	case EOPNOTSUPP:
		return "vhx feature shows what the loaded module knows";
	default:
		return NULL;
	}
}

/* Its EACCES is no lack of rights, so that no hint about those may stand there. */
bool refused_by_verifier(const struct vhx_policy *policy, int err)
{
	const char *log = vhx_policy__log(policy);

	if (!*log || err == -EPERM)
		return false;
	put_log(log);
	return true;
}

int policy_failed(const struct vhx_policy *policy, const char *what, int err)
{
	const char *name = vhx_policy__get_str(policy, "name");
	const char *why = vhx_policy__error(policy);
	const char *hint = hint_of(err);

	if (refused_by_verifier(policy, err))
		return fail(RC_FAIL, 0, opts.verbose ? NULL :
			    "the end of its log is above, -v shows all of it",
			    "policy %s: %s: the verifier refused it", name, what);
	if (!*why)
		why = libbpf_words();
	if (*why && hint)
		return fail(rc_of(err), err, hint, "policy %s: %s: %s", name, what, why);
	return fail(rc_of(err), err, hint ?: *why ? why : NULL, "policy %s: %s", name, what);
}

int open_object(const char *name, const char *dir, struct vhx_policy **policy)
{
	char path[PATH_MAX];
	int err, rc;

	*policy = NULL;
	err = vhx_object__find(name, dir, path, sizeof(path));
	if (err)
		return fail(RC_FAIL, err, "looked in --object-dir, $VHX_BPF_DIR, ./build/bpf and "
			    "where vhx was installed", "policy object %s", name);
	err = vhx_policy__open(policy, path);
	if (!err)
		return RC_OK;
	rc = fail(RC_FAIL, err, libbpf_words(), "%s: %s", path,
		  *policy ? vhx_policy__error(*policy) : "open");
	vhx_policy__close(*policy);
	*policy = NULL;
	return rc;
}

/* --- knobs and fields --- */

static int collect_name(const struct vhx_knob_info *knob, void *arg)
{
	char text[128];

	snprintf(text, sizeof(text), "%s=%s(%s)", knob->name, knob->value, knob->type);
	json_object_array_add(arg, json_object_new_string(text));
	return 0;
}

static int collect_plain(const struct vhx_knob_info *knob, void *arg)
{
	json_object_array_add(arg, json_object_new_string(knob->name));
	return 0;
}

static int no_knob(const struct vhx_policy *policy, const char *name)
{
	struct json_object *plain = j_arr(), *full = j_arr();
	char list[512], hint[640];
	const char *near;
	int rc;

	vhx_policy__each_knob(policy, collect_plain, plain);
	vhx_policy__each_knob(policy, collect_name, full);
	near = nearest(name, plain);
	out_format(full, OUT_PLAIN, list, sizeof(list));
	snprintf(hint, sizeof(hint), "%s%s%sits knobs: %s", near ? "did you mean " : "",
		 near ?: "", near ? "? " : "", list);
	rc = fail(RC_USAGE, 0, hint, "policy %s: no knob \"%s\"",
		  vhx_policy__get_str(policy, "name"), name);
	json_object_put(plain);
	json_object_put(full);
	return rc;
}

static int set_knob(struct vhx_policy *policy, const char *setting)
{
	const char *value = strchr(setting, '=') + 1;
	char name[128];
	int err;

	snprintf(name, sizeof(name), "%.*s", (int)(value - 1 - setting), setting);
	err = vhx_policy__set_knob(policy, name, value);
	if (err == -ENOENT)
		return no_knob(policy, name);
	if (err)
		return fail(RC_USAGE, err, "vhx policy show FILE lists knobs and their types",
			    "%s", vhx_policy__error(policy));
	return RC_OK;
}

/* The module takes one way to name a policy's NICs: the given one goes before the object's. */
static int set_binding(struct vhx_policy *policy, const char *pattern, __u32 nic_id)
{
	int err;

	err = vhx_policy__set_str(policy, "nic_name", pattern ?: "");
	if (!err)
		err = vhx_policy__set_num(policy, "nic_id", nic_id);
	return err ?: vhx_policy__set_num(policy, "nic_fd", 0);
}

static int set_flags(struct vhx_policy *policy, const struct load_args *args)
{
	__u64 flags = 0;

	if (!args->required)
		return 0;
	vhx_policy__get_num(policy, "flags", &flags);
	return vhx_policy__set_num(policy, "flags", flags | VHX_STEER_F_REQUIRED);
}

static bool is_policy_name(const char *name)
{
	size_t len = strlen(name);

	return len && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789_-.") == len;
}

static int set_fields(struct vhx_policy *policy, const struct load_args *args)
{
	int err = 0;

	if (args->name && !is_policy_name(args->name))
		return fail(RC_USAGE, 0, "a name has letters, digits, \"_\", \"-\" and \".\"",
			    "--name \"%s\"", args->name);
	if (args->name)
		err = vhx_policy__set_str(policy, "name", args->name);
	if (!err && (args->nic || args->nic_id))
		err = set_binding(policy, args->nic, args->nic_id);
	if (!err && args->max_errors)
		err = vhx_policy__set_num(policy, "max_errors", args->max_errors);
	if (!err && args->without)
		err = vhx_policy__leave_out(policy, args->without);
	if (!err)
		err = set_flags(policy, args);
	return err ? fail(RC_USAGE, err, NULL, "%s", vhx_policy__error(policy)) : RC_OK;
}

static int configure(struct vhx_policy *policy, const struct load_args *args)
{
	int rc, i;

	rc = set_fields(policy, args);
	for (i = 0; !rc && i < args->nr_knobs; i++)
		rc = set_knob(policy, args->knobs[i]);
	return rc;
}

/* --- results --- */

static void tell_left_out(const struct vhx_policy *policy)
{
	const char *names = vhx_policy__left_out(policy);

	if (*names)
		say("the running module does not know these operations, left out: %s", names);
}

/* The policy as the kernel lists it, or NULL: it left at once. */
static struct json_object *listed(struct vhx_nl *nl, __u32 id, int *rc)
{
	struct json_object *all = collect_policies(nl, rc), *item;
	size_t i;

	for (i = 0; all && i < json_object_array_length(all); i++) {
		item = json_object_array_get_idx(all, i);
		if (j_get_num(item, "id") != id)
			continue;
		json_object_get(item);
		json_object_put(all);
		return item;
	}
	json_object_put(all);
	return NULL;
}

static void tell_binding(struct json_object *policy)
{
	struct json_object *nics = j_get(policy, "nics");
	const char *pattern = j_get_str(policy, "nic_pattern");
	char list[256];

	if (json_object_array_length(nics)) {
		out_format(nics, OUT_PLAIN, list, sizeof(list));
		say("it steers NIC %s", list);
	} else if (j_get(policy, "nic_pattern")) {
		say("it waits for a NIC called %s that no other policy has", pattern);
	} else {
		say("it is bound to no NIC: --nic PATTERN or --nic-id ID binds it");
	}
}

static int report(struct vhx_nl *nl, const struct vhx_policy *policy,
		  const struct load_args *args)
{
	__u32 id = vhx_policy__id(policy);
	struct json_object *item, *shims = NULL;
	char path[PATH_MAX];
	bool pinned;
	int rc = RC_OK;

	item = listed(nl, id, &rc);
	if (rc)
		return rc;
	if (!item)
		return fail(RC_FAIL, 0, "vhx policy exits says why", "policy %u left at once", id);
	pinned = !vhx_policy__pinned(id, path, sizeof(path));
	say("policy %s has id %u%s%s", j_get_str(item, "name"), id, pinned ? ", pinned at " : "",
	    pinned ? path : "");
	tell_left_out(policy);
	tell_binding(item);
	if (!args->no_shim)
		shims = shim_nics(nl, j_get(item, "nics"), true, args->dir);
	j_str(item, "pinned", pinned ? path : NULL);
	j_str(item, "left_out", vhx_policy__left_out(policy));
	j_add(item, "shims", shims);
	if (!out_json(item))
		json_object_put(item);
	return RC_OK;
}

/* The object opened and configured, a session with the kernel, and then @act. */
static int with_object(const struct load_args *args,
		       int (*act)(struct vhx_nl *nl, struct vhx_policy *policy,
				  const struct load_args *args))
{
	struct vhx_policy *policy;
	struct vhx_nl *nl;
	int rc;

	rc = open_object(args->file, args->dir, &policy);
	if (rc)
		return rc;
	rc = configure(policy, args);
	if (!rc)
		rc = session_open(&nl);
	if (!rc) {
		rc = act(nl, policy, args);
		vhx_nl__close(nl);
	}
	vhx_policy__close(policy);
	return rc;
}

/* --- load --- */

/* Until ^C, or until somebody detaches or ejects it, which its link says by a hang-up. */
static int hold(const struct vhx_policy *policy)
{
	struct pollfd link = { .fd = vhx_policy__link_fd(policy) };

	say("it is held, not pinned: ^C detaches it");
	while (poll(&link, 1, -1) < 0 && errno == EINTR)
		;
	return fail(RC_FAIL, 0, "vhx policy exits says why", "policy %s was thrown out",
		    vhx_policy__get_str(policy, "name"));
}

static int attach_failed(const struct vhx_policy *policy, int err)
{
	if (err != -ENODEV)
		return policy_failed(policy, "attach", err);
	return fail(RC_NONE, err, "vhx nic list shows the NICs there are", "policy %s: attach",
		    vhx_policy__get_str(policy, "name"));
}

static int load(struct vhx_nl *nl, struct vhx_policy *policy, const struct load_args *args)
{
	int err, rc;

	err = args->no_pin ? 0 : vhx_policy__claim_pin(policy);
	if (err == -ENODEV)
		return fail(RC_LACK, err, "mount -t bpf bpf /sys/fs/bpf, or load it with --no-pin",
			    "policy %s: pin: %s", vhx_policy__get_str(policy, "name"),
			    vhx_policy__error(policy));
	if (err)
		return policy_failed(policy, "pin", err);
	err = vhx_policy__load(policy);
	if (err == -ENOENT)
		return fail(RC_LACK, 0, "modprobe vhx_net; if it is loaded, vhx doctor",
			    "policy %s: load: %s", vhx_policy__get_str(policy, "name"),
			    vhx_policy__error(policy));
	if (err)
		return policy_failed(policy, "load", err);
	err = vhx_policy__attach(policy);
	if (err)
		return attach_failed(policy, err);
	if (!args->no_pin) {
		err = vhx_policy__pin(policy);
		if (err)
			return policy_failed(policy, "pin", err);
	}
	rc = report(nl, policy, args);
	return rc || !args->no_pin ? rc : hold(policy);
}

int cmd_policy_load(int argc, char **argv)
{
	struct load_args args = { 0 };

	parse_load_args(argc, argv, &args);
	return with_object(&args, load);
}

/* --- replace --- */

/* What it is bound to is the link's, and stays; so does the name it is known by. */
static int inherit(struct vhx_policy *policy, struct json_object *old)
{
	int err;

	err = vhx_policy__set_str(policy, "name", j_get_str(old, "name"));
	if (!err)
		err = set_binding(policy, NULL, 0);
	return err ? policy_failed(policy, "replace", err) : RC_OK;
}

static int keep_maps(struct vhx_policy *policy, const char *name)
{
	int nr = vhx_policy__keep_maps(policy, name);

	if (nr < 0)
		return policy_failed(policy, "keep maps", nr);
	if (!nr)
		say("no map of policy %s is pinned: all maps are new", name);
	else
		say("%d map%s kept", nr, nr > 1 ? "s" : "");
	return RC_OK;
}

static int replace(struct vhx_nl *nl, struct vhx_policy *policy, struct json_object *old,
		   const struct load_args *args)
{
	int err, rc;

	rc = inherit(policy, old);
	if (!rc && args->keep_maps)
		rc = keep_maps(policy, j_get_str(old, "name"));
	if (rc)
		return rc;
	err = vhx_policy__load(policy);
	if (err)
		return policy_failed(policy, "load", err);
	err = vhx_policy__replace(policy, j_get_num(old, "id"));
	if (err)
		return policy_failed(policy, "replace", err);
	err = vhx_policy__pin(policy);
	if (err)
		return policy_failed(policy, "pin maps", err);
	return report(nl, policy, args);
}

static int find_and_replace(struct vhx_nl *nl, struct vhx_policy *policy,
			    const struct load_args *args)
{
	struct json_object *old;
	int rc;

	old = find_policy(nl, args->target, &rc);
	if (old)
		rc = replace(nl, policy, old, args);
	json_object_put(old);
	return rc;
}

int cmd_policy_replace(int argc, char **argv)
{
	struct load_args args = { .replace = true };

	parse_load_args(argc, argv, &args);
	return with_object(&args, find_and_replace);
}
