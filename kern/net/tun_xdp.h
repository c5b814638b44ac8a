/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How tun and tap want a batch of packets laid out. The one place where a wrong byte is memory
 * corruption in the host: a kernel that takes a header for a length would build an skb of the
 * guest's choosing. Which of the two layouts it is, compat/probe found out from the type in
 * the kernel's own header, and `vhx doctor --self-test` sees by sending a frame.
 *
 *	VHX_HAVE_TUN_XDP_HDR	data_hard_start: struct tun_xdp_hdr, length and header
 *	without			data_hard_start: the virtio header; length in frame_sz
 */
#ifndef _VHX_NET_TUN_XDP_H
#define _VHX_NET_TUN_XDP_H

#include <linux/if_tun.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/xdp.h>

#include "hdr.h"

/* Bytes in front of a frame that the stack wants, and room for the header below. */
#define VHX_TX_PAD		(NET_IP_ALIGN + NET_SKB_PAD)
/* Bytes at data_hard_start that the kernel may read: the longest virtio header, and a length. */
#define VHX_TX_HARD_START	32

/**
 * struct vhx_tun_frame - a frame in a buffer of its own
 * @buf: the buffer
 * @buflen: its size: @pad, frame and skb_shared_info, aligned
 * @pad: where the frame begins; at least VHX_TX_HARD_START
 * @len: the frame
 * @hdr: its virtio header, checked, in the guest's byte order
 * @long_hdr: all of that, not just a struct virtio_net_hdr
 */
struct vhx_tun_frame {
	void *buf;
	u32 buflen;
	u32 pad;
	u32 len;
	const struct vhx_hdr *hdr;
	bool long_hdr;
};

/**
 * vhx_tun_xdp_fill - describe a frame to tun
 * @xdp: the description
 * @f: the frame
 */
static inline void vhx_tun_xdp_fill(struct xdp_buff *xdp,
				    const struct vhx_tun_frame *f)
{
	struct virtio_net_hdr *gso = f->buf;

	/* What a longer header would add must read as zero. */
	memset(f->buf, 0, VHX_TX_HARD_START);
#ifdef VHX_HAVE_TUN_XDP_HDR
	BUILD_BUG_ON(sizeof(struct tun_xdp_hdr) > VHX_TX_HARD_START);
	((struct tun_xdp_hdr *)f->buf)->buflen = f->buflen;
	gso = &((struct tun_xdp_hdr *)f->buf)->gso;
#else
	BUILD_BUG_ON(sizeof(*f->hdr) > VHX_TX_HARD_START);
	if (unlikely(f->long_hdr))
		memcpy(f->buf, f->hdr, sizeof(*f->hdr));
#endif
	memcpy(gso, f->hdr, sizeof(*gso));
	xdp_init_buff(xdp, f->buflen, NULL);
	xdp_prepare_buff(xdp, f->buf, f->pad, f->len, true);
}

#endif /* _VHX_NET_TUN_XDP_H */
