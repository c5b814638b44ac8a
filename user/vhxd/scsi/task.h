/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands at a unit: their order, their steps, their end. */
#ifndef _VHXD_TASK_H
#define _VHXD_TASK_H

#include "scsi.h"

void task_begin(struct scsi_cmd *cmd, struct scsi_itl *itl, void (*step)(struct scsi_cmd *cmd));
void task_run(struct scsi_cmd *cmd);
/* Those of one nexus, or all if @itl is NULL, but never @but */
void task_abort_all(struct scsi_unit *unit, const struct scsi_itl *itl, const struct scsi_cmd *but);
/* Go on with @step when what was aborted has ended. */
void task_drain(struct scsi_cmd *cmd, void (*step)(struct scsi_cmd *cmd));

#endif
