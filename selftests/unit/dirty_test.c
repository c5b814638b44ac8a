// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration bitmap: which bits a write sets, where they stand, what a bitmap that is not there
 * comes to; and whether a ring says all of what it writes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dirty.h"
#include "naive.h"
#include "packdrv.h"
#include "taken.h"

#define BITMAP	4096		/* where it begins in the arena, as a rule */
#define BYTES	8192		/* of it */
#define PAGES	(BYTES * 8ull)
#define ROOM	(64u << 10)	/* of the arena */

#define REGIONS	12

static union {
	struct vhx_memtbl mt;
	__u8 room[sizeof(struct vhx_memtbl) + REGIONS * sizeof(struct vhx_region)];
} memory;

static bool want[PAGES];

static int setup(void **state)
{
	(void)state;
	arena_open(ROOM);
	memset(arena.mem, 0, ROOM);
	memset(want, 0, sizeof(want));
	memory.mt.n = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close();
	return 0;
}

static bool bit_set(size_t base, __u64 page)
{
	return arena.mem[base + page / 8] >> (page % 8) & 1;
}

/* Bytes of the arena that are not 0, outside the bitmap. */
static __u32 stray(size_t base)
{
	__u32 i, n = 0;

	for (i = 0; i < ROOM; i++)
		n += (i < base || i >= base + BYTES) && arena.mem[i];
	return n;
}

static int log_gpa(size_t base, __u64 gpa, __u64 len)
{
	struct vhx_dirty d;
	int rc;

	vhx_dirty_begin(&d, arena_addr(base), NULL);
	rc = vhx_dirty_gpa(&d, gpa, len);
	return rc ?: vhx_dirty_end(&d);
}

static void assert_only(size_t base, __u64 first, __u64 last)
{
	__u64 i;

	for (i = 0; i < PAGES; i++)
		assert_int_equal(bit_set(base, i), i >= first && i <= last);
	assert_int_equal(stray(base), 0);
}

static void write_marks_the_pages_it_touches(void **state)
{
	static const struct { __u64 gpa, len, first, last; } t[] = {
		{ 0, 1, 0, 0 }, { 0, 4096, 0, 0 }, { 0, 4097, 0, 1 }, { 4095, 1, 0, 0 },
		{ 4095, 2, 0, 1 }, { 4096, 1, 1, 1 }, { 31 * 4096, 8192, 31, 32 },
		{ 7 * 4096 + 4095, 2, 7, 8 }, { 0, 32 * 4096, 0, 31 }, { 0, 64 * 4096 + 1, 0, 64 },
		{ 100, PAGES * 4096 - 100, 0, PAGES - 1 }, { PAGES * 4096 - 1, 1, PAGES - 1, PAGES - 1 },
	};
	__u32 i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(arena.mem, 0, ROOM);
		assert_int_equal(log_gpa(BITMAP, t[i].gpa, t[i].len), 0);
		assert_only(BITMAP, t[i].first, t[i].last);
	}
}

static void write_of_no_byte_marks_nothing(void **state)
{
	(void)state;
	arena_forget();
	assert_int_equal(log_gpa(BITMAP, 4096, 0), 0);
	assert_int_equal(log_gpa(BITMAP, 0, 0), 0);
	assert_int_equal(log_gpa(BITMAP, ~0ull, 0), 0);
	assert_int_equal(arena.accesses, 0);
}

/* A VMM may put it anywhere: words then are not the bitmap's own. */
static void bitmap_begins_at_any_byte(void **state)
{
	__u32 at, page;

	(void)state;
	for (at = 0; at < 8; at++)
		for (page = 0; page < 80; page++) {
			memset(arena.mem, 0, ROOM);
			assert_int_equal(log_gpa(BITMAP + at, page * 4096ull, 3 * 4096), 0);
			assert_only(BITMAP + at, page, page + 2);
		}
}

static void bits_of_others_stay(void **state)
{
	(void)state;
	memset(arena.mem, 0xa5, ROOM);
	assert_int_equal(log_gpa(BITMAP, 8 * 4096, 8 * 4096), 0);
	assert_int_equal(arena.mem[BITMAP], 0xa5);
	assert_int_equal(arena.mem[BITMAP + 1], 0xff);
	assert_int_equal(arena.mem[BITMAP + 2], 0xa5);
	assert_int_equal(arena.mem[BITMAP + 3], 0xa5);
}

static void pages_are_counted_once(void **state)
{
	struct vhx_dirty d;

	(void)state;
	vhx_dirty_begin(&d, arena_addr(BITMAP), NULL);
	assert_int_equal(vhx_dirty_gpa(&d, 0, 40 * 4096), 0);
	assert_int_equal(vhx_dirty_gpa(&d, 39 * 4096, 2 * 4096), 0);
	assert_int_equal(vhx_dirty_gpa(&d, 0, 1), 0);
	assert_int_equal(vhx_dirty_end(&d), 0);
	assert_int_equal(d.pages, 41);
}

/* A bit set already is left alone: no line of the bitmap goes from CPU to CPU for it. */
static void bit_that_is_set_is_not_written(void **state)
{
	__u32 i;

	(void)state;
	assert_int_equal(log_gpa(BITMAP, 5 * 4096, 1), 0);
	arena_forget();
	assert_int_equal(log_gpa(BITMAP, 5 * 4096, 1), 0);
	assert_true(arena.events > 0);
	for (i = 0; i < arena.events; i++)
		assert_int_not_equal(arena.event[i].op, 'W');
}

static void neighbours_go_in_one_word(void **state)
{
	struct vhx_dirty d;
	__u32 i, writes = 0;

	(void)state;
	arena_forget();
	vhx_dirty_begin(&d, arena_addr(BITMAP), NULL);
	for (i = 0; i < 32; i++)
		assert_int_equal(vhx_dirty_gpa(&d, i * 4096ull, 2048), 0);
	assert_int_equal(vhx_dirty_end(&d), 0);
	for (i = 0; i < arena.events; i++)
		writes += arena.event[i].op == 'W';
	assert_int_equal(writes, 1);
}

/* Else the bit could be cleared, and the page copied, before the page is written. */
static void pages_are_out_before_bits_are_looked_at(void **state)
{
	(void)state;
	arena_forget();
	assert_int_equal(log_gpa(BITMAP, 4096, 4096), 0);
	assert_true(arena.events >= 2);
	assert_int_equal(arena.event[0].op, 'M');
}

static void bitmap_that_is_not_there(void **state)
{
	(void)state;
	arena_protect(BITMAP, 4096, ARENA_RO);
	assert_int_equal(log_gpa(BITMAP, 0, 1), -EFAULT);
	/* Other pages of it are good. */
	assert_int_equal(log_gpa(BITMAP, 4096ull * 8 * 4096, 1), 0);
	/* Up to where it ends all is marked. */
	arena_protect(BITMAP, 4096, ARENA_RW);
	arena_protect(BITMAP + 4096, 4096, ARENA_NONE);
	assert_int_equal(log_gpa(BITMAP, 4096ull * (8 * 4096 - 2), 3 * 4096), -EFAULT);
	assert_true(bit_set(BITMAP, 8 * 4096 - 1));
	assert_int_equal(log_gpa(ROOM - 1, 32 << 15, 1), -EFAULT);
}

static void bitmap_that_wraps(void **state)
{
	struct vhx_dirty d;

	(void)state;
	vhx_dirty_begin(&d, ~0ull - 100, NULL);
	assert_int_equal(vhx_dirty_gpa(&d, ~0ull - 4095, 4096), -EFAULT);
	vhx_dirty_begin(&d, arena_addr(BITMAP), NULL);
	assert_int_equal(vhx_dirty_gpa(&d, ~0ull, 2), -EFAULT);
	assert_int_equal(stray(0), 0);
}

static void span_is_what_bits_need(void **state)
{
	struct vhx_seg s;

	(void)state;
	assert_true(vhx_dirty_span(1000, 0, 1, &s));
	assert_true(s.addr == 1000 && s.len == 1);
	assert_true(vhx_dirty_span(1000, 0, 32768, &s));
	assert_true(s.addr == 1000 && s.len == 1);
	assert_true(vhx_dirty_span(1000, 32767, 2, &s));
	assert_true(s.addr == 1000 && s.len == 2);
	assert_true(vhx_dirty_span(1000, 32768, 1, &s));
	assert_true(s.addr == 1001 && s.len == 1);
	assert_true(vhx_dirty_span(0, 0, ~0ull, &s));
	assert_true(s.addr == 0 && s.len == 1ull << 49);
	assert_true(vhx_dirty_span(~0ull, 0, 32768, &s));
	assert_false(vhx_dirty_span(~0ull, 0, 32769, &s));
	assert_false(vhx_dirty_span(~0ull, 32768, 1, &s));
	assert_false(vhx_dirty_span(0, ~0ull, 2, &s));
}

static void memory_at_several_addresses_is_marked_at_all(void **state)
{
	struct vhx_memtbl *mt = &memory.mt;
	struct vhx_dirty d;
	__u64 i;

	(void)state;
	assert_int_equal(vhx_memtbl_add(mt, 0, 0x4000, 0x700000), 0);
	assert_int_equal(vhx_memtbl_add(mt, 0x10000, 0x4000, 0x700000), 0);
	assert_int_equal(vhx_memtbl_add(mt, 0x20000, 0x1000, 0x701000), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	vhx_dirty_begin(&d, arena_addr(BITMAP), mt);
	assert_int_equal(vhx_dirty_uaddr(&d, 0x700fff, 2), 0);
	assert_int_equal(vhx_dirty_end(&d), 0);
	for (i = 0; i < PAGES; i++)
		assert_int_equal(bit_set(BITMAP, i), i == 0 || i == 1 || i == 0x10 || i == 0x11 ||
						     i == 0x20);
	/* Nobody's memory. */
	vhx_dirty_begin(&d, arena_addr(BITMAP), mt);
	assert_int_equal(vhx_dirty_uaddr(&d, 0x704000, 1), 0);
	assert_int_equal(vhx_dirty_uaddr(&d, 0x6fffff, 1), 0);
	assert_int_equal(vhx_dirty_uaddr(&d, ~0ull, 2), -EFAULT);
	assert_int_equal(vhx_dirty_end(&d), 0);
	assert_int_equal(d.pages, 0);
}

static void region_at_the_end_of_addresses(void **state)
{
	struct vhx_memtbl *mt = &memory.mt;
	struct vhx_dirty d;

	(void)state;
	assert_int_equal(vhx_memtbl_add(mt, 0x3000, 0x2000, ~0ull - 0x1fff), 0);
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	vhx_dirty_begin(&d, arena_addr(BITMAP), mt);
	assert_int_equal(vhx_dirty_uaddr(&d, ~0ull, 1), 0);
	assert_int_equal(vhx_dirty_end(&d), 0);
	assert_only(BITMAP, 4, 4);
}

/* ---- against looking at every byte's page, in every region ---- */

static void naive_mark(__u64 addr, __u64 len)
{
	__u64 i;
	__u32 k;

	for (i = 0; i < len; i++)
		for (k = 0; k < memory.mt.n; k++) {
			const struct vhx_region *rg = &memory.mt.region[k];

			if (addr + i >= rg->uaddr && addr + i - rg->uaddr <= rg->last - rg->gpa)
				want[(rg->gpa + (addr + i - rg->uaddr)) / 4096] = true;
		}
}

#define USER	0x10000000ull
#define SPAN	0x40000u	/* user addresses the regions are about */

static void random_aliases(void)
{
	__u32 k, n = 1 + naive_below(REGIONS);
	__u64 gpa = naive_below(8192);

	memory.mt.n = 0;
	for (k = 0; k < n; k++) {
		__u64 size = 1 + naive_below(0x8000);

		assert_int_equal(vhx_memtbl_add(&memory.mt, gpa, size,
						USER + naive_below(SPAN)), 0);
		gpa += size + (naive_once_in(2) ? 0 : naive_below(0x8000));
	}
	assert_int_equal(vhx_memtbl_seal(&memory.mt), 0);
}

static void any_writes_mark_what_they_should(void **state)
{
	__u32 round, k;
	__u64 i;

	(void)state;
	for (round = 0; round < 200; round++) {
		size_t base = BITMAP + naive_below(64);
		struct vhx_dirty d;

		memset(arena.mem, 0, ROOM);
		memset(want, 0, sizeof(want));
		random_aliases();
		vhx_dirty_begin(&d, arena_addr(base), &memory.mt);
		for (k = naive_below(20); k; k--) {
			__u64 addr = USER + naive_below(SPAN + 0x8000);
			__u64 len = naive_below(naive_once_in(3) ? 0x6000 : 70);

			naive_mark(addr, len);
			assert_int_equal(vhx_dirty_uaddr(&d, addr, len), 0);
		}
		assert_int_equal(vhx_dirty_end(&d), 0);
		for (i = 0; i < PAGES; i++)
			assert_int_equal(bit_set(base, i), want[i]);
		assert_int_equal(stray(base), 0);
	}
}

/* ---- what a ring says it wrote, and what it wrote ---- */

static bool inside(const struct vhx_seg *place, int n, __u64 addr)
{
	for (; n; n--, place++)
		if (addr >= place->addr && addr - place->addr < place->len)
			return true;
	return false;
}

static bool written(__u64 addr)
{
	__u32 i;

	for (i = 0; i < arena.events; i++) {
		const struct arena_event *ev = &arena.event[i];

		if (ev->op == 'W' && addr >= arena_addr(ev->off) &&
		    addr - arena_addr(ev->off) < ev->len)
			return true;
	}
	return false;
}

static void assert_all_told(const struct vhx_seg *place, int n)
{
	__u32 i, k;
	int p;

	assert_true(arena.events < ARENA_EVENTS);
	for (i = 0; i < arena.events; i++)
		for (k = 0; arena.event[i].op == 'W' && k < arena.event[i].len; k++)
			assert_true(inside(place, n, arena_addr(arena.event[i].off) + k));
	for (p = 0; p < n; p++)
		for (k = 0; k < place[p].len; k++)
			assert_true(written(place[p].addr + k));
}

static void push_tells_what_it_wrote(void **state)
{
	struct bench *b = *state;
	struct vhx_seg place[VHX_DIRTY_PLACES];
	struct vhx_done done[BENCH_NUM];
	__u32 round, n, i;

	for (round = 0; round < 2000; round++) {
		__u16 from = b->d.ring.last_used;

		n = 1 + naive_below(BENCH_NUM);
		for (i = 0; i < n; i++)
			done[i] = (struct vhx_done){ .id = i, .ndesc = 1, .len = i };
		arena_forget();
		assert_int_equal(vhx_ring_push(&b->d.ring, done, n), 0);
		assert_all_told(place, vhx_dirty_pushed(&b->d.ring, from, place));
	}
}

/* The entry that stands for a batch is all that is written of it. */
static void skipping_push_tells_what_it_wrote(void **state)
{
	struct bench *b = *state;
	struct vhx_seg place[VHX_DIRTY_PLACES];
	struct vhx_done done[BENCH_NUM];
	__u32 round, n, i;

	b->d.ring.skip = true;
	for (round = 0; round < 500; round++) {
		__u16 from = b->d.ring.last_used;

		n = 1 + naive_below(BENCH_NUM);
		for (i = 0; i < n; i++)
			done[i] = (struct vhx_done){ .id = i, .ndesc = 1 };
		arena_forget();
		assert_int_equal(vhx_ring_push(&b->d.ring, done, n), 0);
		assert_all_told(place, vhx_dirty_pushed(&b->d.ring, from, place));
	}
}

static void wish_tells_what_it_wrote(void **state)
{
	struct bench *b = *state;
	struct vhx_seg place;
	int i;

	for (i = 0; i < 2; i++) {
		b->d.event_idx = i;
		mockdrv_restart(&b->d, BENCH_BASE);
		arena_forget();
		assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
		if (!i)
			assert_all_told(&place, vhx_dirty_wished(&b->d.ring, &place));
		arena_forget();
		assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
		assert_all_told(&place, vhx_dirty_wished(&b->d.ring, &place));
	}
}

/* ---- the same of a packed ring ---- */

#define PACK_NUM	13	/* no power of two */

/* What was written of a descriptor is length, id and flags: the page of the rest is the same. */
static void assert_descs_told(const struct vhx_ring *r, const struct vhx_seg *place, int n)
{
	__u32 i;
	int p;

	assert_true(arena.events < ARENA_EVENTS);
	for (i = 0; i < arena.events; i++)
		if (arena.event[i].op == 'W')
			assert_true(inside(place, n, arena_addr(arena.event[i].off)));
	for (p = 0; p < n; p++)
		for (i = 0; i < place[p].len; i += sizeof(struct vhx_desc)) {
			assert_int_equal((place[p].addr + i - r->desc) % sizeof(struct vhx_desc), 0);
			assert_true(written(place[p].addr + i + 8));
		}
}

static void packed_round(struct packdrv *p, bool skip)
{
	struct vhx_seg place[VHX_DIRTY_PLACES];
	struct vhx_ring *r = &p->d.ring;
	struct vhx_done done[PACK_NUM];
	__u16 from = r->last_used;
	static struct taken t;
	__u32 i, n = 1 + naive_below(PACK_NUM);

	packdrv_lone(p, 0, n);
	assert_int_equal(take(&p->d, &t, n), 0);
	assert_int_equal(t.p.nchain, n);
	for (i = 0; i < n; i++)
		done[i] = (struct vhx_done){ .id = t.chain[i].id, .ndesc = 1 };
	r->skip = skip;
	arena_forget();
	assert_int_equal(vhx_ring_push(r, done, n), 0);
	assert_descs_told(r, place, vhx_dirty_pushed(r, from, place));
}

static void packed_push_tells_what_it_wrote(void **state)
{
	static struct packdrv p;
	__u32 round;

	(void)state;
	packdrv_open(&p, PACK_NUM, PACK_START);
	for (round = 0; round < 2000; round++)
		packed_round(&p, round & 1);
	packdrv_close(&p);
}

static void packed_wish_tells_what_it_wrote(void **state)
{
	static struct packdrv p;
	struct vhx_seg place;
	int i;

	(void)state;
	packdrv_open(&p, PACK_NUM, PACK_START);
	for (i = 0; i < 2; i++) {
		p.d.event_idx = i;
		arena_forget();
		packdrv_restart(&p, PACK_START);
		assert_int_equal(vhx_dirty_started(&p.d.ring, &place), 1);
		assert_int_equal(place.addr, p.d.ring.used);
		assert_int_equal(place.len, 4);
		arena_forget();
		assert_int_equal(vhx_ring_kick_off(&p.d.ring), 0);
		assert_int_equal(vhx_ring_kick_on(&p.d.ring), 0);
		assert_all_told(&place, vhx_dirty_wished(&p.d.ring, &place));
	}
	packdrv_close(&p);
}

static void start_tells_what_it_wrote(void **state)
{
	struct bench *b = *state;
	struct vhx_seg place;

	arena_forget();
	assert_int_equal(vhx_ring_start(&b->d.ring), 0);
	assert_all_told(&place, vhx_dirty_started(&b->d.ring, &place));
}

#define DIRTY_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIRTY_TEST(write_marks_the_pages_it_touches),
		DIRTY_TEST(write_of_no_byte_marks_nothing),
		DIRTY_TEST(bitmap_begins_at_any_byte),
		DIRTY_TEST(bits_of_others_stay),
		DIRTY_TEST(pages_are_counted_once),
		DIRTY_TEST(bit_that_is_set_is_not_written),
		DIRTY_TEST(neighbours_go_in_one_word),
		DIRTY_TEST(pages_are_out_before_bits_are_looked_at),
		DIRTY_TEST(bitmap_that_is_not_there),
		DIRTY_TEST(bitmap_that_wraps),
		DIRTY_TEST(span_is_what_bits_need),
		DIRTY_TEST(memory_at_several_addresses_is_marked_at_all),
		DIRTY_TEST(region_at_the_end_of_addresses),
		DIRTY_TEST(any_writes_mark_what_they_should),
		BENCH_TEST(push_tells_what_it_wrote),
		BENCH_TEST(skipping_push_tells_what_it_wrote),
		BENCH_TEST(wish_tells_what_it_wrote),
		BENCH_TEST(start_tells_what_it_wrote),
		cmocka_unit_test(packed_push_tells_what_it_wrote),
		cmocka_unit_test(packed_wish_tells_what_it_wrote),
	};

	naive_seed();
	return cmocka_run_group_tests_name("dirty", tests, NULL, NULL);
}
