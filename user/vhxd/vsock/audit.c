// SPDX-License-Identifier: GPL-2.0-only
/* Who was connected with whom, and who was not: a line of JSON each. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "router.h"

int audit_open(const char *path, struct msg *msg)
{
	int fd;

	if (!*path)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return msg_set(msg, -errno, "vsock_log = %s: cannot be opened (%s)", path,
			       msg_errno(-errno));
	return fd;
}

static struct json_object *now(void)
{
	struct timespec t;
	struct tm tm;
	char text[32], whole[64];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(whole, sizeof(whole), "%s.%06ldZ", text, t.tv_nsec / 1000);
	return json_object_new_string(whole);
}

void audit(const struct flow *f, const char *what, const char *why)
{
	struct json_object *o;
	const char *text;
	char line[1024];
	int len;

	if (f->guest->vsock->log < 0)
		return;
	o = json_object_new_object();
	json_object_object_add(o, "time", now());
	json_object_object_add(o, "event", json_object_new_string(what));
	json_object_object_add(o, "cid", json_object_new_int64(f->guest->conf.cid));
	json_object_object_add(o, "name", json_object_new_string(f->guest->conf.name));
	json_object_object_add(o, "by", json_object_new_string(f->of_host ? "host" : "guest"));
	json_object_object_add(o, "guest_port", json_object_new_int64(f->guest_port));
	json_object_object_add(o, "host_port", json_object_new_int64(f->peer_port));
	json_object_object_add(o, "to_guest", json_object_new_int64((int64_t)f->sent));
	json_object_object_add(o, "from_guest", json_object_new_int64((int64_t)f->taken));
	if (why)
		json_object_object_add(o, "why", json_object_new_string(why));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	len = snprintf(line, sizeof(line), "%s\n", text);
	/* One write, so that lines of others do not come in between; a full disk stops no guest. */
	if (len > 0 && len < (int)sizeof(line) && write(f->guest->vsock->log, line, (size_t)len) < 0)
		len = 0;
	json_object_put(o);
}
