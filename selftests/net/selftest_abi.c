// SPDX-License-Identifier: GPL-2.0-only
/*
 * R43: the layout of the batches vhost hands to tun differs between kernels, and tun trusts it: a
 * wrong one makes the guest's header a length of host memory. So: known frames in batches of every
 * size, with headers whose bytes would be fatal lengths, arrive with exact bytes and length, and
 * what surrounds them in host memory does not.
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

#define WAIT	5000
#define BATCHED	3500		/* a frame up to this goes in a batch, on pages of 4 KiB */

static int tap, host;
static struct netdrv drv;
static uint8_t frame[8192], got[FRAME_MAX + 64];

/*
 * Headers that are legal for a plain frame, and whose first four bytes are an odd length. Frames
 * that go one by one are looked at more closely by tun, which wants hdr_len to make sense.
 */
static bool one_by_one;

static void odd_header(vnet_hdr *h, uint32_t i)
{
	static const uint16_t hdr_len[] = { 0, 1, 64, 0x7fff, 0x8000, 0xffff };

	memset(h, 0, sizeof(*h));
	h->hdr.hdr_len = one_by_one ? 0 : hdr_len[i % 6];
	h->hdr.gso_size = i * 257;
	h->num_buffers = i * 1031;
	if (i % 3 == 1)
		h->hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
}

static bool batch(uint32_t n, uint32_t first_len, uint32_t step)
{
	uint32_t i, len;
	vnet_hdr hdr;
	int r;

	for (i = 0; i < n; i++) {
		len = FRAME_MIN + (first_len + i * step) % (BATCHED - FRAME_MIN);
		frame_make(frame, len, i);
		odd_header(&hdr, i);
		if (netdrv_tx(&drv, &hdr, frame, len))
			return false;
	}
	netdrv_tx_flush(&drv);
	for (i = 0; i < n; i++) {
		len = FRAME_MIN + (first_len + i * step) % (BATCHED - FRAME_MIN);
		frame_make(frame, len, i);
		memset(got, 0x55, len + 16);
		r = packet_recv(host, got, sizeof(got), WAIT);
		if (r != (int)len || memcmp(got, frame, len)) {
			tap_diag("frame %u of %u, %u bytes: %d arrived", i, n, len, r);
			return false;
		}
	}
	return netdrv_tx_drain(&drv, WAIT);
}

static void test(const char *name, const struct netdrv_opt *opt)
{
	uint32_t n, len;
	bool ok = true;

	if (netdrv_open(&drv, opt))
		tap_bail("open %s", guest_node());
	nettap_set_hdr(tap, drv.hdr_len);
	netdrv_start(&drv, tap);
	for (n = 1; ok && n <= 130; n++)
		ok = batch(n, n, 29);
	tap_ok(ok, "R43: %s: batches of 1 to 130 frames (%u)", name, n - 1);
	/* Each length there is; where batching ends, at a page, among them. */
	for (len = 0; ok && len < BATCHED - FRAME_MIN; len += 64)
		ok = batch(64, len, 1);
	tap_ok(ok, "R43: %s: each length from 14 to %u", name, BATCHED);
	netdrv_close(&drv);
}

/* A receiver that leaves no room: with a finite sndbuf frames go one by one. */
static void test_unbatched(void)
{
	int sndbuf = 1 << 20;
	uint32_t n;
	bool ok;

	if (netdrv_open(&drv, NULL))
		tap_bail("open %s", guest_node());
	nettap_set_hdr(tap, drv.hdr_len);
	ok = !ioctl(tap, TUNSETSNDBUF, &sndbuf);
	one_by_one = true;
	netdrv_start(&drv, tap);
	for (n = 1; ok && n <= 64; n += 7)
		ok = batch(n, n, 29);
	tap_ok(ok, "a tap with a finite sndbuf: the same (%u)", n);
	netdrv_close(&drv);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	test("12 bytes of header", &(struct netdrv_opt){ .tx_size = 8192, .tx_pieces = 3 });
	test("10 bytes of header", &(struct netdrv_opt){ .features = F_NONE, .tx_size = 8192 });
	close(host);
	close(tap);
	tap = nettap_open("vt0", IFF_TAP | IFF_NO_PI);
	nettap_up("vt0", 0);
	host = packet_open("vt0", false);
	test("header by vhost", &(struct netdrv_opt){ .features = F_V1 | F_VHOST_HDR,
	     .tx_size = 8192 });
	close(host);
	close(tap);
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	nettap_up("vt0", 0);
	host = packet_open("vt0", false);
	test_unbatched();
	return tap_done();
}
