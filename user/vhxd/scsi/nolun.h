/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands to where no unit is, and to the REPORT LUNS well known logical unit. */
#ifndef _VHXD_NOLUN_H
#define _VHXD_NOLUN_H

struct scsi_cmd;

void nolun_admit(struct scsi_cmd *cmd);

#endif
