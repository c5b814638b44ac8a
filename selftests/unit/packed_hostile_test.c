// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packed rings no driver should make: each comes back as an errno, costs bounded work, and leaves
 * the guest's part of the ring alone.
 */
#include <errno.h>
#include <string.h>

#include "packdrv.h"
#include "taken.h"

struct pbench {
	struct packdrv p;
	struct taken t;
};

#define PB_NUM	13

static int setup(void **state)
{
	static struct pbench b;

	packdrv_open(&b.p, PB_NUM, PACK_START | 9);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct pbench *b = *state;

	packdrv_close(&b->p);
	return 0;
}

/* Post a raw descriptor, marked as it has to be. */
static void post(struct pbench *b, __u64 addr, __u32 len, __u16 flags, __u16 id)
{
	packdrv_desc(&b->p, b->p.avail, addr, len, flags | packdrv_mark(b->p.avail), id);
	b->p.avail = packdrv_after(&b->p, b->p.avail, 1);
}

/* What was in front of the bad one is handed out; then, and from then on, there is @err. */
static void expect_bad(struct pbench *b, __u32 good, int err)
{
	const __u16 at = packdrv_after(&b->p, b->p.d.ring.last_avail, good);
	int i;

	if (good) {
		assert_int_equal(take(&b->p.d, &b->t, 64), 0);
		assert_int_equal(b->t.p.nchain, good);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(take(&b->p.d, &b->t, 64), err);
		assert_int_equal(b->t.p.nchain, 0);
		assert_true(b->t.p.ndesc >= 1);
		assert_int_equal(b->p.d.ring.last_avail, at);
	}
}

static void ids_are_below_the_ring_size(void **state)
{
	struct pbench *b = *state;

	post(b, MOCK_FAR, 1, 0, PB_NUM - 1);
	post(b, MOCK_FAR, 1, 0, PB_NUM);
	expect_bad(b, 1, -EINVAL);
}

static void ids_of_chains_and_tables_too(void **state)
{
	struct pbench *b = *state;
	__u32 i;

	for (i = 0; i < 3; i++) {
		packdrv_restart(&b->p, PACK_START);
		mockdrv_entry(&b->p.d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
		if (i == 0)
			post(b, MOCK_FAR, 1, VHX_DESC_F_NEXT, 0);
		if (i == 1)
			post(b, MOCK_GPA + MOCK_TABLES, 16, VHX_DESC_F_INDIRECT, 0xffff);
		else
			post(b, MOCK_FAR, i ? 0 : 1, 0, 0xffff);
		expect_bad(b, 0, -EINVAL);
	}
}

static void r25_chains_longer_than_the_ring(void **state)
{
	struct pbench *b = *state;
	__u32 i;

	post(b, MOCK_FAR, 1, 0, 0);
	for (i = 0; i < PB_NUM - 1; i++)
		post(b, MOCK_FAR, 1, VHX_DESC_F_NEXT, 1);
	expect_bad(b, 1, -EINVAL);
	/* Even if what the device holds is marked as posted. */
	post(b, MOCK_FAR, 1, VHX_DESC_F_NEXT, 1);
	expect_bad(b, 0, -EINVAL);
	assert_true(b->t.p.ndesc <= PB_NUM);
}

static void a_chain_goes_on_where_nothing_is_posted(void **state)
{
	struct pbench *b = *state;

	post(b, MOCK_FAR, 1, 0, 0);
	post(b, MOCK_FAR, 1, VHX_DESC_F_NEXT, 1);
	expect_bad(b, 1, -EINVAL);
}

static void readable_after_writable(void **state)
{
	struct pbench *b = *state;

	post(b, MOCK_FAR, 1, VHX_DESC_F_WRITE | VHX_DESC_F_NEXT, 0);
	post(b, MOCK_FAR, 1, 0, 1);
	expect_bad(b, 0, -EINVAL);
}

static void one_bad_table(struct pbench *b, __u64 gpa, __u32 len, __u16 flags, int err)
{
	packdrv_restart(&b->p, PACK_START | 9);
	post(b, MOCK_FAR, 1, 0, 0);
	post(b, gpa, len, VHX_DESC_F_INDIRECT | flags, 1);
	post(b, MOCK_FAR, 1, 0, 2);
	expect_bad(b, 1, err);
}

static void tables_that_are_none(void **state)
{
	struct pbench *b = *state;
	const __u64 gpa = MOCK_GPA + MOCK_TABLES;
	__u32 i;

	for (i = 0; i <= VHX_CHAIN_MAX; i++)
		mockdrv_entry(&b->p.d, MOCK_TABLES, i, MOCK_FAR, 1, 0, 0);
	one_bad_table(b, gpa, 0, 0, -EINVAL);
	one_bad_table(b, gpa, 15, 0, -EINVAL);
	one_bad_table(b, gpa, 17, 0, -EINVAL);
	one_bad_table(b, gpa, 16 * (VHX_CHAIN_MAX + 1), 0, -EINVAL);
	one_bad_table(b, gpa, 0xfffffff0, 0, -EINVAL);
	one_bad_table(b, gpa, 16, VHX_DESC_F_NEXT, -EINVAL);
	one_bad_table(b, ~0ull - 14, 32, 0, -EFAULT);
	one_bad_table(b, MOCK_GPA + MOCK_ARENA - 16, 32, 0, -EFAULT);
	b->p.d.indirect = false;
	one_bad_table(b, gpa, 16, 0, -EINVAL);
	b->p.d.indirect = true;
	/* In a table the same rules. */
	mockdrv_entry(&b->p.d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, VHX_DESC_F_WRITE);
	one_bad_table(b, gpa, 32, 0, -EINVAL);
	mockdrv_entry(&b->p.d, MOCK_TABLES, 0, ~0ull, 2, 0, 0);
	one_bad_table(b, gpa, 32, 0, -EFAULT);
}

static void a_table_behind_other_buffers(void **state)
{
	struct pbench *b = *state;

	mockdrv_entry(&b->p.d, MOCK_TABLES, 0, MOCK_FAR, 1, 0, 0);
	post(b, MOCK_FAR, 1, VHX_DESC_F_NEXT, 0);
	post(b, MOCK_GPA + MOCK_TABLES, 16, VHX_DESC_F_INDIRECT, 0);
	expect_bad(b, 0, -EINVAL);
}

static void memory_that_is_not_there(void **state)
{
	struct pbench *b = *state;

	post(b, MOCK_FAR, 1, 0, 0);
	post(b, MOCK_FAR - 1, 1, 0, 1);
	expect_bad(b, 1, -EFAULT);
	packdrv_restart(&b->p, PACK_START);
	post(b, ~0ull, 2, VHX_DESC_F_WRITE, 1);
	expect_bad(b, 0, -EFAULT);
}

static void r24_r27_endless_entries_without_a_byte(void **state)
{
	struct pbench *b = *state;
	__u32 i;

	for (i = 0; i < VHX_CHAIN_MAX; i++)
		mockdrv_entry(&b->p.d, MOCK_TABLES, i, 0, 0, 0, 0);
	for (i = 0; i < PB_NUM; i++)
		post(b, MOCK_GPA + MOCK_TABLES, 16 * VHX_CHAIN_MAX, VHX_DESC_F_INDIRECT, i);
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	/* One, and the caller looks at its budget. */
	assert_int_equal(b->t.p.nchain, 1);
	assert_int_equal(b->t.p.nseg, 0);
	assert_true(b->t.p.ndesc > VHX_CHAIN_MAX && b->t.p.ndesc <= VHX_CHAIN_MAX + PB_NUM);
}

static void more_than_the_ring_has(void **state)
{
	struct pbench *b = *state;
	struct vhx_ring *r = &b->p.d.ring;

	packdrv_lone(&b->p, 0, PB_NUM);
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, PB_NUM);
	/* The guest says that it posted them all again. */
	packdrv_lone(&b->p, 0, PB_NUM);
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 0);
	assert_int_equal(vhx_ring_pending(r), 0);
	assert_int_equal(vhx_ring_kick_on(r), 0);
	/* Room for as many as were given back. */
	assert_int_equal(vhx_ring_push(r, (struct vhx_done[]) { { 1, 1, 0 }, { 2, 1, 0 } }, 2), 0);
	packdrv_lone(&b->p, 0, PB_NUM);
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_true(b->t.p.nchain <= 2);
}

/* The guest marks as posted, in a row, what is free and what the device holds. */
static void a_run_into_what_the_device_holds(void **state)
{
	struct pbench *b = *state;
	__u16 pos;
	__u32 i;

	packdrv_lone(&b->p, 0, 10);
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 10);
	pos = b->p.avail;
	for (i = 0; i < 7; i++, pos = packdrv_after(&b->p, pos, 1))
		packdrv_desc(&b->p, pos, MOCK_FAR, 1, packdrv_mark(pos), i);
	assert_int_equal(vhx_ring_pending(&b->p.d.ring), 3);
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 3);
	assert_int_equal(b->p.d.ring.inuse, PB_NUM);
}

/* A push that is more than what was pulled: the class's mistake, the guest's ring. */
static void push_of_more_than_is_held(void **state)
{
	struct pbench *b = *state;
	struct vhx_ring *r = &b->p.d.ring;
	const struct vhx_done four[] = { { 0, 1, 0 }, { 1, 1, 0 }, { 2, 1, 0 }, { 3, 1, 0 } };
	const struct vhx_done big[] = { { 0, 1, 0 }, { 1, 3, 0 } };
	const struct vhx_done none = { 0, 0, 0 }, huge = { 0, 0xffff, 0 };
	static __u8 was[16 * PB_NUM];
	__u32 skip;

	packdrv_lone(&b->p, 0, 5);
	assert_int_equal(take(&b->p.d, &b->t, 3), 0);
	memcpy(was, arena.mem, sizeof(was));
	for (skip = 0; skip < 2; skip++) {
		r->skip = skip;
		assert_int_equal(vhx_ring_push(r, four, 4), -EINVAL);
		assert_int_equal(vhx_ring_push(r, big, 2), -EINVAL);
		assert_int_equal(vhx_ring_push(r, &none, 1), -EINVAL);
		assert_int_equal(vhx_ring_push(r, &huge, 1), -EINVAL);
		assert_false(packdrv_is_used(&b->p, b->p.used));
		/* What the device does not hold is as it was. */
		assert_memory_equal(arena.mem + 16 * 12, was + 16 * 12, 16);
		assert_memory_equal(arena.mem, was, 16 * 9);
	}
	assert_int_equal(vhx_ring_push(r, four, 3), 0);
	assert_int_equal(vhx_ring_push(r, four, 1), -EINVAL);
}

static void any_access_may_fault(void **state)
{
	struct pbench *b = *state;
	struct vhx_ring *r = &b->p.d.ring;
	const struct mockbuf buf[] = { { MOCK_FAR, 1, false }, { MOCK_FAR, 1, true } };
	__u32 k, want, steps = 0;
	struct vhx_ring was;
	int rc;

	for (k = 1; ; k++) {
		packdrv_restart(&b->p, PACK_START | 9);
		packdrv_lone(&b->p, 0, 2);
		packdrv_chain(&b->p, 3, 0, buf, 2);
		packdrv_chain(&b->p, 5, MOCK_TABLES, buf, 2);
		arena.fault_in = k;
		rc = take(&b->p.d, &b->t, 64);
		if (!arena.fault_in)
			steps++;
		/* Nothing in front of it was lost, and it is pulled when memory is back. */
		assert_true(rc == 0 || (rc == -EFAULT && !b->t.p.nchain));
		want = 4 - b->t.p.nchain;
		if (arena.fault_in)
			break;
		assert_int_equal(take(&b->p.d, &b->t, 64), 0);
		assert_int_equal(b->t.p.nchain, want);
		assert_int_equal(r->inuse, 5);
	}
	arena.fault_in = 0;
	assert_true(steps > 15);

	for (k = 1; k <= 12; k++) {
		struct vhx_done done[] = { { 0, 1, 0 }, { 1, 1, 0 }, { 3, 2, 0 }, { 5, 1, 0 } };

		was = *r;
		arena.fault_in = k;
		assert_int_equal(vhx_ring_push(r, done, 4), -EFAULT);
		assert_memory_equal(&was, r, sizeof(was));
		assert_false(packdrv_is_used(&b->p, b->p.used));
	}
	for (k = 0; k < 3; k++) {
		arena_protect(b->p.d.avail, 8, ARENA_NONE);
		assert_int_equal(vhx_ring_want_call(r, false), -EFAULT);
		assert_int_equal(vhx_ring_kick_on(r), -EFAULT);
		assert_int_equal(vhx_ring_kick_off(r), -EFAULT);
		assert_int_equal(vhx_ring_start(r), -EFAULT);
	}
	arena_protect(b->p.d.avail, 8, ARENA_RW);
	arena_protect(b->p.d.desc, 16 * PB_NUM, ARENA_NONE);
	assert_int_equal(vhx_ring_kick_on(r), -EFAULT);
	assert_int_equal(vhx_ring_pending(r), -EFAULT);
}

static void r23_nothing_is_read_twice(void **state)
{
	struct pbench *b = *state;
	const struct mockbuf buf[] = { { MOCK_FAR, 1, false }, { MOCK_FAR, 1, true } };

	packdrv_lone(&b->p, 0, 2);
	packdrv_chain(&b->p, 3, 0, buf, 2);
	packdrv_chain(&b->p, 5, MOCK_TABLES, buf, 2);
	packdrv_lone(&b->p, 7, 1);
	arena_forget();
	arena.rereads = 0;
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 5);
	assert_int_equal(arena.rereads, 0);
	assert_int_equal(vhx_ring_push(&b->p.d.ring, (struct vhx_done[]) { { 3, 2, 0 } }, 1), 0);
	assert_int_equal(arena.rereads, 0);
}

/* The guest shows a descriptor to whoever asks for kicks, and hides it from whoever pulls. */
struct flicker {
	struct packdrv *p;
	bool show;
};

static void flicker(void *ctx, const struct arena_event *ev)
{
	struct flicker *f = ctx;
	__u32 i;

	for (i = 0; i < PB_NUM; i++) {
		__u16 mark = packdrv_mark(i < 9 ? 0 : 0x8000);

		packdrv_desc(f->p, i, MOCK_FAR, 1, f->show ? mark : 0, 0);
	}
}

static void flags_that_flicker_do_not_keep_a_device_busy(void **state)
{
	struct pbench *b = *state;
	struct flicker f = { .p = &b->p };
	__u32 rounds = 0;

	arena.before = flicker;
	arena.ctx = &f;
	for (;;) {
		f.show = false;
		assert_int_equal(take(&b->p.d, &b->t, 64), 0);
		assert_int_equal(b->t.p.nchain, 0);
		f.show = true;
		if (!vhx_ring_kick_on(&b->p.d.ring))
			break;
		assert_true(++rounds <= PB_NUM);
	}
	arena.before = NULL;
	assert_true(rounds >= 1);
}

static void room_for_segments_runs_out(void **state)
{
	struct pbench *b = *state;
	const struct mockbuf buf[] = { { MOCK_FAR, 1, false }, { MOCK_FAR, 1, true } };

	packdrv_lone(&b->p, 0, 3);
	assert_int_equal(take_room(&b->p.d, &b->t, 64, 2), 0);
	assert_int_equal(b->t.p.nchain, 2);
	packdrv_chain(&b->p, 7, 0, buf, 2);
	assert_int_equal(take_room(&b->p.d, &b->t, 64, 2), 0);
	assert_int_equal(b->t.p.nchain, 1);
	assert_int_equal(take_room(&b->p.d, &b->t, 64, 1), -EINVAL);
	assert_int_equal(take_room(&b->p.d, &b->t, 64, 2), 0);
	assert_int_equal(b->t.p.nchain, 1);
}

/* Lone ones of both directions and of several regions, with a table of memory that changed. */
static void directions_and_regions_in_turn(void **state)
{
	struct pbench *b = *state;
	__u32 i;

	for (i = 0; i < 12; i++)
		post(b, i % 3 ? MOCK_FAR + i : MOCK_GPA + i, 1, i & 1 ? VHX_DESC_F_WRITE : 0, i);
	b->p.d.ring.hit = 77;
	assert_int_equal(take(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 12);
	for (i = 0; i < 12; i++) {
		assert_int_equal(b->t.chain[i].id, i);
		assert_int_equal(b->t.chain[i].nin, i & 1);
		assert_int_equal(b->t.chain[i].in_len, i & 1);
		assert_int_equal(b->t.seg[i].addr, i % 3 ? MOCK_FAR_UADDR + i : arena_addr(i));
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_are_below_the_ring_size),
		TEST(ids_of_chains_and_tables_too),
		TEST(r25_chains_longer_than_the_ring),
		TEST(a_chain_goes_on_where_nothing_is_posted),
		TEST(readable_after_writable),
		TEST(tables_that_are_none),
		TEST(a_table_behind_other_buffers),
		TEST(memory_that_is_not_there),
		TEST(r24_r27_endless_entries_without_a_byte),
		TEST(more_than_the_ring_has),
		TEST(a_run_into_what_the_device_holds),
		TEST(push_of_more_than_is_held),
		TEST(any_access_may_fault),
		TEST(r23_nothing_is_read_twice),
		TEST(flags_that_flicker_do_not_keep_a_device_busy),
		TEST(room_for_segments_runs_out),
		TEST(directions_and_regions_in_turn),
	};

	return cmocka_run_group_tests_name("packed ring, hostile", tests, NULL, NULL);
}
