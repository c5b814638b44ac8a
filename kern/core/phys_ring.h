/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The functions of ring.h once more, for rings in pinned memory: r->view is set, and an address
 * that is not in its table is -EFAULT. See access_phys.h. PURE: knows no kernel.
 */
#ifndef _VHX_PHYS_RING_H
#define _VHX_PHYS_RING_H

#include "ring.h"

__u32 vhx_phys_ring_desc_size(const struct vhx_ring *r);
__u32 vhx_phys_ring_avail_size(const struct vhx_ring *r);
__u32 vhx_phys_ring_used_size(const struct vhx_ring *r);

int vhx_phys_ring_start(struct vhx_ring *r);
int vhx_phys_ring_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p);
void vhx_phys_ring_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n);
int vhx_phys_ring_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n);
int vhx_phys_ring_want_call(struct vhx_ring *r, bool on_empty);
int vhx_phys_ring_kick_off(struct vhx_ring *r);
int vhx_phys_ring_kick_on(struct vhx_ring *r);
bool vhx_phys_ring_quiet(struct vhx_ring *r);
int vhx_phys_ring_pending(struct vhx_ring *r);

#endif /* _VHX_PHYS_RING_H */
