// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split rings at random, mostly sound and now and then broken, against the naive reading of the
 * specification in naive.c. A failure prints the seed that repeats it: make check SEED=...
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "naive.h"
#include "taken.h"

#define ROUNDS		4000
#define TABLES		4
#define ENTRIES		48	/* at most, of a table here */
#define PIECES		6	/* of the arena in guest memory */

/* Guest memory of this round: the arena in pieces, in disorder, and some more, with holes. */
static void random_memory(struct mockdrv *d)
{
	__u32 cut[PIECES + 1], order[PIECES], i, at = 0;
	__u64 gpa = MOCK_FAR;

	cut[0] = 0;
	cut[PIECES] = MOCK_ARENA;
	for (i = 1; i < PIECES; i++)
		cut[i] = cut[i - 1] + 16 * (1 + naive_below(MOCK_ARENA / 16 / PIECES - 1));
	for (i = 0; i < PIECES; i++) {
		__u32 j = naive_below(i + 1);

		order[i] = order[j];
		order[j] = i;
	}

	d->mt = realloc(d->mt, sizeof(*d->mt) + (PIECES + 4) * sizeof(d->mt->region[0]));
	assert_non_null(d->mt);
	d->mt->n = 0;
	for (i = 0; i < PIECES; i++) {
		__u32 p = order[i], size = cut[p + 1] - cut[p];

		assert_int_equal(vhx_memtbl_add(d->mt, MOCK_GPA + cut[p], size,
						arena_addr(at)), 0);
		at += size;
	}
	for (i = 0; i < 4; i++) {
		__u64 size = naive_once_in(3) ? 0x1000 : 0x80000000ull;

		assert_int_equal(vhx_memtbl_add(d->mt, gpa, size, naive_random() >> 17), 0);
		gpa += size;
		if (naive_once_in(2))
			gpa += 0x1000;
	}
	assert_int_equal(vhx_memtbl_seal(d->mt), 0);
}

static __u64 random_address(void)
{
	switch (naive_below(40)) {
	case 0:
		return naive_random();
	case 1:
		return ~0ull - naive_below(100);
	case 2:
		return MOCK_FAR - naive_below(3);
	case 3 ... 8:
		return MOCK_FAR + naive_below(5) * 0x1000 - naive_below(100);
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
	case 2:
		return 0x7fffffff + naive_below(3);
	default:
		return naive_below(5000);
	}
}

/* A descriptor: the arena's offset, its number, and of how many. */
static void random_desc(struct mockdrv *d, long off, __u32 i, __u32 n, bool in)
{
	__u16 flags = in ? VHX_DESC_F_WRITE : 0, next = (i + 1) % n;

	if (naive_once_in(2))
		flags |= VHX_DESC_F_NEXT;
	if (naive_once_in(60))
		flags ^= (__u16)naive_random();
	if (naive_once_in(20))
		next = naive_below(n);
	if (naive_once_in(80))
		next = (__u16)naive_random();
	mockdrv_entry(d, off, 0, random_address(), random_length(), flags, next);
}

static void random_table(struct mockdrv *d, __u32 slot)
{
	__u64 gpa = MOCK_GPA + MOCK_TABLES + (naive_below(MOCK_TABLES / 16 - ENTRIES) * 16);
	__u32 i, n = 1 + naive_below(ENTRIES), turn = naive_below(n + 1), bytes = n * 16;
	__u16 flags = VHX_DESC_F_INDIRECT;

	for (i = 0; i < n; i++)
		random_desc(d, naive_offset(d->mt, gpa + i * 16), i, n, i >= turn);
	if (naive_once_in(40))
		flags |= (__u16)naive_random();
	if (naive_once_in(40))
		bytes ^= 1u << naive_below(4);
	if (naive_once_in(40))
		gpa = MOCK_FAR + (16ull << 30);
	mockdrv_desc(d, slot, gpa, bytes, flags, 0);
}

static void random_ring(struct mockdrv *d)
{
	__u32 i, turn = naive_below(d->num + 1), offers = naive_below(d->num + 1);

	for (i = 0; i < d->num; i++)
		random_desc(d, d->desc + i * 16, i, d->num, i >= turn);
	for (i = 0; i < TABLES; i++)
		random_table(d, naive_below(d->num));
	for (i = 0; i < offers; i++)
		mockdrv_offer(d, naive_once_in(100) ? naive_random() : naive_below(d->num));
	mockdrv_publish(d);
}

static void expect_same(const struct taken *t, const struct vhx_chain *c, const struct naive *n)
{
	__u32 i;

	assert_int_equal(n->rc, 0);
	assert_int_equal(c->nout, n->nseg[0]);
	assert_int_equal(c->nin, n->nseg[1]);
	assert_int_equal(c->out_len, n->len[0]);
	assert_int_equal(c->in_len, n->len[1]);
	for (i = 0; i < n->nseg[0] + n->nseg[1]; i++) {
		assert_int_equal(t->seg[c->seg + i].addr, n->seg[i].addr);
		assert_int_equal(t->seg[c->seg + i].len, n->seg[i].len);
	}
}

/* Pull what is there, in bites of any size. Every chain and the error must be the naive one's. */
static void compare(struct mockdrv *d, struct taken *t)
{
	static struct naive n;
	__u16 idx = d->ring.last_avail;
	__u32 i, ndesc, nseg;
	int rc;

	for (;;) {
		rc = take(d, t, 1 + naive_below(80));
		ndesc = 0;
		nseg = 0;
		for (i = 0; i < t->p.nchain; i++, idx++) {
			assert_int_equal(t->chain[i].id, naive_head(d, idx));
			assert_int_equal(t->chain[i].seg, nseg);
			naive_chain(d, t->chain[i].id, &n);
			expect_same(t, &t->chain[i], &n);
			ndesc += n.ndesc;
			nseg += n.nseg[0] + n.nseg[1];
		}
		assert_int_equal(t->p.nseg, nseg);
		assert_true(t->p.ndesc >= ndesc);
		if (rc || !t->p.nchain)
			break;
		if (naive_once_in(3)) {
			__u32 back = naive_below(t->p.nchain + 1);

			vhx_ring_unpull(&d->ring, t->chain + t->p.nchain - back, back);
			idx -= back;
		}
	}
	if (!rc) {
		assert_int_equal(idx, d->avail_idx);
		return;
	}
	naive_chain(d, naive_head(d, idx), &n);
	assert_int_equal(rc, n.rc);
}

static void any_ring_is_read_as_the_specification_says(void **state)
{
	__u32 round, num = 0;
	struct mockdrv d;
	struct taken t;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		if (round % 500 == 0) {
			if (num)
				mockdrv_close(&d);
			num = 1u << naive_below(9);
			mockdrv_open(&d, num, 0);
		}
		if (round % 10 == 0)
			random_memory(&d);
		d.swap = naive_once_in(4);
		d.indirect = !naive_once_in(8);
		mockdrv_restart(&d, (__u16)naive_random());
		random_ring(&d);
		compare(&d, &t);
	}
	mockdrv_close(&d);
}

/* A driver and a device that do what they like in turn: each buffer comes back once, in order. */
static void every_buffer_comes_back_once(void **state)
{
	static struct vhx_done held[1 << 9];
	__u32 nheld = 0, posted = 0, reaped = 0, i, id, len, step;
	struct mockdrv d;
	struct taken t;

	(void)state;
	mockdrv_open(&d, 1 << 9, (__u16)naive_random());
	for (step = 0; step < 20000; step++) {
		__u32 n = naive_below(80);

		switch (naive_below(4)) {
		case 0:
			for (i = 0; i < n && posted - reaped < d.num; i++, posted++) {
				mockdrv_desc(&d, posted % d.num, MOCK_FAR + posted, 1 + i, 0, 0);
				mockdrv_offer(&d, posted % d.num);
			}
			mockdrv_publish(&d);
			break;
		case 1:
			assert_int_equal(take(&d, &t, n), 0);
			for (i = 0; i < t.p.nchain; i++)
				held[nheld++] = (struct vhx_done) {
					.id = t.chain[i].id,
					.len = (__u32)t.seg[t.chain[i].seg].addr,
				};
			break;
		case 2:
			n = n < nheld ? n : nheld;
			assert_int_equal(vhx_ring_push(&d.ring, held, n), 0);
			memmove(held, held + n, (nheld - n) * sizeof(held[0]));
			nheld -= n;
			break;
		default:
			while (mockdrv_reap(&d, &id, &len)) {
				assert_int_equal(id, reaped % d.num);
				assert_int_equal(len, (__u32)MOCK_FAR_UADDR + reaped);
				reaped++;
			}
		}
	}
	assert_true(reaped > 65536);	/* both indices came round */
	mockdrv_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_ring_is_read_as_the_specification_says),
		cmocka_unit_test(every_buffer_comes_back_once),
	};

	naive_seed();
	return cmocka_run_group_tests_name("ring, random", tests, NULL, NULL);
}
