// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that takes its time: packets wait in the tap, the worker sleeps meanwhile, and when
 * there are buffers again everything comes, in order.
 */
#include <errno.h>
#include <pthread.h>
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
#include "worker.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE 0x0080		/* 7.x: the queue stops instead of dropping */
#endif

#define WAIT 5000

static struct netdrv drv;
static int tap, host;
static uint8_t frame[65536], got[65536];

static void send_frames(uint32_t from, uint32_t n, uint32_t len)
{
	uint32_t i;

	for (i = from; i < from + n; i++) {
		frame_make(frame, len, i);
		packet_send(host, frame, len);
	}
}

/* The next @n packets, in order. Posts @at_once buffers at a time. */
static uint32_t take(uint32_t from, uint32_t n, uint32_t len, uint32_t at_once)
{
	vnet_hdr hdr;
	uint32_t i;
	int r;

	for (i = 0; i < n; ) {
		r = netdrv_rx(&drv, &hdr, got, sizeof(got));
		if (!r) {
			netdrv_rx_fill(&drv, at_once);
			if (!vq_wait_used(&drv.g.vq[RX], WAIT))
				break;
			continue;
		}
		if (r != (int)len || !frame_intact(got, len) || frame_seq(got) != from + i) {
			tap_diag("got %d bytes, number %u, expected %u", r, frame_seq(got),
				 from + i);
			break;
		}
		i++;
	}
	return i;
}

static void start(const struct netdrv_opt *opt)
{
	if (netdrv_open(&drv, opt))
		tap_bail("open %s", guest_node());
	nettap_set_hdr(tap, drv.hdr_len);
	if (guest_start(&drv.g, tap))
		tap_bail("start");
}

static void test_no_buffers(void)
{
	uint32_t n;

	start(&(struct netdrv_opt){ .num = 64 });
	send_frames(0, 200, 1000);
	tap_ok(worker_rests(300), "no buffers: the worker rests while 200 packets wait");
	vq_kick(&drv.g.vq[RX]);
	tap_ok(worker_rests(300), "no buffers: also after a kick for nothing");
	n = take(0, 200, 1000, UINT32_MAX);
	tap_ok(n == 200, "no buffers: once there are, %u of 200 come, in order", n);
	send_frames(0, 100, 600);
	n = take(0, 100, 600, 1);
	tap_ok(n == 100, "one buffer at a time: %u of 100 come, in order", n);
	netdrv_close(&drv);
}

/*
 * R7: some buffers are there, but too few for the next packet. "Is there anything" and "is there
 * anything new" are two questions; who confuses them never sleeps.
 */
static void test_too_few(void)
{
	uint32_t posted, n;

	for (posted = 1; posted < 4; posted++) {
		start(&(struct netdrv_opt){ .num = 64, .rx_size = 1024 });
		netdrv_rx_fill(&drv, posted);
		send_frames(0, 10, 4000);
		tap_ok(worker_rests(300), "R7: %u buffers where 4 are needed: the worker rests",
		       posted);
		netdrv_rx_fill(&drv, 1);
		if (posted < 3)
			tap_ok(worker_rests(200) && !ring_has_used(&drv.g.vq[RX].ring),
			       "R7: one more is not enough either");
		n = take(0, 10, 4000, 4);
		tap_ok(n == 10, "R7: with enough of them %u of 10 come, in order", n);
		netdrv_close(&drv);
	}
}

/* Without mergeable buffers a packet that fits in none is dropped, and the next one is not. */
static void test_too_big(void)
{
	uint32_t n;

	start(&(struct netdrv_opt){ .num = 64, .rx_size = 1024, .features = F_V1 });
	netdrv_rx_fill(&drv, UINT32_MAX);
	send_frames(0, 5, 4000);
	send_frames(0, 5, 500);
	n = take(0, 5, 500, UINT32_MAX);
	tap_ok(n == 5, "a packet that fits in no buffer is dropped, the next come (%u of 5)", n);
	netdrv_close(&drv);
}

static volatile bool stop;

static void *flood(void *arg)
{
	static uint8_t buf[1000];
	int fd = packet_open(arg, false);
	uint32_t seq = 0;

	while (!stop) {
		frame_make(buf, sizeof(buf), seq++);
		packet_send(fd, buf, sizeof(buf));
	}
	close(fd);
	return NULL;
}

/* A flood that never ends, into a guest that takes some and stops taking some. */
static void test_flood(void)
{
	pthread_t thread;
	vnet_hdr hdr;
	uint32_t i, n = 0, last = 0;
	bool ok = true;

	start(&(struct netdrv_opt){ .num = 64 });
	stop = false;
	pthread_create(&thread, NULL, flood, (void *)"vt0");
	for (i = 0; ok && i < 200; i++) {
		netdrv_rx_fill(&drv, rnd_range(1, 64));
		if (!vq_wait_used(&drv.g.vq[RX], WAIT))
			break;
		while (ok && netdrv_rx(&drv, &hdr, got, sizeof(got)) == 1000) {
			ok = frame_intact(got, 1000) && (!n || frame_seq(got) > last);
			last = frame_seq(got);
			n++;
		}
		if (i % 20 == 0)
			usleep(10000);
	}
	stop = true;
	pthread_join(thread, NULL);
	tap_ok(ok && i == 200, "a flood: %u packets of %u came, in order, none twice", n, last + 1);
	netdrv_close(&drv);
}

/*
 * R44: with IFF_BACKPRESSURE the tap stops its queue when it is full, and who takes packets has to
 * wake it: nothing is lost, and nothing stands still.
 */
static void test_flow_control(void)
{
	unsigned int features = 0;
	uint32_t seen = 0;
	pthread_t thread;
	vnet_hdr hdr;
	int r = 0;

	if (ioctl(tap, TUNGETFEATURES, &features) || !(features & IFF_BACKPRESSURE)) {
		tap_skip("R44: IFF_BACKPRESSURE", "this kernel's tun has none");
		return;
	}
	close(host);
	close(tap);
	tap = nettap_open("vt1", NETTAP_DEFAULT | IFF_BACKPRESSURE);
	if (!tap_ok(tap >= 0, "R44: a tap with IFF_BACKPRESSURE (%s)", strerror(-tap)))
		return;
	sh("ip link set vt1 txqueuelen 32");
	sh("tc qdisc replace dev vt1 root pfifo limit 10");
	nettap_up("vt1", 0);
	start(&(struct netdrv_opt){ .num = 64 });
	stop = false;
	pthread_create(&thread, NULL, flood, (void *)"vt1");
	while (seen < 5000) {
		r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
		if (r != 1000)
			break;
		seen++;
	}
	stop = true;
	pthread_join(thread, NULL);
	tap_ok(seen == 5000, "R44: the queue never stands still (%u packets, last %d)", seen, r);
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 200) > 0)
		;
	host = packet_open("vt1", false);
	send_frames(0, 20, 500);
	tap_ok(take(0, 20, 500, UINT32_MAX) == 20, "R44: and is awake when it is empty");
	netdrv_close(&drv);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", 9000))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	test_no_buffers();
	test_too_few();
	test_too_big();
	test_flood();
	test_flow_control();
	return tap_done();
}
