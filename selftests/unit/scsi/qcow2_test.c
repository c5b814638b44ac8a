// SPDX-License-Identifier: GPL-2.0-only
/*
 * The qcow2 plug-in: images are made here by hand, written through it at random beside a model, and
 * then looked at by a reader of this file's own, which counts every cluster; and images that lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

#define BITS	12
#define CLUSTER	(1u << BITS)
#define SIZE	(12u << 20)	/* more than a block of counts is for */
#define L1_LEN	6u			/* of 2 MiB each */
#define FILE_MAX (32u << 20)
#define ROUNDS	600

extern const struct backend_ops vhxd_backend;

static char path[512];
static struct engine_double engine;
static struct backend *backend;
static uint8_t model[SIZE];

/* --- an image by hand --- */

enum { HEADER, COUNTS, BLOCK, L1, CLUSTERS };

static void poke(uint64_t at, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0 && pwrite(fd, data, len, (off_t)at) == (ssize_t)len);
	close(fd);
}

static void poke32(uint64_t at, uint32_t v)
{
	uint8_t b[4];

	put_be32(b, v);
	poke(at, b, 4);
}

static void poke64(uint64_t at, uint64_t v)
{
	uint8_t b[8];

	put_be64(b, v);
	poke(at, b, 8);
}

static void make(uint32_t version)
{
	static const uint8_t one[2] = { 0, 1 };
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), i;

	assert_int_equal(ftruncate(fd, CLUSTERS * CLUSTER), 0);
	close(fd);
	poke32(0, 0x514649fb);
	poke32(4, version);
	poke32(20, BITS);
	poke64(24, SIZE);
	poke32(36, L1_LEN);
	poke64(40, L1 * CLUSTER);
	poke64(48, COUNTS * CLUSTER);
	poke32(56, 1);
	if (version == 3) {
		poke32(96, 4);
		poke32(100, 104);
	}
	poke64(COUNTS * CLUSTER, BLOCK * CLUSTER);
	for (i = 0; i < CLUSTERS; i++)
		poke(BLOCK * CLUSTER + 2 * i, one, 2);
}

static int reopen(bool read_only)
{
	struct backend_config c = {
		.path = path, .engine = &engine.base, .block_size = 512, .read_only = read_only,
	};
	struct msg msg;

	return vhxd_backend.open(&c, &backend, &msg);
}

static void shut(void)
{
	backend->ops->close(backend);
	backend = NULL;
}

/* --- the reader --- */

static uint8_t file[FILE_MAX], used[FILE_MAX >> BITS];

static uint64_t count_of(uint64_t cluster)
{
	uint64_t per = CLUSTER / 2, block;

	assert_true(cluster / per < CLUSTER / 8);
	block = get_be64(file + COUNTS * CLUSTER + cluster / per * 8);
	return block ? get_be16(file + block + cluster % per * 2) : 0;
}

static void take(uint64_t at, size_t len)
{
	assert_int_equal(at % CLUSTER, 0);
	assert_true(at < len);
	assert_int_equal(used[at >> BITS]++, 0);
}

static void read_cluster(uint64_t entry, uint64_t off, size_t len)
{
	uint64_t at = entry & 0x00fffffffffffe00;
	uint8_t zeroes[CLUSTER] = { 0 };
	const uint8_t *data = zeroes;

	if (at) {
		assert_true(entry >> 63);
		take(at, len);
		data = file + at;
	}
	if (entry & 1)
		data = zeroes;
	assert_memory_equal(data, model + off, SIZE - off < CLUSTER ? SIZE - off : CLUSTER);
}

/* The file is a sound image of the model. @leaks: clusters may be counted that nobody uses. */
static void look(bool leaks)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = read(fd, file, sizeof(file));
	uint64_t e, at, i, k;

	close(fd);
	assert_true(len > 0 && len < (ssize_t)sizeof(file));
	memset(used, 0, sizeof(used));
	for (i = 0; i < CLUSTERS; i++)
		used[i] = i != BLOCK;
	for (i = 0; i < CLUSTER / 8; i++) {
		at = get_be64(file + COUNTS * CLUSTER + i * 8);
		if (at)
			take(at, (size_t)len);
	}
	for (i = 0; i < L1_LEN; i++) {
		e = get_be64(file + L1 * CLUSTER + i * 8);
		at = e & 0x00fffffffffffe00;
		if (at)
			take(at, (size_t)len);
		for (k = 0; k < CLUSTER / 8; k++) {
			uint64_t off = (i * CLUSTER / 8 + k) * CLUSTER;

			if (off < SIZE)
				read_cluster(at ? get_be64(file + at + k * 8) : 0, off, (size_t)len);
		}
	}
	for (i = 0; i < (uint64_t)len >> BITS; i++)
		assert_true(count_of(i) == used[i] || (leaks && count_of(i) == 1 && !used[i]));
}

/* --- I/O --- */

static int dones, last_res;

static void on_done(struct backend_io *io)
{
	dones++;
	last_res = io->res;
}

static int go(enum backend_op op, uint32_t flags, uint64_t off, uint64_t len, void *buf)
{
	struct backend_io io = {
		.op = op, .flags = flags, .off = off, .len = len, .buf = buf, .done = on_done,
	};

	dones = 0;
	backend->ops->submit(backend, &io);
	engine_double_do_all(&engine);
	assert_int_equal(dones, 1);
	return last_res;
}

static void same_as_model(void)
{
	static uint8_t seen[SIZE];

	memset(seen, 0x55, SIZE);
	assert_int_equal(go(BACKEND_READ, 0, 0, SIZE, seen), 0);
	assert_memory_equal(seen, model, SIZE);
}

static void fill(uint8_t *at, size_t len)
{
	while (len--)
		*at++ = (uint8_t)rand();
}

static void one_at_random(void)
{
	uint64_t len = 512 * (1 + (uint64_t)rand() % (rand() % 4 ? 16 : 600));
	uint64_t off = 512 * ((uint64_t)rand() % ((SIZE - len) / 512 + 1));
	static uint8_t buf[SIZE];

	switch (rand() % 5) {
	case 0:
		assert_int_equal(go(BACKEND_READ, 0, off, len, buf), 0);
		assert_memory_equal(buf, model + off, len);
		return;
	case 1:
		assert_int_equal(go(BACKEND_UNMAP, 0, off, len, NULL), 0);
		memset(model + off, 0, len);
		return;
	case 2:
		assert_int_equal(go(BACKEND_FLUSH, 0, 0, 0, NULL), 0);
		return;
	default:
		fill(buf, len);
		memcpy(model + off, buf, len);
		assert_int_equal(go(BACKEND_WRITE, rand() % 2, off, len, buf), 0);
	}
}

/* --- tests --- */

static int setup(void **state)
{
	(void)state;
	rig_path("qcow2", path, sizeof(path));
	engine_double_init(&engine);
	memset(model, 0, sizeof(model));
	make(3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (backend)
		shut();
	return unlink(path);
}

static void empty_is_zeroes(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(reopen(false), 0);
	assert_int_equal(backend->ops->size(backend, &bytes), 0);
	assert_int_equal(bytes, SIZE);
	assert_int_equal(backend->ops->fence, BACKEND_FENCE_FLOCK);
	same_as_model();
	assert_int_equal(engine.nr[ENGINE_READ], 0);
	shut();
	look(false);
}

static void at_random(uint32_t version)
{
	int i;

	srand(rig_seed());
	make(version);
	assert_int_equal(reopen(false), 0);
	for (i = 0; i < ROUNDS; i++) {
		engine.hold = rand() % 2;
		engine.most = rand() % 8 ? 0 : 512;
		one_at_random();
		if (rand() % 200)
			continue;
		shut();
		look(false);
		assert_int_equal(reopen(false), 0);
	}
	engine.hold = false;
	same_as_model();
	shut();
	look(false);
}

static void version_3_at_random(void **state)
{
	(void)state;
	at_random(3);
}

static void version_2_at_random(void **state)
{
	(void)state;
	at_random(2);
}

/* As it is when the agent dies: what was counted ahead is left, and taken by the next. */
static void not_closed(void **state)
{
	static uint8_t data[CLUSTER];
	struct stat before, after;
	int i;

	(void)state;
	fill(data, sizeof(data));
	for (i = 0; i < 5; i++) {
		assert_int_equal(reopen(false), 0);
		memcpy(model + 2 * i * CLUSTER, data, CLUSTER);
		assert_int_equal(go(BACKEND_WRITE, 0, (uint64_t)(2 * i) * CLUSTER, CLUSTER, data), 0);
		look(true);
		if (!i)
			stat(path, &before);
		/* Closed behind its back: the table of what it knows is not asked any more. */
		backend->read_only = true;
		shut();
		look(true);
	}
	stat(path, &after);
	assert_true(after.st_size <= before.st_size + 8 * (int)CLUSTER);
	assert_int_equal(reopen(false), 0);
	same_as_model();
}

static void errors_are_passed_on(void **state)
{
	static uint8_t data[8 * CLUSTER];

	(void)state;
	assert_int_equal(reopen(false), 0);
	engine.fail = -EIO;
	engine.fail_after = 0;
	assert_int_equal(go(BACKEND_WRITE, 0, 0, sizeof(data), data), -EIO);
	engine.fail_after = 0;
	assert_int_equal(go(BACKEND_FLUSH, 0, 0, 0, NULL), -EIO);
	/* Of FUA on what is new the table is a part: its flush is the second I/O. */
	engine.fail_after = 1;
	assert_int_equal(go(BACKEND_WRITE, BACKEND_IO_FUA, 64 * CLUSTER, 512, data), -EIO);
	engine.fail = 0;
	same_as_model();
	shut();
	look(false);
}

static void extents(void **state)
{
	static uint8_t data[2 * CLUSTER];
	struct backend_extent e = { .off = 0 };

	(void)state;
	assert_int_equal(reopen(false), 0);
	assert_int_equal(go(BACKEND_WRITE, 0, 8 * CLUSTER, sizeof(data), data), 0);
	assert_int_equal(backend->ops->extent(backend, &e), 0);
	assert_false(e.mapped);
	assert_int_equal(e.len, 8 * CLUSTER);
	e.off = 8 * CLUSTER + 512;
	assert_int_equal(backend->ops->extent(backend, &e), 0);
	assert_true(e.mapped);
	assert_int_equal(e.len, 2 * CLUSTER - 512);
	e.off = 10 * CLUSTER;
	assert_int_equal(backend->ops->extent(backend, &e), 0);
	assert_int_equal(e.len, SIZE - 10 * CLUSTER);
}

static void locked(void **state)
{
	struct backend *first;

	(void)state;
	assert_int_equal(reopen(false), 0);
	first = backend;
	assert_int_equal(reopen(false), -EWOULDBLOCK);
	assert_int_equal(reopen(true), -EWOULDBLOCK);
	backend = first;
}

/* --- images that lie --- */

static void refused(const char *what, int err)
{
	int ret = reopen(false);

	if (ret != err)
		print_error("%s: %d\n", what, ret);
	assert_int_equal(ret, err);
	make(3);
}

static void what_is_refused(void **state)
{
	const uint64_t copied = 1ULL << 63;
	const uint64_t l2 = CLUSTERS * CLUSTER;
	uint8_t zeroes[2 * CLUSTER] = { 0 };
	int i;

	(void)state;
	poke32(0, 0);
	refused("another format", -EINVAL);
	poke32(4, 1);
	refused("version 1", -EINVAL);
	poke32(4, 4);
	refused("version 4", -EINVAL);
	poke64(8, 512);
	refused("a backing file", -EOPNOTSUPP);
	poke32(20, 9);
	refused("clusters of 512 bytes", -EOPNOTSUPP);
	poke32(20, 0xffffffff);
	refused("clusters of any size", -EOPNOTSUPP);
	poke64(24, 0);
	refused("no size", -EINVAL);
	poke64(24, UINT64_MAX);
	refused("a size without end", -EINVAL);
	poke64(24, 4 * SIZE);
	refused("a size that its table does not reach", -EINVAL);
	poke32(32, 1);
	refused("encryption", -EOPNOTSUPP);
	poke32(36, UINT32_MAX);
	refused("a first table without end", -EINVAL);
	poke64(40, 512);
	refused("a first table in the header", -EINVAL);
	poke64(40, 1ULL << 62);
	refused("a first table nowhere", -EINVAL);
	poke64(40, UINT64_MAX & ~(uint64_t)(CLUSTER - 1));
	refused("a first table around the end", -EINVAL);
	poke64(48, L1 * CLUSTER);
	refused("two tables that are one", -EINVAL);
	poke32(56, 0);
	refused("no table of counts", -EINVAL);
	poke32(56, UINT32_MAX);
	refused("a table of counts without end", -EINVAL);
	poke32(60, 1);
	refused("a snapshot", -EOPNOTSUPP);
	for (i = 0; i < 64; i++) {
		poke64(72, 1ULL << i);
		refused("a feature", i < 2 ? -EINVAL : -EOPNOTSUPP);
	}
	poke64(88, 1);
	refused("bitmaps", -EOPNOTSUPP);
	poke32(96, 6);
	refused("other counts", -EOPNOTSUPP);
	poke32(100, 72);
	refused("a short header", -EINVAL);
	poke64(L1 * CLUSTER, l2);
	refused("a table that is shared", -EINVAL);
	poke64(L1 * CLUSTER, l2 | copied);
	refused("a table behind the end", -EINVAL);
	poke64(L1 * CLUSTER, (uint64_t)L1 * CLUSTER | copied);
	refused("a table that is the first", -EINVAL);
	poke(l2, zeroes, sizeof(zeroes));
	poke64(L1 * CLUSTER, l2 | copied);
	poke64(l2, (l2 + CLUSTER) | copied | 1ULL << 62);
	refused("a compressed cluster", -EOPNOTSUPP);
	for (i = 0; i < 5; i++) {
		static const uint64_t wrong[] = {
			CLUSTERS * CLUSTER | 1ULL << 63, (1ULL << 40) | 1ULL << 63,
			(CLUSTERS + 1) * CLUSTER, 1ULL << 60, ((CLUSTERS + 1) * CLUSTER + 512) | 1ULL << 63,
		};

		poke(l2, zeroes, sizeof(zeroes));
		poke64(L1 * CLUSTER, l2 | copied);
		poke64(l2, wrong[i]);
		refused("a cluster that cannot be", -EINVAL);
	}
	assert_int_equal(truncate(path, 50), 0);
	refused("half a header", -EINVAL);
	assert_int_equal(truncate(path, L1 * CLUSTER + 4), 0);
	refused("half a table", -EINVAL);
	assert_int_equal(reopen(false), 0);
}

/* Whatever stands there: it is refused, or it works; nothing is read or written where there is none. */
static void damaged_at_random(void **state)
{
	static uint8_t buf[SIZE];
	uint64_t size;
	int i, n;

	(void)state;
	srand(rig_seed());
	for (i = 0; i < 400; i++) {
		make(2 + rand() % 2);
		assert_int_equal(reopen(false), 0);
		fill(buf, 64 * CLUSTER);
		go(BACKEND_WRITE, 0, (uint64_t)(rand() % 512) * 512, 16 * CLUSTER, buf);
		shut();
		for (n = rand() % 4; n >= 0; n--) {
			uint8_t b = (uint8_t)rand();

			poke(rand() % 2 ? (uint64_t)rand() % 112 :
				       (uint64_t)rand() % (2 * CLUSTER) + L1 * CLUSTER, &b, 1);
		}
		if (reopen(false))
			continue;
		assert_int_equal(backend->ops->size(backend, &size), 0);
		if (size >= 64 * CLUSTER) {
			go(BACKEND_READ, 0, 0, 64 * CLUSTER, buf);
			go(BACKEND_WRITE, 0, 8 * CLUSTER, 32 * CLUSTER, buf);
		}
		shut();
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(empty_is_zeroes),
		T(version_3_at_random),
		T(version_2_at_random),
		T(not_closed),
		T(errors_are_passed_on),
		T(extents),
		T(locked),
		T(what_is_refused),
		T(damaged_at_random),
	};

	return cmocka_run_group_tests_name("qcow2", tests, NULL, NULL);
}
