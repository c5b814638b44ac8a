// SPDX-License-Identifier: GPL-2.0-only
/* MODE SELECT: the whole list is good, or nothing of it is done. */
#include <string.h>

#include "cmd.h"
#include "mode.h"
#include "state.h"

#define LIST_MAX	512	/* more than all headers and pages there are */

/**
 * struct select - a list on the way through
 * @at: the byte that is looked at
 * @new: what will be, if all of it is good
 */
struct select {
	struct scsi_cmd *cmd;
	const uint8_t *list;
	uint32_t len;
	uint32_t at;
	struct mode new;
};

static bool refuse_at(struct select *s, uint32_t at, int bit)
{
	cmd_bad_param(s->cmd, (uint16_t)at, bit);
	return false;
}

static bool refuse_length(struct select *s)
{
	cmd_sense(s->cmd, SENSE_PARAM_LENGTH);
	return false;
}

/* Neither the number of blocks nor their size can be changed. */
static bool check_short(struct select *s)
{
	const struct scsi_unit *unit = s->cmd->task.unit;
	const uint8_t *desc = s->list + s->at;
	uint32_t nr = get_be32(desc);
	uint32_t now = unit->blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)unit->blocks;

	if (nr && nr != now && nr != UINT32_MAX)
		return refuse_at(s, s->at, -1);
	if (get_be24(desc + 5) != unit->block_size)
		return refuse_at(s, s->at + 5, -1);
	return true;
}

static bool check_long(struct select *s)
{
	const struct scsi_unit *unit = s->cmd->task.unit;
	const uint8_t *desc = s->list + s->at;
	uint64_t nr = get_be64(desc);

	if (nr && nr != unit->blocks && nr != UINT64_MAX)
		return refuse_at(s, s->at, -1);
	if (get_be32(desc + 12) != unit->block_size)
		return refuse_at(s, s->at + 12, -1);
	return true;
}

static bool check_header(struct select *s, bool ten)
{
	uint32_t header = ten ? 8 : 4;
	uint32_t desc_len, desc_at = ten ? 6 : 3;
	bool llbaa;

	if (s->len < header)
		return refuse_length(s);
	llbaa = ten && (s->list[4] & 1);
	desc_len = ten ? get_be16(s->list + 6) : s->list[3];
	s->at = header;
	if (!desc_len)
		return true;
	if (desc_len != (llbaa ? 16 : 8))
		return refuse_at(s, desc_at, -1);
	if (desc_len > s->len - s->at)
		return refuse_length(s);
	if (llbaa ? !check_long(s) : !check_short(s))
		return false;
	s->at += desc_len;
	return true;
}

/* Bits that cannot be changed are as they are. */
static bool check_bits(struct select *s, const struct mode_page *page)
{
	uint8_t now[MODE_PAGE_MAX], can[MODE_PAGE_MAX];
	uint8_t wrong;
	uint32_t i;

	mode_fill(page, s->cmd->task.unit, MODE_CURRENT, now);
	mode_fill(page, s->cmd->task.unit, MODE_CHANGEABLE, can);
	for (i = page->sub ? 4 : 2; i < page->len; i++) {
		wrong = (s->list[s->at + i] ^ now[i]) & (uint8_t)~can[i];
		if (wrong)
			return refuse_at(s, s->at + i, 31 - __builtin_clz(wrong));
	}
	return true;
}

static void take(struct select *s, const struct mode_page *page)
{
	const uint8_t *at = s->list + s->at;

	if (page->page == 0x08) {
		s->new.wce = at[2] & 0x04;
	} else if (page->page == 0x0a && !page->sub) {
		s->new.d_sense = at[2] & 0x04;
		s->new.swp = at[4] & 0x08;
	}
}

static bool take_page(struct select *s)
{
	const uint8_t *at = s->list + s->at;
	uint32_t left = s->len - s->at;
	const struct mode_page *page;
	uint32_t len;
	bool spf;

	if (left < 2)
		return refuse_length(s);
	spf = at[0] & 0x40;
	if (spf && left < 4)
		return refuse_length(s);
	page = mode_find(at[0] & 0x3f, spf ? at[1] : 0);
	if (!page || spf != !!page->sub)
		return refuse_at(s, s->at, 5);
	len = spf ? get_be16(at + 2) + 4U : at[1] + 2U;
	if (len != page->len)
		return refuse_at(s, s->at + (spf ? 2 : 1), -1);
	if (len > left)
		return refuse_length(s);
	if (!check_bits(s, page))
		return false;
	take(s, page);
	s->at += len;
	return true;
}

static void apply(struct scsi_cmd *cmd, const struct mode *new)
{
	struct scsi_unit *unit = cmd->task.unit;

	if (!memcmp(&unit->mode, new, sizeof(*new)))
		return;
	unit->mode = *new;
	ua_changed(unit, cmd->task.itl, UA_MODE_CHANGED);
	state_touch(unit);
}

static void applied(struct scsi_cmd *cmd)
{
	cmd_good(cmd);
}

/* Who turns the cache off may rely on what was written before. */
static void finish(struct scsi_cmd *cmd, const struct mode *new)
{
	bool flush = cmd->task.unit->mode.wce && !new->wce;

	apply(cmd, new);
	cmd->task.step = applied;
	if (flush)
		cmd_io(cmd, BACKEND_FLUSH, 0, NULL);
}

void op_mode_select(struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == 0x55;
	uint32_t len = ten ? get_be16(cmd->cdb + 7) : cmd->cdb[4];
	struct select s = { .cmd = cmd, .len = len, .new = cmd->task.unit->mode };
	uint8_t list[LIST_MAX];

	if (!(cmd->cdb[1] & 0x10)) {
		cmd_bad_cdb(cmd, 1, 4);
		return;
	}
	if (cmd->cdb[1] & 0x01) {
		cmd_bad_cdb(cmd, 1, 0);
		return;
	}
	if (!len) {
		cmd_good(cmd);
		return;
	}
	if (len > sizeof(list)) {
		cmd_sense(cmd, SENSE_PARAM_LENGTH);
		return;
	}
	if (!cmd_list(cmd, len))
		return;
	memcpy(list, cmd->out, len);
	s.list = list;
	if (!check_header(&s, ten))
		return;
	while (s.at < s.len)
		if (!take_page(&s))
			return;
	finish(cmd, &s.new);
}
