// SPDX-License-Identifier: GPL-2.0-only
/* INQUIRY: the standard data, and the pages of vital product data. */
#include <string.h>

#include "cmd.h"

#define DISK		0x00
#define STANDARD_LEN	96

static void standard(struct scsi_cmd *cmd, struct reply *r)
{
	/* SAM-5, SPC-4, SBC-3 */
	static const uint16_t versions[] = { 0x00a0, 0x0460, 0x04c0 };
	const struct scsi_unit *unit = cmd->task.unit;
	uint32_t i;

	reply_u8(r, DISK);
	reply_u8(r, 0);
	reply_u8(r, 0x06);		/* SPC-4 */
	reply_u8(r, 0x12);		/* HISUP, response data format 2 */
	reply_u8(r, STANDARD_LEN - 5);
	reply_u8(r, 0);
	reply_u8(r, 0);
	reply_u8(r, 0x02);		/* CMDQUE */
	reply_text(r, unit->vendor, 8);
	reply_text(r, unit->product, 16);
	reply_text(r, unit->rev, 4);
	reply_zero(r, 58 - r->len);
	for (i = 0; i < ARRAY_SIZE(versions); i++)
		reply_u16(r, versions[i]);
	reply_zero(r, STANDARD_LEN - r->len);
}

static void vpd_supported(const struct scsi_cmd *cmd, struct reply *r);

static void vpd_serial(const struct scsi_cmd *cmd, struct reply *r)
{
	const struct scsi_unit *unit = cmd->task.unit;

	reply_bytes(r, unit->serial, (uint32_t)strlen(unit->serial));
}

/* code set, association and type, then its length and what it is */
static void designator(struct reply *r, uint8_t code_set, uint8_t type, uint8_t len)
{
	reply_u8(r, code_set);
	reply_u8(r, type);
	reply_u8(r, 0);
	reply_u8(r, len);
}

static void vpd_device_id(const struct scsi_cmd *cmd, struct reply *r)
{
	const struct scsi_unit *unit = cmd->task.unit;
	uint8_t len = (uint8_t)strlen(unit->name);

	designator(r, 1, 0x03, 8);		/* NAA, locally assigned */
	reply_u64(r, unit->naa);
	designator(r, 2, 0x01, (uint8_t)(8 + len));	/* T10 vendor id */
	reply_text(r, unit->vendor, 8);
	reply_bytes(r, unit->name, len);
	if (unit->has_uuid) {
		designator(r, 1, 0x0a, 18);
		reply_u16(r, 0x1000);
		reply_bytes(r, unit->uuid, 16);
	}
	designator(r, 1, 0x14, 4);		/* relative target port */
	reply_u16(r, 0);
	reply_u16(r, cmd->nexus->target->port);
}

static void vpd_extended(const struct scsi_cmd *cmd, struct reply *r)
{
	(void)cmd;
	reply_u8(r, 0);
	reply_u8(r, 0x07);	/* HEADSUP, ORDSUP, SIMPSUP */
	reply_u8(r, 0x01);	/* V_SUP: there may be a volatile cache */
	reply_u8(r, 0x01);	/* LUICLR: one REPORT LUNS clears it for all LUNs */
	reply_zero(r, 56);
}

static void vpd_limits(const struct scsi_cmd *cmd, struct reply *r)
{
	const struct scsi_unit *unit = cmd->task.unit;
	uint32_t bs = unit->block_size;
	uint32_t compare = MAX_COMPARE / bs;

	reply_u8(r, 0);
	reply_u8(r, compare > 255 ? 255 : (uint8_t)compare);
	reply_u16(r, (uint16_t)(unit->backend->phys_block / bs));
	reply_u32(r, MAX_TRANSFER / bs);
	reply_u32(r, 0);
	reply_u32(r, 0);
	reply_u32(r, unit->thin ? MAX_UNMAP : 0);
	reply_u32(r, unit->thin ? MAX_UNMAP_DESCS : 0);
	reply_u32(r, unit->thin ? unit->backend->phys_block / bs : 0);
	reply_u32(r, unit->thin ? 1U << 31 : 0);
	reply_u64(r, MAX_SAME / bs);
	reply_zero(r, 20);
}

static void vpd_characteristics(const struct scsi_cmd *cmd, struct reply *r)
{
	(void)cmd;
	reply_u16(r, 1);	/* nothing rotates */
	reply_zero(r, 58);
}

static void vpd_provisioning(const struct scsi_cmd *cmd, struct reply *r)
{
	const struct scsi_unit *unit = cmd->task.unit;
	bool zeroes = unit->backend->caps & BACKEND_UNMAP_ZEROES;

	reply_u8(r, 0);
	/* LBPU, LBPWS, LBPWS10; LBPRZ */
	reply_u8(r, unit->thin ? (uint8_t)(0xe0 | zeroes << 2) : 0);
	reply_u8(r, unit->thin ? 2 : 0);
	reply_u8(r, 0);
}

/* Ascending, as page 00 must be. */
static const struct {
	uint8_t page;
	void (*fill)(const struct scsi_cmd *cmd, struct reply *r);
} pages[] = {
	{ 0x00, vpd_supported },
	{ 0x80, vpd_serial },
	{ 0x83, vpd_device_id },
	{ 0x86, vpd_extended },
	{ 0xb0, vpd_limits },
	{ 0xb1, vpd_characteristics },
	{ 0xb2, vpd_provisioning },
};

static void vpd_supported(const struct scsi_cmd *cmd, struct reply *r)
{
	size_t i;

	(void)cmd;
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		reply_u8(r, pages[i].page);
}

static bool vpd(struct scsi_cmd *cmd, struct reply *r)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		if (pages[i].page != cmd->cdb[2])
			continue;
		reply_u8(r, DISK);
		reply_u8(r, cmd->cdb[2]);
		reply_u16(r, 0);
		pages[i].fill(cmd, r);
		reply_patch16(r, 2, (uint16_t)(r->len - 4));
		return true;
	}
	return false;
}

void op_inquiry(struct scsi_cmd *cmd)
{
	bool evpd = cmd->cdb[1] & 1;
	struct reply r;

	reply_begin(&r, cmd, get_be16(cmd->cdb + 3));
	if (evpd ? !vpd(cmd, &r) : cmd->cdb[2] != 0) {
		cmd_bad_cdb(cmd, 2, -1);
		return;
	}
	if (!evpd)
		standard(cmd, &r);
	reply_end(&r);
}
