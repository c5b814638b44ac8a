// SPDX-License-Identifier: GPL-2.0-only
/*
 * COMPARE AND WRITE: of all commands the one that must not be executed twice, and that no other
 * may come between. The first half of its data is what should be there, the second what then
 * will be.
 */
#include "compare.h"
#include "rw.h"

static uint32_t half(const struct scsi_cmd *cmd)
{
	return (uint32_t)cmd->task.left * cmd->task.unit->block_size;
}

static const uint8_t *new_data(const struct scsi_cmd *cmd)
{
	return (const uint8_t *)cmd->out + half(cmd);
}

static void write_go(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->flags = rw_write_flags(cmd);
	t->step = cmd_good;
	cmd_io(cmd, BACKEND_WRITE, t->left, (void *)new_data(cmd));
}

/* An agent that died after its write left what this one was to write. */
static bool was_done(const struct scsi_cmd *cmd)
{
	return cmd->redelivered &&
	       first_difference(cmd->task.scratch, new_data(cmd), half(cmd)) < 0;
}

static void compare(struct scsi_cmd *cmd)
{
	int64_t off;

	if (was_done(cmd)) {
		/* It may be in a cache only: say again what FUA asked for. */
		write_go(cmd);
		return;
	}
	off = first_difference(cmd->task.scratch, cmd->out, half(cmd));
	if (off >= 0)
		cmd_sense_info(cmd, SENSE_MISCOMPARE, (uint64_t)off);
	else
		write_go(cmd);
}

static void read_go(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	if (!cmd_scratch(cmd, half(cmd)))
		return;
	t->step = compare;
	cmd_io(cmd, BACKEND_READ, t->left, t->scratch);
}

void op_compare_write(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	uint32_t nr = cmd->cdb[13];

	t->lba = get_be64(cmd->cdb + 2);
	if (!cmd_check_range(cmd, t->lba, nr))
		return;
	if (nr > MAX_COMPARE / t->unit->block_size || nr * 2 * t->unit->block_size > cmd->out_len) {
		cmd_bad_cdb(cmd, 13, -1);
		return;
	}
	cmd_consumed(cmd, (uint64_t)nr * 2 * t->unit->block_size);
	t->left = nr;
	cmd_claim(cmd, nr, true, nr ? read_go : cmd_good);
}
