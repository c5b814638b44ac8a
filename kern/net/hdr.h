/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The bytes in front of a packet: the virtio-net header (virtio 1.3, 5.1.6) and what a frame's
 * first bytes say of its flow. PURE: knows no kernel.
 */
#ifndef _VHX_HDR_H
#define _VHX_HDR_H

#include <linux/types.h>

#define VHX_ETH_HLEN		14
#define VHX_HDR_LEN		10	/* legacy, no mergeable buffers */
#define VHX_HDR_LEN_MRG		12	/* VERSION_1, or mergeable buffers */
#define VHX_HDR_LEN_TUNNEL	24	/* a tunnel's segmentation, either way */

#define VHX_HDR_F_NEEDS_CSUM	1
#define VHX_HDR_F_DATA_VALID	2
#define VHX_HDR_F_TUNNEL_CSUM	8
#define VHX_HDR_GSO_NONE	0
#define VHX_HDR_GSO_TCPV4	1
#define VHX_HDR_GSO_UDP		3
#define VHX_HDR_GSO_TCPV6	4
#define VHX_HDR_GSO_UDP_L4	5
#define VHX_HDR_GSO_TUNNEL4	0x20	/* of the outer header */
#define VHX_HDR_GSO_TUNNEL6	0x40
#define VHX_HDR_GSO_TUNNEL	(VHX_HDR_GSO_TUNNEL4 | VHX_HDR_GSO_TUNNEL6)
#define VHX_HDR_GSO_ECN		0x80

/* In guest memory, as it stands; a shorter header ends earlier. */
struct vhx_hdr {
	__u8 flags;
	__u8 gso_type;
	__u16 hdr_len;
	__u16 gso_size;
	__u16 csum_start;
	__u16 csum_offset;
	__u16 num_buffers;
	__u8 hash[8];		/* not offered */
	__u8 outer_th[2];	/* offset of the tunnel's UDP header; little-endian, always */
	__u8 inner_nh[2];	/* offset of the IP header inside */
};

/**
 * struct vhx_flow - what the first bytes of a frame say of its flow
 * @l3: 4 or 6, 0 when neither
 * @proto: IP protocol of the innermost header reached, 0 when none
 * @frag: a fragment: ports are not looked at, so that all fragments of a datagram are one flow
 * @l4_off: offset of the TCP, UDP or SCTP header, 0 when none
 * @vlan_tci: of the outermost tag, host order
 * @protocol: EtherType in host order, behind at most two tags
 * @src: source address, IPv4 in the first word
 * @dst: destination address
 * @sport: host order, 0 when none
 * @dport: host order
 */
struct vhx_flow {
	__u8 l3;
	__u8 proto;
	__u8 frag;
	__u8 reserved;
	__u16 l4_off;
	__u16 vlan_tci;
	__u16 protocol;
	__u16 sport;
	__u16 dport;
	__u32 src[4];
	__u32 dst[4];
};

int vhx_hdr_check(const struct vhx_hdr *h, __u32 frame_len, bool swap, bool tunnel);
void vhx_hdr_mend_tunnel(struct vhx_hdr *h, __u32 frame_len, bool swap);
int vhx_flow_parse(const void *data, __u32 len, struct vhx_flow *flow);
__u32 vhx_flow_hash(const struct vhx_flow *flow);

#endif /* _VHX_HDR_H */
