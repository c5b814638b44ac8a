// SPDX-License-Identifier: GPL-2.0-only
/* The engine that waits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine.h"

/* Only what needs a flag is given as a vector, which the kernel has to fetch. */
static ssize_t transfer_once(const struct engine_req *req, struct iovec iov, off_t off)
{
	if (req->op == ENGINE_READ)
		return pread(req->fd, iov.iov_base, iov.iov_len, off);
	if (!req->dsync)
		return pwrite(req->fd, iov.iov_base, iov.iov_len, off);
	return pwritev2(req->fd, &iov, 1, off, RWF_DSYNC);
}

static int64_t transfer(const struct engine_req *req, uint64_t at)
{
	const struct iovec iov = { (char *)req->buf + at, req->len - at };
	ssize_t n;

	do {
		n = transfer_once(req, iov, (off_t)(req->off + at));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* All of it, or up to where it ends or an error is. */
static int64_t transfer_all(const struct engine_req *req)
{
	uint64_t at = 0;
	int64_t n;

	while (at < req->len) {
		n = transfer(req, at);
		if (n < 0)
			return at ? (int64_t)at : n;
		if (!n)
			break;
		at += (uint64_t)n;
	}
	return (int64_t)at;
}

int64_t engine_sync_do(const struct engine_req *req)
{
	uint64_t range[2] = { req->off, req->len };
	int ret;

	switch (req->op) {
	case ENGINE_READ:
	case ENGINE_WRITE:
		return transfer_all(req);
	case ENGINE_FSYNC:
		ret = fdatasync(req->fd);
		break;
	case ENGINE_FALLOCATE:
		ret = fallocate(req->fd, req->mode, (off_t)req->off, (off_t)req->len);
		break;
	case ENGINE_DISCARD:
		ret = ioctl(req->fd, BLKDISCARD, range);
		break;
	case ENGINE_ZEROOUT:
		ret = ioctl(req->fd, BLKZEROOUT, range);
		break;
	default:
		return -EOPNOTSUPP;
	}
	return ret ? -errno : 0;
}

static void sync_submit(struct engine *engine, struct engine_req *req)
{
	(void)engine;
	req->res = engine_sync_do(req);
	req->done(req);
}

static const struct engine_ops sync_ops = { .submit = sync_submit };

struct engine engine_sync = { .ops = &sync_ops };
