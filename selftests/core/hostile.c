// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that wants to break the host: rings that loop, nest, wrap, jump and point where they
 * must not. An illegal ring fires the err eventfd; no ring, legal or not, may upset the kernel,
 * hold the worker, or keep the fd from being stopped and started again with a good ring.
 * time-limit: 240
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"
#include "worker.h"

#define NUM	64
#define WAIT	5000
#define BIG	(1 << 20)	/* room for one giant indirect table */

static struct netdrv drv;
static int tap, host;
static uint8_t *room;			/* BIG bytes of guest memory */
static uint8_t frame[2048], got[FRAME_MAX];

/* Does an illegal ring have to be noticed, or is it only not to hurt? */
enum expect {
	MUST_ERR,
	MAY_ERR,
	NO_ERR,
	SPINS_IN_TREE,		/* as MAY_ERR; in-tree tries again for ever */
};

static struct ring *ring_of(int dir)
{
	return &drv.g.vq[dir].ring;
}

static uint64_t gpa(const void *p)
{
	return mem_gpa(&drv.mem, p);
}

static void desc(struct vring_desc *d, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	*d = (struct vring_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

/* Offer head @head, as raw as it gets, and kick. */
static void offer(int dir, uint16_t head)
{
	struct ring *r = ring_of(dir);

	r->avail->ring[r->avail_idx % r->num] = head;
	r->avail_idx++;
	ring_publish(r);
	vq_kick(&drv.g.vq[dir]);
}

static void begin(void)
{
	int r = netdrv_restart(&drv, tap);

	if (r)
		tap_bail("the fd starts again: %s", strerror(-r));
	vq_err(&drv.g.vq[RX], 0);
	vq_err(&drv.g.vq[TX], 0);
	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
}

static bool traffic(void)
{
	vnet_hdr hdr;

	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
	frame_make(frame, 900, 77);
	netdrv_tx(&drv, NULL, frame, 900);
	netdrv_tx_flush(&drv);
	if (packet_recv(host, got, sizeof(got), WAIT) != 900 || memcmp(got, frame, 900))
		return false;
	packet_send(host, frame, 900);
	do
		if (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT) <= 0)
			return false;
	while (memcmp(got, frame, 900));
	return true;
}

/* After the offence: was it noticed, does the worker rest, and can all begin anew? */
static void verdict(int dir, enum expect expect, const char *what)
{
	uint64_t errs = vq_err(&drv.g.vq[dir], expect == MUST_ERR ? 2000 : 100);
	bool ok = expect >= MAY_ERR && expect != NO_ERR;
	bool rest = worker_rests(150) || (expect == SPINS_IN_TREE && !guest_is_vhx());
	int stop = guest_stop(&drv.g);

	if (!ok)
		ok = (expect == MUST_ERR) == !!errs;
	if (!ok)
		tap_diag("err fired %llu times", (unsigned long long)errs);
	begin();
	tap_ok(ok && rest && !stop && traffic(), "%s", what);
	guest_stop(&drv.g);
}

/* An offence of one descriptor table, offered in TX and, when it can be, made writable for RX. */
#define TX_CASE(what, expect, ...) do {					\
	struct ring *r = ring_of(TX);					\
	struct vring_desc *d = r->desc, *t = (void *)room;		\
	(void)d; (void)t;						\
	begin();							\
	__VA_ARGS__							\
	offer(TX, 0);							\
	verdict(TX, expect, what);					\
} while (0)

static void test_tables(void)
{
	const uint64_t b = gpa(room + BIG / 2);

	TX_CASE("loop of one descriptor", MUST_ERR, desc(&d[0], b, 64, VRING_DESC_F_NEXT, 0););
	TX_CASE("loop of three", MUST_ERR, for (int i = 0; i < 3; i++)
		desc(&d[i], b, 64, VRING_DESC_F_NEXT, (i + 1) % 3););
	TX_CASE("loop over the whole table", MUST_ERR, for (int i = 0; i < NUM; i++)
		desc(&d[i], b, 16, VRING_DESC_F_NEXT, (i + 1) % NUM););
	TX_CASE("next outside the table", MUST_ERR, desc(&d[0], b, 64, VRING_DESC_F_NEXT, NUM););
	TX_CASE("next far outside", MUST_ERR, desc(&d[0], b, 64, VRING_DESC_F_NEXT, 0xffff););
	TX_CASE("out after in", MUST_ERR, desc(&d[0], b, 64, VRING_DESC_F_WRITE |
		VRING_DESC_F_NEXT, 1); desc(&d[1], b, 64, 0, 0););
	TX_CASE("a writable buffer to send", MAY_ERR, desc(&d[0], b, 64, VRING_DESC_F_WRITE, 0););
	TX_CASE("no bytes at all", MAY_ERR, desc(&d[0], b, 0, 0, 0););
	TX_CASE("address 0", MUST_ERR, desc(&d[0], 0, 64, 0, 0););
	TX_CASE("the last address there is", MUST_ERR, desc(&d[0], ~0ULL, 1, 0, 0););
	TX_CASE("address and length wrap", MUST_ERR, desc(&d[0], -16ULL, 64, 0, 0););
	TX_CASE("length wraps around guest memory", MUST_ERR, desc(&d[0], b, 0xffffffff, 0, 0););
	TX_CASE("one byte beyond guest memory", MUST_ERR,
		desc(&d[0], drv.mem.gpa + drv.mem.size - 63, 64, 0, 0););
	TX_CASE("one byte below guest memory", MUST_ERR, desc(&d[0], drv.mem.gpa - 1, 64, 0, 0););
	TX_CASE("lengths that add up to 2^32", MAY_ERR, for (int i = 0; i < 64; i++)
		desc(&d[i], drv.mem.gpa, 0x04000000, i < 63 ? VRING_DESC_F_NEXT : 0, i + 1););
	TX_CASE("a header and nothing behind it", NO_ERR, memset(room + BIG / 2, 0, 64);
		desc(&d[0], b, HDR_V1, 0, 0););
	TX_CASE("half a header", SPINS_IN_TREE, desc(&d[0], b, 5, 0, 0););
	TX_CASE("unknown flags", MAY_ERR, memset(room + BIG / 2, 0, 64);
		desc(&d[0], b, 64, 0xfff8, 0););
}

static void test_indirect(void)
{
	const uint64_t b = gpa(room + BIG / 2), tbl = gpa(room);

	TX_CASE("R25: an indirect table in an indirect table", MUST_ERR,
		desc(&d[0], tbl, 16, VRING_DESC_F_INDIRECT, 0);
		desc(&t[0], tbl, 16, VRING_DESC_F_INDIRECT, 0););
	TX_CASE("R25: a loop in an indirect table", MUST_ERR,
		desc(&d[0], tbl, 48, VRING_DESC_F_INDIRECT, 0);
		for (int i = 0; i < 3; i++) desc(&t[i], b, 64, VRING_DESC_F_NEXT, (i + 1) % 3););
	TX_CASE("an indirect table of 15 bytes", MUST_ERR,
		desc(&d[0], tbl, 15, VRING_DESC_F_INDIRECT, 0););
	TX_CASE("an indirect table of 17 bytes", MUST_ERR,
		desc(&d[0], tbl, 17, VRING_DESC_F_INDIRECT, 0); desc(&t[0], b, 64, 0, 0););
	TX_CASE("an empty indirect table", MAY_ERR,
		desc(&d[0], tbl, 0, VRING_DESC_F_INDIRECT, 0););
	TX_CASE("an indirect table of 4 GiB", MUST_ERR,
		desc(&d[0], tbl, 0xfffffff0, VRING_DESC_F_INDIRECT, 0););
	TX_CASE("an indirect table outside memory", MUST_ERR,
		desc(&d[0], 0, 64, VRING_DESC_F_INDIRECT, 0););
	TX_CASE("an indirect table that ends outside", MUST_ERR,
		desc(&d[0], drv.mem.gpa + drv.mem.size - 16, 32, VRING_DESC_F_INDIRECT, 0);
		desc((void *)(drv.mem.base + drv.mem.size - 16), b, 64, VRING_DESC_F_NEXT, 1););
	TX_CASE("next outside an indirect table", MUST_ERR,
		desc(&d[0], tbl, 32, VRING_DESC_F_INDIRECT, 0);
		desc(&t[0], b, 64, VRING_DESC_F_NEXT, 2););
	TX_CASE("an indirect descriptor in mid-chain", MAY_ERR,
		desc(&d[0], b, 64, VRING_DESC_F_NEXT, 1);
		desc(&d[1], tbl, 16, VRING_DESC_F_INDIRECT, 0); desc(&t[0], b, 64, 0, 0););
	TX_CASE("an indirect descriptor with a next", MAY_ERR,
		desc(&d[0], tbl, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 0);
		desc(&t[0], b, 64, 0, 0););
	TX_CASE("an indirect table of 32768 pieces", MAY_ERR,
		desc(&d[0], tbl, BIG / 2, VRING_DESC_F_INDIRECT, 0);
		for (int i = 0; i < BIG / 32; i++)
			desc(&t[i], b, 1, i + 1 < BIG / 32 ? VRING_DESC_F_NEXT : 0, i + 1););
	TX_CASE("R27: an indirect table of 32768 empty pieces", MAY_ERR,
		desc(&d[0], tbl, BIG / 2, VRING_DESC_F_INDIRECT, 0);
		for (int i = 0; i < BIG / 32; i++)
			desc(&t[i], b, 0, i + 1 < BIG / 32 ? VRING_DESC_F_NEXT : 0, i + 1););
	TX_CASE("an indirect table that is the descriptor table", MAY_ERR,
		for (int i = 0; i < NUM; i++) desc(&d[i], gpa(d), NUM * 16,
						   VRING_DESC_F_INDIRECT, 0););
}

/* R27: each descriptor the guest makes the host read costs; a ring full of empty giants. */
static void test_amplification(void)
{
	struct ring *r = ring_of(TX);
	struct vring_desc *t = (void *)room;
	long ms;
	int i;

	begin();
	for (i = 0; i < BIG / 16; i++)
		desc(&t[i], gpa(room), 0, VRING_DESC_F_NEXT, i + 1);
	/* The last piece is a packet, so that the chain as a whole is worth sending. */
	desc(&t[BIG / 16 - 1], gpa(room), 100, 0, 0);
	for (i = 0; i < NUM; i++) {
		desc(&r->desc[i], gpa(t), BIG, VRING_DESC_F_INDIRECT, 0);
		r->avail->ring[i] = i;
	}
	r->avail_idx = NUM;
	ring_publish(r);
	ms = worker_ms();
	vq_kick(&drv.g.vq[TX]);
	usleep(1000000);
	ms = worker_ms() - ms;
	if (guest_is_vhx())
		tap_ok(ms < 100, "R27: 64 chains of 65535 empty pieces cost %ld ms", ms);
	else
		tap_skip("R27: amplification", "in-tree spends %ld ms on 64 descriptors", ms);
	verdict(TX, SPINS_IN_TREE, "R27: and all can begin anew");
}

static void test_indices(void)
{
	static const int jumps[] = { NUM + 1, 2 * NUM, 1000, 32767, 32768, 65535 };
	struct ring *r = ring_of(TX);
	char what[64];
	uint32_t i;

	begin();
	offer(TX, NUM);
	verdict(TX, MUST_ERR, "head outside the table");
	begin();
	offer(TX, 0xffff);
	verdict(TX, MUST_ERR, "head 65535");
	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		begin();
		r->avail_idx = jumps[i];
		ring_publish(r);
		vq_kick(&drv.g.vq[TX]);
		snprintf(what, sizeof(what), "avail index jumps by %d", jumps[i]);
		verdict(TX, MUST_ERR, what);
	}
}

static void test_memory(void)
{
	struct ring *r = ring_of(TX);
	void *page = room + BIG / 2;

	begin();
	mprotect(page, 4096, PROT_NONE);
	desc(&r->desc[0], gpa(page), 100, 0, 0);
	offer(TX, 0);
	usleep(20000);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
	verdict(TX, MAY_ERR, "a buffer that cannot be read");

	begin();
	mprotect(room, 4096, PROT_NONE);
	desc(&r->desc[0], gpa(room), 32, VRING_DESC_F_INDIRECT, 0);
	offer(TX, 0);
	verdict(TX, MUST_ERR, "an indirect table that cannot be read");
	mprotect(room, 4096, PROT_READ | PROT_WRITE);

	begin();
	mprotect(r->avail, 4096, PROT_NONE);
	vq_kick(&drv.g.vq[TX]);
	usleep(20000);
	mprotect(r->avail, 4096, PROT_READ | PROT_WRITE);
	verdict(TX, MUST_ERR, "an avail ring that cannot be read");

	begin();
	desc(&r->desc[0], gpa(page), 100, 0, 0);
	mprotect(r->desc, 4096, PROT_NONE);
	offer(TX, 0);
	usleep(20000);
	mprotect(r->desc, 4096, PROT_READ | PROT_WRITE);
	verdict(TX, MUST_ERR, "a descriptor table that cannot be read");
}

/* R22: a used ring that cannot be written: an error, and no interrupt for what is not there. */
static void test_used_ring(void)
{
	struct ring *r = ring_of(TX);
	eventfd_t n = 0;
	bool called;

	begin();
	memset(room, 0, 4096);
	usleep(20000);
	eventfd_read(drv.g.vq[TX].call, &n);
	desc(&r->desc[0], gpa(room), 100, 0, 0);
	mprotect(r->used, 4096, PROT_READ);
	offer(TX, 0);
	usleep(100000);
	called = !eventfd_read(drv.g.vq[TX].call, &n);
	mprotect(r->used, 4096, PROT_READ | PROT_WRITE);
	if (called && !guest_is_vhx())
		tap_skip("R22: no interrupt for what could not be given back", "in-tree sends one");
	else
		tap_ok(!called && !ring_used_idx(r),
		       "R22: no interrupt for what could not be given back");
	verdict(TX, MUST_ERR, "R22: a used ring that cannot be written");
}

static void test_unmapped(void)
{
	void *page = room + BIG / 2, *again;

	begin();
	munmap(page, 65536);
	desc(&ring_of(TX)->desc[0], gpa(page), 60000, 0, 0);
	offer(TX, 0);
	usleep(20000);
	again = mmap(page, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
	tap_ok(again == page, "memory unmapped and mapped again");
	verdict(TX, MAY_ERR, "a buffer that was unmapped");
}

/* RX buffers aimed at the rings themselves: the guest hurts itself and nobody else. */
static void test_self_aimed(void)
{
	struct ring *r = ring_of(RX);
	void *const targets[] = { r->desc, r->avail, r->used, ring_of(TX)->desc,
				  ring_of(TX)->avail };
	static const char *const names[] = { "its descriptors", "its avail ring", "its used ring",
					     "the other queue's descriptors",
					     "the other queue's avail ring" };
	char what[80];
	int i, k;

	for (i = 0; i < 5; i++) {
		begin();
		for (k = 0; k < NUM; k++)
			desc(&r->desc[k], gpa(targets[i]), 2048, VRING_DESC_F_WRITE, 0);
		frame_make(frame, 1500, 1);
		for (k = 0; k < 32; k++)
			packet_send(host, frame, 1500);
		usleep(50000);
		for (k = 0; k < NUM; k++)
			r->avail->ring[k] = k;
		r->avail->idx += NUM;
		vq_kick(&drv.g.vq[RX]);
		vq_kick(&drv.g.vq[TX]);
		usleep(20000);
		snprintf(what, sizeof(what), "RX buffers aimed at %s", names[i]);
		verdict(RX, MAY_ERR, what);
	}
}

/* A packet comes while the RX ring offers one thing only, and that is not good. */
static void rx_case(const char *what, enum expect expect, int n)
{
	struct ring *r = ring_of(RX);
	int i;

	for (i = 0; i < n; i++)
		r->avail->ring[i] = 0;
	r->avail_idx = n;
	ring_publish(r);
	vq_kick(&drv.g.vq[RX]);
	frame_make(frame, 1500, 1);
	for (i = 0; i < 4; i++)
		packet_send(host, frame, 1500);
	usleep(20000);
	verdict(RX, expect, what);
}

/* As begin(), with nothing posted for RX. */
static struct vring_desc *begin_rx(void)
{
	guest_stop(&drv.g);
	if (netdrv_reset(&drv) || guest_start(&drv.g, tap))
		tap_bail("the fd starts again");
	return ring_of(RX)->desc;
}

static void test_rx(void)
{
	const uint64_t b = gpa(room);
	struct vring_desc *d;

	d = begin_rx();
	desc(&d[0], b, 2048, 0, 0);
	rx_case("a readable buffer to receive into", MUST_ERR, 1);
	d = begin_rx();
	desc(&d[0], b, 2048, VRING_DESC_F_NEXT, 1);
	desc(&d[1], b, 2048, VRING_DESC_F_WRITE, 0);
	rx_case("a buffer to receive into that is half readable", MUST_ERR, 1);
	d = begin_rx();
	desc(&d[0], b, 2048, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 0);
	rx_case("a loop to receive into", MUST_ERR, 1);
	d = begin_rx();
	desc(&d[0], 0, 2048, VRING_DESC_F_WRITE, 0);
	rx_case("a buffer outside memory to receive into", MUST_ERR, 1);
	d = begin_rx();
	desc(&d[0], b, 0, VRING_DESC_F_WRITE, 0);
	rx_case("an empty buffer to receive into", MAY_ERR, 1);
	d = begin_rx();
	desc(&d[0], b, 3, VRING_DESC_F_WRITE, 0);
	rx_case("buffers of 3 bytes to receive into", MAY_ERR, NUM);
	d = begin_rx();
	desc(&d[0], b, 2048, VRING_DESC_F_WRITE, 0);
	rx_case("the same head in each place", MAY_ERR, NUM);
	d = begin_rx();
	mprotect(room, 4096, PROT_READ);
	desc(&d[0], b, 2048, VRING_DESC_F_WRITE, 0);
	rx_case("a buffer that cannot be written", MAY_ERR, 1);
	mprotect(room, 4096, PROT_READ | PROT_WRITE);
}

/* R2: one-byte buffers under a 64 KiB frame: more heads than any batch holds. */
static void test_one_byte_buffers(void)
{
	static uint8_t jumbo[FRAME_MAX];
	struct ring *r = ring_of(RX);
	int i;

	begin_rx();
	for (i = 0; i < NUM; i++) {
		desc(&r->desc[i], gpa(room + i), 1, VRING_DESC_F_WRITE, 0);
		r->avail->ring[i] = i;
	}
	r->avail_idx = NUM;
	ring_publish(r);
	vq_kick(&drv.g.vq[RX]);
	frame_make(jumbo, FRAME_MAX, 1);
	for (i = 0; i < 4; i++)
		packet_send(host, jumbo, FRAME_MAX);
	usleep(50000);
	verdict(RX, MAY_ERR, "R2: a 64 KiB frame for 64 buffers of one byte");
}

/* Where the header ends in one piece and begins in the next must not matter. */
static void test_header_split(void)
{
	struct ring *r;
	uint32_t cut, i;
	bool ok = true;

	begin();
	r = ring_of(TX);
	for (cut = 1; ok && cut < HDR_V1 + 40; cut++) {
		struct sg sg[3] = {
			{ gpa(room), cut }, { gpa(room + cut), 1 }, { gpa(room + cut + 1), 0 },
		};

		memset(room, 0, HDR_V1);
		frame_make(room + HDR_V1, 100, cut);
		sg[2].len = HDR_V1 + 100 - cut - 1;
		ok = !ring_add(r, sg, 3, 0, room);
		vq_publish(&drv.g.vq[TX]);
		ok = ok && packet_recv(host, got, sizeof(got), WAIT) == 100 &&
		     frame_intact(got, 100) && frame_seq(got) == cut;
		ok = ok && vq_wait_used(&drv.g.vq[TX], WAIT) && ring_get(r, &i) == room;
	}
	tap_ok(ok, "a header cut at each byte, in a chain of three (%u)", cut);
	guest_stop(&drv.g);
}

/* R23: what was checked is what is used, however fast the guest changes it afterwards. */
static volatile bool stop_mutator;

static void *mutate(void *arg)
{
	struct ring *r = ring_of(TX);
	uint8_t *const at[] = { (void *)r->desc, (void *)r->avail, (void *)r->used, room };

	while (!stop_mutator) {
		uint8_t *p = at[rnd_range(0, 3)] + rnd_range(0, 1023);

		*(volatile uint8_t *)p = rnd();
	}
	return arg;
}

static void test_mutator(void)
{
	struct timespec t;
	pthread_t thread;
	time_t end;
	int i, rounds = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + 3;
	stop_mutator = false;
	pthread_create(&thread, NULL, mutate, NULL);
	do {
		begin();
		for (i = 0; i < NUM; i++) {
			memset(room, 0, HDR_V1);
			desc(&ring_of(TX)->desc[i], gpa(room), 100, 0, 0);
			offer(TX, i);
			frame_make(frame, 200, i);
			packet_send(host, frame, 200);
		}
		usleep(2000);
		if (guest_stop(&drv.g))
			break;
		rounds++;
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (t.tv_sec < end);
	stop_mutator = true;
	pthread_join(thread, NULL);
	begin();
	tap_ok(t.tv_sec >= end && traffic(), "R23: rings that change while they are read");
	tap_diag("%d rounds", rounds);
	guest_stop(&drv.g);
}

/* R3: bad packets have to count against the worker's slice: the other queue gets its turn. */
static volatile bool stop_refill;

static void *refill(void *arg)
{
	struct ring *r = ring_of(TX);

	while (!stop_refill) {
		if ((uint16_t)(r->avail_idx - ring_used_idx(r)) < NUM)
			r->avail->ring[r->avail_idx++ % NUM] = 0;
		ring_publish(r);
		vq_kick(&drv.g.vq[TX]);
	}
	return arg;
}

static void test_fairness(void)
{
	struct netdrv *n = &drv;
	pthread_t thread;
	vnet_hdr hdr;
	bool ok = true;
	int i;

	begin();
	memset(room, 0, 4096);
	desc(&ring_of(TX)->desc[0], gpa(room), HDR_V1 + 5, 0, 0);	/* too short to be sent */
	stop_refill = false;
	pthread_create(&thread, NULL, refill, NULL);
	for (i = 0; ok && i < 20; i++) {
		frame_make(frame, 300, i);
		packet_send(host, frame, 300);
		ok = netdrv_rx_wait(n, &hdr, got, sizeof(got), WAIT) == 300;
	}
	stop_refill = true;
	pthread_join(thread, NULL);
	tap_ok(ok, "R3: an endless stream of bad packets does not starve the other queue");
	verdict(TX, MAY_ERR, "R3: and ends");
}

/* A storm of kicks for nothing. */
static void test_kick_storm(void)
{
	int i;

	begin();
	for (i = 0; i < 100000; i++)
		vq_kick(&drv.g.vq[i & 1]);
	verdict(TX, NO_ERR, "100000 kicks for nothing");
}

int main(void)
{
	int r = nettap_own_netns();

	if (r)
		tap_bail("a network namespace of our own: %s", strerror(-r));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", FRAME_MAX - FRAME_MIN))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	r = netdrv_open(&drv, &(struct netdrv_opt){ .num = NUM });
	if (r)
		tap_bail("open %s: %s", guest_node(), strerror(-r));
	room = mem_alloc(&drv.mem, BIG, 4096);
	/* The last page belongs to nobody but the tests that point there. */
	drv.mem.used = drv.mem.size;

	test_tables();
	test_indirect();
	test_amplification();
	test_indices();
	test_memory();
	test_used_ring();
	test_unmapped();
	test_self_aimed();
	test_rx();
	test_one_byte_buffers();
	test_header_split();
	test_mutator();
	test_fairness();
	test_kick_storm();
	netdrv_close(&drv);
	return tap_done();
}
