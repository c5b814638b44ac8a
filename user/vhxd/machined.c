// SPDX-License-Identifier: GPL-2.0-only
/* systemd-machined, see machined.h: a call is an object of JSON and a NUL, and so is its reply. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "machined.h"

#define SOCKET		"/run/systemd/machine/io.systemd.Machine"
#define INTERFACE	"io.systemd.Machine."
#define REPLY_MAX	4096
#define PATIENCE_S	5

static const char *socket_path(void)
{
	return getenv("VHXD_MACHINED") ?: SOCKET;
}

/* Return: fd or -errno. */
static int connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	ret = errno == ECONNREFUSED ? -ENOENT : -errno;
	close(fd);
	return ret;
}

/* Return: the reply, as a string; or -errno. */
static int exchange(int fd, const char *text, char *reply)
{
	const size_t len = strlen(text) + 1;
	size_t n = 0;
	ssize_t r;

	if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -EIO;
	while (n < REPLY_MAX) {
		r = recv(fd, reply + n, REPLY_MAX - n, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r ? -ETIMEDOUT : -EIO;
		n += (size_t)r;
		if (!reply[n - 1])
			return 0;
	}
	return -EMSGSIZE;
}

static int judge(const char *reply, const char *method, const char *name, struct msg *msg)
{
	struct json_object *o = json_tokener_parse(reply), *error;
	int ret = 0;

	if (!json_object_is_type(o, json_type_object))
		ret = msg_set(msg, -EPROTO, "systemd-machined: no reply to %s of \"%s\"", method, name);
	else if (json_object_object_get_ex(o, "error", &error))
		ret = msg_set(msg, -EREMOTEIO, "systemd-machined: %s of \"%s\": %s", method, name,
			      json_object_get_string(error));
	json_object_put(o);
	return ret;
}

/* Puts @parameters. */
static int call(const char *method, const char *name, struct json_object *parameters, struct msg *msg)
{
	struct json_object *o = json_object_new_object();
	char whole[64], reply[REPLY_MAX];
	int fd, ret;

	snprintf(whole, sizeof(whole), INTERFACE "%s", method);
	json_object_object_add(o, "method", json_object_new_string(whole));
	json_object_object_add(o, "parameters", parameters);
	fd = connect_to(socket_path());
	ret = fd < 0 ? fd : exchange(fd, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
									 JSON_C_TO_STRING_NOSLASHESCAPE), reply);
	if (fd >= 0)
		close(fd);
	json_object_put(o);
	if (ret)
		return msg_set(msg, ret, "systemd-machined at %s is not there: \"%s\" is registered nowhere (%s)",
			       socket_path(), name, msg_errno(ret));
	return judge(reply, method, name, msg);
}

int machined_register(const char *name, uint32_t cid, uint32_t leader, struct msg *msg)
{
	struct json_object *p = json_object_new_object();
	char address[32];

	snprintf(address, sizeof(address), "vsock/%u", cid);
	json_object_object_add(p, "name", json_object_new_string(name));
	json_object_object_add(p, "service", json_object_new_string("vhxd"));
	json_object_object_add(p, "class", json_object_new_string("vm"));
	json_object_object_add(p, "leader", json_object_new_int64(leader));
	json_object_object_add(p, "vSockCid", json_object_new_int64(cid));
	json_object_object_add(p, "sshAddress", json_object_new_string(address));
	return call("Register", name, p, msg);
}

int machined_unregister(const char *name, struct msg *msg)
{
	struct json_object *p = json_object_new_object();

	json_object_object_add(p, "name", json_object_new_string(name));
	return call("Unregister", name, p, msg);
}
