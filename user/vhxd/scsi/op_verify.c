// SPDX-License-Identifier: GPL-2.0-only
/* VERIFY and WRITE AND VERIFY: what is on the medium can be read, and is what it should be. */
#include <string.h>

#include "compare.h"
#include "rw.h"

#define BYTCHK	0x02

static void verify_next(struct scsi_cmd *cmd);

static const uint8_t *expected(const struct scsi_cmd *cmd)
{
	return (const uint8_t *)cmd->out + cmd->task.at;
}

static void verify_part(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	uint32_t len = t->part * t->unit->block_size;
	int64_t off;

	if (cmd->cdb[1] & BYTCHK) {
		off = first_difference(t->scratch, expected(cmd), len);
		if (off >= 0) {
			cmd_sense_info(cmd, SENSE_MISCOMPARE, cmd->win_off + t->at + (uint64_t)off);
			return;
		}
	}
	t->at += len;
	t->lba += t->part;
	t->left -= t->part;
	verify_next(cmd);
}

static void verify_next(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	if (!t->left) {
		cmd_good(cmd);
		return;
	}
	t->part = rw_part(cmd);
	t->flags = 0;
	t->step = verify_part;
	cmd_io(cmd, BACKEND_READ, t->part, t->scratch);
}

static void verify_begin(struct scsi_cmd *cmd)
{
	if (cmd_scratch(cmd, PART_LEN))
		verify_next(cmd);
}

void op_verify(struct scsi_cmd *cmd)
{
	struct extent e = rw_extent(cmd->cdb);

	if (cmd->cdb[1] & BYTCHK) {
		if (rw_begin(cmd, false))
			cmd_claim(cmd, cmd->task.left, false, verify_begin);
		return;
	}
	cmd->last = true;
	if (!cmd_check_range(cmd, e.lba, e.nr))
		return;
	/* It has no use for data: of those that came nevertheless this is not the first window. */
	if (cmd->win_off) {
		cmd_good(cmd);
		return;
	}
	cmd->task.lba = e.lba;
	cmd->task.left = e.nr;
	cmd_claim(cmd, e.nr, false, verify_begin);
}

/* To the medium, not to its cache: that is what is then read. */
static void write_go(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->flags = BACKEND_IO_FUA;
	t->step = verify_begin;
	if (t->left)
		cmd_io(cmd, BACKEND_WRITE, t->left, (void *)cmd->out);
}

void op_write_verify(struct scsi_cmd *cmd)
{
	if (rw_begin(cmd, false))
		cmd_claim(cmd, cmd->task.left, false, write_go);
}
