/* SPDX-License-Identifier: GPL-2.0-only */
/* What READ, WRITE, VERIFY and their like have in common. */
#ifndef _VHXD_RW_H
#define _VHXD_RW_H

#include "cmd.h"

#define PART_LEN	(64U << 10)	/* bytes of a step that compares or fills */

/**
 * struct extent - what a CDB of 6, 10, 12 or 16 bytes says
 * @nr_at: where in the CDB the number of blocks is
 */
struct extent {
	uint64_t lba;
	uint32_t nr;
	uint8_t nr_at;
};

struct extent rw_extent(const uint8_t *cdb);

/**
 * rw_begin - from CDB and window to task.lba and task.left
 * @in: data go to the guest
 *
 * false: it has been answered.
 */
bool rw_begin(struct scsi_cmd *cmd, bool in);

/* FUA, or a unit without a cache */
uint32_t rw_write_flags(const struct scsi_cmd *cmd);

/* The next part's blocks, at most PART_LEN bytes */
uint32_t rw_part(const struct scsi_cmd *cmd);

#endif
