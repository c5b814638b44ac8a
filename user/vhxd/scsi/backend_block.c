// SPDX-License-Identifier: GPL-2.0-only
/* A block device, opened so that the host can neither mount it nor another agent have it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "backend_kinds.h"

static int check_device(struct fileio *f, const struct backend_config *config, struct msg *msg)
{
	unsigned int phys = 0;
	int logical = 0;
	struct stat st;

	if (fstat(f->fd, &st) || !S_ISBLK(st.st_mode))
		return msg_set(msg, -ENOTBLK, "%s: not a block device", config->path);
	if (ioctl(f->fd, BLKSSZGET, &logical))
		return msg_set(msg, -errno, "%s: %s", config->path, msg_errno(errno));
	if ((uint32_t)logical > config->block_size)
		return msg_set(msg, -EINVAL, "%s: its blocks, %d bytes, are larger than the unit's",
			       config->path, logical);
	ioctl(f->fd, BLKPBSZGET, &phys);
	f->base.phys_block = phys > config->block_size ? phys : config->block_size;
	/* A discard may leave anything behind, and says nothing of it. */
	f->discard = true;
	f->base.caps |= config->read_only ? 0 : BACKEND_CAN_UNMAP;
	return 0;
}

static int block_open(const struct backend_config *config, struct backend **backend,
		      struct msg *msg)
{
	struct fileio *f;
	int ret;

	ret = fileio_open(config, config->read_only ? 0 : O_EXCL, &f, msg);
	if (ret)
		return ret;
	f->base.ops = &backend_block_ops;
	ret = check_device(f, config, msg);
	if (ret) {
		fileio_close(&f->base);
		return ret;
	}
	*backend = &f->base;
	return 0;
}

static int block_size(struct backend *backend, uint64_t *bytes)
{
	return ioctl(((struct fileio *)backend)->fd, BLKGETSIZE64, bytes) ? -errno : 0;
}

const struct backend_ops backend_block_ops = {
	.abi = BACKEND_ABI,
	.name = "block",
	.fence = BACKEND_FENCE_EXCL,
	.open = block_open,
	.close = fileio_close,
	.submit = fileio_submit,
	.cancel = fileio_cancel,
	.size = block_size,
};
