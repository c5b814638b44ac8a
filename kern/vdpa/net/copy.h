/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies to and from a chain's segments: pinned memory, at kernel addresses that the table has
 * checked. What is read here is not read again.
 */
#ifndef _VHX_VNET_COPY_H
#define _VHX_VNET_COPY_H

#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "core/ring.h"

/**
 * vhx_vnet_copy_in - read from a chain
 * @seg: its first segment; there are enough for @off and @len
 * @off: first byte, from the chain's beginning
 * @to: where to
 * @len: how many
 */
static inline void vhx_vnet_copy_in(const struct vhx_seg *seg, u32 off, void *to, u32 len)
{
	u32 part;

	for (; len && off >= seg->len; seg++)
		off -= seg->len;
	for (; len; seg++, off = 0) {
		part = min_t(u64, len, seg->len - off);
		memcpy(to, (const void *)(unsigned long)(seg->addr + off), part);
		to += part;
		len -= part;
	}
	/* The guest writes there all the while: whatever the compiler sees in @to is what counts. */
	barrier();
}

/**
 * vhx_vnet_copy_out - write to a chain
 * @seg: its first segment that is written; there are enough for @off and @len
 * @off: first byte, from there
 * @from: where from
 * @len: how many
 */
static inline void vhx_vnet_copy_out(const struct vhx_seg *seg, u32 off, const void *from, u32 len)
{
	u32 part;

	for (; len && off >= seg->len; seg++)
		off -= seg->len;
	for (; len; seg++, off = 0) {
		part = min_t(u64, len, seg->len - off);
		memcpy((void *)(unsigned long)(seg->addr + off), from, part);
		from += part;
		len -= part;
	}
}

#endif /* _VHX_VNET_COPY_H */
