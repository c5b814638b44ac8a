/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * By which names the rings that go through a vIOMMU are known, see access_iotlb.h.
 */
#ifndef _VHX_IOTLB_NAMES_H
#define _VHX_IOTLB_NAMES_H

#define vhx_ring_desc_size	vhx_iotlb_ring_desc_size
#define vhx_ring_avail_size	vhx_iotlb_ring_avail_size
#define vhx_ring_used_size	vhx_iotlb_ring_used_size
#define vhx_ring_start		vhx_iotlb_ring_start
#define vhx_ring_pull		vhx_iotlb_ring_pull
#define vhx_ring_unpull		vhx_iotlb_ring_unpull
#define vhx_ring_push		vhx_iotlb_ring_push
#define vhx_ring_want_call	vhx_iotlb_ring_want_call
#define vhx_ring_kick_off	vhx_iotlb_ring_kick_off
#define vhx_ring_kick_on	vhx_iotlb_ring_kick_on
#define vhx_ring_quiet		vhx_iotlb_ring_quiet
#define vhx_ring_pending	vhx_iotlb_ring_pending

#define vhx_split_start		vhx_iotlb_split_start
#define vhx_split_pull		vhx_iotlb_split_pull
#define vhx_split_unpull	vhx_iotlb_split_unpull
#define vhx_split_push		vhx_iotlb_split_push
#define vhx_split_want_call	vhx_iotlb_split_want_call
#define vhx_split_kick_off	vhx_iotlb_split_kick_off
#define vhx_split_kick_on	vhx_iotlb_split_kick_on
#define vhx_split_pending	vhx_iotlb_split_pending

#define vhx_packed_start	vhx_iotlb_packed_start
#define vhx_packed_pull	vhx_iotlb_packed_pull
#define vhx_packed_unpull	vhx_iotlb_packed_unpull
#define vhx_packed_push	vhx_iotlb_packed_push
#define vhx_packed_want_call	vhx_iotlb_packed_want_call
#define vhx_packed_kick_off	vhx_iotlb_packed_kick_off
#define vhx_packed_kick_on	vhx_iotlb_packed_kick_on
#define vhx_packed_pending	vhx_iotlb_packed_pending

#define vhx_walk_row		vhx_iotlb_walk_row
#define vhx_walk_swap		vhx_iotlb_walk_swap
#define vhx_walk_buffer		vhx_iotlb_walk_buffer
#define vhx_walk_table		vhx_iotlb_walk_table

#endif /* _VHX_IOTLB_NAMES_H */
