// SPDX-License-Identifier: GPL-2.0-only
/* What the unit can do, as its own table has it. */
#include "cmd.h"

#define RCTD		0x80
#define SUPPORT_NO	0x01
#define SUPPORT_YES	0x03

/* How long a command takes is not known: nominal and recommended times of zero. */
static void timeouts(struct reply *r)
{
	reply_u16(r, 10);
	reply_zero(r, 10);
}

static void all(struct scsi_cmd *cmd, struct reply *r, bool rctd)
{
	const struct scsi_op *op;

	reply_u32(r, 0);
	for (op = scsi_ops; op < scsi_ops + scsi_nr_ops; op++) {
		if (!op_supported(op, cmd->task.unit))
			continue;
		reply_u8(r, op->opcode);
		reply_u8(r, 0);
		reply_u16(r, op->sa);
		reply_u8(r, 0);
		reply_u8(r, (uint8_t)(rctd << 1 | !!(op->flags & OP_SA)));
		reply_u16(r, op->len);
		if (rctd)
			timeouts(r);
	}
	reply_patch32(r, 0, r->len - 4);
}

static void one(struct reply *r, const struct scsi_op *op, bool rctd)
{
	reply_u8(r, 0);
	if (!op) {
		reply_u8(r, SUPPORT_NO);
		reply_u16(r, 0);
		return;
	}
	reply_u8(r, (uint8_t)((rctd ? 0x80 : 0) | SUPPORT_YES));
	reply_u16(r, op->len);
	reply_bytes(r, op->usage, op->len);
	if (rctd)
		timeouts(r);
}

/* Whether the reporting option goes with the operation code; false: it has been answered. */
static bool check_option(struct scsi_cmd *cmd, uint8_t option, const struct scsi_op *first)
{
	bool has_sa = first && (first->flags & OP_SA);

	if (option > 3) {
		cmd_bad_cdb(cmd, 2, 2);
		return false;
	}
	if ((option == 1 && has_sa) || (option == 2 && first && !has_sa)) {
		cmd_bad_cdb(cmd, 2, 2);
		return false;
	}
	return true;
}

void op_report_opcodes(struct scsi_cmd *cmd)
{
	uint8_t option = cmd->cdb[2] & 0x07;
	bool rctd = cmd->cdb[2] & RCTD;
	uint16_t sa = get_be16(cmd->cdb + 4);
	const struct scsi_op *first = op_first(cmd->cdb[3]);
	const struct scsi_op *op = first;
	struct reply r;

	if (!check_option(cmd, option, first))
		return;
	reply_begin(&r, cmd, get_be32(cmd->cdb + 6));
	if (!option) {
		all(cmd, &r, rctd);
		reply_end(&r);
		return;
	}
	if (first && (first->flags & OP_SA))
		op = sa > 0x1f ? NULL : op_find(cmd->cdb[3], (uint8_t)sa);
	else if (option == 3 && sa)
		op = NULL;
	if (op && !op_supported(op, cmd->task.unit))
		op = NULL;
	one(&r, op, rctd);
	reply_end(&r);
}

void op_report_tmf(struct scsi_cmd *cmd)
{
	uint32_t alloc = get_be32(cmd->cdb + 6);
	bool repd = cmd->cdb[2] & 0x80;
	struct reply r;

	if (alloc < 4) {
		cmd_bad_cdb(cmd, 6, -1);
		return;
	}
	reply_begin(&r, cmd, alloc);
	reply_u8(&r, 0xdc);	/* ABORT TASK, ABORT and CLEAR TASK SET, LU RESET, QUERY TASK */
	reply_u8(&r, 0x03);	/* QUERY TASK SET, I_T NEXUS RESET */
	reply_u8(&r, 0);
	reply_u8(&r, repd ? 12 : 0);
	if (repd)
		reply_zero(&r, 12);
	reply_end(&r);
}
