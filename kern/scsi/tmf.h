/* SPDX-License-Identifier: GPL-2.0-only */
/* Task management functions, between ctl.c, which reads and answers them, and tmf.c. */
#ifndef _VHX_SCSI_TMF_H
#define _VHX_SCSI_TMF_H

#include "host.h"

struct vhx_scsi_reset;

/**
 * enum vhx_scsi_tmf_state - what a function waits for
 * @VHX_TMF_SWEEP: that all commands the guest had posted are requests
 * @VHX_TMF_ABORT: that no command is left which it is about
 * @VHX_TMF_RESET: that the agent knows
 * @VHX_TMF_DONE: to be answered
 */
enum vhx_scsi_tmf_state {
	VHX_TMF_SWEEP,
	VHX_TMF_ABORT,
	VHX_TMF_RESET,
	VHX_TMF_DONE,
};

/**
 * struct vhx_scsi_tmf - a function under way; under the control queue's lock
 * @node: in vhx_scsi_host.tmfs
 * @h: host
 * @ctl: what it is; fixed
 * @lun: its address as the guest wrote it
 * @state: see there
 * @found: there was a command that it is about
 * @gone: there is none any more; written under vhx_endpoint.lock
 * @sweep: the sweep it waits for
 * @watch: tells of @gone
 * @reset: what the agent is told by
 * @chain: to be pushed
 * @place: with IN_ORDER, its
 * @seg: the pieces of it that the device writes
 */
struct vhx_scsi_tmf {
	struct list_head node;
	struct vhx_scsi_host *h;
	struct vhx_scsi_ctl ctl;
	u8 lun[8];
	enum vhx_scsi_tmf_state state;
	bool found;
	bool gone;
	u64 sweep;
	struct vhx_awatch watch;
	struct vhx_scsi_reset *reset;
	struct vhx_chain chain;
	u32 place;
	struct vhx_seg seg[];
};

struct vhx_scsi_tmf *vhx_scsi_tmf_begin(struct vhx_scsi_host *h, const struct vhx_scsi_ctl *ctl,
					u32 nseg);
bool vhx_scsi_tmf_step(struct vhx_scsi_tmf *t);
void vhx_scsi_tmf_end(struct vhx_scsi_tmf *t);
void vhx_scsi_tmf_collect(struct vhx_scsi_host *h);

#endif /* _VHX_SCSI_TMF_H */
