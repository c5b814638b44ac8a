/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether what others reserved is in a command's way. */
#ifndef _VHXD_RESERVE_H
#define _VHXD_RESERVE_H

#include <stdbool.h>

struct scsi_cmd;

bool reserve_conflict(const struct scsi_cmd *cmd);

#endif
