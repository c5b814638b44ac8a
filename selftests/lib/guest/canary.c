// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device must not touch, see canary.h.
 */
#include <string.h>
#include <sys/mman.h>

#include "canary.h"

#define CANARY	(1 << 20)
#define NOTE	0xc5

static uint8_t *make(void *at)
{
	uint8_t *p = mmap(at, CANARY, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	memset(p, NOTE, CANARY);
	return p;
}

void canary_open(struct canary *c, const struct mem *m)
{
	c->at[0] = make(m->base - CANARY);
	c->at[1] = make(m->base + m->size);
}

void canary_close(struct canary *c)
{
	int i;

	for (i = 0; i < 2; i++)
		if (c->at[i])
			munmap(c->at[i], CANARY);
}

bool canary_sings(const struct canary *c)
{
	size_t k;
	int i;

	for (i = 0; i < 2; i++)
		for (k = 0; c->at[i] && k < CANARY; k++)
			if (c->at[i][k] != NOTE)
				return false;
	return true;
}
