/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that damages its own live rings, split or packed: descriptors, indirect tables, indices,
 * and whatever else is in its memory. All of it follows from rnd()'s seed.
 */
#ifndef _SELFTEST_DAMAGE_H
#define _SELFTEST_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "guest.h"

uint64_t damage_number(void);
void damage_bytes(void *area, size_t size);
void damage_guest(struct guest *g);
/* What was posted once is posted again: the driver's own functions trip over such rings. */
void damage_post(struct vq *vq);

#endif /* _SELFTEST_DAMAGE_H */
