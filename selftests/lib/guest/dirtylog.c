// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration log, see dirtylog.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "dirtylog.h"

/* For all of the guest's addresses, from 0 on; @skew bytes into its first page. */
int dirtylog_open(struct dirtylog *l, const struct guest *g, unsigned int skew)
{
	uint64_t end = g->mem->gpa + g->mem->size;
	size_t room;

	l->size = (end / LOG_PAGE + 7) / 8;
	/* It ends where its mapping ends, or as near as that can be. */
	room = (l->size + skew + LOG_PAGE - 1) & -LOG_PAGE;
	/* Where addresses have 57 bits, so high that no log reaches all that a guest can name. */
	l->map = mmap((void *)((1UL << 56) - (1UL << 32)), room + LOG_PAGE,
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->map == MAP_FAILED)
		return -errno;
	l->bits = l->map + skew;
	return mprotect(l->map + room, LOG_PAGE, PROT_NONE) ? -errno : 0;
}

void dirtylog_close(struct dirtylog *l)
{
	size_t room = (l->size + (l->bits - l->map) + LOG_PAGE - 1) & -LOG_PAGE;

	munmap(l->map, room + LOG_PAGE);
}

void dirtylog_clear(struct dirtylog *l)
{
	memset(l->bits, 0, l->size);
}

bool dirtylog_has(const struct dirtylog *l, uint64_t gpa)
{
	uint64_t page = gpa / LOG_PAGE;

	return __atomic_load_n(&l->bits[page / 8], __ATOMIC_SEQ_CST) >> (page % 8) & 1;
}

/* Was it set? It is not any more. */
bool dirtylog_take(struct dirtylog *l, uint64_t gpa)
{
	uint64_t page = gpa / LOG_PAGE;
	uint8_t mask = 1 << (page % 8);

	return __atomic_fetch_and(&l->bits[page / 8], ~mask, __ATOMIC_SEQ_CST) & mask;
}

uint64_t dirtylog_count(const struct dirtylog *l)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < l->size; i++)
		n += __builtin_popcount(l->bits[i]);
	return n;
}

int guest_log_base(struct guest *g, const void *bits)
{
	uint64_t base = (uintptr_t)bits;

	return guest_ioctl(g->fd, VHOST_SET_LOG_BASE, &base);
}

int guest_log_data(struct guest *g, bool on)
{
	uint64_t features = g->features | (on ? F_LOG_ALL : 0);

	return guest_ioctl(g->fd, VHOST_SET_FEATURES, &features);
}

/* What is written to a ring; @gpa is where the VMM says that its used ring is. */
int guest_log_ring(struct guest *g, unsigned int i, bool on, uint64_t gpa)
{
	struct vhost_vring_addr addr;

	guest_addr(g, i, &addr);
	addr.flags = on ? 1 << VHOST_VRING_F_LOG : 0;
	addr.log_guest_addr = gpa;
	return guest_ioctl(g->fd, VHOST_SET_VRING_ADDR, &addr);
}

/* As QEMU does it: the bitmap, the buffers, the rings. */
int guest_log(struct guest *g, const struct dirtylog *l)
{
	int i, r = guest_log_base(g, l->bits);

	if (!r)
		r = guest_log_data(g, true);
	for (i = 0; i < 2 && !r; i++)
		r = guest_log_ring(g, i, true, mem_gpa(g->mem, g->vq[i].ring.used));
	return r;
}

int guest_log_off(struct guest *g)
{
	int i, r = guest_log_data(g, false);

	for (i = 0; i < 2 && !r; i++)
		r = guest_log_ring(g, i, false, 0);
	return r;
}
