// SPDX-License-Identifier: GPL-2.0-only
/* What the control socket answers, on a host that has loops and disks, but no session. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "tests.h"

#define SIZE	(1 << 20)

static struct vhx_agent agent = { .fd = -1 };	/* nobody hears what is to be told */
static struct host host;
static struct conf conf;
static struct loop loop;
static char dir[200], disk[2][256];

static struct endpoint *add_target(const char *wwpn, struct group *group, uint16_t port)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	strcpy(e->wwpn, wwpn);
	e->group = group;
	e->port = port;
	e->number = port;
	list_init(&e->luns);
	assert_int_equal(scsi_target_create(wwpn, port, &e->target, NULL), 0);
	assert_int_equal(scsi_nexus_create(e->target, wwpn, &e->nexus), 0);
	host.endpoints[port] = e;
	return e;
}

static struct group *add_group(const char *name)
{
	struct group *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	strcpy(g->name, name);
	pthread_mutex_init(&g->lock, NULL);
	list_add(&host.groups, &g->node);
	return g;
}

static void make_disk(char *path, size_t size, int i)
{
	int fd;

	snprintf(path, size, "%s/disk%d", dir, i);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	close(fd);
}

static int setup(void **state)
{
	char *tmp = realpath(getenv("VHX_TMP") ?: "/tmp", NULL);
	struct group *shared;
	struct msg msg;
	int i;

	snprintf(dir, sizeof(dir), "%s/control.%d", tmp, (int)getpid());
	free(tmp);
	assert_int_equal(mkdir(dir, 0700), 0);
	for (i = 0; i < 2; i++)
		make_disk(disk[i], sizeof(disk[i]), i);
	memset(&host, 0, sizeof(host));
	list_init(&host.groups);
	list_init(&host.disks);
	host.conf = &conf;
	host.agent = &agent;
	loop = (struct loop) { .session = -1, .depth = 16 };
	assert_int_equal(loop_start(&loop, &msg), 0);
	host.loops = &loop;
	host.loops_run = true;
	host.home = (struct disk_home) {
		.state_dir = dir, .boot_id = "b", .loops = &loop, .nr_loops = 1,
	};
	add_target("naa.a", add_group(""), 1);
	shared = add_group("g");
	add_target("naa.b", shared, 2);
	add_target("naa.c", shared, 3);
	return 0;
}

static int teardown(void **state)
{
	struct group *g, *tmp;
	char cmd[300];
	int i;

	for (i = 1; i <= 3; i++) {
		assert_int_equal(scsi_nexus_destroy(host.endpoints[i]->nexus), 0);
		assert_int_equal(scsi_target_destroy(host.endpoints[i]->target), 0);
		free(host.endpoints[i]);
	}
	list_for_each_safe(g, tmp, &host.groups, node)
		free(g);
	loop_end(&loop);
	loop_join(&loop);
	snprintf(cmd, sizeof(cmd), "rm -r '%s'", dir);
	return system(cmd);
}

/* The answer's result, or NULL and its error's code in @code. */
static struct json_object *ask(char code[32], const char *fmt, ...)
{
	struct json_object *reply, *part = NULL;
	char line[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	reply = control_answer(&host, line);
	assert_non_null(reply);
	*code = '\0';
	if (json_object_object_get_ex(reply, "error", &part)) {
		assert_true(json_object_get_string_len(json_object_object_get(part, "message")) > 0);
		snprintf(code, 32, "%s",
			 json_object_get_string(json_object_object_get(part, "code")));
		part = NULL;
	} else {
		assert_true(json_object_object_get_ex(reply, "result", &part));
		json_object_get(part);
	}
	json_object_put(reply);
	return part;
}

static const char *str(struct json_object *obj, const char *key)
{
	return json_object_get_string(json_object_object_get(obj, key));
}

static int64_t num(struct json_object *obj, const char *key)
{
	return json_object_get_int64(json_object_object_get(obj, key));
}

static void good(const char *op, const char *target, const char *place, const char *more)
{
	struct json_object *result;
	char code[32];

	result = ask(code, "{\"op\":\"%s\",\"target\":\"%s\",\"place\":\"%s\"%s}", op, target,
		     place, more);
	if (*code)
		fail_msg("%s %s %s%s: %s", op, target, place, more, code);
	json_object_put(result);
}

static void bad(const char *wanted, const char *op, const char *target, const char *place,
		const char *more)
{
	char code[32];

	json_object_put(ask(code, "{\"op\":\"%s\",\"target\":\"%s\",\"place\":\"%s\"%s}", op,
			    target, place, more));
	assert_string_equal(code, wanted);
}

static size_t count(void)
{
	struct json_object *rows;
	char code[32];
	size_t nr;

	rows = ask(code, "{\"op\":\"list\"}");
	assert_string_equal(code, "");
	nr = json_object_array_length(rows);
	json_object_put(rows);
	return nr;
}

static const char *spec(int i, const char *options)
{
	static char text[512];

	snprintf(text, sizeof(text), ",\"disk\":\"%s%s\"", disk[i], options);
	return text;
}

static void test_life(void **state)
{
	struct json_object *row;
	char code[32];

	assert_int_equal(count(), 0);
	good("add", "naa.a", "0", spec(0, ",serial=S,cache=writethrough"));
	assert_int_equal(count(), 1);
	row = ask(code, "{\"op\":\"show\",\"target\":\"naa.a\",\"place\":\"0.0\"}");
	assert_string_equal(str(row, "path"), disk[0]);
	assert_string_equal(str(row, "name"), "naa.a:0:0");
	assert_string_equal(str(row, "serial"), "S");
	assert_string_equal(str(row, "cache"), "writethrough");
	assert_string_equal(str(row, "backend"), "file");
	assert_string_equal(str(row, "origin"), "by hand");
	assert_int_equal(num(row, "size_bytes"), SIZE);
	json_object_put(row);
	good("remove", "naa.a", "0", "");
	assert_int_equal(count(), 0);
	bad("ENOENT", "remove", "naa.a", "0", "");
	/* The file's lock is free again. */
	good("add", "naa.a", "3.4", spec(0, ""));
	good("remove", "naa.a", "3.4", "");
}

static void test_taken(void **state)
{
	good("add", "naa.a", "0", spec(0, ""));
	bad("EEXIST", "add", "naa.a", "0", spec(1, ""));
	bad("EEXIST", "add", "naa.a", "1", spec(0, ""));
	bad("EEXIST", "add", "naa.b", "0", spec(0, ""));
	bad("EEXIST", "add", "naa.b", "0", spec(1, ",name=naa.a:0:0"));
	assert_int_equal(count(), 1);
	good("remove", "naa.a", "0", "");
}

static void test_shared(void **state)
{
	struct json_object *row;
	char code[32];

	good("add", "naa.b", "0", spec(0, ",name=both"));
	good("add", "naa.c", "7", spec(0, ",name=both"));
	bad("EEXIST", "add", "naa.c", "8", spec(0, ",name=both,thin"));
	row = ask(code, "{\"op\":\"show\",\"target\":\"naa.c\",\"place\":\"7\"}");
	assert_int_equal(num(row, "targets"), 2);
	assert_string_equal(str(row, "group"), "g");
	json_object_put(row);
	good("remove", "naa.b", "0", "");
	bad("EEXIST", "add", "naa.a", "0", spec(0, ",name=other"));
	good("remove", "naa.c", "7", "");
	good("add", "naa.a", "0", spec(0, ",name=other"));
	good("remove", "naa.a", "0", "");
}

static void test_resize(void **state)
{
	struct json_object *row;
	struct stat st;
	char code[32];

	good("add", "naa.a", "0", spec(1, ""));
	row = ask(code, "{\"op\":\"resize\",\"target\":\"naa.a\",\"place\":\"0\",\"size\":\"2M\"}");
	assert_int_equal(num(row, "size_bytes"), 2 << 20);
	json_object_put(row);
	assert_int_equal(stat(disk[1], &st), 0);
	assert_int_equal(st.st_size, 2 << 20);
	bad("EINVAL", "resize", "naa.a", "0", ",\"size\":\"1M\"");
	bad("EINVAL", "resize", "naa.a", "0", ",\"size\":\"x\"");
	assert_int_equal(truncate(disk[1], 3 << 20), 0);
	good("resize", "naa.a", "0", "");
	good("remove", "naa.a", "0", "");
}

static void test_refused(void **state)
{
	bad("EINVAL", "add", "naa.a", "x", spec(0, ""));
	bad("EINVAL", "add", "naa.a", "0", ",\"disk\":\"relative\"");
	bad("ENOENT", "add", "naa.a", "0", ",\"disk\":\"/nonesuch/file\"");
	bad("EISDIR", "add", "naa.a", "0", ",\"disk\":\"/etc\"");
	bad("EINVAL", "add", "naa.a", "0", "");
	bad("ENOENT", "show", "naa.x", "0", "");
	bad("ENOENT", "show", "naa.a", "0", "");
	bad("EOPNOTSUPP", "format", "naa.a", "0", "");
	assert_int_equal(count(), 0);
}

static void test_hostile(void **state)
{
	static const char *const lines[] = {
		"", "{", "[]", "1", "null", "\"list\"", "{}", "{\"op\":1}", "{\"op\":null}",
		"{\"op\":[\"list\"]}", "{\"op\":\"show\",\"target\":{}}",
		"{\"op\":\"show\",\"target\":\"naa.a\",\"place\":0}",
		"{\"op\":\"add\",\"target\":\"naa.a\",\"place\":\"0\",\"disk\":[]}",
		"{\"op\":\"li\\u0000st\"}", "\377\376",
	};
	char code[32];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		json_object_put(ask(code, "%s", lines[i]));
		if (!*code)
			fail_msg("taken: %s", lines[i]);
	}
}

/* --- the socket --- */

static struct control control;
static struct sockaddr_un addr = { .sun_family = AF_UNIX };

static int connect_to(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void serve(void)
{
	struct pollfd fds[CONTROL_FDS];

	for (;;) {
		control_fill(&control, fds);
		if (poll(fds, CONTROL_FDS, 50) <= 0)
			return;
		control_serve(&control, fds);
	}
}

static void test_socket(void **state)
{
	static const char two[] = "{\"op\":\"list\"}\n{\"op\":\"li", rest[] = "st\"}\n";
	char buf[200], flood[CONTROL_LINE + 10];
	int fd, many[CONTROL_CLIENTS + 2], i;
	struct control second;
	struct stat st;
	struct msg msg;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/vhxd-test.%d", (int)getpid());
	assert_int_equal(control_open(&control, &host, addr.sun_path, &msg), 0);
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(control_open(&second, &host, addr.sun_path, &msg), -EADDRINUSE);

	fd = connect_to();
	assert_int_equal(write(fd, two, strlen(two)), strlen(two));
	serve();
	assert_int_equal(write(fd, rest, strlen(rest)), strlen(rest));
	serve();
	i = (int)recv(fd, buf, sizeof(buf) - 1, 0);
	buf[i] = '\0';
	assert_string_equal(buf, "{\"result\":[]}\n{\"result\":[]}\n");
	close(fd);

	/* A line without end is nobody's to keep. */
	fd = connect_to();
	memset(flood, 'x', sizeof(flood));
	assert_int_equal(send(fd, flood, sizeof(flood), MSG_NOSIGNAL), sizeof(flood));
	serve();
	assert_true(recv(fd, buf, sizeof(buf), 0) <= 0);
	close(fd);

	/* More than there are places for wait until one is free. */
	for (i = 0; i < CONTROL_CLIENTS + 2; i++) {
		many[i] = connect_to();
		serve();
	}
	assert_int_equal(write(many[CONTROL_CLIENTS], two, 14), 14);
	serve();
	assert_int_equal(recv(many[CONTROL_CLIENTS], buf, sizeof(buf), MSG_DONTWAIT), -1);
	close(many[0]);
	serve();
	assert_true(recv(many[CONTROL_CLIENTS], buf, sizeof(buf), MSG_DONTWAIT) > 0);
	for (i = 1; i < CONTROL_CLIENTS + 2; i++)
		close(many[i]);
	serve();
	control_close(&control);
	assert_int_equal(stat(addr.sun_path, &st), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
