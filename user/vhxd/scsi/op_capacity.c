// SPDX-License-Identifier: GPL-2.0-only
/* How large the unit is, and what of it has space behind it. */
#include <errno.h>

#include "cmd.h"

#define MAX_EXTENTS	256

void op_read_capacity10(struct scsi_cmd *cmd)
{
	const struct scsi_unit *unit = cmd->task.unit;
	uint64_t last = unit->blocks - 1;
	struct reply r;

	reply_begin(&r, cmd, 8);
	reply_u32(&r, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
	reply_u32(&r, unit->block_size);
	reply_end(&r);
}

void op_read_capacity16(struct scsi_cmd *cmd)
{
	const struct scsi_unit *unit = cmd->task.unit;
	bool zeroes = unit->backend->caps & BACKEND_UNMAP_ZEROES;
	struct reply r;

	reply_begin(&r, cmd, get_be32(cmd->cdb + 10));
	reply_u64(&r, unit->blocks - 1);
	reply_u32(&r, unit->block_size);
	reply_u8(&r, 0);
	/* physical blocks, as a power of two of ours */
	reply_u8(&r, (uint8_t)__builtin_ctz(unit->backend->phys_block / unit->block_size));
	/* LBPME, LBPRZ */
	reply_u16(&r, unit->thin ? (uint16_t)(0x8000 | zeroes << 14) : 0);
	reply_zero(&r, 16);
	reply_end(&r);
}

/* A block that is mapped in part is mapped. */
static int extent_at(const struct scsi_unit *unit, uint64_t lba, uint64_t *nr, bool *mapped)
{
	struct backend_extent e = { .off = lba * unit->block_size, .mapped = true };
	uint64_t left = unit->blocks - lba;
	int ret;

	*nr = left;
	*mapped = true;
	if (!unit->backend->ops->extent)
		return 0;
	ret = unit->backend->ops->extent(unit->backend, &e);
	if (ret)
		return ret;
	*nr = e.len / unit->block_size;
	*mapped = e.mapped;
	if (e.mapped)
		*nr = (e.len + unit->block_size - 1) / unit->block_size;
	if (!*nr) {
		*nr = 1;
		*mapped = true;
	}
	if (*nr > left)
		*nr = left;
	return 0;
}

static void put_extent(struct reply *r, uint64_t lba, uint64_t nr, bool mapped)
{
	reply_u64(r, lba);
	reply_u32(r, (uint32_t)nr);
	reply_u32(r, mapped ? 0 : 1U << 24);
}

void op_lba_status(struct scsi_cmd *cmd)
{
	const struct scsi_unit *unit = cmd->task.unit;
	uint32_t alloc = get_be32(cmd->cdb + 10);
	uint64_t lba = get_be64(cmd->cdb + 2);
	struct reply r;
	uint64_t nr;
	uint32_t i;
	bool mapped;
	int ret;

	if (!cmd_check_range(cmd, lba, 1))
		return;
	reply_begin(&r, cmd, alloc);
	reply_u64(&r, 0);
	for (i = 0; i < MAX_EXTENTS && lba < unit->blocks; i++) {
		if (i && r.len + 16 > alloc)
			break;
		ret = extent_at(unit, lba, &nr, &mapped);
		if (ret) {
			cmd_errno(cmd, ret);
			return;
		}
		if (nr > UINT32_MAX)
			nr = UINT32_MAX;
		put_extent(&r, lba, nr, mapped);
		lba += nr;
	}
	reply_patch32(&r, 0, r.len - 4);
	reply_end(&r);
}
