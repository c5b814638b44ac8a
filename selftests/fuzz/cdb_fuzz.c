// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of two guests to a disk of memory: each is a few bytes that say how it is sent, a CDB
 * and its data. The backend is a plug-in as any other, and finishes at once or later.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi.h"

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

#define BLOCK	512
#define BLOCKS	64
#define MAX_IO	32
#define IN_MAX	4096

/* --- the backend --- */

struct memory {
	struct backend base;
	uint8_t data[BLOCKS * BLOCK];
};

static struct backend_io *held[MAX_IO];
static uint32_t nr_held;
static bool hold, fail;

static int do_io(struct memory *m, struct backend_io *io)
{
	CHECK(io->op == BACKEND_FLUSH || (io->off <= sizeof(m->data) &&
					  io->len <= sizeof(m->data) - io->off));
	if (fail)
		return -EIO;
	switch (io->op) {
	case BACKEND_READ:
		memcpy(io->buf, m->data + io->off, io->len);
		break;
	case BACKEND_WRITE:
		memcpy(m->data + io->off, io->buf, io->len);
		break;
	case BACKEND_UNMAP:
		memset(m->data + io->off, 0, io->len);
		break;
	case BACKEND_ZERO:
		return -EOPNOTSUPP;
	case BACKEND_FLUSH:
		break;
	}
	return 0;
}

static void memory_submit(struct backend *backend, struct backend_io *io)
{
	if (hold && nr_held < MAX_IO) {
		held[nr_held++] = io;
		return;
	}
	io->res = do_io((struct memory *)backend, io);
	io->done(io);
}

static int memory_size(struct backend *backend, uint64_t *bytes)
{
	*bytes = sizeof(((struct memory *)backend)->data);
	return 0;
}

static int memory_open(const struct backend_config *config, struct backend **backend,
		       struct msg *msg);

static void memory_close(struct backend *backend)
{
	free(backend);
}

static const struct backend_ops memory_ops = {
	.abi = BACKEND_ABI,
	.name = "memory",
	.fence = BACKEND_FENCE_FLOCK,
	.open = memory_open,
	.close = memory_close,
	.submit = memory_submit,
	.size = memory_size,
};

static int memory_open(const struct backend_config *config, struct backend **backend,
		       struct msg *msg)
{
	struct memory *m = calloc(1, sizeof(*m));

	CHECK(m);
	m->base.ops = &memory_ops;
	m->base.caps = BACKEND_CAN_UNMAP | BACKEND_UNMAP_ZEROES;
	m->base.phys_block = BLOCK;
	*backend = &m->base;
	return 0;
}

static void release(struct backend *backend)
{
	struct backend_io *io;

	while (nr_held) {
		io = held[--nr_held];
		io->res = do_io((struct memory *)backend, io);
		io->done(io);
	}
}

/* --- commands --- */

struct sent {
	struct scsi_cmd cmd;
	struct list node;
	uint8_t *in, *out;
};

static struct list flight;

static void done(struct scsi_cmd *cmd)
{
	struct sent *s = cmd->owner;

	CHECK(cmd->in_len <= cmd->in_cap);
	CHECK(cmd->sense_len <= SCSI_SENSE_MAX);
	CHECK(!cmd->sense_len == (cmd->status != SCSI_CHECK_CONDITION));
	CHECK(cmd->status == SCSI_GOOD || !cmd->in_len);
	list_del(&s->node);
	free(s->in);
	free(s->out);
	free(s);
}

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static void give_data(struct sent *s, struct input *in, uint32_t len)
{
	if (len > in->left)
		len = (uint32_t)in->left;
	s->out = malloc(len ? len : 1);
	CHECK(s->out);
	if (len)
		memcpy(s->out, in->at, len);
	in->at += len;
	in->left -= len;
	s->cmd.out = s->out;
	s->cmd.out_len = len;
}

static void send_one(struct input *in, struct scsi_nexus *const nexus[2])
{
	uint8_t how = next(in), out = next(in), room = next(in);
	struct sent *s = calloc(1, sizeof(*s));
	uint32_t i;

	CHECK(s);
	hold = how & 0x02;
	fail = (how & 0x1c) == 0x1c;
	s->cmd.nexus = nexus[how & 1];
	s->cmd.redelivered = (how & 0xe0) == 0xe0;
	s->cmd.attr = (how & 0x60) == 0x60 ? SCSI_ATTR_ORDERED : SCSI_ATTR_SIMPLE;
	s->cmd.lun = how == 0xff ? SCSI_WLUN_REPORT_LUNS : how == 0xfe;
	s->cmd.cdb_len = SCSI_CDB_MAX;
	for (i = 0; i < 16; i++)
		s->cmd.cdb[i] = next(in);
	give_data(s, in, out * 8U);
	s->cmd.in_cap = room * 16U < IN_MAX ? room * 16U : IN_MAX;
	s->in = malloc(s->cmd.in_cap ? s->cmd.in_cap : 1);
	CHECK(s->in);
	s->cmd.in = s->in;
	s->cmd.total_in = s->cmd.in_cap;
	s->cmd.total_out = s->cmd.out_len;
	s->cmd.win_len = s->cmd.in_cap > s->cmd.out_len ? s->cmd.in_cap : s->cmd.out_len;
	s->cmd.done = done;
	s->cmd.owner = s;
	list_add(&flight, &s->node);
	scsi_submit(&s->cmd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scsi_unit_config config = { .name = "fuzz", .block_size = BLOCK, .thin = true,
						 .write_cache = true };
	const struct backend_config nothing = { 0 };
	struct input in = { data, size };
	struct scsi_nexus *nexus[2];
	struct scsi_target *target;
	struct backend *backend;
	struct scsi_unit *unit;

	backend_register(&memory_ops);
	list_init(&flight);
	CHECK(!backend_open("memory", &nothing, &backend, NULL));
	CHECK(!scsi_unit_create(&config, backend, &unit, NULL));
	CHECK(!scsi_target_create("naa.1", 1, &target, NULL));
	CHECK(!scsi_target_map(target, 0, 0, unit));
	CHECK(!scsi_nexus_create(target, "a", &nexus[0]));
	CHECK(!scsi_nexus_create(target, "b", &nexus[1]));
	while (in.left) {
		send_one(&in, nexus);
		if (nr_held > MAX_IO / 2)
			release(backend);
		if (in.left && *in.at == 0xfd)
			scsi_lun_reset(target, 0, 0);
	}
	hold = false;
	release(backend);
	CHECK(list_empty(&flight));
	CHECK(!scsi_nexus_destroy(nexus[0]));
	CHECK(!scsi_nexus_destroy(nexus[1]));
	CHECK(!scsi_target_destroy(target));
	CHECK(!scsi_unit_destroy(unit));
	backend_close(backend);
	return 0;
}
