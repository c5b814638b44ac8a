/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage: a page that the kernel maps into the owner's memory, where the guest cannot reach it.
 *
 * A packet too large for a batch is sent by a socket call that reads it from user memory. The
 * bytes that a policy judged must not be read from the guest again, who may have changed them
 * since: they are put on the stage, and the socket reads them there, the rest from the guest.
 * That is one copy of a few bytes instead of a second one of the whole packet.
 *
 * The owner could unmap the page, or write to it; but then the owner can also send what it likes
 * by the tap's fd. KVM keeps pages in a VMM's memory in the same way.
 */
#ifndef _VHX_NET_STAGE_H
#define _VHX_NET_STAGE_H

#include <linux/mm.h>
#include <linux/mman.h>

#include "core/access.h"
#include "pair.h"

/**
 * vhx_stage_put - put the first bytes of a packet on the stage
 * @p: queue pair
 * @segs: the packet's segments in the guest, and one that is free in front of them; made the
 *	number of segments to send
 * @head: the bytes
 * @len: how many, at most a page, at most the packet
 *
 * Context: the tx queue's handler.
 * Return: the segments to send; NULL when the owner left no room for the stage.
 */
static inline struct vhx_seg *vhx_stage_put(struct vhx_pair *p,
					    struct vhx_segs *segs,
					    const void *head, u32 len)
{
	struct vhx_seg *seg = (struct vhx_seg *)segs->seg;
	u32 off = len;

	if (!p->stage) {
		unsigned long at = vm_mmap(NULL, 0, PAGE_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, 0);

		if (IS_ERR_VALUE(at))
			return NULL;
		p->stage = at;
	}
	/* The page is the kernel's own choice, @head the caller's buffer: nothing to check. */
	if (vhx_raw_out(p->stage, head, len))
		return NULL;

	for (; segs->n && off >= seg->len; seg++, segs->n--)
		off -= seg->len;
	if (segs->n) {
		seg->addr += off;
		seg->len -= off;
	}
	seg--;
	segs->n++;
	seg->addr = p->stage;
	seg->len = len;
	return seg;
}

/**
 * vhx_stage_strike - give the page back
 * @p: queue pair, its tx queue stopped
 *
 * Context: process. In any other process than the owner's there is nothing to do: the page goes
 * with the owner.
 */
static inline void vhx_stage_strike(struct vhx_pair *p)
{
	if (p->stage && current->mm == p->dev.mm)
		vm_munmap(p->stage, PAGE_SIZE);
	p->stage = 0;
}

#endif /* _VHX_NET_STAGE_H */
