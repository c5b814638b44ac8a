// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration log, page by page: what the device wrote is marked, and nothing else is. The
 * books are kept by the used rings, which say how much of which buffer was written; and that they
 * say all of it, by comparing memory with what it was.
 *
 * May be marked without need: the page of a used ring's flags and index, and that of its event
 * index, since either may be written with what stands there. The descriptors of a packed ring are
 * the driver's as well: there only the books say what is marked.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dirtylog.h"
#include "frame.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT	5000
#define POISON	0xa5

enum { MUST_NOT, MAY, MUST };

static struct netdrv drv;
static struct dirtylog dlog;
static int tap, host;
static uint8_t *before;			/* guest memory as it was */
static uint8_t *want;			/* by page of guest memory */
static uint8_t *rx_first, *rx_last;	/* the RX buffers: nobody else writes there */
static uint16_t used_at[2];		/* used indices when the books were opened */

static void open_guest(const struct netdrv_opt *opt)
{
	uint32_t i;

	if (netdrv_open(&drv, opt))
		tap_bail("a guest: %s", strerror(errno));
	rx_first = rx_last = drv.rx_free[0];
	for (i = 0; i < drv.opt.num; i++) {
		if (drv.rx_free[i] < rx_first)
			rx_first = drv.rx_free[i];
		if (drv.rx_free[i] > rx_last)
			rx_last = drv.rx_free[i];
	}
	rx_last += drv.opt.rx_size;
	memset(rx_first, POISON, rx_last - rx_first);
	before = malloc(drv.mem.size);
	want = malloc(drv.mem.size / LOG_PAGE);
	nettap_set_hdr(tap, drv.hdr_len);
	if (netdrv_start(&drv, tap))
		tap_bail("the guest does not start");
}

static void close_guest(void)
{
	nettap_flush(tap);
	netdrv_close(&drv);
	free(before);
	free(want);
}

/* ---- the books ---- */

static void books_open(void)
{
	int i;

	dirtylog_clear(&dlog);
	memcpy(before, drv.mem.base, drv.mem.size);
	memset(want, MUST_NOT, drv.mem.size / LOG_PAGE);
	for (i = 0; i < 2; i++)
		used_at[i] = ring_used_idx(&drv.g.vq[i].ring);
}

static void expect(const void *at, size_t len, uint8_t how)
{
	size_t off = (const uint8_t *)at - drv.mem.base, page;

	for (page = off / LOG_PAGE; len && page <= (off + len - 1) / LOG_PAGE; page++)
		if (want[page] < how)
			want[page] = how;
}

static void expect_packed(unsigned int i)
{
	const struct ring *r = &drv.g.vq[i].ring;
	uint16_t at, now = ring_used_idx(r);

	for (at = used_at[i]; at != now; at = packed_after(r, at, 1))
		expect(&r->pdesc[at & ~RING_START], sizeof(r->pdesc[0]), MUST);
	expect(r->device, sizeof(*r->device), MAY);
}

/* What the device did to a ring since the books were opened. */
static void expect_ring(unsigned int i)
{
	const struct ring *r = &drv.g.vq[i].ring;
	uint16_t at, now = ring_used_idx(r);

	if (r->packed) {
		expect_packed(i);
		return;
	}
	for (at = used_at[i]; at != now; at++)
		expect(&r->used->ring[at % r->num], sizeof(r->used->ring[0]), MUST);
	expect(r->used, 4, now != used_at[i] ? MUST : MAY);
	expect(&r->used->ring[r->num], 2, MAY);
}

/* Take all packets that came. Return: how many, or -1. */
static int take(bool data)
{
	struct vq *vq = &drv.g.vq[RX];
	uint32_t len, left = 0;
	uint8_t *buf;
	int n = 0;

	while ((buf = ring_get(&vq->ring, &len))) {
		if (data)
			expect(buf, len, MUST);
		if (!left) {
			left = drv.mrg ? ((vnet_hdr *)buf)->num_buffers : 1;
			n++;
		}
		left--;
		drv.rx_free[drv.rx_nfree++] = buf;
	}
	return left || len == UINT32_MAX ? -1 : n;
}

struct verdict {
	uint32_t missed, wrong, lacking, changed;
};

/* Is the page the device's alone, be it of a buffer or of a used ring? */
static bool is_device_page(const uint8_t *page)
{
	int i;

	if (page >= rx_first && page + LOG_PAGE <= rx_last)
		return true;
	for (i = 0; i < 2; i++) {
		const struct ring *r = &drv.g.vq[i].ring;
		const uint8_t *used = (const uint8_t *)r->used;

		if (page >= used && page <= used + (r->packed ? 0 : 4 + 8 * drv.opt.num))
			return true;
	}
	return false;
}

static struct verdict audit(void)
{
	struct verdict v = { 0 };
	size_t i;

	for (i = 0; i < drv.mem.size / LOG_PAGE; i++) {
		const uint8_t *page = drv.mem.base + i * LOG_PAGE;
		bool bit = dirtylog_has(&dlog, drv.mem.gpa + i * LOG_PAGE);
		bool changed = memcmp(page, before + i * LOG_PAGE, LOG_PAGE);

		if (is_device_page(page)) {
			v.missed += changed && !bit;
			v.changed += changed;
		}
		v.wrong += bit && want[i] == MUST_NOT;
		v.lacking += !bit && want[i] == MUST;
	}
	return v;
}

static void judge(const char *what)
{
	struct verdict v = audit();

	tap_ok(!v.missed && !v.wrong && !v.lacking, "%s: %u pages changed, %llu marked", what,
	       v.changed, (unsigned long long)dirtylog_count(&dlog));
	if (v.missed || v.wrong || v.lacking)
		tap_diag("%u changed and not marked, %u written and not, %u marked for nothing",
			 v.missed, v.lacking, v.wrong);
}

/* ---- traffic ---- */

static uint8_t frame[FRAME_MAX];

/* Send @n packets of up to @max bytes to the guest, and have it take them. */
static bool receive(int n, uint32_t max, bool data)
{
	int got = 0, k;

	while (got < n) {
		uint32_t len = rnd_range(FRAME_MIN, max);

		netdrv_rx_fill(&drv, UINT32_MAX);
		frame_make(frame, len, got);
		packet_send(host, frame, len);
		if (!vq_wait_used(&drv.g.vq[RX], WAIT))
			return false;
		k = take(data);
		if (k <= 0)
			return false;
		got += k;
	}
	return true;
}

static bool transmit(int n)
{
	for (; n; n--) {
		frame_make(frame, 100, n);
		if (netdrv_tx(&drv, NULL, frame, 100))
			return false;
		netdrv_tx_flush(&drv);
		if (!netdrv_tx_drain(&drv, WAIT))
			return false;
	}
	return true;
}

/* After this, what was pushed is logged: the handlers that did it are through. */
static void settle(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct vhost_vring_file f = { .index = i, .fd = drv.g.vq[i].kick };

		guest_ioctl(drv.g.fd, VHOST_SET_VRING_KICK, &f);
	}
}

/* ---- what is marked ---- */

static void test_exact(const char *name, const struct netdrv_opt *opt, uint32_t max)
{
	char what[96];
	bool ok;

	open_guest(opt);
	dirtylog_open(&dlog, &drv.g, 0);
	ok = !guest_log(&drv.g, &dlog);
	books_open();
	ok &= receive(150, max, true) && transmit(20);
	settle();
	expect_ring(RX);
	expect_ring(TX);
	snprintf(what, sizeof(what), "%s, packets to %u bytes", name, max);
	tap_ok(ok && !vq_err(&drv.g.vq[RX], 0) && !vq_err(&drv.g.vq[TX], 0), "%s: pass", what);
	judge(what);
	dirtylog_close(&dlog);
	close_guest();
}

static void test_formats(void)
{
	static const struct {
		const char *name;
		struct netdrv_opt opt;
		uint32_t max;
	} t[] = {
		{ "modern", { .features = F_MODERN }, 1514 },
		{ "modern, packets in several buffers", { .features = F_MODERN, .rx_size = 700 }, 40000 },
		{ "no EVENT_IDX", { .features = F_V1 | F_MRG }, 1514 },
		{ "no mergeable buffers", { .features = F_V1 | F_EVENT_IDX, .rx_size = 9500 }, 9000 },
		{ "legacy", { .features = F_EVENT_IDX }, 1514 },
		{ "a ring of 1024", { .features = F_MODERN, .num = 1024, .tx_size = 256 }, 1514 },
		{ "a ring of 4", { .features = F_MODERN, .num = 4, .rx_size = 5000 }, 1514 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		test_exact(t[i].name, &t[i].opt, t[i].max);
}

static void test_switches(void)
{
	struct guest *g = &drv.g;
	bool ok;
	int i;

	open_guest(NULL);
	dirtylog_open(&dlog, g, 0);
	ok = !guest_log_base(g, dlog.bits);
	books_open();
	ok &= receive(20, 1514, false) && transmit(5);
	settle();
	tap_ok(ok && !dirtylog_count(&dlog), "a log that is not switched on stays empty");

	ok = !guest_log_data(g, true);
	books_open();
	ok &= receive(20, 1514, true) && transmit(5);
	settle();
	/* audit() would miss the rings' pages. */
	memcpy(before, drv.mem.base, rx_first - drv.mem.base);
	tap_ok(ok, "LOG_ALL alone");
	judge("LOG_ALL alone: buffers and no rings");

	ok = !guest_log_data(g, false);
	for (i = 0; i < 2; i++)
		ok &= !guest_log_ring(g, i, true, mem_gpa(g->mem, g->vq[i].ring.used));
	books_open();
	ok &= receive(20, 1514, false) && transmit(5);
	settle();
	expect_ring(RX);
	expect_ring(TX);
	memcpy(before + (rx_first - drv.mem.base), rx_first, rx_last - rx_first);
	tap_ok(ok, "VHOST_VRING_F_LOG alone");
	judge("VHOST_VRING_F_LOG alone: rings and no buffers");

	ok = !guest_log_off(g);
	books_open();
	ok &= receive(20, 1514, false) && transmit(5);
	settle();
	tap_ok(ok && !dirtylog_count(&dlog), "switched off: nothing");
	dirtylog_close(&dlog);
	close_guest();
}

/*
 * A VMM says where its used ring is logged; it may be elsewhere than the table has it. It has no words
 * for where a packed ring is.
 */
static void test_ring_address(void)
{
	struct guest *g = &drv.g;
	uint64_t gpa;
	bool ok;

	open_guest(NULL);
	dirtylog_open(&dlog, g, 3);
	gpa = mem_gpa(&drv.mem, rx_last) + (1 << 20);
	ok = !guest_log_base(g, dlog.bits) && !guest_log_ring(g, RX, true, gpa);
	ok &= receive(10, 1514, false);
	settle();
	if (g->vq[RX].ring.packed)
		tap_ok(ok && !dirtylog_has(&dlog, gpa) &&
		       dirtylog_has(&dlog, mem_gpa(&drv.mem, g->vq[RX].ring.pdesc)),
		       "a packed ring is logged where the table has it; a bitmap at an odd address");
	else
		tap_ok(ok && dirtylog_has(&dlog, gpa) && dirtylog_count(&dlog) == 1,
		       "the used ring is logged where the VMM says; a bitmap at an odd address");
	dirtylog_close(&dlog);
	close_guest();
}

static void test_aliases(void)
{
	uint64_t other = MEM_GPA + (1ULL << 30);
	struct guest *g = &drv.g;
	uint32_t i, n = 0, both = 0;
	struct mem wide;
	bool ok;

	if (!guest_is_vhx()) {
		tap_skip("aliases", "in-tree logs the address that the guest used, unless there is a vIOMMU");
		return;
	}
	open_guest(NULL);
	struct vhost_memory_region r[2] = {
		{ drv.mem.gpa, drv.mem.size, (uintptr_t)drv.mem.base, 0 },
		{ other, drv.mem.size, (uintptr_t)drv.mem.base, 0 },
	};
	wide = drv.mem;
	wide.size += other - wide.gpa;
	g->mem = &wide;
	dirtylog_open(&dlog, g, 0);
	g->mem = &drv.mem;
	ok = !guest_set_mem(g, r, 2) && !guest_log(g, &dlog);
	books_open();
	ok &= receive(20, 1514, true);
	settle();
	for (i = 0; i < drv.mem.size / LOG_PAGE; i++) {
		n += want[i] == MUST;
		both += want[i] == MUST && dirtylog_has(&dlog, drv.mem.gpa + i * LOG_PAGE) &&
			dirtylog_has(&dlog, other + i * LOG_PAGE);
	}
	tap_ok(ok && n && both == n, "memory at two addresses: %u of %u pages are marked at both",
	       both, n);
	dirtylog_close(&dlog);
	close_guest();
}

static void test_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), none = -1;
	struct guest *g = &drv.g;
	eventfd_t n = 0;
	bool ok;

	open_guest(NULL);
	dirtylog_open(&dlog, g, 0);
	ok = !guest_log(g, &dlog) && !guest_ioctl(g->fd, VHOST_SET_LOG_FD, &fd) &&
	     receive(1, 1514, true);
	settle();
	ok &= !eventfd_read(fd, &n);
	tap_ok(ok && n, "LOG_FD is signalled: %llu times", (unsigned long long)n);
	ok = !guest_ioctl(g->fd, VHOST_SET_LOG_FD, &none) && receive(1, 1514, true);
	settle();
	tap_ok(ok && eventfd_read(fd, &n), "LOG_FD -1: no more");
	close(fd);
	dirtylog_close(&dlog);
	close_guest();
}

/* ---- what is refused ---- */

static void test_bounds(void)
{
	void *kernel = (void *)0xffff888000000000;
	struct vhost_memory_region r;
	uintptr_t end;
	struct guest *g = &drv.g;
	int beyond;

	open_guest(NULL);
	beyond = g->vq[RX].ring.packed ? 0 : -EINVAL;
	r = (struct vhost_memory_region){ 1ULL << 62, drv.mem.size, (uintptr_t)drv.mem.base, 0 };
	dirtylog_open(&dlog, g, 0);
	end = 1UL << ((uintptr_t)dlog.bits >> 47 ? 56 : 47);
	tap_ok(!guest_log_base(g, kernel) && guest_log_data(g, true) == -EFAULT,
	       "SET_FEATURES with LOG_ALL and a log that cannot be: EFAULT");
	tap_ok(!guest_log_base(g, dlog.bits) && !guest_log_data(g, true), "with one that can");
	tap_ok(guest_log_base(g, kernel) == -EFAULT, "SET_LOG_BASE in the kernel: EFAULT");
	tap_ok(guest_log_base(g, (void *)-1) == -EFAULT, "at the end of addresses: EFAULT");
	tap_ok(guest_log_base(g, (void *)(end - 2 * LOG_PAGE)) == -EFAULT, "that runs into the end: EFAULT");
	tap_ok(guest_set_mem(g, &r, 1) == -EFAULT, "SET_MEM_TABLE beyond the log: EFAULT");
	tap_ok(guest_log_ring(g, RX, true, 1ULL << 62) == beyond,
	       "SET_VRING_ADDR with a ring beyond the log: EINVAL, unless it is packed");
	tap_ok(guest_log_ring(g, RX, true, -4ULL) == beyond, "with one that wraps: EINVAL, likewise");
	guest_log_ring(g, RX, false, 0);
	books_open();
	tap_ok(receive(5, 1514, true), "nothing of that hurt");
	settle();
	memcpy(before, drv.mem.base, rx_first - drv.mem.base);
	judge("and the log is the one before");

	guest_stop(g);
	tap_ok(!guest_log_base(g, kernel) && guest_set_backend(g, RX, tap) == -EFAULT,
	       "SET_BACKEND with a log that cannot be: EFAULT");
	tap_ok(!guest_log_base(g, dlog.bits) && !guest_set_backend(g, RX, tap), "with one that can");
	dirtylog_close(&dlog);
	close_guest();
}

/* Whatever the VMM does to its log: the queue stops, says so, and starts again when all is well. */
static void test_bad_log(const char *what, int prot, size_t from, bool data)
{
	struct guest *g = &drv.g;
	size_t size;
	bool ok;

	if (!guest_is_vhx()) {
		tap_skip(what, "in-tree loses the page in silence");
		return;
	}
	open_guest(NULL);
	dirtylog_open(&dlog, g, 0);
	size = (dlog.size + LOG_PAGE - 1) & -LOG_PAGE;
	ok = !guest_log_base(g, dlog.bits);
	ok &= data ? !guest_log_data(g, true) :
		     !guest_log_ring(g, RX, true, mem_gpa(g->mem, g->vq[RX].ring.used));
	books_open();
	if (prot < 0)
		munmap(dlog.bits, size);
	else
		mprotect(dlog.bits + from, size - from, prot);
	frame_make(frame, 500, 1);
	packet_send(host, frame, 500);
	tap_ok(ok && vq_err(&g->vq[RX], WAIT) == 1, "%s: the queue stops and says so", what);
	tap_ok(!data || ring_used_idx(&g->vq[RX].ring) == used_at[RX],
	       "%s: the guest gets nothing that is not logged", what);
	guest_log_off(g);
	ok = !guest_stop(g) && !netdrv_restart(&drv, tap) && receive(20, 1514, false);
	tap_ok(ok && !vq_err(&g->vq[RX], 0), "%s: it starts again", what);
	close_guest();
	if (prot >= 0)
		dirtylog_close(&dlog);
}

static void test_bad_logs(void)
{
	test_bad_log("a log that is not mapped", -1, 0, true);
	test_bad_log("a log that nobody may read", PROT_NONE, 0, true);
	test_bad_log("a log that nobody may write", PROT_READ, 0, true);
	/* 32 KiB of bits are 1 GiB: the guest's memory begins behind them. */
	test_bad_log("a log that is too small", PROT_NONE, MEM_GPA / LOG_PAGE / 8, true);
	test_bad_log("a ring's log that is not mapped", -1, 0, false);
	test_bad_log("a ring's log that nobody may write", PROT_READ, 0, false);
}

int main(void)
{
	rnd_start();
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", FRAME_MAX - FRAME_MIN))
		tap_bail("a tap to work with");
	host = packet_open("vt0", false);

	test_formats();
	test_switches();
	test_ring_address();
	test_aliases();
	test_eventfd();
	test_bounds();
	test_bad_logs();
	return tap_done();
}
