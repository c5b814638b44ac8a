// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packet headers: what is believed of a virtio-net header, and what a frame's bytes say.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hdr.h"
#include "naive.h"

static const struct vhx_hdr plain;

static int check_either(struct vhx_hdr h, __u32 len, bool tunnel)
{
	struct vhx_hdr other = h;
	int rc = vhx_hdr_check(&h, len, false, tunnel);

	/* The other byte order must make no difference. */
	other.gso_size = __builtin_bswap16(h.gso_size);
	other.csum_start = __builtin_bswap16(h.csum_start);
	other.csum_offset = __builtin_bswap16(h.csum_offset);
	assert_int_equal(vhx_hdr_check(&other, len, true, tunnel), rc);
	return rc;
}

/* Nothing but a tunnel depends on whether there may be one. */
static int check(struct vhx_hdr h, __u32 len)
{
	int rc = check_either(h, len, false);

	if (!(h.gso_type & VHX_HDR_GSO_TUNNEL))
		assert_int_equal(check_either(h, len, true), rc);
	return rc;
}

static void plain_header_is_good(void **state)
{
	(void)state;
	assert_int_equal(check(plain, 60), 0);
	assert_int_equal(check(plain, 65536), 0);
	/* Nothing is said of these without a flag. */
	assert_int_equal(check((struct vhx_hdr) { .csum_start = 0xffff, .hdr_len = 99 }, 60), 0);
}

static void r38_frames_shorter_than_ethernet_are_refused(void **state)
{
	__u32 len;

	(void)state;
	for (len = 0; len < 14; len++)
		assert_int_equal(check(plain, len), -EINVAL);
	assert_int_equal(check(plain, 14), 0);
}

static void r41_gso_types(void **state)
{
	__u32 type;

	(void)state;
	for (type = 0; type < 256; type++) {
		const bool tcp = type == 1 || type == 4 || type == 0x81 || type == 0x84;
		const bool known = tcp || type == 0 || type == 3 || type == 5;
		const struct vhx_hdr h = { .gso_type = type, .gso_size = 1448 };

		assert_int_equal(check(h, 9000), known ? 0 : -EINVAL);
	}
}

static void r41_gso_of_size_zero(void **state)
{
	static const __u8 type[] = { 1, 3, 4, 5, 0x81, 0x84 };
	__u32 i;

	(void)state;
	for (i = 0; i < sizeof(type); i++) {
		assert_int_equal(check((struct vhx_hdr) { .gso_type = type[i] }, 9000), -EINVAL);
		assert_int_equal(check((struct vhx_hdr) { .gso_type = type[i], .gso_size = 1 },
				       9000), 0);
	}
}

static void r41_checksum_beyond_the_frame(void **state)
{
	struct vhx_hdr h = { .flags = VHX_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16 };

	(void)state;
	assert_int_equal(check(h, 51), -EINVAL);
	assert_int_equal(check(h, 52), 0);
	h.csum_start = 0xffff;
	h.csum_offset = 0xffff;
	assert_int_equal(check(h, 0x1ffff), -EINVAL);
	assert_int_equal(check(h, 0x20000), 0);
	/* Sums that a narrower type would wrap. */
	h.csum_start = 0xfffe;
	h.csum_offset = 2;
	assert_int_equal(check(h, 1514), -EINVAL);
	h.csum_start = 0;
	h.csum_offset = 0xffff;
	assert_int_equal(check(h, 60), -EINVAL);
}

/* TCP over IPv4 in VXLAN over IPv4: outer UDP at 34, inner IP at 64, TCP at 84. */
static const struct vhx_hdr vxlan = {
	.flags = VHX_HDR_F_NEEDS_CSUM,
	.gso_type = VHX_HDR_GSO_TCPV4 | VHX_HDR_GSO_TUNNEL4,
	.gso_size = 1398,
	.csum_start = 84,
	.csum_offset = 16,
	.outer_th = { 34 },
	.inner_nh = { 64 },
};

static void tunnel_is_good_if_it_was_negotiated(void **state)
{
	(void)state;
	assert_int_equal(check_either(vxlan, 9000, true), 0);
	assert_int_equal(check_either(vxlan, 9000, false), -EINVAL);
	/* All of the checksum, and so all in front of it, within the frame. */
	assert_int_equal(check_either(vxlan, 102, true), 0);
	assert_int_equal(check_either(vxlan, 101, true), -EINVAL);
}

static void tunnel_types(void **state)
{
	__u32 type;

	(void)state;
	for (type = 0; type < 256; type++) {
		const __u8 outer = type & 0x60, inner = type & ~0x60;
		const bool known = inner == 1 || inner == 4 || inner == 5 || inner == 0x81 ||
				   inner == 0x84;
		struct vhx_hdr h = vxlan;

		if (!outer)
			continue;
		h.gso_type = type;
		h.outer_th[0] = 54;
		h.inner_nh[0] = 84;
		h.csum_start = 124;
		assert_int_equal(check_either(h, 9000, true), outer != 0x60 && known ? 0 : -EINVAL);
		assert_int_equal(check_either(h, 9000, false), -EINVAL);
	}
}

static void tunnel_wants_checksum_and_size(void **state)
{
	struct vhx_hdr h = vxlan;

	(void)state;
	h.flags = VHX_HDR_F_TUNNEL_CSUM;
	assert_int_equal(check_either(h, 9000, true), -EINVAL);
	h.flags |= VHX_HDR_F_NEEDS_CSUM;
	assert_int_equal(check_either(h, 9000, true), 0);
	h.gso_size = 0;
	assert_int_equal(check_either(h, 9000, true), -EINVAL);
}

static int check_places(__u8 type, __u32 outer_th, __u32 inner_nh, __u32 start)
{
	struct vhx_hdr h = vxlan;

	h.gso_type = type;
	h.outer_th[0] = outer_th & 0xff;
	h.outer_th[1] = outer_th >> 8;
	h.inner_nh[0] = inner_nh & 0xff;
	h.inner_nh[1] = inner_nh >> 8;
	h.csum_start = start;
	return check_either(h, 0x1ffff, true);
}

/* The least there must be of each header, by the versions that the type says. */
static void tunnel_headers_follow_each_other(void **state)
{
	static const struct { __u8 type; __u16 outer, inner; } v[] = {
		{ 0x21, 20, 20 }, { 0x24, 20, 40 }, { 0x41, 40, 20 }, { 0x44, 40, 40 },
		{ 0x25, 20, 20 }, { 0x45, 40, 20 }, { 0xa1, 20, 20 }, { 0xc4, 40, 40 },
	};
	__u32 i, o, n, s;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		o = 14 + v[i].outer;
		n = o + 8;
		s = n + v[i].inner;
		assert_int_equal(check_places(v[i].type, o, n, s), 0);
		assert_int_equal(check_places(v[i].type, o - 1, n, s), -EINVAL);
		assert_int_equal(check_places(v[i].type, o, n - 1, s), -EINVAL);
		assert_int_equal(check_places(v[i].type, o, n, s - 1), -EINVAL);
		assert_int_equal(check_places(v[i].type, 0, n, s), -EINVAL);
		assert_int_equal(check_places(v[i].type, n, o, s), -EINVAL);
		assert_int_equal(check_places(v[i].type, s, n, o), -EINVAL);
		/* Sums that a narrower type would wrap. */
		assert_int_equal(check_places(v[i].type, 0xffff, 7, s), -EINVAL);
		assert_int_equal(check_places(v[i].type, o, 0xffff, 19), -EINVAL);
		assert_int_equal(check_places(v[i].type, 0xff00, 0xff08, 0xff08 + v[i].inner), 0);
	}
}

static void mend(struct vhx_hdr *h, __u32 len)
{
	struct vhx_hdr other = *h;

	other.gso_size = __builtin_bswap16(h->gso_size);
	other.csum_start = __builtin_bswap16(h->csum_start);
	vhx_hdr_mend_tunnel(h, len, false);
	vhx_hdr_mend_tunnel(&other, len, true);
	assert_int_equal(other.gso_type, h->gso_type);
	assert_int_equal(other.flags, h->flags);
	assert_int_equal(__builtin_bswap16(other.gso_size), h->gso_size);
}

/* The longest frame that has just one, with the shortest header of its kind. */
static void one_segment_in_a_tunnel_is_none(void **state)
{
	static const struct { __u8 type; __u16 size; __u32 len; } v[] = {
		{ 0x21, 1398, 84 + 20 + 1398 }, { 0xa1, 1398, 84 + 20 + 1398 },
		{ 0x25, 1400, 84 + 8 + 1400 }, { 0x25, 1, 84 + 8 + 1 },
		{ 0x21, 1, 84 + 20 + 8 }, { 0x21, 0xffff, 84 + 20 + 0xffff },
	};
	struct vhx_hdr h;
	__u32 i;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		h = vxlan;
		h.gso_type = v[i].type;
		h.gso_size = v[i].size;
		h.flags |= VHX_HDR_F_TUNNEL_CSUM;
		mend(&h, v[i].len + 1);
		assert_int_equal(h.gso_type, v[i].type);
		assert_int_equal(h.gso_size, v[i].size);
		assert_int_equal(h.flags, VHX_HDR_F_NEEDS_CSUM | VHX_HDR_F_TUNNEL_CSUM);
		mend(&h, v[i].len);
		assert_int_equal(h.gso_type, VHX_HDR_GSO_NONE);
		assert_int_equal(h.gso_size, 0);
		assert_int_equal(h.flags, VHX_HDR_F_NEEDS_CSUM);
		assert_int_equal(h.csum_start, 84);
		h.csum_offset = v[i].type & 4 ? 6 : 16;
		assert_int_equal(check_either(h, v[i].len, false), 0);
	}
	/* Without a tunnel the kernel does it right. */
	h = vxlan;
	h.gso_type = VHX_HDR_GSO_TCPV4;
	mend(&h, 200);
	assert_int_equal(h.gso_type, VHX_HDR_GSO_TCPV4);
	assert_int_equal(h.gso_size, 1398);
}

/* Frames are put together piece by piece. */
static __u8 frame[4096];
static __u32 flen;
static struct vhx_flow flow;

static void put(const void *p, __u32 n)
{
	memcpy(frame + flen, p, n);
	flen += n;
}

static void put16(__u16 v)
{
	const __u8 b[] = { v >> 8, v & 0xff };

	put(b, 2);
}

static void put_eth(void)
{
	flen = 0;
	put("\2\0\0\0\0\1\2\0\0\0\0\2", 12);
}

static void put_ipv4(__u8 proto, __u16 frag, __u32 options)
{
	__u8 h[60] = { 0 };

	put16(0x0800);
	h[0] = 0x40 | (5 + options);
	h[6] = frag >> 8;
	h[7] = frag & 0xff;
	h[9] = proto;
	memcpy(h + 12, "\12\0\0\1\12\0\0\2", 8);
	put(h, 20 + 4 * options);
}

static void put_ipv6(__u8 next)
{
	__u8 h[40] = { 0x60, [6] = next, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2 };

	put16(0x86dd);
	put(h, 40);
}

static void put_ext(__u8 next, __u32 units)
{
	__u8 h[2048] = { next, units };

	put(h, 8 * (units + 1));
}

static void put_frag(__u8 next, __u16 off_flags)
{
	const __u8 h[8] = { next, 0, off_flags >> 8, off_flags & 0xff, 1, 2, 3, 4 };

	put(h, 8);
}

static void put_ports(void)
{
	put16(1234);
	put16(80);
}

/* In memory of just that size, so that a byte too far is found. */
static int parse(__u32 len)
{
	__u8 *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	memset(&flow, 0xff, sizeof(flow));
	rc = vhx_flow_parse(copy, len, &flow);
	free(copy);
	return rc;
}

/* The frame as put together has ports, and they are behind all of it. */
static void expect_ports(__u8 l3, __u8 proto)
{
	const __u32 l4 = flen;
	__u32 len;

	put_ports();
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, l3);
	assert_int_equal(flow.proto, proto);
	assert_int_equal(flow.frag, 0);
	assert_int_equal(flow.l4_off, l4);
	assert_int_equal(flow.sport, 1234);
	assert_int_equal(flow.dport, 80);

	/* Cut anywhere: never an error but in Ethernet, never ports, never a byte too far. */
	for (len = 0; len < flen; len++) {
		assert_int_equal(parse(len), len < 14 ? -EINVAL : 0);
		assert_int_equal(flow.l4_off, 0);
		assert_int_equal(flow.sport, 0);
		assert_int_equal(flow.dport, 0);
	}
}

static void ipv4_is_parsed(void **state)
{
	static const __u8 proto[] = { 6, 17, 132 };
	__u32 i, options;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (options = 0; options <= 10; options++) {
			put_eth();
			put_ipv4(proto[i], 0x4000, options);
			expect_ports(4, proto[i]);
		}
	}
	assert_int_equal(parse(flen), 0);
	assert_memory_equal(flow.src, "\12\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(flow.dst, "\12\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(flow.protocol, 0x0800);
	assert_int_equal(flow.vlan_tci, 0);
}

static void ipv6_is_parsed(void **state)
{
	(void)state;
	put_eth();
	put_ipv6(17);
	expect_ports(6, 17);
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.protocol, 0x86dd);
	assert_memory_equal(flow.src, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_memory_equal(flow.dst, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
}

static void ipv6_extension_headers_are_stepped_over(void **state)
{
	(void)state;
	put_eth();
	put_ipv6(0);
	put_ext(60, 0);
	put_ext(43, 2);
	put_ext(44, 1);
	put_frag(60, 0);	/* an atomic fragment is a whole packet */
	put_ext(6, 255);
	expect_ports(6, 6);
}

static void ipv6_extension_headers_without_end(void **state)
{
	__u32 i, n;

	(void)state;
	for (n = 8; n <= 9; n++) {
		put_eth();
		put_ipv6(60);
		for (i = 0; i < n; i++)
			put_ext(i + 1 < n ? 60 : 6, 0);
		put_ports();
		assert_int_equal(parse(flen), 0);
		assert_int_equal(flow.l4_off != 0, n == 8);
		assert_int_equal(flow.proto, n == 8 ? 6 : 60);
	}
}

static void vlan_tags_are_stepped_over(void **state)
{
	(void)state;
	put_eth();
	put16(0x8100);
	put16(0x6005);
	put_ipv4(6, 0, 0);
	expect_ports(4, 6);
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.vlan_tci, 0x6005);

	put_eth();
	put16(0x88a8);
	put16(7);
	put16(0x8100);
	put16(9);
	put_ipv6(6);
	expect_ports(6, 6);
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.vlan_tci, 7);
	assert_int_equal(flow.protocol, 0x86dd);
}

static void third_vlan_tag_ends_it(void **state)
{
	int i;

	(void)state;
	put_eth();
	for (i = 0; i < 3; i++) {
		put16(0x8100);
		put16(i);
	}
	put_ipv4(6, 0, 0);
	put_ports();
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 0);
	assert_int_equal(flow.protocol, 0x8100);
}

static void fragments_have_no_ports(void **state)
{
	static const __u16 v4[] = { 0x2000, 0x2001, 0x0001, 0x1fff };
	static const __u16 v6[] = { 0x0001, 0x0009, 0x0008, 0xfff8 };
	__u32 first = 0, i;

	(void)state;
	for (i = 0; i < 4; i++) {
		put_eth();
		put_ipv4(17, v4[i], 0);
		put_ports();
		frame[flen - 1] = i;	/* what stands there differs from one to the next */
		assert_int_equal(parse(flen), 0);
		assert_int_equal(flow.frag, 1);
		assert_int_equal(flow.l4_off, 0);
		assert_int_equal(flow.proto, 17);
		if (!i)
			first = vhx_flow_hash(&flow);
		assert_int_equal(vhx_flow_hash(&flow), first);
	}
	for (i = 0; i < 4; i++) {
		put_eth();
		put_ipv6(44);
		put_frag(17, v6[i]);
		put_ports();
		frame[flen - 1] = i;
		assert_int_equal(parse(flen), 0);
		assert_int_equal(flow.frag, 1);
		assert_int_equal(flow.l4_off, 0);
		assert_int_equal(flow.proto, 17);
		if (!i)
			first = vhx_flow_hash(&flow);
		assert_int_equal(vhx_flow_hash(&flow), first);
	}
}

/* What follows differs between fragments: all are of the header that was cut in pieces. */
static void fragment_of_extension_headers_ends_the_walk(void **state)
{
	static const __u16 off[] = { 0x0001, 0x0009, 0x0008 };
	__u32 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		put_eth();
		put_ipv6(44);
		put_frag(60, off[i]);
		put_ext(i ? 6 : 17, 0);
		put_ports();
		assert_int_equal(parse(flen), 0);
		assert_int_equal(flow.frag, 1);
		assert_int_equal(flow.proto, 60);
		assert_int_equal(flow.l4_off, 0);
	}
}

static void reserved_bits_make_no_fragment(void **state)
{
	(void)state;
	put_eth();
	put_ipv6(44);
	put_frag(6, 0x0006);
	expect_ports(6, 6);
	put_eth();
	put_ipv4(6, 0xc000, 0);
	expect_ports(4, 6);
}

static void headers_that_lie_are_not_believed(void **state)
{
	(void)state;
	put_eth();
	put_ipv4(6, 0, 0);
	put_ports();
	frame[14] = 0x44;		/* 16 bytes of header */
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 0);
	frame[14] = 0x4f;		/* 60, which are not there */
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 4);
	assert_int_equal(flow.l4_off, 0);
	frame[14] = 0x65;		/* IPv6 under IPv4's type */
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 0);
	put_eth();
	put_ipv6(6);
	frame[14] = 0x45;
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 0);
}

static void other_protocols_have_no_ports(void **state)
{
	(void)state;
	put_eth();
	put_ipv4(1, 0, 0);
	put_ports();
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 4);
	assert_int_equal(flow.proto, 1);
	assert_int_equal(flow.l4_off, 0);
	put_eth();
	put16(0x0806);
	put_ports();
	assert_int_equal(parse(flen), 0);
	assert_int_equal(flow.l3, 0);
	assert_int_equal(flow.protocol, 0x0806);
}

static void any_bytes_are_parsed_within_bounds(void **state)
{
	static const __u8 next[] = { 0, 43, 44, 60, 6, 17 };
	__u32 round, i, len;

	(void)state;
	for (round = 0; round < 20000; round++) {
		put_eth();
		if (naive_once_in(3))
			put_ipv4(naive_random(), naive_random(), naive_below(11));
		else if (naive_once_in(2))
			put_ipv6(next[naive_below(sizeof(next))]);
		len = flen + 2 + naive_below(120);
		for (i = flen; i < len; i++)
			frame[i] = naive_once_in(2) ? naive_below(2) * 60 : naive_random();
		assert_int_equal(parse(len), 0);
		assert_true(!flow.l4_off || flow.l4_off + 4u <= len);
		assert_true(flow.l4_off ? flow.l3 && !flow.frag : !flow.sport && !flow.dport);
	}
}

static struct vhx_flow random_flow(void)
{
	struct vhx_flow f = {
		.l3 = 4,
		.proto = 6,
		.protocol = 0x0800,
		.sport = naive_random(),
		.dport = naive_random(),
	};

	f.src[0] = naive_random();
	f.dst[0] = naive_random();
	if (naive_once_in(2)) {
		f.src[3] = naive_random();
		f.dst[3] = naive_random();
	}
	return f;
}

static struct vhx_flow turned(const struct vhx_flow *f)
{
	struct vhx_flow t = *f;

	memcpy(t.src, f->dst, sizeof(t.src));
	memcpy(t.dst, f->src, sizeof(t.dst));
	t.sport = f->dport;
	t.dport = f->sport;
	return t;
}

static void hash_is_the_same_both_ways(void **state)
{
	__u32 i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		struct vhx_flow f = random_flow(), back = turned(&f), crossed = f;

		assert_int_equal(vhx_flow_hash(&f), vhx_flow_hash(&back));
		/* Ends, not fields, are exchanged: this is another flow. */
		crossed.sport = f.dport;
		crossed.dport = f.sport;
		if (f.sport != f.dport)
			assert_int_not_equal(vhx_flow_hash(&f), vhx_flow_hash(&crossed));
	}
}

/* A figure people pin flows by: it must not move. */
static void hash_is_stable(void **state)
{
	(void)state;
	put_eth();
	put_ipv4(6, 0, 0);
	put_ports();
	assert_int_equal(parse(flen), 0);
	assert_int_equal(vhx_flow_hash(&flow), 0x349d04c7);
	put_eth();
	put_ipv6(17);
	put_ports();
	assert_int_equal(parse(flen), 0);
	assert_int_equal(vhx_flow_hash(&flow), 0x442bca54);
}

/* Flows as a load generator makes them, ports in a row, over few queues by the lowest bits. */
static void hash_spreads_neighbouring_flows(void **state)
{
	__u32 bits, shift, port, bucket[16], i;

	(void)state;
	for (bits = 1; bits <= 4; bits++) {
		for (shift = 0; shift <= 28; shift += 4) {
			memset(bucket, 0, sizeof(bucket));
			for (port = 0; port < 16384; port++) {
				struct vhx_flow f = {
					.l3 = 4, .proto = 17, .protocol = 0x0800,
					.src = { 0x0100000a }, .dst = { 0x0200000a },
					.sport = 1024 + port, .dport = 5001,
				};

				bucket[vhx_flow_hash(&f) >> shift & ((1u << bits) - 1)]++;
			}
			/* Six standard deviations of a fair coin with that many sides. */
			for (i = 0; i < 1u << bits; i++) {
				double mean = 16384.0 / (1 << bits), off = bucket[i] - mean;

				assert_true(off * off < 36 * mean);
			}
		}
	}
}

/* One bit in, half the bits out, whichever it is. */
static void hash_changes_with_every_bit(void **state)
{
	struct vhx_flow f = random_flow();
	__u32 off, bit, k, flips;

	(void)state;
	for (off = offsetof(struct vhx_flow, sport); off < sizeof(f); off++) {
		if (off == offsetof(struct vhx_flow, dport) + sizeof(f.dport))
			off = offsetof(struct vhx_flow, src);
		for (bit = 0; bit < 8; bit++) {
			for (flips = k = 0; k < 64; k++) {
				__u32 was;

				f = random_flow();
				was = vhx_flow_hash(&f);
				((__u8 *)&f)[off] ^= 1 << bit;
				flips += __builtin_popcount(was ^ vhx_flow_hash(&f));
			}
			/* 2048 coins: 1024 heads, give or take 6 * 22.6. */
			assert_in_range(flips, 1024 - 136, 1024 + 136);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_header_is_good),
		cmocka_unit_test(r38_frames_shorter_than_ethernet_are_refused),
		cmocka_unit_test(r41_gso_types),
		cmocka_unit_test(r41_gso_of_size_zero),
		cmocka_unit_test(r41_checksum_beyond_the_frame),
		cmocka_unit_test(tunnel_is_good_if_it_was_negotiated),
		cmocka_unit_test(tunnel_types),
		cmocka_unit_test(tunnel_wants_checksum_and_size),
		cmocka_unit_test(tunnel_headers_follow_each_other),
		cmocka_unit_test(one_segment_in_a_tunnel_is_none),
		cmocka_unit_test(ipv4_is_parsed),
		cmocka_unit_test(ipv6_is_parsed),
		cmocka_unit_test(ipv6_extension_headers_are_stepped_over),
		cmocka_unit_test(ipv6_extension_headers_without_end),
		cmocka_unit_test(vlan_tags_are_stepped_over),
		cmocka_unit_test(third_vlan_tag_ends_it),
		cmocka_unit_test(fragments_have_no_ports),
		cmocka_unit_test(fragment_of_extension_headers_ends_the_walk),
		cmocka_unit_test(reserved_bits_make_no_fragment),
		cmocka_unit_test(headers_that_lie_are_not_believed),
		cmocka_unit_test(other_protocols_have_no_ports),
		cmocka_unit_test(any_bytes_are_parsed_within_bounds),
		cmocka_unit_test(hash_is_the_same_both_ways),
		cmocka_unit_test(hash_is_stable),
		cmocka_unit_test(hash_spreads_neighbouring_flows),
		cmocka_unit_test(hash_changes_with_every_bit),
	};

	naive_seed();
	return cmocka_run_group_tests_name("hdr", tests, NULL, NULL);
}
