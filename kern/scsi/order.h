/* SPDX-License-Identifier: GPL-2.0-only */
/* With IN_ORDER: chains that are over, and are not yet to be shown. See order.c. */
#ifndef _VHX_SCSI_ORDER_H
#define _VHX_SCSI_ORDER_H

#include "host.h"

int vhx_scsi_order_start(struct vhx_scsi_queue *q);
void vhx_scsi_order_stop(struct vhx_scsi_queue *q);
int vhx_scsi_order_begin(struct vhx_scsi_queue *q, u32 *place);
void vhx_scsi_order_undo(struct vhx_scsi_queue *q);
void vhx_scsi_order_end(struct vhx_scsi_queue *q, u32 place, const struct vhx_done *done,
			struct vhx_scsi_req *req);
bool vhx_scsi_order_next(struct vhx_scsi_queue *q, struct vhx_done *done,
			 struct vhx_scsi_req **req);

#endif /* _VHX_SCSI_ORDER_H */
