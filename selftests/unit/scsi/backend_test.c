// SPDX-License-Identifier: GPL-2.0-only
/* Backends without any SCSI: what is said when they cannot be had, and their edges. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

static char path[512];

static int setup(void **state)
{
	unlink(rig_path("disk", path, sizeof(path)));
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return 0;
}

static struct backend_config config(void)
{
	return (struct backend_config) { .path = path, .size = DISK_SIZE, .block_size = 512 };
}

static void is_held_by_one(void **state)
{
	struct backend_config c = config();
	struct backend *b, *other;
	struct msg msg;

	assert_int_equal(backend_open("file", &c, &b, &msg), 0);
	assert_int_equal(b->ops->fence, BACKEND_FENCE_FLOCK);
	assert_int_equal(backend_open("file", &c, &other, &msg), -EWOULDBLOCK);
	assert_non_null(strstr(msg.text, path));
	assert_non_null(strstr(msg.text, "in use"));
	assert_non_null(strstr(msg.text, "EWOULDBLOCK"));
	backend_close(b);
	/* Readers do not mind each other. */
	c.read_only = true;
	assert_int_equal(backend_open("file", &c, &b, &msg), 0);
	assert_int_equal(backend_open("file", &c, &other, &msg), 0);
	assert_true(b->read_only);
	assert_int_equal(b->caps, 0);
	backend_close(b);
	backend_close(other);
	backend_close(NULL);
}

static void what_cannot_be_opened(void **state)
{
	struct backend_config c = config();
	struct backend *b;
	struct msg msg;

	c.size = 0;
	assert_int_equal(backend_open("file", &c, &b, &msg), -ENOENT);
	assert_non_null(strstr(msg.text, "ENOENT"));
	assert_int_equal(mkdir(path, 0700), 0);
	c.read_only = true;
	assert_int_equal(backend_open("file", &c, &b, &msg), -EINVAL);
	assert_non_null(strstr(msg.text, "regular"));
	rmdir(path);
	c = config();
	assert_int_equal(backend_open("file", &c, &b, &msg), 0);
	backend_close(b);
	assert_int_equal(backend_open("block", &c, &b, &msg), -ENOTBLK);
	assert_int_equal(backend_open("tape", &c, &b, &msg), -ENOENT);
	assert_non_null(strstr(msg.text, "tape"));
	c.size = 0;
	assert_int_equal(backend_open("null", &c, &b, &msg), -EINVAL);
}

static void plug_ins(void **state)
{
	static const struct backend_ops bare = { .abi = BACKEND_ABI, .name = "bare" };
	struct backend_ops next = { .abi = BACKEND_ABI + 1, .name = "next" };
	static struct backend_ops mine;
	struct backend_config c = config();
	struct backend *b;
	struct msg msg;

	assert_int_equal(backend_register(&bare), -EINVAL);
	assert_int_equal(backend_register(&next), -EINVAL);
	assert_int_equal(backend_open("null", &c, &b, &msg), 0);
	assert_int_equal(backend_register(b->ops), -EEXIST);
	mine = *b->ops;
	backend_close(b);
	mine.name = "mine";
	assert_int_equal(backend_register(&mine), 0);
	assert_int_equal(backend_open("mine", &c, &b, &msg), 0);
	backend_close(b);
	assert_int_equal(backend_plugin("/nonexistent.so", &msg), -ENOENT);
	assert_non_null(strstr(msg.text, "/nonexistent.so"));
}

static int last_res;
static int dones;

static void io_done(struct backend_io *io)
{
	last_res = io->res;
	dones++;
}

static int do_io(struct backend *b, enum backend_op op, void *buf, uint64_t len)
{
	struct backend_io io = { .op = op, .len = len, .buf = buf, .done = io_done };

	dones = 0;
	b->ops->submit(b, &io);
	assert_int_equal(dones, 1);
	return last_res;
}

/* O_DIRECT, where there is one, is not asked to do what it cannot. */
static void buffers_at_any_address(void **state)
{
	struct backend_config c = config();
	uint8_t *mem = malloc(8192), *seen = malloc(8192);
	struct backend *b;
	struct msg msg;
	uint32_t off, i;
	int buffered;

	for (i = 0; i < 8192; i++)
		mem[i] = (uint8_t)(i * 7);
	for (buffered = 0; buffered < 2; buffered++) {
		c.buffered = buffered;
		assert_int_equal(backend_open("file", &c, &b, &msg), 0);
		for (off = 0; off < 600; off += 37) {
			assert_int_equal(do_io(b, BACKEND_WRITE, mem + off, 4096), 0);
			assert_int_equal(do_io(b, BACKEND_READ, seen + 600 - off, 4096), 0);
			assert_memory_equal(mem + off, seen + 600 - off, 4096);
		}
		assert_int_equal(do_io(b, BACKEND_WRITE, NULL, 0), 0);
		assert_int_equal(do_io(b, (enum backend_op)99, NULL, 0), -EOPNOTSUPP);
		backend_close(b);
	}
	free(mem);
	free(seen);
}

static void extents_and_usage(void **state)
{
	struct backend_extent e = { .off = 0 };
	struct backend_config c = config();
	struct backend_usage usage;
	uint8_t data[4096] = { 1 };
	struct backend *b;
	uint64_t size;

	assert_int_equal(backend_open("file", &c, &b, NULL), 0);
	assert_int_equal(b->ops->size(b, &size), 0);
	assert_int_equal(size, DISK_SIZE);
	assert_int_equal(do_io(b, BACKEND_WRITE, data, sizeof(data)), 0);
	assert_int_equal(b->ops->extent(b, &e), 0);
	assert_true(e.mapped);
	assert_true(e.len >= 4096 && e.len <= DISK_SIZE);
	e.off = DISK_SIZE - 4096;
	assert_int_equal(b->ops->extent(b, &e), 0);
	assert_int_equal(e.len, 4096);
	e.off = DISK_SIZE;
	assert_int_not_equal(b->ops->extent(b, &e), 0);
	assert_int_equal(b->ops->usage(b, &usage), 0);
	assert_true(usage.used <= DISK_SIZE + 65536);
	backend_close(b);
}

static void units_that_cannot_be(void **state)
{
	static const struct {
		struct scsi_unit_config c;
		const char *say;
	} t[] = {
		{ { .name = "a b", .block_size = 512 }, "name" },
		{ { .name = "", .block_size = 512 }, "name" },
		{ { .name = NULL, .block_size = 512 }, "name" },
		{ { .name = "a", .block_size = 1024 }, "4096" },
		{ { .name = "a", .block_size = 0 }, "4096" },
		{ { .name = "a", .block_size = 512, .uuid = "x" }, "uuid" },
		{ { .name = "a", .block_size = 512,
		    .uuid = "01234567-89ab-cdef-0123-456789abcdefg" }, "uuid" },
		{ { .name = "a", .block_size = 512, .vendor = "123456789" }, "ASCII" },
		{ { .name = "a", .block_size = 512, .boot_id = "a b" }, "boot" },
		{ { .name = "a", .block_size = 512, .product = "\x80" }, "ASCII" },
	};
	static const struct scsi_unit_config small = { .name = "a", .block_size = 512 };
	struct backend_config c = config();
	struct scsi_target *target;
	struct scsi_unit *unit;
	struct backend *b;
	struct msg msg;
	size_t i;

	assert_int_equal(backend_open("file", &c, &b, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(scsi_unit_create(&t[i].c, b, &unit, &msg), -EINVAL);
		assert_non_null(strstr(msg.text, t[i].say));
	}
	backend_close(b);
	assert_int_equal(scsi_target_create("", 1, &target, &msg), -EINVAL);
	assert_int_equal(scsi_target_create("naa.1", 0, &target, &msg), -EINVAL);
	c.size = 100;
	unlink(path);
	assert_int_equal(backend_open("file", &c, &b, NULL), 0);
	assert_int_equal(scsi_unit_create(&small, b, &unit, &msg), -EINVAL);
	assert_non_null(strstr(msg.text, "size"));
	backend_close(b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(is_held_by_one),
		T(what_cannot_be_opened),
		T(plug_ins),
		T(buffers_at_any_address),
		T(extents_and_usage),
		T(units_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
