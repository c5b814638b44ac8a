/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The header of a vsock packet (virtio 1.3, 5.10.6) as a guest sent it, and what may be said of it
 * before anybody else looks at it. PURE: knows no kernel, and so is built for tests and fuzzers as
 * it is.
 */
#ifndef _VHX_VSOCK_PKT_H
#define _VHX_VSOCK_PKT_H

#include <linux/types.h>

#define VHX_PKT_LEN_MAX		65536	/* bytes of payload of one packet */

#define VHX_PKT_STREAM		1
#define VHX_PKT_SEQPACKET	2

#define VHX_PKT_REQUEST		1
#define VHX_PKT_RESPONSE	2
#define VHX_PKT_RST		3
#define VHX_PKT_SHUTDOWN	4
#define VHX_PKT_RW		5
#define VHX_PKT_CREDIT_UPDATE	6
#define VHX_PKT_CREDIT_REQUEST	7

#define VHX_PKT_F_EOM		1	/* of RW: a message ends here */
#define VHX_PKT_F_EOR		2	/* and a record */

#define VHX_PKT_SHUT_RCV	1	/* of SHUTDOWN: does not receive any more */
#define VHX_PKT_SHUT_SEND	2	/* nor send */
#define VHX_PKT_SHUT_BOTH	3

/* Little-endian, packed, whatever was negotiated. */
struct vhx_pkt_hdr {
	__le64 src_cid;
	__le64 dst_cid;
	__le32 src_port;
	__le32 dst_port;
	__le32 len;
	__le16 type;
	__le16 op;
	__le32 flags;
	__le32 buf_alloc;
	__le32 fwd_cnt;
} __attribute__((packed));

/**
 * enum vhx_pkt_fault - what is wrong with a packet
 * @VHX_PKT_OK: nothing: it may be routed
 * @VHX_PKT_SHORT: no room for a header
 * @VHX_PKT_LONG: it says that it is longer than it is, or than is allowed
 * @VHX_PKT_NOT_MINE: it says that another guest sent it
 * @VHX_PKT_NO_CID: its destination is no CID
 */
enum vhx_pkt_fault {
	VHX_PKT_OK,
	VHX_PKT_SHORT,
	VHX_PKT_LONG,
	VHX_PKT_NOT_MINE,
	VHX_PKT_NO_CID,
};

enum vhx_pkt_fault vhx_pkt_check(const struct vhx_pkt_hdr *h, __u32 room, __u32 cid);
bool vhx_pkt_make_rst(const struct vhx_pkt_hdr *h, struct vhx_pkt_hdr *rst);

/**
 * struct vhx_pkt_part - a packet that goes into buffers which are smaller than it
 * @len: bytes of payload it has
 * @off: of which so many were sent
 */
struct vhx_pkt_part {
	__u32 len;
	__u32 off;
};

__u32 vhx_pkt_next_part(const struct vhx_pkt_part *p, const struct vhx_pkt_hdr *h, __u32 room,
			struct vhx_pkt_hdr *out);

#endif /* _VHX_VSOCK_PKT_H */
