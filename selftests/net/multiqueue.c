// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several fds of one process on one multiqueue tap: each TX queue sends, each RX queue gets the
 * flows tun gives it and keeps them in order, also while the number of queues changes. dealt to: one
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define QUEUES	4
#define FLOWS	32
#define WAIT	5000

static struct netdrv drv[QUEUES];
static int tap[QUEUES], host;
static uint8_t frame[2048], got[2048];
static uint32_t next_seq[FLOWS];	/* of the packets of a flow that arrived */
static uint32_t by_queue[QUEUES];

static void setup(void)
{
	int i, r;

	for (i = 0; i < QUEUES; i++) {
		tap[i] = nettap_open("vt0", NETTAP_MULTI);
		if (tap[i] < 0 || nettap_set_hdr(tap[i], HDR_V1))
			tap_bail("queue %d of the tap", i);
	}
	if (nettap_up("vt0", 0))
		tap_bail("the tap goes up");
	host = packet_open("vt0", false);
	for (i = 0; i < QUEUES; i++) {
		r = netdrv_open(&drv[i], &(struct netdrv_opt){ .tx_size = 2048, .num = 512 });
		if (!r)
			r = netdrv_start(&drv[i], tap[i]);
		tap_ok(!r, "queue pair %d starts (%s)", i, strerror(-r));
	}
}

/* A UDP packet of a flow; its number is in the source address, as ever. */
static void make_flow(uint8_t *p, uint32_t len, uint32_t flow, uint32_t seq)
{
	static const uint8_t ip[] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1 };

	frame_make(p, len, flow << 24 | seq);
	p[12] = 0x08;
	p[13] = 0x00;
	memcpy(p + 14, ip, sizeof(ip));
	p[16] = (len - 14) >> 8;
	p[17] = len - 14;
	memcpy(p + 30, (uint8_t []){ 10, 0, 1, flow }, 4);
	p[34] = 0x10;
	p[35] = flow;
	p[36] = 0x20;
	p[37] = 0x20;
}

static void test_tx(void)
{
	uint32_t i, seq = 0;
	bool ok = true;
	int q, r;

	for (i = 0; ok && i < 400; i++) {
		q = rnd_range(0, QUEUES - 1);
		frame_make(frame, 100 + i, seq);
		ok = !netdrv_tx(&drv[q], NULL, frame, 100 + i);
		netdrv_tx_flush(&drv[q]);
		r = packet_recv(host, got, sizeof(got), WAIT);
		ok = ok && r == (int)(100 + i) && frame_intact(got, r) && frame_seq(got) == seq++;
	}
	tap_ok(ok, "packets sent by any queue arrive (%u)", seq);
}

static bool take(int q, bool ordered)
{
	vnet_hdr hdr;
	uint32_t flow, seq;
	int r;

	while ((r = netdrv_rx(&drv[q], &hdr, got, sizeof(got))) > 0) {
		flow = frame_seq(got) >> 24;
		seq = frame_seq(got) & 0xffffff;
		if (flow >= FLOWS || (ordered && seq != next_seq[flow])) {
			tap_diag("queue %d: flow %u packet %u, expected %u", q, flow, seq,
				 flow < FLOWS ? next_seq[flow] : 0);
			return false;
		}
		next_seq[flow]++;
		by_queue[q]++;
	}
	netdrv_rx_fill(&drv[q], UINT32_MAX);
	return r == 0;
}

static uint32_t total(void)
{
	uint32_t i, sum = 0;

	for (i = 0; i < FLOWS; i++)
		sum += next_seq[i];
	return sum;
}

/* Send @n packets of each flow, take them as they come. Returns how many did. */
static uint32_t exchange(uint32_t n, bool ordered, bool *ok)
{
	uint32_t seq, flow;
	int q, tries;

	memset(next_seq, 0, sizeof(next_seq));
	memset(by_queue, 0, sizeof(by_queue));
	for (seq = 0; *ok && seq < n; seq++) {
		for (flow = 0; flow < FLOWS; flow++) {
			make_flow(frame, 100 + flow, flow, seq);
			packet_send(host, frame, 100 + flow);
		}
		for (q = 0; q < QUEUES; q++)
			*ok = *ok && take(q, ordered);
		/* No more under way than a tap's queue holds. */
		for (tries = 0; *ok && total() + 300 < (seq + 1) * FLOWS && tries < 500; tries++) {
			usleep(2000);
			for (q = 0; q < QUEUES; q++)
				*ok = *ok && take(q, ordered);
		}
	}
	for (tries = 0; *ok && total() < n * FLOWS && tries < 100; tries++) {
		usleep(5000);
		for (q = 0; q < QUEUES; q++)
			*ok = *ok && take(q, ordered);
	}
	return total();
}

static void test_rx(void)
{
	bool ok = true;
	uint32_t n = exchange(100, true, &ok);

	tap_ok(ok && n == 100 * FLOWS, "host to guest: %u of %u, each flow in order", n,
	       100 * FLOWS);
	tap_ok(by_queue[0] && by_queue[1] && by_queue[2] && by_queue[3],
	       "by all four queues (%u %u %u %u)", by_queue[0], by_queue[1], by_queue[2],
	       by_queue[3]);
}

/* A flow the guest sends by a queue comes back to it: tun learns, vhost has to use its own file. */
static void test_flow_table(void)
{
	uint32_t flow, seq, right = 0;
	bool ok = true;
	int q;

	for (flow = 0; flow < FLOWS; flow++) {
		q = flow % QUEUES;
		make_flow(frame, 100, flow, 0);
		/* As seen by the other end. */
		memcpy(got, frame + 26, 4);
		memmove(frame + 26, frame + 30, 4);
		memcpy(frame + 30, got, 4);
		memcpy(got, frame + 34, 2);
		memmove(frame + 34, frame + 36, 2);
		memcpy(frame + 36, got, 2);
		netdrv_tx(&drv[q], NULL, frame, 100);
		netdrv_tx_flush(&drv[q]);
	}
	for (q = 0; q < QUEUES; q++)
		ok = ok && netdrv_tx_drain(&drv[q], WAIT);
	while (packet_recv(host, got, sizeof(got), 20) > 0)
		;
	for (flow = 0; ok && flow < FLOWS; flow++) {
		memset(next_seq, 0, sizeof(next_seq));
		memset(by_queue, 0, sizeof(by_queue));
		for (seq = 0; seq < 4; seq++) {
			make_flow(frame, 100, flow, seq);
			packet_send(host, frame, 100);
		}
		ok = vq_wait_used(&drv[flow % QUEUES].g.vq[RX], 1000);
		usleep(5000);
		for (q = 0; q < QUEUES; q++)
			ok = take(q, false) && ok;
		right += by_queue[flow % QUEUES];
	}
	tap_ok(ok && right == 4 * FLOWS,
	       "a flow comes back by the queue it was sent from (%u of %u)", right, 4 * FLOWS);
}

/* QEMU with fewer queues in the guest than fds: it detaches the rest of them. */
static int use_queues(int n)
{
	struct ifreq req = { 0 };
	int i, r = 0;

	for (i = 0; i < QUEUES; i++) {
		req.ifr_flags = i < n ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
		if (i >= n)
			r |= guest_stop(&drv[i].g);
		if (ioctl(tap[i], TUNSETQUEUE, &req) && errno != EINVAL)
			r |= -errno;
		if (i < n)
			r |= guest_start(&drv[i].g, tap[i]);
	}
	return r;
}

static void test_fewer(void)
{
	static const int counts[] = { 2, 1, 3, 4, 1, 4 };
	uint32_t i, n;
	int q, r;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		bool ok = true, idle = true;

		r = use_queues(counts[i]);
		for (q = 0; q < QUEUES; q++)
			take(q, false);
		n = exchange(20, true, &ok);
		for (q = counts[i]; q < QUEUES; q++)
			idle = idle && !by_queue[q];
		tap_ok(!r && ok && idle && n == 20 * FLOWS,
		       "%d of %d queues in use: %u of %u arrive", counts[i], QUEUES, n,
		       20 * FLOWS);
	}
}

/* The guest's `ethtool -L` under load: packets under way may be lost, and nothing else. */
static void test_change_under_load(void)
{
	uint32_t before = 0;
	bool ok = true;
	int i;

	for (i = 0; ok && i < 30; i++) {
		uint32_t flow;

		for (flow = 0; flow < FLOWS; flow++) {
			make_flow(frame, 100, flow, i);
			packet_send(host, frame, 100);
			netdrv_tx(&drv[flow % QUEUES], NULL, frame, 100);
			netdrv_tx_flush(&drv[flow % QUEUES]);
		}
		ok = !use_queues(rnd_range(1, QUEUES));
	}
	tap_ok(ok, "the number of queues changes 30 times under load");
	ok = ok && !use_queues(QUEUES);
	for (i = 0; i < QUEUES; i++) {
		take(i, false);
		ok = ok && netdrv_tx_drain(&drv[i], WAIT);
	}
	tap_ok(ok, "every TX buffer comes back");
	usleep(20000);
	for (i = 0; i < QUEUES; i++)
		take(i, false);
	while (packet_recv(host, got, sizeof(got), 10) > 0)
		;
	before = exchange(50, true, &ok);
	tap_ok(ok && before == 50 * FLOWS, "and nothing is lost any more (%u of %u)", before,
	       50 * FLOWS);
}

#define SHARED	2000		/* packets to two fds */

static uint8_t seen[SHARED];		/* how often each came */

/* Take what came to either of the two fds. */
static uint32_t take_shared(void)
{
	uint32_t n = 0;
	vnet_hdr hdr;
	int q;

	for (q = 0; q < 2; q++) {
		while (netdrv_rx(&drv[q], &hdr, got, sizeof(got)) == 100) {
			seen[(frame_seq(got) & 0xffffff) % SHARED]++;
			n++;
		}
		netdrv_rx_fill(&drv[q], UINT32_MAX);
	}
	return n;
}

/* Two vhost fds on one queue of a tap: each packet goes to one of them. */
static void test_shared_queue(void)
{
	uint32_t i, tries, taken = 0, once = 0;
	int q, r = 0;

	for (q = 0; q < QUEUES; q++)
		r |= guest_stop(&drv[q].g);
	r |= use_queues(1);
	r |= guest_start(&drv[1].g, tap[0]);
	tap_ok(!r, "two fds on one queue start (%d)", r);
	for (i = 0; i < SHARED; i++) {
		make_flow(frame, 100, i % FLOWS, i);
		packet_send(host, frame, 100);
		/* No more under way than a tap's queue holds. */
		for (tries = 0; i - taken > 200 && tries < 2000; tries++) {
			taken += take_shared();
			usleep(1000);
		}
	}
	for (tries = 0; taken < SHARED && tries < 1000; tries++) {
		taken += take_shared();
		usleep(1000);
	}
	for (i = 0; i < SHARED; i++)
		once += seen[i] == 1;
	tap_ok(once == SHARED && taken == SHARED, "each of %u packets comes once (%u, %u in all)",
	       SHARED, once, taken);
	for (q = 0; q < 2; q++) {
		frame_make(frame, 200, q);
		netdrv_tx(&drv[q], NULL, frame, 200);
		netdrv_tx_flush(&drv[q]);
		r = packet_recv(host, got, sizeof(got), WAIT);
		tap_ok(r == 200 && frame_seq(got) == (uint32_t)q, "fd %d sends", q);
	}
}

int main(void)
{
	int i;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	setup();
	test_tx();
	test_rx();
	test_flow_table();
	test_fewer();
	test_change_under_load();
	test_shared_queue();
	for (i = 0; i < QUEUES; i++)
		netdrv_close(&drv[i]);
	return tap_done();
}
