// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stop and start at random points under traffic: the base that GET_VRING_BASE gives is exact, so
 * that on the way nothing is lost and nothing comes twice. Numbered packets, both ways.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define STOPS	60
#define WAIT	5000

static struct netdrv drv;
static int tap, host;
static uint8_t frame[2048], got[2048];
static volatile bool stop_sender;
static volatile uint32_t host_sent;
static uint32_t guest_seen, guest_sent, host_seen;

/* The host's sender: stays below what the tap's queue holds, so that nothing is dropped there. */
static void *send_from_host(void *arg)
{
	static uint8_t buf[2048];
	uint32_t seq = 0;

	while (!stop_sender) {
		uint32_t len = 60 + seq * 7 % 1400;

		if (seq - *(volatile uint32_t *)&guest_seen > 300) {
			usleep(200);
			continue;
		}
		frame_make(buf, len, seq);
		if (packet_send(host, buf, len) == (int)len)
			host_sent = ++seq;
	}
	return arg;
}

static bool take_from_guest(void)
{
	int r;

	while ((r = packet_recv(host, got, sizeof(got), 0)) > 0) {
		if (!frame_intact(got, r) || frame_seq(got) != host_seen) {
			tap_diag("the host got %u, expected %u", frame_seq(got), host_seen);
			return false;
		}
		host_seen++;
	}
	return true;
}

static bool take_from_host(void)
{
	vnet_hdr hdr;
	int r;

	while ((r = netdrv_rx(&drv, &hdr, got, sizeof(got))) > 0) {
		if (!frame_intact(got, r) || frame_seq(got) != guest_seen) {
			tap_diag("the guest got %u, expected %u", frame_seq(got), guest_seen);
			return false;
		}
		guest_seen++;
	}
	netdrv_rx_fill(&drv, UINT32_MAX);
	return r == 0;
}

static bool post_some(void)
{
	uint32_t n = rnd_range(1, 90);

	for (; n; n--) {
		frame_make(frame, 60 + guest_sent % 1000, guest_sent);
		if (netdrv_tx(&drv, NULL, frame, 60 + guest_sent % 1000))
			break;
		guest_sent++;
	}
	netdrv_tx_flush(&drv);
	return true;
}

/* What the device says of a stopped queue has to agree with what the rings say. */
static bool base_is_exact(unsigned int i)
{
	struct ring *r = &drv.g.vq[i].ring;
	uint32_t base, again, used = ring_base(r);

	if (guest_get_base(&drv.g, i, &base) || guest_get_base(&drv.g, i, &again))
		return false;
	if (base == used && base == again &&
	    (r->packed || (uint16_t)(r->avail_idx - base) <= r->num))
		return true;
	tap_diag("queue %u: base %#x and %#x, used index %#x, avail index %#x", i, base, again, used,
		 r->avail_idx);
	return false;
}

static bool one_stop(bool move)
{
	uint32_t base;
	int i;

	if (guest_stop(&drv.g))
		return false;
	for (i = 0; i < 2; i++) {
		if (!base_is_exact(i) || guest_get_base(&drv.g, i, &base))
			return false;
		if (move && guest_setup_vq(&drv.g, i, base))
			return false;
	}
	return !guest_start(&drv.g, tap);
}

static bool run(void)
{
	uint32_t stops, i;

	for (stops = 0; stops < STOPS; stops++) {
		for (i = rnd_range(0, 6); i; i--)
			if (!post_some() || !take_from_guest() || !take_from_host())
				return false;
		post_some();
		usleep(rnd_range(0, 3000));
		if (!one_stop(stops & 1)) {
			tap_diag("at stop %u", stops);
			return false;
		}
	}
	return true;
}

/* All that is under way arrives, on interrupts alone. */
static bool settle(void)
{
	int tries;

	stop_sender = true;
	if (!netdrv_tx_drain(&drv, WAIT))
		return false;
	for (tries = 0; host_seen < guest_sent && tries < 50; tries++) {
		if (!take_from_guest())
			return false;
		usleep(10000);
	}
	while (guest_seen < host_sent) {
		if (!take_from_host())
			return false;
		if (guest_seen < host_sent && !vq_wait_used(&drv.g.vq[RX], WAIT))
			break;
	}
	return take_from_host();
}

static void test(const char *name, const struct netdrv_opt *opt)
{
	pthread_t sender;
	bool ok;
	int r;

	guest_seen = guest_sent = host_seen = host_sent = 0;
	stop_sender = false;
	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
	r = netdrv_open(&drv, opt);
	if (!r)
		r = nettap_set_hdr(tap, drv.hdr_len);
	if (!r)
		r = netdrv_start(&drv, tap);
	if (!tap_ok(!r, "%s: starts", name))
		return;
	pthread_create(&sender, NULL, send_from_host, NULL);
	ok = run();
	stop_sender = true;
	pthread_join(sender, NULL);
	tap_ok(ok, "%s: %d stops at random points, each base exact", name, STOPS);
	ok = ok && settle();
	tap_ok(ok && host_seen == guest_sent, "%s: the host got %u of %u, in order, each once",
	       name, host_seen, guest_sent);
	tap_ok(ok && guest_seen == host_sent, "%s: the guest got %u of %u, in order, each once",
	       name, guest_seen, host_sent);
	netdrv_close(&drv);
}

/* A VMM gives what it likes as base: counting goes on from there. */
static void test_any_base(const char *name, uint64_t features, const uint32_t *bases, uint32_t n)
{
	uint32_t at[2], want, i;
	vnet_hdr hdr;
	int dir, r;

	r = netdrv_open(&drv, &(struct netdrv_opt){ .features = features });
	nettap_set_hdr(tap, drv.hdr_len);
	for (i = 0; !r && i < n; i++) {
		for (dir = 0; dir < 2; dir++) {
			ring_reset(&drv.g.vq[dir].ring, bases[i]);
			guest_setup_vq(&drv.g, dir, bases[i]);
		}
		drv.rx_nfree = drv.opt.num;
		r = netdrv_start(&drv, tap);
		frame_make(frame, 100, i);
		packet_send(host, frame, 100);
		netdrv_tx(&drv, NULL, frame, 100);
		netdrv_tx_flush(&drv);
		if (!r && netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT) != 100)
			r = -EIO;
		if (!r && packet_recv(host, got, sizeof(got), WAIT) != 100)
			r = -EIO;
		if (!netdrv_tx_drain(&drv, WAIT) || guest_stop(&drv.g))
			r = -EBUSY;
		guest_get_base(&drv.g, RX, &at[RX]);
		guest_get_base(&drv.g, TX, &at[TX]);
		want = (uint16_t)(bases[i] + 1);
		if (features & F_PACKED)
			want = 0x10001 * packed_after(&drv.g.vq[RX].ring, bases[i], 1);
		tap_ok(!r && at[RX] == want && at[TX] == want,
		       "%s from base %#x, after one packet each way: %#x and %#x", name,
		       bases[i], at[RX], at[TX]);
	}
	netdrv_close(&drv);
}

/* Of a packed ring: place and wrap counter of what is read next, and of what is used next. */
static const uint32_t places[] = {
	0x80008000,
	0x8000,			/* as DPDK has it: the beginning */
	0x80018001, 0x80ff80ff, 0x00010001, 0x00ff00ff,
};

static const uint32_t bases[] = { 0, 1, 255, 256, 257, 32767, 65280, 65535 };

/* What vhx has and in-tree has not. */
static void test_more_formats(void)
{
	struct netdrv_opt opt = { .tx_pieces = 2, .tx_size = 2048 };

	opt.features = F_MODERN | F_PACKED;
	test("packed", &opt);
	opt.features = F_MODERN | F_IN_ORDER;
	test("in order", &opt);
	opt.features = F_MODERN | F_PACKED | F_IN_ORDER;
	test("packed, in order", &opt);
	opt.tx_pieces = 3;
	opt.num = 64;
	opt.features = F_V1 | F_MRG | F_PACKED;
	test("packed, chains, flags", &opt);
	opt.features = F_V1 | F_MRG | F_IN_ORDER;
	test("in order, chains, flags", &opt);
	opt.features = F_V1 | F_MRG | F_PACKED | F_IN_ORDER;
	test("packed, in order, chains, flags", &opt);
	test_any_base("packed", F_MODERN | F_PACKED, places, sizeof(places) / sizeof(places[0]));
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", 0))
		tap_bail("a tap: %s", strerror(-tap));
	host = packet_open("vt0", false);
	test("modern", &(struct netdrv_opt){ .tx_pieces = 2, .tx_size = 2048 });
	test("no event index", &(struct netdrv_opt){ .features = F_V1 | F_MRG, .tx_size = 2048 });
	test("small ring, legacy", &(struct netdrv_opt){ .features = F_NONE, .num = 16 });
	test_any_base("split", F_MODERN, bases, sizeof(bases) / sizeof(bases[0]));
	if (guest_is_vhx())
		test_more_formats();
	return tap_done();
}
