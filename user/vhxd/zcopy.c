// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that are with the guest, see zcopy.h. A request is one loop's, but its write may be begun by
 * another's thread, under the lock of the disk's group: what is read then was written under that
 * lock, before the library heard of the request.
 */
#include <stdlib.h>

#include "zcopy.h"

#define PAGE_SHIFT	12
#define MAX_PLACES	16384U	/* of a ring's buffers */

struct zcopy *zcopy_open(const struct vhx_agent *agent)
{
	struct zcopy *z = calloc(1, sizeof(*z));

	if (!z)
		return NULL;
	z->agent = agent;
	z->window = calloc(agent->tags, sizeof(*z->window));
	z->tag_of = calloc(agent->pool_size >> PAGE_SHIFT, sizeof(*z->tag_of));
	if (z->window && z->tag_of)
		return z;
	free(z->window);
	free(z->tag_of);
	free(z);
	return NULL;
}

/* The pool is the first. */
unsigned int zcopy_places(const struct zcopy *zcopy)
{
	if (!zcopy)
		return 0;
	return zcopy->agent->queue_tags < MAX_PLACES ? zcopy->agent->queue_tags + 1 : MAX_PLACES;
}

static size_t page_at(const struct zcopy *zcopy, const char *at)
{
	return (size_t)(at - (const char *)zcopy->agent->pool) >> PAGE_SHIFT;
}

static void mark(struct zcopy *zcopy, const struct zwindow *w, uint32_t as)
{
	size_t page = page_at(zcopy, w->base), end = page_at(zcopy, w->base + w->len - 1);

	for (; page <= end; page++)
		__atomic_store_n(zcopy->tag_of + page, as, __ATOMIC_RELAXED);
}

bool zcopy_begin(struct zcopy *zcopy, struct loop *loop, const struct zwindow *window)
{
	uint32_t index = 1 + window->tag % zcopy->agent->queue_tags;
	struct zwindow *w = zcopy->window + window->tag;

	*w = *window;
	w->loop = loop;
	w->index = (uint16_t)index;
	w->state = ZCOPY_PINNED;
	mark(zcopy, w, w->tag + 1);
	return index < zcopy_places(zcopy);
}

static void forget(struct zcopy *zcopy, struct zwindow *w)
{
	w->state = ZCOPY_NONE;
	mark(zcopy, w, 0);
}

void zcopy_end(struct zcopy *zcopy, uint32_t tag)
{
	if (zcopy && zcopy->window[tag].state != ZCOPY_NONE)
		forget(zcopy, zcopy->window + tag);
}

struct zwindow *zcopy_find(const struct zcopy *zcopy, const void *buf)
{
	const char *at = buf;
	uint32_t tag;

	if (!zcopy || at < (const char *)zcopy->agent->pool ||
	    (size_t)(at - (const char *)zcopy->agent->pool) >= zcopy->agent->pool_size)
		return NULL;
	tag = __atomic_load_n(zcopy->tag_of + page_at(zcopy, at), __ATOMIC_RELAXED);
	return tag ? zcopy->window + tag - 1 : NULL;
}

int zcopy_read(struct zcopy *zcopy, struct zwindow *window)
{
	int ret = vhx_agent__buf_read(zcopy->agent, window->tag, window->gen);

	if (!ret)
		forget(zcopy, window);
	return ret;
}

void zcopy_registered(struct zcopy *zcopy, uint32_t tag, int res)
{
	if (res < 0)
		zcopy->window[tag].state = ZCOPY_FAILED;
}
