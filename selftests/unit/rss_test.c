// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive-side scaling's hashes, against the numbers that Microsoft published with the algorithm, and
 * against a Toeplitz matrix done bit by bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rss.h"

static const __u8 key[VHX_RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

#define ETH 14

struct frame {
	__u8 b[ETH + 40 + 8];
	__u32 len;
};

static void put16(__u8 *p, __u16 v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

static struct frame frame4(__u8 proto, const __u8 *src, const __u8 *dst)
{
	struct frame f = { .len = ETH + 20 + 8 };

	put16(f.b + 12, 0x0800);
	f.b[ETH] = 0x45;
	f.b[ETH + 9] = proto;
	memcpy(f.b + ETH + 12, src, 4);
	memcpy(f.b + ETH + 16, dst, 4);
	return f;
}

static struct frame frame6(__u8 proto, const __u8 *src, const __u8 *dst)
{
	struct frame f = { .len = ETH + 40 + 8 };

	put16(f.b + 12, 0x86dd);
	f.b[ETH] = 0x60;
	f.b[ETH + 6] = proto;
	memcpy(f.b + ETH + 8, src, 16);
	memcpy(f.b + ETH + 24, dst, 16);
	return f;
}

static __u32 hash_of(const struct frame *f, __u32 types, __u32 *hash)
{
	struct vhx_rss r = { .types = types };
	struct vhx_flow flow;

	memcpy(r.key, key, sizeof(key));
	assert_int_equal(vhx_flow_parse(f->b, f->len, &flow), 0);
	return vhx_rss_hash(&r, &flow, hash);
}

/* Microsoft's "Verifying the RSS Hash Calculation". */
static void published_ipv4(void **state)
{
	static const struct {
		__u8 dst[4], src[4];
		__u16 dport, sport;
		__u32 addresses, ports;
	} v[] = {
		{ { 161, 142, 100, 80 }, { 66, 9, 149, 187 }, 1766, 2794, 0x323e8fc2, 0x51ccc178 },
		{ { 65, 69, 140, 83 }, { 199, 92, 111, 2 }, 4739, 14230, 0xd718262a, 0xc626b0ea },
		{ { 12, 22, 207, 184 }, { 24, 19, 198, 95 }, 38024, 12898, 0xd2d0a5de, 0x5c2b394a },
		{ { 209, 142, 163, 6 }, { 38, 27, 205, 30 }, 2217, 48228, 0x82989176, 0xafc7327f },
		{ { 202, 188, 127, 2 }, { 153, 39, 163, 191 }, 1303, 44251, 0x5d1809c5, 0x10e828a2 },
	};
	struct frame f;
	__u32 hash;
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		f = frame4(6, v[i].src, v[i].dst);
		put16(f.b + ETH + 20, v[i].sport);
		put16(f.b + ETH + 22, v[i].dport);
		assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), 2);
		assert_int_equal(hash, v[i].ports);
		assert_int_equal(hash_of(&f, VHX_RSS_IPV4, &hash), 1);
		assert_int_equal(hash, v[i].addresses);
	}
}

static void published_ipv6(void **state)
{
	static const __u8 src[16] = { 0x3f, 0xfe, 0x25, 1, 2, 0, 0x1f, 0xff, [15] = 7 };
	static const __u8 dst[16] = { 0x3f, 0xfe, 0x25, 1, 2, 0, 0, 3, [15] = 1 };
	struct frame f = frame6(6, src, dst);
	__u32 hash;

	put16(f.b + ETH + 40, 2794);
	put16(f.b + ETH + 42, 1766);
	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), 5);
	assert_int_equal(hash, 0x40207d3d);
	assert_int_equal(hash_of(&f, VHX_RSS_IPV6, &hash), 4);
	assert_int_equal(hash, 0x2cc18cd5);
}

/* What is not wanted, or is no IP, or is cut, has no hash or a lesser one. */
static void kinds(void **state)
{
	static const __u8 a[16] = { 1, 2, 3, 4 }, b[16] = { 5, 6, 7, 8 };
	struct frame f = frame4(17, a, b);
	__u32 hash = 1;

	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), 3);
	assert_int_equal(hash_of(&f, VHX_RSS_TCPV4, &hash), VHX_RSS_REPORT_NONE);
	assert_int_equal(hash, 0);
	assert_int_equal(hash_of(&f, VHX_RSS_ALL & ~VHX_RSS_UDPV4, &hash), 1);
	assert_int_equal(hash_of(&f, 0, &hash), VHX_RSS_REPORT_NONE);
	/* A fragment: its ports are in the first one alone. */
	put16(f.b + ETH + 6, 0x2000);
	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), 1);
	put16(f.b + ETH + 6, 0);
	f.len = ETH + 20 + 3;
	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), 1);
	f.len = ETH + 19;
	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), VHX_RSS_REPORT_NONE);
	f = frame6(17, a, b);
	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), 6);
	assert_int_equal(hash_of(&f, VHX_RSS_IPV4 | VHX_RSS_UDPV4, &hash), VHX_RSS_REPORT_NONE);
	put16(f.b + 12, 0x0806);
	assert_int_equal(hash_of(&f, VHX_RSS_ALL, &hash), VHX_RSS_REPORT_NONE);
}

/* Bit i of the input, counted from the left, takes 32 bits of the key from bit i on. */
static __u32 matrix(const __u8 *data, __u32 len)
{
	__u32 i, k, hash = 0;

	for (i = 0; i < 8 * len; i++) {
		__u32 window = 0;

		if (!(data[i / 8] >> (7 - i % 8) & 1))
			continue;
		for (k = i; k < i + 32; k++)
			window = window << 1 | (key[k / 8] >> (7 - k % 8) & 1);
		hash ^= window;
	}
	return hash;
}

static void lengths(void **state)
{
	__u8 data[VHX_RSS_KEY_LEN];
	__u32 i, len, x = 1;

	for (len = 0; len <= VHX_RSS_KEY_LEN - 4; len++) {
		for (i = 0; i < sizeof(data); i++)
			data[i] = (x = x * 1103515245 + 12345) >> 16;
		assert_int_equal(vhx_toeplitz(key, data, len), matrix(data, len));
	}
	/* More than the key has bits for is not read. */
	assert_int_equal(vhx_toeplitz(key, data, VHX_RSS_KEY_LEN),
			 vhx_toeplitz(key, data, VHX_RSS_KEY_LEN - 4));
}

static void queues(void **state)
{
	struct vhx_rss r = { .mask = 3, .unclassified = 7, .table = { 4, 5, 6, 2 } };

	assert_int_equal(vhx_rss_queue(&r, VHX_RSS_REPORT_NONE, 1), 7);
	assert_int_equal(vhx_rss_queue(&r, 1, 0), 4);
	assert_int_equal(vhx_rss_queue(&r, 1, 0xffffffff), 2);
	assert_int_equal(vhx_rss_queue(&r, 1, 0x105), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_ipv4),
		cmocka_unit_test(published_ipv6),
		cmocka_unit_test(kinds),
		cmocka_unit_test(lengths),
		cmocka_unit_test(queues),
	};

	return cmocka_run_group_tests_name("rss", tests, NULL, NULL);
}
