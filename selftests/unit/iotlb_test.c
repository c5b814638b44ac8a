// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vIOMMU's translations: what a VMM may say, what is forgotten, and what a queue makes of it.
 */
#include <errno.h>

#include "naive.h"
#include "naive_iotlb.h"
#include "taken.h"

#define PAGE	0x1000ull

static struct iotlb_pair pair;

static int setup(void **state)
{
	(void)state;
	iotlb_pair_open(&pair, 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	iotlb_pair_close(&pair);
	return 0;
}

static int map(__u64 iova, __u64 size, __u64 uaddr, __u32 perm)
{
	const struct vhx_region rg = {
		.gpa = iova, .last = iova + (size - 1), .uaddr = uaddr, .perm = perm,
	};

	return vhx_iotlb_insert(pair.real, &rg);
}

static bool can(__u64 iova, __u32 len, __u32 perm)
{
	pair.view.perm = 0;
	return vhx_iotlb_covers(&pair.view, iova, len, perm);
}

static void r11_sizes_that_wrap_are_refused(void **state)
{
	(void)state;
	assert_int_equal(map(~0ull, 2, 0, VHX_PERM_RW), -EINVAL);
	assert_int_equal(map(2, ~0ull, 0, VHX_PERM_RW), -EINVAL);
	assert_int_equal(map(0, 2, ~0ull, VHX_PERM_RW), -EINVAL);
	assert_int_equal(map(0, ~0ull, 2, VHX_PERM_RW), -EINVAL);
	assert_int_equal(pair.real->mt.n, 0);
}

/* The whole of 2^64 as one translation: its size is no number. */
static void r12_translation_of_everything(void **state)
{
	const struct vhx_region all = { .gpa = 0, .last = ~0ull, .perm = VHX_PERM_RW };
	struct vhx_seg seg;

	(void)state;
	assert_int_equal(vhx_iotlb_insert(pair.real, &all), 0);
	assert_true(can(0, 0xffffffff, VHX_PERM_RW));
	assert_true(can(~0ull, 1, VHX_PERM_RW));
	assert_false(can(~0ull, 2, VHX_PERM_RW));
	assert_int_equal(pair.view.perm, 0);	/* no translation would help */
	assert_int_equal(vhx_iotlb_find(&pair.view, &seg, 0, VHX_PERM_RO), 0);
	assert_true(seg.len == ~0ul);
	assert_int_equal(vhx_iotlb_remove(pair.real, 5, 5), 1);
	assert_false(can(0, 1, VHX_PERM_RO));
}

static void r13_last_byte_of_a_translation(void **state)
{
	(void)state;
	assert_int_equal(map(PAGE, PAGE, 0x555000, VHX_PERM_RW), 0);
	assert_true(can(PAGE, PAGE, VHX_PERM_RW));
	assert_false(can(PAGE, PAGE + 1, VHX_PERM_RW));
	assert_int_equal(pair.view.miss, 2 * PAGE);
	assert_false(can(PAGE - 1, 2, VHX_PERM_RW));
	assert_int_equal(pair.view.miss, PAGE - 1);
	assert_int_equal(vhx_iotlb_remove(pair.real, 2 * PAGE, ~0ull), 0);
	assert_int_equal(vhx_iotlb_remove(pair.real, 0, PAGE - 1), 0);
	assert_int_equal(vhx_iotlb_remove(pair.real, 2 * PAGE - 1, 2 * PAGE), 1);
}

static void invalidation_takes_all_it_touches(void **state)
{
	__u64 i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(map(i * PAGE, PAGE, i << 20, VHX_PERM_RW), 0);
	assert_int_equal(vhx_iotlb_remove(pair.real, 2 * PAGE + 5, 5 * PAGE), 4);
	for (i = 0; i < 8; i++)
		assert_int_equal(can(i * PAGE, PAGE, VHX_PERM_RW), i < 2 || i > 5);
	assert_int_equal(vhx_iotlb_remove(pair.real, 0, ~0ull), 4);
	assert_int_equal(vhx_iotlb_remove(pair.real, 0, ~0ull), 0);
}

static void new_translation_takes_the_place_of_old_ones(void **state)
{
	struct vhx_seg seg;

	(void)state;
	assert_int_equal(map(0, 4 * PAGE, 0x100000, VHX_PERM_RW), 0);
	assert_int_equal(map(4 * PAGE, PAGE, 0x200000, VHX_PERM_RW), 0);
	assert_int_equal(map(3 * PAGE, PAGE, 0x300000, VHX_PERM_RO), 0);
	assert_int_equal(pair.real->mt.n, 2);
	assert_false(can(0, 1, VHX_PERM_RO));	/* the rest of the old one is asked for again */
	assert_false(can(3 * PAGE, 1, VHX_PERM_WO));
	assert_int_equal(vhx_iotlb_find(&pair.view, &seg, 3 * PAGE + 1, VHX_PERM_RO), 0);
	assert_int_equal(seg.addr, 0x300001);
	assert_int_equal(seg.len, PAGE - 1);
	assert_int_equal(pair.real->retired, 0);
}

static void translation_that_allows_nothing_is_an_invalidation(void **state)
{
	(void)state;
	assert_int_equal(map(0, PAGE, 0, VHX_PERM_RW), 0);
	assert_int_equal(map(0, PAGE, 0, 0), 0);
	assert_int_equal(pair.real->mt.n, 0);
	assert_int_equal(map(0, PAGE, 0, 4), 0);
	assert_int_equal(pair.real->mt.n, 0);
}

static void the_oldest_goes(void **state)
{
	__u64 i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(map((i ^ 5) * PAGE, PAGE, 0, VHX_PERM_RW), 0);
	assert_int_equal(pair.real->retired, 0);
	/* In its place, not beside it: nobody has to go. */
	assert_int_equal(map(5 * PAGE, PAGE, 0x100000, VHX_PERM_RW), 0);
	assert_int_equal(pair.real->retired, 0);
	assert_int_equal(map(100 * PAGE, PAGE, 0, VHX_PERM_RW), 0);
	assert_int_equal(pair.real->retired, 1);
	assert_int_equal(pair.real->mt.n, 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(can(i * PAGE, 1, VHX_PERM_RW), i != (1 ^ 5));
}

/* The clock that tells who is the oldest comes round. */
static void the_oldest_goes_when_the_clock_wraps(void **state)
{
	__u64 i;

	(void)state;
	pair.real->clock = ~0u - 3;
	for (i = 0; i < 12; i++)
		assert_int_equal(map(i * PAGE, PAGE, 0, VHX_PERM_RW), 0);
	for (i = 0; i < 12; i++)
		assert_int_equal(can(i * PAGE, 1, VHX_PERM_RW), i >= 4);
}

static void access_is_what_was_allowed(void **state)
{
	(void)state;
	assert_int_equal(map(0, PAGE, 0, VHX_PERM_RO), 0);
	assert_int_equal(map(PAGE, PAGE, 0, VHX_PERM_RW), 0);
	assert_int_equal(map(2 * PAGE, PAGE, 0, VHX_PERM_WO), 0);
	assert_true(can(0, 2 * PAGE, VHX_PERM_RO));
	assert_true(can(PAGE, 2 * PAGE, VHX_PERM_WO));
	assert_false(can(0, 2 * PAGE, VHX_PERM_RW));
	assert_int_equal(pair.view.miss, 0);
	assert_int_equal(pair.view.perm, VHX_PERM_WO);
	assert_false(can(PAGE, 2 * PAGE, VHX_PERM_RO));
	assert_int_equal(pair.view.miss, 2 * PAGE);
	assert_int_equal(pair.view.perm, VHX_PERM_RO);
	assert_true(can(5 * PAGE, 0, VHX_PERM_RW));	/* no byte, no access */
}

static void any_hint_is_harmless(void **state)
{
	__u32 hit, k;
	__u64 i;

	(void)state;
	for (i = 0; i < 8; i += 2)
		assert_int_equal(map(i * PAGE, PAGE, i << 20, VHX_PERM_RW), 0);
	for (hit = 0; hit < 12; hit++) {
		for (i = 0; i < 8; i++) {
			for (k = 0; k < VHX_IOTLB_HITS; k++)
				pair.view.hit[k] = hit == 11 ? ~0u : hit;
			assert_int_equal(can(i * PAGE, 1, VHX_PERM_RW), i % 2 == 0);
		}
	}
}

/* Addresses around a few edges, the ends of the address space among them. */
static __u64 somewhere(void)
{
	static const __u64 edge[] = { 0, 1ull << 12, 1ull << 20, 1ull << 32, 1ull << 63, 0 };

	return edge[naive_below(6)] + naive_below(64) - (naive_once_in(2) ? 0 : 64);
}

static void any_table_is_as_the_naive_one(void **state)
{
	__u32 round, step;

	(void)state;
	for (round = 0; round < 300; round++) {
		struct iotlb_pair p;

		iotlb_pair_open(&p, 1 + naive_below(NAIVE_IOTLB_MOST));
		if (naive_once_in(4))
			p.real->clock = ~0u - naive_below(100);
		for (step = 0; step < 400; step++) {
			struct vhx_region rg = { .gpa = somewhere(), .uaddr = naive_random() };
			struct vhx_seg run;

			rg.last = naive_once_in(8) ? somewhere() : rg.gpa + naive_below(16);
			rg.perm = naive_below(5);
			switch (naive_below(8)) {
			case 0:
				if (rg.last >= rg.gpa)
					iotlb_pair_remove(&p, rg.gpa, rg.last);
				break;
			case 1:
			case 2:
				iotlb_pair_insert(&p, &rg);
				break;
			default:
				run.addr = rg.gpa;
				run.len = naive_once_in(8) ? (__u32)naive_random() : naive_below(40);
				iotlb_pair_look(&p, &run, 1 + naive_below(2), naive_below(p.naive.max));
			}
		}
		iotlb_pair_close(&p);
	}
}

#define TABLE_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(r11_sizes_that_wrap_are_refused),
		TABLE_TEST(r12_translation_of_everything),
		TABLE_TEST(r13_last_byte_of_a_translation),
		TABLE_TEST(invalidation_takes_all_it_touches),
		TABLE_TEST(new_translation_takes_the_place_of_old_ones),
		TABLE_TEST(translation_that_allows_nothing_is_an_invalidation),
		TABLE_TEST(the_oldest_goes),
		TABLE_TEST(the_oldest_goes_when_the_clock_wraps),
		TABLE_TEST(access_is_what_was_allowed),
		TABLE_TEST(any_hint_is_harmless),
		cmocka_unit_test(any_table_is_as_the_naive_one),
	};

	naive_seed();
	return cmocka_run_group_tests_name("iotlb", tests, NULL, NULL);
}
