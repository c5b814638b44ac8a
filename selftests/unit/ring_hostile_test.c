// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split rings as no honest driver writes them. A test called after a bug (r25 is R25 of the
 * project's list of past bugs in this field) fails on code that has it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "taken.h"

#define NEXT	VHX_DESC_F_NEXT
#define WRITE	VHX_DESC_F_WRITE
#define TABLE	VHX_DESC_F_INDIRECT

static void offer(struct mockdrv *d, __u16 head)
{
	mockdrv_offer(d, head);
	mockdrv_publish(d);
}

/* The next pull finds head @head, takes nothing and says @rc; so does the one after. */
static void expect_bad(struct bench *b, __u16 head, int rc)
{
	__u16 was = b->d.ring.last_avail;
	int i;

	offer(&b->d, head);
	for (i = 0; i < 2; i++) {
		assert_int_equal(take(&b->d, &b->t, 64), rc);
		assert_int_equal(b->t.p.nchain, 0);
		assert_int_equal(b->t.p.nseg, 0);
		assert_int_equal(b->d.ring.last_avail, was);
	}
}

/* Descriptor 0 refers to @bytes of a table at @off of the arena. */
static void refer(struct mockdrv *d, __u32 off, __u32 bytes)
{
	mockdrv_desc(d, 0, MOCK_GPA + off, bytes, TABLE, 0);
}

static void r3_bad_chains_are_charged(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 1, NEXT, 1);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 1, NEXT, 0);
	expect_bad(b, 0, -EINVAL);
	assert_true(b->t.p.ndesc >= BENCH_NUM);
}

static void r3_chains_without_a_byte_are_charged(void **state)
{
	struct bench *b = *state;
	__u32 i;

	for (i = 0; i < BENCH_NUM; i++) {
		mockdrv_desc(&b->d, i, 0, 0, 0, 0);
		offer(&b->d, i);
	}
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, BENCH_NUM);
	assert_int_equal(b->t.p.nseg, 0);
	assert_int_equal(b->t.p.ndesc, BENCH_NUM);
}

static void avail_index_may_be_a_ring_ahead_and_no_more(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, BENCH_NUM);
	assert_int_equal(vhx_ring_pending(&b->d.ring), BENCH_NUM);
	mockdrv_publish_idx(&b->d, (__u16)(BENCH_BASE + BENCH_NUM + 1));
	assert_int_equal(vhx_ring_pending(&b->d.ring), -EINVAL);
	assert_int_equal(take(&b->d, &b->t, 64), -EINVAL);
	assert_int_equal(b->t.p.nchain, 0);
}

static void avail_index_must_not_go_back(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 8);
	assert_int_equal(take(&b->d, &b->t, 4), 0);
	mockdrv_publish_idx(&b->d, (__u16)(BENCH_BASE + 6));	/* known of, but not pulled */
	assert_int_equal(vhx_ring_pending(&b->d.ring), -EINVAL);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), -EINVAL);
	assert_int_equal(take(&b->d, &b->t, 64), -EINVAL);
	mockdrv_publish_idx(&b->d, BENCH_BASE);
	assert_int_equal(take(&b->d, &b->t, 64), -EINVAL);
}

/* More heads than there are descriptors, by giving some back (CVE-2016-5403's family). */
static void unpull_cannot_make_more_entries_than_the_ring_has(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, BENCH_NUM);
	assert_int_equal(take(&b->d, &b->t, BENCH_NUM), 0);
	mockdrv_lone(&b->d, BENCH_NUM);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 1);
	vhx_ring_unpull(&b->d.ring, b->t.chain, BENCH_NUM);
	assert_int_equal(take(&b->d, &b->t, 20), -EINVAL);
	assert_int_equal(take(&b->d, &b->t, 64), -EINVAL);
	assert_int_equal(vhx_ring_pending(&b->d.ring), -EINVAL);
}

static void head_beyond_the_table(void **state)
{
	struct bench *b = *state;

	expect_bad(b, BENCH_NUM, -EINVAL);
}

static void head_65535(void **state)
{
	struct bench *b = *state;

	expect_bad(b, 0xffff, -EINVAL);
}

static void next_beyond_the_table(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 1, NEXT, BENCH_NUM);
	expect_bad(b, 0, -EINVAL);
}

static void good_chains_come_before_the_error(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 3);
	mockdrv_desc(&b->d, 9, MOCK_FAR, 1, NEXT, 9);
	offer(&b->d, 9);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 3);
	assert_int_equal(b->t.p.nseg, 3);
	assert_int_equal(take(&b->d, &b->t, 64), -EINVAL);
	assert_int_equal(b->t.p.nchain, 0);
}

static void good_chains_come_before_a_bad_head(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 3);
	offer(&b->d, 1000);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 3);
	assert_int_equal(take(&b->d, &b->t, 64), -EINVAL);
}

static void loop_of_one(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 1, NEXT, 0);
	expect_bad(b, 0, -EINVAL);
	assert_true(b->t.p.ndesc <= BENCH_NUM);
}

static void loop_of_the_whole_ring(void **state)
{
	struct bench *b = *state;
	__u32 i;

	for (i = 0; i < BENCH_NUM; i++)
		mockdrv_desc(&b->d, i, MOCK_FAR, 1, NEXT, (i + 1) % BENCH_NUM);
	expect_bad(b, 5, -EINVAL);
	assert_true(b->t.p.ndesc <= BENCH_NUM);
}

/* A ring may be longer than the longest chain. */
static void chain_longer_than_the_longest(void **state)
{
	struct mockdrv d;
	struct taken t;
	__u32 i, n;

	(void)state;
	for (n = VHX_CHAIN_MAX; n <= VHX_CHAIN_MAX + 1; n++) {
		mockdrv_open(&d, 4096, 0);
		for (i = 0; i < n; i++)
			mockdrv_desc(&d, i, MOCK_FAR, 1, i + 1 < n ? NEXT : 0, i + 1);
		offer(&d, 0);
		assert_int_equal(take(&d, &t, 64), n > VHX_CHAIN_MAX ? -EINVAL : 0);
		assert_int_equal(t.p.nchain, n <= VHX_CHAIN_MAX);
		assert_true(t.p.ndesc <= VHX_CHAIN_MAX);
		mockdrv_close(&d);
	}
}

/* Direct descriptors in front of a full table: the sum is bounded, not each part. */
static void r25_chain_and_table_are_counted_together(void **state)
{
	struct bench *b = *state;
	__u32 i;

	for (i = 0; i < VHX_CHAIN_MAX; i++)
		mockdrv_entry(&b->d, MOCK_TABLES, i, MOCK_FAR, 1,
			      i + 1 < VHX_CHAIN_MAX ? NEXT : 0, i + 1);
	refer(&b->d, MOCK_TABLES, MOCK_TABLE_SIZE);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 1, NEXT, 0);
	expect_bad(b, 1, -EINVAL);
}

static void r25_indirect_loop(void **state)
{
	struct bench *b = *state;
	__u32 i;

	for (i = 0; i < 100; i++)
		mockdrv_entry(&b->d, MOCK_TABLES, i, MOCK_FAR, 1, NEXT, (i + 1) % 100);
	refer(&b->d, MOCK_TABLES, 100 * 16);
	expect_bad(b, 0, -EINVAL);
	assert_int_equal(b->t.p.ndesc, 1 + 100);
}

static void r25_indirect_loop_of_one(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 0, NEXT, 0);
	refer(&b->d, MOCK_TABLES, 16);
	expect_bad(b, 0, -EINVAL);
}

static void r25_nested_table(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, NEXT, 1);
	mockdrv_entry(&b->d, MOCK_TABLES, 1, MOCK_GPA + MOCK_TABLES, 32, TABLE, 0);
	refer(&b->d, MOCK_TABLES, 32);
	expect_bad(b, 0, -EINVAL);
}

static void r25_table_that_is_its_own_entry(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_GPA + b->d.desc, 16, TABLE, 0);
	expect_bad(b, 0, -EINVAL);
}

static void r25_next_beyond_the_table_of_an_indirect_chain(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, NEXT, 2);
	mockdrv_entry(&b->d, MOCK_TABLES, 2, MOCK_FAR, 1, 0, 0);
	refer(&b->d, MOCK_TABLES, 32);
	expect_bad(b, 0, -EINVAL);
}

/* Reading ahead must not let a table that jumps about cost a multiple of its size. */
static void r25_jumping_table_is_not_amplified(void **state)
{
	struct bench *b = *state;
	__u32 i, n = VHX_CHAIN_MAX;

	for (i = 0; i < n / 2; i++) {
		mockdrv_entry(&b->d, MOCK_TABLES, i, MOCK_FAR, 0, NEXT, n - 1 - i);
		mockdrv_entry(&b->d, MOCK_TABLES, n - 1 - i, MOCK_FAR, 0, NEXT, (i + 1) % n);
	}
	refer(&b->d, MOCK_TABLES, n * 16);
	arena.accesses = 0;
	expect_bad(b, 0, -EINVAL);
	assert_true(b->t.p.ndesc <= 1 + 2 * n);
	assert_true(arena.accesses <= 2 * (4 + 2 * n));
}

static void table_that_was_not_negotiated(void **state)
{
	struct bench *b = *state;

	b->d.indirect = false;
	mockdrv_restart(&b->d, 7);
	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	refer(&b->d, MOCK_TABLES, 16);
	expect_bad(b, 0, -EINVAL);
}

static void table_and_next_at_once(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	mockdrv_desc(&b->d, 0, MOCK_GPA + MOCK_TABLES, 16, TABLE | NEXT, 1);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 1, 0, 0);
	expect_bad(b, 0, -EINVAL);
}

static void table_of_no_entry(void **state)
{
	struct bench *b = *state;

	refer(&b->d, MOCK_TABLES, 0);
	expect_bad(b, 0, -EINVAL);
}

static void table_of_a_broken_length(void **state)
{
	struct bench *b = *state;
	static const __u32 bytes[] = { 1, 15, 17, 31, 16 * 1024 + 8, 0xffffffff };
	__u32 i;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		mockdrv_restart(&b->d, 7);
		refer(&b->d, MOCK_TABLES, bytes[i]);
		expect_bad(b, 0, -EINVAL);
	}
}

static void table_longer_than_the_longest(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	refer(&b->d, MOCK_TABLES, (VHX_CHAIN_MAX + 1) * 16);
	expect_bad(b, 0, -EINVAL);
}

static void giant_table(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	refer(&b->d, MOCK_TABLES, 0xfffffff0);
	expect_bad(b, 0, -EINVAL);
	assert_true(b->t.p.ndesc <= 1);
}

static void table_outside_guest_memory(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_GPA + MOCK_ARENA, 16, TABLE, 0);
	expect_bad(b, 0, -EFAULT);
}

static void table_at_the_end_of_addresses(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, ~0ull - 15, 16, TABLE, 0);
	expect_bad(b, 0, -EFAULT);
	mockdrv_restart(&b->d, 7);
	mockdrv_desc(&b->d, 0, ~0ull - 15, 32, TABLE, 0);
	expect_bad(b, 0, -EFAULT);
}

/* The first group of entries ends with the address space; the next must not begin at 0. */
static void table_that_wraps_between_two_groups(void **state)
{
	struct bench *b = *state;
	struct vhx_memtbl *mt = b->d.mt;
	__u32 i;

	b->d.mt = calloc(1, sizeof(*mt) + 3 * sizeof(mt->region[0]));
	assert_non_null(b->d.mt);
	vhx_memtbl_add(b->d.mt, 0, 0x1000, arena_addr(MOCK_TABLES + 0x1000));
	vhx_memtbl_add(b->d.mt, 0 - 0x1000ull, 0x1000, arena_addr(MOCK_TABLES));
	vhx_memtbl_add(b->d.mt, MOCK_FAR, MOCK_FAR_SIZE, MOCK_FAR_UADDR);
	assert_int_equal(vhx_memtbl_seal(b->d.mt), 0);
	for (i = 0; i < 40; i++)
		mockdrv_entry(&b->d, MOCK_TABLES + 0x1000 - 32 * 16, i, MOCK_FAR, 1,
			      i < 39 ? NEXT : 0, i + 1);
	mockdrv_desc(&b->d, 0, 0 - 32 * 16ull, 40 * 16, TABLE, 0);
	expect_bad(b, 0, -EFAULT);
	free(b->d.mt);
	b->d.mt = mt;
}

static void out_after_in(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 1, WRITE | NEXT, 1);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 1, 0, 0);
	expect_bad(b, 0, -EINVAL);
}

static void out_after_an_in_without_bytes(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 0, WRITE | NEXT, 1);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 1, 0, 0);
	expect_bad(b, 0, -EINVAL);
}

static void out_in_a_table_after_in_in_front_of_it(void **state)
{
	struct bench *b = *state;

	mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	refer(&b->d, MOCK_TABLES, 16);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 1, WRITE | NEXT, 0);
	expect_bad(b, 1, -EINVAL);
}

static void four_gigabytes_a_direction_are_too_much(void **state)
{
	struct bench *b = *state;
	__u32 i;

	for (i = 0; i < 2; i++) {
		const __u16 dir = i ? WRITE : 0;

		mockdrv_restart(&b->d, 7);
		mockdrv_desc(&b->d, 0, MOCK_FAR, 0xffffffff, dir | NEXT, 1);
		mockdrv_desc(&b->d, 1, MOCK_FAR, 1, dir, 0);
		expect_bad(b, 0, -EINVAL);
	}
}

static void just_below_four_gigabytes_each_way_are_taken(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 0xffffffff, NEXT, 1);
	mockdrv_desc(&b->d, 1, MOCK_FAR, 0xfffffffe, WRITE | NEXT, 2);
	mockdrv_desc(&b->d, 2, MOCK_FAR, 1, WRITE, 0);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.chain[0].out_len, 0xffffffff);
	assert_int_equal(b->t.chain[0].in_len, 0xffffffff);
	assert_int_equal(b->t.seg[0].len, 0xffffffff);
}

static void r13_buffer_at_the_end_of_a_region(void **state)
{
	struct bench *b = *state;
	int i;

	/* Twice each: without and with the region as the last hit. */
	for (i = 0; i < 2; i++) {
		mockdrv_desc(&b->d, 0, MOCK_FAR + MOCK_FAR_SIZE - 100, 100, 0, 0);
		offer(&b->d, 0);
		assert_int_equal(take(&b->d, &b->t, 64), 0);
		assert_int_equal(b->t.chain[0].out_len, 100);
		assert_int_equal(b->t.seg[0].addr, MOCK_FAR_UADDR + MOCK_FAR_SIZE - 100);
	}
	mockdrv_desc(&b->d, 0, MOCK_FAR + MOCK_FAR_SIZE - 100, 101, 0, 0);
	expect_bad(b, 0, -EFAULT);
}

static void r13_buffer_at_the_start_of_a_region(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 1, 0, 0);
	mockdrv_desc(&b->d, 1, MOCK_FAR - 1, 1, 0, 0);
	mockdrv_desc(&b->d, 2, MOCK_FAR - 1, 2, 0, 0);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 1);
	expect_bad(b, 1, -EFAULT);
	mockdrv_restart(&b->d, 7);
	expect_bad(b, 2, -EFAULT);
}

static void buffer_that_wraps_the_address_space(void **state)
{
	struct bench *b = *state;
	static const __u64 gpa[] = { ~0ull, ~0ull - 4095, MOCK_FAR - 1 - 0x80000000ull };
	__u32 i;

	for (i = 0; i < 3; i++) {
		mockdrv_restart(&b->d, 7);
		mockdrv_desc(&b->d, 0, gpa[i], 0xffffffff, 0, 0);
		expect_bad(b, 0, -EFAULT);
		/* With the far region as the last hit. */
		mockdrv_restart(&b->d, 7);
		b->d.ring.hit = 1;
		expect_bad(b, 0, -EFAULT);
	}
}

/* Memory that starts where another piece ends, and lies elsewhere in user space. */
static struct vhx_memtbl *three_pieces(void)
{
	struct vhx_memtbl *mt = calloc(1, sizeof(*mt) + 3 * sizeof(mt->region[0]));

	assert_non_null(mt);
	assert_int_equal(vhx_memtbl_add(mt, MOCK_FAR + 0x2000, 0x1000, 0x30000), 0);
	assert_int_equal(vhx_memtbl_add(mt, MOCK_FAR, 0x1000, 0x10000), 0);
	assert_int_equal(vhx_memtbl_add(mt, MOCK_FAR + 0x1000, 0x1000, 0x20000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	return mt;
}

static void cve_2018_1059_buffer_over_three_regions(void **state)
{
	struct bench *b = *state;
	struct vhx_memtbl *mt = b->d.mt;
	int i;

	b->d.mt = three_pieces();
	mockdrv_desc(&b->d, 0, MOCK_FAR + 0xff0, 0x1020, WRITE, 0);
	for (i = 0; i < 2; i++) {
		offer(&b->d, 0);
		assert_int_equal(take(&b->d, &b->t, 64), 0);
		assert_int_equal(b->t.chain[0].nin, 3);
		assert_int_equal(b->t.chain[0].in_len, 0x1020);
		assert_int_equal(b->t.seg[0].addr, 0x10ff0);
		assert_int_equal(b->t.seg[0].len, 0x10);
		assert_int_equal(b->t.seg[1].addr, 0x20000);
		assert_int_equal(b->t.seg[1].len, 0x1000);
		assert_int_equal(b->t.seg[2].addr, 0x30000);
		assert_int_equal(b->t.seg[2].len, 0x10);
	}
	mockdrv_desc(&b->d, 0, MOCK_FAR + 0xff0, 0x2011, WRITE, 0);
	expect_bad(b, 0, -EFAULT);
	free(b->d.mt);
	b->d.mt = mt;
}

/* Two pages of guest memory in the arena, the wrong way round; a table lies across the seam. */
static void cve_2018_1059_table_over_two_regions(void **state)
{
	struct bench *b = *state;
	struct vhx_memtbl *mt = b->d.mt;
	const __u64 seam = MOCK_FAR + 0x1000;
	__u32 i, n = 40;

	b->d.mt = calloc(1, sizeof(*mt) + 2 * sizeof(mt->region[0]));
	assert_non_null(b->d.mt);
	vhx_memtbl_add(b->d.mt, MOCK_FAR, 0x1000, arena_addr(MOCK_TABLES + 0x1000));
	vhx_memtbl_add(b->d.mt, seam, 0x1000, arena_addr(MOCK_TABLES));
	assert_int_equal(vhx_memtbl_seal(b->d.mt), 0);
	for (i = 0; i < n; i++) {
		__u32 off = i < 10 ? 0x2000 - 160 + i * 16 : (i - 10) * 16;

		mockdrv_entry(&b->d, MOCK_TABLES + off, 0, MOCK_FAR + i, 1,
			      i + 1 < n ? NEXT : 0, i + 1);
	}
	mockdrv_desc(&b->d, 0, seam - 160, n * 16, TABLE, 0);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.chain[0].nout, n);
	for (i = 0; i < n; i++)
		assert_int_equal(b->t.seg[i].addr, arena_addr(MOCK_TABLES + 0x1000 + i));

	/* An entry torn between the two, and one behind it. */
	mockdrv_entry(&b->d, MOCK_TABLES + 0x2000 - 16, 0, 0, 0, 0, 0);
	memcpy(arena.mem + MOCK_TABLES + 0x2000 - 8, &(__u64){ MOCK_FAR + 7 }, 8);
	mockdrv_entry(&b->d, MOCK_TABLES + 8, 0, MOCK_FAR + 9, 1, 0, 0);
	memcpy(arena.mem + MOCK_TABLES, &(struct vhx_desc){ .len = 3, .flags = NEXT, .next = 1 }.len, 8);
	mockdrv_desc(&b->d, 0, seam - 8, 32, TABLE, 0);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.chain[0].nout, 2);
	assert_int_equal(b->t.seg[0].addr, arena_addr(MOCK_TABLES + 0x1000 + 7));
	assert_int_equal(b->t.seg[0].len, 3);
	assert_int_equal(b->t.seg[1].addr, arena_addr(MOCK_TABLES + 0x1000 + 9));
	free(b->d.mt);
	b->d.mt = mt;
}

/* The hit is of an older, larger table. */
static void stale_region_cache_is_not_believed(void **state)
{
	struct bench *b = *state;
	struct vhx_memtbl *mt = b->d.mt;
	struct vhx_memtbl empty = { 0 };

	mockdrv_lone(&b->d, 1);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->d.ring.hit, 1);
	b->d.mt = &empty;
	expect_bad(b, 0, -EFAULT);
	b->d.ring.hit = 0xffffffff;
	assert_int_equal(take(&b->d, &b->t, 64), -EFAULT);
	b->d.mt = mt;
}

static void descriptor_that_points_at_the_rings(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_GPA, MOCK_ARENA, WRITE, 0);
	offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.seg[0].addr, arena_addr(0));
	assert_int_equal(b->t.seg[0].len, MOCK_ARENA);
}

static void r24_r27_endless_entries_without_a_byte(void **state)
{
	struct bench *b = *state;
	__u32 i, all = 0;

	for (i = 0; i < VHX_CHAIN_MAX; i++)
		mockdrv_entry(&b->d, MOCK_TABLES, i, 0, 0, i + 1 < VHX_CHAIN_MAX ? NEXT : 0, i + 1);
	for (i = 0; i < BENCH_NUM; i++) {
		mockdrv_desc(&b->d, i, MOCK_GPA + MOCK_TABLES, MOCK_TABLE_SIZE, TABLE, 0);
		mockdrv_offer(&b->d, i);
	}
	mockdrv_publish(&b->d);
	/* Legal, so all of them are taken; charged, and not in one pull. */
	for (i = 0; i < BENCH_NUM; i++) {
		assert_int_equal(take(&b->d, &b->t, 64), 0);
		assert_int_equal(b->t.p.nchain, 1);
		assert_int_equal(b->t.p.nseg, 0);
		assert_true(b->t.p.ndesc > VHX_CHAIN_MAX);
		assert_true(b->t.p.ndesc <= 3 * VHX_CHAIN_MAX);
		all += b->t.p.ndesc;
	}
	assert_true(all >= BENCH_NUM * (VHX_CHAIN_MAX + 1));
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 0);
}

static void r22_push_into_a_read_only_ring_says_so(void **state)
{
	struct bench *b = *state;
	struct vhx_done done[4] = { { .id = 1 }, { .id = 2 }, { .id = 3 }, { .id = 4 } };
	__u16 was = b->d.ring.last_used;
	__u32 id, len, k;

	/* The k-th store fails: an entry, or the index. */
	for (k = 1; k <= 5; k++) {
		arena.fault_in = k;
		assert_int_equal(vhx_ring_push(&b->d.ring, done, 4), -EFAULT);
		assert_int_equal(b->d.ring.last_used, was);
		assert_false(mockdrv_reap(&b->d, &id, &len));
	}
	arena_protect(b->d.used, vhx_ring_used_size(&b->d.ring), ARENA_RO);
	assert_int_equal(vhx_ring_push(&b->d.ring, done, 4), -EFAULT);
	assert_int_equal(vhx_ring_start(&b->d.ring), -EFAULT);
}

static void unreadable_memory_is_a_fault_wherever(void **state)
{
	struct bench *b = *state;
	const __u32 off[] = { b->d.desc, b->d.avail + 2, b->d.avail + 4, MOCK_TABLES };
	__u32 i;

	for (i = 0; i < 4; i++) {
		mockdrv_restart(&b->d, 16);
		mockdrv_entry(&b->d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
		refer(&b->d, MOCK_TABLES, 16);
		offer(&b->d, 0);
		arena_protect(off[i], 2, ARENA_NONE);
		assert_int_equal(take(&b->d, &b->t, 64), -EFAULT);
		assert_int_equal(b->t.p.nchain, 0);
		arena_protect(off[i], 2, ARENA_RW);
		assert_int_equal(take(&b->d, &b->t, 64), 0);
		assert_int_equal(b->t.p.nchain, 1);
	}
}

/* Fail each access of a pull in turn. What was taken before is whole, and nothing is lost. */
static void fault_at_every_access_of_a_pull(void **state)
{
	struct bench *b = *state;
	static const struct mockbuf buf[] = {
		{ MOCK_FAR, 10, false }, { MOCK_FAR + 4096, 20, false }, { MOCK_FAR, 30, true },
	};
	__u32 k, seen;
	int rc;

	for (k = 1; k < 100; k++) {
		mockdrv_restart(&b->d, BENCH_BASE);
		mockdrv_lone(&b->d, 2);
		mockdrv_chain(&b->d, 4, 0, buf, 3);
		mockdrv_chain(&b->d, 8, MOCK_TABLES, buf, 3);
		mockdrv_publish(&b->d);
		arena.fault_in = k;
		rc = take(&b->d, &b->t, 64);
		if (arena.fault_in)
			break;
		seen = b->t.p.nchain;
		assert_int_equal(rc, seen ? 0 : -EFAULT);
		assert_int_equal(take(&b->d, &b->t, 64), 0);
		assert_int_equal(seen + b->t.p.nchain, 4);
		assert_int_equal(b->t.chain[b->t.p.nchain - 1].id, 8);
		assert_int_equal(b->t.chain[b->t.p.nchain - 1].in_len, 30);
	}
	arena.fault_in = 0;
	assert_true(k > 10 && k < 100);
}

/* Every byte differs when read again. Nothing is, so nothing differs. */
static void r23_single_fetch(void **state)
{
	struct bench *b = *state;
	struct mockbuf buf[40];
	__u32 i;

	for (i = 0; i < 40; i++)
		buf[i] = (struct mockbuf) { MOCK_FAR + i * 4096, 100 + i, i >= 20 };
	mockdrv_lone(&b->d, 4);
	mockdrv_chain(&b->d, 4, 0, buf, 8);
	mockdrv_chain(&b->d, 13, MOCK_TABLES, buf, 40);
	mockdrv_chain(&b->d, 14, MOCK_TABLES + MOCK_TABLE_SIZE, buf, 1);
	mockdrv_publish(&b->d);
	srand(1);
	arena_forget();
	arena.jitter = true;
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(arena.rereads, 0);
	assert_int_equal(b->t.p.nchain, 7);
	assert_int_equal(b->t.p.nseg, 4 + 8 + 40 + 1);
	for (i = 0; i < 40; i++) {
		assert_int_equal(b->t.seg[12 + i].addr, MOCK_FAR_UADDR + i * 4096);
		assert_int_equal(b->t.seg[12 + i].len, 100 + i);
	}
}

static void r23_single_fetch_of_notification_fields(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 4);
	arena_forget();
	assert_int_equal(vhx_ring_pending(&b->d.ring), 4);
	assert_int_equal(arena.rereads, 0);
	arena_forget();
	assert_true(vhx_ring_want_call(&b->d.ring, true) >= 0);
	assert_true(vhx_ring_want_call(&b->d.ring, false) >= 0);
	arena_forget();
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 1);
	assert_int_equal(arena.rereads, 0);
}

/* The other CPU scribbles over each descriptor right after it was read. */
static void scribble(void *ctx, const struct arena_event *ev)
{
	static struct arena_event last;

	if (last.op == 'R' && last.len == 16)
		memset(arena.mem + last.off, 0xff, 16);
	last = *ev;
}

static void r23_descriptor_changed_after_the_read(void **state)
{
	struct bench *b = *state;
	struct mockbuf buf[40];
	__u32 i;

	for (i = 0; i < 40; i++)
		buf[i] = (struct mockbuf) { MOCK_FAR + i * 4096, 100 + i, false };
	mockdrv_chain(&b->d, 0, 0, buf, 8);
	mockdrv_chain(&b->d, 8, MOCK_TABLES, buf, 40);
	mockdrv_publish(&b->d);
	arena.before = scribble;
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	arena.before = NULL;
	assert_int_equal(b->t.p.nchain, 2);
	assert_int_equal(b->t.p.nseg, 48);
	assert_int_equal(b->t.seg[47].len, 139);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(r3_bad_chains_are_charged),
		BENCH_TEST(r3_chains_without_a_byte_are_charged),
		BENCH_TEST(avail_index_may_be_a_ring_ahead_and_no_more),
		BENCH_TEST(avail_index_must_not_go_back),
		BENCH_TEST(unpull_cannot_make_more_entries_than_the_ring_has),
		BENCH_TEST(head_beyond_the_table),
		BENCH_TEST(head_65535),
		BENCH_TEST(next_beyond_the_table),
		BENCH_TEST(good_chains_come_before_the_error),
		BENCH_TEST(good_chains_come_before_a_bad_head),
		BENCH_TEST(loop_of_one),
		BENCH_TEST(loop_of_the_whole_ring),
		cmocka_unit_test(chain_longer_than_the_longest),
		BENCH_TEST(r25_chain_and_table_are_counted_together),
		BENCH_TEST(r25_indirect_loop),
		BENCH_TEST(r25_indirect_loop_of_one),
		BENCH_TEST(r25_nested_table),
		BENCH_TEST(r25_table_that_is_its_own_entry),
		BENCH_TEST(r25_next_beyond_the_table_of_an_indirect_chain),
		BENCH_TEST(r25_jumping_table_is_not_amplified),
		BENCH_TEST(table_that_was_not_negotiated),
		BENCH_TEST(table_and_next_at_once),
		BENCH_TEST(table_of_no_entry),
		BENCH_TEST(table_of_a_broken_length),
		BENCH_TEST(table_longer_than_the_longest),
		BENCH_TEST(giant_table),
		BENCH_TEST(table_outside_guest_memory),
		BENCH_TEST(table_at_the_end_of_addresses),
		BENCH_TEST(table_that_wraps_between_two_groups),
		BENCH_TEST(out_after_in),
		BENCH_TEST(out_after_an_in_without_bytes),
		BENCH_TEST(out_in_a_table_after_in_in_front_of_it),
		BENCH_TEST(four_gigabytes_a_direction_are_too_much),
		BENCH_TEST(just_below_four_gigabytes_each_way_are_taken),
		BENCH_TEST(r13_buffer_at_the_end_of_a_region),
		BENCH_TEST(r13_buffer_at_the_start_of_a_region),
		BENCH_TEST(buffer_that_wraps_the_address_space),
		BENCH_TEST(cve_2018_1059_buffer_over_three_regions),
		BENCH_TEST(cve_2018_1059_table_over_two_regions),
		BENCH_TEST(stale_region_cache_is_not_believed),
		BENCH_TEST(descriptor_that_points_at_the_rings),
		BENCH_TEST(r24_r27_endless_entries_without_a_byte),
		BENCH_TEST(r22_push_into_a_read_only_ring_says_so),
		BENCH_TEST(unreadable_memory_is_a_fault_wherever),
		BENCH_TEST(fault_at_every_access_of_a_pull),
		BENCH_TEST(r23_single_fetch),
		BENCH_TEST(r23_single_fetch_of_notification_fields),
		BENCH_TEST(r23_descriptor_changed_after_the_read),
	};

	return cmocka_run_group_tests_name("ring, hostile", tests, NULL, NULL);
}
