/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Copies between guest memory that is known by the guest's own addresses, as a raw pull takes
 * them, and the device's. A request may stand for long, and the table of memory, or what a vIOMMU
 * said, may be another by then: so addresses are translated when the copy is made, each time anew.
 * PURE: knows no kernel, reaches guest memory through access.h alone.
 */
#ifndef _VHX_XFER_H
#define _VHX_XFER_H

#include <linux/types.h>

struct vhx_dirty;
struct vhx_iotlb_view;
struct vhx_seg;

/**
 * struct vhx_xfer - a copy
 * @seg: pieces of guest memory, by the guest's addresses
 * @n: how many
 * @len: bytes to copy
 * @off: of the pieces' bytes, one behind the other, the first to copy
 * @buf: the device's side
 */
struct vhx_xfer {
	const struct vhx_seg *seg;
	__u32 n;
	__u32 len;
	__u64 off;
	void *buf;
};

int vhx_xfer_read(struct vhx_iotlb_view *v, const struct vhx_xfer *x);
int vhx_xfer_write(struct vhx_iotlb_view *v, const struct vhx_xfer *x);
int vhx_xfer_each(struct vhx_iotlb_view *v, const struct vhx_xfer *x,
		  int (*fn)(const struct vhx_seg *here, void *arg), void *arg);
int vhx_xfer_mark(struct vhx_iotlb_view *v, const struct vhx_xfer *x, struct vhx_dirty *d);

#endif /* _VHX_XFER_H */
