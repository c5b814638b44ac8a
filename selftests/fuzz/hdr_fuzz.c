// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of whatever bytes: a virtio-net header and a frame behind it. A bit of the flags that
 * nobody uses says that it is the long header of a guest that may have tunnels segmented.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hdr.h"

#define LONG	0x80

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void check_flow(const struct vhx_flow *f, uint32_t len)
{
	struct vhx_flow turned = *f;

	CHECK(f->l3 == 0 || f->l3 == 4 || f->l3 == 6);
	CHECK(f->frag <= 1);
	if (f->l4_off)
		CHECK(f->l3 && !f->frag && f->l4_off + 4u <= len);
	else
		CHECK(!f->sport && !f->dport);

	memcpy(turned.src, f->dst, sizeof(turned.src));
	memcpy(turned.dst, f->src, sizeof(turned.dst));
	turned.sport = f->dport;
	turned.dport = f->sport;
	CHECK(vhx_flow_hash(f) == vhx_flow_hash(&turned));
}

/* What a kernel finds where a header that was believed says that it is. */
static void check_tunnel(struct vhx_hdr *h, uint32_t len)
{
	uint32_t outer = h->outer_th[0] | h->outer_th[1] << 8;
	uint32_t inner = h->inner_nh[0] | h->inner_nh[1] << 8;

	CHECK(h->flags & LONG && h->flags & VHX_HDR_F_NEEDS_CSUM);
	CHECK((h->gso_type & VHX_HDR_GSO_TUNNEL) != VHX_HDR_GSO_TUNNEL);
	CHECK(outer >= VHX_ETH_HLEN + 20 && outer + 8 <= inner);
	CHECK(inner + 20 <= h->csum_start && h->csum_start < len);

	vhx_hdr_mend_tunnel(h, len, false);
	CHECK(!h->gso_type == !h->gso_size);
	CHECK(!h->gso_type || len > h->csum_start + 8u + h->gso_size);
	CHECK(!vhx_hdr_check(h, len, false, true));
}

static void check_hdr(struct vhx_hdr *h, uint32_t len)
{
	int rc = vhx_hdr_check(h, len, false, h->flags & LONG);

	CHECK(rc == 0 || rc == -EINVAL);
	CHECK(len >= VHX_ETH_HLEN || rc);
	if (rc)
		return;
	if (h->flags & VHX_HDR_F_NEEDS_CSUM)
		CHECK((uint32_t)h->csum_start + h->csum_offset + 2 <= len);
	if (h->gso_type)
		CHECK(h->gso_size);
	if (h->gso_type & VHX_HDR_GSO_TUNNEL)
		check_tunnel(h, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhx_hdr h = { 0 };
	struct vhx_flow flow;
	uint32_t len, hlen;
	uint8_t *frame;
	int rc;

	hlen = size && data[0] & LONG ? VHX_HDR_LEN_TUNNEL : VHX_HDR_LEN_MRG;
	if (size < hlen)
		return 0;
	memcpy(&h, data, hlen);
	len = (uint32_t)(size - hlen);
	check_hdr(&h, len);

	/* A block of just that size: a byte too far is found. */
	frame = malloc(len ? len : 1);
	CHECK(frame);
	memcpy(frame, data + hlen, len);
	memset(&flow, 0xff, sizeof(flow));
	rc = vhx_flow_parse(frame, len, &flow);
	CHECK(rc == (len < VHX_ETH_HLEN ? -EINVAL : 0));
	if (!rc)
		check_flow(&flow, len);
	free(frame);
	return 0;
}
