/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the payload of large packets is copied into. A page costs more to have than to fill:
 * the kernel clears each that it gives away. Here they are kept, and used again when the packets
 * that were in them are gone, whose bytes are overwritten by the next ones before anybody sees them.
 */
#ifndef _VHX_VSOCK_PAGES_H
#define _VHX_VSOCK_PAGES_H

#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define VHX_PAGES_ORDER	PAGE_ALLOC_COSTLY_ORDER
#define VHX_PAGES_SIZE	((u32)PAGE_SIZE << VHX_PAGES_ORDER)
#define VHX_PAGES_NR	16
/* Bytes of a packet from which on it pays; the last one of two pages to be read may hold both. */
#define VHX_PAGES_LEAST	8192

/**
 * struct vhx_pages - pages of one direction of a guest
 * @lock: all below
 * @at: the page that is being filled
 * @used: bytes of it that were given away
 * @page: each with a reference of ours; whoever has a part of one has another. NULL: none yet
 */
struct vhx_pages {
	spinlock_t lock;
	u32 at;
	u32 used;
	struct page *page[VHX_PAGES_NR];
};

void vhx_pages_init(struct vhx_pages *p);
bool vhx_pages_fill(struct vhx_pages *p, struct sk_buff *skb, u32 len);
void vhx_pages_drop(struct vhx_pages *p);

#endif /* _VHX_VSOCK_PAGES_H */
