// SPDX-License-Identifier: GPL-2.0-only
/* REPORT LUNS, which a guest may also send to where there is no unit. */
#include "cmd.h"

#define ALL_BUT_WELL_KNOWN	0
#define WELL_KNOWN		1
#define ALL			2

/* Peripheral addresses up to 255, as everybody has them, and flat ones above. */
static void put_lun(struct reply *r, uint16_t lun)
{
	reply_u16(r, lun < 256 ? lun : (uint16_t)(0x4000 | lun));
	reply_zero(r, 6);
}

static void put_luns(struct scsi_cmd *cmd, struct reply *r, uint8_t select)
{
	const struct mapping *m;

	if (select != WELL_KNOWN)
		list_for_each(m, &cmd->nexus->target->mappings, in_target)
			if (m->id == cmd->target)
				put_lun(r, m->lun);
	if (select == ALL_BUT_WELL_KNOWN)
		return;
	reply_u16(r, SCSI_WLUN_REPORT_LUNS);
	reply_zero(r, 6);
}

void op_report_luns(struct scsi_cmd *cmd)
{
	uint32_t alloc = get_be32(cmd->cdb + 6);
	uint8_t select = cmd->cdb[2];
	struct scsi_itl *itl;
	struct reply r;

	if (select > ALL) {
		cmd_bad_cdb(cmd, 2, -1);
		return;
	}
	if (alloc < 16) {
		cmd_bad_cdb(cmd, 6, -1);
		return;
	}
	reply_begin(&r, cmd, alloc);
	reply_u64(&r, 0);
	put_luns(cmd, &r, select);
	reply_patch32(&r, 0, r.len - 8);
	reply_end(&r);
	/* Whoever has seen the list knows that it has changed. */
	list_for_each(itl, &cmd->nexus->itls, in_nexus)
		if (itl->target == cmd->target)
			ua_clear(itl, UA_LUNS_CHANGED);
}
