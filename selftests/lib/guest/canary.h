/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the VMM's right in front of a guest's and behind it, which the device has no business
 * with, as far as there was room for it.
 */
#ifndef _SELFTEST_CANARY_H
#define _SELFTEST_CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

struct canary {
	uint8_t *at[2];
};

void canary_open(struct canary *c, const struct mem *m);
void canary_close(struct canary *c);
/* Is all of it as it was? */
bool canary_sings(const struct canary *c);

#endif /* _SELFTEST_CANARY_H */
