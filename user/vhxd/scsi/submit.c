// SPDX-License-Identifier: GPL-2.0-only
/* A command's way in: what is checked of every one, in the order that SAM and SPC have. */
#include <string.h>

#include "cmd.h"
#include "nolun.h"
#include "reserve.h"
#include "state.h"
#include "task.h"

static bool window_is_sound(const struct scsi_cmd *cmd)
{
	uint32_t total = cmd->total_out > cmd->total_in ? cmd->total_out : cmd->total_in;
	uint32_t have = cmd->out_len > cmd->in_cap ? cmd->out_len : cmd->in_cap;

	return have <= cmd->win_len && cmd->win_off <= total &&
	       cmd->win_len <= total - cmd->win_off && cmd->cdb_len <= SCSI_CDB_MAX;
}

/* The highest bit that is set in @cdb and must not be; -1 if there is none. */
static int stray_bit(const struct scsi_cmd *cmd, uint32_t byte)
{
	const struct scsi_op *op = cmd->task.op;
	uint8_t stray = cmd->cdb[byte];

	stray &= (uint8_t)~op->usage[byte];
	if (byte == 1 && (op->flags & OP_SA))
		stray &= 0xe0;
	return stray ? 31 - __builtin_clz(stray) : -1;
}

/* All bytes of the table at once. Those behind the CDB's end may be set: then each is looked at. */
static bool is_plain(const struct scsi_cmd *cmd)
{
	uint64_t cdb[2], usage[2];

	memcpy(cdb, cmd->cdb, sizeof(cdb));
	memcpy(usage, cmd->task.op->usage, sizeof(usage));
	return !((cdb[0] & ~usage[0]) | (cdb[1] & ~usage[1]));
}

static bool check_cdb(struct scsi_cmd *cmd)
{
	const struct scsi_op *op = cmd->task.op;
	uint32_t i;
	int bit;

	if (cmd->cdb_len < op->len) {
		cmd_bad_cdb(cmd, cmd->cdb_len, -1);
		return false;
	}
	if (is_plain(cmd))
		return true;
	for (i = 1; i < op->len; i++) {
		bit = stray_bit(cmd, i);
		if (bit < 0)
			continue;
		cmd_bad_cdb(cmd, (uint16_t)i, bit);
		return false;
	}
	return true;
}

static bool check_known(struct scsi_cmd *cmd)
{
	const struct scsi_op *first = cmd->cdb_len ? op_first(cmd->cdb[0]) : NULL;
	const struct scsi_op *op = first ? op_of(first, cmd->cdb[1] & 0x1f) : NULL;

	cmd->task.op = op;
	if (op && op_supported(op, cmd->task.unit))
		return true;
	if (first && !op)
		cmd_bad_cdb(cmd, 1, 4);
	else
		cmd_sense(cmd, SENSE_INVALID_OPCODE);
	return false;
}

/* What was redelivered was admitted once, and saw the attentions there were. */
static bool check_attention(struct scsi_cmd *cmd)
{
	struct scsi_itl *itl = cmd->task.itl;
	const struct scsi_op *first;

	if (!itl->ua || cmd->redelivered)
		return true;
	first = cmd->cdb_len ? op_first(cmd->cdb[0]) : NULL;
	if (first && (first->flags & OP_UA_OK))
		return true;
	cmd_sense(cmd, ua_take(itl));
	return false;
}

static bool check_ready(struct scsi_cmd *cmd)
{
	const struct scsi_unit *unit = cmd->task.unit;
	uint32_t flags = cmd->task.op->flags;

	if ((flags & OP_MEDIA) && unit->gone)
		cmd_sense(cmd, SENSE_NOT_READY);
	else if ((flags & OP_MEDIA) && unit->stopped)
		cmd_sense(cmd, SENSE_STOPPED);
	else if ((flags & OP_WRITES) && (unit->read_only || unit->mode.swp))
		cmd_sense(cmd, SENSE_WRITE_PROTECTED);
	else
		return true;
	return false;
}

/* Without a fence nobody knows that the agent before is not about to write as well. */
static bool check_fence(struct scsi_cmd *cmd)
{
	const struct scsi_unit *unit = cmd->task.unit;

	if (!cmd->redelivered || !(cmd->task.op->flags & OP_WRITES) ||
	    unit->backend->ops->fence != BACKEND_FENCE_NONE)
		return true;
	cmd_status(cmd, SCSI_BUSY);
	return false;
}

static bool check_reservation(struct scsi_cmd *cmd)
{
	if (!reserve_conflict(cmd))
		return true;
	cmd_status(cmd, SCSI_RESERVATION_CONFLICT);
	return false;
}

/* Bytes that a command which cannot come in windows had use for: all in its first one. */
static uint64_t list_len(const struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	uint32_t bs = cmd->task.unit->block_size;

	switch (cdb[0]) {
	case 0x15:			/* MODE SELECT(6) */
		return cdb[4];
	case 0x3b:			/* WRITE BUFFER */
		return get_be24(cdb + 6);
	case 0x41:			/* WRITE SAME */
		return bs;
	case 0x42:			/* UNMAP */
	case 0x55:			/* MODE SELECT(10) */
		return get_be16(cdb + 7);
	case 0x5f:			/* PERSISTENT RESERVE OUT */
		return get_be32(cdb + 5);
	case 0x89:			/* COMPARE AND WRITE */
		return (uint64_t)cdb[13] * 2 * bs;
	case 0x93:			/* WRITE SAME, but without a data-out buffer */
		return cdb[1] & 0x01 ? 0 : bs;
	}
	return 0;
}

/* It was done with the first window, by whichever agent, or there would be no second. */
static void surplus(struct scsi_cmd *cmd)
{
	cmd->last = true;
	cmd_consumed(cmd, list_len(cmd));
	cmd_good(cmd);
}

/*
 * A command that has begun goes on, whatever has happened since; also with an agent that has not
 * seen its beginning.
 */
static void admit_window(struct scsi_cmd *cmd)
{
	if (!check_known(cmd) || !check_cdb(cmd))
		return;
	if (!(cmd->task.op->flags & OP_WINDOWS))
		surplus(cmd);
	else if (check_fence(cmd))
		cmd->task.op->handler(cmd);
}

static void admit(struct scsi_cmd *cmd)
{
	if (cmd->win_off) {
		admit_window(cmd);
		return;
	}
	if (!check_attention(cmd) || !check_known(cmd) || !check_cdb(cmd) ||
	    !check_reservation(cmd) || !check_fence(cmd) || !check_ready(cmd))
		return;
	cmd->last = !(cmd->task.op->flags & OP_WINDOWS);
	cmd->task.op->handler(cmd);
}

static void refuse_window(struct scsi_cmd *cmd)
{
	cmd_sense(cmd, SENSE_INTERNAL);
}

static void refuse_retired(struct scsi_cmd *cmd)
{
	cmd_status(cmd, SCSI_BUSY);
}

static void refuse_attr(struct scsi_cmd *cmd)
{
	cmd_sense(cmd, SENSE_BAD_MESSAGE);
}

bool scsi_is_blind(const struct scsi_cmd *cmd)
{
	const struct scsi_itl *itl = nexus_find(cmd->nexus, cmd->target, cmd->lun);
	const struct scsi_op *op = op_first(cmd->cdb[0]);

	return itl && op && op->handler == op_write && itl->unit->backend->caps & BACKEND_BLIND;
}

void scsi_submit(struct scsi_cmd *cmd)
{
	struct scsi_itl *itl = nexus_find(cmd->nexus, cmd->target, cmd->lun);
	void (*step)(struct scsi_cmd *cmd) = itl ? admit : nolun_admit;

	cmd->status = SCSI_GOOD;
	cmd->last = cmd->overrun = false;
	cmd->sense_len = 0;
	cmd->in_len = 0;
	/* Until a handler has use for some of it. */
	cmd->residual = cmd->total_in ? cmd->total_in : cmd->total_out;
	memset(&cmd->task, 0, sizeof(cmd->task));
	if (!window_is_sound(cmd))
		step = refuse_window;
	else if (cmd->attr >= SCSI_ATTR_ACA)
		step = refuse_attr;
	else if (itl && itl->retired && !cmd->win_off)
		step = refuse_retired;
	task_begin(cmd, itl, step);
	task_run(cmd);
}
