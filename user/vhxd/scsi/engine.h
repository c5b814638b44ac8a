/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An engine does the system calls of backends. The event loop has one over io_uring; the
 * synchronous one here is for files that io_uring would hand to a thread anyway (tmpfs), and for
 * tools. A test's delays, reorders and fails.
 */
#ifndef _VHXD_ENGINE_H
#define _VHXD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum engine_op {
	ENGINE_READ,		/* pread(2) */
	ENGINE_WRITE,		/* pwrite(2), or pwritev2(2) with RWF_DSYNC if @dsync */
	ENGINE_FSYNC,		/* fdatasync(2) */
	ENGINE_FALLOCATE,	/* fallocate(2) with @mode */
	ENGINE_DISCARD,		/* ioctl BLKDISCARD */
	ENGINE_ZEROOUT,		/* ioctl BLKZEROOUT */
};

/**
 * struct engine_req - one system call
 * @buf: of READ and WRITE
 * @off, @len: bytes of the file; @len of READ and WRITE is at most INT_MAX
 * @res: when done() is called: bytes of READ and WRITE, which may be fewer than @len, 0 of the
 *	rest, or -errno
 * @done: called exactly once, perhaps before submit() returns
 * @slot: the engine's own until then
 */
struct engine_req {
	enum engine_op op;
	int fd;
	int mode;
	bool dsync;
	void *buf;
	uint64_t off;
	uint64_t len;
	int64_t res;
	void (*done)(struct engine_req *req);
	uint64_t slot[4];
};

struct engine;

struct engine_ops {
	void (*submit)(struct engine *engine, struct engine_req *req);
	/* Asks for an early end, with -ECANCELED or any other result; may be NULL. */
	void (*cancel)(struct engine *engine, struct engine_req *req);
};

struct engine {
	const struct engine_ops *ops;
};

extern struct engine engine_sync;

/* What engine_sync does, without done(): for engines that do some of it themselves. */
int64_t engine_sync_do(const struct engine_req *req);

#endif
