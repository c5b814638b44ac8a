// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packed rings, which in-tree vhost has not: what the ioctls say of them, and rings no driver
 * should make. After each offence the queue has stopped, said so, and begins anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
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
#define F_AVAIL	(1 << VRING_PACKED_DESC_F_AVAIL)
#define F_USED	(1 << VRING_PACKED_DESC_F_USED)
#define POSTED	F_AVAIL			/* in the first lap */
#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

static struct netdrv drv;
static int tap, host;
static uint8_t *room;
static uint8_t frame[2048], got[FRAME_MAX];

static int state(unsigned long cmd, uint32_t num)
{
	struct vhost_vring_state s = { .index = TX, .num = num };

	return guest_ioctl(drv.g.fd, cmd, &s);
}

static void test_num(void)
{
	static const struct { uint32_t num; int err; } t[] = {
		{ 1, 0 }, { 3, 0 }, { 255, 0 }, { 32767, 0 }, { 32768, 0 },
		{ 0, -EINVAL }, { 32769, -EINVAL }, { 65535, -EINVAL }, { 65536, -EINVAL },
		{ 0x80000000, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int r = state(VHOST_SET_VRING_NUM, t[i].num);

		tap_ok(r == t[i].err, "SET_VRING_NUM %u: %d", t[i].num, r);
	}
	state(VHOST_SET_VRING_NUM, NUM);
}

static void test_base(void)
{
	static const struct { uint32_t set, get; int start; } t[] = {
		{ 0x80008000, 0x80008000, 0 },
		{ 0x8000, 0x80008000, 0 },		/* as DPDK has it */
		{ 0, 0, 0 },
		{ 0x003f003f, 0x003f003f, 0 },
		{ 0x80008005, 0x80008005, 0 },		/* the device holds five */
		{ 0x00403f00, 0x00403f00, -EINVAL },
		{ 0x80008040, 0x80008040, -EINVAL },	/* beyond the ring */
		{ 0x80408000, 0x80408000, -EINVAL },
		{ 0x80058000, 0x80058000, -EINVAL },	/* more than the ring has */
		{ 0xffffffff, 0xffffffff, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint32_t base = 0;
		int r = state(VHOST_SET_VRING_BASE, t[i].set);

		guest_get_base(&drv.g, TX, &base);
		tap_ok(!r && base == t[i].get, "SET_VRING_BASE %#x reads %#x", t[i].set, base);
		r = guest_set_backend(&drv.g, TX, tap);
		tap_ok(r == t[i].start, "and SET_BACKEND is %d", r);
		guest_set_backend(&drv.g, TX, -1);
	}
}

static void test_alignment(void)
{
	struct ring *r = &drv.g.vq[TX].ring;
	static const struct { unsigned int desc, avail, used; int set, start; } t[] = {
		{ 0, 0, 0, 0, 0 }, { 16, 4, 4, 0, 0 }, { 8, 0, 0, 0, -EINVAL },
		{ 1, 0, 0, 0, -EINVAL }, { 0, 2, 0, 0, -EINVAL }, { 0, 0, 2, -EINVAL, 0 },
	};
	unsigned int i;

	state(VHOST_SET_VRING_BASE, 0x80008000);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct vhost_vring_addr a = {
			.index = TX,
			.desc_user_addr = (uintptr_t)r->desc + t[i].desc,
			.avail_user_addr = (uintptr_t)r->avail + t[i].avail,
			.used_user_addr = (uintptr_t)r->used + t[i].used,
		};
		int set = guest_ioctl(drv.g.fd, VHOST_SET_VRING_ADDR, &a), start;

		start = set ? t[i].start : guest_set_backend(&drv.g, TX, tap);
		tap_ok(set == t[i].set && start == t[i].start,
		       "ring at +%u, +%u, +%u: SET_VRING_ADDR %d, SET_BACKEND %d", t[i].desc,
		       t[i].avail, t[i].used, set, start);
		guest_set_backend(&drv.g, TX, -1);
	}
}

/* The format of a queue that runs stays; the rest of the features may change. */
static void test_features(void)
{
	uint64_t split = F_MODERN, more = F_MODERN | F_PACKED | F_IN_ORDER;
	uint64_t packed = F_MODERN | F_PACKED;

	netdrv_restart(&drv, tap);
	tap_ok(guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &split) == -EBUSY,
	       "a running queue does not become a split one");
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &more) &&
	       !guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &packed), "IN_ORDER comes and goes");
	guest_set_backend(&drv.g, RX, -1);
	tap_ok(guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &split) == -EBUSY,
	       "not while the other queue runs");
	guest_stop(&drv.g);
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &split), "stopped, it does");
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &packed), "and back");
	/* A size that only a packed ring may have. */
	state(VHOST_SET_VRING_NUM, 63);
	guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &split);
	tap_ok(guest_set_backend(&drv.g, TX, tap) == -EINVAL, "a split ring of 63 does not start");
	guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &packed);
	guest_stop(&drv.g);
}

/* ---- rings no driver should make ---- */

static struct ring *tx(void)
{
	return &drv.g.vq[TX].ring;
}

static void desc(unsigned int i, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	struct vring_packed_desc *d = &tx()->pdesc[i];

	d->addr = addr;
	d->len = len;
	d->id = id;
	__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
}

static void entry(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags)
{
	((struct vring_packed_desc *)room)[i] = (struct vring_packed_desc){ addr, len, 0, flags };
}

static void begin(void)
{
	int r = netdrv_restart(&drv, tap);

	if (r)
		tap_bail("the fd starts again: %s", strerror(-r));
	vq_err(&drv.g.vq[TX], 0);
	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
}

static bool traffic(void)
{
	vnet_hdr hdr;

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
static void verdict(bool bad, const char *what)
{
	uint64_t errs;
	bool rest;
	int stop;

	vq_kick(&drv.g.vq[TX]);
	errs = vq_err(&drv.g.vq[TX], bad ? 2000 : 100);
	rest = worker_rests(150);
	stop = guest_stop(&drv.g);
	if (!!errs != bad)
		tap_diag("err fired %llu times", (unsigned long long)errs);
	begin();
	tap_ok(!!errs == bad && rest && !stop && traffic(), "%s", what);
	guest_stop(&drv.g);
}

#define CASE(bad, what, ...) do {		\
	begin();				\
	__VA_ARGS__				\
	verdict(bad, what);			\
} while (0)

static void test_rings(void)
{
	const uint64_t b = mem_gpa(&drv.mem, room + 32768), t = mem_gpa(&drv.mem, room);
	unsigned int i;

	CASE(true, "an id beyond the ring", desc(0, b, 100, NUM, POSTED););
	CASE(true, "an id of 65535 in a chain",
	     desc(1, b, 100, 0xffff, POSTED); desc(0, b, 100, 0, POSTED | NEXT););
	CASE(true, "R25: a chain as long as the ring and without end",
	     for (i = NUM; i--; )
		desc(i, b, 10, 0, POSTED | NEXT););
	CASE(true, "a chain that goes on where nothing is posted",
	     desc(0, b, 100, 0, POSTED | NEXT););
	CASE(true, "a buffer to be read behind one to be written",
	     desc(1, b, 100, 0, POSTED); desc(0, b, 100, 0, POSTED | WRITE | NEXT););
	CASE(true, "a table of no bytes", desc(0, t, 0, 0, POSTED | INDIRECT););
	CASE(true, "a table of 17 bytes", desc(0, t, 17, 0, POSTED | INDIRECT););
	CASE(true, "a table of 1,025 entries", desc(0, t, 1025 * 16, 0, POSTED | INDIRECT););
	CASE(true, "a table of 4 GiB", desc(0, t, 0xfffffff0, 0, POSTED | INDIRECT););
	CASE(true, "a table and NEXT",
	     entry(0, b, 100, 0); desc(1, b, 100, 0, POSTED);
	     desc(0, t, 16, 0, POSTED | INDIRECT | NEXT););
	CASE(true, "a table behind a buffer",
	     entry(0, b, 100, 0); desc(1, t, 16, 0, POSTED | INDIRECT);
	     desc(0, b, 100, 0, POSTED | NEXT););
	CASE(true, "a table that is nowhere", desc(0, 1ULL << 62, 16, 0, POSTED | INDIRECT););
	CASE(true, "a table round the end of addresses", desc(0, -16ULL, 32, 0, POSTED | INDIRECT););
	CASE(true, "a buffer that is nowhere", desc(0, 1ULL << 62, 100, 0, POSTED););
	CASE(true, "R70: one byte past the end of memory",
	     desc(0, drv.mem.gpa + drv.mem.size - 99, 100, 0, POSTED););
	CASE(false, "flags, ids and NEXT in a table mean nothing",
	     entry(0, b, 40, NEXT | INDIRECT | 0x7f8); entry(1, b, 60, 0xffff & ~WRITE);
	     desc(0, t, 32, 0, POSTED | INDIRECT););
	CASE(false, "R24: a table without a byte, as often as the ring has room",
	     for (i = 0; i < 1024; i++)
		entry(i, 0, 0, 0);
	     for (i = NUM; i--; )
		desc(i, t, 1024 * 16, i, POSTED | INDIRECT););
	CASE(false, "what is marked posted in the other lap is not",
	     desc(0, b, 100, 0, F_USED););
	CASE(false, "what is marked used is not posted", desc(0, b, 100, 0, F_AVAIL | F_USED););
}

static void test_event_areas(void)
{
	CASE(false, "reserved event flags", tx()->driver->flags = 0xffff;
	     desc(0, mem_gpa(&drv.mem, room), 100, 0, POSTED););
	CASE(false, "an event beyond the ring",
	     tx()->driver->off_wrap = 0x7fff; tx()->driver->flags = VRING_PACKED_EVENT_FLAG_DESC;
	     desc(0, mem_gpa(&drv.mem, room), 100, 0, POSTED););
}

/* The guest's other CPU changes every flag while the device is at work. */
static void test_flicker(void)
{
	unsigned int i, rounds;
	uint64_t b;

	begin();
	b = mem_gpa(&drv.mem, room);
	for (rounds = 0; rounds < 3000; rounds++) {
		for (i = 0; i < NUM; i++)
			desc(i, b, 60 + rnd() % 100, rnd() % NUM,
			     (rnd() & 1 ? F_AVAIL : F_USED) | (rnd() % 8 ? 0 : NEXT) |
			     (rnd() % 50 ? 0 : INDIRECT));
		vq_kick(&drv.g.vq[TX]);
		if (vq_err(&drv.g.vq[TX], 0)) {
			guest_stop(&drv.g);
			begin();
		}
	}
	guest_stop(&drv.g);
	begin();
	tap_ok(worker_rests(150) && traffic(), "flags that change all the time");
	guest_stop(&drv.g);
}

int main(void)
{
	int r = nettap_own_netns();

	if (r)
		tap_bail("a network namespace of our own: %s", strerror(-r));
	if (!guest_is_vhx()) {
		printf("1..0 # SKIP in-tree vhost has no packed rings\n");
		return 0;
	}
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	r = netdrv_open(&drv, &(struct netdrv_opt){ .features = F_MODERN | F_PACKED, .num = NUM });
	if (r)
		tap_bail("open %s: %s", guest_node(), strerror(-r));
	room = mem_alloc(&drv.mem, 65536, 4096);

	test_num();
	test_base();
	test_alignment();
	test_features();
	test_rings();
	test_event_areas();
	test_flicker();
	netdrv_close(&drv);
	return tap_done();
}
