// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet socket as the backend: what the guest sends leaves by the netdev the socket is bound
 * to, and the guest gets what arrives there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT 5000

static struct netdrv drv;
static int far_end;			/* the other end of the veth the backend is bound to */
static uint8_t frame[16384], got[16384];

static bool there(uint32_t len, uint32_t seq)
{
	int r;

	frame_make(frame, len, seq);
	if (netdrv_tx(&drv, NULL, frame, len))
		return false;
	netdrv_tx_flush(&drv);
	r = packet_recv(far_end, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(frame, got, len))
		return true;
	tap_diag("%u bytes sent by the guest, %d arrived", len, r);
	return false;
}

static bool back(uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	packet_send(far_end, frame, len);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(frame, got, len))
		return true;
	tap_diag("%u bytes sent to the guest, %d arrived", len, r);
	return false;
}

static void test(const char *name, const struct netdrv_opt *opt, bool with_hdr)
{
	int sock = packet_open("ve0", with_hdr), size = HDR_V1, r;
	uint32_t i, len;
	bool ok;

	/* 10 bytes of header, unless it is told of the 12. */
	if (with_hdr && opt->features != F_NONE)
		setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR_SZ, &size, sizeof(size));
	r = netdrv_open(&drv, opt);
	if (!r)
		r = netdrv_start(&drv, sock);
	if (!tap_ok(!r, "%s: starts (%s)", name, strerror(-r))) {
		close(sock);
		return;
	}
	for (i = 0, ok = true; ok && i < 100; i++) {
		len = rnd_range(i & 1 ? FRAME_MIN + 1 : 9000, 9014);
		ok = there(len, i) && back(len, i);
	}
	tap_ok(ok, "%s: 100 packets each way (%u)", name, i);
	for (i = 0; i < 64; i++) {
		frame_make(frame, 1000 + i, i);
		netdrv_tx(&drv, NULL, frame, 1000 + i);
	}
	netdrv_tx_flush(&drv);
	for (i = 0, ok = true; ok && i < 64; i++)
		ok = packet_recv(far_end, got, sizeof(got), WAIT) == (int)(1000 + i) &&
		     frame_seq(got) == i;
	tap_ok(ok && netdrv_tx_drain(&drv, WAIT), "%s: a burst of 64, in order", name);
	tap_ok(!guest_stop(&drv.g) && !guest_start(&drv.g, sock) && there(500, 1) && back(500, 2),
	       "%s: stopped and started", name);
	tap_ok(!nettap_down("ve0"), "%s: the netdev goes down", name);
	for (i = 0; i < 10; i++) {
		netdrv_tx(&drv, NULL, frame, 100);
		netdrv_tx_flush(&drv);
	}
	usleep(20000);
	tap_ok(!guest_stop(&drv.g), "%s: -1 with the netdev down", name);
	nettap_up("ve0", 0);
	while (packet_recv(far_end, got, sizeof(got), 50) > 0)
		;
	recv(sock, got, 0, MSG_DONTWAIT);	/* takes the error that ENETDOWN left */
	r = netdrv_restart(&drv, sock);
	tap_ok(!r && there(600, 3) && back(600, 4), "%s: and up again (%s)", name, strerror(-r));
	netdrv_close(&drv);
	close(sock);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	if (sh("ip link add ve0 type veth peer name ve1") || nettap_up("ve0", 9000) ||
	    nettap_up("ve1", 9000))
		tap_bail("a veth");
	far_end = packet_open("ve1", false);
	test("header by vhost", &(struct netdrv_opt){ .features = F_V1 | F_VHOST_HDR,
	     .rx_size = 12000, .num = 64 }, false);
	test("legacy header by the socket", &(struct netdrv_opt){ .features = F_NONE,
	     .rx_size = 12000, .num = 64 }, true);
	test("mergeable", &(struct netdrv_opt){ .features = F_MODERN }, true);
	return tap_done();
}
