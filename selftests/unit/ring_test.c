// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split rings as an honest driver uses them: what is taken, in what shape, and given back. What a
 * hostile one does is in ring_hostile_test.c, notification in ring_notify_test.c.
 */
#include <errno.h>
#include <string.h>

#include "taken.h"

static void empty_ring_gives_nothing(void **state)
{
	struct bench *b = *state;

	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 0);
	assert_int_equal(b->t.p.nseg, 0);
	assert_int_equal(b->t.p.ndesc, 0);
	assert_int_equal(vhx_ring_pending(&b->d.ring), 0);
}

static void sizes_are_those_of_the_specification(void **state)
{
	struct vhx_ring r = { .num = 256 };

	(void)state;
	assert_int_equal(vhx_ring_desc_size(&r), 16 * 256);
	assert_int_equal(vhx_ring_avail_size(&r), 4 + 2 * 256);
	assert_int_equal(vhx_ring_used_size(&r), 4 + 8 * 256);
	r.event_idx = true;
	assert_int_equal(vhx_ring_avail_size(&r), 6 + 2 * 256);
	assert_int_equal(vhx_ring_used_size(&r), 6 + 8 * 256);
	r.num = VHX_RING_MAX;
	assert_int_equal(vhx_ring_desc_size(&r), 16 * VHX_RING_MAX);
}

static void chain_that_is_not_published_is_not_seen(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 1, 0, 0);
	mockdrv_offer(&b->d, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 0);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 1);
}

static void lone_descriptor_has_one_segment(void **state)
{
	struct bench *b = *state;
	struct vhx_chain *c = b->t.chain;

	mockdrv_desc(&b->d, 5, MOCK_FAR + 100, 60, 0, 0);
	mockdrv_desc(&b->d, 7, MOCK_FAR + 9000, 1500, VHX_DESC_F_WRITE, 0);
	mockdrv_offer(&b->d, 5);
	mockdrv_offer(&b->d, 7);
	mockdrv_publish(&b->d);
	/* Twice: the first translation has no last hit to go by. */
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	vhx_ring_unpull(&b->d.ring, b->t.chain, b->t.p.nchain);
	assert_int_equal(take(&b->d, &b->t, 64), 0);

	assert_int_equal(b->t.p.nchain, 2);
	assert_int_equal(b->t.p.nseg, 2);
	assert_int_equal(b->t.p.ndesc, 2);
	assert_int_equal(c[0].id, 5);
	assert_int_equal(c[0].ndesc, 1);
	assert_int_equal(c[0].nout, 1);
	assert_int_equal(c[0].nin, 0);
	assert_int_equal(c[0].seg, 0);
	assert_int_equal(c[0].out_len, 60);
	assert_int_equal(c[0].in_len, 0);
	assert_int_equal(c[1].id, 7);
	assert_int_equal(c[1].nout, 0);
	assert_int_equal(c[1].nin, 1);
	assert_int_equal(c[1].seg, 1);
	assert_int_equal(c[1].out_len, 0);
	assert_int_equal(c[1].in_len, 1500);
	assert_int_equal(b->t.seg[0].addr, MOCK_FAR_UADDR + 100);
	assert_int_equal(b->t.seg[0].len, 60);
	assert_int_equal(b->t.seg[1].addr, MOCK_FAR_UADDR + 9000);
	assert_int_equal(b->t.seg[1].len, 1500);
}

static const struct mockbuf request[] = {
	{ MOCK_FAR, 16, false },
	{ MOCK_FAR + 4096, 100, false },
	{ MOCK_FAR + 8192, 200, true },
	{ MOCK_FAR + 12288, 1, true },
};

static void expect_request(const struct taken *t, __u16 id, __u32 ndesc)
{
	const struct vhx_chain *c = t->chain;
	int i;

	assert_int_equal(t->p.nchain, 1);
	assert_int_equal(c->id, id);
	assert_int_equal(c->ndesc, ndesc);
	assert_int_equal(c->nout, 2);
	assert_int_equal(c->nin, 2);
	assert_int_equal(c->out_len, 116);
	assert_int_equal(c->in_len, 201);
	assert_int_equal(t->p.nseg, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(t->seg[i].addr, request[i].gpa - MOCK_FAR + MOCK_FAR_UADDR);
		assert_int_equal(t->seg[i].len, request[i].len);
	}
}

static void chain_is_taken_in_order(void **state)
{
	struct bench *b = *state;

	mockdrv_chain(&b->d, 3, 0, request, 4);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 3, 4);
	assert_int_equal(b->t.p.ndesc, 4);
	assert_int_equal(b->d.ring.hit, 1);	/* the next search begins where this one ended */
}

static void table_is_taken_as_a_chain(void **state)
{
	struct bench *b = *state;

	mockdrv_chain(&b->d, 3, MOCK_TABLES, request, 4);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 3, 1);
	assert_int_equal(b->t.p.ndesc, 5);
}

/* Raw, segments are what the guest wrote; only tables are looked up. */
static void raw_segments_are_the_guests(void **state)
{
	const struct mockbuf nowhere[] = { { 0x77, 60, false }, { ~0ull - 9, 10, true } };
	struct bench *b = *state;

	mockdrv_chain(&b->d, 3, MOCK_TABLES, request, 4);
	mockdrv_chain(&b->d, 5, 0, nowhere, 2);
	mockdrv_desc(&b->d, 7, MOCK_FAR + MOCK_FAR_SIZE, 1500, VHX_DESC_F_WRITE, 0);
	mockdrv_offer(&b->d, 7);
	mockdrv_publish(&b->d);
	assert_int_equal(take_raw(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 3);
	assert_int_equal(b->t.p.nseg, 7);
	assert_true(b->t.seg[0].addr == MOCK_FAR);
	assert_true(b->t.seg[3].addr == MOCK_FAR + 12288);
	assert_true(b->t.seg[4].addr == 0x77);
	assert_true(b->t.seg[5].addr == ~0ull - 9);
	assert_true(b->t.seg[6].addr == MOCK_FAR + MOCK_FAR_SIZE);
	assert_int_equal(b->t.seg[6].len, 1500);
	assert_int_equal(b->t.chain[1].out_len, 60);
	assert_int_equal(b->t.chain[1].in_len, 10);

	/* The same by the other way is a fault. */
	vhx_ring_unpull(&b->d.ring, b->t.chain, 3);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 1);
	assert_int_equal(take(&b->d, &b->t, 64), -EFAULT);
}

static void raw_tables_are_looked_up(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR + MOCK_FAR_SIZE, 32, VHX_DESC_F_INDIRECT, 0);
	mockdrv_offer(&b->d, 0);
	mockdrv_publish(&b->d);
	assert_int_equal(take_raw(&b->d, &b->t, 64), -EFAULT);
}

static void raw_buffer_around_the_end_of_addresses(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, ~0ull - 9, 11, 0, 0);
	mockdrv_offer(&b->d, 0);
	mockdrv_publish(&b->d);
	assert_int_equal(take_raw(&b->d, &b->t, 64), -EFAULT);
}

/* The specification lets the device ignore WRITE where a table is referred to, and so it must. */
static void write_flag_of_a_table_means_nothing(void **state)
{
	struct bench *b = *state;

	mockdrv_chain(&b->d, 3, MOCK_TABLES, request, 4);
	mockdrv_desc(&b->d, 3, MOCK_GPA + MOCK_TABLES, 64, VHX_DESC_F_INDIRECT | VHX_DESC_F_WRITE,
		     0);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 3, 1);
}

static void chain_may_end_in_a_table(void **state)
{
	struct bench *b = *state;

	mockdrv_chain(&b->d, 9, MOCK_TABLES, request + 1, 3);
	mockdrv_desc(&b->d, 3, request[0].gpa, request[0].len, VHX_DESC_F_NEXT, 9);
	b->d.avail_idx--;
	mockdrv_offer(&b->d, 3);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 3, 2);
}

/* A table need not be walked front to back. */
static void table_entries_are_followed_by_next(void **state)
{
	struct bench *b = *state;
	static const __u16 at[] = { 0, 99, 40, 41 };
	int i;

	for (i = 0; i < 4; i++)
		mockdrv_entry(&b->d, MOCK_TABLES, at[i], request[i].gpa, request[i].len,
			      (request[i].in ? VHX_DESC_F_WRITE : 0) |
			      (i < 3 ? VHX_DESC_F_NEXT : 0), i < 3 ? at[i + 1] : 0);
	mockdrv_desc(&b->d, 3, MOCK_GPA + MOCK_TABLES, 100 * 16, VHX_DESC_F_INDIRECT, 0);
	mockdrv_offer(&b->d, 3);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 3, 1);
}

static void fill_table(struct mockdrv *d, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++)
		mockdrv_entry(d, MOCK_TABLES, i, MOCK_FAR + i * 8192, 1 + i,
			      i + 1 < n ? VHX_DESC_F_NEXT : 0, i + 1);
	mockdrv_desc(d, 0, MOCK_GPA + MOCK_TABLES, n * 16, VHX_DESC_F_INDIRECT, 0);
	mockdrv_offer(d, 0);
	mockdrv_publish(d);
}

static void longest_table_is_taken(void **state)
{
	struct bench *b = *state;
	__u32 i;

	fill_table(&b->d, VHX_CHAIN_MAX);
	assert_int_equal(take_room(&b->d, &b->t, 64, VHX_CHAIN_MAX), 0);
	assert_int_equal(b->t.p.nchain, 1);
	assert_int_equal(b->t.chain[0].nout, VHX_CHAIN_MAX);
	assert_int_equal(b->t.p.ndesc, 1 + VHX_CHAIN_MAX);
	for (i = 0; i < VHX_CHAIN_MAX; i++) {
		assert_int_equal(b->t.seg[i].addr, MOCK_FAR_UADDR + i * 8192);
		assert_int_equal(b->t.seg[i].len, 1 + i);
	}
}

static void chain_may_use_the_whole_ring(void **state)
{
	struct bench *b = *state;
	struct mockbuf buf[BENCH_NUM];
	int i;

	for (i = 0; i < BENCH_NUM; i++)
		buf[i] = (struct mockbuf) { MOCK_FAR + i * 4096, 10, i > 3 };
	mockdrv_chain(&b->d, 0, 0, buf, BENCH_NUM);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 1);
	assert_int_equal(b->t.chain[0].nout, 4);
	assert_int_equal(b->t.chain[0].nin, BENCH_NUM - 4);
	assert_int_equal(b->t.chain[0].ndesc, BENCH_NUM);
}

static void zero_length_takes_no_segment_and_is_charged(void **state)
{
	struct bench *b = *state;
	static const struct mockbuf buf[] = {
		{ MOCK_FAR, 0, false }, { 0, 0, false }, { MOCK_FAR, 5, true }, { ~0ull, 0, true },
	};

	mockdrv_chain(&b->d, 0, 0, buf, 4);
	mockdrv_desc(&b->d, 8, MOCK_FAR, 0, 0, 0);
	mockdrv_offer(&b->d, 8);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 2);
	assert_int_equal(b->t.chain[0].nout, 0);
	assert_int_equal(b->t.chain[0].nin, 1);
	assert_int_equal(b->t.chain[1].nout + b->t.chain[1].nin, 0);
	assert_int_equal(b->t.p.nseg, 1);
	assert_int_equal(b->t.p.ndesc, 5);
}

static void pull_takes_no_more_than_asked(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 16);
	assert_int_equal(take(&b->d, &b->t, 5), 0);
	assert_int_equal(b->t.p.nchain, 5);
	assert_int_equal(b->t.p.ndesc, 5);
	assert_int_equal(vhx_ring_pending(&b->d.ring), 11);
	assert_int_equal(take(&b->d, &b->t, 0), 0);
	assert_int_equal(b->t.p.nchain, 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 11);
	assert_int_equal(b->t.chain[0].id, 5);
	assert_int_equal(b->t.chain[10].id, 15);
}

static void pull_takes_no_more_than_64(void **state)
{
	struct mockdrv d;
	struct taken t;
	__u32 i;

	(void)state;
	mockdrv_open(&d, 256, 65500);
	mockdrv_lone(&d, 100);
	assert_int_equal(take(&d, &t, 1000), 0);
	assert_int_equal(t.p.nchain, VHX_PULL_MAX);
	for (i = 0; i < VHX_PULL_MAX; i++)
		assert_int_equal(t.chain[i].id, i);
	assert_int_equal(take(&d, &t, 1000), 0);
	assert_int_equal(t.p.nchain, 36);
	mockdrv_close(&d);
}

/* The avail index costs a cache line that the guest writes: once a batch, if that is enough. */
static void avail_index_is_read_when_needed(void **state)
{
	struct bench *b = *state;
	__u32 i, reads = 0;

	mockdrv_lone(&b->d, 16);
	assert_int_equal(take(&b->d, &b->t, 4), 0);
	arena_forget();
	assert_int_equal(take(&b->d, &b->t, 12), 0);
	assert_int_equal(b->t.p.nchain, 12);
	for (i = 0; i < arena.events; i++)
		reads += arena.event[i].op == 'R' && arena.event[i].off == b->d.avail + 2;
	assert_int_equal(reads, 0);
}

static void batch_opens_user_memory_seldom(void **state)
{
	static struct vhx_done done[64];
	struct mockdrv d;
	struct taken t;

	(void)state;
	mockdrv_open(&d, 256, 65500);
	mockdrv_lone(&d, 64);
	assert_int_equal(take(&d, &t, 64), 0);
	/* The index, heads on both sides of the ring's end, and two groups of descriptors. */
	assert_in_range(arena.windows, 2 + 5, 2 + 5 + MOCK_SEAMS(64 * 16) + MOCK_SEAMS(64 * 2));
	arena.windows = 0;
	assert_int_equal(vhx_ring_push(&d.ring, done, 64), 0);
	/* An entry on a seam takes two by itself, and parts those before it from those behind. */
	assert_true(arena.windows <= 4 + 3 * MOCK_SEAMS(64 * 8));
	mockdrv_close(&d);
}

static void table_is_read_in_groups(void **state)
{
	struct bench *b = *state;

	fill_table(&b->d, 100);
	arena.windows = 0;
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(arena.windows, 3 + 4);
}

static void rings_of_every_size_wrap(void **state)
{
	struct mockdrv d;
	struct taken t;
	__u32 num, i, id, len, round;

	(void)state;
	for (num = 1; num <= VHX_RING_MAX; num *= 2) {
		mockdrv_open(&d, num, 65533);
		for (round = 0; round < 70; round++) {
			__u32 n = num < 5 ? num : 5;

			mockdrv_lone(&d, n);
			assert_int_equal(take(&d, &t, 64), 0);
			assert_int_equal(t.p.nchain, n);
			for (i = 0; i < n; i++) {
				struct vhx_done done = { .id = t.chain[i].id, .len = round };

				assert_int_equal(vhx_ring_push(&d.ring, &done, 1), 0);
				assert_true(mockdrv_reap(&d, &id, &len));
				assert_int_equal(id, i);
				assert_int_equal(len, round);
			}
		}
		mockdrv_close(&d);
	}
}

/* Buffers here and there: each found, in order, whichever region was the last hit. */
static void lone_descriptors_may_change_regions(void **state)
{
	struct bench *b = *state;
	__u32 i;

	for (i = 0; i < 8; i++) {
		mockdrv_desc(&b->d, i, (i % 3 ? MOCK_FAR : MOCK_GPA) + i * 4096, 1 + i, 0, 0);
		mockdrv_offer(&b->d, i);
	}
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 8);
	assert_int_equal(b->t.p.nseg, 8);
	for (i = 0; i < 8; i++) {
		assert_int_equal(b->t.chain[i].id, i);
		assert_int_equal(b->t.chain[i].out_len, 1 + i);
		assert_int_equal(b->t.seg[i].addr,
				 (i % 3 ? MOCK_FAR_UADDR : arena_addr(0)) + i * 4096);
	}
}

static void want_of_segments_stops_before_a_chain(void **state)
{
	struct bench *b = *state;

	mockdrv_desc(&b->d, 0, MOCK_FAR, 10, 0, 0);
	mockdrv_offer(&b->d, 0);
	mockdrv_chain(&b->d, 3, 0, request, 4);
	mockdrv_publish(&b->d);
	assert_int_equal(take_room(&b->d, &b->t, 64, 4), 0);
	assert_int_equal(b->t.p.nchain, 1);
	assert_int_equal(b->t.p.nseg, 1);
	assert_int_equal(take_room(&b->d, &b->t, 64, 4), 0);
	expect_request(&b->t, 3, 4);
}

static void lone_descriptors_stop_at_the_last_segment(void **state)
{
	struct bench *b = *state;

	b->t.seg[3].addr = 42;
	mockdrv_lone(&b->d, 5);
	assert_int_equal(take_room(&b->d, &b->t, 64, 3), 0);
	assert_int_equal(b->t.p.nchain, 3);
	assert_int_equal(b->t.p.nseg, 3);
	assert_int_equal(b->t.seg[3].addr, 42);
	assert_int_equal(take_room(&b->d, &b->t, 64, 3), 0);
	assert_int_equal(b->t.p.nchain, 2);
	assert_int_equal(b->t.chain[0].id, 3);
}

static void want_of_segments_for_the_first_chain_is_an_error(void **state)
{
	struct bench *b = *state;

	mockdrv_chain(&b->d, 3, 0, request, 4);
	mockdrv_publish(&b->d);
	assert_int_equal(take_room(&b->d, &b->t, 64, 3), -EINVAL);
	assert_int_equal(b->t.p.nchain, 0);
	assert_int_equal(b->t.p.nseg, 0);
}

static void unpulled_chains_come_again(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 10);
	assert_int_equal(take(&b->d, &b->t, 8), 0);
	vhx_ring_unpull(&b->d.ring, b->t.chain + 5, 3);
	assert_int_equal(vhx_ring_pending(&b->d.ring), 5);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 5);
	assert_int_equal(b->t.chain[0].id, 5);
}

static void push_shows_all_or_nothing(void **state)
{
	struct bench *b = *state;
	struct vhx_done done[BENCH_NUM + 1] = { { 0 } };
	__u32 i, id, len;

	for (i = 0; i < BENCH_NUM; i++)
		done[i] = (struct vhx_done) { .id = 15 - i, .ndesc = 99, .len = 1000 + i };
	assert_int_equal(vhx_ring_push(&b->d.ring, done, 0), 0);
	assert_int_equal(vhx_ring_push(&b->d.ring, done, BENCH_NUM + 1), -EINVAL);
	assert_false(mockdrv_reap(&b->d, &id, &len));
	assert_int_equal(vhx_ring_push(&b->d.ring, done, BENCH_NUM), 0);
	for (i = 0; i < BENCH_NUM; i++) {
		assert_true(mockdrv_reap(&b->d, &id, &len));
		assert_int_equal(id, 15 - i);
		assert_int_equal(len, 1000 + i);
	}
	assert_false(mockdrv_reap(&b->d, &id, &len));
}

static void push_of_a_whole_large_ring(void **state)
{
	static struct vhx_done done[VHX_RING_MAX];
	__u32 i, id, len;
	struct mockdrv d;

	(void)state;
	mockdrv_open(&d, VHX_RING_MAX, 60000);
	for (i = 0; i < VHX_RING_MAX; i++)
		done[i] = (struct vhx_done) { .id = (__u16)i, .len = i * 3 };
	assert_int_equal(vhx_ring_push(&d.ring, done, VHX_RING_MAX), 0);
	for (i = 0; i < VHX_RING_MAX; i++) {
		assert_true(mockdrv_reap(&d, &id, &len));
		assert_int_equal(id, i);
		assert_int_equal(len, i * 3);
	}
	assert_false(mockdrv_reap(&d, &id, &len));
	mockdrv_close(&d);
}

static void other_byte_order_is_served(void **state)
{
	struct bench *b = *state;
	struct vhx_done done = { .id = 3, .len = 0x010203 };
	__u32 id, len;

	b->d.swap = true;
	mockdrv_restart(&b->d, 0x1234);
	mockdrv_chain(&b->d, 3, 0, request, 4);
	mockdrv_publish(&b->d);
	assert_int_equal(vhx_ring_pending(&b->d.ring), 1);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 3, 4);
	mockdrv_chain(&b->d, 2, MOCK_TABLES, request, 4);
	mockdrv_publish(&b->d);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	expect_request(&b->t, 2, 1);

	assert_int_equal(vhx_ring_push(&b->d.ring, &done, 1), 0);
	assert_true(mockdrv_reap(&b->d, &id, &len));
	assert_int_equal(id, 3);
	assert_int_equal(len, 0x010203);
	mockdrv_set_used_event(&b->d, 0x1235);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 0);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
	assert_int_equal(mockdrv_avail_event(&b->d), 0x1236);
	b->d.ring.event_idx = false;
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	assert_int_equal(mockdrv_used_flags(&b->d), VHX_USED_F_NO_NOTIFY);
	mockdrv_set_no_interrupt(&b->d, true);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 0);
}

/* A ring stopped and started elsewhere: from the guest's used ring, not from memory of our own. */
static void start_goes_on_where_the_guest_is(void **state)
{
	struct bench *b = *state;
	struct vhx_done done = { .id = 1 };

	mockdrv_lone(&b->d, 4);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(vhx_ring_push(&b->d.ring, &done, 1), 0);
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	b->d.ring.last_used = 0;
	b->d.ring.last_avail = BENCH_BASE + 2;
	assert_int_equal(vhx_ring_start(&b->d.ring), 0);
	assert_int_equal(b->d.ring.last_used, (__u16)(BENCH_BASE + 1));
	assert_false(b->d.ring.kick_off);
	assert_false(b->d.ring.called_valid);
	assert_int_equal(mockdrv_used_flags(&b->d), 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 2);
	assert_int_equal(b->t.chain[0].id, 2);
}

/* In order one entry stands for a batch, at the place of its first, with the id of its last. */
static void skipping_the_last_stands_for_all(void **state)
{
	struct bench *b = *state;
	const struct vhx_done done[] = { { 3, 1, 0 }, { 4, 1, 0 }, { 9, 1, 0 } };
	__u32 at = b->d.used + 4 + 8 * (BENCH_BASE % BENCH_NUM);
	__u32 id, len;

	b->d.ring.skip = true;
	memset(arena.mem + b->d.used + 4, 0xee, 8 * BENCH_NUM);
	assert_int_equal(vhx_ring_push(&b->d.ring, done, 3), 0);
	assert_int_equal(b->d.ring.last_used, (__u16)(BENCH_BASE + 3));
	assert_true(mockdrv_reap(&b->d, &id, &len));
	assert_int_equal(id, 9);
	assert_int_equal(len, 0);
	assert_int_equal(arena.mem[at + 8], 0xee);
	assert_int_equal(arena.mem[at + 16], 0xee);
	/* Used up to there, says the index. */
	b->d.used_idx += 2;
	assert_false(mockdrv_reap(&b->d, &id, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(empty_ring_gives_nothing),
		cmocka_unit_test(sizes_are_those_of_the_specification),
		BENCH_TEST(chain_that_is_not_published_is_not_seen),
		BENCH_TEST(lone_descriptor_has_one_segment),
		BENCH_TEST(chain_is_taken_in_order),
		BENCH_TEST(table_is_taken_as_a_chain),
		BENCH_TEST(raw_segments_are_the_guests),
		BENCH_TEST(raw_tables_are_looked_up),
		BENCH_TEST(raw_buffer_around_the_end_of_addresses),
		BENCH_TEST(write_flag_of_a_table_means_nothing),
		BENCH_TEST(chain_may_end_in_a_table),
		BENCH_TEST(table_entries_are_followed_by_next),
		BENCH_TEST(longest_table_is_taken),
		BENCH_TEST(chain_may_use_the_whole_ring),
		BENCH_TEST(zero_length_takes_no_segment_and_is_charged),
		BENCH_TEST(pull_takes_no_more_than_asked),
		cmocka_unit_test(pull_takes_no_more_than_64),
		BENCH_TEST(avail_index_is_read_when_needed),
		cmocka_unit_test(batch_opens_user_memory_seldom),
		BENCH_TEST(table_is_read_in_groups),
		cmocka_unit_test(rings_of_every_size_wrap),
		BENCH_TEST(lone_descriptors_may_change_regions),
		BENCH_TEST(want_of_segments_stops_before_a_chain),
		BENCH_TEST(lone_descriptors_stop_at_the_last_segment),
		BENCH_TEST(want_of_segments_for_the_first_chain_is_an_error),
		BENCH_TEST(unpulled_chains_come_again),
		BENCH_TEST(push_shows_all_or_nothing),
		cmocka_unit_test(push_of_a_whole_large_ring),
		BENCH_TEST(other_byte_order_is_served),
		BENCH_TEST(start_goes_on_where_the_guest_is),
		BENCH_TEST(skipping_the_last_stands_for_all),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
