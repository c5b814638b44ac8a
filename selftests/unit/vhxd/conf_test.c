// SPDX-License-Identifier: GPL-2.0-only
/* vhxd.conf: what is understood, and in which line what is not is reported. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "tests.h"

static char path[256];

static void write_conf(const void *text, size_t len)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/conf.%d", getenv("VHX_TMP") ?: "/tmp", (int)getpid());
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static int load(const char *text, struct conf **conf, struct msg *msg)
{
	int ret;

	memset(msg, 0, sizeof(*msg));
	write_conf(text, strlen(text));
	ret = conf_load(path, conf, msg);
	unlink(path);
	return ret;
}

static struct conf *good(const char *text)
{
	struct conf *conf;
	struct msg msg;

	if (load(text, &conf, &msg))
		fail_msg("%s", msg.text);
	return conf;
}

static void test_empty(void **state)
{
	struct conf *c = good("");

	assert_int_equal(c->queues, 1);
	assert_int_equal(c->tags, 256);
	assert_int_equal(c->pool, 32 << 20);
	assert_string_equal(c->socket, CONF_SOCKET);
	assert_string_equal(c->state_dir, CONF_STATE_DIR);
	assert_string_equal(c->user, "");
	assert_int_equal(c->nr_targets, 0);
	assert_false(c->zero_copy);
	conf_free(c);
}

static void test_host(void **state)
{
	struct conf *c = good("# comment\n"
			      "[vhxd]\n"
			      "queues = 4\n"
			      "tags=1024 ; as it is\n"
			      "pool = 64M\n"
			      "state_dir = /srv/state\n"
			      "user = vhx\n"
			      "socket = /tmp/s\n"
			      "plugin = /lib/a.so\n"
			      "plugin = /lib/b.so\n"
			      "zero_copy = on\n"
			      "zero_copy_min = 128K\n");

	assert_int_equal(c->queues, 4);
	assert_int_equal(c->tags, 1024);
	assert_int_equal(c->pool, 64 << 20);
	assert_string_equal(c->state_dir, "/srv/state");
	assert_string_equal(c->user, "vhx");
	assert_string_equal(c->socket, "/tmp/s");
	assert_int_equal(c->nr_plugins, 2);
	assert_string_equal(c->plugins[1], "/lib/b.so");
	assert_true(c->zero_copy);
	assert_int_equal(c->zero_copy_min, 128 << 10);
	conf_free(c);
}

static void test_targets(void **state)
{
	struct conf *c = good("[scsi naa.500a]\n"
			      "quota = 1M\n"
			      "lun.0 = /dev/vg/a,serial=S1,cache=writethrough,readonly,block=4096\n"
			      "lun.3.7 = /b,,c,thin,size=2G,name=data\n"
			      "[scsi naa.500b]\n"
			      "lun.16383 = /c\n");
	const struct target_conf *t = conf_find(c, "naa.500a");

	assert_int_equal(c->nr_targets, 2);
	assert_non_null(t);
	assert_int_equal(t->quota, 1 << 20);
	assert_int_equal(t->nr_disks, 2);
	assert_string_equal(t->disks[0].path, "/dev/vg/a");
	assert_string_equal(t->disks[0].serial, "S1");
	assert_string_equal(t->disks[0].name, "naa.500a:0:0");
	assert_true(t->disks[0].write_through && t->disks[0].read_only && !t->disks[0].thin);
	assert_int_equal(t->disks[0].block, 4096);
	assert_string_equal(t->disks[1].path, "/b,c");
	assert_string_equal(t->disks[1].name, "data");
	assert_int_equal(t->disks[1].target, 3);
	assert_int_equal(t->disks[1].lun, 7);
	assert_int_equal(t->disks[1].block, 512);
	assert_true(t->disks[1].thin && !t->disks[1].write_through);
	assert_int_equal(t->disks[1].size, 2ULL << 30);
	assert_int_equal(conf_find(c, "naa.500b")->disks[0].lun, 16383);
	assert_null(conf_find(c, "naa.500"));
	conf_free(c);
}

static void test_shared(void **state)
{
	struct conf *c = good("[scsi a]\ngroup = g\nlun.0 = /d,serial=1\n"
			      "[scsi b]\ngroup = g\nlun.5 = /d,serial=1\n");

	assert_string_equal(c->targets[0].disks[0].name, "a:0:0");
	assert_string_equal(c->targets[1].disks[0].name, "a:0:0");
	assert_true(conf_same_disk(c->targets[0].disks, c->targets[1].disks));
	conf_free(c);
}

struct bad {
	const char *text;
	unsigned int line;
	const char *what;
};

#define LONG50	"01234567890123456789012345678901234567890123456789"
#define LONG200	LONG50 LONG50 LONG50 LONG50

static const struct bad bads[] = {
	{ "queues = 1\n", 1, "before the first [section]" },
	{ "[vhxd]\n\nque = 1\n", 3, "no setting \"que\"" },
	{ "[vhxd]\nqueues = 0\n", 2, "at least 1" },
	{ "[vhxd]\nqueues = 65\n", 2, "no number from 0 to 64" },
	{ "[vhxd]\nqueues = -1\n", 2, "no number" },
	{ "[vhxd]\nqueues = 0x2\n", 2, "no number" },
	{ "[vhxd]\nqueues = 2 3\n", 2, "no number" },
	{ "[vhxd]\nqueues = 99999999999999999999999\n", 2, "no number" },
	{ "[vhxd]\nqueues =\n", 2, "no number" },
	{ "[vhxd]\nqueues = 1\nqueues = 1\n", 3, "queues is there twice" },
	{ "[vhxd]\npool = 2G\n", 2, "no size" },
	{ "[vhxd]\npool = 17179869184G\n", 2, "no size" },
	{ "[vhxd]\npool = 5000\n", 2, "multiple of 4096" },
	{ "[vhxd]\npool = 4KB\n", 2, "no size" },
	{ "[vhxd]\nuser = " LONG50 LONG50 "\n", 2, "more than 63" },
	{ "[vhxd]\nuser = \303\244\n", 2, "ASCII" },
	{ "[vhxd]\nwhat is this\n", 2, "neither a [section]" },
	{ "[vhxd\n", 1, "neither a [section]" },
	{ "[vhxd]\nuser = " LONG200 "\n", 2, "more than 198 characters" },
	{ "[scsi " LONG50 "]\nlun.0 = /a\n", 2, "too long" },
	{ "[net x]\na = b\n", 2, "no [net x]" },
	{ "[scsi ]\nlun.0 = /a\n", 2, "needs a wwpn" },
	{ "[scsi a b]\nlun.0 = /a\n", 2, "needs a wwpn" },
	{ "[scsi a/b]\nlun.0 = /a\n", 2, "needs a wwpn" },
	{ "[scsi a]\nlun.0 = /a\n[scsi b]\nlun.0 = /b\n[scsi a]\nlun.1 = /c\n", 6, "twice" },
	{ "[vsock]\npath = /a\n", 2, "no [vsock]" },
	{ "[vsock 2]\npath = /a\n", 2, "3 to 4294967294" },
	{ "[vsock 4294967295]\npath = /a\n", 2, "3 to 4294967294" },
	{ "[vsock x]\npath = /a\n", 2, "3 to 4294967294" },
	{ "[vsock 3]\npath = /a\n[vhxd]\nqueues = 1\n[vsock 3]\npath = /b\n", 6, "twice" },
	{ "[vsock 3]\npath = a\n", 2, "absolute" },
	{ "[vsock 3]\npath = /" LONG50 LONG50 "\n", 2, "96 characters" },
	{ "[vsock 3]\nport = 5\n", 2, "no setting \"port\"" },
	{ "[vsock 3]\ngrace = 61\n", 2, "0 to 60 seconds" },
	{ "[vsock 3]\ngrace = yes\n", 2, "0 to 60 seconds" },
	{ "[vsock 3]\nlisten.0 = /a\n", 2, "a port is" },
	{ "[vsock 3]\nlisten.x = /a\n", 2, "a port is" },
	{ "[vsock 3]\nlisten.5 = /a\nlisten.5 = /b\n", 3, "listen.5 is there twice" },
	{ "[vsock 3]\nconnect.5 = a\n", 2, "absolute" },
	{ "[vsock 3]\nlisten.5 = ,seqpacket\n", 2, "absolute" },
	{ "[vsock 3]\nregister = yes\n", 2, "neither on nor off" },
	{ "[vsock 3]\nlimit.legs = 1\n", 2, "no limit.legs" },
	{ "[vsock 3]\nlimit.conns = x\n", 2, "no size" },
	{ "[vsock 3]\nlimit.conns = 4G\n", 2, "no size" },
	{ "[vsock 3]\nlimit.conns = 1\nlimit.conns = 1\n", 3, "limit.conns is there twice" },
	{ "[vsock 3]\nlimit.pending = 0\n", 2, "1 at least" },
	{ "[vsock 3]\nlimit.backlog = 255K\n", 2, "256K at least" },
	{ "[vsock 3]\nlimit.rate = 1025G\n", 2, "no size" },
	{ "[vhxd]\nvsock_guests = 257\n", 2, "no number" },
	{ "[scsi a]\nlun = /a\n", 2, "no setting \"lun\"" },
	{ "[scsi a]\nlun. = /a\n", 2, "neither LUN" },
	{ "[scsi a]\nlun.x = /a\n", 2, "neither LUN" },
	{ "[scsi a]\nlun.16384 = /a\n", 2, "neither LUN" },
	{ "[scsi a]\nlun.256.0 = /a\n", 2, "neither LUN" },
	{ "[scsi a]\nlun.1.2.3 = /a\n", 2, "neither LUN" },
	{ "[scsi a]\nlun.00000000001.0 = /a\n", 2, "neither LUN" },
	{ "[scsi a]\nlun.0 = a\n", 2, "no absolute path" },
	{ "[scsi a]\nlun.0 =\n", 2, "no absolute path" },
	{ "[scsi a]\nlun.0 = ,thin\n", 2, "no absolute path" },
	{ "[scsi a]\nlun.0 = /a,thick\n", 2, "is called \"thick\"" },
	{ "[scsi a]\nlun.0 = /a,\n  thin\n", 3, "no absolute path" },
	{ "[scsi a]\nlun.0 = /a,thin=1\n", 2, "thin takes no value" },
	{ "[scsi a]\nlun.0 = /a,cache\n", 2, "cache needs a value" },
	{ "[scsi a]\nlun.0 = /a,cache=none\n", 2, "writeback or writethrough" },
	{ "[scsi a]\nlun.0 = /a,block=1024\n", 2, "512 or 4096" },
	{ "[scsi a]\nlun.0 = /a,serial=\n", 2, "no value" },
	{ "[scsi a]\nlun.0 = /a,serial=" LONG50 "\n", 2, "more than 36" },
	{ "[scsi a]\nlun.0 = /a,name=../x\n", 2, "name=../x" },
	{ "[scsi a]\nlun.0 = /a,name=.x\n", 2, "name=.x" },
	{ "[scsi a]\nlun.0 = /a,name=x y\n", 2, "name=x y" },
	{ "[scsi a]\nlun.0 = /a,size=9E\n", 2, "no size" },
	{ "[scsi a]\nlun.0 = /a\nlun.0 = /b\n", 3, "has a disk at 0.0: /a" },
	{ "[scsi a]\nlun.0 = /a\nlun.0.0 = /b\n", 3, "has a disk at 0.0" },
	{ "[scsi a]\nlun.0 = /a\nlun.1 = /a\n", 3, "has /a already" },
	{ "[scsi a]\nlun.0 = /a,name=x\nlun.1 = /b,name=x\n", 3, "both called x" },
	{ "[scsi a]\nlun.0 = /a\n[scsi b]\nlun.0 = /a\n", 4, "the same \"group =\"" },
	{ "[scsi a]\ngroup = g\nlun.0 = /a\n[scsi b]\ngroup = g\nlun.0 = /a,thin\n", 6,
	  "other options" },
	{ "[scsi a]\nlun.0 = /a\ngroup = g\n", 3, "above the disks" },
};

static void test_bad(void **state)
{
	struct conf *conf;
	char where[300];
	struct msg msg;
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		if (!load(bads[i].text, &conf, &msg))
			fail_msg("taken: %s", bads[i].text);
		snprintf(where, sizeof(where), "%s:%u: ", path, bads[i].line);
		if (strncmp(msg.text, where, strlen(where)) || !strstr(msg.text, bads[i].what))
			fail_msg("%s:\nwanted line %u, \"%s\"\nis %s", bads[i].text,
				 bads[i].line, bads[i].what, msg.text);
	}
}

static void test_tags(void **state)
{
	struct conf *conf;
	struct msg msg;

	assert_int_equal(load("[vhxd]\nqueues = 3\ntags = 256\n", &conf, &msg), -EINVAL);
	assert_non_null(strstr(msg.text, "power of two"));
	assert_int_equal(load("[vhxd]\ntags = 16384\n", &conf, &msg), 0);
	conf_free(conf);
	assert_int_equal(load("[vhxd]\nqueues = 3\n", &conf, &msg), 0);
	assert_int_equal(conf->tags, 768);
	conf_free(conf);
}

static uint64_t limit_of(const struct vsock_conf *v, int attr)
{
	const int i = attr - VHX_A_VSOCK_LIMIT_CID - 1;

	assert_true(v->limits.set & 1U << i);
	return v->limits.value[i];
}

static void test_vsocks(void **state)
{
	struct conf *c = good("[vsock 42]\n"
			      "name = web1\n"
			      "register = on\n"
			      "path = /a\n"
			      "listen.22 = /b,seqpacket\n"
			      "connect.514 = /c\n"
			      "limit.rate = 64M\n"
			      "limit.conns = 100\n"
			      "limit.conn-burst = 0\n"
			      "[vsock 43]\n"
			      "path = /d\n");
	const struct vsock_conf *v = conf_find_vsock(c, 42);
	struct vsock_conf copy;

	assert_int_equal(c->vsock_guests, 8);
	assert_null(conf_find_vsock(c, 44));
	assert_non_null(v);
	assert_string_equal(v->name, "web1");
	assert_true(v->is_registered);
	assert_int_equal(limit_of(v, VHX_A_VSOCK_LIMIT_RATE), 64 << 20);
	assert_int_equal(limit_of(v, VHX_A_VSOCK_LIMIT_CONNS), 100);
	assert_int_equal(limit_of(v, VHX_A_VSOCK_LIMIT_CONN_BURST), 0);
	assert_int_equal(v->limits.cid, 42);
	assert_int_equal(__builtin_popcount(v->limits.set), 3);
	assert_int_equal(conf_copy_vsock(&copy, v), 0);
	assert_int_equal(copy.nr_maps, 2);
	assert_ptr_not_equal(copy.maps, v->maps);
	assert_string_equal(copy.maps[0].path, "/b");
	assert_true(copy.maps[0].listen && copy.maps[0].seqpacket && !copy.maps[1].listen);
	free(copy.maps);
	v = conf_find_vsock(c, 43);
	assert_string_equal(v->name, "43");
	assert_true(!v->is_registered && !v->limits.set);
	conf_free(c);
}

static void test_room(void **state)
{
	struct conf *conf = good("[vhxd]\nvsock_guests = 3\n");
	struct msg msg;

	assert_int_equal(conf->vsock_guests, 3);
	conf_free(conf);
	conf = good("[vhxd]\nqueues = 1\n");
	assert_int_equal(conf->vsock_guests, 0);
	conf_free(conf);
	assert_int_equal(load("[vhxd]\nvsock_guests = 1\n[vsock 3]\npath = /a\n[vsock 4]\npath = /b\n", &conf,
			      &msg), -EINVAL);
	assert_non_null(strstr(msg.text, "vsock_guests = 1: there are 2 already"));
	assert_int_equal(load("[vsock 3]\nname = x\n[vsock 4]\nname = x\n", &conf, &msg), -EEXIST);
	assert_non_null(strstr(msg.text, "[vsock 3] and [vsock 4] have one name, \"x\""));
}

static void test_no_file(void **state)
{
	struct conf *conf;
	struct msg msg;

	assert_int_equal(conf_load("/nonesuch/vhxd.conf", &conf, &msg), -ENOENT);
	assert_non_null(strstr(msg.text, "ENOENT"));
	assert_true(conf_load("/", &conf, &msg) < 0);
}

static void test_nul(void **state)
{
	static const char text[] = "[vhxd]\nque\0ues = 1\nqueues = 2\n";
	struct conf *conf;
	struct msg msg;

	write_conf(text, sizeof(text) - 1);
	assert_int_equal(conf_load(path, &conf, &msg), -EINVAL);
	unlink(path);
}

/* Any bytes are an error or a configuration, never a crash. */
static void test_noise(void **state)
{
	static const char bits[] = "[]=;#\n \t,.lun0/scsi vhxd\\\"\0\377";
	unsigned int seed = getenv("VHX_SEED") ? (unsigned int)atoi(getenv("VHX_SEED")) : 1;
	char text[400];
	struct conf *conf;
	struct msg msg;
	size_t i, len;
	int n;

	for (n = 0; n < 3000; n++) {
		len = (size_t)rand_r(&seed) % sizeof(text);
		for (i = 0; i < len; i++)
			text[i] = bits[(size_t)rand_r(&seed) % sizeof(bits)];
		if (n & 1 && len > 9)
			memcpy(text, "[scsi a]\n", 9);
		write_conf(text, len);
		if (!conf_load(path, &conf, &msg))
			conf_free(conf);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_vsocks),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
