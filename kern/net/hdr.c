// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Packet headers, see hdr.h. Bytes come from a guest or from the wire: each length is checked
 * where it is used, each loop has a bound, and what is cut short just ends the parsing.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "hdr.h"

#define VLAN_HLEN	4
#define VLAN_MAX	2	/* tags */
#define IPV4_HLEN	20	/* without options */
#define IPV6_HLEN	40
#define IPV6_EXT_MAX	8	/* extension headers */
#define PORTS_LEN	4
#define UDP_HLEN	8
#define TCP_HLEN	20	/* without options */
#define TCP_GSO_MIN	8	/* what the kernel takes less for */

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
};

enum {
	PROTO_HOPOPTS = 0,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_DSTOPTS = 60,
	PROTO_SCTP = 132,
};

struct bytes {
	const __u8 *data;
	__u32 len;
};

static inline __u16 be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

static inline __u16 le16(const __u8 *p)
{
	return (__u16)(p[1] << 8 | p[0]);
}

/* Are there @n bytes at @off? No offset here comes near to wrapping. */
static inline bool has(const struct bytes *b, __u32 off, __u32 n)
{
	return b->len >= n && off <= b->len - n;
}

static bool gso_type_known(__u8 type)
{
	switch (type) {
	case VHX_HDR_GSO_NONE:
	case VHX_HDR_GSO_TCPV4:
	case VHX_HDR_GSO_TCPV4 | VHX_HDR_GSO_ECN:
	case VHX_HDR_GSO_TCPV6:
	case VHX_HDR_GSO_TCPV6 | VHX_HDR_GSO_ECN:
	case VHX_HDR_GSO_UDP:
	case VHX_HDR_GSO_UDP_L4:
		return true;
	default:
		return false;
	}
}

/*
 * Segments in a UDP tunnel: Ethernet, IP, UDP, whatever the tunnel has of its own, IP, and the
 * header at @csum_start, which the caller finds within the frame. In front of UDP the inner IP's
 * version is not known here; the shorter one is the least there must be.
 */
static bool tunnel_sound(const struct vhx_hdr *h, __u32 csum_start)
{
	__u8 outer = h->gso_type & VHX_HDR_GSO_TUNNEL;
	__u8 inner = h->gso_type & ~VHX_HDR_GSO_TUNNEL;
	__u32 outer_th = le16(h->outer_th), inner_nh = le16(h->inner_nh);
	bool outer6 = outer == VHX_HDR_GSO_TUNNEL6;
	bool inner6 = (inner & ~VHX_HDR_GSO_ECN) == VHX_HDR_GSO_TCPV6;

	if (!outer || outer == VHX_HDR_GSO_TUNNEL)
		return false;
	if (inner == VHX_HDR_GSO_NONE || inner == VHX_HDR_GSO_UDP || !gso_type_known(inner))
		return false;
	if (!(h->flags & VHX_HDR_F_NEEDS_CSUM))
		return false;
	return outer_th >= VHX_ETH_HLEN + (outer6 ? IPV6_HLEN : IPV4_HLEN) &&
	       inner_nh >= outer_th + UDP_HLEN &&
	       csum_start >= inner_nh + (inner6 ? IPV6_HLEN : IPV4_HLEN);
}

/**
 * vhx_hdr_check - may this header be believed of this frame?
 * @h: header, a copy of the guest's, with a tunnel's words where there may be one
 * @frame_len: bytes of the frame behind it
 * @swap: the header is in the other byte order
 * @tunnel: the guest may have the segments in a UDP tunnel made by us
 *
 * Return: 0 or -EINVAL.
 */
int vhx_hdr_check(const struct vhx_hdr *h, __u32 frame_len, bool swap, bool tunnel)
{
	__u32 start = swap ? __builtin_bswap16(h->csum_start) : h->csum_start;
	__u32 offset = swap ? __builtin_bswap16(h->csum_offset) : h->csum_offset;

	if (frame_len < VHX_ETH_HLEN)
		return -EINVAL;
	if (!gso_type_known(h->gso_type) && !(tunnel && tunnel_sound(h, start)))
		return -EINVAL;
	if (h->gso_type != VHX_HDR_GSO_NONE && !h->gso_size)
		return -EINVAL;
	if ((h->flags & VHX_HDR_F_NEEDS_CSUM) && start + offset + 2 > frame_len)
		return -EINVAL;
	return 0;
}

/**
 * vhx_hdr_mend_tunnel - ask for no segments of a packet that is one
 * @h: header that vhx_hdr_check() found to be good
 * @frame_len: bytes of the frame behind it
 * @swap: the header is in the other byte order
 *
 * The kernel would say of such a packet that it is in a tunnel, and that it is not to be
 * segmented. A tap whose reader knows no tunnels takes that for a bug of the kernel's, and warns.
 */
void vhx_hdr_mend_tunnel(struct vhx_hdr *h, __u32 frame_len, bool swap)
{
	__u32 start = swap ? __builtin_bswap16(h->csum_start) : h->csum_start;
	__u32 size = swap ? __builtin_bswap16(h->gso_size) : h->gso_size;
	bool udp = (h->gso_type & ~VHX_HDR_GSO_TUNNEL) == VHX_HDR_GSO_UDP_L4;

	if (!(h->gso_type & VHX_HDR_GSO_TUNNEL))
		return;
	if (!udp && size < TCP_GSO_MIN)
		size = TCP_GSO_MIN;
	if (frame_len > start + (udp ? UDP_HLEN : TCP_HLEN) + size)
		return;
	h->gso_type = VHX_HDR_GSO_NONE;
	h->gso_size = 0;
	h->flags &= ~VHX_HDR_F_TUNNEL_CSUM;
}

static void parse_ports(const struct bytes *b, __u32 off, struct vhx_flow *flow)
{
	switch (flow->proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_SCTP:
		break;
	default:
		return;
	}
	if (!has(b, off, PORTS_LEN))
		return;
	flow->l4_off = (__u16)off;
	flow->sport = be16(b->data + off);
	flow->dport = be16(b->data + off + 2);
}

static void parse_ipv4(const struct bytes *b, __u32 off, struct vhx_flow *flow)
{
	const __u8 *p = b->data + off;
	__u32 hlen;

	if (!has(b, off, IPV4_HLEN) || p[0] >> 4 != 4)
		return;
	hlen = (p[0] & 0xf) * 4;
	if (hlen < IPV4_HLEN)
		return;

	flow->l3 = 4;
	flow->proto = p[9];
	flow->frag = !!(be16(p + 6) & 0x3fff);	/* offset, or more to come */
	__builtin_memcpy(flow->src, p + 12, 4);
	__builtin_memcpy(flow->dst, p + 16, 4);
	if (!flow->frag)
		parse_ports(b, off + hlen, flow);
}

/*
 * Step over an extension header. A fragment ends the walk: what follows is a header in the first
 * one only, and all of them carry the same number in front of it.
 *
 * Return: its length, or 0 when what is at @off is none, or is cut, or is out of reach.
 */
static __u32 skip_ext(const struct bytes *b, __u32 off, struct vhx_flow *flow)
{
	const __u8 *p = b->data + off;
	__u32 len;

	switch (flow->proto) {
	case PROTO_HOPOPTS:
	case PROTO_ROUTING:
	case PROTO_DSTOPTS:
		if (!has(b, off, 8))
			return 0;
		len = 8 * (p[1] + 1);
		break;
	case PROTO_FRAGMENT:
		if (!has(b, off, 8))
			return 0;
		len = 8;
		flow->frag = !!(be16(p + 2) & 0xfff9);	/* offset, or more to come */
		break;
	default:
		return 0;
	}
	flow->proto = p[0];
	return len;
}

static void parse_ipv6(const struct bytes *b, __u32 off, struct vhx_flow *flow)
{
	const __u8 *p = b->data + off;
	__u32 i, len;

	if (!has(b, off, IPV6_HLEN) || p[0] >> 4 != 6)
		return;

	flow->l3 = 6;
	flow->proto = p[6];
	__builtin_memcpy(flow->src, p + 8, 16);
	__builtin_memcpy(flow->dst, p + 24, 16);

	off += IPV6_HLEN;
	for (i = 0; i < IPV6_EXT_MAX && !flow->frag; i++) {
		len = skip_ext(b, off, flow);
		if (!len)
			break;
		off += len;
	}
	if (!flow->frag)
		parse_ports(b, off, flow);
}

/**
 * vhx_flow_parse - what the first bytes of a frame say of its flow
 * @data: frame, from its Ethernet header on
 * @len: bytes of it at hand
 * @flow: where it goes; addresses in network order, as they stand
 *
 * Return: 0, or -EINVAL when not even the Ethernet header is there. What is missing further in
 * leaves its fields 0.
 */
int vhx_flow_parse(const void *data, __u32 len, struct vhx_flow *flow)
{
	const struct bytes b = { .data = data, .len = len };
	__u32 off = VHX_ETH_HLEN, tags;

	__builtin_memset(flow, 0, sizeof(*flow));
	if (!has(&b, 0, VHX_ETH_HLEN))
		return -EINVAL;

	flow->protocol = be16(b.data + off - 2);
	for (tags = 0; tags < VLAN_MAX; tags++) {
		if (flow->protocol != ETHERTYPE_VLAN && flow->protocol != ETHERTYPE_QINQ)
			break;
		if (!has(&b, off, VLAN_HLEN))
			return 0;
		if (!tags)
			flow->vlan_tci = be16(b.data + off);
		flow->protocol = be16(b.data + off + 2);
		off += VLAN_HLEN;
	}

	if (flow->protocol == ETHERTYPE_IPV4)
		parse_ipv4(&b, off, flow);
	else if (flow->protocol == ETHERTYPE_IPV6)
		parse_ipv6(&b, off, flow);
	return 0;
}

/* Every bit of @v to every bit of the result: multiply spreads upwards, shift brings it down. */
static inline __u64 mix(__u64 v)
{
	v ^= v >> 32;
	v *= 0xd6e8feb86659fd93ULL;
	v ^= v >> 32;
	v *= 0xd6e8feb86659fd93ULL;
	v ^= v >> 32;
	return v;
}

static inline __u64 mix_endpoint(const __u32 *addr, __u16 port)
{
	__u64 hi = (__u64)addr[0] << 32 | addr[1];
	__u64 lo = (__u64)addr[2] << 32 | addr[3];

	return mix(mix(mix(hi) + lo) + port);
}

/**
 * vhx_flow_hash - a number for a flow, the same for both its directions
 * @flow: flow
 *
 * The same flow has the same number on every machine of this byte order, now and after an
 * upgrade: people pin flows by it. It has no secret, so a guest can choose flows that collide:
 * what it steers must be fair without it.
 *
 * Return: 32 bits, all of them equally good.
 */
__u32 vhx_flow_hash(const struct vhx_flow *flow)
{
	__u64 a = mix_endpoint(flow->src, flow->sport);
	__u64 b = mix_endpoint(flow->dst, flow->dport);
	__u64 kind = (__u64)flow->protocol << 8 | flow->proto;

	/* The smaller one first: that is what makes the direction not matter. */
	if (a > b)
		return (__u32)mix(mix(kind + b) + a);
	return (__u32)mix(mix(kind + a) + b);
}
