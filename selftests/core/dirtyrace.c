// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration log while everything moves: guest memory copied as a migration does it, in rounds,
 * under traffic, until the device is stopped, must be the guest's memory; logs that are swapped,
 * switched on and off meanwhile; a log that others write too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dirtylog.h"
#include "frame.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define ROUNDS	40

static struct netdrv drv;
static int tap, host;
static uint8_t *rx_first, *rx_last;

/* ---- traffic: a thread that sends, and one that is the guest's driver ---- */

static volatile bool stop_sender, stop_driver;
static volatile uint64_t received;
static pthread_t sender, driver;

static void *send_on(void *arg)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t seq = 0;

	while (!stop_sender) {
		uint32_t len = FRAME_MIN + seq * 37 % 1500;

		frame_make(frame, len, seq++);
		packet_send(host, frame, len);
		if (!(seq % 64))
			usleep(500);
	}
	return arg;
}

/* It looks at what came, and writes nothing but rings and packets to be sent. */
static void *drive(void *arg)
{
	static uint8_t frame[100];
	uint32_t len, seq = 0;
	uint8_t *buf;

	while (!stop_driver) {
		while ((buf = ring_get(&drv.g.vq[RX].ring, &len))) {
			drv.rx_free[drv.rx_nfree++] = buf;
			received++;
		}
		netdrv_rx_fill(&drv, UINT32_MAX);
		frame_make(frame, sizeof(frame), seq++);
		if (netdrv_tx_room(&drv) && !netdrv_tx(&drv, NULL, frame, sizeof(frame)))
			netdrv_tx_flush(&drv);
		netdrv_tx_reap(&drv);
		usleep(100);
	}
	return arg;
}

static void traffic_start(void)
{
	uint32_t i;

	if (netdrv_open(&drv, &(struct netdrv_opt){ .tx_size = 256, .num = 1024 }))
		tap_bail("a guest: %s", strerror(errno));
	rx_first = rx_last = drv.rx_free[0];
	for (i = 0; i < drv.opt.num; i++) {
		if (drv.rx_free[i] < rx_first)
			rx_first = drv.rx_free[i];
		if (drv.rx_free[i] > rx_last)
			rx_last = drv.rx_free[i];
	}
	rx_last += drv.opt.rx_size;
	if (netdrv_start(&drv, tap))
		tap_bail("the guest does not start");
	stop_sender = stop_driver = false;
	received = 0;
	pthread_create(&sender, NULL, send_on, NULL);
	pthread_create(&driver, NULL, drive, NULL);
}

static void traffic_end(void)
{
	stop_driver = stop_sender = true;
	pthread_join(driver, NULL);
	pthread_join(sender, NULL);
	nettap_flush(tap);
	netdrv_close(&drv);
}

/* Has anything moved lately? */
static bool moving(void)
{
	uint64_t from = received;
	int i;

	for (i = 0; i < 500 && received - from < 50; i++)
		usleep(10000);
	return received - from >= 50;
}

/* ---- a migration ---- */

/* Pages that only the device writes: buffers, used rings, and what a packed ring has in its place. */
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

/* Copy what is marked. Return: pages. */
static uint32_t sync_pages(struct dirtylog *l, uint8_t *to)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < drv.mem.size; i += LOG_PAGE)
		if (dirtylog_take(l, drv.mem.gpa + i)) {
			memcpy(to + i, drv.mem.base + i, LOG_PAGE);
			n++;
		}
	return n;
}

static uint32_t stale_pages(const uint8_t *copy)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < drv.mem.size; i += LOG_PAGE)
		n += is_device_page(drv.mem.base + i) &&
		     memcmp(copy + i, drv.mem.base + i, LOG_PAGE);
	return n;
}

/* Is what the VMM would hand over where the guest's rings are? */
static bool base_is_exact(unsigned int i)
{
	uint32_t base = 0;

	return !guest_get_base(&drv.g, i, &base) && base == ring_base(&drv.g.vq[i].ring);
}

static void test_migrate(void)
{
	uint32_t round, k, bad = 0, inexact = 0, pages = 0;
	struct dirtylog l;
	uint8_t *copy;

	traffic_start();
	copy = malloc(drv.mem.size);
	dirtylog_open(&l, &drv.g, 0);
	for (round = 0; round < ROUNDS; round++) {
		dirtylog_clear(&l);
		if (guest_log(&drv.g, &l))
			break;
		memcpy(copy, drv.mem.base, drv.mem.size);
		for (k = rnd_range(1, 6); k; k--) {
			usleep(rnd_range(0, 3000));
			pages += sync_pages(&l, copy);
		}
		if (guest_stop(&drv.g))
			break;
		/* The guest stands still. */
		pages += sync_pages(&l, copy);
		bad += stale_pages(copy);
		inexact += !base_is_exact(RX) + !base_is_exact(TX);
		if (guest_log_off(&drv.g) || guest_start(&drv.g, tap))
			break;
		if (round % 8 == 7 && !moving())
			break;
	}
	tap_ok(round == ROUNDS && !bad, "%u migrations under traffic: %u pages copied, %u stale",
	       round, pages, bad);
	tap_ok(!inexact, "GET_VRING_BASE is where the used index is, nothing is in flight");
	tap_ok(!vq_err(&drv.g.vq[RX], 0) && !vq_err(&drv.g.vq[TX], 0), "no ring error");
	dirtylog_close(&l);
	free(copy);
	traffic_end();
}

/*
 * When SET_LOG_BASE or SET_FEATURES returns, the old log is nobody's: it is cleared, and then
 * nothing may appear in it. What it had goes with what the new one gets.
 */
static void test_swap(void)
{
	uint32_t round, late = 0, bad = 0, i;
	struct dirtylog l[2];
	uint8_t *copy;

	traffic_start();
	copy = malloc(drv.mem.size);
	for (i = 0; i < 2; i++)
		dirtylog_open(&l[i], &drv.g, i * 5);
	if (guest_log(&drv.g, &l[0]))
		tap_bail("no log");
	memcpy(copy, drv.mem.base, drv.mem.size);
	for (round = 0; round < 200; round++) {
		struct dirtylog *old = &l[round % 2], *new = &l[(round + 1) % 2];

		late += dirtylog_count(new) != 0;
		if (guest_log_base(&drv.g, new->bits))
			break;
		sync_pages(old, copy);
		usleep(rnd_range(0, 2000));
	}
	tap_ok(round == 200 && !late, "%u times SET_LOG_BASE: nothing in a log that was left", round);
	guest_stop(&drv.g);
	for (i = 0; i < 2; i++)
		sync_pages(&l[i], copy);
	bad = stale_pages(copy);
	tap_ok(!bad, "and no page was missed on the way: %u", bad);

	late = 0;
	guest_start(&drv.g, tap);
	for (round = 0; round < 200; round++) {
		if (guest_log_off(&drv.g))
			break;
		dirtylog_clear(&l[0]);
		dirtylog_clear(&l[1]);
		usleep(rnd_range(0, 1000));
		late += dirtylog_count(&l[0]) + dirtylog_count(&l[1]) != 0;
		if (guest_log(&drv.g, &l[0]))
			break;
		usleep(rnd_range(0, 1000));
	}
	tap_ok(round == 200 && !late && moving(), "%u times off and on: nothing when it is off", round);
	tap_ok(dirtylog_count(&l[0]), "and something when it is on");
	for (i = 0; i < 2; i++)
		dirtylog_close(&l[i]);
	free(copy);
	traffic_end();
}

/* KVM's and the VMM's bits are in the same words. */
static void test_shared(void)
{
	uint64_t from, gpa, lost = 0, set = 0;
	struct dirtylog l;
	int pass;

	traffic_start();
	from = drv.mem.gpa;
	dirtylog_open(&l, &drv.g, 0);
	guest_log(&drv.g, &l);
	for (pass = 0; pass < 300; pass++) {
		uint8_t mask = pass & 1 ? 0x55 : 0xaa;

		/* Half of the bits are ours, all of them but the device's are ours to clear. */
		for (gpa = from; gpa < from + drv.mem.size; gpa += 8 * LOG_PAGE)
			__atomic_fetch_or(&l.bits[gpa / LOG_PAGE / 8], mask, __ATOMIC_SEQ_CST);
		for (gpa = from; gpa < from + drv.mem.size; gpa += 8 * LOG_PAGE) {
			lost += (l.bits[gpa / LOG_PAGE / 8] & mask) != mask;
			set++;
			__atomic_store_n(&l.bits[gpa / LOG_PAGE / 8], 0, __ATOMIC_SEQ_CST);
		}
	}
	tap_ok(!lost && moving(), "bits that others set stay: %llu of %llu bytes lost some",
	       (unsigned long long)lost, (unsigned long long)set);
	dirtylog_close(&l);
	traffic_end();
}

int main(void)
{
	rnd_start();
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap to work with");
	host = packet_open("vt0", false);

	test_migrate();
	test_swap();
	test_shared();
	return tap_done();
}
