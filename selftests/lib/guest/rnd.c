// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random numbers, see rnd.h. The generator is splitmix64: one word of state, any seed is good.
 */
#include <stdlib.h>
#include <time.h>

#include "rnd.h"
#include "tap.h"

static uint64_t state;	/* shared by all threads */

/* Return: the seed. */
uint64_t rnd_start(void)
{
	const char *seed = getenv("VHX_SEED");
	struct timespec t;

	if (seed && *seed) {
		state = strtoull(seed, NULL, 0);
	} else {
		clock_gettime(CLOCK_REALTIME, &t);
		state = (uint64_t)t.tv_sec << 20 ^ (uint64_t)t.tv_nsec;
	}
	tap_diag("VHX_SEED=%llu", (unsigned long long)state);
	return state;
}

/* From here on, the numbers of @seed. */
void rnd_seed(uint64_t seed)
{
	__atomic_store_n(&state, seed, __ATOMIC_RELAXED);
}

uint64_t rnd(void)
{
	uint64_t z = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15ULL, __ATOMIC_RELAXED);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* One of @n: less than that. */
uint32_t rnd_below(uint32_t n)
{
	return rnd() % n;
}

/* From @from to @to, both included. */
uint32_t rnd_range(uint32_t from, uint32_t to)
{
	return from + rnd() % ((uint64_t)to - from + 1);
}
