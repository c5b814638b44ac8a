/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: one anonymous mapping, where the VMM has it and where the guest has it.
 */
#ifndef _SELFTEST_MEM_H
#define _SELFTEST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_GPA 0x40000000ULL	/* so that no test takes a user address for a guest's */

#define MEM_IOVA (1ULL << 40)	/* nor one of a vIOMMU for either */

struct mem {
	uint8_t *base;
	size_t size;
	size_t used;
	uint64_t gpa;
};

int mem_open(struct mem *m, size_t size);
int mem_open_shared(struct mem *m, size_t size);
void mem_close(struct mem *m);
void *mem_alloc(struct mem *m, size_t size, size_t align);
uint64_t mem_gpa(const struct mem *m, const void *p);

#endif /* _SELFTEST_MEM_H */
