/* SPDX-License-Identifier: GPL-2.0-only */
/* <linux/page_frag_cache.h> came with 6.13 (65941f10caf2); drop when 6.12 is. */
#ifndef _VHX_COMPAT_PAGE_FRAG_CACHE_H
#define _VHX_COMPAT_PAGE_FRAG_CACHE_H

#ifdef VHX_HAVE_PAGE_FRAG_CACHE_INIT
#include_next <linux/page_frag_cache.h>
#else
#include <linux/gfp.h>
#include <linux/mm_types.h>

static inline void page_frag_cache_init(struct page_frag_cache *nc)
{
	nc->va = NULL;
}
#endif

#endif
