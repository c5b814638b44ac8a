// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packed rings at random, mostly sound and now and then broken, against the naive reading of the
 * specification in naive.c; and a driver with a device that complete in any order. A failure
 * prints the seed that repeats it: make check SEED=...
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "naive.h"
#include "packdrv.h"
#include "taken.h"

#define ROUNDS		3000
#define TABLES		4
#define ENTRIES		48

static __u64 random_address(void)
{
	switch (naive_below(40)) {
	case 0:
		return naive_random();
	case 1:
		return ~0ull - naive_below(100);
	case 2:
		return MOCK_FAR - naive_below(3);
	case 3 ... 5:
		return MOCK_GPA + naive_below(MOCK_ARENA);
	default:
		return MOCK_FAR + (naive_random() & 0x7fffffff);
	}
}

static __u32 random_length(void)
{
	switch (naive_below(30)) {
	case 0:
		return 0xffffffff - naive_below(3);
	case 1:
		return 0;
	default:
		return naive_below(5000);
	}
}

static __u16 random_flags(bool in)
{
	__u16 flags = in ? VHX_DESC_F_WRITE : 0;

	if (naive_once_in(3))
		flags |= VHX_DESC_F_NEXT;
	if (naive_once_in(60))
		flags ^= (__u16)naive_random();
	return flags;
}

static void random_table(struct packdrv *p, __u16 pos)
{
	__u32 at = MOCK_TABLES + 16 * naive_below(MOCK_TABLES / 16 - ENTRIES);
	__u32 i, n = 1 + naive_below(ENTRIES), turn = naive_below(n + 1), bytes = n * 16;
	__u16 flags = VHX_DESC_F_INDIRECT | packdrv_mark(pos);
	__u64 gpa = MOCK_GPA + at;

	for (i = 0; i < n; i++)
		mockdrv_entry(&p->d, at, i, random_address(), random_length(),
			      (__u16)naive_random(), random_flags(i >= turn));
	if (naive_once_in(40))
		flags |= naive_random() & 0x7f7f;
	if (naive_once_in(40))
		bytes ^= 1u << naive_below(4);
	if (naive_once_in(40))
		gpa = MOCK_FAR;
	packdrv_desc(p, pos, gpa, bytes, flags, naive_below(p->d.num));
}

static void random_ring(struct packdrv *p)
{
	__u32 n = naive_below(p->d.num + 1), i;
	__u16 pos = p->avail;

	for (i = 0; i < n; i++, pos = packdrv_after(p, pos, 1)) {
		__u16 flags = random_flags(naive_once_in(3)), id = naive_below(p->d.num);

		if (naive_once_in(10)) {
			random_table(p, pos);
			continue;
		}
		flags = (flags & 0x7f7f) | packdrv_mark(pos);
		if (naive_once_in(200))
			flags ^= 0x8080 & naive_random();
		if (naive_once_in(200))
			id = (__u16)naive_random();
		packdrv_desc(p, pos, random_address(), random_length(), flags, id);
	}
}

static void expect_same(const struct taken *t, const struct vhx_chain *c, const struct naive *n)
{
	__u32 i;

	assert_int_equal(n->rc, 0);
	assert_int_equal(c->id, n->id);
	assert_int_equal(c->ndesc, n->nring);
	assert_int_equal(c->nout, n->nseg[0]);
	assert_int_equal(c->nin, n->nseg[1]);
	assert_int_equal(c->out_len, n->len[0]);
	assert_int_equal(c->in_len, n->len[1]);
	for (i = 0; i < n->nseg[0] + n->nseg[1]; i++) {
		assert_int_equal(t->seg[c->seg + i].addr, n->seg[i].addr);
		assert_int_equal(t->seg[c->seg + i].len, n->seg[i].len);
	}
}

static __u16 places_on(const struct packdrv *p, __u16 pos, __u32 n)
{
	while (n--)
		pos = naive_after(&p->d, pos);
	return pos;
}

/* Pull what is there, in bites of any size. Every chain and the error must be the naive one's. */
static void compare(struct packdrv *p, struct taken *t)
{
	static struct naive n;
	__u16 pos = p->avail;
	__u32 i, total = 0;
	int rc;

	for (;;) {
		rc = take(&p->d, t, 1 + naive_below(80));
		for (i = 0; i < t->p.nchain; i++) {
			naive_packed(&p->d, pos, &n);
			expect_same(t, &t->chain[i], &n);
			pos = places_on(p, pos, n.nring);
			total += n.nring;
		}
		assert_int_equal(p->d.ring.last_avail, pos);
		assert_int_equal(p->d.ring.inuse, total);
		if (rc || !t->p.nchain)
			break;
		if (naive_once_in(3)) {
			__u32 back = naive_below(t->p.nchain + 1), from = t->p.nchain - back;

			vhx_ring_unpull(&p->d.ring, t->chain + from, back);
			for (i = from; i < t->p.nchain; i++)
				total -= t->chain[i].ndesc;
			pos = places_on(p, p->avail, total);
			assert_int_equal(p->d.ring.last_avail, pos);
		}
	}
	if (rc) {
		naive_packed(&p->d, pos, &n);
		assert_int_equal(rc, n.rc);
	} else {
		assert_true(total == p->d.num || !naive_posted(&p->d, pos));
	}
}

static void any_ring_is_read_as_the_specification_says(void **state)
{
	static struct packdrv p;
	struct taken t;
	__u32 round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		if (round % 100 == 0) {
			if (round)
				packdrv_close(&p);
			packdrv_open(&p, 1 + naive_below(200), PACK_START);
		}
		p.d.swap = naive_once_in(4);
		p.d.indirect = !naive_once_in(8);
		p.d.out_only = naive_once_in(8);
		packdrv_restart(&p, naive_below(2) << 15 | naive_below(p.d.num));
		random_ring(&p);
		compare(&p, &t);
	}
	packdrv_close(&p);
}

/* What the driver knows of one of its buffers. */
struct posted {
	bool out;
	__u32 len;
};

struct play {
	struct packdrv p;
	struct taken t;
	struct posted posted[256];
	struct vhx_done held[256];
	__u32 nheld;
	__u32 nposted;
	__u32 free;
	__u64 reaped;
	bool quiet;		/* the driver waits for a call */
	bool called;
	bool asleep;		/* the device waits for a kick */
	bool kicked;
};

static void play_post(struct play *y)
{
	static const struct mockbuf bufs[] = {
		{ MOCK_FAR, 1, false }, { MOCK_FAR, 2, false }, { MOCK_FAR, 3, false },
		{ MOCK_FAR, 4, true }, { MOCK_FAR, 5, true },
	};
	__u32 k = naive_below(20), n, need;
	__u16 old = y->p.avail;
	__u16 id;

	while (k--) {
		bool table = naive_once_in(4);

		n = naive_once_in(2) ? 1 : 1 + naive_below(5);
		need = table ? 1 : n;
		id = naive_below(y->p.d.num);
		if (y->free < need || y->posted[id].out)
			continue;
		packdrv_chain(&y->p, id, table ? MOCK_TABLES : 0, bufs, n);
		y->free -= need;
		y->posted[id] = (struct posted) { .out = true };
		y->nposted++;
	}
	if (old != y->p.avail && packdrv_must_kick(&y->p, old))
		y->kicked = true;
}

static void play_pull(struct play *y)
{
	__u32 i;
	int rc;

	if (y->asleep && !y->kicked)
		return;
	if (y->asleep)
		assert_int_equal(vhx_ring_kick_off(&y->p.d.ring), 0);
	y->asleep = y->kicked = false;
	assert_int_equal(take(&y->p.d, &y->t, 1 + naive_below(40)), 0);
	for (i = 0; i < y->t.p.nchain; i++) {
		const struct vhx_chain *c = &y->t.chain[i];
		__u32 at = naive_below(y->nheld + 1);

		assert_true(y->posted[c->id].out);
		y->posted[c->id].len = naive_below(2) * naive_below(1000);
		y->held[y->nheld++] = y->held[at];
		y->held[at] = (struct vhx_done) { c->id, c->ndesc, y->posted[c->id].len };
	}
	if (!y->t.p.nchain) {
		rc = vhx_ring_kick_on(&y->p.d.ring);
		assert_true(rc >= 0);
		y->asleep = !rc;
	}
}

static void play_push(struct play *y)
{
	__u32 n = naive_below(y->nheld + 1);

	assert_int_equal(vhx_ring_push(&y->p.d.ring, y->held, n), 0);
	memmove(y->held, y->held + n, (y->nheld - n) * sizeof(y->held[0]));
	y->nheld -= n;
	if (n && vhx_ring_want_call(&y->p.d.ring, false))
		y->called = true;
}

static void play_reap(struct play *y)
{
	__u16 id;
	__u32 len;

	while (packdrv_reap(&y->p, &id, &len)) {
		assert_true(y->posted[id].out);
		assert_int_equal(len, y->posted[id].len);
		y->posted[id].out = false;
		y->free += y->p.ndesc[id];
		y->nposted--;
		y->reaped++;
	}
	y->called = false;
	packdrv_event(&y->p, y->p.d.event_idx ? VHX_EVENT_F_DESC : VHX_EVENT_F_ENABLE, y->p.used);
	y->quiet = true;
}

/* Whoever sleeps is woken when there is something for him: else all of it would stand still. */
static void play_is_alive(struct play *y)
{
	if (y->quiet && packdrv_is_used(&y->p, y->p.used))
		assert_true(y->called);
	if (y->asleep && y->p.d.ring.last_avail != y->p.avail)
		assert_true(y->kicked);
}

static void every_buffer_comes_back_once_in_any_order(void **state)
{
	static struct play y;
	__u32 game, step;

	(void)state;
	for (game = 0; game < 40; game++) {
		memset(&y, 0, sizeof(y));
		packdrv_open(&y.p, 1 + naive_below(64), PACK_START);
		y.p.d.event_idx = naive_once_in(2);
		packdrv_restart(&y.p, PACK_START);
		y.free = y.p.d.num;
		for (step = 0; step < 4000; step++) {
			switch (naive_below(4)) {
			case 0:
				play_post(&y);
				break;
			case 1:
				play_pull(&y);
				break;
			case 2:
				play_push(&y);
				break;
			default:
				play_reap(&y);
			}
			play_is_alive(&y);
		}
		assert_true(y.reaped > 4 * y.p.d.num);
		packdrv_close(&y.p);
	}
}

/* The largest ring, several laps, in bites as large as can be. */
static void the_largest_ring(void **state)
{
	static struct packdrv p;
	static struct vhx_done done[VHX_RING_MAX];
	struct taken t;
	__u32 lap, n, i, len;
	__u16 id;

	(void)state;
	packdrv_open(&p, VHX_RING_MAX, PACK_START | 30000);
	for (lap = 0; lap < 4; lap++) {
		packdrv_lone(&p, 0, VHX_RING_MAX);
		assert_int_equal(vhx_ring_kick_on(&p.d.ring), 1);
		assert_int_equal(vhx_ring_known(&p.d.ring), VHX_RING_MAX);
		for (n = 0; n < VHX_RING_MAX; ) {
			assert_int_equal(take(&p.d, &t, 64), 0);
			assert_true(t.p.nchain);
			for (i = 0; i < t.p.nchain; i++)
				done[n++] = (struct vhx_done) { t.chain[i].id, 1, 1 };
		}
		assert_int_equal(p.d.ring.inuse, VHX_RING_MAX);
		assert_int_equal(vhx_ring_push(&p.d.ring, done, VHX_RING_MAX), 0);
		for (i = 0; i < VHX_RING_MAX; i++) {
			assert_true(packdrv_reap(&p, &id, &len));
			assert_int_equal(id, i);
		}
		assert_int_equal(p.d.ring.inuse, 0);
	}
	packdrv_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_ring_is_read_as_the_specification_says),
		cmocka_unit_test(every_buffer_comes_back_once_in_any_order),
		cmocka_unit_test(the_largest_ring),
	};

	naive_seed();
	return cmocka_run_group_tests_name("packed ring, random", tests, NULL, NULL);
}
