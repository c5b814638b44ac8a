// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of vsock packets: which are good, what a RST says, how a packet goes into buffers that are
 * smaller than it.
 */
#include <endian.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pkt.h"

#define CID	42
#define HDR	((__u32)sizeof(struct vhx_pkt_hdr))

static struct vhx_pkt_hdr good(__u32 len)
{
	return (struct vhx_pkt_hdr) {
		.src_cid = htole64(CID),
		.dst_cid = htole64(2),
		.src_port = htole32(1234),
		.dst_port = htole32(22),
		.len = htole32(len),
		.type = htole16(VHX_PKT_STREAM),
		.op = htole16(VHX_PKT_RW),
	};
}

static void test_size(void **state)
{
	assert_int_equal(HDR, 44);
}

static void test_short(void **state)
{
	struct vhx_pkt_hdr h = good(0);
	__u32 room;

	for (room = 0; room < HDR; room++)
		assert_int_equal(vhx_pkt_check(&h, room, CID), VHX_PKT_SHORT);
	assert_int_equal(vhx_pkt_check(&h, HDR, CID), VHX_PKT_OK);
}

/* CVE: "validate length in packet header before skb_put" */
static void test_length(void **state)
{
	static const __u32 len[] = { 1, 100, VHX_PKT_LEN_MAX, VHX_PKT_LEN_MAX + 1, 0x7fffffff,
				     0xffffffff - 43, 0xffffffff };
	struct vhx_pkt_hdr h;
	size_t i;

	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		h = good(len[i]);
		assert_int_equal(vhx_pkt_check(&h, HDR, CID), VHX_PKT_LONG);
		if (len[i] > VHX_PKT_LEN_MAX) {
			assert_int_equal(vhx_pkt_check(&h, 0xffffffff, CID), VHX_PKT_LONG);
			continue;
		}
		assert_int_equal(vhx_pkt_check(&h, HDR + len[i] - 1, CID), VHX_PKT_LONG);
		assert_int_equal(vhx_pkt_check(&h, HDR + len[i], CID), VHX_PKT_OK);
		assert_int_equal(vhx_pkt_check(&h, 0xffffffff, CID), VHX_PKT_OK);
	}
}

static void test_cids(void **state)
{
	struct vhx_pkt_hdr h = good(0);

	h.src_cid = htole64(CID + 1);
	assert_int_equal(vhx_pkt_check(&h, HDR, CID), VHX_PKT_NOT_MINE);
	h.src_cid = htole64(CID | 1ULL << 32);
	assert_int_equal(vhx_pkt_check(&h, HDR, CID), VHX_PKT_NOT_MINE);
	h = good(0);
	h.dst_cid = htole64(2 | 1ULL << 63);
	assert_int_equal(vhx_pkt_check(&h, HDR, CID), VHX_PKT_NO_CID);
	h.dst_cid = htole64(0xffffffff);
	assert_int_equal(vhx_pkt_check(&h, HDR, CID), VHX_PKT_OK);
}

static void test_rst(void **state)
{
	struct vhx_pkt_hdr h = good(100), rst;

	h.type = htole16(7);
	assert_true(vhx_pkt_make_rst(&h, &rst));
	assert_int_equal(le64toh(rst.src_cid), 2);
	assert_int_equal(le64toh(rst.dst_cid), CID);
	assert_int_equal(le32toh(rst.src_port), 22);
	assert_int_equal(le32toh(rst.dst_port), 1234);
	assert_int_equal(le32toh(rst.len), 0);
	assert_int_equal(le16toh(rst.type), 7);
	assert_int_equal(le16toh(rst.op), VHX_PKT_RST);
	assert_int_equal(rst.flags | rst.buf_alloc | rst.fwd_cnt, 0);
	/* Two that answer each other would never end. */
	assert_false(vhx_pkt_make_rst(&rst, &h));
}

/* The parts are the packet, and a message ends with the last of them. */
static void parts(__u16 type, __u32 len, __u32 room)
{
	struct vhx_pkt_part p = { .len = len };
	struct vhx_pkt_hdr h = good(len), out;
	__u32 n, want = type == VHX_PKT_SEQPACKET ? 0 : 3;

	h.type = htole16(type);
	h.flags = htole32(VHX_PKT_F_EOM | VHX_PKT_F_EOR);
	do {
		n = vhx_pkt_next_part(&p, &h, room, &out);
		assert_int_equal(le32toh(out.len), n);
		assert_true(n <= room - HDR && p.off + n <= len);
		p.off += n;
		assert_int_equal(le32toh(out.flags), p.off == len ? 3 : want);
		assert_true(n == room - HDR || p.off == len);
		out.len = h.len;
		out.flags = h.flags;
		assert_memory_equal(&out, &h, sizeof(h));
	} while (p.off < len);
}

static void test_parts(void **state)
{
	__u32 len, room;

	for (len = 0; len < 70; len++)
		for (room = HDR + 1; room < HDR + 80; room++) {
			parts(VHX_PKT_STREAM, len, room);
			parts(VHX_PKT_SEQPACKET, len, room);
		}
	parts(VHX_PKT_SEQPACKET, VHX_PKT_LEN_MAX, 4096);
	parts(VHX_PKT_STREAM, 0, HDR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_cids),
		cmocka_unit_test(test_rst),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
