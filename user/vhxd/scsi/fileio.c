// SPDX-License-Identifier: GPL-2.0-only
/* What a file and a block device have in common: a descriptor, a lock and an engine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_kinds.h"
#include "list.h"

#define MEM_ALIGN	4096	/* of a bounce buffer: enough for any device */

/*
 * O_DIRECT serves where its offsets are no coarser than the unit's blocks. What it asks of
 * memory the pool's pages keep; a buffer that does not is bounced.
 */
static int try_direct(const struct backend_config *config, int flags, uint32_t *mem_align)
{
	struct statx stx;
	int fd;

	fd = open(config->path, flags | O_DIRECT, 0600);
	if (fd < 0)
		return -errno;
	*mem_align = 512;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) || !(stx.stx_mask & STATX_DIOALIGN))
		return fd;
	if (stx.stx_dio_mem_align && stx.stx_dio_offset_align <= config->block_size) {
		*mem_align = stx.stx_dio_mem_align;
		return fd;
	}
	close(fd);
	return -EINVAL;
}

static int open_path(const struct backend_config *config, int flags, uint32_t *mem_align)
{
	int fd = -EINVAL;

	flags |= O_CLOEXEC | (config->read_only ? O_RDONLY : O_RDWR);
	if (!config->buffered)
		fd = try_direct(config, flags, mem_align);
	if (fd >= 0 || fd != -EINVAL)
		return fd;
	*mem_align = 1;
	fd = open(config->path, flags, 0600);
	return fd < 0 ? -errno : fd;
}

/*
 * The lock is the open file's, and an I/O in flight keeps that: who gets it knows that the agent
 * before has no write left that could land on newer data.
 */
static int take_lock(const struct backend_config *config, int fd, struct msg *msg)
{
	if (!flock(fd, (config->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return msg_set(msg, -errno, "%s: cannot be locked (%s)", config->path,
			       msg_errno(errno));
	return msg_set(msg, -EWOULDBLOCK,
		       "%s: in use: a process, or I/O of one that died, has its lock (EWOULDBLOCK)",
		       config->path);
}

int fileio_open(const struct backend_config *config, int flags, struct fileio **file,
		struct msg *msg)
{
	struct fileio *f;
	int ret;

	f = calloc(1, sizeof(*f));
	if (!f)
		return msg_set(msg, -ENOMEM, "%s: no memory", config->path);
	f->engine = config->engine ? config->engine : &engine_sync;
	f->base.read_only = config->read_only;
	f->fd = open_path(config, flags, &f->mem_align);
	if (f->fd < 0) {
		ret = msg_set(msg, f->fd, "%s: cannot be opened%s (%s)", config->path,
			      f->fd == -EBUSY ? ": in use by the host or another agent" : "",
			      msg_errno(f->fd));
		goto err_free;
	}
	ret = take_lock(config, f->fd, msg);
	if (ret)
		goto err_close;
	/* What is no page's beginning it copies. */
	if (!config->read_only && f->mem_align <= MEM_ALIGN)
		f->base.caps = BACKEND_BLIND;
	*file = f;
	return 0;

err_close:
	close(f->fd);
err_free:
	free(f);
	return ret;
}

void fileio_close(struct backend *backend)
{
	struct fileio *f = (struct fileio *)backend;

	close(f->fd);
	free(f);
}

static void finish(struct backend_io *io, int res)
{
	if (io->bounce && !res && io->op == BACKEND_READ)
		memcpy(io->buf, io->bounce, io->len);
	free(io->bounce);
	io->bounce = NULL;
	io->res = res;
	io->done(io);
}

static void send(struct backend_io *io)
{
	struct fileio *f = (struct fileio *)io->backend;
	char *buf = io->bounce ? io->bounce : io->buf;

	io->req.fd = f->fd;
	io->req.buf = buf ? buf + io->pos : NULL;
	io->req.off = io->off + io->pos;
	io->req.len = io->len - io->pos;
	f->engine->ops->submit(f->engine, &io->req);
}

/* An engine may do less than was asked, and no more than nothing at the end of a file. */
static void req_done(struct engine_req *req)
{
	struct backend_io *io = list_entry(req, struct backend_io, req);

	if (req->res < 0) {
		finish(io, (int)req->res);
		return;
	}
	if (req->op != ENGINE_READ && req->op != ENGINE_WRITE) {
		finish(io, 0);
		return;
	}
	if (!req->res || (uint64_t)req->res > req->len) {
		finish(io, -EIO);
		return;
	}
	io->pos += (uint64_t)req->res;
	if (io->pos == io->len)
		finish(io, 0);
	else
		send(io);
}

static bool bounce(const struct fileio *f, struct backend_io *io)
{
	io->bounce = NULL;
	if (!((uintptr_t)io->buf & (f->mem_align - 1)))
		return true;
	if (posix_memalign(&io->bounce, MEM_ALIGN, io->len)) {
		io->bounce = NULL;
		return false;
	}
	if (io->op == BACKEND_WRITE)
		memcpy(io->bounce, io->buf, io->len);
	return true;
}

static void transfer(struct fileio *f, struct backend_io *io)
{
	if (!io->len) {
		finish(io, 0);
		return;
	}
	if (!bounce(f, io)) {
		finish(io, -ENOMEM);
		return;
	}
	io->req.op = io->op == BACKEND_READ ? ENGINE_READ : ENGINE_WRITE;
	io->req.dsync = io->op == BACKEND_WRITE && (io->flags & BACKEND_IO_FUA);
	send(io);
}

static void space(struct fileio *f, struct backend_io *io)
{
	bool hole = io->op == BACKEND_UNMAP || (io->flags & BACKEND_IO_UNMAP);

	io->req.op = ENGINE_FALLOCATE;
	io->req.mode = FALLOC_FL_KEEP_SIZE | (hole ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
	if (f->discard)
		io->req.op = io->op == BACKEND_UNMAP ? ENGINE_DISCARD : ENGINE_ZEROOUT;
	send(io);
}

void fileio_submit(struct backend *backend, struct backend_io *io)
{
	struct fileio *f = (struct fileio *)backend;

	io->backend = backend;
	io->bounce = NULL;
	io->pos = 0;
	io->req.done = req_done;
	io->req.dsync = false;
	switch (io->op) {
	case BACKEND_READ:
	case BACKEND_WRITE:
		transfer(f, io);
		return;
	case BACKEND_FLUSH:
		io->req.op = ENGINE_FSYNC;
		send(io);
		return;
	case BACKEND_UNMAP:
	case BACKEND_ZERO:
		space(f, io);
		return;
	}
	finish(io, -EOPNOTSUPP);
}

void fileio_cancel(struct backend *backend, struct backend_io *io)
{
	struct fileio *f = (struct fileio *)backend;

	if (f->engine->ops->cancel)
		f->engine->ops->cancel(f->engine, &io->req);
}
