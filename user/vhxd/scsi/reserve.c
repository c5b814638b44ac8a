// SPDX-License-Identifier: GPL-2.0-only
/* RESERVE and RELEASE, and the conflicts that they and persistent reservations make. */
#include "cmd.h"
#include "pr.h"
#include "reserve.h"

#define PERSISTENT_IN	0x5e
#define PERSISTENT_OUT	0x5f
#define START_STOP	0x1b
#define PREVENT_ALLOW	0x1e

/* The two ways exclude each other, whoever has it. */
static bool conflict_spc2(const struct scsi_cmd *cmd)
{
	const struct scsi_itl *holder = cmd->task.unit->spc2_holder;
	uint8_t opcode = cmd->cdb[0];

	if (!holder)
		return false;
	if (opcode == PERSISTENT_IN || opcode == PERSISTENT_OUT)
		return true;
	return holder != cmd->task.itl && !(cmd->task.op->flags & OP_SPC2_ANY);
}

/* To start a unit, or to let go of it, takes nothing from anybody. */
static bool is_harmless(const struct scsi_cmd *cmd)
{
	return (cmd->cdb[0] == START_STOP && (cmd->cdb[4] & 1)) ||
	       (cmd->cdb[0] == PREVENT_ALLOW && !(cmd->cdb[4] & 1));
}

static bool is_write_exclusive(enum pr_type type)
{
	return type == PR_WRITE_EXCLUSIVE || type == PR_WRITE_EXCLUSIVE_REGISTRANTS ||
	       type == PR_WRITE_EXCLUSIVE_ALL;
}

bool reserve_conflict(const struct scsi_cmd *cmd)
{
	const struct scsi_itl *itl = cmd->task.itl;
	enum pr_type type = itl->unit->pr->type;
	uint32_t flags = cmd->task.op->flags;

	if (conflict_spc2(cmd))
		return true;
	if (!type || itl->holder || (flags & OP_PR_ANY))
		return false;
	if (itl->registered && pr_type_is_shared(type))
		return false;
	if (is_write_exclusive(type) && (flags & OP_PR_READ))
		return false;
	return !is_harmless(cmd);
}

/* Who is registered has persistent reservations to rely on: RESERVE is GOOD, and nothing. */
static bool superseded(struct scsi_cmd *cmd)
{
	if (!cmd->task.unit->pr->nr)
		return false;
	cmd_status(cmd, cmd->task.itl->registered ? SCSI_GOOD : SCSI_RESERVATION_CONFLICT);
	return true;
}

void op_reserve(struct scsi_cmd *cmd)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (superseded(cmd))
		return;
	if (unit->spc2_holder && unit->spc2_holder != cmd->task.itl) {
		cmd_status(cmd, SCSI_RESERVATION_CONFLICT);
		return;
	}
	unit->spc2_holder = cmd->task.itl;
	cmd_good(cmd);
}

void op_release(struct scsi_cmd *cmd)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (superseded(cmd))
		return;
	if (unit->spc2_holder == cmd->task.itl)
		unit->spc2_holder = NULL;
	cmd_good(cmd);
}
