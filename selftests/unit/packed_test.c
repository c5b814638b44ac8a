// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packed rings with a driver that does what it should: what is pulled, what is given back, and
 * when either side is told.
 */
#include <errno.h>
#include <string.h>

#include "packdrv.h"
#include "taken.h"

struct pbench {
	struct packdrv p;
	struct taken t;
};

#define PB_NUM	11			/* no power of two */

static int setup(void **state)
{
	static struct pbench b;

	packdrv_open(&b.p, PB_NUM, PACK_START);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct pbench *b = *state;

	packdrv_close(&b->p);
	return 0;
}

static void push(struct pbench *b, const struct vhx_chain *c, __u32 n, __u32 len)
{
	struct vhx_done done[VHX_PULL_MAX];
	__u32 i;

	for (i = 0; i < n; i++)
		done[i] = (struct vhx_done) { .id = c[i].id, .ndesc = c[i].ndesc, .len = len };
	assert_int_equal(vhx_ring_push(&b->p.d.ring, done, n), 0);
}

static void pull(struct pbench *b, __u32 max, __u32 want)
{
	assert_int_equal(take(&b->p.d, &b->t, max), 0);
	assert_int_equal(b->t.p.nchain, want);
}

static void expect_used(struct pbench *b, __u16 want, __u32 want_len)
{
	__u16 id;
	__u32 len;

	assert_true(packdrv_reap(&b->p, &id, &len));
	assert_int_equal(id, want);
	assert_int_equal(len, want_len);
}

static void expect_none(struct pbench *b)
{
	assert_false(packdrv_is_used(&b->p, b->p.used));
}

/* Move both sides on by @n descriptors. */
static void advance(struct pbench *b, __u32 n)
{
	for (; n; n--) {
		packdrv_lone(&b->p, 0, 1);
		pull(b, 1, 1);
		push(b, b->t.chain, 1, 0);
		expect_used(b, 0, 0);
	}
}

static void sizes_are_those_of_the_specification(void **state)
{
	struct vhx_ring r = { .num = 3, .packed = true, .event_idx = true };

	(void)state;
	assert_int_equal(vhx_ring_desc_size(&r), 48);
	assert_int_equal(vhx_ring_avail_size(&r), 4);
	assert_int_equal(vhx_ring_used_size(&r), 4);
	r.num = VHX_RING_MAX;
	assert_int_equal(vhx_ring_desc_size(&r), 16 * VHX_RING_MAX);
}

static void start_refuses_what_is_no_packed_ring(void **state)
{
	struct pbench *b = *state;
	const struct vhx_ring good = b->p.d.ring;
	struct vhx_ring r;

#define REFUSED(field, value) do { \
	r = good; r.field = (value); \
	assert_int_equal(vhx_ring_start(&r), -EINVAL); } while (0)
	REFUSED(num, 0);
	REFUSED(num, VHX_RING_MAX + 1);
	REFUSED(desc, good.desc + 8);
	REFUSED(avail, good.avail + 2);
	REFUSED(used, good.used + 1);
	REFUSED(last_avail, PACK_START | PB_NUM);
	REFUSED(last_used, PB_NUM);
	/* More than a lap apart: no device has as many buffers. */
	REFUSED(last_used, PACK_START | 1);
	REFUSED(last_avail, 1);
	r = good;
	r.last_avail = PACK_START | 4;
	assert_int_equal(vhx_ring_start(&r), 0);
	assert_int_equal(r.inuse, 4);
	r.packed = false;
	assert_int_equal(vhx_ring_start(&r), -EINVAL);	/* 11 is no power of two */
}

static void what_is_posted_is_pulled_and_comes_back(void **state)
{
	struct pbench *b = *state;
	__u32 lap, i;

	pull(b, 64, 0);
	for (lap = 0; lap < 100; lap++) {
		packdrv_lone(&b->p, 0, 7);
		assert_int_equal(vhx_ring_pending(&b->p.d.ring), 7);
		/* At the ring's end and with what is there, whichever comes first. */
		pull(b, 64, 7);
		for (i = 0; i < 7; i++) {
			assert_int_equal(b->t.chain[i].id, i);
			assert_int_equal(b->t.chain[i].ndesc, 1);
			assert_int_equal(b->t.chain[i].out_len, 64);
			assert_int_equal(b->t.seg[i].addr, MOCK_FAR_UADDR + i * 4096);
		}
		assert_int_equal(b->t.p.ndesc, 7);
		pull(b, 64, 0);
		push(b, b->t.chain, 0, 0);
		expect_none(b);
		pull(b, 64, 0);
		/* The last one's place is where the first went. */
		push(b, (struct vhx_chain[]) { { .id = 4, .ndesc = 1 }, { .id = 2, .ndesc = 1 } },
		     2, 0);
		expect_used(b, 4, 0);
		expect_used(b, 2, 0);
		expect_none(b);
		for (i = 0; i < 7; i++)
			if (i != 4 && i != 2)
				push(b, &(struct vhx_chain) { .id = i, .ndesc = 1 }, 1, 5 + i);
		for (i = 0; i < 7; i++)
			if (i != 4 && i != 2)
				expect_used(b, i, 5 + i);
		expect_none(b);
	}
}

static void a_full_ring_is_pulled_once(void **state)
{
	struct pbench *b = *state;

	advance(b, 5);
	packdrv_lone(&b->p, 0, PB_NUM);
	pull(b, 64, PB_NUM);
	pull(b, 64, 0);
	assert_int_equal(vhx_ring_pending(&b->p.d.ring), 0);
	assert_int_equal(vhx_ring_kick_on(&b->p.d.ring), 0);
}

static const struct mockbuf three[] = {
	{ MOCK_FAR, 10, false }, { MOCK_FAR + 0x1000, 20, true }, { MOCK_FAR + 0x2000, 30, true },
};

static void expect_three(struct pbench *b, __u32 i, __u16 id, __u16 ndesc)
{
	const struct vhx_chain *c = &b->t.chain[i];

	assert_int_equal(c->id, id);
	assert_int_equal(c->ndesc, ndesc);
	assert_int_equal(c->nout, 1);
	assert_int_equal(c->nin, 2);
	assert_int_equal(c->out_len, 10);
	assert_int_equal(c->in_len, 50);
	assert_int_equal(b->t.seg[c->seg + 2].addr, MOCK_FAR_UADDR + 0x2000);
}

static void chains_go_round_the_end_and_out_of_order(void **state)
{
	struct pbench *b = *state;
	__u32 lap;

	for (lap = 0; lap < 60; lap++) {
		packdrv_chain(&b->p, 7, 0, three, 3);
		packdrv_lone(&b->p, 3, 1);
		packdrv_chain(&b->p, 9, 0, three, 3);
		pull(b, 64, 3);
		expect_three(b, 0, 7, 3);
		assert_int_equal(b->t.chain[1].id, 3);
		expect_three(b, 2, 9, 3);

		push(b, &b->t.chain[2], 1, 12);
		push(b, &b->t.chain[0], 2, 34);
		expect_used(b, 9, 12);
		expect_used(b, 7, 34);
		expect_used(b, 3, 34);
		expect_none(b);
	}
}

static void tables_are_rows(void **state)
{
	struct pbench *b = *state;

	packdrv_chain(&b->p, 5, MOCK_TABLES, three, 3);
	packdrv_lone(&b->p, 1, 1);
	/* An entry's other flags and its id mean nothing. */
	mockdrv_entry(&b->p.d, MOCK_TABLES, 1, three[1].gpa, three[1].len, 0xffff,
		      VHX_DESC_F_WRITE | VHX_DESC_F_NEXT | VHX_DESC_F_INDIRECT | 0x80f8);
	pull(b, 64, 2);
	expect_three(b, 0, 5, 1);
	assert_int_equal(b->t.p.ndesc, 5);
	push(b, b->t.chain, 2, 0);
	expect_used(b, 5, 0);
	expect_used(b, 1, 0);
}

/* As DPDK's driver leaves them. A descriptor of the ring still says what it is. */
/* Raw, segments are what the guest wrote; only tables are looked up. */
static void raw_segments_are_the_guests(void **state)
{
	const struct mockbuf here[] = { { MOCK_FAR, 16, false }, { MOCK_FAR + 4096, 100, true } };
	const struct mockbuf nowhere[] = { { 0x77, 60, false }, { ~0ull - 9, 10, true } };
	struct pbench *b = *state;

	packdrv_chain(&b->p, 1, MOCK_TABLES, here, 2);
	packdrv_chain(&b->p, 2, 0, nowhere, 2);
	packdrv_chain(&b->p, 3, 0, nowhere, 1);
	assert_int_equal(take_raw(&b->p.d, &b->t, 64), 0);
	assert_int_equal(b->t.p.nchain, 3);
	assert_int_equal(b->t.p.nseg, 5);
	assert_true(b->t.seg[0].addr == MOCK_FAR);
	assert_true(b->t.seg[1].addr == MOCK_FAR + 4096);
	assert_true(b->t.seg[2].addr == 0x77);
	assert_true(b->t.seg[3].addr == ~0ull - 9);
	assert_true(b->t.seg[4].addr == 0x77);
}

static void tables_of_what_is_only_read(void **state)
{
	static const struct mockbuf buf[] = {
		{ MOCK_FAR, 12, true }, { MOCK_FAR + 4096, 60, false }, { MOCK_FAR + 8192, 7, true },
	};
	struct pbench *b = *state;

	b->p.d.out_only = true;
	packdrv_restart(&b->p, PACK_START);
	packdrv_chain(&b->p, 5, MOCK_TABLES, buf, 3);
	packdrv_chain(&b->p, 6, 0, buf, 1);
	pull(b, 64, 2);
	assert_int_equal(b->t.chain[0].nout, 3);
	assert_int_equal(b->t.chain[0].out_len, 79);
	assert_int_equal(b->t.chain[0].nin, 0);
	assert_int_equal(b->t.chain[1].nout, 0);
	assert_int_equal(b->t.chain[1].nin, 1);
}

static void a_table_as_long_as_may_be(void **state)
{
	static struct mockbuf buf[VHX_CHAIN_MAX];
	struct pbench *b = *state;
	__u32 i;

	for (i = 0; i < VHX_CHAIN_MAX; i++)
		buf[i] = (struct mockbuf) { MOCK_FAR + i * 64, 1, i > 500 };
	packdrv_chain(&b->p, 2, MOCK_TABLES, buf, VHX_CHAIN_MAX);
	pull(b, 64, 1);
	assert_int_equal(b->t.chain[0].nout, 501);
	assert_int_equal(b->t.chain[0].nin, VHX_CHAIN_MAX - 501);
}

static void unpulled_chains_are_pulled_again(void **state)
{
	struct pbench *b = *state;
	__u32 lap;

	for (lap = 0; lap < 30; lap++) {
		packdrv_lone(&b->p, 0, 2);
		packdrv_chain(&b->p, 7, 0, three, 3);
		packdrv_lone(&b->p, 3, 1);
		pull(b, 64, 4);
		vhx_ring_unpull(&b->p.d.ring, b->t.chain + 1, 3);
		assert_int_equal(vhx_ring_known(&b->p.d.ring), 5);
		assert_int_equal(vhx_ring_pending(&b->p.d.ring), 5);
		push(b, b->t.chain, 1, 0);
		expect_used(b, 0, 0);
		pull(b, 2, 2);
		assert_int_equal(vhx_ring_known(&b->p.d.ring), 1);
		assert_int_equal(b->t.chain[0].id, 1);
		expect_three(b, 1, 7, 3);
		push(b, b->t.chain, 2, 0);
		pull(b, 64, 1);
		push(b, b->t.chain, 1, 0);
		expect_used(b, 1, 0);
		expect_used(b, 7, 0);
		expect_used(b, 3, 0);
		assert_int_equal(b->p.d.ring.inuse, 0);
	}
}

static int find_event(char op, __u32 off, int from)
{
	__u32 i;

	for (i = from; i < arena.events; i++)
		if (arena.event[i].op == op && (op == 'w' || op == 'r' || op == 'M' ||
						arena.event[i].off == off))
			return (int)i;
	return -1;
}

static void the_rest_is_read_after_the_flags(void **state)
{
	struct pbench *b = *state;
	int flags, fence;

	packdrv_lone(&b->p, 0, 1);
	arena_forget();
	pull(b, 1, 1);
	flags = find_event('R', 12, 0);
	fence = find_event('r', 0, flags);
	assert_true(flags >= 0 && fence > flags);
	assert_true(find_event('R', 0, 0) > fence);
	assert_true(find_event('R', 8, 0) > fence);
}

static void a_batch_shows_all_at_once(void **state)
{
	struct pbench *b = *state;
	int fence, i;

	advance(b, 9);
	packdrv_lone(&b->p, 0, 2);
	packdrv_chain(&b->p, 7, 0, three, 3);
	packdrv_lone(&b->p, 4, 2);
	pull(b, 64, 5);
	arena_forget();
	push(b, b->t.chain, 5, 8);
	fence = find_event('w', 0, 0);
	assert_true(fence >= 0);
	/* After the barrier the flags of the first, and nothing else. */
	assert_int_equal(arena.events, fence + 2);
	assert_int_equal(arena.event[fence + 1].op, 'W');
	assert_int_equal(arena.event[fence + 1].off, 9 * 16 + 14);
	for (i = 0; i < fence; i++)
		assert_true(arena.event[i].off + arena.event[i].len <= 9 * 16 + 14 ||
			    arena.event[i].off >= 10 * 16);
}

static void crossings_a_batch(void **state)
{
	struct pbench *b = *state;
	__u64 was;

	packdrv_lone(&b->p, 0, 8);
	was = arena.windows;
	pull(b, 64, 8);
	assert_int_equal(arena.windows - was, 1);
	was = arena.windows;
	push(b, b->t.chain, 8, 0);
	assert_int_equal(arena.windows - was, 2);
}

static void skipping_the_last_stands_for_all(void **state)
{
	struct pbench *b = *state;
	__u32 lap;

	for (lap = 0; lap < 50; lap++) {
		__u16 first = b->p.used;

		b->p.d.ring.skip = true;
		packdrv_lone(&b->p, 0, 2);
		packdrv_chain(&b->p, 2, 0, three, 3);
		packdrv_lone(&b->p, 6, 1);
		pull(b, 64, 4);
		arena_forget();
		push(b, b->t.chain, 4, 0);
		assert_int_equal(arena.events, 4);	/* of one descriptor */
		/* The driver goes by what it posted: 6 is the last, so all are back. */
		assert_true(packdrv_is_used(&b->p, first));
		assert_int_equal(arena.mem[(first & 0x7fff) * 16 + 12], 6);
		b->p.used = packdrv_after(&b->p, first, 6);
		assert_int_equal(b->p.d.ring.last_used, b->p.used);
		expect_none(b);
	}
}

/* ---- who is told when ---- */

static void calls_without_event_idx(void **state)
{
	struct pbench *b = *state;
	struct vhx_ring *r = &b->p.d.ring;

	r->event_idx = false;
	assert_int_equal(vhx_ring_want_call(r, false), 1);
	packdrv_event(&b->p, VHX_EVENT_F_DISABLE, 0);
	assert_int_equal(vhx_ring_want_call(r, true), 0);
	packdrv_event(&b->p, 0xfffc | VHX_EVENT_F_DISABLE, 0);	/* reserved bits */
	assert_int_equal(vhx_ring_want_call(r, false), 0);
	/* Not negotiated, reserved: better once too often. */
	packdrv_event(&b->p, VHX_EVENT_F_DESC, 5);
	assert_int_equal(vhx_ring_want_call(r, false), 1);
	packdrv_event(&b->p, VHX_EVENT_F_MASK, 0);
	assert_int_equal(vhx_ring_want_call(r, false), 1);
}

/* Push @n and see, for every place the guest can name, that it is told when that one is used. */
static void calls_from(struct pbench *b, __u32 start, __u32 n)
{
	__u32 event;

	for (event = 0; event < 2 * PB_NUM; event++) {
		__u16 at = packdrv_after(&b->p, PACK_START, event), pos;
		bool passed = false;
		__u32 i;

		packdrv_restart(&b->p, packdrv_after(&b->p, PACK_START, start));
		packdrv_event(&b->p, VHX_EVENT_F_DISABLE, 0);
		assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 0);
		packdrv_event(&b->p, VHX_EVENT_F_DESC, at);
		packdrv_lone(&b->p, 0, n);
		pull(b, 64, n);
		for (i = 0, pos = b->p.used; i < n; i++, pos = packdrv_after(&b->p, pos, 1))
			passed |= pos == at;
		push(b, b->t.chain, n, 0);
		assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), passed);
		assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 0);
	}
}

static void the_event_is_passed_or_not(void **state)
{
	struct pbench *b = *state;
	__u32 start, n;

	for (start = 0; start < 2 * PB_NUM; start++)
		for (n = 1; n <= PB_NUM; n++)
			calls_from(b, start, n);
}

static void the_event_may_be_nowhere(void **state)
{
	struct pbench *b = *state;

	assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 1);
	packdrv_event(&b->p, VHX_EVENT_F_DESC, PACK_START | PB_NUM);
	assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 1);
	packdrv_event(&b->p, VHX_EVENT_F_DESC, 0x7fff);
	assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 1);
}

/* Nobody asked for two laps: the distance is no longer known, so the guest is told. */
static void two_laps_without_a_question(void **state)
{
	struct pbench *b = *state;
	__u16 at = packdrv_after(&b->p, PACK_START, 3);

	packdrv_event(&b->p, VHX_EVENT_F_DESC, at);
	vhx_ring_want_call(&b->p.d.ring, false);
	advance(b, 2);
	assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 0);
	advance(b, 2 * PB_NUM - 1);
	assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 1);
	advance(b, 2 * PB_NUM);
	assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 1);
}

struct adder {
	struct packdrv *p;
	__u32 at;
	bool added;
	bool kicked;
};

static void add_one(struct adder *a)
{
	__u16 old = a->p->avail;

	packdrv_lone(a->p, 10, 1);
	a->added = true;
	a->kicked = packdrv_must_kick(a->p, old);
}

static void add_at_step(void *ctx, const struct arena_event *ev)
{
	struct adder *a = ctx;

	if (!a->added && !a->at--)
		add_one(a);
}

/* @known descriptors lie in the ring unread, of which the device knows. */
static void no_kick_is_lost(struct pbench *b, __u32 start, __u32 known, __u32 at)
{
	struct adder a = { .p = &b->p, .at = at };
	struct vhx_ring *r = &b->p.d.ring;
	int rc;

	packdrv_restart(&b->p, packdrv_after(&b->p, PACK_START, start));
	assert_int_equal(vhx_ring_kick_off(r), 0);
	packdrv_lone(&b->p, 0, 1 + known);
	assert_false(packdrv_must_kick(&b->p, PACK_START));
	pull(b, 64, 1 + known);
	vhx_ring_unpull(r, b->t.chain + 1, known);

	arena.before = add_at_step;
	arena.ctx = &a;
	rc = vhx_ring_kick_on(r);
	arena.before = NULL;
	if (!a.added) {
		assert_int_equal(rc, 0);
		add_one(&a);
		assert_true(a.kicked);
	}
	assert_true(rc == 1 || a.kicked);
	if (rc == 1) {
		assert_int_equal(vhx_ring_pending(r), known + 1);
		/* Told of once. */
		assert_int_equal(vhx_ring_kick_on(r), 0);
	}
	pull(b, 64, known + 1);
}

static void no_kick_is_lost_either_way(void **state)
{
	struct pbench *b = *state;
	__u32 start, known, at;

	for (b->p.d.event_idx = 0; ; b->p.d.event_idx = true) {
		for (start = 0; start < 2 * PB_NUM; start++)
			for (known = 0; known < 4; known++)
				for (at = 0; at < 6; at++)
					no_kick_is_lost(b, start, known, at);
		if (b->p.d.event_idx)
			break;
	}
}

static void r30_barriers(void **state)
{
	struct pbench *b = *state;
	int wish, fence;

	arena_forget();
	assert_int_equal(vhx_ring_kick_on(&b->p.d.ring), 0);
	wish = find_event('W', b->p.d.used, 0);
	fence = find_event('M', 0, wish);
	assert_true(wish >= 0 && fence > wish && find_event('R', 14, fence) > fence);

	packdrv_lone(&b->p, 0, 1);
	pull(b, 1, 1);
	arena_forget();
	push(b, b->t.chain, 1, 0);
	vhx_ring_want_call(&b->p.d.ring, false);
	fence = find_event('M', 0, 0);
	assert_true(fence > find_event('W', 14, 0));
	assert_true(find_event('R', b->p.d.avail, 0) > fence);
}

static void the_other_byte_order(void **state)
{
	struct pbench *b = *state;
	__u32 lap;

	b->p.d.swap = true;
	packdrv_restart(&b->p, PACK_START);
	for (lap = 0; lap < 30; lap++) {
		packdrv_chain(&b->p, 5, MOCK_TABLES, three, 3);
		packdrv_chain(&b->p, 7, 0, three, 3);
		packdrv_event(&b->p, VHX_EVENT_F_DESC, b->p.used);
		pull(b, 64, 2);
		expect_three(b, 0, 5, 1);
		expect_three(b, 1, 7, 3);
		push(b, b->t.chain, 2, 0x12345);
		assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 1);
		packdrv_event(&b->p, VHX_EVENT_F_DISABLE, 0);
		assert_int_equal(vhx_ring_want_call(&b->p.d.ring, false), 0);
		expect_used(b, 5, 0x12345);
		expect_used(b, 7, 0x12345);
		expect_none(b);
		assert_int_equal(vhx_ring_kick_on(&b->p.d.ring), 0);
		assert_true(packdrv_must_kick(&b->p, b->p.avail) == false);
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sizes_are_those_of_the_specification),
		TEST(start_refuses_what_is_no_packed_ring),
		TEST(what_is_posted_is_pulled_and_comes_back),
		TEST(a_full_ring_is_pulled_once),
		TEST(chains_go_round_the_end_and_out_of_order),
		TEST(tables_are_rows),
		TEST(raw_segments_are_the_guests),
		TEST(tables_of_what_is_only_read),
		TEST(a_table_as_long_as_may_be),
		TEST(unpulled_chains_are_pulled_again),
		TEST(the_rest_is_read_after_the_flags),
		TEST(a_batch_shows_all_at_once),
		TEST(crossings_a_batch),
		TEST(skipping_the_last_stands_for_all),
		TEST(calls_without_event_idx),
		TEST(the_event_is_passed_or_not),
		TEST(the_event_may_be_nowhere),
		TEST(two_laps_without_a_question),
		TEST(no_kick_is_lost_either_way),
		TEST(r30_barriers),
		TEST(the_other_byte_order),
	};

	return cmocka_run_group_tests_name("packed ring", tests, NULL, NULL);
}
