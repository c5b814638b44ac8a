// SPDX-License-Identifier: GPL-2.0-only
/* PERSISTENT RESERVE IN. */
#include "cmd.h"
#include "pr.h"
#include "transport_id.h"

static void read_keys(struct reply *r, const struct pr_table *pr)
{
	uint32_t i;

	reply_u32(r, pr->gen);
	reply_u32(r, pr->nr * 8);
	for (i = 0; i < pr->nr; i++)
		reply_u64(r, pr->reg[i].key);
}

static void read_reservation(struct reply *r, const struct pr_table *pr)
{
	reply_u32(r, pr->gen);
	if (!pr->type) {
		reply_u32(r, 0);
		return;
	}
	reply_u32(r, 16);
	/* Of a reservation that all have there is no one key. */
	reply_u64(r, pr->holder >= 0 ? pr->reg[pr->holder].key : 0);
	reply_zero(r, 5);
	reply_u8(r, (uint8_t)pr->type);
	reply_u16(r, 0);
}

static void report_capabilities(struct reply *r, const struct scsi_unit *unit)
{
	bool ptpl = unit->state;

	reply_u16(r, 8);
	reply_u8(r, (uint8_t)(0x18 | ptpl));	/* CRH, SIP_C, PTPL_C */
	reply_u8(r, (uint8_t)(0x80 | (ptpl && unit->pr->aptpl)));
	reply_u16(r, 0xea01);			/* all six types */
	reply_u16(r, 0);
}

static void full_status(struct reply *r, const struct pr_table *pr, uint32_t i)
{
	const struct pr_reg *reg = pr->reg + i;
	bool holder = pr_is_holder(pr, (int)i);
	uint8_t tid[TRANSPORT_ID_LEN];

	reply_u64(r, reg->key);
	reply_u32(r, 0);
	reply_u8(r, holder);
	reply_u8(r, holder ? (uint8_t)pr->type : 0);
	reply_u32(r, 0);
	reply_u16(r, reg->port);
	reply_u32(r, TRANSPORT_ID_LEN);
	transport_id_put(tid, naa_of(reg->initiator));
	reply_bytes(r, tid, sizeof(tid));
}

static void read_full_status(struct reply *r, const struct pr_table *pr)
{
	uint32_t i;

	reply_u32(r, pr->gen);
	reply_u32(r, 0);
	for (i = 0; i < pr->nr; i++)
		full_status(r, pr, i);
	reply_patch32(r, 4, r->len - 8);
}

void op_pr_in(struct scsi_cmd *cmd)
{
	const struct scsi_unit *unit = cmd->task.unit;
	struct reply r;

	reply_begin(&r, cmd, get_be16(cmd->cdb + 7));
	switch (cmd->cdb[1] & 0x1f) {
	case 0:
		read_keys(&r, unit->pr);
		break;
	case 1:
		read_reservation(&r, unit->pr);
		break;
	case 2:
		report_capabilities(&r, unit);
		break;
	default:
		read_full_status(&r, unit->pr);
		break;
	}
	reply_end(&r);
}
