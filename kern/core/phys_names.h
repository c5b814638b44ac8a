/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * By which names the rings in pinned memory are known, see access_phys.h.
 */
#ifndef _VHX_PHYS_NAMES_H
#define _VHX_PHYS_NAMES_H

#define vhx_ring_desc_size	vhx_phys_ring_desc_size
#define vhx_ring_avail_size	vhx_phys_ring_avail_size
#define vhx_ring_used_size	vhx_phys_ring_used_size
#define vhx_ring_start		vhx_phys_ring_start
#define vhx_ring_pull		vhx_phys_ring_pull
#define vhx_ring_unpull		vhx_phys_ring_unpull
#define vhx_ring_push		vhx_phys_ring_push
#define vhx_ring_want_call	vhx_phys_ring_want_call
#define vhx_ring_kick_off	vhx_phys_ring_kick_off
#define vhx_ring_kick_on	vhx_phys_ring_kick_on
#define vhx_ring_quiet		vhx_phys_ring_quiet
#define vhx_ring_pending	vhx_phys_ring_pending

#define vhx_split_start		vhx_phys_split_start
#define vhx_split_pull		vhx_phys_split_pull
#define vhx_split_unpull	vhx_phys_split_unpull
#define vhx_split_push		vhx_phys_split_push
#define vhx_split_want_call	vhx_phys_split_want_call
#define vhx_split_kick_off	vhx_phys_split_kick_off
#define vhx_split_kick_on	vhx_phys_split_kick_on
#define vhx_split_pending	vhx_phys_split_pending

#define vhx_packed_start	vhx_phys_packed_start
#define vhx_packed_pull	vhx_phys_packed_pull
#define vhx_packed_unpull	vhx_phys_packed_unpull
#define vhx_packed_push	vhx_phys_packed_push
#define vhx_packed_want_call	vhx_phys_packed_want_call
#define vhx_packed_kick_off	vhx_phys_packed_kick_off
#define vhx_packed_kick_on	vhx_phys_packed_kick_on
#define vhx_packed_pending	vhx_phys_packed_pending

#define vhx_walk_row		vhx_phys_walk_row
#define vhx_walk_swap		vhx_phys_walk_swap
#define vhx_walk_buffer		vhx_phys_walk_buffer
#define vhx_walk_table		vhx_phys_walk_table

#endif /* _VHX_PHYS_NAMES_H */
