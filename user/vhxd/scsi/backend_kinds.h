/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds that are built in, and what file and block have in common. */
#ifndef _VHXD_BACKEND_KINDS_H
#define _VHXD_BACKEND_KINDS_H

#include "backend.h"

extern const struct backend_ops backend_file_ops;
extern const struct backend_ops backend_block_ops;
extern const struct backend_ops backend_null_ops;

/**
 * struct fileio - a backend behind a file descriptor
 * @mem_align: what O_DIRECT wants of a buffer's address; 1 without O_DIRECT
 * @discard: UNMAP is BLKDISCARD, not a hole
 */
struct fileio {
	struct backend base;
	struct engine *engine;
	int fd;
	uint32_t mem_align;
	bool discard;
};

int fileio_open(const struct backend_config *config, int flags, struct fileio **file,
		struct msg *msg);
void fileio_close(struct backend *backend);
void fileio_submit(struct backend *backend, struct backend_io *io);
void fileio_cancel(struct backend *backend, struct backend_io *io);

#endif
