/* SPDX-License-Identifier: GPL-2.0-only */
/* Between aq.c and areq.c: the steps of a request. */
#ifndef _VHX_AREQ_H
#define _VHX_AREQ_H

struct vhx_areq;

int vhx_areq_start(struct vhx_areq *req);
int vhx_areq_land(struct vhx_areq *req);

#endif /* _VHX_AREQ_H */
