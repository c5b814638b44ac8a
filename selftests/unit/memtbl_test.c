// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest memory table: what a VMM may put in, and what a guest's addresses come to.
 */
#include <errno.h>
#include <stdlib.h>

#include "naive.h"
#include "taken.h"

#define MOST	65535	/* regions in the largest table here */

static struct vhx_memtbl *mt;
static struct vhx_seg seg[MOST + 1];
static __u32 hit;

static int setup(void **state)
{
	(void)state;
	mt = calloc(1, sizeof(*mt) + MOST * sizeof(mt->region[0]));
	hit = 0;
	return mt ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(mt);
	return 0;
}

static int add(__u64 gpa, __u64 size, __u64 uaddr)
{
	return vhx_memtbl_add(mt, gpa, size, uaddr);
}

static int translate_room(__u64 gpa, __u32 len, __u32 room)
{
	struct vhx_xlate x = { .mt = mt, .hit = hit, .seg = seg, .room = room };
	int n = vhx_memtbl_translate(&x, gpa, len), added = n > 0 ? n : 0;

	assert_ptr_equal(x.seg, seg + added);
	assert_int_equal(x.room, room - added);
	hit = x.hit;
	return n;
}

static int translate(__u64 gpa, __u32 len)
{
	return translate_room(gpa, len, 8);
}

static void r11_region_of_no_byte_is_refused(void **state)
{
	(void)state;
	assert_int_equal(add(0x1000, 0, 0x1000), -EINVAL);
	assert_int_equal(add(0, 0, 0), -EINVAL);
	assert_int_equal(mt->n, 0);
}

static void r11_region_that_wraps_is_refused(void **state)
{
	(void)state;
	assert_int_equal(add(~0ull, 2, 0), -EINVAL);
	assert_int_equal(add(2, ~0ull, 0), -EINVAL);
	assert_int_equal(add(0, 2, ~0ull), -EINVAL);
	assert_int_equal(add(0, ~0ull, 2), -EINVAL);
	assert_int_equal(mt->n, 0);
}

static void r11_region_may_end_with_the_address_space(void **state)
{
	(void)state;
	assert_int_equal(add(~0ull - 0xfff, 0x1000, ~0ull - 0xfff), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_int_equal(translate(~0ull, 1), 1);
	assert_true(seg[0].addr == ~0ul);
	assert_int_equal(translate(~0ull, 2), -EFAULT);
	assert_int_equal(translate(~0ull - 0xfff, 0x1000), 1);
	assert_int_equal(translate(~0ull - 0x1000, 1), -EFAULT);
}

/* All of memory: [0, 2^64 - 2] is the most a size can say, and one byte more. */
static void r12_regions_of_everything(void **state)
{
	(void)state;
	assert_int_equal(add(0, ~0ull, 0), 0);
	assert_int_equal(add(~0ull, 1, 5), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_int_equal(translate(0, 0xffffffff), 1);
	assert_int_equal(translate(~0ull - 1, 1), 1);
	assert_int_equal(translate(~0ull - 1, 2), 2);
	assert_true(seg[1].addr == 5);
	assert_int_equal(seg[1].len, 1);
	assert_int_equal(translate(~0ull - 1, 3), -EFAULT);
	assert_int_equal(translate(~0ull - 1, 0xffffffff), -EFAULT);
}

static void empty_table_translates_nothing(void **state)
{
	(void)state;
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_int_equal(translate(0, 1), -EFAULT);
	assert_int_equal(translate(~0ull, 0xffffffff), -EFAULT);
	assert_int_equal(translate(0, 0), 0);
}

static void r13_last_byte_of_a_region(void **state)
{
	int i;

	(void)state;
	assert_int_equal(add(0x10000, 0x1000, 0x555000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(translate(0x10fff, 1), 1);
		assert_int_equal(seg[0].addr, 0x555fff);
		assert_int_equal(translate(0x10000, 0x1000), 1);
		assert_int_equal(seg[0].len, 0x1000);
		assert_int_equal(translate(0x10000, 0x1001), -EFAULT);
		assert_int_equal(translate(0x10fff, 2), -EFAULT);
		assert_int_equal(translate(0x11000, 1), -EFAULT);
		assert_int_equal(translate(0xffff, 1), -EFAULT);
		assert_int_equal(translate(0xffff, 2), -EFAULT);
	}
}

static void run_over_neighbours_is_cut(void **state)
{
	(void)state;
	assert_int_equal(add(0x2000, 0x1000, 0x70000), 0);
	assert_int_equal(add(0x1000, 0x1000, 0x90000), 0);
	assert_int_equal(add(0x4000, 0x1000, 0x50000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_int_equal(translate(0x1fff, 2), 2);
	assert_int_equal(seg[0].addr, 0x90fff);
	assert_int_equal(seg[0].len, 1);
	assert_int_equal(seg[1].addr, 0x70000);
	assert_int_equal(seg[1].len, 1);
	assert_int_equal(hit, 1);
	/* The hole behind, in front, and all around. */
	assert_int_equal(translate(0x2fff, 2), -EFAULT);
	assert_int_equal(translate(0x3fff, 2), -EFAULT);
	assert_int_equal(translate(0x1000, 0x4000), -EFAULT);
	assert_int_equal(translate(0x3800, 1), -EFAULT);
}

static void want_of_room_is_told_from_a_hole(void **state)
{
	(void)state;
	assert_int_equal(add(0x1000, 0x1000, 0x90000), 0);
	assert_int_equal(add(0x2000, 0x1000, 0x70000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_int_equal(translate_room(0x1fff, 2, 1), -ENOBUFS);
	assert_int_equal(translate_room(0x1fff, 1, 0), -ENOBUFS);
	assert_int_equal(translate_room(0x2fff, 2, 1), -EFAULT);
	assert_int_equal(translate_room(0x1fff, 0, 0), 0);
}

static void overlap_is_refused(void **state)
{
	static const struct { __u64 gpa, size; int rc; } second[] = {
		{ 0x10fff, 1, -EINVAL }, { 0x11000, 1, 0 }, { 0xffff, 1, 0 },
		{ 0xffff, 2, -EINVAL }, { 0x10000, 0x1000, -EINVAL },
		{ 0, 0x20000, -EINVAL }, { 0x10800, 16, -EINVAL },
		{ 0, ~0ull, -EINVAL }, { 0, 0x10000, 0 },
	};
	__u32 i;

	(void)state;
	for (i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		mt->n = 0;
		assert_int_equal(add(0x10000, 0x1000, 0), 0);
		assert_int_equal(add(second[i].gpa, second[i].size, 0), 0);
		assert_int_equal(vhx_memtbl_seal(mt), second[i].rc);
	}
}

static void any_hit_is_harmless(void **state)
{
	static const __u32 stale[] = { 0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff };
	__u32 i;

	(void)state;
	assert_int_equal(add(0x1000, 0x1000, 0x90000), 0);
	assert_int_equal(add(0x3000, 0x1000, 0x70000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	for (i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
		hit = stale[i];
		assert_int_equal(translate(0x3010, 16), 1);
		assert_int_equal(seg[0].addr, 0x70010);
		assert_int_equal(hit, 1);
		hit = stale[i];
		assert_int_equal(translate(0x2000, 1), -EFAULT);
	}
}

static void find_says_whether_the_hit_moved(void **state)
{
	(void)state;
	assert_int_equal(add(0x1000, 0x1000, 0x90000), 0);
	assert_int_equal(add(0x3000, 0x1000, 0x70000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_true(vhx_memtbl_find(mt, 0x3fff, &hit));
	assert_int_equal(hit, 1);
	assert_false(vhx_memtbl_find(mt, 0x3000, &hit));
	assert_false(vhx_memtbl_find(mt, 0x2fff, &hit));
	assert_false(vhx_memtbl_find(mt, 0x4000, &hit));
	assert_int_equal(hit, 1);
	assert_true(vhx_memtbl_find(mt, 0x1000, &hit));
	assert_int_equal(hit, 0);
	/* Not even where a stale hit is by chance the answer of none. */
	hit = 2;
	assert_false(vhx_memtbl_find(mt, 0x4000, &hit));
	assert_int_equal(hit, 2);
}

/* Orders that make a careless sort slow, at the largest size: done in no time, and right. */
static void regions_of_any_order_are_sorted(void **state)
{
	__u32 order, i;

	(void)state;
	for (order = 0; order < 4; order++) {
		mt->n = 0;
		for (i = 0; i < MOST; i++) {
			__u64 at = i;

			if (order == 1)
				at = MOST - 1 - i;
			else if (order == 2)
				at = i % 2 ? i : MOST - 1 - i;
			else if (order == 3)
				at = i * 32749ull % MOST;
			assert_int_equal(add(at * 0x2000, 0x1000, at), 0);
		}
		assert_int_equal(vhx_memtbl_seal(mt), 0);
		for (i = 0; i < MOST; i++) {
			assert_int_equal(mt->region[i].gpa, i * 0x2000ull);
			assert_int_equal(mt->region[i].last, i * 0x2000ull + 0xfff);
			assert_int_equal(mt->region[i].uaddr, i);
		}
	}
}

static void run_over_as_many_regions_as_there_are(void **state)
{
	__u32 i;

	(void)state;
	for (i = 0; i < MOST; i++)
		assert_int_equal(add(MOST - 1 - i, 1, 2 * (MOST - 1 - i)), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	assert_int_equal(translate_room(0, MOST, MOST), MOST);
	for (i = 0; i < MOST; i++)
		assert_true(seg[i].addr == 2 * i && seg[i].len == 1);
	assert_int_equal(translate_room(0, MOST, MOST - 1), -ENOBUFS);
	assert_int_equal(translate_room(0, MOST + 1, MOST + 1), -EFAULT);
}

/* Some edge of the table, give or take. */
static __u64 near_an_edge(void)
{
	const struct vhx_region *rg;

	if (!mt->n || naive_once_in(8))
		return naive_random();
	rg = &mt->region[naive_below(mt->n)];
	return (naive_once_in(2) ? rg->gpa : rg->last) + naive_below(5) - 2;
}

static void random_table(void)
{
	static const __u64 step[] = { 0, 1, 16, 0x1000, 1ull << 30, 1ull << 61 };
	__u64 gpa = naive_once_in(2) ? 0 : naive_random();
	__u32 i, n = naive_below(12);

	mt->n = 0;
	for (i = 0; i < n; i++) {
		__u64 size = 1 + step[naive_below(6)];
		__u64 uaddr = naive_random() >> 8;

		gpa += naive_once_in(2) ? 0 : step[naive_below(6)];
		if (gpa + size < gpa)
			size = 0 - gpa;
		if (!size)
			break;
		assert_int_equal(add(gpa, size, uaddr), 0);
		gpa += size;
		if (!gpa)
			break;
	}
	/* In disorder. */
	for (i = 0; i < mt->n; i++) {
		__u32 j = naive_below(mt->n);
		struct vhx_region rg = mt->region[i];

		mt->region[i] = mt->region[j];
		mt->region[j] = rg;
	}
}

static bool any_two_overlap(void)
{
	__u32 i, j;

	for (i = 0; i < mt->n; i++)
		for (j = 0; j < i; j++)
			if (mt->region[i].gpa <= mt->region[j].last &&
			    mt->region[j].gpa <= mt->region[i].last)
				return true;
	return false;
}

static void any_table_translates_as_looking_at_every_region(void **state)
{
	static struct vhx_seg want[64];
	__u32 round, i, k;

	(void)state;
	for (round = 0; round < 5000; round++) {
		bool overlap;

		random_table();
		overlap = any_two_overlap();
		assert_int_equal(vhx_memtbl_seal(mt), overlap ? -EINVAL : 0);
		if (overlap)
			continue;
		for (k = 0; k < 100; k++) {
			__u64 gpa = near_an_edge();
			__u32 len = (__u32)(naive_once_in(2) ? naive_below(20)
							     : near_an_edge() - gpa);
			int n = naive_translate(mt, gpa, len, want);

			assert_int_equal(translate_room(gpa, len, 64), n);
			for (i = 0; n > 0 && i < (__u32)n; i++) {
				assert_true(seg[i].addr == want[i].addr);
				assert_true(seg[i].len == want[i].len);
			}
		}
	}
}

#define TABLE_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(r11_region_of_no_byte_is_refused),
		TABLE_TEST(r11_region_that_wraps_is_refused),
		TABLE_TEST(r11_region_may_end_with_the_address_space),
		TABLE_TEST(r12_regions_of_everything),
		TABLE_TEST(empty_table_translates_nothing),
		TABLE_TEST(r13_last_byte_of_a_region),
		TABLE_TEST(run_over_neighbours_is_cut),
		TABLE_TEST(want_of_room_is_told_from_a_hole),
		TABLE_TEST(overlap_is_refused),
		TABLE_TEST(any_hit_is_harmless),
		TABLE_TEST(find_says_whether_the_hit_moved),
		TABLE_TEST(regions_of_any_order_are_sorted),
		TABLE_TEST(run_over_as_many_regions_as_there_are),
		TABLE_TEST(any_table_translates_as_looking_at_every_region),
	};

	naive_seed();
	return cmocka_run_group_tests_name("memtbl", tests, NULL, NULL);
}
