/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Receive-side scaling as virtio-net has it (virtio 1.3, 5.1.6.4.3): the hash of a packet, and which
 * queue that stands for. PURE: knows no kernel.
 */
#ifndef _VHX_RSS_H
#define _VHX_RSS_H

#include <linux/types.h>

#include "hdr.h"

#define VHX_RSS_KEY_LEN		40
#define VHX_RSS_TABLE_MAX	128

/* Kinds of hashes, one bit each. */
#define VHX_RSS_IPV4		1
#define VHX_RSS_TCPV4		2
#define VHX_RSS_UDPV4		4
#define VHX_RSS_IPV6		8
#define VHX_RSS_TCPV6		16
#define VHX_RSS_UDPV6		32
#define VHX_RSS_ALL		63

/* What a packet's header says of its hash: the number of its kind's bit, plus one. */
#define VHX_RSS_REPORT_NONE	0

/**
 * struct vhx_rss - what a driver asked for
 * @types: kinds it wants, any of VHX_RSS_*
 * @mask: entries of @table less one; 0 and no @spread: hashes are reported and no more
 * @spread: queues are chosen by @table
 * @unclassified: queue pair for what has no hash
 * @table: queue pairs
 * @key: of the hash
 */
struct vhx_rss {
	__u32 types;
	__u16 mask;
	__u16 unclassified;
	bool spread;
	__u16 table[VHX_RSS_TABLE_MAX];
	__u8 key[VHX_RSS_KEY_LEN];
};

__u32 vhx_toeplitz(const __u8 *key, const void *data, __u32 len);
__u32 vhx_rss_hash(const struct vhx_rss *r, const struct vhx_flow *flow, __u32 *hash);

/* The queue pair for a packet of kind @type and @hash. */
static inline __u32 vhx_rss_queue(const struct vhx_rss *r, __u32 type, __u32 hash)
{
	return type == VHX_RSS_REPORT_NONE ? r->unclassified : r->table[hash & r->mask];
}

#endif /* _VHX_RSS_H */
