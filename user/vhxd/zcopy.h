/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows of requests whose bytes are with the guest and not in the pool: zero_copy in vhxd.conf(5).
 * The SCSI library sees them at their place in the pool as any. Whoever would look at the bytes has
 * them copied there first; a write of the engine's goes by the loop that fetched the request, which
 * has the guest's pages for a registered buffer.
 */
#ifndef _VHXD_ZCOPY_H
#define _VHXD_ZCOPY_H

#include <stdbool.h>
#include <stdint.h>

#include "libvhx.h"

struct io_uring;
struct loop;

enum zcopy_state {
	ZCOPY_NONE,		/* the bytes are in the pool, or nobody's */
	ZCOPY_PINNED,
	ZCOPY_REGISTERED,	/* or about to be */
	ZCOPY_FAILED,		/* the kernel would not */
};

/**
 * struct zwindow - of a tag
 * @loop: whose ring has the buffer
 * @base: its place in the pool, @len bytes
 * @index: among the ring's buffers
 */
struct zwindow {
	enum zcopy_state state;
	struct loop *loop;
	const char *base;
	uint32_t len;
	uint32_t tag;
	uint32_t gen;
	uint16_t index;
};

/**
 * struct zcopy - the session's
 * @window: by tag
 * @tag_of: of each page of the pool the tag whose window it is of, and 1; or 0
 */
struct zcopy {
	const struct vhx_agent *agent;
	struct zwindow *window;
	uint32_t *tag_of;
};

/* NULL: no memory. It lasts as long as the process. */
struct zcopy *zcopy_open(const struct vhx_agent *agent);

/* Buffers that a loop's ring is to have, with the pool; 0 if @zcopy is NULL. */
unsigned int zcopy_places(const struct zcopy *zcopy);

/**
 * zcopy_begin - a window's bytes stay with the guest
 *
 * false: they cannot, for want of a place.
 */
bool zcopy_begin(struct zcopy *zcopy, struct loop *loop, const struct zwindow *window);
/* The request is answered; harmless if its bytes were in the pool. */
void zcopy_end(struct zcopy *zcopy, uint32_t tag);

/* Whose bytes would be at @buf; NULL if they are. */
struct zwindow *zcopy_find(const struct zcopy *zcopy, const void *buf);

/* Have the bytes in the pool from now on: 0 or -errno. */
int zcopy_read(struct zcopy *zcopy, struct zwindow *window);

/* In @loop's thread: what BUF_REG said. */
void zcopy_registered(struct zcopy *zcopy, uint32_t tag, int res);

#endif
