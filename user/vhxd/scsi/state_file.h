/* SPDX-License-Identifier: GPL-2.0-only */
/* What state.c, which writes, and state_parse.c, which reads, agree on. */
#ifndef _VHXD_STATE_FILE_H
#define _VHXD_STATE_FILE_H

#include "pr.h"
#include "unit.h"

#define STATE_MAGIC	"vhxd-scsi-state 1"
#define STATE_MAX	(256U << 10)
#define STATE_MAX_UA	256U

/* A nexus that has not come back yet, and what it was to be told */
struct restored {
	struct list node;
	ua_mask ua;
	char initiator[SCSI_NAME_MAX + 1];
	char wwpn[SCSI_NAME_MAX + 1];
};

/* Of everything before its own line */
uint64_t state_sum(const char *text, size_t len);

/* @text ends with a 0 */
int state_parse(struct scsi_unit *unit, char *text, size_t len, struct msg *msg);

#endif
