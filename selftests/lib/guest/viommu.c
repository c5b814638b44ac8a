// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vIOMMU, see viommu.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rnd.h"
#include "viommu.h"

/* Each page of guest memory a second time, where the order says. */
static int make_alias(struct viommu *v)
{
	uint32_t i, k, t;

	v->alias = mmap(NULL, v->mem->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	if (v->alias == MAP_FAILED)
		return -errno;
	for (i = 0; i < v->pages; i++)
		v->at[i] = i;
	for (i = v->pages - 1; i > 0; i--) {
		k = rnd_range(0, i);
		t = v->at[i];
		v->at[i] = v->at[k];
		v->at[k] = t;
	}
	for (i = 0; i < v->pages; i++) {
		void *to = v->alias + (size_t)v->at[i] * VIOMMU_PAGE;

		if (mremap(v->mem->base + (size_t)i * VIOMMU_PAGE, 0, VIOMMU_PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
			return -errno;
	}
	return 0;
}

int viommu_open(struct viommu *v, struct guest *g)
{
	uint32_t i;
	int r;

	memset(v, 0, sizeof(*v));
	v->fd = g->fd;
	v->mem = g->mem;
	v->pages = g->mem->size / VIOMMU_PAGE;
	v->at = calloc(v->pages, sizeof(*v->at));
	v->perm = malloc(v->pages);
	v->stop = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&v->lock, NULL);
	if (!v->at || !v->perm || v->stop < 0)
		return -ENOMEM;
	for (i = 0; i < v->pages; i++)
		v->perm[i] = VHOST_ACCESS_RW;
	r = make_alias(v);
	if (r)
		return r;
	return fcntl(v->fd, F_SETFL, O_RDWR | O_NONBLOCK) ? -errno : 0;
}

void viommu_close(struct viommu *v)
{
	viommu_stop(v);
	munmap(v->alias, v->mem->size);
	close(v->stop);
	free(v->at);
	free(v->perm);
}

/* Which page of guest memory an address is in; v->pages: none. */
uint32_t viommu_page(const struct viommu *v, uint64_t iova)
{
	uint64_t page = (iova - v->mem->gpa) / VIOMMU_PAGE;

	return iova < v->mem->gpa || page >= v->pages ? v->pages : page;
}

/* Where the device finds the page an address is in. */
uint8_t *viommu_alias(const struct viommu *v, uint64_t iova)
{
	return v->alias + (size_t)v->at[viommu_page(v, iova)] * VIOMMU_PAGE;
}

int viommu_send(struct viommu *v, const struct vhost_iotlb_msg *m)
{
	union viommu_msg msg = { .v2.type = VHOST_IOTLB_MSG_V2 };

	msg.v2.iotlb = *m;
	return write(v->fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

int viommu_update(struct viommu *v, uint64_t iova, uint8_t perm)
{
	const struct vhost_iotlb_msg m = {
		.type = VHOST_IOTLB_UPDATE,
		.iova = iova & ~(uint64_t)(VIOMMU_PAGE - 1),
		.size = VIOMMU_PAGE,
		.uaddr = (uintptr_t)viommu_alias(v, iova),
		.perm = perm,
	};

	return viommu_send(v, &m);
}

int viommu_invalidate(struct viommu *v, uint64_t iova, uint64_t size)
{
	const struct vhost_iotlb_msg m = {
		.type = VHOST_IOTLB_INVALIDATE, .iova = iova, .size = size,
	};

	return viommu_send(v, &m);
}

static int map_area(struct viommu *v, const void *p, size_t len)
{
	uint64_t first = mem_gpa(v->mem, p), at = first & ~(uint64_t)(VIOMMU_PAGE - 1);
	int r = 0;

	for (; at < first + len && !r; at += VIOMMU_PAGE)
		r = viommu_update(v, at, VHOST_ACCESS_RW);
	return r;
}

/* What a VMM does before it starts a queue: the device reads the used index at once. */
int viommu_map_rings(struct viommu *v, struct guest *g)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < g->nvq && !r; i++)
		r = map_area(v, g->vq[i].ring.used, 6 + 8 * g->vq[i].ring.num);
	return r;
}

static bool sensible(const struct viommu *v, const struct vhost_iotlb_msg *m)
{
	return m->type == VHOST_IOTLB_MISS && viommu_page(v, m->iova) < v->pages &&
	       (m->perm == VHOST_ACCESS_RO || m->perm == VHOST_ACCESS_WO);
}

/* The next miss: 1, 0 when none comes in @ms, or negative. */
int viommu_read(struct viommu *v, struct vhost_iotlb_msg *m, int ms)
{
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	union viommu_msg msg;
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return 0;
	n = read(v->fd, &msg, sizeof(msg));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	*m = msg.v2.iotlb;
	v->misses++;
	if (n != sizeof(msg) || !sensible(v, m))
		v->strange++;
	return 1;
}

int viommu_answer(struct viommu *v, const struct vhost_iotlb_msg *m)
{
	uint32_t page = viommu_page(v, m->iova);
	int r;

	if (page == v->pages)
		return -EINVAL;
	pthread_mutex_lock(&v->lock);
	r = viommu_update(v, m->iova, v->perm[page]);
	pthread_mutex_unlock(&v->lock);
	return r;
}

/* Answer what is missing until nothing more is for @ms. Return: how many, or negative. */
int viommu_serve(struct viommu *v, int ms)
{
	struct vhost_iotlb_msg m;
	int n = 0, r;

	while ((r = viommu_read(v, &m, ms)) > 0) {
		r = viommu_answer(v, &m);
		if (r)
			return r;
		n++;
	}
	return r ? r : n;
}

static void *serve(void *arg)
{
	struct viommu *v = arg;
	struct pollfd p[2] = {
		{ .fd = v->fd, .events = POLLIN },
		{ .fd = v->stop, .events = POLLIN },
	};

	while (poll(p, 2, -1) > 0 && !p[1].revents)
		if (viommu_serve(v, 0) < 0)
			v->strange++;
	return NULL;
}

int viommu_start(struct viommu *v)
{
	v->running = !pthread_create(&v->thread, NULL, serve, v);
	return v->running ? 0 : -EAGAIN;
}

void viommu_stop(struct viommu *v)
{
	eventfd_t n;

	if (!v->running)
		return;
	eventfd_write(v->stop, 1);
	pthread_join(v->thread, NULL);
	eventfd_read(v->stop, &n);
	v->running = false;
}
