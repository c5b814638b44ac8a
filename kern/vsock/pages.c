// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of large packets, see pages.h. Packets go as they came, mostly, and so the page that was
 * begun longest ago is the one most likely to be free: they are gone through in a ring.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "pages.h"

/**
 * vhx_pages_init - make an empty set
 * @p: set
 */
void vhx_pages_init(struct vhx_pages *p)
{
	spin_lock_init(&p->lock);
	/* The first page is begun with the first packet. */
	p->used = VHX_PAGES_SIZE;
}

/*
 * The next page, nobody's but ours: the one whose turn it is if it has become free, else a new one
 * in its place, and it goes with its last packet. Context: @p->lock. Return: whether there is one.
 */
static bool vhx_pages_next(struct vhx_pages *p)
{
	const u32 at = (p->at + 1) % VHX_PAGES_NR;
	struct page *page = p->page[at];

	if (!page || page_ref_count(page) != 1) {
		page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN | __GFP_COMP, VHX_PAGES_ORDER);
		if (!page)
			return false;
		if (p->page[at])
			put_page(p->page[at]);
		p->page[at] = page;
	}
	p->at = at;
	p->used = 0;
	return true;
}

/**
 * vhx_pages_fill - give a packet room for its payload
 * @p: set
 * @skb: packet that has none yet
 * @len: bytes, VIRTIO_VSOCK_MAX_PKT_BUF_SIZE at most
 *
 * Its bytes are what was there before: who has the packet writes all of them, or frees it.
 *
 * Context: process.
 * Return: whether it has; if not the packet may have a part of it, and is of no use.
 */
bool vhx_pages_fill(struct vhx_pages *p, struct sk_buff *skb, u32 len)
{
	bool ok = true;

	spin_lock(&p->lock);
	while (len && (p->used < VHX_PAGES_SIZE || (ok = vhx_pages_next(p)))) {
		const u32 n = min(len, VHX_PAGES_SIZE - p->used);
		struct page *page = p->page[p->at];

		get_page(page);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, p->used, n, n);
		/* The next packet begins on a cache line of its own. */
		p->used += ALIGN(n, SMP_CACHE_BYTES);
		len -= n;
	}
	spin_unlock(&p->lock);
	return ok;
}

/**
 * vhx_pages_drop - let go of all pages
 * @p: set, which may be used again
 *
 * Context: process.
 */
void vhx_pages_drop(struct vhx_pages *p)
{
	u32 i;

	spin_lock(&p->lock);
	for (i = 0; i < VHX_PAGES_NR; i++) {
		if (p->page[i])
			put_page(p->page[i]);
		p->page[i] = NULL;
	}
	p->used = VHX_PAGES_SIZE;
	spin_unlock(&p->lock);
}
