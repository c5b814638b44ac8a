// SPDX-License-Identifier: GPL-2.0-only
/* READ and WRITE BUFFER: memory of the unit's that means nothing, to test the way to it. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#define MODE_DATA	0x02
#define MODE_DESCRIPTOR	0x03
#define MODE_ECHO	0x0a
#define MODE_ECHO_DESC	0x0b

/* Where in the CDB the number of the buffer, an offset and a length are */
#define ID_AT		2
#define OFFSET_AT	3
#define LENGTH_AT	6

/* There is one buffer, and this is all of it. */
static bool check_place(struct scsi_cmd *cmd, uint32_t len)
{
	uint32_t offset = get_be24(cmd->cdb + OFFSET_AT);

	if (cmd->cdb[ID_AT])
		cmd_bad_cdb(cmd, ID_AT, -1);
	else if (offset > DATA_BUFFER_LEN || offset % 4)
		cmd_bad_cdb(cmd, OFFSET_AT, -1);
	else if (len > DATA_BUFFER_LEN - offset)
		cmd_bad_cdb(cmd, LENGTH_AT, -1);
	else
		return true;
	return false;
}

static bool has_buffer(struct scsi_cmd *cmd)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (!unit->buffer)
		unit->buffer = calloc(1, DATA_BUFFER_LEN);
	if (unit->buffer)
		return true;
	cmd_status(cmd, SCSI_TASK_SET_FULL);
	return false;
}

static void read_data(struct scsi_cmd *cmd, struct reply *r)
{
	uint32_t offset = get_be24(cmd->cdb + OFFSET_AT);

	if (!check_place(cmd, 0) || !has_buffer(cmd))
		return;
	reply_bytes(r, cmd->task.unit->buffer + offset, DATA_BUFFER_LEN - offset);
	reply_end(r);
}

static void read_echo(struct scsi_cmd *cmd, struct reply *r)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (unit->echo_by != cmd->task.itl) {
		cmd_sense(cmd, SENSE_SEQUENCE);
		return;
	}
	reply_bytes(r, unit->echo, unit->echo_len);
	reply_end(r);
}

void op_read_buffer(struct scsi_cmd *cmd)
{
	struct reply r;

	reply_begin(&r, cmd, get_be24(cmd->cdb + LENGTH_AT));
	switch (cmd->cdb[1] & 0x1f) {
	case MODE_DATA:
		read_data(cmd, &r);
		return;
	case MODE_DESCRIPTOR:
		/* offsets are of four bytes */
		reply_u32(&r, cmd->cdb[ID_AT] ? 0 : 2U << 24 | DATA_BUFFER_LEN);
		reply_end(&r);
		return;
	case MODE_ECHO:
		read_echo(cmd, &r);
		return;
	case MODE_ECHO_DESC:
		reply_u32(&r, ECHO_BUFFER_LEN);
		reply_end(&r);
		return;
	}
	cmd_bad_cdb(cmd, 1, 4);
}

static void write_data(struct scsi_cmd *cmd, uint32_t len)
{
	uint32_t offset = get_be24(cmd->cdb + OFFSET_AT);

	if (!check_place(cmd, len) || !has_buffer(cmd))
		return;
	if (len && !cmd_list(cmd, len))
		return;
	if (len)
		memcpy(cmd->task.unit->buffer + offset, cmd->out, len);
	cmd_good(cmd);
}

static void write_echo(struct scsi_cmd *cmd, uint32_t len)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (len > ECHO_BUFFER_LEN) {
		cmd_bad_cdb(cmd, LENGTH_AT, -1);
		return;
	}
	if (len && !cmd_list(cmd, len))
		return;
	if (len)
		memcpy(unit->echo, cmd->out, len);
	unit->echo_len = len;
	unit->echo_by = cmd->task.itl;
	cmd_good(cmd);
}

void op_write_buffer(struct scsi_cmd *cmd)
{
	uint32_t len = get_be24(cmd->cdb + LENGTH_AT);

	switch (cmd->cdb[1] & 0x1f) {
	case MODE_DATA:
		write_data(cmd, len);
		return;
	case MODE_ECHO:
		write_echo(cmd, len);
		return;
	}
	cmd_bad_cdb(cmd, 1, 4);
}
