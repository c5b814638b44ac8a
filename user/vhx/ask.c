// SPDX-License-Identifier: GPL-2.0-only
/* vhxd's control socket, see ask.h: a line asks, a line answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "out.h"

#define SOCKET		"/run/vhx/vhxd.sock"
#define ANSWER_MAX	(16 << 20)

static const char *socket_path(void)
{
	return getenv("VHXD_SOCKET") ?: SOCKET;
}

/* --- the socket --- */

static int no_agent(int err)
{
	const char *hint = err == ENOENT || err == ECONNREFUSED ?
		"systemctl start vhxd" : NULL;

	if (err == EACCES || err == EPERM)
		hint = "the socket is for root and its group";
	return fail(hint && err != EACCES && err != EPERM ? RC_LACK : rc_of(err), err, hint,
		    "vhxd at %s", socket_path());
}

/* Return: a connected socket, or -errno. */
static int connect_quietly(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(socket_path()) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, socket_path());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* Return: a connected socket, or -1: it was said, *rc is the exit code. */
static int connect_agent(int *rc)
{
	const int fd = connect_quietly();

	if (fd >= 0)
		return fd;
	*rc = no_agent(-fd);
	return -1;
}

static bool send_request(int fd, struct json_object *request)
{
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len &&
	       send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
}

/* One line; NULL if it does not come, or is none that we know. */
static struct json_object *read_answer(int fd)
{
	struct json_object *answer = NULL;
	FILE *stream = fdopen(dup(fd), "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!stream)
		return NULL;
	len = getline(&line, &size, stream);
	if (len > 0 && len < ANSWER_MAX && line[len - 1] == '\n')
		answer = json_tokener_parse(line);
	free(line);
	fclose(stream);
	return answer;
}

static int rc_of_code(const char *code)
{
	if (!strcmp(code, "ENOENT"))
		return RC_NONE;
	if (!strcmp(code, "EPERM") || !strcmp(code, "EACCES"))
		return RC_PERM;
	if (!strcmp(code, "EINVAL") || !strcmp(code, "ENAMETOOLONG"))
		return RC_USAGE;
	return RC_FAIL;
}

/* Errors come with their words; the number is in them. */
static int fail_as_told(struct json_object *error)
{
	const char *code = j_get_str(error, "code") ?: "";
	struct json_object *whole = j_obj();
	const char *hint = j_get_str(error, "hint");

	if (opts.json) {
		j_add(whole, "error", json_object_get(error));
		out_json(whole);
		return rc_of_code(code);
	}
	json_object_put(whole);
	return fail(rc_of_code(code), 0, hint, "%s", j_get_str(error, "message") ?: code);
}

struct json_object *ask_vhxd(struct json_object *request, int *rc)
{
	struct json_object *answer = NULL, *result = NULL;
	int fd = connect_agent(rc);

	if (fd >= 0) {
		if (send_request(fd, request))
			answer = read_answer(fd);
		close(fd);
		*rc = RC_OK;
		if (!answer)
			*rc = fail(RC_FAIL, 0, "journalctl -u vhxd", "vhxd gave no answer");
		else if (j_get(answer, "error"))
			*rc = fail_as_told(j_get(answer, "error"));
		else
			result = json_object_get(j_get(answer, "result"));
	}
	json_object_put(answer);
	json_object_put(request);
	return result;
}

struct json_object *ask_quietly(const char *op)
{
	const struct timeval patience = { .tv_sec = 1 };
	struct json_object *request, *answer = NULL, *result;
	const int fd = connect_quietly();

	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	request = j_obj();
	j_str(request, "op", op);
	if (send_request(fd, request))
		answer = read_answer(fd);
	json_object_put(request);
	close(fd);
	result = json_object_get(j_get(answer, "result"));
	json_object_put(answer);
	return result;
}
