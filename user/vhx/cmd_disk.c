// SPDX-License-Identifier: GPL-2.0-only
/* vhx disk: what vhxd serves, asked on its control socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "out.h"

#define SOCKET		"/run/vhx/vhxd.sock"
#define ANSWER_MAX	(16 << 20)

static const struct out_col list_cols[] = {
	{ "target", "TARGET", OUT_PLAIN },
	{ "target_id", "ID", OUT_PLAIN },
	{ "lun", "LUN", OUT_PLAIN },
	{ "name", "NAME", OUT_PLAIN },
	{ "size_bytes", "SIZE", OUT_BYTES },
	{ "cache", "CACHE", OUT_PLAIN },
	{ "readonly", "READONLY", OUT_PLAIN },
	{ "path", "PATH", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "target", "target", OUT_PLAIN },
	{ "group", "group", OUT_PLAIN },
	{ "target_id", "target id", OUT_PLAIN },
	{ "lun", "lun", OUT_PLAIN },
	{ "name", "name", OUT_PLAIN },
	{ "path", "path", OUT_PLAIN },
	{ "backend", "backend", OUT_PLAIN },
	{ "size_bytes", "size", OUT_BYTES },
	{ "used_bytes", "used", OUT_BYTES },
	{ "block_bytes", "block, bytes", OUT_PLAIN },
	{ "cache", "cache", OUT_PLAIN },
	{ "readonly", "read only", OUT_PLAIN },
	{ "thin", "thin", OUT_PLAIN },
	{ "serial", "serial", OUT_PLAIN },
	{ "uuid", "uuid", OUT_PLAIN },
	{ "targets", "targets that have it", OUT_PLAIN },
	{ "io", "I/O", OUT_PLAIN },
	{ "origin", "from", OUT_PLAIN },
};

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

/* Return: a connected socket, or -1: it was said, *rc is the exit code. */
static int connect_agent(int *rc)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(socket_path()) >= sizeof(addr.sun_path)) {
		*rc = no_agent(ENAMETOOLONG);
		return -1;
	}
	strcpy(addr.sun_path, socket_path());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	*rc = no_agent(errno);
	if (fd >= 0)
		close(fd);
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

/* Puts @request. Return: the result, or NULL with *rc set; the result of "remove" is null, too. */
static struct json_object *ask(struct json_object *request, int *rc)
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

/* --- the verbs --- */

static struct json_object *about(const char *op, const struct words *words)
{
	struct json_object *request = j_obj();

	j_str(request, "op", op);
	j_str(request, "target", words->word[0]);
	j_str(request, "place", words->word[1]);
	return request;
}

int cmd_disk_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *request, *disks;
	int rc;

	parse_words("", "The disks that vhxd serves.", argc, argv, &words);
	request = j_obj();
	j_str(request, "op", "list");
	disks = ask(request, &rc);
	if (!disks)
		return rc;
	if (out_json(disks))
		return RC_OK;
	out_table(disks, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(disks))
		say("no disk: see vhxd.conf(5), or `vhx disk add`");
	json_object_put(disks);
	return RC_OK;
}

static int print_disk(struct json_object *disk)
{
	if (out_json(disk))
		return RC_OK;
	out_record(disk, show_cols, ARRAY_SIZE(show_cols));
	json_object_put(disk);
	return RC_OK;
}

int cmd_disk_show(int argc, char **argv)
{
	struct words words = { .min = 2, .max = 2 };
	struct json_object *disk;
	int rc;

	parse_words("TARGET LUN", "One disk: where it is, and how it is served."
		    "\vTARGET is a wwpn, LUN a number, or ID.LUN with another target id than 0.",
		    argc, argv, &words);
	disk = ask(about("show", &words), &rc);
	return disk ? print_disk(disk) : rc;
}

int cmd_disk_add(int argc, char **argv)
{
	struct words words = { .min = 3, .max = 3 };
	struct json_object *request, *disk;
	int rc;

	parse_words("TARGET LUN PATH[,OPTION...]",
		    "Serve a file or block device as a disk, until vhxd ends."
		    "\vThe options are those of a lun.LUN line in vhxd.conf(5), as in"
		    " /dev/vg/data,serial=D1,cache=writethrough. A TARGET that was not served is"
		    " from now on.", argc, argv, &words);
	request = about("add", &words);
	j_str(request, "disk", words.word[2]);
	disk = ask(request, &rc);
	if (!disk)
		return rc;
	say("until vhxd ends; for good: vhxd.conf(5), and `systemctl reload vhxd`");
	return print_disk(disk);
}

int cmd_disk_remove(int argc, char **argv)
{
	struct words words = { .min = 2, .max = 2 };
	int rc;

	parse_words("TARGET LUN", "Take a disk away; what guests do to it is aborted.", argc, argv,
		    &words);
	json_object_put(ask(about("remove", &words), &rc));
	if (!rc)
		say("%s has no disk at %s any more", words.word[0], words.word[1]);
	return rc;
}

int cmd_disk_resize(int argc, char **argv)
{
	struct words words = { .min = 2, .max = 3 };
	struct json_object *request, *disk;
	int rc;

	parse_words("TARGET LUN [SIZE]",
		    "Tell the guests that a disk has another size; with SIZE make its file so large."
		    "\vSIZE is in bytes, or with K, M, G or T behind it. A file is not made smaller.",
		    argc, argv, &words);
	request = about("resize", &words);
	if (words.nr == 3)
		j_str(request, "size", words.word[2]);
	disk = ask(request, &rc);
	return disk ? print_disk(disk) : rc;
}
