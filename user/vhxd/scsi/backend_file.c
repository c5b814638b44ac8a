// SPDX-License-Identifier: GPL-2.0-only
/* A raw file: sparse where nothing was written, holes where it was unmapped. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backend_kinds.h"

/* Behind the end there is nothing to lose, and nothing to be had: only to see whether it can. */
static bool can_punch(int fd, uint64_t size)
{
	return !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)size, 4096);
}

static int check_file(struct fileio *f, const struct backend_config *config, struct msg *msg)
{
	struct stat st;

	if (fstat(f->fd, &st))
		return msg_set(msg, -errno, "%s: %s", config->path, msg_errno(errno));
	if (!S_ISREG(st.st_mode))
		return msg_set(msg, -EINVAL, "%s: not a regular file", config->path);
	if (!st.st_size && config->size && !config->read_only) {
		if (ftruncate(f->fd, (off_t)config->size))
			return msg_set(msg, -errno, "%s: cannot be made %llu bytes long (%s)",
				       config->path, (unsigned long long)config->size,
				       msg_errno(errno));
		st.st_size = (off_t)config->size;
	}
	if (!config->read_only && can_punch(f->fd, (uint64_t)st.st_size))
		f->base.caps |= BACKEND_CAN_UNMAP | BACKEND_UNMAP_ZEROES;
	f->base.phys_block = config->block_size > 4096 ? config->block_size : 4096;
	return 0;
}

static int file_open(const struct backend_config *config, struct backend **backend,
		     struct msg *msg)
{
	int create = config->size && !config->read_only ? O_CREAT : 0;
	struct fileio *f;
	int ret;

	ret = fileio_open(config, create, &f, msg);
	if (ret)
		return ret;
	f->base.ops = &backend_file_ops;
	ret = check_file(f, config, msg);
	if (ret) {
		fileio_close(&f->base);
		return ret;
	}
	*backend = &f->base;
	return 0;
}

static int file_size(struct backend *backend, uint64_t *bytes)
{
	struct stat st;

	if (fstat(((struct fileio *)backend)->fd, &st))
		return -errno;
	*bytes = (uint64_t)st.st_size;
	return 0;
}

static int file_extent(struct backend *backend, struct backend_extent *extent)
{
	int fd = ((struct fileio *)backend)->fd;
	off_t off = (off_t)extent->off;
	off_t data, end;

	data = lseek(fd, off, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return -errno;
	extent->mapped = data == off;
	if (data > off)
		end = data;
	else
		end = lseek(fd, extent->mapped ? off : 0, extent->mapped ? SEEK_HOLE : SEEK_END);
	if (end <= off)
		return -EIO;
	extent->len = (uint64_t)(end - off);
	return 0;
}

static int file_usage(struct backend *backend, struct backend_usage *usage)
{
	int fd = ((struct fileio *)backend)->fd;
	struct statvfs vfs;
	struct stat st;

	if (fstat(fd, &st) || fstatvfs(fd, &vfs))
		return -errno;
	usage->used = (uint64_t)st.st_blocks * 512;
	usage->available = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}

const struct backend_ops backend_file_ops = {
	.abi = BACKEND_ABI,
	.name = "file",
	.fence = BACKEND_FENCE_FLOCK,
	.open = file_open,
	.close = fileio_close,
	.submit = fileio_submit,
	.cancel = fileio_cancel,
	.size = file_size,
	.extent = file_extent,
	.usage = file_usage,
};
