// SPDX-License-Identifier: GPL-2.0-only
/*
 * What vhx counts is what happened: each counter of a queue against what the test did.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"
#include "vhxstat.h"

#define WAIT	5000
#define N	(drv.opt.num)

static struct netdrv drv;
static int tap, host;
static uint8_t frame[65536], got[65536];
static struct vhxstat before, after;

static void mark(uint8_t dir)
{
	if (vhxstat_find(&before, 0, dir))
		tap_bail("no queue by netlink");
}

/* What a counter has gone up by since mark(), once the worker is done with it. */
static uint64_t grown(uint8_t dir, enum vhx_qstat id)
{
	usleep(20000);
	if (vhxstat_find(&after, 0, dir))
		return ~0ULL;
	return after.count[id] - before.count[id];
}

#define GREW(dir, id, by, what)						\
	tap_ok(grown(dir, VHX_QSTAT_##id) == (by), "%s: %s %llu, expected %llu", what, #id, \
	       (unsigned long long)grown(dir, VHX_QSTAT_##id), (unsigned long long)(by))

static void fresh(void)
{
	guest_stop(&drv.g);
	if (netdrv_restart(&drv, tap))
		tap_bail("start");
	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
}

static void send_burst(uint32_t n, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		frame_make(frame, len, i);
		netdrv_tx(&drv, NULL, frame, len);
	}
	netdrv_tx_flush(&drv);
	netdrv_tx_drain(&drv, WAIT);
}

static void test_tx(void)
{
	fresh();
	mark(TX);
	send_burst(40, 500);
	GREW(TX, PACKETS, 40, "40 packets sent");
	GREW(TX, BYTES, 40 * 500, "40 packets sent");
	GREW(TX, DESCRIPTORS, 40, "40 packets sent");
	tap_ok(grown(TX, VHX_QSTAT_BATCHES) >= 1 && grown(TX, VHX_QSTAT_BATCHES) <= 40,
	       "in batches (%llu)", (unsigned long long)grown(TX, VHX_QSTAT_BATCHES));
	tap_ok(grown(TX, VHX_QSTAT_KICKS) >= 1, "after a kick (%llu)",
	       (unsigned long long)grown(TX, VHX_QSTAT_KICKS));
	tap_ok(grown(TX, VHX_QSTAT_CALLS) >= 1, "with an interrupt (%llu)",
	       (unsigned long long)grown(TX, VHX_QSTAT_CALLS));
	GREW(TX, BAD_RINGS, 0, "40 packets sent");
	GREW(TX, BAD_PACKETS, 0, "40 packets sent");
	tap_ok(after.live && !after.broken && after.size == N && after.worker,
	       "the queue is live, of %u descriptors, worker %u", after.size, after.worker);
	tap_ok(after.avail == 40 && after.used == 40, "at 40 (%u, %u)", after.avail, after.used);

	mark(TX);
	send_burst(3, 60000);
	GREW(TX, PACKETS, 3, "3 big packets sent");
	GREW(TX, BYTES, 3 * 60000, "3 big packets sent");
}

static void test_tx_bad(void)
{
	uint32_t i;

	fresh();
	mark(TX);
	frame_make(frame, 64, 1);
	for (i = 0; i < 5; i++)
		netdrv_tx(&drv, NULL, frame, 9);
	netdrv_tx_flush(&drv);
	netdrv_tx_drain(&drv, WAIT);
	tap_ok(grown(TX, VHX_QSTAT_BAD_PACKETS) + grown(TX, VHX_QSTAT_BACKEND_ERRORS) == 5,
	       "5 frames shorter than a header: bad or refused (%llu and %llu)",
	       (unsigned long long)grown(TX, VHX_QSTAT_BAD_PACKETS),
	       (unsigned long long)grown(TX, VHX_QSTAT_BACKEND_ERRORS));
	GREW(TX, PACKETS, 0, "5 frames shorter than a header");
}

static void test_calls_skipped(void)
{
	struct vq *vq = &drv.g.vq[TX];
	uint32_t i;

	fresh();
	send_burst(1, 100);
	mark(TX);
	ring_call_off(&vq->ring);
	for (i = 0; i < 10; i++) {
		frame_make(frame, 100, i);
		netdrv_tx(&drv, NULL, frame, 100);
		netdrv_tx_flush(&drv);
		usleep(5000);
	}
	GREW(TX, PACKETS, 10, "10 packets without interrupts");
	GREW(TX, CALLS, 0, "10 packets without interrupts");
	tap_ok(grown(TX, VHX_QSTAT_CALLS_SKIPPED) >= 1, "they are counted as skipped (%llu)",
	       (unsigned long long)grown(TX, VHX_QSTAT_CALLS_SKIPPED));
	netdrv_tx_drain(&drv, WAIT);
}

static void take(uint32_t n)
{
	vnet_hdr hdr;

	while (n && netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT) > 0)
		n--;
}

static void test_rx(void)
{
	uint32_t i;

	fresh();
	mark(RX);
	for (i = 0; i < 30; i++) {
		frame_make(frame, 700, i);
		packet_send(host, frame, 700);
	}
	take(30);
	GREW(RX, PACKETS, 30, "30 packets received");
	GREW(RX, BYTES, 30 * 700, "30 packets received");
	tap_ok(grown(RX, VHX_QSTAT_DESCRIPTORS) >= 30, "30 packets received: DESCRIPTORS %llu",
	       (unsigned long long)grown(RX, VHX_QSTAT_DESCRIPTORS));
	GREW(RX, NO_BUFFERS, 0, "30 packets received");
	GREW(RX, BAD_RINGS, 0, "30 packets received");

	guest_stop(&drv.g);
	netdrv_reset(&drv);
	guest_start(&drv.g, tap);
	mark(RX);
	packet_send(host, frame, 700);
	tap_ok(grown(RX, VHX_QSTAT_NO_BUFFERS) >= 1, "a packet and no buffer: NO_BUFFERS %llu",
	       (unsigned long long)grown(RX, VHX_QSTAT_NO_BUFFERS));
	take(1);
	GREW(RX, PACKETS, 1, "and once there is one");
}

static void test_broken(void)
{
	struct ring *r = &drv.g.vq[TX].ring;

	fresh();
	mark(TX);
	r->desc[0].addr = 0;
	r->desc[0].len = 100;
	r->avail->ring[0] = 0;
	r->avail_idx++;
	ring_publish(r);
	vq_kick(&drv.g.vq[TX]);
	vq_err(&drv.g.vq[TX], WAIT);
	GREW(TX, BAD_RINGS, 1, "an illegal ring");
	tap_ok(after.broken, "an illegal ring: the queue is broken");
	vq_kick(&drv.g.vq[TX]);
	GREW(TX, BAD_RINGS, 1, "and another kick");
	mark(RX);
	frame_make(frame, 700, 1);
	packet_send(host, frame, 700);
	take(1);
	GREW(RX, PACKETS, 1, "the other queue goes on");
	fresh();
	mark(TX);
	tap_ok(!before.broken && before.live, "started again it is whole");
	send_burst(1, 100);
	GREW(TX, PACKETS, 1, "and sends");
}

/* A queue that stopped is still there, with what it counted; one that was closed is not. */
static void test_life(void)
{
	struct vhxstat all[VHXSTAT_MAX];

	fresh();
	send_burst(7, 100);
	mark(TX);
	guest_stop(&drv.g);
	tap_ok(grown(TX, VHX_QSTAT_PACKETS) == 0 && !after.live &&
	       after.count[VHX_QSTAT_PACKETS] >= 7, "stopped: not live, counters kept");
	fresh();
	mark(TX);
	sh("ip link del vt0");
	send_burst(5, 100);
	GREW(TX, BACKEND_ERRORS, 5, "5 packets for a tap that is gone");
	GREW(TX, PACKETS, 0, "5 packets for a tap that is gone");
	netdrv_close(&drv);
	tap_ok(vhxstat_get(all, VHXSTAT_MAX) == 0, "closed: gone");
}

/* Another namespace sees nothing of it. */
static void test_netns(void)
{
	struct vhxstat all[VHXSTAT_MAX];
	int here = nettap_this_netns(), other = nettap_new_netns(), n, m;

	fresh();
	n = vhxstat_get(all, VHXSTAT_MAX);
	nettap_enter_netns(other);
	m = vhxstat_get(all, VHXSTAT_MAX);
	nettap_enter_netns(here);
	tap_ok(n == 2 && m == 0, "two queues here (%d), none in another namespace (%d)", n, m);
	close(here);
	close(other);
}

int main(void)
{
	if (!guest_is_vhx())
		tap_skip_all("in-tree counts nothing");
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		tap_bail("open %s", guest_node());
	test_tx();
	test_tx_bad();
	test_calls_skipped();
	test_rx();
	test_broken();
	test_netns();
	test_life();
	return tap_done();
}
