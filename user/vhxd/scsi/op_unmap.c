// SPDX-License-Identifier: GPL-2.0-only
/* UNMAP: all of the list is looked at before any of it is done. */
#include <errno.h>
#include <string.h>

#include "cmd.h"

#define HEADER_LEN	8
#define DESC_LEN	16

static bool check_desc(struct scsi_cmd *cmd, const uint8_t *desc)
{
	uint64_t lba = get_be64(desc);
	uint32_t nr = get_be32(desc + 8);
	uint64_t blocks = cmd->task.unit->blocks;

	if (lba > blocks || nr > blocks - lba) {
		cmd_sense_info(cmd, SENSE_LBA_RANGE, lba);
		return false;
	}
	if (nr <= MAX_UNMAP)
		return true;
	cmd_bad_param(cmd, (uint16_t)(desc - (const uint8_t *)cmd->out + 8), -1);
	return false;
}

/* How many descriptors there are to do, or -1: it has been answered. */
static int check_list(struct scsi_cmd *cmd, const uint8_t *list, uint32_t len)
{
	uint32_t data = get_be16(list);
	uint32_t descs = get_be16(list + 2);
	uint32_t i;

	/* Of what the CDB cut off nothing is done: it is an error, not a shorter list. */
	if (data + 2 > len || descs + HEADER_LEN > len) {
		cmd_sense(cmd, SENSE_PARAM_LENGTH);
		return -1;
	}
	if (descs / DESC_LEN > MAX_UNMAP_DESCS) {
		cmd_bad_param(cmd, 2, -1);
		return -1;
	}
	for (i = 0; i < descs / DESC_LEN; i++)
		if (!check_desc(cmd, list + HEADER_LEN + i * DESC_LEN))
			return -1;
	return (int)(descs / DESC_LEN);
}

/* A device that cannot has kept them, which it may unless zeroes were promised. */
static bool failed(struct scsi_task *t)
{
	bool zeroes = t->unit->backend->caps & BACKEND_UNMAP_ZEROES;

	t->want_error = t->io.res == -EOPNOTSUPP && !zeroes;
	return t->io.res && !t->want_error;
}

static void unmap_next(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	const uint8_t *desc;
	uint32_t nr = 0;

	if (failed(t))
		return;
	t->want_error = true;
	while (t->left && !nr) {
		desc = (uint8_t *)t->scratch + t->at;
		t->lba = get_be64(desc);
		nr = get_be32(desc + 8);
		t->at += DESC_LEN;
		t->left--;
	}
	if (nr)
		cmd_io(cmd, BACKEND_UNMAP, nr, NULL);
	else
		cmd_good(cmd);
}

/* From the first to the last block that is in it, that nothing atomic is cut in two. */
static void claim_hull(struct scsi_cmd *cmd, int descs)
{
	struct scsi_task *t = &cmd->task;
	uint64_t first = UINT64_MAX, end = 0;
	const uint8_t *desc = t->scratch;
	uint64_t lba;

	for (; descs; descs--, desc += DESC_LEN) {
		lba = get_be64(desc);
		if (lba < first)
			first = lba;
		if (lba + get_be32(desc + 8) > end)
			end = lba + get_be32(desc + 8);
	}
	t->lba = first;
	cmd_claim(cmd, end - first, false, unmap_next);
}

void op_unmap(struct scsi_cmd *cmd)
{
	uint32_t len = get_be16(cmd->cdb + 7);
	const uint8_t *list = cmd_list(cmd, len);
	int descs;

	if (!list && len)
		return;
	if (!len) {
		cmd_good(cmd);
		return;
	}
	if (len < HEADER_LEN) {
		cmd_sense(cmd, SENSE_PARAM_LENGTH);
		return;
	}
	descs = check_list(cmd, list, len);
	if (descs < 0)
		return;
	if (!descs) {
		cmd_good(cmd);
		return;
	}
	if (!cmd_scratch(cmd, (size_t)descs * DESC_LEN))
		return;
	memcpy(cmd->task.scratch, list + HEADER_LEN, (size_t)descs * DESC_LEN);
	cmd->task.left = (uint64_t)descs;
	claim_hull(cmd, descs);
}
