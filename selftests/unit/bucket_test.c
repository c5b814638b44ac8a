// SPDX-License-Identifier: GPL-2.0-only
/*
 * Token buckets: what time brings, what they hold, how long a debt takes; at the ends of the numbers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bucket.h"

#define SECOND	1000000ULL
#define YEAR	(365 * 86400 * SECOND)

static void test_fill(void **state)
{
	const struct vhx_bucket_size s = { .rate = 1000, .burst = 500 };
	struct vhx_bucket b = { .level = 0, .at_us = YEAR };

	vhx_bucket_fill(&b, &s, YEAR + 999);
	assert_int_equal(b.level, 0);
	/* What was less than a token is not lost. */
	vhx_bucket_fill(&b, &s, YEAR + 1000);
	assert_int_equal(b.level, 1);
	vhx_bucket_fill(&b, &s, YEAR + 101000);
	assert_int_equal(b.level, 101);
	vhx_bucket_fill(&b, &s, YEAR + 10 * SECOND);
	assert_int_equal(b.level, 500);
}

static void test_first(void **state)
{
	const struct vhx_bucket_size s = { .rate = 1, .burst = 7 };
	struct vhx_bucket b = { 0 };

	vhx_bucket_fill(&b, &s, YEAR);
	assert_int_equal(b.level, 7);
	assert_int_equal(vhx_bucket_wait(&b, s.rate), 0);
}

/* In small steps as in one. */
static void test_steps(void **state)
{
	const struct vhx_bucket_size s = { .rate = 12345, .burst = 1 << 30 };
	struct vhx_bucket b = { .at_us = YEAR };
	uint64_t t;

	for (t = 0; t <= 10 * SECOND; t += 1 + t % 997)
		vhx_bucket_fill(&b, &s, YEAR + t);
	vhx_bucket_fill(&b, &s, YEAR + 10 * SECOND);
	assert_int_equal(b.level, 123450);
}

static void test_debt(void **state)
{
	const struct vhx_bucket_size s = { .rate = 1000, .burst = 100 };
	struct vhx_bucket b = { .level = -999, .at_us = YEAR };
	uint64_t wait = vhx_bucket_wait(&b, s.rate);

	assert_in_range(wait, SECOND, SECOND + 1000);
	vhx_bucket_fill(&b, &s, YEAR + wait);
	assert_true(b.level > 0);
}

static void test_large(void **state)
{
	const struct vhx_bucket_size s = { .rate = VHX_BUCKET_MOST, .burst = VHX_BUCKET_MOST };
	struct vhx_bucket b = { .level = -(int64_t)VHX_BUCKET_MOST, .at_us = 0 };

	assert_in_range(vhx_bucket_wait(&b, s.rate), SECOND, SECOND + 2);
	vhx_bucket_fill(&b, &s, SECOND + 1);
	assert_true(b.level > 0 && b.level < 2 << 20);
	vhx_bucket_fill(&b, &s, 63 * SECOND);
	assert_int_equal(b.level, VHX_BUCKET_MOST);
	vhx_bucket_fill(&b, &s, UINT64_MAX);
	assert_int_equal(b.level, VHX_BUCKET_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_debt),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
