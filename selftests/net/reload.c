// SPDX-License-Identifier: GPL-2.0-only
/*
 * One fd, many drivers: a guest boots by its firmware's legacy driver, goes on with the system's,
 * reloads that one, reboots; each with features, ring sizes and rings of its own. And owners that
 * follow each other on one fd by RESET_OWNER.
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

#define WAIT	5000
#define MAX	1024

static struct netdrv drv;
static int tap, host;
static uint8_t frame[FRAME_MAX], got[FRAME_MAX];

static bool ping(uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	r = netdrv_tx(&drv, NULL, frame, len);
	if (r) {
		tap_diag("no room to send: %s", strerror(-r));
		return false;
	}
	netdrv_tx_flush(&drv);
	r = packet_recv(host, got, sizeof(got), WAIT);
	if (r != (int)len || memcmp(got, frame, len)) {
		tap_diag("%u bytes sent, the host got %d", len, r);
		return false;
	}
	packet_send(host, frame, len);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r != (int)len || memcmp(got, frame, len)) {
		tap_diag("%u bytes sent, the guest got %d", len, r);
		return false;
	}
	return netdrv_tx_drain(&drv, WAIT);
}

static bool pings(uint32_t n, uint32_t max_len)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (!ping(rnd_range(FRAME_MIN, max_len), i))
			return false;
	return true;
}

static int next_driver(uint64_t features, uint32_t num)
{
	int r = guest_stop(&drv.g);

	if (!r)
		r = netdrv_negotiate(&drv, features, num);
	if (!r)
		r = nettap_set_hdr(tap, drv.hdr_len);
	return r ? r : netdrv_start(&drv, tap);
}

static void test_drivers(void)
{
	static const struct {
		const char *name;
		uint64_t features;
		uint32_t num;
	} chain[] = {
		{ "firmware, legacy", F_NONE, 256 },
		{ "Linux", F_MODERN, 1024 },
		{ "Linux again", F_MODERN, 1024 },
		{ "a driver without event index", F_V1 | F_MRG, 256 },
		{ "firmware, modern", F_V1, 64 },
		{ "legacy with mergeable buffers", F_MRG | F_INDIRECT, 128 },
		{ "Linux after all", F_MODERN, 512 },
	};
	uint32_t i, k;

	for (i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		int r = next_driver(chain[i].features, chain[i].num);

		tap_ok(!r && pings(30, 1514), "%s takes over (%s)", chain[i].name, strerror(-r));
		/* It leaves with packets under way, as a crash does. */
		for (k = 0; k < 20; k++) {
			netdrv_tx(&drv, NULL, frame, 100);
			packet_send(host, frame, 100);
		}
		netdrv_tx_flush(&drv);
		guest_stop(&drv.g);
		usleep(10000);
		nettap_flush(tap);
		while (packet_recv(host, got, sizeof(got), 20) > 0)
			;
	}
}

static void test_ring_sizes(void)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8, 32, 128, 1024 };
	static const uint64_t features[] = { F_V1, F_V1 | F_EVENT_IDX, F_MODERN };
	uint32_t i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bool ok = true;
		int r = 0;

		for (k = 0; !r && ok && k < 3; k++) {
			r = next_driver(features[k], sizes[i]);
			/* As many as wrap the ring, and the indices of a big one now and then. */
			ok = !r && pings(sizes[i] < 30 ? 3 * sizes[i] + 10 : 40, 1514);
		}
		tap_ok(!r && ok, "rings of %u (%s)", sizes[i], strerror(-r));
	}
}

/* Polling for a while before sleep changes when, not what; and it ends. */
static void test_busyloop(void)
{
	static const uint32_t us[] = { 1, 50, 1000, 0 };
	uint32_t i;

	for (i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
		struct vhost_vring_state s[2] = { { RX, us[i] }, { TX, us[i] } };
		int r;

		r = guest_ioctl(drv.g.fd, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, &s[0]);
		if (!r)
			r = guest_ioctl(drv.g.fd, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, &s[1]);
		s[0].num = ~us[i];
		guest_ioctl(drv.g.fd, VHOST_GET_VRING_BUSYLOOP_TIMEOUT, &s[0]);
		tap_ok(!r && s[0].num == us[i] && pings(100, 1514) && worker_rests(200),
		       "polling for %u us: 100 packets each way, then rest", us[i]);
	}
}

/* DPDK's way: the fd changes hands without being closed. */
static void test_reset_owner(void)
{
	struct vhost_vring_state s = { .index = RX };
	int i, r = 0;

	for (i = 0; !r && i < 20; i++) {
		if (i & 1)
			guest_stop(&drv.g);
		r = guest_ioctl(drv.g.fd, VHOST_RESET_OWNER, NULL);
		if (!r && guest_ioctl(drv.g.fd, VHOST_GET_VRING_BASE, &s) != -EPERM)
			r = -EIO;
		if (!r)
			r = guest_ioctl(drv.g.fd, VHOST_SET_OWNER, NULL);
		if (!r)
			r = netdrv_negotiate(&drv, F_MODERN, MAX);
		if (!r)
			r = netdrv_start(&drv, tap);
		if (!r && !pings(5, 1514))
			r = -EIO;
	}
	tap_ok(!r, "RESET_OWNER and a new start, %d times (%s)", i, strerror(-r));
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	if (netdrv_open(&drv, &(struct netdrv_opt){ .num = MAX, .tx_size = 2048 }) ||
	    netdrv_start(&drv, tap))
		tap_bail("open %s", guest_node());
	test_drivers();
	test_ring_sizes();
	next_driver(F_MODERN, MAX);
	test_busyloop();
	test_reset_owner();
	netdrv_close(&drv);
	return tap_done();
}
