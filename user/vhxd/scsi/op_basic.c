// SPDX-License-Identifier: GPL-2.0-only
/* Commands that need no more than a few lines. */
#include <time.h>

#include "cmd.h"

/* That the unit is ready was checked on the way in. */
void op_test_unit_ready(struct scsi_cmd *cmd)
{
	cmd_good(cmd);
}

void op_request_sense(struct scsi_cmd *cmd)
{
	struct sense sense = { .code = ua_take(cmd->task.itl) };
	uint8_t buf[SCSI_SENSE_MAX];
	struct reply r;
	uint8_t len;

	if (!sense.code && cmd->task.unit->stopped)
		sense.code = SENSE_STOPPED;
	len = sense_build(buf, &sense, cmd->cdb[1] & 1);
	reply_begin(&r, cmd, cmd->cdb[4]);
	reply_bytes(&r, buf, len);
	reply_end(&r);
}

static void stopped(struct scsi_cmd *cmd)
{
	cmd->task.unit->stopped = true;
	cmd_good(cmd);
}

/* What is in the cache must not be lost with the power that may follow, unless NO_FLUSH. */
void op_start_stop(struct scsi_cmd *cmd)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (cmd->cdb[4] & 0x01) {
		unit->stopped = false;
		cmd_good(cmd);
		return;
	}
	cmd->task.step = stopped;
	if (!(cmd->cdb[4] & 0x04) && !unit->gone)
		cmd_io(cmd, BACKEND_FLUSH, 0, NULL);
}

/* Nothing can be removed. */
void op_prevent_allow(struct scsi_cmd *cmd)
{
	cmd_good(cmd);
}

/* The default self-test passes; there are no others, and no pages. */
void op_send_diagnostic(struct scsi_cmd *cmd)
{
	if (cmd->cdb[1] & 0x03 && !(cmd->cdb[1] & 0x04))
		cmd_bad_cdb(cmd, 1, 1);
	else
		cmd_good(cmd);
}

void op_report_timestamp(struct scsi_cmd *cmd)
{
	struct timespec now;
	struct reply r;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	reply_begin(&r, cmd, get_be32(cmd->cdb + 6));
	reply_u16(&r, 10);
	reply_u8(&r, 0);
	reply_u8(&r, 0);
	reply_u16(&r, (uint16_t)(ms >> 32));
	reply_u32(&r, (uint32_t)ms);
	reply_u16(&r, 0);
	reply_end(&r);
}
