/* SPDX-License-Identifier: GPL-2.0-only */
/* An engine that does as a test says: at once, later, in another order, in part, or not at all. */
#ifndef _ENGINE_DOUBLE_H
#define _ENGINE_DOUBLE_H

#include <stdbool.h>

#include "engine.h"

#define DOUBLE_MAX	64

/**
 * struct engine_double - what it does with requests, and has done
 * @hold: keep them until engine_double_do()
 * @fail: this error, for the request after @fail_after others; 0 for none
 * @most: bytes of a READ or WRITE at once; 0 for all
 * @cancels: how often an end was asked for; a held one then ends with ECANCELED, if @cancel
 */
struct engine_double {
	struct engine base;
	bool hold, cancel;
	int fail, fail_after;
	uint64_t most;
	struct engine_req *held[DOUBLE_MAX];
	int nr_held;
	int nr[ENGINE_ZEROOUT + 1];
	int dsyncs, cancels;
};

void engine_double_init(struct engine_double *d);
/* The request at @index of those held, now */
void engine_double_do(struct engine_double *d, int index);
void engine_double_do_all(struct engine_double *d);

#endif
