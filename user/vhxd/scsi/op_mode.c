// SPDX-License-Identifier: GPL-2.0-only
/* MODE SENSE and the pages behind it. */
#include <string.h>

#include "cmd.h"
#include "mode.h"

/* Errors are corrected as well as can be, and not reported then. */
static void recovery(const struct mode *mode, uint8_t *at)
{
	(void)mode;
	at[2] = 0xc0;		/* bad blocks are moved, at writes and at reads */
}

static void caching(const struct mode *mode, uint8_t *at)
{
	at[2] = mode->wce ? 0x04 : 0;
}

static void control(const struct mode *mode, uint8_t *at)
{
	at[2] = mode->d_sense ? 0x04 : 0;
	at[3] = 0x10;		/* commands may be done in another order */
	at[4] = mode->swp ? 0x08 : 0;
	put_be16(at + 8, 0xffff);
}

/* There is one group, and its hints mean nothing. */
static void io_hints(const struct mode *mode, uint8_t *at)
{
	(void)mode;
	at[16] = 0x40;
}

static void exceptions(const struct mode *mode, uint8_t *at)
{
	(void)mode;
	at[2] = 0x08;		/* DEXCPT: there are none */
}

/* Ascending */
const struct mode_page mode_pages[] = {
	{ 0x01, 0x00, 12, recovery },
	{ 0x08, 0x00, 20, caching },
	{ 0x0a, 0x00, 12, control },
	{ 0x0a, 0x05, 32, io_hints },
	{ 0x1c, 0x00, 12, exceptions },
};

const size_t mode_nr_pages = ARRAY_SIZE(mode_pages);

const struct mode_page *mode_find(uint8_t page, uint8_t sub)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mode_pages); i++)
		if (mode_pages[i].page == page && mode_pages[i].sub == sub)
			return mode_pages + i;
	return NULL;
}

/* What can be changed are the bits that struct mode can make a difference to. */
static void fill_changeable(const struct mode_page *page, uint8_t *at)
{
	const struct mode none = { 0 }, all = { true, true, true };
	uint8_t other[MODE_PAGE_MAX] = { 0 };
	uint32_t i;

	page->fill(&none, at);
	page->fill(&all, other);
	for (i = 0; i < page->len; i++)
		at[i] ^= other[i];
}

void mode_fill(const struct mode_page *page, const struct scsi_unit *unit,
	       enum mode_control ctl, uint8_t at[MODE_PAGE_MAX])
{
	memset(at, 0, MODE_PAGE_MAX);
	if (ctl == MODE_CHANGEABLE)
		fill_changeable(page, at);
	else
		page->fill(ctl == MODE_DEFAULT ? &unit->mode_default : &unit->mode, at);
	at[0] = page->page;
	if (!page->sub) {
		at[1] = (uint8_t)(page->len - 2);
		return;
	}
	at[0] |= 0x40;
	at[1] = page->sub;
	put_be16(at + 2, (uint16_t)(page->len - 4));
}

static bool is_asked(const struct mode_page *p, uint8_t page, uint8_t sub)
{
	if (page != MODE_ALL_PAGES && page != p->page)
		return false;
	return sub == MODE_ALL_SUBS || sub == p->sub;
}

static void block_descriptor(struct reply *r, const struct scsi_unit *unit, bool llbaa)
{
	uint32_t bs = unit->block_size;

	if (llbaa) {
		reply_u64(r, unit->blocks);
		reply_u32(r, 0);
		reply_u32(r, bs);
		return;
	}
	reply_u32(r, unit->blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)unit->blocks);
	reply_u32(r, bs);
}

/* Its length comes last; nothing is known of it yet. */
static void header(struct reply *r, const struct scsi_cmd *cmd, bool ten)
{
	const struct scsi_unit *unit = cmd->task.unit;
	uint8_t device = unit->read_only || unit->mode.swp ? 0x90 : 0x10;
	bool llbaa = ten && (cmd->cdb[1] & 0x10);
	bool dbd = cmd->cdb[1] & 0x08;
	uint8_t desc_len = llbaa ? 16 : 8;

	if (ten)
		reply_u16(r, 0);
	else
		reply_u8(r, 0);
	reply_u8(r, 0);
	reply_u8(r, device);
	if (ten) {
		reply_u8(r, llbaa);
		reply_u8(r, 0);
		reply_u8(r, 0);
	}
	reply_u8(r, dbd ? 0 : desc_len);
	if (!dbd)
		block_descriptor(r, unit, llbaa);
}

static uint32_t put_pages(struct reply *r, const struct scsi_cmd *cmd)
{
	uint8_t page = cmd->cdb[2] & 0x3f, sub = cmd->cdb[3];
	uint8_t at[MODE_PAGE_MAX];
	uint32_t found = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mode_pages); i++) {
		if (!is_asked(mode_pages + i, page, sub))
			continue;
		mode_fill(mode_pages + i, cmd->task.unit, cmd->cdb[2] >> 6, at);
		reply_bytes(r, at, mode_pages[i].len);
		found++;
	}
	return found;
}

void op_mode_sense(struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == 0x5a;
	struct reply r;
	uint8_t len;

	if (cmd->cdb[2] >> 6 == MODE_SAVED) {
		cmd_sense(cmd, SENSE_NOT_SAVED);
		return;
	}
	reply_begin(&r, cmd, ten ? get_be16(cmd->cdb + 7) : cmd->cdb[4]);
	header(&r, cmd, ten);
	if (!put_pages(&r, cmd)) {
		cmd_bad_cdb(cmd, mode_find(cmd->cdb[2] & 0x3f, 0) ? 3 : 2, -1);
		return;
	}
	len = (uint8_t)(r.len - 1);
	if (ten)
		reply_patch16(&r, 0, (uint16_t)(r.len - 2));
	else
		reply_patch(&r, 0, &len, 1);
	reply_end(&r);
}
