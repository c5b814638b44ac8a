// SPDX-License-Identifier: GPL-2.0-only
/* vhx policy shim, and the shim as load and detach use it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "policy.h"

#define SHIM_OBJECT	"tap_shim"

static int set_shim(struct json_object *nic, bool on, const char *dir)
{
	char object[PATH_MAX];
	int err, fd;

	if (on) {
		err = vhx_object__find(SHIM_OBJECT, dir, object, sizeof(object));
		if (err)
			return err;
	}
	fd = vhx_tap__borrow(j_get_str(nic, "name"), j_get_num(nic, "owner_pid"));
	if (fd < 0)
		return fd;
	err = on ? vhx_shim__attach(fd, object) : vhx_shim__detach(fd);
	close(fd);
	return err;
}

static struct json_object *nic_by_id(struct json_object *nics, __u64 id)
{
	struct json_object *nic;
	size_t i;

	for (i = 0; i < json_object_array_length(nics); i++) {
		nic = json_object_array_get_idx(nics, i);
		if (j_get_num(nic, "id") == id)
			return nic;
	}
	return NULL;
}

static bool wants_shim(struct json_object *nic)
{
	__u32 flags;

	return !vhx_tap__flags(j_get_str(nic, "name"), &flags) && flags & IFF_MULTI_QUEUE;
}

static struct json_object *shim_one(struct json_object *nic, bool on, const char *dir)
{
	const char *name = j_get_str(nic, "name");
	struct json_object *done = j_obj();
	int err = set_shim(nic, on, dir);

	if (err)
		say("%s: the shim is not %s: %s; vhx hands packets between its workers instead",
		    name, on ? "on" : "off", strerrorname_np(-err));
	else
		say("%s: the shim is %s, %s chooses the queue", name, on ? "on" : "off",
		    on ? "the policy" : "the tap");
	j_str(done, "nic", name);
	j_bool(done, "on", on == !err);
	j_str(done, "error", err ? strerrorname_np(-err) : NULL);
	return done;
}

struct json_object *shim_nics(struct vhx_nl *nl, struct json_object *ids, bool on,
			      const char *dir)
{
	struct json_object *done = j_arr(), *nics, *nic;
	size_t i;
	int rc;

	nics = collect_nics(nl, &rc);
	for (i = 0; nics && i < json_object_array_length(ids); i++) {
		nic = nic_by_id(nics, json_object_get_uint64(json_object_array_get_idx(ids, i)));
		if (nic && wants_shim(nic))
			json_object_array_add(done, shim_one(nic, on, dir));
	}
	json_object_put(nics);
	return done;
}

static const char *hint_of(int err)
{
	switch (-err) {
	case EPERM:
		return "borrowing a tap's fd needs CAP_SYS_PTRACE over its process: run it as root";
	case ENOENT:
		return "no process here has that tap open, or " SHIM_OBJECT ".bpf.o was not found";
	default:
		return *libbpf_words() ? libbpf_words() : NULL;
	}
}

int shim_nic(struct json_object *nic, bool on, const char *dir)
{
	const char *name = j_get_str(nic, "name");
	int err;

	if (strcmp(j_get_str(nic, "kind"), "tap"))
		return fail(RC_FAIL, 0, "vhx hands packets between its workers there",
			    "nic %s: only a tap can have the shim", name);
	err = set_shim(nic, on, dir);
	if (err)
		return fail(rc_of(err), err, hint_of(err), "nic %s: shim", name);
	say("%s: the shim is %s", name, on ? "on" : "off");
	return RC_OK;
}

int cmd_policy_shim(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 2 };
	struct json_object *nic;
	bool on = true;
	struct vhx_nl *nl;
	int rc;

	parse_words("NIC [on|off]",
		    "Let a tap ask the policy before it chooses a queue, or no longer.", argc,
		    argv, &words);
	if (words.nr == 2) {
		on = !strcmp(words.word[1], "on");
		if (!on && strcmp(words.word[1], "off"))
			return fail(RC_USAGE, 0, "on or off", "\"%s\"", words.word[1]);
	}
	rc = session_open(&nl);
	if (rc)
		return rc;
	nic = find_nic(nl, words.word[0], &rc);
	if (nic)
		rc = shim_nic(nic, on, NULL);
	json_object_put(nic);
	vhx_nl__close(nl);
	return rc;
}
