// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segmentation of what is in a UDP tunnel: the guest's tap and another one, whose fd is the wire,
 * are ports of a bridge, and the wire's own virtio headers say what the host's stack made of a
 * packet. Both ways, with and without a checksum of the tunnel's; and what a hostile guest says.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
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
#include "vhxstat.h"

#define WAIT	5000
#define VXLAN	(8 + 14)	/* its header, and the inner Ethernet's */
#define TAG	4

#define TUNNEL4	VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4
#define TUNNEL6	VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6
#define CSUM	VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM

static int tap, wire;
static struct netdrv drv;
static uint8_t frame[FRAME_MAX + 64], out[FRAME_MAX + 128], got[FRAME_MAX + 128];

struct kind {
	const char *name;
	uint8_t gso;		/* VIRTIO_NET_HDR_GSO_*, without the tunnel */
	uint8_t outer;		/* 4 or 6, 0 for no tunnel */
	uint8_t ip;		/* 4 or 6 */
	uint8_t proto;
	uint16_t mss;
	uint8_t flags;		/* CSUM */
};

static const struct kind kinds[] = {
	{ "TSO in UDP over IPv4", VIRTIO_NET_HDR_GSO_TCPV4, 4, 4, INET_TCP, 1398, 0 },
	{ "the same, summed up", VIRTIO_NET_HDR_GSO_TCPV4, 4, 4, INET_TCP, 1398, CSUM },
	{ "TSO of IPv6 over IPv4", VIRTIO_NET_HDR_GSO_TCPV6, 4, 6, INET_TCP, 1378, CSUM },
	{ "TSO of IPv4 over IPv6", VIRTIO_NET_HDR_GSO_TCPV4, 6, 4, INET_TCP, 1378, CSUM },
	{ "TSO of IPv6 over IPv6", VIRTIO_NET_HDR_GSO_TCPV6, 6, 6, INET_TCP, 1358, CSUM },
	{ "USO of IPv4 over IPv4", VIRTIO_NET_HDR_GSO_UDP_L4, 4, 4, INET_UDP, 1400, CSUM },
	{ "USO of IPv6 over IPv6", VIRTIO_NET_HDR_GSO_UDP_L4, 6, 6, INET_UDP, 1300, 0 },
	{ "TSO without a tunnel", VIRTIO_NET_HDR_GSO_TCPV4, 0, 4, INET_TCP, 1448, 0 },
	{ "a checksum", VIRTIO_NET_HDR_GSO_NONE, 0, 4, INET_UDP, 0, 0 },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t outer_len(const struct kind *k)
{
	return k->outer ? inet_ip_len(k->outer) + 8 + VXLAN : 0;
}

static uint32_t head_len(const struct kind *k)
{
	return FRAME_MIN + outer_len(k) + inet_ip_len(k->ip) + inet_l4_len(k->proto);
}

static void put_type(uint8_t *eth, uint8_t version)
{
	inet_put16(eth + 12, version == 4 ? 0x0800 : 0x86dd);
}

/* Outer IP, UDP, VXLAN and the inner Ethernet header. Returns where the inner IP header goes. */
static uint32_t make_outer(const struct kind *k, uint32_t len)
{
	uint32_t udp = FRAME_MIN + inet_ip_len(k->outer), eth = udp + 8 + 8;

	put_type(frame, k->outer);
	inet_make(frame + FRAME_MIN, k->outer, INET_UDP, len - FRAME_MIN);
	inet_put16(frame + udp + 2, 4789);
	if (!(k->flags & CSUM))
		inet_put16(frame + udp + 6, 0);
	memcpy(frame + udp + 8, "\x08\0\0\0\0\0\x2a\0", 8);
	memcpy(frame + eth, "\x02in\0\0\1\x02in\0\0\2", 12);
	put_type(frame + eth, k->ip);
	return eth + 14;
}

/* A frame of @len bytes that fits the kind, with the header a stack would give it. */
static void make(const struct kind *k, vnet_hdr *h, uint32_t len, uint32_t seq)
{
	uint32_t nh = FRAME_MIN;

	frame_make(frame, len, seq);
	put_type(frame, k->ip);
	memset(h, 0, sizeof(*h));
	h->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM | k->flags;
	h->hdr.gso_type = k->gso;
	if (k->outer) {
		nh = make_outer(k, len);
		h->hdr.gso_type |= k->outer == 4 ? TUNNEL4 : TUNNEL6;
		h->outer_th = htole16(FRAME_MIN + inet_ip_len(k->outer));
		h->inner_nh = htole16(nh);
	}
	inet_make(frame + nh, k->ip, k->proto, len - nh);
	h->hdr.csum_start = nh + inet_ip_len(k->ip);
	h->hdr.csum_offset = inet_csum_offset(k->proto);
	h->hdr.gso_size = k->mss;
	h->hdr.hdr_len = k->mss ? head_len(k) : 0;
}

/* hdr_len is a hint: the stack gives its own. */
static bool same_hdr(const vnet_hdr *a, const vnet_hdr *b)
{
	bool same = a->hdr.flags == b->hdr.flags && a->hdr.gso_type == b->hdr.gso_type &&
		    a->hdr.gso_size == b->hdr.gso_size &&
		    a->hdr.csum_start == b->hdr.csum_start &&
		    a->hdr.csum_offset == b->hdr.csum_offset &&
		    a->outer_th == b->outer_th && a->inner_nh == b->inner_nh &&
		    !memcmp(a->hash, b->hash, sizeof(a->hash));

	if (!same)
		tap_diag("flags %#x type %#x size %u csum %u+%u tunnel %u,%u, expected %#x %#x %u %u+%u %u,%u",
			 a->hdr.flags, a->hdr.gso_type, a->hdr.gso_size, a->hdr.csum_start,
			 a->hdr.csum_offset, le16toh(a->outer_th), le16toh(a->inner_nh),
			 b->hdr.flags, b->hdr.gso_type, b->hdr.gso_size, b->hdr.csum_start,
			 b->hdr.csum_offset, le16toh(b->outer_th), le16toh(b->inner_nh));
	return same;
}

/* ---- the wire ---- */

/* A packet from the wire: its length without the header, 0 when none came within @ms. */
static int wire_recv(vnet_hdr *h, int ms)
{
	struct pollfd p = { .fd = wire, .events = POLLIN };
	int r;

	if (poll(&p, 1, ms) <= 0)
		return 0;
	r = read(wire, got, sizeof(got));
	if (r < (int)sizeof(*h))
		return r < 0 ? -errno : -EPROTO;
	memcpy(h, got, sizeof(*h));
	return r - sizeof(*h);
}

static int wire_send(const vnet_hdr *h, const uint8_t *p, uint32_t len)
{
	memcpy(out, h, sizeof(*h));
	memcpy(out + sizeof(*h), p, len);
	return write(wire, out, sizeof(*h) + len) == (int)(sizeof(*h) + len) ? 0 : -errno;
}

static bool guest_sends(const vnet_hdr *h, uint32_t len)
{
	if (netdrv_tx(&drv, h, frame, len))
		return false;
	netdrv_tx_flush(&drv);
	return true;
}

static bool to_host(const struct kind *k, uint32_t len, uint32_t seq)
{
	vnet_hdr hdr, seen;
	int r;

	make(k, &hdr, len, seq);
	if (!guest_sends(&hdr, len))
		return false;
	r = wire_recv(&seen, WAIT);
	if (r == (int)len && !memcmp(got + sizeof(seen), frame, len)) {
		seen.num_buffers = 0;
		return same_hdr(&seen, &hdr);
	}
	tap_diag("%u bytes sent, the wire got %d", len, r);
	return false;
}

static bool to_guest(const struct kind *k, uint32_t len, uint32_t seq)
{
	vnet_hdr want, hdr;
	int r;

	make(k, &want, len, seq);
	r = wire_send(&want, frame, len);
	if (r) {
		tap_diag("the wire sends %u bytes: %s", len, strerror(-r));
		return false;
	}
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(got, frame, len))
		return same_hdr(&hdr, &want);
	tap_diag("%u bytes sent, the guest got %d", len, r);
	return false;
}

/* ---- both ways ---- */

static uint32_t length(const struct kind *k, bool small)
{
	if (!k->mss)
		return rnd_range(head_len(k) + 2, 1500);
	if (small)		/* one that goes in a batch */
		return rnd_range(head_len(k) + k->mss + 1, 3000);
	return rnd_range(head_len(k) + k->mss + 1, k->proto == INET_UDP ? 40000 : 65000);
}

static void each_kind(const char *name, bool (*pass)(const struct kind *, uint32_t, uint32_t),
		      const char *where)
{
	uint32_t i, n;
	bool ok;

	for (i = 0; i < KINDS; i++) {
		for (n = 0, ok = true; ok && n < 8; n++)
			ok = pass(&kinds[i], length(&kinds[i], n < 4), n);
		tap_ok(ok, "%s: %s, %s", name, kinds[i].name, where);
	}
}

static void start(const struct netdrv_opt *opt, uint64_t high)
{
	struct netdrv_opt o = *opt;
	int r;

	o.high = high;
	r = netdrv_open(&drv, &o);
	if (!r)
		r = nettap_set_hdr(tap, drv.hdr_len);
	if (!r)
		r = netdrv_start(&drv, tap);
	if (r)
		tap_bail("start: %s", strerror(-r));
}

/* Bits beyond 63 are in netlink, and from there in the tool. */
static void test_shown(void)
{
	start(&(struct netdrv_opt){ 0 }, F_TUNNEL);
	tap_ok(!sh("vhx -j nic show vt0 | jq -e '[.. | strings] | index(\"guest_udp_tunnel_gso\") "
		   "and index(\"host_udp_tunnel_gso\")' >/dev/null"), "vhx shows the features");
	netdrv_close(&drv);
}

static void test_both_ways(const char *name, const struct netdrv_opt *opt)
{
	start(opt, F_TUNNEL);
	each_kind(name, to_host, "guest to host");
	each_kind(name, to_guest, "host to guest");
	tap_ok(netdrv_tx_drain(&drv, WAIT), "%s: all TX buffers came back", name);
	netdrv_close(&drv);
}

/*
 * A packet that is one segment already. The kernel would note that it is in a tunnel and not that
 * it is to be segmented, and warn at the next tap that knows no tunnels: with vhx it is what it
 * is, a packet with a checksum to be made.
 */
static void test_one_segment(unsigned int offloads)
{
	static const uint8_t which[] = { 0, 2, 5 };
	vnet_hdr hdr, seen;
	uint32_t i, n, len;
	bool ok = true;
	int r;

	if (!guest_is_vhx()) {
		tap_skip("one segment in a tunnel", "in-tree's tun warns of its own bug");
		return;
	}
	nettap_set_offload(wire, offloads);
	start(&(struct netdrv_opt){ 0 }, F_TUNNEL);
	for (i = 0; ok && i < 3 * sizeof(which); i++) {
		const struct kind *k = &kinds[which[i / 3]];
		const uint16_t mss[] = { k->mss, 7, 300 };

		n = i % 3;
		len = head_len(k) + mss[n];
		make(k, &hdr, len, i);
		hdr.hdr.gso_size = mss[n];
		guest_sends(&hdr, len);
		r = wire_recv(&seen, WAIT);
		ok = r == (int)len && !seen.hdr.gso_type && !seen.hdr.gso_size &&
		     !(seen.hdr.flags & CSUM) &&
		     seen.hdr.flags == (offloads ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0);
		if (!ok)
			tap_diag("%s, %u bytes: the wire got %d, type %#x, flags %#x", k->name, len,
				 r, seen.hdr.gso_type, seen.hdr.flags);
	}
	tap_ok(ok, "one segment in a tunnel, to a wire %s offloads", offloads ? "with" : "without");
	netdrv_close(&drv);
	nettap_set_offload(wire, NETTAP_OFFLOADS | NETTAP_TUNNEL);
}

/* A wire without offloads: the stack segments by what the guest said, and each one is whole. */
static void test_segmented(void)
{
	static const uint8_t which[] = { 0, 1, 4, 5 };
	uint32_t i, segments, payload;
	vnet_hdr hdr, seen;
	int r;

	nettap_set_offload(wire, 0);
	start(&(struct netdrv_opt){ 0 }, F_HOST_TUNNEL);
	for (i = 0; i < sizeof(which); i++) {
		const struct kind *k = &kinds[which[i]];
		bool plain = true;

		make(k, &hdr, head_len(k) + 7 * k->mss - 100, i);
		guest_sends(&hdr, head_len(k) + 7 * k->mss - 100);
		segments = payload = 0;
		while (segments < 7 && (r = wire_recv(&seen, WAIT)) > 0) {
			segments++;
			payload += r - head_len(k);
			plain = plain && !seen.hdr.gso_type && !seen.hdr.flags &&
				r <= (int)(head_len(k) + k->mss);
		}
		tap_ok(plain && segments == 7 && payload == 7U * k->mss - 100,
		       "segmented for the wire: %s, %u of 7 segments", k->name, segments);
	}
	netdrv_close(&drv);
	nettap_set_offload(wire, NETTAP_OFFLOADS | NETTAP_TUNNEL);
}

/* A tag that the wire's tap takes out of the frame, and the guest's header has to count again. */
static void test_tagged(void)
{
	const struct kind *k = &kinds[1], *plain = &kinds[KINDS - 1];
	vnet_hdr want, hdr;
	uint32_t len = head_len(k) + 3 * k->mss;
	int r;

	if (!guest_is_vhx()) {
		tap_skip("TSO in a tunnel behind a VLAN tag", "in-tree forgets the tag in the tunnel's offsets");
		return;
	}
	start(&(struct netdrv_opt){ 0 }, F_TUNNEL);
	/* Once through tun's recvmsg(), which forgets it as well. */
	to_guest(plain, 100, 0);
	make(k, &want, len, 1);
	memmove(frame + 12 + TAG, frame + 12, len - 12);
	memcpy(frame + 12, "\x81\x00\x00\x05", TAG);
	want.hdr.csum_start += TAG;
	want.outer_th = htole16(le16toh(want.outer_th) + TAG);
	want.inner_nh = htole16(le16toh(want.inner_nh) + TAG);
	wire_send(&want, frame, len + TAG);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	tap_ok(r == (int)len + TAG && !memcmp(got, frame, r) && same_hdr(&hdr, &want),
	       "TSO in a tunnel behind a VLAN tag: %d bytes", r);
	netdrv_close(&drv);
}

/* ---- what was not negotiated ---- */

static uint64_t refused(void)
{
	struct vhxstat q;

	if (vhxstat_find(&q, 0, TX))
		return ~0ULL;
	return q.count[VHX_QSTAT_BAD_PACKETS] + q.count[VHX_QSTAT_BACKEND_ERRORS];
}

/* Was the last thing that came over the wire what the guest sent last, and nothing before it? */
static bool only_last_came(uint32_t seq)
{
	vnet_hdr hdr, seen;
	int r;

	make(&kinds[KINDS - 1], &hdr, 200, seq);
	guest_sends(&hdr, 200);
	r = wire_recv(&seen, WAIT);
	if (r == 200 && !memcmp(got + sizeof(seen), frame, 200) && netdrv_tx_drain(&drv, WAIT))
		return true;
	tap_diag("the wire got %d bytes, type %#x", r, r > 0 ? seen.hdr.gso_type : 0);
	return false;
}

/* Two packets in a tunnel, one for a batch and one that is too large for it. */
static void send_two(void)
{
	const struct kind *k = &kinds[1];
	vnet_hdr hdr;

	make(k, &hdr, 3000, 1);
	guest_sends(&hdr, 3000);
	make(k, &hdr, 30000, 2);
	guest_sends(&hdr, 30000);
}

static void test_receiver_only(void)
{
	start(&(struct netdrv_opt){ 0 }, F_GUEST_TUNNEL);
	tap_ok(to_guest(&kinds[1], 30000, 1), "a guest that only takes them takes them");
	if (!guest_is_vhx()) {
		tap_skip("and is not believed when it sends one", "in-tree's tun goes by the header's length");
	} else {
		send_two();
		tap_ok(only_last_came(3), "and is not believed when it sends one");
		tap_ok(refused() == 2, "which is counted: %llu", (unsigned long long)refused());
	}
	netdrv_close(&drv);
}

/* SET_FEATURES says all there is to say: a header of 12 bytes, no tunnel. */
static void test_taken_back(void)
{
	start(&(struct netdrv_opt){ 0 }, F_TUNNEL);
	tap_ok(to_host(&kinds[0], 3000, 1), "negotiated, it is sent");
	guest_stop(&drv.g);
	if (netdrv_negotiate(&drv, drv.opt.features, drv.opt.num) ||
	    nettap_set_hdr(tap, drv.hdr_len) || netdrv_start(&drv, tap))
		tap_bail("another driver");
	tap_ok(drv.hdr_len == HDR_V1 && to_host(&kinds[KINDS - 2], 3000, 2),
	       "SET_FEATURES takes it back: the header is short again");
	send_two();
	tap_ok(only_last_came(3), "and a tunnel is not segmented");
	if (guest_is_vhx())
		tap_ok(refused() == 2, "which is counted: %llu", (unsigned long long)refused());
	netdrv_close(&drv);
}

/* ---- hostile ---- */

enum { TYPE, FLAGS, SIZE, START, OUTER, INNER };

struct lie {
	const char *name;
	uint8_t kind;
	struct { uint8_t field; uint16_t value; } say[3];
	uint8_t n;
};

/* Of the kinds' headers: IPv4 over IPv4 has 34, 64 and 84; IPv6 over IPv4 34, 64 and 104. */
static const struct lie lies[] = {
	{ "a tunnel of both kinds", 0, { { TYPE, TUNNEL4 | TUNNEL6 | 1 } }, 1 },
	{ "a tunnel without segments", 0, { { TYPE, TUNNEL4 } }, 1 },
	{ "UFO in a tunnel", 5, { { TYPE, TUNNEL4 | VIRTIO_NET_HDR_GSO_UDP } }, 1 },
	{ "USO with ECN", 5, { { TYPE, TUNNEL4 | VIRTIO_NET_HDR_GSO_UDP_L4 | 0x80 } }, 1 },
	{ "an unknown type in a tunnel", 0, { { TYPE, TUNNEL4 | 2 } }, 1 },
	{ "no checksum", 0, { { FLAGS, 0 } }, 1 },
	{ "no checksum but the tunnel's", 0, { { FLAGS, CSUM } }, 1 },
	{ "segments of no size", 0, { { SIZE, 0 } }, 1 },
	{ "an outer header at 0", 0, { { OUTER, 0 } }, 1 },
	{ "an outer header within IP's", 0, { { OUTER, 33 } }, 1 },
	{ "an outer header within IPv6's", 3, { { OUTER, 53 } }, 1 },
	{ "an outer header behind the inner one", 0, { { OUTER, 72 } }, 1 },
	{ "inner before outer", 0, { { OUTER, 64 }, { INNER, 34 } }, 2 },
	{ "an inner header within UDP's", 0, { { INNER, 41 } }, 1 },
	{ "an inner header at 0", 0, { { INNER, 0 } }, 1 },
	{ "a segment within the inner header", 0, { { START, 83 } }, 1 },
	{ "a segment within the inner IPv6 header", 2, { { START, 103 } }, 1 },
	{ "an inner header beyond the packet", 0, { { INNER, 0xffff } }, 1 },
	{ "an outer header beyond the packet", 0, { { OUTER, 0xfff0 } }, 1 },
	{ "all of it beyond the packet", 0,
	  { { OUTER, 0xff00 }, { INNER, 0xff10 }, { START, 0xff30 } }, 3 },
};
#define LIES (sizeof(lies) / sizeof(lies[0]))

static void tell(vnet_hdr *h, uint8_t field, uint16_t value)
{
	switch (field) {
	case TYPE:	h->hdr.gso_type = value; break;
	case FLAGS:	h->hdr.flags = value; break;
	case SIZE:	h->hdr.gso_size = value; break;
	case START:	h->hdr.csum_start = value; break;
	case OUTER:	h->outer_th = htole16(value); break;
	case INNER:	h->inner_nh = htole16(value); break;
	}
}

/*
 * In-tree waits for ever for a checksum behind a packet's end to be within it, and its tun warns of
 * one segment in a tunnel.
 */
static bool upsets_in_tree(const vnet_hdr *h, uint32_t len)
{
	return !guest_is_vhx() && (h->hdr.csum_start + h->hdr.csum_offset + 2U > len ||
				   h->hdr.csum_start + 20U + h->hdr.gso_size + 8 > len);
}

static void send_lie(const struct lie *l, uint32_t len)
{
	vnet_hdr hdr;
	uint32_t i;

	make(&kinds[l->kind], &hdr, len, len);
	for (i = 0; i < l->n; i++)
		tell(&hdr, l->say[i].field, l->say[i].value);
	if (!upsets_in_tree(&hdr, len))
		guest_sends(&hdr, len);
}

static void test_lies(const char *name, const struct netdrv_opt *opt)
{
	uint64_t before, after;
	uint32_t i;

	start(opt, F_TUNNEL);
	for (i = 0; i < LIES; i++) {
		before = guest_is_vhx() ? refused() : 0;
		send_lie(&lies[i], 3000);
		send_lie(&lies[i], 30000);
		tap_ok(only_last_came(i), "%s: refused: %s", name, lies[i].name);
		after = guest_is_vhx() ? refused() : 2;
		if (after - before != 2)
			tap_ok(false, "and counted: %llu", (unsigned long long)(after - before));
	}
	tap_ok(to_host(&kinds[0], 3000, 1) && to_host(&kinds[0], 30000, 2),
	       "%s: the truth is still believed", name);
	netdrv_close(&drv);
}

/* Any numbers, into a stack that has to segment by them. */
static void test_fuzz(void)
{
	static const uint16_t values[] = { 0, 1, 14, 33, 34, 42, 53, 54, 64, 84, 104, 0xfff0, 0xffff };
	uint32_t n, len;
	vnet_hdr hdr;

	nettap_set_offload(wire, 0);
	start(&(struct netdrv_opt){ 0 }, F_TUNNEL);
	for (n = 0; n < 1500; n++) {
		const struct kind *k = &kinds[rnd_range(0, KINDS - 3)];

		len = rnd() & 7 ? rnd_range(head_len(k) + 20, 3000) : rnd_range(3000, 30000);
		make(k, &hdr, len, n);
		if (rnd() & 1)
			hdr.hdr.gso_type ^= 1 << rnd_range(0, 7);
		if (!(rnd() & 7))
			hdr.hdr.flags ^= 1 << rnd_range(0, 7);
		while (rnd() & 3)
			tell(&hdr, rnd_range(SIZE, INNER), rnd() & 1 ?
			     values[rnd_range(0, sizeof(values) / 2 - 1)] : rnd_range(0, 200));
		if (upsets_in_tree(&hdr, len))
			continue;
		guest_sends(&hdr, len);
		while (wire_recv(&hdr, 0) > 0)
			;
	}
	tap_ok(netdrv_tx_drain(&drv, WAIT), "any headers: all TX buffers came back");
	while (wire_recv(&hdr, 100) > 0)
		;
	nettap_set_offload(wire, NETTAP_OFFLOADS | NETTAP_TUNNEL);
	tap_ok(only_last_came(n), "any headers: the NIC still works");
	netdrv_close(&drv);
}

/* ---- */

/* Where tun does not know tunnels, a guest is not told that it did. */
static void test_not_offered(void)
{
	int r = netdrv_open(&drv, &(struct netdrv_opt){ .high = F_HOST_TUNNEL });

	tap_ok(r == -EOPNOTSUPP || (!guest_is_vhx() && r), "not offered here: %s", strerror(-r));
	if (!r)
		netdrv_close(&drv);
}

static void make_wire(void)
{
	wire = nettap_open("vt1", NETTAP_DEFAULT);
	if (wire < 0 || nettap_set_hdr(wire, HDR_TUNNEL) ||
	    nettap_set_offload(wire, NETTAP_OFFLOADS | NETTAP_TUNNEL))
		tap_bail("another tap");
	if (sh("ip link add br0 type bridge mcast_snooping 0") ||
	    sh("ip link set vt0 master br0") || sh("ip link set vt1 master br0") ||
	    nettap_up("vt0", 0) || nettap_up("vt1", 0) || nettap_up("br0", 0))
		tap_bail("a bridge");
}

int main(void)
{
	const struct netdrv_opt packed = { .features = F_MODERN | F_PACKED, .tx_pieces = 3 };
	const struct netdrv_opt split = { .tx_pieces = 4 };

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0)
		tap_bail("a tap");
	if (nettap_set_offload(tap, NETTAP_OFFLOADS | NETTAP_TUNNEL)) {
		test_not_offered();
		return tap_done();
	}
	make_wire();
	if (guest_is_vhx())
		test_shown();
	test_both_ways("mergeable", &split);
	test_both_ways("small buffers", &(struct netdrv_opt){ .rx_size = 1536, .num = 128 });
	test_both_ways("big buffers", &(struct netdrv_opt){ .features = F_V1 | F_INDIRECT,
		       .rx_size = 66000, .num = 64 });
	test_lies("split", &split);
	if (guest_is_vhx()) {
		test_both_ways("packed", &packed);
		test_lies("packed", &packed);
	}
	test_one_segment(NETTAP_OFFLOADS | NETTAP_TUNNEL);
	test_one_segment(0);
	test_segmented();
	test_tagged();
	test_receiver_only();
	test_taken_back();
	test_fuzz();
	return tap_done();
}
