// SPDX-License-Identifier: GPL-2.0-only
/* WRITE SAME: one block's data to many; zeroes by whatever the backend has for it. */
#include <errno.h>
#include <string.h>

#include "rw.h"

#define UNMAP	0x08
#define NDOB	0x01

static void fill_next(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->want_error = false;
	t->lba += t->part;
	t->left -= t->part;
	if (!t->left) {
		cmd_good(cmd);
		return;
	}
	t->part = rw_part(cmd);
	t->flags = rw_write_flags(cmd);
	cmd_io(cmd, BACKEND_WRITE, t->part, t->scratch);
}

static void fill(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	uint32_t bs = t->unit->block_size;
	uint32_t at;

	if (!cmd_scratch(cmd, PART_LEN))
		return;
	for (at = 0; at < PART_LEN; at += bs) {
		if (t->at)
			memset((char *)t->scratch + at, 0, bs);
		else
			memcpy((char *)t->scratch + at, cmd->out, bs);
	}
	t->io.res = 0;
	t->part = 0;
	t->step = fill_next;
}

/* Without a cache what was zeroed must be there for good as well. */
static void zeroed(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->want_error = false;
	if (t->io.res == -EOPNOTSUPP) {
		fill(cmd);
		return;
	}
	if (t->io.res)
		return;
	t->step = cmd_good;
	if (!t->unit->mode.wce)
		cmd_io(cmd, BACKEND_FLUSH, 0, NULL);
}

static void zero(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->at = 1;	/* for fill(), if it comes to that */
	t->flags = (cmd->cdb[1] & UNMAP) && t->unit->thin ? BACKEND_IO_UNMAP : 0;
	t->want_error = true;
	t->step = zeroed;
	cmd_io(cmd, BACKEND_ZERO, t->left, NULL);
}

static bool is_zero(const uint8_t *data, uint32_t len)
{
	return !data[0] && !memcmp(data, data + 1, len - 1);
}

/* None means up to the end, which must be no more than is allowed of a number. */
static bool same_extent(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	struct extent e = rw_extent(cmd->cdb);

	if (!cmd_check_range(cmd, e.lba, e.nr))
		return false;
	t->lba = e.lba;
	t->left = e.nr ? e.nr : t->unit->blocks - e.lba;
	if (t->left <= MAX_SAME / t->unit->block_size)
		return true;
	cmd_bad_cdb(cmd, e.nr_at, -1);
	return false;
}

void op_write_same(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	bool ndob = cmd->cdb[0] == 0x93 && (cmd->cdb[1] & NDOB);
	uint32_t bs = t->unit->block_size;

	if ((cmd->cdb[1] & UNMAP) && !t->unit->thin) {
		cmd_bad_cdb(cmd, 1, 3);
		return;
	}
	if (!same_extent(cmd))
		return;
	if (ndob) {
		cmd_claim(cmd, t->left, false, zero);
		return;
	}
	if (cmd->out_len < bs) {
		cmd_sense(cmd, SENSE_PARAM_LENGTH);
		return;
	}
	cmd_consumed(cmd, bs);
	cmd_claim(cmd, t->left, false, is_zero(cmd->out, bs) ? zero : fill);
}
