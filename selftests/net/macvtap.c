// SPDX-License-Identifier: GPL-2.0-only
/*
 * A macvtap as the backend: the guest and the other end of a veth talk to each other.
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

#define WAIT 5000

static struct netdrv drv;
static int backend, far_end;
static uint8_t frame[16384], got[FRAME_MAX];

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

/* macvtap takes what is for its address, and what is for everybody. */
static bool back(uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	memset(frame, 0xff, 6);
	packet_send(far_end, frame, len);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(frame, got, len))
		return true;
	tap_diag("%u bytes sent to the guest, %d arrived", len, r);
	return false;
}

/*
 * Fragments of an IPv4 datagram to everybody: macvlan puts them together, and what the macvtap
 * then has is an skb with a list of skbs in it.
 */
#define PIECES	5
#define PIECE	1000		/* a multiple of 8 */

static uint16_t ip_sum(const uint8_t *ip)
{
	uint32_t i, sum = 0;

	for (i = 0; i < 20; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void send_fragment(uint32_t i, uint16_t id, const uint8_t *payload)
{
	uint32_t len = 20 + PIECE, off = i * PIECE / 8 | (i + 1 < PIECES ? 0x2000 : 0);
	uint8_t *ip = frame + FRAME_MIN;
	uint16_t sum;

	memset(frame, 0xff, 6);
	memcpy(frame + 6, "\x02\x00\x00\x00\x00\x09\x08\x00", 8);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[2] = len >> 8;
	ip[3] = len;
	ip[4] = id >> 8;
	ip[5] = id;
	ip[6] = off >> 8;
	ip[7] = off;
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x00\x01\xff\xff\xff\xff", 8);
	sum = ip_sum(ip);
	ip[10] = sum >> 8;
	ip[11] = sum;
	memcpy(ip + 20, payload + i * PIECE, PIECE);
	packet_send(far_end, frame, FRAME_MIN + len);
}

static bool back_in_pieces(uint16_t id)
{
	static uint8_t payload[PIECES * PIECE];
	uint32_t i, len = FRAME_MIN + 20 + PIECES * PIECE;
	vnet_hdr hdr;
	int r;

	for (i = 0; i < sizeof(payload); i++)
		payload[i] = rnd();
	for (i = 0; i < PIECES; i++)
		send_fragment(i, id, payload);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(got + FRAME_MIN + 20, payload, sizeof(payload)))
		return true;
	tap_diag("%u bytes sent in %u fragments, the guest got %d", len, PIECES, r);
	return false;
}

static void test(const char *name, const struct netdrv_opt *opt)
{
	uint32_t i, len;
	bool ok = true;
	int r;

	r = netdrv_open(&drv, opt);
	if (!r && ioctl(backend, TUNSETVNETHDRSZ, &drv.hdr_len))
		r = -errno;
	if (!r)
		r = netdrv_start(&drv, backend);
	if (!tap_ok(!r, "%s: starts (%s)", name, strerror(-r)))
		return;
	for (i = 0; ok && i < 100; i++) {
		len = rnd_range(i & 1 ? FRAME_MIN + 1 : 9000, 9014);
		ok = there(len, i) && back(len, i);
	}
	tap_ok(ok, "%s: 100 packets each way (%u)", name, i);
	for (i = 0, ok = true; ok && i < 20; i++)
		ok = back_in_pieces(i + 1);
	tap_ok(ok, "%s: 20 datagrams of %u fragments (%u)", name, PIECES, i);
	for (i = 0; i < 64; i++) {
		frame_make(frame, 800 + i, i);
		netdrv_tx(&drv, NULL, frame, 800 + i);
	}
	netdrv_tx_flush(&drv);
	for (i = 0, ok = true; ok && i < 64; i++)
		ok = packet_recv(far_end, got, sizeof(got), WAIT) == (int)(800 + i) &&
		     frame_intact(got, 800 + i) && frame_seq(got) == i;
	tap_ok(ok && netdrv_tx_drain(&drv, WAIT), "%s: a burst of 64, in order", name);
	tap_ok(!guest_stop(&drv.g) && !guest_start(&drv.g, backend) && there(500, 1) &&
	       back(500, 2), "%s: stopped and started", name);
	for (i = 0; i < FRAME_MIN; i++) {		/* R38, as tap.c has it */
		frame_make(frame, 64, i);
		netdrv_tx(&drv, NULL, frame, i);
	}
	netdrv_tx_flush(&drv);
	tap_ok(netdrv_tx_drain(&drv, WAIT) && packet_recv(far_end, got, sizeof(got), 100) == 0 &&
	       there(100, 3), "R38: %s: frames of 0 to 13 bytes are dropped", name);
	netdrv_close(&drv);
}

static void test_delete(void)
{
	uint32_t i;

	netdrv_open(&drv, NULL);
	i = HDR_V1;
	ioctl(backend, TUNSETVNETHDRSZ, &i);
	netdrv_start(&drv, backend);
	for (i = 0; i < 100; i++) {
		frame_make(frame, 100, i);
		netdrv_tx(&drv, NULL, frame, 100);
	}
	netdrv_tx_flush(&drv);
	tap_ok(!sh("ip link del mv0"), "R45: the macvtap is deleted under load");
	netdrv_tx(&drv, NULL, frame, 100);
	vq_kick(&drv.g.vq[TX]);
	usleep(20000);
	tap_ok(!guest_stop(&drv.g), "R45: -1 with the macvtap gone");
	netdrv_close(&drv);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	if (sh("ip link add ve0 type veth peer name ve1") || nettap_up("ve0", 9000) ||
	    nettap_up("ve1", 9000))
		tap_bail("a veth");
	backend = macvtap_open("ve0", "mv0");
	if (backend < 0)
		tap_skip_all("no macvtap: %s", strerror(-backend));
	far_end = packet_open("ve1", false);
	test("mergeable", &(struct netdrv_opt){ .tx_pieces = 3 });
	test("big buffers", &(struct netdrv_opt){ .features = F_V1, .rx_size = 12000, .num = 64 });
	test("legacy", &(struct netdrv_opt){ .features = F_NONE, .rx_size = 12000, .num = 64 });
	test_delete();
	close(backend);
	return tap_done();
}
