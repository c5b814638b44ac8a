// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio header passed through: what the guest says of checksum and segmentation reaches the
 * host's stack as said, and what the host says reaches the guest, with frames as big as TSO and
 * USO make them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "inet.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT	5000

static int tap, host;
static struct netdrv drv;
static uint8_t frame[FRAME_MAX + 64], got[FRAME_MAX + 128];

struct kind {
	const char *name;
	uint8_t gso;		/* VIRTIO_NET_HDR_GSO_* */
	uint8_t ip;		/* 4 or 6 */
	uint8_t proto;		/* 6 or 17 */
	uint16_t mss;
};

static const struct kind kinds[] = {
	{ "checksum of TCP", VIRTIO_NET_HDR_GSO_NONE, 4, 6, 0 },
	{ "checksum of UDP", VIRTIO_NET_HDR_GSO_NONE, 4, 17, 0 },
	{ "TSO of IPv4", VIRTIO_NET_HDR_GSO_TCPV4, 4, 6, 1448 },
	{ "TSO of IPv6", VIRTIO_NET_HDR_GSO_TCPV6, 6, 6, 1428 },
	{ "TSO of IPv4 with ECN", VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, 4, 6, 536 },
	{ "USO of IPv4", VIRTIO_NET_HDR_GSO_UDP_L4, 4, 17, 1400 },
	{ "USO of IPv6", VIRTIO_NET_HDR_GSO_UDP_L4, 6, 17, 1400 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t head_len(const struct kind *k)
{
	return FRAME_MIN + inet_ip_len(k->ip) + inet_l4_len(k->proto);
}

/* A frame of @len bytes that fits the kind, with the header a stack would give it. */
static void make(const struct kind *k, vnet_hdr *h, uint32_t len, uint32_t seq)
{
	uint32_t l4 = FRAME_MIN + inet_ip_len(k->ip);

	frame_make(frame, len, seq);
	inet_put16(frame + 12, k->ip == 4 ? 0x0800 : 0x86dd);
	inet_make(frame + FRAME_MIN, k->ip, k->proto, len - FRAME_MIN);
	if (k->gso & VIRTIO_NET_HDR_GSO_ECN)
		frame[l4 + 13] |= 0x80;

	memset(h, 0, sizeof(*h));
	h->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->hdr.csum_start = l4;
	h->hdr.csum_offset = inet_csum_offset(k->proto);
	h->hdr.gso_type = k->gso;
	h->hdr.gso_size = k->mss;
	h->hdr.hdr_len = k->mss ? head_len(k) : 0;
}

/* hdr_len is a hint: the stack gives its own. */
static bool same_hdr(const struct virtio_net_hdr *a, const struct virtio_net_hdr *b)
{
	bool same = (a->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ==
		    (b->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) &&
		    a->gso_type == b->gso_type && a->gso_size == b->gso_size &&
		    a->csum_start == b->csum_start && a->csum_offset == b->csum_offset;

	if (!same)
		tap_diag("flags %#x type %#x size %u csum %u+%u, expected %#x %#x %u %u+%u",
			 a->flags, a->gso_type, a->gso_size, a->csum_start, a->csum_offset,
			 b->flags, b->gso_type, b->gso_size, b->csum_start, b->csum_offset);
	return same;
}

static bool to_host(const struct kind *k, uint32_t len, uint32_t seq)
{
	const struct virtio_net_hdr *h = (void *)got;
	vnet_hdr hdr;
	int r;

	make(k, &hdr, len, seq);
	if (netdrv_tx(&drv, &hdr, frame, len))
		return false;
	netdrv_tx_flush(&drv);
	r = packet_recv(host, got, sizeof(got), WAIT);
	if (r == (int)(sizeof(*h) + len) && !memcmp(got + sizeof(*h), frame, len))
		return same_hdr(h, &hdr.hdr);
	tap_diag("%u bytes sent, the host got %d", len, r);
	return false;
}

static bool to_guest(const struct kind *k, uint32_t len, uint32_t seq)
{
	static uint8_t out[sizeof(frame) + sizeof(struct virtio_net_hdr)];
	vnet_hdr want, hdr;
	int r;

	make(k, &want, len, seq);
	memcpy(out, &want.hdr, sizeof(want.hdr));
	memcpy(out + sizeof(want.hdr), frame, len);
	r = packet_send(host, out, sizeof(want.hdr) + len);
	if (r < 0) {
		tap_diag("the host sends %u bytes: %s", len, strerror(-r));
		return false;
	}
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(got, frame, len))
		return same_hdr(&hdr.hdr, &want.hdr);
	tap_diag("%u bytes sent, the guest got %d", len, r);
	return false;
}

static void each_kind(const char *name, bool (*pass)(const struct kind *, uint32_t, uint32_t),
		      const char *where)
{
	uint32_t i, n, len;
	bool ok;

	for (i = 0; i < KINDS; i++) {
		const struct kind *k = &kinds[i];

		for (n = 0, ok = true; ok && n < 16; n++) {
			if (!k->mss)
				len = rnd_range(head_len(k) + 2, 1500);
			else if (k->proto == 17)	/* no more than 64 segments of USO */
				len = rnd_range(head_len(k) + k->mss + 1, 40000);
			else
				len = rnd_range(head_len(k) + k->mss + 1, n ? 65000 : 3000);
			ok = pass(k, len, n);
		}
		tap_ok(ok, "%s: %s, %s", name, k->name, where);
	}
}

static void test(const char *name, const struct netdrv_opt *opt)
{
	int r = netdrv_open(&drv, opt);

	if (!r)
		r = nettap_set_hdr(tap, drv.hdr_len);
	if (!r)
		r = netdrv_start(&drv, tap);
	if (!tap_ok(!r, "%s: starts", name))
		return;
	each_kind(name, to_host, "guest to host");
	each_kind(name, to_guest, "host to guest");
	tap_ok(netdrv_tx_drain(&drv, WAIT), "%s: all TX buffers came back", name);
	netdrv_close(&drv);
}

/* What a guest has not asked for it is not given: the host segments and sums up before. */
static void test_no_offloads(void)
{
	const struct kind *k = &kinds[2];
	static uint8_t out[FRAME_MAX];
	uint32_t payload = 0, packets = 0;
	vnet_hdr want, hdr;
	bool plain = true;
	int r;

	netdrv_open(&drv, NULL);
	nettap_set_hdr(tap, drv.hdr_len);
	nettap_set_offload(tap, 0);
	netdrv_start(&drv, tap);
	make(k, &want, head_len(k) + 5 * k->mss, 1);
	memcpy(out, &want.hdr, sizeof(want.hdr));
	memcpy(out + sizeof(want.hdr), frame, head_len(k) + 5 * k->mss);
	packet_send(host, out, sizeof(want.hdr) + head_len(k) + 5 * k->mss);
	while ((r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 300)) > 0) {
		packets++;
		payload += r - head_len(k);
		plain = plain && !hdr.hdr.gso_type &&
			!(hdr.hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	}
	tap_ok(plain && packets == 5 && payload == 5U * k->mss,
	       "without offloads a TSO frame comes as %u plain packets", packets);
	netdrv_close(&drv);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_offload(tap, NETTAP_OFFLOADS) || nettap_up("vt0", 0))
		tap_bail("a tap with offloads");
	host = packet_open("vt0", true);
	test("mergeable", &(struct netdrv_opt){ .tx_pieces = 4 });
	test("mergeable, small buffers", &(struct netdrv_opt){ .rx_size = 1536, .num = 128 });
	test("big buffers", &(struct netdrv_opt){ .features = F_V1 | F_INDIRECT, .tx_pieces = 3,
	     .rx_size = 66000, .num = 64 });
	test("legacy", &(struct netdrv_opt){ .features = F_NONE, .rx_size = 66000, .num = 64 });
	test_no_offloads();
	return tap_done();
}
