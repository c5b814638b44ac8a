// SPDX-License-Identifier: GPL-2.0-only
/* vhx monitor: events as lines, or as lines of JSON. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "policy.h"

struct watcher {
	struct vhx_nl *nl;	/* to ask, beside the one that listens */
	bool shim;
};

static void put_time(__u64 boot_ns)
{
	struct timespec boot, real;
	struct tm tm;
	char text[32];
	time_t when;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	when = real.tv_sec - boot.tv_sec + boot_ns / 1000000000;
	strftime(text, sizeof(text), "%H:%M:%S", localtime_r(&when, &tm));
	printf("%s.%03llu ", text, boot_ns / 1000000 % 1000);
}

static void put_part(struct json_object *obj, const char *key)
{
	char text[256];

	if (j_get(obj, key))
		printf("  %s %s", key, out_format(j_get(obj, key), OUT_PLAIN, text,
						  sizeof(text)));
}

static void tell(const struct vhx_event_info *event)
{
	static const char *const parts[] = {
		"nic", "queue", "policy", "agent", "agent_id", "endpoint", "reason",
	};
	struct json_object *obj = event_json(event);
	size_t i;

	if (out_json(obj))
		return;
	put_time(event->time_ns);
	printf("%-13s", vhx_event_kind__name(event->kind) ?: "?");
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		put_part(obj, parts[i]);
	putchar('\n');
	fflush(stdout);
	json_object_put(obj);
}

static void put_shim(struct vhx_nl *nl, __u32 nic_id)
{
	struct json_object *ids = j_arr();

	json_object_array_add(ids, json_object_new_uint64(nic_id));
	json_object_put(shim_nics(nl, ids, true, NULL));
	json_object_put(ids);
}

static int on_event(const struct vhx_event_info *event, void *arg)
{
	const struct watcher *watcher = arg;

	tell(event);
	if (watcher->shim && event->kind == VHX_EVENT_BOUND)
		put_shim(watcher->nl, event->nic_id);
	return 0;
}

static int watch(struct vhx_nl *nl, struct watcher *watcher)
{
	int err;

	err = vhx_event__subscribe(nl);
	if (err < 0)
		return fail(rc_of(err), err, NULL, "events");
	do {
		err = vhx_event__read(nl, on_event, watcher);
		if (err == -ENOBUFS)
			say("events were lost: they came faster than they were read");
	} while (!err || err == -ENOBUFS);
	return fail(rc_of(err), err, NULL, "events");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct watcher *watcher = state->input;

	switch (key) {
	case 's':
		watcher->shim = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many words: \"%s\"", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_monitor(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "shim", 's', NULL, 0, "Put the shim on taps whose NIC gets a policy", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "NICs and policies that come, go, are bound or ejected, agents that end or stand"
			" still, one a line.",
		.children = common_children,
	};
	struct watcher watcher = { 0 };
	struct vhx_nl *nl;
	int rc;

	parse_args(&argp, argc, argv, &watcher);
	rc = session_open(&nl);
	if (rc)
		return rc;
	rc = session_open(&watcher.nl);
	if (!rc)
		rc = watch(nl, &watcher);
	vhx_nl__close(watcher.nl);
	vhx_nl__close(nl);
	return rc;
}
