/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory as a queue's handler reaches it, by the guest's addresses: xfer.h with the queue's
 * translations of that moment, its log and its misses.
 */
#ifndef _VHX_GUEST_H
#define _VHX_GUEST_H

#include "xfer.h"

struct vhx_vq;

int vhx_guest_read(struct vhx_vq *vq, const struct vhx_xfer *x);
int vhx_guest_each(struct vhx_vq *vq, const struct vhx_xfer *x,
		   int (*fn)(const struct vhx_seg *here, void *arg), void *arg);
int vhx_guest_write(struct vhx_vq *vq, const struct vhx_xfer *x);

#endif /* _VHX_GUEST_H */
