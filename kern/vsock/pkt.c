// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Headers of vsock packets, see pkt.h. A header is the caller's own copy: the guest cannot change
 * what was judged.
 */
#include <asm/byteorder.h>
#include <linux/types.h>

#include "pkt.h"

/**
 * vhx_pkt_check - may a guest's packet be looked at?
 * @h: its header; not looked at if @room is less than one
 * @room: bytes of the buffer that it came in, header and payload
 * @cid: the guest's
 *
 * Of what it says of a connection nothing is looked at: that is for who has the connection, who
 * answers what makes no sense by a RST.
 *
 * Return: enum vhx_pkt_fault.
 */
enum vhx_pkt_fault vhx_pkt_check(const struct vhx_pkt_hdr *h, __u32 room, __u32 cid)
{
	__u32 len;

	if (room < sizeof(*h))
		return VHX_PKT_SHORT;
	len = __le32_to_cpu(h->len);
	if (len > VHX_PKT_LEN_MAX || len > room - sizeof(*h))
		return VHX_PKT_LONG;
	if (__le64_to_cpu(h->src_cid) != cid)
		return VHX_PKT_NOT_MINE;
	/* CIDs are of 32 bits, the upper half is reserved and zero. */
	if (__le64_to_cpu(h->dst_cid) > 0xffffffffULL)
		return VHX_PKT_NO_CID;
	return VHX_PKT_OK;
}

/**
 * vhx_pkt_make_rst - the RST that answers a packet which nobody takes
 * @h: the packet's header
 * @rst: what goes back
 *
 * Return: false if nothing is to be answered: it is one itself.
 */
bool vhx_pkt_make_rst(const struct vhx_pkt_hdr *h, struct vhx_pkt_hdr *rst)
{
	if (__le16_to_cpu(h->op) == VHX_PKT_RST)
		return false;
	*rst = (struct vhx_pkt_hdr) {
		.src_cid = h->dst_cid,
		.dst_cid = h->src_cid,
		.src_port = h->dst_port,
		.dst_port = h->src_port,
		.type = h->type,
		.op = __cpu_to_le16(VHX_PKT_RST),
	};
	return true;
}

/**
 * vhx_pkt_next_part - as much of a packet as a buffer holds
 * @p: the packet, and how far it is
 * @h: its header
 * @room: bytes of the buffer, at least a header's
 * @out: the header of this part
 *
 * A message of SOCK_SEQPACKET ends with its last part.
 *
 * Return: bytes of payload in this part.
 */
__u32 vhx_pkt_next_part(const struct vhx_pkt_part *p, const struct vhx_pkt_hdr *h, __u32 room,
			struct vhx_pkt_hdr *out)
{
	const __u32 left = p->len - p->off;
	const __u32 fits = room - sizeof(*h);
	const __u32 len = left < fits ? left : fits;

	*out = *h;
	out->len = __cpu_to_le32(len);
	if (len < left && __le16_to_cpu(h->type) == VHX_PKT_SEQPACKET)
		out->flags &= ~__cpu_to_le32(VHX_PKT_F_EOM | VHX_PKT_F_EOR);
	return len;
}
