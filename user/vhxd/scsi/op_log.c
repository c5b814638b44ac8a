// SPDX-License-Identifier: GPL-2.0-only
/* Log pages, of which there are few, and lists of defects, of which there are none. */
#include "cmd.h"

static void param(struct reply *r, uint16_t code, uint8_t len)
{
	reply_u16(r, code);
	reply_u8(r, 0x03);	/* binary, in a list */
	reply_u8(r, len);
}

/* In pieces of a MiB, or what makes four bytes of it. */
static uint32_t pieces(uint64_t bytes)
{
	bytes >>= 20;
	return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

/* Parameters from a code on, which PARAMETER POINTER says */
static void provisioning(const struct scsi_cmd *cmd, struct reply *r, uint16_t from)
{
	const struct scsi_unit *unit = cmd->task.unit;
	struct backend_usage usage = { 0 };

	if (!unit->backend->ops->usage || unit->backend->ops->usage(unit->backend, &usage))
		return;
	if (from <= 1) {
		param(r, 0x0001, 8);
		reply_u32(r, pieces(usage.available));
		reply_u32(r, 0x02000000);	/* shared with other units */
	}
	param(r, 0x0002, 8);
	reply_u32(r, pieces(usage.used));
	reply_u32(r, 0x01000000);		/* this unit's own */
}

static void exceptions(struct reply *r)
{
	param(r, 0x0000, 4);
	reply_zero(r, 4);
}

static bool check_page(struct scsi_cmd *cmd, uint8_t page, uint8_t sub)
{
	uint16_t highest = page == 0x0c ? 2 : 0;

	if (page && page != 0x0c && page != 0x2f)
		cmd_bad_cdb(cmd, 2, 5);
	else if (sub && (page || sub != 0xff))
		cmd_bad_cdb(cmd, 3, -1);
	else if (get_be16(cmd->cdb + 5) > highest)
		cmd_bad_cdb(cmd, 5, -1);
	else
		return true;
	return false;
}

static void page_list(struct reply *r, bool subpages)
{
	static const uint8_t pages[] = { 0x00, 0x0c, 0x2f };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		reply_u8(r, pages[i]);
		if (subpages)
			reply_u8(r, 0);
		if (subpages && !pages[i])
			reply_u16(r, 0x00ff);
	}
}

void op_log_sense(struct scsi_cmd *cmd)
{
	uint8_t page = cmd->cdb[2] & 0x3f, sub = cmd->cdb[3];
	struct reply r;

	if (!check_page(cmd, page, sub))
		return;
	reply_begin(&r, cmd, get_be16(cmd->cdb + 7));
	reply_u8(&r, sub ? page | 0x40 : page);
	reply_u8(&r, sub);
	reply_u16(&r, 0);
	if (!page)
		page_list(&r, sub);
	else if (page == 0x0c)
		provisioning(cmd, &r, get_be16(cmd->cdb + 5));
	else
		exceptions(&r);
	reply_patch16(&r, 2, (uint16_t)(r.len - 4));
	reply_end(&r);
}

void op_read_defects(struct scsi_cmd *cmd)
{
	bool twelve = cmd->cdb[0] == 0xb7;
	uint8_t asked = cmd->cdb[twelve ? 1 : 2];
	struct reply r;

	reply_begin(&r, cmd, twelve ? get_be32(cmd->cdb + 6) : get_be16(cmd->cdb + 7));
	reply_u8(&r, 0);
	reply_u8(&r, asked & 0x1f);
	reply_u16(&r, 0);
	if (twelve)
		reply_u32(&r, 0);
	reply_end(&r);
}
