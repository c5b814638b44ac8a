// SPDX-License-Identifier: GPL-2.0-only
/* The ledger: what a process wrote the next one reads; and what is none is told apart. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests.h"
#include "vsock/ledger.h"

static struct record *add(struct ledger *l)
{
	const struct record as = { .cookie = ledger_cookie(l), .cid = 50 };

	return ledger_add(l, &as);
}

/* As the next process has it. */
static void reopen(struct ledger *l)
{
	int fd = dup(l->fd);

	ledger_close(l);
	assert_int_equal(ledger_open(l, fd), 0);
}

static void test_records(void **state)
{
	struct record *r[3], *other;
	struct ledger l;
	uint64_t cookie;

	assert_int_equal(ledger_new(&l, 3), 0);
	for (int i = 0; i < 3; i++) {
		r[i] = add(&l);
		assert_non_null(r[i]);
		assert_int_equal(ledger_index(&l, r[i]), i);
	}
	assert_null(add(&l));
	cookie = r[1]->cookie;
	ledger_remove(&l, r[1]);
	other = add(&l);
	assert_ptr_equal(other, r[1]);
	assert_true(other->cookie > cookie);
	ledger_close(&l);
}

static void test_next(void **state)
{
	struct ledger l;
	struct record *r;
	uint64_t cookie;

	assert_int_equal(ledger_new(&l, 3), 0);
	r = add(&l);
	r->taken = 17;
	ledger_set(&r->intent, true);
	cookie = ledger_cookie(&l);
	reopen(&l);
	assert_int_equal(l.nr, 3);
	assert_int_equal(l.record[0].cid, 50);
	assert_int_equal(l.record[0].taken, 17);
	assert_true(l.record[0].intent);
	assert_int_equal(l.record[1].cookie, 0);
	assert_true(ledger_cookie(&l) > cookie);
	ledger_close(&l);
}

/* Put @len bytes from @from on at place @at. */
static void put(const struct ledger *l, const struct record *r, uint64_t at, const uint8_t *from, uint32_t len)
{
	struct iovec piece[2];
	int i, n = ledger_pieces(l, r, at, len, piece);

	for (i = 0; i < n; i++) {
		memcpy(piece[i].iov_base, from, piece[i].iov_len);
		from += piece[i].iov_len;
	}
}

static void test_ring(void **state)
{
	static uint8_t data[LEDGER_RING], got[LEDGER_RING];
	const uint64_t at[] = { 0, 1, LEDGER_RING - 1, LEDGER_RING, 5ull * LEDGER_RING + 7 };
	struct record *r, *beside;
	struct ledger l;
	size_t i;

	assert_int_equal(ledger_new(&l, 2), 0);
	r = add(&l);
	beside = add(&l);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 ^ i >> 8);
	put(&l, beside, 0, data, sizeof(data));
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		put(&l, r, at[i], data, sizeof(data));
		reopen(&l);
		r = &l.record[0];
		ledger_copy(&l, r, at[i], got, sizeof(got));
		assert_memory_equal(got, data, sizeof(got));
		ledger_copy(&l, r, at[i] + 1000, got, 2);
		assert_memory_equal(got, data + 1000, 2);
	}
	ledger_copy(&l, &l.record[1], 0, got, sizeof(got));
	assert_memory_equal(got, data, sizeof(got));
	ledger_close(&l);
}

/* Its memory is given back, whoever has it open. */
static void test_memory(void **state)
{
	static const uint8_t data[LEDGER_RING] = { 1 };
	struct stat before, with, after;
	struct ledger l;
	struct record *r;

	assert_int_equal(ledger_new(&l, 100), 0);
	r = add(&l);
	fstat(l.fd, &before);
	put(&l, r, 0, data, sizeof(data));
	r->read = sizeof(data);
	fstat(l.fd, &with);
	assert_true(with.st_blocks - before.st_blocks >= LEDGER_RING / 512);
	ledger_remove(&l, r);
	fstat(l.fd, &after);
	assert_int_equal(after.st_blocks, before.st_blocks);
	assert_true(before.st_size > 100 * (off_t)LEDGER_RING);
	ledger_close(&l);
}

static void test_none(void **state)
{
	struct ledger l, other;
	uint64_t word;
	int fd, i;

	fd = memfd_create("none", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ledger_open(&l, fd), -EINVAL);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(ledger_open(&l, fd), -EINVAL);
	close(fd);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(ledger_open(&l, fd), -EINVAL);
	close(fd);
	/* Each word of its head is looked at: which it is, how many, and of what size. */
	assert_int_equal(ledger_new(&l, 3), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(pread(l.fd, &word, sizeof(word), i * 8), sizeof(word));
		word ^= 1;
		assert_int_equal(pwrite(l.fd, &word, sizeof(word), i * 8), sizeof(word));
		assert_int_equal(ledger_open(&other, l.fd), -EINVAL);
		word ^= 1;
		assert_int_equal(pwrite(l.fd, &word, sizeof(word), i * 8), sizeof(word));
	}
	reopen(&l);
	assert_int_equal(ftruncate(l.fd, 4096), -1);
	ledger_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
