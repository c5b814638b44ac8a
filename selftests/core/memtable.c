// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: a table swapped under traffic, buffers that cross regions, buffers that end where
 * a region ends, holes, and as many regions as QEMU may have.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT	5000
#define PAGE	4096ULL
#define MAX	509		/* regions vhx takes: what QEMU's memory slots allow */

static struct netdrv drv;
static int tap, host;
static uint8_t frame[FRAME_MAX], got[FRAME_MAX];

static struct vhost_memory_region region(uint64_t gpa, uint64_t size, const void *at)
{
	return (struct vhost_memory_region){
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)at,
	};
}

static bool ping(uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	if (netdrv_tx(&drv, NULL, frame, len))
		return false;
	netdrv_tx_flush(&drv);
	r = packet_recv(host, got, sizeof(got), WAIT);
	if (r != (int)len || memcmp(frame, got, len))
		return false;
	packet_send(host, frame, len);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	return r == (int)len && !memcmp(frame, got, len);
}

/* All of guest memory in @n regions of about the same size, seamlessly, in a random order. */
static int map_in(unsigned int n)
{
	static struct vhost_memory_region r[MAX + 1];
	uint64_t pages = drv.mem.size / PAGE, at = 0, end;
	unsigned int i, k;

	for (i = 0; i < n; i++, at = end) {
		end = pages * (i + 1) / n;
		r[i] = region(drv.mem.gpa + at * PAGE, (end - at) * PAGE, drv.mem.base + at * PAGE);
	}
	for (i = n - 1; i; i--) {
		struct vhost_memory_region t = r[i];

		k = rnd_range(0, i);
		r[i] = r[k];
		r[k] = t;
	}
	return guest_set_mem(&drv.g, r, n);
}

static void test_counts(void)
{
	static const unsigned int counts[] = { 1, 2, 3, 17, 63, 64, 65, 256, 508, 509 };
	unsigned int i, k;
	int r = 0;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		bool ok = true;

		if (counts[i] > 64 && !guest_is_vhx()) {
			tap_skip("more than 64 regions", "in-tree's limit");
			break;
		}
		r = map_in(counts[i]);
		for (k = 0; !r && ok && k < 20; k++)
			ok = ping(rnd_range(FRAME_MIN, 40000), k);
		tap_ok(!r && ok, "%u regions: packets cross their seams", counts[i]);
	}
	tap_ok(map_in(510) == -E2BIG && ping(500, 1),
	       "510 regions: E2BIG, and the old table stays");
}

/*
 * The same table, the whole of it, again and again under traffic: cut differently each time.
 * QEMU does so at each change of the guest's memory map.
 */
static volatile bool stop;
static volatile uint32_t swaps;

static void *swap_tables(void *arg)
{
	while (!stop) {
		if (map_in(rnd_range(1, 64)))
			return "SET_MEM_TABLE";
		swaps++;
		usleep(rnd_range(0, 500));
	}
	return arg;
}

static void test_swap(void)
{
	void *failed = NULL;
	pthread_t thread;
	uint32_t i;

	stop = false;
	pthread_create(&thread, NULL, swap_tables, NULL);
	for (i = 0; i < 500 || (swaps < 50 && i < 10000); i++)
		if (!ping(rnd_range(FRAME_MIN, i % 8 ? 1514 : 30000), i))
			break;
	stop = true;
	pthread_join(thread, &failed);
	tap_ok(i >= 500 && !failed && swaps >= 50, "%u rounds while the table is swapped, %u times",
	       i, swaps);
	tap_ok(!vq_err(&drv.g.vq[RX], 0) && !vq_err(&drv.g.vq[TX], 0), "no ring error");
}

/*
 * When SET_MEM_TABLE returns, nothing uses the old table any more: memory that moved is written
 * where it is now, and what it was is not touched.
 */
static void test_moved(void)
{
	size_t len = 4 << 20;
	uint8_t *old = mem_alloc(&drv.mem, len, PAGE);
	uint8_t *new = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t gpa = mem_gpa(&drv.mem, old), end = drv.mem.gpa + drv.mem.size;
	struct vhost_memory_region r[3] = {
		region(drv.mem.gpa, gpa - drv.mem.gpa, drv.mem.base),
		region(gpa, len, new),
		region(gpa + len, end - gpa - len, old + len),
	};
	struct vq *vq = &drv.g.vq[RX];
	struct sg sg = { gpa + 100, 3000 };
	uint32_t n, i, used;
	bool ok = true;

	/* Use up what is posted for RX, so that the next packet goes where it is told to. */
	netdrv_rx_fill(&drv, UINT32_MAX);
	for (i = 0; i < drv.opt.num; i++) {
		frame_make(frame, 64, i);
		packet_send(host, frame, 64);
	}
	for (i = 0; i < drv.opt.num && ok; i++) {
		uint8_t *buf = vq_wait_used(vq, WAIT) ? ring_get(&vq->ring, &used) : NULL;

		ok = buf;
		if (ok)
			drv.rx_free[drv.rx_nfree++] = buf;
	}
	for (n = 0; ok && n < 20; n++) {
		uint8_t *here = n & 1 ? new : old, *there = n & 1 ? old : new;

		ok = n & 1 ? !guest_set_mem(&drv.g, r, gpa + len == end ? 2 : 3) :
			     !guest_map(&drv.g);
		memset(old, 0xaa, 8192);
		memset(new, 0xaa, 8192);
		ok = ok && !ring_add(&vq->ring, &sg, 0, 1, old);
		vq_publish(vq);
		frame_make(frame, 1000, n);
		packet_send(host, frame, 1000);
		ok = ok && vq_wait_used(vq, WAIT) && ring_get(&vq->ring, &used) == old;
		ok = ok && !memcmp(here + 100 + HDR_V1, frame, 1000) && there[100] == 0xaa &&
		     there[100 + HDR_V1] == 0xaa;
	}
	tap_ok(ok, "R53: memory that moved is written where it is now (%u of 20)", n);
	ok = !guest_map(&drv.g);
	netdrv_rx_fill(&drv, UINT32_MAX);
	tap_ok(ok && ping(900, 1), "and all is well afterwards");
	munmap(new, len);
}

/* One buffer for TX, given by hand; a slot of the driver's stands for it. */
static int send_raw(uint64_t gpa, uint32_t len)
{
	struct vq *vq = &drv.g.vq[TX];
	struct sg sg = { gpa, len };
	uint32_t used;
	int r;

	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
	vq_err(vq, 0);
	if (ring_add(&vq->ring, &sg, 1, 0, drv.tx_free[--drv.tx_nfree]))
		return -ENOSPC;
	vq_publish(vq);
	r = packet_recv(host, got, sizeof(got), 300);
	if (r > 0 && vq_wait_used(vq, WAIT))
		drv.tx_free[drv.tx_nfree++] = ring_get(&vq->ring, &used);
	return r;
}

static void restart(void)
{
	guest_stop(&drv.g);
	guest_map(&drv.g);
	if (netdrv_restart(&drv, tap))
		tap_bail("the fd starts again");
}

/* R13: a buffer that ends with its region is good; one byte more is not. */
static void test_boundary(void)
{
	uint8_t *page = mem_alloc(&drv.mem, 4 * PAGE, PAGE);
	uint64_t gpa = mem_gpa(&drv.mem, page), end = gpa + 2 * PAGE;
	struct vhost_memory_region r[2] = {
		region(drv.mem.gpa, end - drv.mem.gpa, drv.mem.base),
		region(end + PAGE, PAGE, page + 3 * PAGE),
	};
	const uint32_t len = HDR_V1 + 100;
	int i, n;

	memset(page, 0, 4 * PAGE);
	for (i = -1; i <= 1; i++) {
		restart();
		guest_set_mem(&drv.g, r, 2);
		frame_make(page + 2 * PAGE - len + i + HDR_V1, 100, i);
		n = send_raw(end - len + i, len);
		if (i <= 0)
			tap_ok(n == 100 && frame_intact(got, 100),
			       "R13: a buffer that ends %d bytes before its region (%d)", -i, n);
		else
			tap_ok(n == 0 && vq_err(&drv.g.vq[TX], WAIT),
			       "R13: a buffer that ends one byte after it is an error (%d)", n);
		memset(page, 0, 4 * PAGE);
	}
	for (i = -1; i <= 1; i++) {
		restart();
		guest_set_mem(&drv.g, r, 2);
		frame_make(page + 3 * PAGE + i + HDR_V1, 100, i);
		n = send_raw(end + PAGE + i, len);
		tap_ok(i >= 0 ? n == 100 : n == 0 && vq_err(&drv.g.vq[TX], WAIT),
		       "R13: a buffer that begins %d bytes from its region (%d)", i, n);
		memset(page, 0, 4 * PAGE);
	}
	restart();
	guest_set_mem(&drv.g, r, 2);
	n = send_raw(end - PAGE / 2, 2 * PAGE);
	tap_ok(n == 0 && vq_err(&drv.g.vq[TX], WAIT), "a buffer with a hole in it is an error");
	restart();
	tap_ok(ping(800, 1), "and all is well afterwards");
}

/* The last byte there is: its region's end is not 0. */
static void test_top(void)
{
	uint8_t *page = mem_alloc(&drv.mem, PAGE, PAGE);
	struct vhost_memory_region r[2] = {
		region(drv.mem.gpa, drv.mem.size, drv.mem.base),
		region(-PAGE, PAGE, page),
	};
	const uint32_t len = HDR_V1 + 100;
	int n;

	memset(page, 0, PAGE);
	frame_make(page + PAGE - 100, 100, 5);
	restart();
	tap_ok(!guest_set_mem(&drv.g, r, 2), "a region that ends with the address space");
	n = send_raw(-(uint64_t)len, len);
	tap_ok(n == 100 && frame_intact(got, 100), "R12: its last byte is sent (%d)", n);
	restart();
	guest_set_mem(&drv.g, r, 2);
	n = send_raw(-(uint64_t)len + 1, len);
	tap_ok(n == 0 && vq_err(&drv.g.vq[TX], WAIT), "R12: and one byte more wraps: an error");
	restart();
}

/* The rings themselves are user addresses: a table without them changes nothing. */
static void test_empty(void)
{
	struct vq *vq = &drv.g.vq[TX];

	frame_make(frame, 100, 1);
	tap_ok(!guest_set_mem(&drv.g, NULL, 0), "an empty table under way");
	netdrv_tx(&drv, NULL, frame, 100);
	netdrv_tx_flush(&drv);
	tap_ok(vq_err(vq, WAIT), "a buffer then is an error");
	restart();
	tap_ok(ping(100, 3), "and all is well with the table back");
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
	r = netdrv_open(&drv, &(struct netdrv_opt){ .tx_pieces = 3, .num = 128 });
	if (!r)
		r = netdrv_start(&drv, tap);
	if (r)
		tap_bail("open %s: %s", guest_node(), strerror(-r));

	test_counts();
	guest_map(&drv.g);
	test_swap();
	guest_map(&drv.g);
	test_moved();
	test_boundary();
	test_top();
	test_empty();
	netdrv_close(&drv);
	return tap_done();
}
