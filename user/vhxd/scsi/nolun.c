// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where no unit is, a guest that looks for some must still be told so in the ways of SPC; LUN 0
 * and the well known logical unit say where they are.
 */
#include <string.h>

#include "cmd.h"
#include "nolun.h"

#define NO_DEVICE	0x7f	/* no peripheral can be there */
#define WELL_KNOWN	0x1e

static bool is_wlun(const struct scsi_cmd *cmd)
{
	return cmd->lun == SCSI_WLUN_REPORT_LUNS;
}

static void wlun_pages(struct reply *r)
{
	static const uint8_t pages[] = { WELL_KNOWN, 0x00, 0, 1, 0x00 };

	reply_bytes(r, pages, sizeof(pages));
}

static void inquiry(struct scsi_cmd *cmd)
{
	struct reply r;

	if (cmd->cdb[1] & 1 && (!is_wlun(cmd) || cmd->cdb[2])) {
		cmd_bad_cdb(cmd, 2, -1);
		return;
	}
	reply_begin(&r, cmd, get_be16(cmd->cdb + 3));
	if (cmd->cdb[1] & 1) {
		wlun_pages(&r);
		reply_end(&r);
		return;
	}
	reply_u8(&r, is_wlun(cmd) ? WELL_KNOWN : NO_DEVICE);
	reply_u8(&r, 0);
	reply_u8(&r, 0x06);
	reply_u8(&r, 0x12);
	reply_u8(&r, 36 - 5);
	reply_zero(&r, 3);
	reply_text(&r, "VHX", 8);
	reply_text(&r, "", 16);
	reply_text(&r, "", 4);
	reply_end(&r);
}

static void request_sense(struct scsi_cmd *cmd)
{
	const struct sense none = { .code = is_wlun(cmd) ? SENSE_NONE : SENSE_NO_LUN };
	uint8_t buf[SCSI_SENSE_MAX];
	uint8_t len = sense_build(buf, &none, cmd->cdb[1] & 1);
	struct reply r;

	reply_begin(&r, cmd, cmd->cdb[4]);
	reply_bytes(&r, buf, len);
	reply_end(&r);
}

void nolun_admit(struct scsi_cmd *cmd)
{
	uint8_t opcode = cmd->cdb_len >= 6 ? cmd->cdb[0] : 0xff;
	bool lun0 = !cmd->lun;

	cmd->last = true;
	/* The unit went since the first window; of the one that is always there nothing is left. */
	if (cmd->win_off && is_wlun(cmd))
		cmd_good(cmd);
	else if (cmd->win_off)
		cmd_sense(cmd, SENSE_NO_LUN);
	else if (opcode == 0x12)
		inquiry(cmd);
	else if (opcode == 0x03)
		request_sense(cmd);
	else if (opcode == 0xa0 && cmd->cdb_len >= 12 && (is_wlun(cmd) || lun0))
		op_report_luns(cmd);
	else if (!is_wlun(cmd))
		cmd_sense(cmd, SENSE_NO_LUN);
	else if (opcode == 0x00)
		cmd_good(cmd);
	else
		cmd_sense(cmd, SENSE_INVALID_OPCODE);
}
