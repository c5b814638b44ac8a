/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory of the tests: one block, of which the code under test sees addresses and reaches
 * bytes through access.h only. Tests and the mock driver write to arena.mem as they like.
 */
#ifndef _VHX_ARENA_H
#define _VHX_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct arena_event - what the code under test did
 * @op: 'R' read, 'W' write, 'M' full barrier, 'r' read barrier, 'w' write barrier
 * @off: offset of the bytes in the arena
 * @len: how many
 */
struct arena_event {
	char op;
	uint32_t off;
	uint32_t len;
};

#define ARENA_EVENTS	4096

/**
 * struct arena - guest memory and what happens to it
 * @mem: the bytes
 * @size: how many
 * @accesses: reads and writes so far
 * @windows: calls of access.h, each of which costs a kernel an opening of user memory
 * @rereads: reads of bytes that had been read since arena_forget()
 * @jitter: a byte read again is another one
 * @paged: below, no access may go over a border of pages
 * @page: of this size
 * @fault_in: the access that fails, counted down; 0: none
 * @before: called before each event, which has not happened yet: the guest's other CPUs
 * @ctx: for @before
 * @event: the first ARENA_EVENTS events since arena_forget()
 * @events: how many there were
 */
struct arena {
	uint8_t *mem;
	size_t size;
	uint64_t accesses;
	uint64_t windows;
	uint64_t rereads;
	bool jitter;
	uint32_t paged;
	uint32_t page;
	uint32_t fault_in;
	void (*before)(void *ctx, const struct arena_event *ev);
	void *ctx;
	struct arena_event event[ARENA_EVENTS];
	uint32_t events;
};

extern struct arena arena;

void arena_open(size_t size);
void arena_close(void);

/* The address by which the code under test knows the byte at @off. */
uint64_t arena_addr(size_t off);

/* What a PROT_NONE, PROT_READ or PROT_READ|PROT_WRITE mapping does. */
enum arena_prot { ARENA_RW, ARENA_RO, ARENA_NONE };
void arena_protect(size_t off, size_t len, enum arena_prot prot);

/* Forget which bytes were read, and all events. */
void arena_forget(void);

int arena_read(uint64_t addr, void *dst, uint32_t len);
int arena_write(uint64_t addr, const void *src, uint32_t len);
void arena_fence(char op);

#endif
