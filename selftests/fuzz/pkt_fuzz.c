// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of vsock packets of whatever bytes: what is taken for a packet has its payload in its
 * buffer and is its sender's own, its RST goes back to who sent it, and in buffers of whatever sizes
 * all of it arrives, and a message ends once.
 */
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pkt.h"

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)
#define ENDS	(VHX_PKT_F_EOM | VHX_PKT_F_EOR)

struct input {
	uint32_t room;
	uint32_t cid;
	struct vhx_pkt_hdr h;
} __attribute__((packed));

static void check_fault(const struct input *in, enum vhx_pkt_fault fault)
{
	const uint32_t len = le32toh(in->h.len);
	const bool fits = in->room >= sizeof(in->h) && len <= in->room - sizeof(in->h);
	const bool mine = le64toh(in->h.src_cid) == in->cid;

	CHECK((fault == VHX_PKT_SHORT) == (in->room < sizeof(in->h)));
	if (fault == VHX_PKT_OK)
		CHECK(fits && len <= VHX_PKT_LEN_MAX && mine && !(le64toh(in->h.dst_cid) >> 32));
	else
		CHECK(!fits || len > VHX_PKT_LEN_MAX || !mine || le64toh(in->h.dst_cid) >> 32);
}

static void check_rst(const struct vhx_pkt_hdr *h)
{
	struct vhx_pkt_hdr rst, again;

	if (!vhx_pkt_make_rst(h, &rst)) {
		CHECK(le16toh(h->op) == VHX_PKT_RST);
		return;
	}
	CHECK(rst.dst_cid == h->src_cid && rst.src_cid == h->dst_cid && rst.dst_port == h->src_port &&
	      rst.src_port == h->dst_port && rst.type == h->type && !rst.len && !rst.flags);
	CHECK(!vhx_pkt_make_rst(&rst, &again));
}

/* A byte of @sizes is how much more than a header there is in the next buffer. */
static void check_parts(const struct vhx_pkt_hdr *h, const uint8_t *sizes, size_t n)
{
	struct vhx_pkt_part p = { .len = le32toh(h->len) };
	struct vhx_pkt_hdr out;
	uint32_t len, room;
	size_t i;

	for (i = 0; i < n; i++) {
		room = sizeof(*h) + (sizes[i] + !!(p.len - p.off)) * (i % 3 ? 1u : 999u);
		len = vhx_pkt_next_part(&p, h, room, &out);
		CHECK(sizeof(*h) + len <= room && len <= p.len - p.off && len == le32toh(out.len));
		p.off += len;
		CHECK(out.src_cid == h->src_cid && out.op == h->op && out.buf_alloc == h->buf_alloc);
		if (p.off == p.len) {
			CHECK(out.flags == h->flags);
			return;
		}
		CHECK(len);
		if (le16toh(h->type) == VHX_PKT_SEQPACKET)
			CHECK(!(le32toh(out.flags) & ENDS));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum vhx_pkt_fault fault;
	struct input in;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	fault = vhx_pkt_check(&in.h, in.room, in.cid);
	check_fault(&in, fault);
	check_rst(&in.h);
	if (fault == VHX_PKT_OK)
		check_parts(&in.h, data + sizeof(in), size - sizeof(in));
	return 0;
}
