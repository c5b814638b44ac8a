// SPDX-License-Identifier: GPL-2.0-only
/* Answers to commands. */
#include <errno.h>

#include "cmd.h"

void cmd_status(struct scsi_cmd *cmd, enum scsi_status status)
{
	cmd->status = (uint8_t)status;
	if (status != SCSI_GOOD) {
		cmd->last = true;
		cmd->in_len = 0;
		cmd->residual = cmd->total_in ? cmd->total_in : cmd->total_out;
	}
	cmd->task.finished = true;
}

void cmd_good(struct scsi_cmd *cmd)
{
	cmd_status(cmd, SCSI_GOOD);
}

static void check_condition(struct scsi_cmd *cmd, const struct sense *sense)
{
	const struct scsi_unit *unit = cmd->task.unit;

	cmd->sense_len = sense_build(cmd->sense, sense, unit && unit->mode.d_sense);
	cmd_status(cmd, SCSI_CHECK_CONDITION);
}

void cmd_sense(struct scsi_cmd *cmd, enum sense_code code)
{
	check_condition(cmd, &(struct sense) { .code = code });
}

void cmd_sense_info(struct scsi_cmd *cmd, enum sense_code code, uint64_t info)
{
	check_condition(cmd, &(struct sense) { .code = code, .has_info = true, .info = info });
}

void cmd_bad_cdb(struct scsi_cmd *cmd, uint16_t byte, int bit)
{
	check_condition(cmd, &(struct sense) {
		.code = SENSE_CDB_FIELD,
		.pointed = true,
		.in_cdb = true,
		.field = byte,
		.bit = (int8_t)bit,
	});
}

void cmd_bad_param(struct scsi_cmd *cmd, uint16_t byte, int bit)
{
	check_condition(cmd, &(struct sense) {
		.code = SENSE_PARAM_FIELD,
		.pointed = true,
		.field = byte,
		.bit = (int8_t)bit,
	});
}

/* Of which block is not known: of the first that was asked for, so that none counts as done. */
static void medium_error(struct scsi_cmd *cmd)
{
	switch (cmd->task.io.op) {
	case BACKEND_READ:
		cmd_sense_info(cmd, SENSE_READ_ERROR, cmd->task.lba);
		return;
	case BACKEND_FLUSH:
		cmd_sense(cmd, SENSE_WRITE_ERROR);
		return;
	default:
		cmd_sense_info(cmd, SENSE_WRITE_ERROR, cmd->task.lba);
		return;
	}
}

void cmd_errno(struct scsi_cmd *cmd, int err)
{
	switch (-err) {
	case ENOMEM:
	case EAGAIN:
	case ECANCELED:
	case EINTR:
		cmd_status(cmd, SCSI_BUSY);
		return;
	case ENOSPC:
	case EDQUOT:
		cmd_sense(cmd, SENSE_NO_SPACE);
		return;
	case EROFS:
	case EPERM:
		cmd_sense(cmd, SENSE_WRITE_PROTECTED);
		return;
	case ENODEV:
	case ENXIO:
	case ESTALE:
	case ESHUTDOWN:
	case ENOTCONN:
		cmd_sense(cmd, SENSE_NOT_READY);
		return;
	case EIO:
	case EREMOTEIO:
	case EILSEQ:
	case EBADMSG:
	case ENODATA:
		medium_error(cmd);
		return;
	}
	cmd_sense(cmd, SENSE_INTERNAL);
}

bool cmd_check_range(struct scsi_cmd *cmd, uint64_t lba, uint64_t nr)
{
	const struct scsi_unit *unit = cmd->task.unit;

	if (lba < unit->blocks && nr <= unit->blocks - lba)
		return true;
	cmd_sense_info(cmd, SENSE_LBA_RANGE, lba);
	return false;
}

void cmd_consumed(struct scsi_cmd *cmd, uint64_t bytes)
{
	/* Of a guest that only has room for an answer nothing is used either. */
	if (cmd->total_in)
		return;
	cmd->residual = cmd->total_out > bytes ? cmd->total_out - (uint32_t)bytes : 0;
}

const uint8_t *cmd_list(struct scsi_cmd *cmd, uint32_t len)
{
	if (len > cmd->out_len) {
		cmd_sense(cmd, SENSE_PARAM_LENGTH);
		return NULL;
	}
	cmd_consumed(cmd, len);
	return cmd->out;
}
