/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent of one queue that does as its test says: each request is fetched and answered by a call.
 * Of one thread.
 */
#ifndef _VHX_TEST_SERVE_H
#define _VHX_TEST_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent.h"

/**
 * struct server - the agent
 * @a: its session
 * @cursor: entries read of the queue's ring
 * @have: tags that were fetched and are not read
 * @parked: a FETCH is under way
 */
struct server {
	struct agent a;
	uint32_t cursor;
	uint32_t have;
	bool parked;
};

void server_open(struct server *s, uint32_t tags, uint32_t pool_size);
void server_open_with(struct server *s, const struct vhx_agent_open *arg);
void server_close(struct server *s);

/* Give endpoint @number up: 0 or -errno. */
int server_detach(struct server *s, uint32_t number);

/* The next tag, of @max that may come at once (0: all); -1 when none does within @ms. */
int server_fetch(struct server *s, uint16_t max, int ms);

/* A good answer; what is read is server_byte() of the LBA's last byte. False: it was refused. */
bool server_answer(struct server *s, int tag);
uint8_t server_byte(uint8_t lba, uint32_t off);

#endif
