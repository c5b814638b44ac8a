// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies by the guest's addresses: every byte to where it belongs, and no other; what is missing is
 * told of, and what is written is marked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dirty.h"
#include "iotlb.h"
#include "naive.h"
#include "taken.h"
#include "xfer.h"

#define SIZE	(64u << 10)		/* of guest memory */
#define LOG	SIZE			/* the dirty log stands behind it in the arena */
#define GUEST	0x10000000ull		/* its first address */
#define PIECES	6u

static struct vhx_memtbl *mt;
static struct vhx_iotlb_view view;
static __u8 buf[SIZE], shadow[SIZE];

/* The table turns regions of @size bytes round: the first is the last in the arena. */
static void regions_of(__u32 size)
{
	__u32 i, n = SIZE / size;

	mt->n = 0;
	for (i = 0; i < n; i++)
		vhx_memtbl_add(mt, GUEST + i * size, size, arena_addr((n - 1 - i) * size));
	assert_int_equal(vhx_memtbl_seal(mt), 0);
	view = (struct vhx_iotlb_view) { .mt = mt };
}

static int setup(void **state)
{
	(void)state;
	mt = calloc(1, sizeof(*mt) + SIZE / 256 * sizeof(mt->region[0]));
	arena_open(SIZE + 4096);
	regions_of(4096);
	return !mt;
}

static int teardown(void **state)
{
	(void)state;
	free(mt);
	arena_close();
	return 0;
}

/* Where the guest's byte at @addr is, one byte at a time. */
static __u8 *byte_at(__u64 addr)
{
	return arena.mem + naive_offset(mt, addr);
}

/* Random pieces. Return: their bytes. */
static __u32 any_pieces(struct vhx_seg *seg, __u32 n, __u32 most)
{
	__u32 i, len, all = 0;

	for (i = 0; i < n; i++) {
		len = 1 + naive_below(most);
		/* Apart from one another: what is written twice has no one value. */
		seg[i].addr = GUEST + i * (SIZE / n) + naive_below(SIZE / n - len + 1);
		seg[i].len = len;
		all += len;
	}
	return all;
}

static __u64 address_of(const struct vhx_seg *seg, __u64 off)
{
	while (off >= seg->len)
		off -= (seg++)->len;
	return seg->addr + off;
}

static void read_one(struct vhx_seg *seg, __u32 n, __u32 all)
{
	struct vhx_xfer x = { .seg = seg, .n = n, .buf = buf, .off = naive_below(all) };
	__u32 i;

	x.len = naive_below(all - x.off + 1);
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(vhx_xfer_read(&view, &x), 0);
	for (i = 0; i < x.len; i++)
		assert_int_equal(buf[i], *byte_at(address_of(seg, x.off + i)));
	assert_int_equal(buf[x.len], 0xee);
}

static void write_one(struct vhx_seg *seg, __u32 n, __u32 all)
{
	struct vhx_xfer x = { .seg = seg, .n = n, .buf = buf, .off = naive_below(all) };
	__u32 i;

	x.len = naive_below(all - x.off + 1);
	for (i = 0; i < x.len; i++)
		buf[i] = naive_random();
	memcpy(shadow, arena.mem, SIZE);
	for (i = 0; i < x.len; i++)
		shadow[naive_offset(mt, address_of(seg, x.off + i))] = buf[i];
	assert_int_equal(vhx_xfer_write(&view, &x), 0);
	assert_memory_equal(shadow, arena.mem, SIZE);
}

static void every_byte_goes_where_it_belongs(void **state)
{
	struct vhx_seg seg[PIECES];
	__u32 i, n, all;

	(void)state;
	for (i = 0; i < SIZE; i++)
		arena.mem[i] = naive_random();
	for (i = 0; i < 2000; i++) {
		regions_of(256u << naive_below(8));
		n = 1 + naive_below(PIECES);
		all = any_pieces(seg, n, SIZE / n - 1);
		read_one(seg, n, all);
		write_one(seg, n, all);
	}
}

static void nothing_is_copied_without_a_byte(void **state)
{
	struct vhx_xfer x = { .buf = buf };

	(void)state;
	arena_forget();
	assert_int_equal(vhx_xfer_read(&view, &x), 0);
	assert_int_equal(vhx_xfer_write(&view, &x), 0);
	assert_int_equal(arena.events, 0);
}

static void pieces_that_are_too_short_are_a_fault(void **state)
{
	struct vhx_seg seg[] = { { GUEST, 10 }, { GUEST + 100, 10 } };
	struct vhx_xfer x = { .seg = seg, .n = 2, .len = 21, .buf = buf };

	(void)state;
	assert_int_equal(vhx_xfer_read(&view, &x), -EFAULT);
	x.len = 1;
	x.off = 20;
	assert_int_equal(vhx_xfer_write(&view, &x), -EFAULT);
	x.off = ~0ull;
	assert_int_equal(vhx_xfer_write(&view, &x), -EFAULT);
	assert_int_equal(view.perm, 0);
}

static void what_is_missing_is_told_of(void **state)
{
	struct vhx_seg seg = { GUEST + SIZE - 100, 200 };
	struct vhx_xfer x = { .seg = &seg, .n = 1, .len = 200, .buf = buf };

	(void)state;
	assert_int_equal(vhx_xfer_read(&view, &x), -EFAULT);
	assert_int_equal(view.perm, VHX_PERM_RO);
	assert_true(view.miss == GUEST + SIZE);
	x.len = 100;
	mt->region[mt->n - 1].perm = VHX_PERM_RO;
	assert_int_equal(vhx_xfer_read(&view, &x), 0);
	assert_int_equal(vhx_xfer_write(&view, &x), -EFAULT);
	assert_int_equal(view.perm, VHX_PERM_WO);
	assert_true(view.miss == seg.addr);
}

/* What vhx_xfer_each() tells of: all that a read would copy, by hand. */
static int copy_by_hand(const struct vhx_seg *here, void *arg)
{
	__u32 *at = arg;

	memcpy(buf + *at, (const void *)here->addr, here->len);
	*at += here->len;
	return 0;
}

static int end_at_once(const struct vhx_seg *here, void *arg)
{
	(void)here;
	++*(__u32 *)arg;
	return -ENOSPC;
}

static void each_is_where_it_would_be_read(void **state)
{
	struct vhx_seg seg[PIECES];
	struct vhx_xfer x = { .seg = seg };
	__u32 i, k, at, all;

	(void)state;
	for (i = 0; i < SIZE; i++)
		arena.mem[i] = naive_random();
	for (i = 0; i < 500; i++) {
		regions_of(256u << naive_below(8));
		x.n = 1 + naive_below(PIECES);
		all = any_pieces(seg, x.n, SIZE / x.n - 1);
		x.off = naive_below(all);
		x.len = 1 + naive_below(all - x.off);
		at = 0;
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(vhx_xfer_each(&view, &x, copy_by_hand, &at), 0);
		assert_int_equal(at, x.len);
		for (k = 0; k < x.len; k++)
			assert_int_equal(buf[k], *byte_at(address_of(seg, x.off + k)));
		at = 0;
		assert_int_equal(vhx_xfer_each(&view, &x, end_at_once, &at), -ENOSPC);
		assert_int_equal(at, 1);
	}
	seg[0] = (struct vhx_seg) { GUEST + SIZE - 100, 200 };
	x = (struct vhx_xfer) { .seg = seg, .n = 1, .len = 200 };
	at = 0;
	assert_int_equal(vhx_xfer_each(&view, &x, copy_by_hand, &at), -EFAULT);
	assert_int_equal(at, 100);
}

/* Around the end of addresses: the first byte behind it is the first of all. */
static void a_piece_at_the_end_of_addresses(void **state)
{
	struct vhx_seg seg = { ~0ul - 9, 20 };
	struct vhx_xfer x = { .seg = &seg, .n = 1, .len = 10, .buf = buf };

	(void)state;
	mt->n = 0;
	assert_int_equal(vhx_memtbl_add(mt, ~0ull - 0xfff, 0x1000, arena_addr(0)), 0);
	assert_int_equal(vhx_xfer_read(&view, &x), 0);
	x.len = 11;
	assert_int_equal(vhx_xfer_read(&view, &x), -EFAULT);
	assert_true(view.miss == 0);
}

static void memory_that_faults_is_no_miss(void **state)
{
	struct vhx_seg seg = { GUEST, 8000 };
	struct vhx_xfer x = { .seg = &seg, .n = 1, .len = 8000, .buf = buf };

	(void)state;
	arena.fault_in = 2;
	assert_int_equal(vhx_xfer_write(&view, &x), -EFAULT);
	arena.fault_in = 1;
	assert_int_equal(vhx_xfer_read(&view, &x), -EFAULT);
	assert_int_equal(view.perm, 0);
}

/* The pages are those that were written, found by the bytes that are another. */
static void what_was_written_is_marked(void **state)
{
	struct vhx_seg seg[] = { { GUEST + 4000, 200 }, { GUEST + 40000, 1 } };
	struct vhx_xfer x = { .seg = seg, .n = 2, .len = 101, .off = 100, .buf = buf };
	const __u64 base = arena_addr(LOG) - (GUEST >> 12) / 8;
	struct vhx_dirty d;

	(void)state;
	memset(buf, 1, 200);
	memset(arena.mem + LOG, 0, 4096);
	assert_int_equal(vhx_xfer_write(&view, &x), 0);
	vhx_dirty_begin(&d, base, mt);
	assert_int_equal(vhx_xfer_mark(&view, &x, &d), 0);
	assert_int_equal(vhx_dirty_end(&d), 0);
	/* Bytes 4100 to 4199, and 40000. */
	assert_int_equal(d.pages, 2);
	assert_int_equal(arena.mem[LOG], 1 << 1);
	assert_int_equal(arena.mem[LOG + 1], 1 << 1);
}

#define XFER_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		XFER_TEST(every_byte_goes_where_it_belongs),
		XFER_TEST(nothing_is_copied_without_a_byte),
		XFER_TEST(pieces_that_are_too_short_are_a_fault),
		XFER_TEST(what_is_missing_is_told_of),
		XFER_TEST(each_is_where_it_would_be_read),
		XFER_TEST(a_piece_at_the_end_of_addresses),
		XFER_TEST(memory_that_faults_is_no_miss),
		XFER_TEST(what_was_written_is_marked),
	};

	naive_seed();
	return cmocka_run_group_tests_name("xfer", tests, NULL, NULL);
}
