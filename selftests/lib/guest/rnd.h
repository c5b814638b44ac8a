/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers that can be had again: the seed is printed, and taken from $VHX_SEED.
 */
#ifndef _SELFTEST_RND_H
#define _SELFTEST_RND_H

#include <stdint.h>

uint64_t rnd_start(void);
void rnd_seed(uint64_t seed);
uint64_t rnd(void);
uint32_t rnd_below(uint32_t n);
uint32_t rnd_range(uint32_t from, uint32_t to);

#endif /* _SELFTEST_RND_H */
