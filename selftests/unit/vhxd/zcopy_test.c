// SPDX-License-Identifier: GPL-2.0-only
/* Windows whose bytes are with the guest: which pages of the pool are whose. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "tests.h"
#include "zcopy.h"

#define PAGE	4096
#define PAGES	16

static char pool[PAGES * PAGE] __attribute__((aligned(PAGE)));
static struct vhx_agent agent = {
	.fd = -1, .queues = 2, .tags = 8, .queue_tags = 4, .pool_size = sizeof(pool), .pool = pool,
};
static struct loop loops[2];

static struct zcopy *open_one(void)
{
	struct zcopy *z = zcopy_open(&agent);

	assert_non_null(z);
	return z;
}

static void close_one(struct zcopy *z)
{
	free(z->window);
	free(z->tag_of);
	free(z);
}

static struct zwindow window(uint32_t tag, unsigned int page, uint32_t len)
{
	return (struct zwindow) { .base = pool + page * PAGE, .len = len, .tag = tag, .gen = tag + 9 };
}

static void test_pages(void **state)
{
	struct zwindow a = window(5, 2, 3 * PAGE), b = window(0, 5, PAGE + 1);
	struct zcopy *z = open_one();
	const struct zwindow *found;
	unsigned int i;

	assert_true(zcopy_begin(z, loops + 1, &a));
	assert_true(zcopy_begin(z, loops, &b));
	for (i = 0; i < PAGES; i++) {
		found = zcopy_find(z, pool + i * PAGE + i);
		if (i >= 2 && i < 5)
			assert_ptr_equal(found, z->window + 5);
		else if (i >= 5 && i < 7)
			assert_ptr_equal(found, z->window);
		else
			assert_null(found);
	}
	assert_ptr_equal(z->window[5].loop, loops + 1);
	assert_int_equal(z->window[5].gen, 14);
	assert_int_equal(z->window[5].state, ZCOPY_PINNED);
	/* Places of a ring: the pool is the first. */
	assert_int_equal(z->window[5].index, 2);
	assert_int_equal(z->window[0].index, 1);
	zcopy_end(z, 5);
	zcopy_end(z, 5);
	assert_null(zcopy_find(z, pool + 2 * PAGE));
	assert_non_null(zcopy_find(z, pool + 5 * PAGE));
	zcopy_end(z, 0);
	for (i = 0; i < PAGES; i++)
		assert_null(zcopy_find(z, pool + i * PAGE));
	close_one(z);
}

static void test_elsewhere(void **state)
{
	struct zwindow w = window(1, 0, sizeof(pool));
	struct zcopy *z = open_one();

	zcopy_begin(z, loops, &w);
	assert_non_null(zcopy_find(z, pool));
	assert_non_null(zcopy_find(z, pool + sizeof(pool) - 1));
	assert_null(zcopy_find(z, pool + sizeof(pool)));
	assert_null(zcopy_find(z, (const char *)((uintptr_t)pool - 1)));
	assert_null(zcopy_find(z, NULL));
	close_one(z);
	assert_null(zcopy_find(NULL, pool));
	zcopy_end(NULL, 0);
	assert_int_equal(zcopy_places(NULL), 0);
}

/* What the kernel refuses: it is known, and stays so until it was copied. */
static void test_refused(void **state)
{
	struct zwindow w = window(3, 1, PAGE);
	struct zcopy *z = open_one();

	zcopy_begin(z, loops, &w);
	z->window[3].state = ZCOPY_REGISTERED;
	zcopy_registered(z, 3, 0);
	assert_int_equal(z->window[3].state, ZCOPY_REGISTERED);
	zcopy_registered(z, 3, -ENOMEM);
	assert_int_equal(z->window[3].state, ZCOPY_FAILED);
	assert_int_equal(zcopy_read(z, z->window + 3), -EBADF);
	assert_ptr_equal(zcopy_find(z, pool + PAGE), z->window + 3);
	zcopy_end(z, 3);
	assert_null(zcopy_find(z, pool + PAGE));
	close_one(z);
}

static void test_places(void **state)
{
	const struct vhx_agent many = {
		.queues = 1, .tags = 16384, .queue_tags = 16384, .pool_size = PAGE, .pool = pool,
	};
	struct zcopy *z = open_one();
	struct zwindow w = window(16383, 0, PAGE);

	assert_int_equal(zcopy_places(z), 5);
	close_one(z);
	z = zcopy_open(&many);
	assert_non_null(z);
	assert_int_equal(zcopy_places(z), 16384);
	assert_false(zcopy_begin(z, loops, &w));
	w.tag = 16382;
	assert_true(zcopy_begin(z, loops, &w));
	close_one(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
