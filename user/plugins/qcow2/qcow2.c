// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plug-in: an io goes in runs, each of bytes that are one behind the other in the file as well,
 * by the engine; what is nowhere is zeroes. Tables are written at once, by system calls of this thread:
 * a cluster is allocated once, and read and written often.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "image.h"
#include "list.h"

/* What an io remembers in slot[0]. */
#define IN_PUMP		1U	/* pump() is at it */
#define COMPLETED	2U	/* and so is not to be called again: it sees this */
#define NEW		4U	/* a table was written: FUA is about that, too */
#define FLUSHED		8U

static void pump(struct backend_io *io);

static struct image *image_of(struct backend *backend)
{
	return (struct image *)backend;
}

static void finish(struct backend_io *io)
{
	io->done(io);
}

/* --- runs --- */

/* Where @io->pos is, and for how long; 0: nowhere. */
static uint64_t next_run(struct backend_io *io, uint64_t *len)
{
	struct image *i = image_of(io->backend);
	uint64_t off = io->off + io->pos, end = io->off + io->len;
	uint64_t first = image_find(i, off), at, n;

	for (n = cluster_size(i) - (off & (cluster_size(i) - 1)); off + n < end;
	     n += cluster_size(i)) {
		at = image_find(i, off + n);
		if (first ? at != first + n : at)
			break;
	}
	*len = off + n < end ? n : end - off;
	return first;
}

/* All clusters of what is to be written are there then, or the error is. */
static int make_run(struct backend_io *io)
{
	struct image *i = image_of(io->backend);
	uint64_t off = io->off + io->pos, end = io->off + io->len;
	uint64_t first = 0, at, n = 0;
	int err;

	while (off + n < end) {
		if (!image_find(i, off + n))
			io->slot[0] |= NEW;
		at = image_make(i, off + n, &err);
		/* What is there so far is written; then it is tried once more. */
		if (err)
			return n ? 0 : err;
		if (!n)
			first = at;
		else if (at != first + n)
			break;
		n += cluster_size(i) - ((off + n) & (cluster_size(i) - 1));
	}
	return 0;
}

static void req_done(struct engine_req *req)
{
	struct backend_io *io = list_entry(req, struct backend_io, req);
	uint64_t moved = req->len;

	if (req->res < 0) {
		io->res = (int)req->res;
	} else if (req->op == ENGINE_READ && !req->res) {
		/* A cluster of which the file has only the beginning. */
		memset(req->buf, 0, req->len);
	} else if (req->op == ENGINE_READ || req->op == ENGINE_WRITE) {
		moved = (uint64_t)req->res;
		if (!moved || moved > req->len)
			io->res = -EIO;
	}
	if (!io->res)
		io->pos += moved;
	if (io->slot[0] & IN_PUMP)
		io->slot[0] |= COMPLETED;
	else
		pump(io);
}

static void send(struct backend_io *io, enum engine_op op, uint64_t at, uint64_t len)
{
	struct image *i = image_of(io->backend);

	io->req.op = op;
	io->req.fd = i->fd;
	io->req.buf = io->buf ? (char *)io->buf + io->pos : NULL;
	io->req.off = at;
	io->req.len = len;
	io->req.done = req_done;
	i->engine->ops->submit(i->engine, &io->req);
}

/* Nothing of it is at @pos: it has no length. */
static void send_flush(struct backend_io *io)
{
	io->slot[0] |= FLUSHED;
	send(io, ENGINE_FSYNC, 0, 0);
}

static void send_run(struct backend_io *io, uint64_t at, uint64_t len)
{
	bool hole = io->op == BACKEND_UNMAP || (io->flags & BACKEND_IO_UNMAP);

	switch (io->op) {
	case BACKEND_READ:
		send(io, ENGINE_READ, at, len);
		return;
	case BACKEND_WRITE:
		io->req.dsync = io->flags & BACKEND_IO_FUA;
		send(io, ENGINE_WRITE, at, len);
		return;
	default:
		io->req.mode = FALLOC_FL_KEEP_SIZE |
			       (hole ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
		send(io, ENGINE_FALLOCATE, at, len);
	}
}

/* Return: whether there is more than what was done at once. */
static void step(struct backend_io *io)
{
	uint64_t at, len;

	if (io->op == BACKEND_WRITE)
		io->res = make_run(io);
	if (io->res)
		return;
	at = next_run(io, &len);
	if (at) {
		send_run(io, at, len);
		return;
	}
	if (io->op == BACKEND_READ)
		memset((char *)io->buf + io->pos, 0, len);
	io->pos += len;
	io->slot[0] |= COMPLETED;
}

static bool wants_flush(const struct backend_io *io)
{
	if (io->res || io->slot[0] & FLUSHED)
		return false;
	return io->op == BACKEND_FLUSH || (io->flags & BACKEND_IO_FUA && io->slot[0] & NEW);
}

/* An engine may be done at once: then this goes around, and does not recurse. */
static void pump(struct backend_io *io)
{
	io->slot[0] |= IN_PUMP;
	do {
		io->slot[0] &= ~(uint64_t)COMPLETED;
		if (io->res || (io->pos == io->len && !wants_flush(io))) {
			finish(io);
			return;
		}
		if (io->pos == io->len)
			send_flush(io);
		else
			step(io);
	} while (io->slot[0] & COMPLETED || io->res);
	io->slot[0] &= ~(uint64_t)IN_PUMP;
}

/* --- the operations --- */

static void qcow2_submit(struct backend *backend, struct backend_io *io)
{
	io->backend = backend;
	io->res = 0;
	io->pos = 0;
	io->slot[0] = 0;
	io->req.dsync = false;
	if (io->op == BACKEND_FLUSH)
		io->len = 0;
	pump(io);
}

static void qcow2_cancel(struct backend *backend, struct backend_io *io)
{
	struct image *i = image_of(backend);

	if (i->engine->ops->cancel)
		i->engine->ops->cancel(i->engine, &io->req);
}

static int qcow2_size(struct backend *backend, uint64_t *bytes)
{
	*bytes = image_of(backend)->size;
	return 0;
}

static int qcow2_extent(struct backend *backend, struct backend_extent *extent)
{
	struct image *i = image_of(backend);
	struct backend_io io = { .backend = backend, .off = extent->off };

	if (extent->off >= i->size)
		return -EINVAL;
	io.len = i->size - extent->off;
	extent->mapped = next_run(&io, &extent->len);
	return 0;
}

static void qcow2_close(struct backend *backend)
{
	image_close(image_of(backend));
}

static int qcow2_open(const struct backend_config *config, struct backend **backend,
		      struct msg *msg);

__attribute__((visibility("default"))) const struct backend_ops vhxd_backend = {
	.abi = BACKEND_ABI,
	.name = "qcow2",
	.fence = BACKEND_FENCE_FLOCK,
	.open = qcow2_open,
	.close = qcow2_close,
	.submit = qcow2_submit,
	.cancel = qcow2_cancel,
	.size = qcow2_size,
	.extent = qcow2_extent,
};

static int qcow2_open(const struct backend_config *config, struct backend **backend,
		      struct msg *msg)
{
	struct image *image;
	int ret;

	if (!config->engine)
		return msg_set(msg, -EINVAL, "%s: qcow2 needs an engine", config->path);
	ret = image_open(config, &image, msg);
	if (ret)
		return ret;
	image->base.ops = &vhxd_backend;
	image->base.phys_block = 4096;
	if (!config->read_only)
		image->base.caps = BACKEND_CAN_UNMAP | BACKEND_UNMAP_ZEROES;
	*backend = &image->base;
	return 0;
}
