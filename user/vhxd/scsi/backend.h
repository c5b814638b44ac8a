/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A backend is where a logical unit's blocks are. It knows bytes, no SCSI: results are errno's.
 * A new kind is a struct backend_ops, given to backend_register() or found in a shared object by
 * backend_plugin().
 */
#ifndef _VHXD_BACKEND_H
#define _VHXD_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "msg.h"

enum backend_op {
	BACKEND_READ,
	BACKEND_WRITE,
	BACKEND_FLUSH,		/* what was written before is on stable storage */
	BACKEND_UNMAP,		/* give the space back */
	BACKEND_ZERO,		/* read as zeroes from now on; -EOPNOTSUPP: write them */
};

#define BACKEND_IO_FUA	 (1U << 0)	/* a WRITE that is on stable storage when it is done */
#define BACKEND_IO_UNMAP (1U << 1)	/* a ZERO that may give the space back */

struct backend;

/**
 * struct backend_io - one request, of whole blocks
 * @res: 0 or -errno when done() is called, which is exactly once, perhaps before submit()
 *	returns, and not before the backend has let go of @buf
 * @req, @pos, @bounce: the backend's own; another's than file or block may use @slot
 */
struct backend_io {
	enum backend_op op;
	uint32_t flags;
	uint64_t off;
	uint64_t len;
	void *buf;
	int res;
	void (*done)(struct backend_io *io);

	struct backend *backend;
	struct engine_req req;
	uint64_t pos;
	void *bounce;
	uint64_t slot[2];
};

/*
 * What keeps two agents from writing at once: whoever has it knows that the last I/O of who had
 * it before has finished. Without one a write is never redelivered.
 */
enum backend_fence {
	BACKEND_FENCE_NONE,
	BACKEND_FENCE_FLOCK,	/* flock(LOCK_EX), which lasts until the last I/O of the file */
	BACKEND_FENCE_EXCL,	/* the same, and O_EXCL of a block device */
};

#define BACKEND_CAN_UNMAP	(1U << 0)
#define BACKEND_UNMAP_ZEROES	(1U << 1)	/* what was unmapped reads as zeroes */
#define BACKEND_BLIND		(1U << 2)	/* of a WRITE only the engine looks at @buf's bytes */

/* What follows @off: @len bytes, all of them mapped or none. */
struct backend_extent {
	uint64_t off;
	uint64_t len;
	bool mapped;
};

struct backend_usage {
	uint64_t used;
	uint64_t available;
};

struct backend_config {
	const char *path;
	struct engine *engine;
	uint64_t size;		/* null: bytes; file: made of this size if it is not there */
	uint32_t block_size;	/* of the unit: I/O is in multiples of it */
	bool read_only;
	bool buffered;		/* no O_DIRECT */
};

#define BACKEND_ABI	1

/**
 * struct backend_ops - a kind of backend
 * @abi: BACKEND_ABI
 * @submit: begin an io; @cancel asks for its early end and may be NULL
 * @size: bytes as it is now; asked again to see that it grew or shrank
 * @extent: what is at extent->off; NULL if everything is mapped
 * @usage: for thin provisioning's log page, may be NULL
 */
struct backend_ops {
	uint32_t abi;
	const char *name;
	enum backend_fence fence;
	int (*open)(const struct backend_config *config, struct backend **backend,
		    struct msg *msg);
	void (*close)(struct backend *backend);
	void (*submit)(struct backend *backend, struct backend_io *io);
	void (*cancel)(struct backend *backend, struct backend_io *io);
	int (*size)(struct backend *backend, uint64_t *bytes);
	int (*extent)(struct backend *backend, struct backend_extent *extent);
	int (*usage)(struct backend *backend, struct backend_usage *usage);
};

/* The head of every backend's own struct. */
struct backend {
	const struct backend_ops *ops;
	uint32_t caps;
	uint32_t phys_block;	/* bytes, a power of two */
	bool read_only;
};

int backend_open(const char *name, const struct backend_config *config,
		 struct backend **backend, struct msg *msg);
void backend_close(struct backend *backend);

/* Known from then on by ops->name. */
int backend_register(const struct backend_ops *ops);

/* A shared object that has a "const struct backend_ops vhxd_backend". */
int backend_plugin(const char *path, struct msg *msg);

#endif
