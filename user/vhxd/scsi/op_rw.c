// SPDX-License-Identifier: GPL-2.0-only
/* READ, WRITE and SYNCHRONIZE CACHE: the backend reads from and writes to the pool itself. */
#include "rw.h"

struct extent rw_extent(const uint8_t *cdb)
{
	switch (cdb[0] >> 5) {
	case 0:
		return (struct extent) { get_be24(cdb + 1) & 0x1fffff, cdb[4] ? cdb[4] : 256, 4 };
	case 5:
		return (struct extent) { get_be32(cdb + 2), get_be32(cdb + 6), 6 };
	case 4:
		return (struct extent) { get_be64(cdb + 2), get_be32(cdb + 10), 10 };
	}
	return (struct extent) { get_be32(cdb + 2), get_be16(cdb + 7), 7 };
}

/* More or less than the guest has buffers for is moved as far as both go. */
static bool fit(struct scsi_cmd *cmd, const struct extent *e, bool in)
{
	uint32_t wanted = e->nr * cmd->task.unit->block_size;
	uint32_t total = in ? cmd->total_in : cmd->total_out;

	cmd->residual = total > wanted ? total - wanted : wanted - total;
	if (wanted <= total)
		return true;
	if (!in) {
		cmd_bad_cdb(cmd, e->nr_at, -1);
		return false;
	}
	cmd->overrun = true;
	return true;
}

static bool window(struct scsi_cmd *cmd, const struct extent *e, bool in)
{
	uint32_t bs = cmd->task.unit->block_size;
	uint32_t total = in ? cmd->total_in : cmd->total_out;
	uint32_t len = in ? cmd->in_cap : cmd->out_len;
	uint64_t usable = e->nr;

	if (usable > total / bs)
		usable = total / bs;
	usable *= bs;
	usable = usable > cmd->win_off ? usable - cmd->win_off : 0;
	cmd->last = usable <= len;
	if (usable < len)
		len = (uint32_t)usable;
	if (len % bs || (len && cmd->win_off % bs)) {
		cmd_sense(cmd, SENSE_INTERNAL);
		return false;
	}
	cmd->task.lba = e->lba + cmd->win_off / bs;
	cmd->task.left = len / bs;
	return true;
}

bool rw_begin(struct scsi_cmd *cmd, bool in)
{
	struct extent e = rw_extent(cmd->cdb);

	if (!cmd_check_range(cmd, e.lba, e.nr))
		return false;
	if (e.nr > MAX_TRANSFER / cmd->task.unit->block_size) {
		cmd_bad_cdb(cmd, e.nr_at, -1);
		return false;
	}
	return fit(cmd, &e, in) && window(cmd, &e, in);
}

static bool has_fua(const struct scsi_cmd *cmd)
{
	return cmd->cdb[0] >= 0x20 && (cmd->cdb[1] & 0x08);
}

uint32_t rw_write_flags(const struct scsi_cmd *cmd)
{
	return has_fua(cmd) || !cmd->task.unit->mode.wce ? BACKEND_IO_FUA : 0;
}

uint32_t rw_part(const struct scsi_cmd *cmd)
{
	uint32_t most = PART_LEN / cmd->task.unit->block_size;

	return cmd->task.left < most ? (uint32_t)cmd->task.left : most;
}

static void read_go(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	cmd->in_len = (uint32_t)t->left * t->unit->block_size;
	t->step = cmd_good;
	if (t->left)
		cmd_io(cmd, BACKEND_READ, t->left, cmd->in);
}

/* Of a READ with FUA: what is in the cache must be on the medium first. */
static void read_flush(struct scsi_cmd *cmd)
{
	cmd->task.step = read_go;
	cmd_io(cmd, BACKEND_FLUSH, 0, NULL);
}

void op_read(struct scsi_cmd *cmd)
{
	bool flush = has_fua(cmd) && cmd->task.unit->mode.wce;

	if (rw_begin(cmd, true))
		cmd_claim(cmd, cmd->task.left, false, flush ? read_flush : read_go);
}

static void write_go(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->flags = rw_write_flags(cmd);
	t->step = cmd_good;
	if (t->left)
		cmd_io(cmd, BACKEND_WRITE, t->left, (void *)cmd->out);
}

void op_write(struct scsi_cmd *cmd)
{
	if (rw_begin(cmd, false))
		cmd_claim(cmd, cmd->task.left, false, write_go);
}

/* IMMED or not, what was asked for is done when it is answered. */
void op_sync_cache(struct scsi_cmd *cmd)
{
	struct extent e = rw_extent(cmd->cdb);

	if (!cmd_check_range(cmd, e.lba, e.nr))
		return;
	cmd->task.step = cmd_good;
	cmd_io(cmd, BACKEND_FLUSH, 0, NULL);
}
