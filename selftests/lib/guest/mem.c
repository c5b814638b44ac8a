// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory, see mem.h. Pages are made as they are touched, so a test asks for plenty.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "mem.h"

static int map(struct mem *m, size_t size, int kind)
{
	m->size = size;
	m->base = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);
	if (m->base == MAP_FAILED) {
		m->base = NULL;
		return -errno;
	}
	return 0;
}

int mem_open(struct mem *m, size_t size)
{
	*m = (struct mem){ .gpa = MEM_GPA };
	return map(m, size, MAP_PRIVATE);
}

/* Memory that viommu.c can map a second time; the guest knows it by a vIOMMU's addresses. */
int mem_open_shared(struct mem *m, size_t size)
{
	*m = (struct mem){ .gpa = MEM_IOVA };
	return map(m, size, MAP_SHARED);
}

void mem_close(struct mem *m)
{
	if (m->base)
		munmap(m->base, m->size);
	m->base = NULL;
}

/* Never given back: a test's memory lives as long as the test. Too little is a bug of the test. */
void *mem_alloc(struct mem *m, size_t size, size_t align)
{
	size_t at = (m->used + align - 1) & ~(align - 1);

	if (at + size > m->size) {
		fprintf(stderr, "guest memory of %zu bytes is too small\n", m->size);
		abort();
	}
	m->used = at + size;
	return m->base + at;
}

uint64_t mem_gpa(const struct mem *m, const void *p)
{
	return m->gpa + (uint64_t)((const uint8_t *)p - m->base);
}
