// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets over a tap, both ways, byte for byte: every size, with and without mergeable buffers,
 * with each of the three headers, what is too short, and headers that lie.
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

#define FUZZ	3000		/* packets with random headers */
#define WAIT	5000		/* ms; nothing here ever waits that long unless it is lost */

/* A NIC on a tap, and a socket that stands for the host's stack. */
struct bed {
	struct netdrv drv;
	int tap;
	int host;
};

static uint8_t frame[FRAME_MAX + 64], got[FRAME_MAX + 64];

static int bed_open(struct bed *b, const struct netdrv_opt *opt, int tap_flags)
{
	int r;

	memset(b, 0, sizeof(*b));
	b->tap = nettap_open("vt0", tap_flags);
	if (b->tap < 0)
		return b->tap;
	r = nettap_up("vt0", FRAME_MAX - FRAME_MIN);
	b->host = r ? r : packet_open("vt0", false);
	if (b->host < 0)
		return b->host;
	r = netdrv_open(&b->drv, opt);
	if (!r && (tap_flags & IFF_VNET_HDR))
		r = nettap_set_hdr(b->tap, b->drv.hdr_len);
	return r ? r : netdrv_start(&b->drv, b->tap);
}

static void bed_close(struct bed *b)
{
	netdrv_close(&b->drv);
	close(b->host);
	close(b->tap);
}

static bool guest_to_host(struct bed *b, uint32_t len, uint32_t seq)
{
	int r;

	frame_make(frame, len, seq);
	r = netdrv_tx(&b->drv, NULL, frame, len);
	netdrv_tx_flush(&b->drv);
	if (!r) {
		r = packet_recv(b->host, got, sizeof(got), WAIT);
		if (r == (int)len && !memcmp(frame, got, len))
			return true;
	}
	tap_diag("sent %u bytes, the host got %d", len, r);
	return false;
}

static bool host_to_guest(struct bed *b, uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	r = packet_send(b->host, frame, len);
	if (r == (int)len) {
		r = netdrv_rx_wait(&b->drv, &hdr, got, sizeof(got), WAIT);
		if (r == (int)len && !memcmp(frame, got, len))
			return true;
	}
	tap_diag("sent %u bytes, the guest got %d", len, r);
	return false;
}

static const uint32_t edges[] = {
	14, 15, 16, 17, 18, 59, 60, 61, 63, 64, 65, 127, 128, 129, 1499, 1500, 1513, 1514, 1515,
	2035, 2036, 2037, 2047, 2048, 2049, 3775, 3776, 3777, 4083, 4084, 4095, 4096, 4097, 9014,
	16383, 16384, 32767, 32768, 65521, 65534, 65535,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static bool all_sizes(struct bed *b, bool (*one)(struct bed *, uint32_t, uint32_t))
{
	uint32_t i;

	for (i = 0; i < EDGES; i++)
		if (!one(b, edges[i], i))
			return false;
	for (i = 0; i < 60; i++)
		if (!one(b, rnd_range(FRAME_MIN, i & 1 ? 2000 : FRAME_MAX), EDGES + i))
			return false;
	return true;
}

static void sizes(const char *name, const struct netdrv_opt *opt, int tap_flags)
{
	struct bed b;
	int r = bed_open(&b, opt, tap_flags);

	if (!tap_ok(!r, "%s: starts (%s)", name, strerror(-r)))
		return;
	tap_ok(all_sizes(&b, guest_to_host), "%s: guest to host, 14 to 65535 bytes", name);
	tap_ok(netdrv_tx_drain(&b.drv, WAIT), "%s: all TX buffers came back", name);
	tap_ok(all_sizes(&b, host_to_guest), "%s: host to guest, 14 to 65535 bytes", name);
	tap_ok(!vq_err(&b.drv.g.vq[RX], 0) && !vq_err(&b.drv.g.vq[TX], 0), "%s: no ring error",
	       name);
	bed_close(&b);
}

static void test_sizes(void)
{
	struct netdrv_opt opt = { .rx_size = 66000, .num = 64 };

	sizes("mergeable", &(struct netdrv_opt){ .tx_pieces = 4 }, NETTAP_DEFAULT);
	sizes("mergeable, small buffers", &(struct netdrv_opt){ .rx_size = 256, .num = 1024,
	      .tx_size = 66000 }, NETTAP_DEFAULT);
	opt.features = F_V1;
	sizes("version 1, big buffers", &opt, NETTAP_DEFAULT);
	opt.features = F_V1 | F_INDIRECT | F_EVENT_IDX;
	opt.tx_pieces = 8;
	sizes("version 1, indirect", &opt, NETTAP_DEFAULT);
	opt.features = F_NONE;
	sizes("legacy", &opt, NETTAP_DEFAULT);
	opt.features = F_MRG;
	opt.rx_size = 4096;
	sizes("legacy, mergeable", &opt, NETTAP_DEFAULT);
	opt.features = F_V1 | F_VHOST_HDR;
	opt.rx_size = 66000;
	sizes("header by vhost", &opt, IFF_TAP | IFF_NO_PI);
}

/* Taps that hand frames to the stack by NAPI; with fragments only as far as those go: R40. */
static void test_napi(void)
{
	struct bed b;
	uint32_t i;
	int r;

	sizes("NAPI", &(struct netdrv_opt){ .tx_pieces = 2 }, NETTAP_DEFAULT | IFF_NAPI);
	r = bed_open(&b, NULL, NETTAP_DEFAULT | IFF_NAPI | IFF_NAPI_FRAGS);
	if (r) {
		tap_skip("R40: NAPI with fragments", "%s", strerror(-r));
		return;
	}
	for (i = 0; i < 200; i++)
		if (!guest_to_host(&b, rnd_range(60, 1514), i) ||
		    !host_to_guest(&b, rnd_range(60, 1514), i))
			break;
	tap_ok(i == 200, "R40: NAPI with fragments: %u of 200 packets each way", i);
	/* What fragments cannot hold is refused, and does no harm. */
	frame_make(frame, FRAME_MAX, 1);
	for (i = 0; i < 20; i++)
		netdrv_tx(&b.drv, NULL, frame, 3000 * (i + 1));
	netdrv_tx_flush(&b.drv);
	tap_ok(netdrv_tx_drain(&b.drv, WAIT), "R40: frames too big for fragments");
	while (packet_recv(b.host, got, sizeof(got), 50) > 0)
		;
	tap_ok(guest_to_host(&b, 500, 1), "R40: and it works on");
	bed_close(&b);
}

/* R42: without mergeable buffers VERSION_1 still has the field, and it counts. */
static void test_num_buffers(void)
{
	struct netdrv_opt opt = { .features = F_V1, .rx_size = 4096, .num = 16 };
	vnet_hdr hdr = { 0 };
	struct bed b;
	uint32_t i;
	int r = bed_open(&b, &opt, NETTAP_DEFAULT);

	if (!tap_ok(!r, "R42: starts"))
		return;
	for (i = 0; i < opt.num; i++)
		memset(b.drv.g.vq[RX].ring.token[i], 0xee, 64);
	frame_make(frame, 100, 1);
	packet_send(b.host, frame, 100);
	r = netdrv_rx_wait(&b.drv, &hdr, got, sizeof(got), WAIT);
	if (r == 100 && hdr.num_buffers != 1 && !guest_is_vhx())
		tap_skip("R42: num_buffers is 1", "in-tree before 7.x leaves %#x", hdr.num_buffers);
	else
		tap_ok(r == 100 && hdr.num_buffers == 1, "R42: num_buffers is 1 (%#x)",
		       hdr.num_buffers);
	bed_close(&b);

	opt.features = F_MODERN;
	r = bed_open(&b, &opt, NETTAP_DEFAULT);
	frame_make(frame, 9000, 1);
	packet_send(b.host, frame, 9000);
	r = netdrv_rx_wait(&b.drv, &hdr, got, sizeof(got), WAIT);
	tap_ok(r == 9000 && hdr.num_buffers == 3, "R42: 9000 bytes in buffers of 4096 are 3 (%d)",
	       hdr.num_buffers);
	bed_close(&b);
}

/* Bursts, so that batches form, and more of them than the ring has room for. */
static void test_bursts(void)
{
	struct netdrv_opt opt = { .num = 128 };
	uint32_t sent = 0, seen = 0, want, i;
	vnet_hdr hdr;
	struct bed b;
	bool ok = true;
	int r = bed_open(&b, &opt, NETTAP_DEFAULT);

	if (!tap_ok(!r, "bursts: starts"))
		return;
	while (ok && sent < 3000) {
		want = rnd_range(1, 128);
		for (i = 0; i < want; i++, sent++) {
			uint32_t len = rnd_range(FRAME_MIN, 1514);

			frame_make(frame, len, sent);
			if (netdrv_tx(&b.drv, NULL, frame, len))
				break;
		}
		netdrv_tx_flush(&b.drv);
		for (; ok && seen < sent; seen++) {
			r = packet_recv(b.host, got, sizeof(got), WAIT);
			ok = r > 0 && frame_intact(got, r) && frame_seq(got) == seen;
		}
		ok = ok && netdrv_tx_reap(&b.drv) >= 0;
	}
	tap_ok(ok, "bursts of 1 to 128, guest to host, in order (%u of %u)", seen, sent);

	for (sent = seen = 0; ok && seen < 3000; ) {
		want = rnd_range(1, 128);
		for (i = 0; i < want; i++, sent++) {
			uint32_t len = rnd_range(FRAME_MIN, 1514);

			frame_make(frame, len, sent);
			packet_send(b.host, frame, len);
		}
		for (; ok && seen < sent; seen++) {
			r = netdrv_rx_wait(&b.drv, &hdr, got, sizeof(got), WAIT);
			ok = r > 0 && frame_intact(got, r) && frame_seq(got) == seen;
		}
	}
	tap_ok(ok, "bursts of 1 to 128, host to guest, in order (%u of %u)", seen, sent);
	bed_close(&b);
}

/* Is the NIC as good as new? What other traffic left behind goes first. */
static bool still_works(struct bed *b, uint32_t seq)
{
	vnet_hdr hdr;

	while (packet_recv(b->host, got, sizeof(got), 0) > 0)
		;
	while (netdrv_rx_wait(&b->drv, &hdr, got, sizeof(got), 100) > 0)
		;
	return guest_to_host(b, 200, seq) && host_to_guest(b, 200, seq);
}

/*
 * R38, R39: frames shorter than an Ethernet header have to be dropped, in the midst of good ones,
 * and their memory with them.
 */
static void test_short_frames(void)
{
	struct bed b;
	uint32_t len, i;
	bool ok = true;
	int r = bed_open(&b, NULL, NETTAP_DEFAULT);

	if (!tap_ok(!r, "R38: starts"))
		return;
	for (len = 0; ok && len < FRAME_MIN; len++) {
		frame_make(frame, 64, len);
		for (i = 0; i < 8; i++)
			netdrv_tx(&b.drv, NULL, frame, len);
		netdrv_tx(&b.drv, NULL, frame, 64);
		for (i = 0; i < 8; i++)
			netdrv_tx(&b.drv, NULL, frame, len);
		netdrv_tx_flush(&b.drv);
		r = packet_recv(b.host, got, sizeof(got), WAIT);
		ok = r == 64 && frame_seq(got) == len && netdrv_tx_drain(&b.drv, WAIT);
		if (!ok)
			tap_diag("with frames of %u bytes the host got %d", len, r);
	}
	tap_ok(ok, "R38: frames of 0 to 13 bytes are dropped, what stands between them is not");
	tap_ok(packet_recv(b.host, got, sizeof(got), 100) == 0, "R38: none of them arrived");
	tap_ok(still_works(&b, 1), "R38: the NIC still works");
	bed_close(&b);
}

/*
 * In-tree never gets over a small packet whose checksum lies behind its end: it keeps the buffer
 * and tries again for ever. So its guest must not send one.
 */
static bool blocks_in_tree(const vnet_hdr *h, uint32_t len)
{
	return !guest_is_vhx() && h->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	       h->hdr.csum_start + h->hdr.csum_offset + 2U > len;
}

static void random_header(vnet_hdr *h)
{
	static const uint8_t types[] = { 0, 1, 3, 4, 5, 0x20, 0x80, 0x81, 0x84, 0xff };
	static const uint16_t values[] = { 0, 1, 2, 13, 14, 34, 54, 1448, 0x7fff, 0xffff, 0xfffe };
	uint16_t *field[] = { &h->hdr.hdr_len, &h->hdr.gso_size, &h->hdr.csum_start,
			      &h->hdr.csum_offset, &h->num_buffers };
	unsigned int i;

	h->hdr.flags = rnd() & 1 ? rnd_range(0, 7) : rnd();
	h->hdr.gso_type = types[rnd_range(0, sizeof(types) - 1)];
	for (i = 0; i < 5; i++)
		*field[i] = rnd() & 1 ? values[rnd_range(0, 10)] : rnd_range(0, 200);
}

/* A frame whose IP and TCP headers nearly fit what the virtio header says. */
static void random_ip(uint8_t *p, uint32_t len, uint32_t seq)
{
	static const uint8_t ip4[] = { 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6 };
	bool v6 = rnd() & 1;

	frame_make(p, len, seq);
	p[12] = v6 ? 0x86 : 0x08;
	p[13] = v6 ? 0xdd : 0x00;
	if (len < 60)
		return;
	memcpy(p + 14, ip4, sizeof(ip4));
	if (v6)
		p[14] = 0x60;
	p[16] = (len - 14) >> 8;
	p[17] = len - 14;
	p[v6 ? 20 : 23] = rnd() & 1 ? 6 : 17;
}

/*
 * R41: what the guest says of its packets goes into a path that forwards: a bridge to a veth
 * without offloads, where each GSO packet is segmented by what its header says.
 */
static void test_header_fuzz(void)
{
	struct netdrv_opt opt = { .features = F_MODERN, .tx_pieces = 3 };
	uint32_t i, len;
	vnet_hdr hdr;
	struct bed b;
	int r = bed_open(&b, &opt, NETTAP_DEFAULT);

	if (!tap_ok(!r, "R41: starts"))
		return;
	nettap_set_offload(b.tap, NETTAP_OFFLOADS);
	r = sh("ip link add br0 type bridge && ip link add ve0 type veth peer name ve1 && "
	       "ip link set vt0 master br0 && ip link set ve0 master br0 && "
	       "ip link set br0 up && ip link set ve0 up && ip link set ve1 up && "
	       "ethtool -K ve0 tx off tso off gso off sg off");
	tap_ok(!r, "R41: a bridge to a veth without offloads");
	for (i = 0; i < FUZZ; i++) {
		len = rnd_range(FRAME_MIN, i % 16 ? 1600 : 20000);
		do
			random_header(&hdr);
		while (blocks_in_tree(&hdr, len));
		random_ip(frame, len, i);
		r = netdrv_tx(&b.drv, &hdr, frame, len);
		if (r || i % 32 == 0) {
			netdrv_tx_flush(&b.drv);
			if (!netdrv_tx_drain(&b.drv, WAIT))
				break;
		}
	}
	netdrv_tx_flush(&b.drv);
	tap_ok(netdrv_tx_drain(&b.drv, WAIT), "R41: %u packets with random headers (%u)",
	       FUZZ, i);
	sh("ip link del br0; ip link del ve0");
	tap_ok(still_works(&b, 2), "R41: the NIC still works");
	bed_close(&b);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	test_sizes();
	test_napi();
	test_num_buffers();
	test_bursts();
	test_short_frames();
	test_header_fuzz();
	return tap_done();
}
