// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Hashes of packets, see rss.h. The flow comes from vhx_flow_parse(), which bounds what it reads; a
 * fragment has no ports there, and so is hashed by its addresses alone.
 */
#include <linux/types.h>

#include "rss.h"

enum { PROTO_TCP = 6, PROTO_UDP = 17 };

/**
 * vhx_toeplitz - Toeplitz hash
 * @key: VHX_RSS_KEY_LEN bytes
 * @data: bytes
 * @len: how many, at most VHX_RSS_KEY_LEN - 4
 *
 * Return: the hash, in host order.
 */
__u32 vhx_toeplitz(const __u8 *key, const void *data, __u32 len)
{
	__u32 window = (__u32)key[0] << 24 | key[1] << 16 | key[2] << 8 | key[3];
	const __u8 *p = data;
	__u32 hash = 0, i, bit;

	for (i = 0; i < len && i + 4 < VHX_RSS_KEY_LEN; i++) {
		__u32 next = key[i + 4];

		for (bit = 8; bit-- > 0;) {
			if (p[i] >> bit & 1)
				hash ^= window;
			window = window << 1 | (next >> bit & 1);
		}
	}
	return hash;
}

/* The kind of hash a flow has, of those that were asked for; and whether ports are in it. */
static __u32 kind(const struct vhx_rss *r, const struct vhx_flow *flow, bool *ports)
{
	__u32 shift = flow->l3 == 6 ? 3 : 0, type = 0;

	*ports = false;
	if (!flow->l3)
		return 0;
	if (flow->l4_off && flow->proto == PROTO_TCP)
		type = VHX_RSS_TCPV4 << shift;
	else if (flow->l4_off && flow->proto == PROTO_UDP)
		type = VHX_RSS_UDPV4 << shift;
	if (type & r->types) {
		*ports = true;
		return type;
	}
	return r->types & (VHX_RSS_IPV4 << shift);
}

/**
 * vhx_rss_hash - the hash of a packet
 * @r: what is wanted
 * @flow: the packet's
 * @hash: where it goes; 0 when there is none
 *
 * Return: its kind as a header reports it; VHX_RSS_REPORT_NONE when no kind that is wanted fits.
 */
__u32 vhx_rss_hash(const struct vhx_rss *r, const struct vhx_flow *flow, __u32 *hash)
{
	const __u32 alen = flow->l3 == 6 ? 16 : 4;
	__u8 in[VHX_RSS_KEY_LEN - 4];
	__u32 len = 2 * alen, type;
	bool ports;

	*hash = 0;
	type = kind(r, flow, &ports);
	if (!type)
		return VHX_RSS_REPORT_NONE;

	__builtin_memcpy(in, flow->src, alen);
	__builtin_memcpy(in + alen, flow->dst, alen);
	if (ports) {
		in[len++] = flow->sport >> 8;
		in[len++] = flow->sport & 0xff;
		in[len++] = flow->dport >> 8;
		in[len++] = flow->dport & 0xff;
	}
	*hash = vhx_toeplitz(r->key, in, len);
	return (__u32)__builtin_ctz(type) + 1;
}
