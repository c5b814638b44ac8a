// SPDX-License-Identifier: GPL-2.0-only
/* What can be asked on the control socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "log.h"
#include "vsock/vsock.h"

/**
 * struct ask - a request, and what is found out about it
 * @hint: what to do about an error, NULL for nothing
 */
struct ask {
	struct host *host;
	struct json_object *request;
	struct endpoint *endpoint;
	struct lun *lun;
	struct disk_conf disk;
	struct msg msg;
	const char *hint;
	struct json_object *result;
};

static const char *text_of(const struct ask *ask, const char *key)
{
	struct json_object *value = json_object_object_get(ask->request, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static int find_target(struct ask *ask)
{
	const char *wwpn = text_of(ask, "target");

	ask->endpoint = endpoint_find(ask->host, wwpn);
	if (ask->endpoint)
		return 0;
	ask->hint = "vhx disk list";
	return msg_set(&ask->msg, -ENOENT, "there is no target \"%.80s\"", wwpn);
}

static int find_lun(struct ask *ask)
{
	int ret;

	ret = find_target(ask);
	if (!ret)
		ret = conf_parse_place(&ask->disk, text_of(ask, "place"), &ask->msg);
	if (ret)
		return ret;
	ask->lun = endpoint_lun(ask->endpoint, ask->disk.target, ask->disk.lun);
	if (ask->lun)
		return 0;
	ask->hint = "vhx disk list";
	return msg_set(&ask->msg, -ENOENT, "%s has no disk at %u.%u", ask->endpoint->wwpn,
		       ask->disk.target, ask->disk.lun);
}

static int do_list(struct ask *ask)
{
	struct json_object *rows = json_object_new_array();
	struct endpoint *endpoint;
	struct lun *lun;
	unsigned int i;

	for (i = 0; i < VHX_AGENT_ENDPOINTS_MAX; i++) {
		endpoint = ask->host->endpoints[i];
		if (!endpoint)
			continue;
		list_for_each(lun, &endpoint->luns, node)
			json_object_array_add(rows, control_show(endpoint, lun));
	}
	ask->result = rows;
	return 0;
}

static int do_show(struct ask *ask)
{
	int ret;

	ret = find_lun(ask);
	if (!ret)
		ask->result = control_show(ask->endpoint, ask->lun);
	return ret;
}

/* A target that nobody named before is served from now on, and begins once it has its disk. */
static int get_target(struct ask *ask, bool *new)
{
	struct target_conf conf = { 0 };
	const char *wwpn = text_of(ask, "target");

	ask->endpoint = endpoint_find(ask->host, wwpn);
	if (ask->endpoint)
		return 0;
	if (!*wwpn || strlen(wwpn) >= sizeof(conf.wwpn) || strpbrk(wwpn, " \t/"))
		return msg_set(&ask->msg, -EINVAL, "\"%.80s\" is no wwpn", wwpn);
	strcpy(conf.wwpn, wwpn);
	*new = true;
	return endpoint_open(ask->host, &conf, &ask->endpoint, &ask->msg);
}

/* Also without it: then there is nothing yet. */
static int add_disk(struct ask *ask, bool new)
{
	struct msg msg;
	int ret, err = 0;

	conf_name_disk(&ask->disk, ask->endpoint->wwpn);
	ret = host_add_disk(ask->host, ask->endpoint, &ask->disk, true, &ask->msg);
	if (new)
		err = endpoint_begin(ask->host, ask->endpoint, ret ? &msg : &ask->msg);
	return ret ? ret : err;
}

static int do_add(struct ask *ask)
{
	bool new = false;
	int ret;

	ret = conf_parse_place(&ask->disk, text_of(ask, "place"), &ask->msg);
	if (!ret)
		ret = conf_parse_disk(&ask->disk, text_of(ask, "disk"), &ask->msg);
	if (!ret)
		ret = get_target(ask, &new);
	if (ret)
		return ret;
	ret = add_disk(ask, new);
	if (ret == -EACCES || ret == -EPERM)
		ask->hint = "vhxd's user may not open it: \"user =\" in vhxd.conf(5)";
	if (ret)
		return ret;
	log_info("%s: %s is at %u.%u", ask->endpoint->wwpn, ask->disk.path, ask->disk.target,
		 ask->disk.lun);
	return do_show(ask);
}

static int do_remove(struct ask *ask)
{
	int ret;

	ret = find_lun(ask);
	if (!ret)
		ret = host_remove_disk(ask->host, ask->endpoint, ask->lun, &ask->msg);
	if (!ret)
		log_info("%s: no disk at %u.%u any more", ask->endpoint->wwpn, ask->disk.target,
			 ask->disk.lun);
	return ret;
}

static int do_resize(struct ask *ask)
{
	const char *text = text_of(ask, "size");
	uint64_t bytes = 0;
	int ret;

	ret = find_lun(ask);
	if (!ret && *text)
		ret = conf_parse_bytes(text, INT64_MAX, &bytes, &ask->msg);
	if (!ret)
		ret = disk_resize(ask->lun->disk, bytes, &ask->msg);
	return ret ? ret : do_show(ask);
}

static int do_vsock(struct ask *ask)
{
	ask->result = vsock_show(ask->host->vsock);
	return 0;
}

static const struct {
	const char *op;
	int (*run)(struct ask *ask);
} ops[] = {
	{ "list", do_list },
	{ "show", do_show },
	{ "add", do_add },
	{ "remove", do_remove },
	{ "resize", do_resize },
	{ "vsock", do_vsock },
};

static int run(struct ask *ask)
{
	const char *op;
	size_t i;

	if (!json_object_is_type(ask->request, json_type_object))
		return msg_set(&ask->msg, -EINVAL, "a request is a JSON object in one line");
	op = text_of(ask, "op");
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].op, op))
			return ops[i].run(ask);
	return msg_set(&ask->msg, -EOPNOTSUPP, "there is no op \"%.40s\"", op);
}

static struct json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static struct json_object *error_of(const struct ask *ask, int err)
{
	struct json_object *error = json_object_new_object();

	json_object_object_add(error, "code", json_object_new_string(msg_errno(err)));
	json_object_object_add(error, "message", json_object_new_string(ask->msg.text));
	json_object_object_add(error, "hint", text_or_null(ask->hint));
	return error;
}

struct json_object *control_answer(struct host *host, const char *line)
{
	struct ask ask = { .host = host, .request = json_tokener_parse(line) };
	struct json_object *reply = json_object_new_object();
	int ret;

	ret = run(&ask);
	if (ret)
		json_object_object_add(reply, "error", error_of(&ask, ret));
	else
		json_object_object_add(reply, "result", ask.result);
	json_object_put(ask.request);
	return reply;
}
