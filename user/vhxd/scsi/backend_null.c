// SPDX-License-Identifier: GPL-2.0-only
/* A backend of zeroes, which forgets what is written: for measuring all the rest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend_kinds.h"

struct null {
	struct backend base;
	uint64_t size;
};

static int null_open(const struct backend_config *config, struct backend **backend,
		     struct msg *msg)
{
	struct null *null;

	if (!config->size)
		return msg_set(msg, -EINVAL, "null: a size is needed");
	null = calloc(1, sizeof(*null));
	if (!null)
		return msg_set(msg, -ENOMEM, "null: no memory");
	null->base.ops = &backend_null_ops;
	null->base.phys_block = config->block_size;
	null->base.caps = BACKEND_CAN_UNMAP | BACKEND_UNMAP_ZEROES | BACKEND_BLIND;
	null->base.read_only = config->read_only;
	null->size = config->size;
	*backend = &null->base;
	return 0;
}

static void null_close(struct backend *backend)
{
	free(backend);
}

static void null_submit(struct backend *backend, struct backend_io *io)
{
	(void)backend;
	if (io->op == BACKEND_READ)
		memset(io->buf, 0, io->len);
	io->res = 0;
	io->done(io);
}

static int null_size(struct backend *backend, uint64_t *bytes)
{
	*bytes = ((struct null *)backend)->size;
	return 0;
}

const struct backend_ops backend_null_ops = {
	.abi = BACKEND_ABI,
	.name = "null",
	.fence = BACKEND_FENCE_NONE,
	.open = null_open,
	.close = null_close,
	.submit = null_submit,
	.size = null_size,
};
