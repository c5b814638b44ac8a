// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory of the tests, see arena.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define SEEN	0x80	/* the rest of a shadow byte is its enum arena_prot */

struct arena arena;
static uint8_t *shadow;

void arena_open(size_t size)
{
	arena_close();
	arena.mem = calloc(1, size);
	shadow = calloc(1, size);
	if (!arena.mem || !shadow)
		abort();
	arena.size = size;
}

void arena_close(void)
{
	free(arena.mem);
	free(shadow);
	shadow = NULL;
	memset(&arena, 0, sizeof(arena));
}

uint64_t arena_addr(size_t off)
{
	return (uintptr_t)arena.mem + off;
}

void arena_protect(size_t off, size_t len, enum arena_prot prot)
{
	memset(shadow + off, prot, len);
}

void arena_forget(void)
{
	size_t i;

	for (i = 0; i < arena.size; i++)
		shadow[i] &= ~SEEN;
	arena.rereads = 0;
	arena.events = 0;
}

static void note(char op, size_t off, uint32_t len)
{
	const struct arena_event ev = { .op = op, .off = (uint32_t)off, .len = len };

	if (arena.before)
		arena.before(arena.ctx, &ev);
	if (arena.events < ARENA_EVENTS)
		arena.event[arena.events] = ev;
	arena.events++;
}

/* Where @addr is in the arena, or -1 when an access like this faults. */
static ptrdiff_t reach(uint64_t addr, uint32_t len, enum arena_prot most)
{
	uint64_t off = addr - (uintptr_t)arena.mem;
	uint32_t i;

	arena.accesses++;
	if (arena.fault_in && !--arena.fault_in)
		return -1;
	if (off > arena.size || len > arena.size - off)
		return -1;
	/* What goes over a border of pages was not looked up behind it. */
	if (len && off < arena.paged && off / arena.page != (off + len - 1) / arena.page)
		abort();
	for (i = 0; i < len; i++)
		if ((shadow[off + i] & ~SEEN) > most)
			return -1;
	return (ptrdiff_t)off;
}

int arena_read(uint64_t addr, void *dst, uint32_t len)
{
	ptrdiff_t off = reach(addr, len, ARENA_RO);
	bool again = false;
	uint8_t *to = dst;
	uint32_t i;

	if (off < 0)
		return -EFAULT;
	note('R', off, len);
	for (i = 0; i < len; i++) {
		to[i] = arena.mem[off + i];
		if (!(shadow[off + i] & SEEN)) {
			shadow[off + i] |= SEEN;
			continue;
		}
		again = true;
		if (arena.jitter)
			to[i] ^= (uint8_t)(1 + rand() % 255);
	}
	arena.rereads += again;
	return 0;
}

int arena_write(uint64_t addr, const void *src, uint32_t len)
{
	ptrdiff_t off = reach(addr, len, ARENA_RW);

	if (off < 0)
		return -EFAULT;
	note('W', off, len);
	memcpy(arena.mem + off, src, len);
	return 0;
}

void arena_fence(char op)
{
	note(op, 0, 0);
}
