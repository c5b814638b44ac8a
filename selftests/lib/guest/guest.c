// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues on a vhost fd, see guest.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

/*
 * $VHX_RING "packed" or "in_order", or both: every driver that knows VERSION_1 negotiates that
 * too, so that a test written for split rings runs on those.
 */
uint64_t guest_ring_features(uint64_t features)
{
	const char *want = getenv("VHX_RING");

	if (!want || !(features & F_V1))
		return features;
	if (strstr(want, "packed"))
		features |= F_PACKED;
	if (strstr(want, "in_order"))
		features |= F_IN_ORDER;
	return features;
}

int guest_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static int vq_open(struct vq *vq, struct guest *g, unsigned int i, uint32_t num)
{
	vq->index = i;
	vq->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	vq->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	vq->err = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (vq->kick < 0 || vq->call < 0 || vq->err < 0)
		return -errno;
	return ring_open(&vq->ring, g->mem, num, g->features);
}

/* Owner, features, memory and rings: everything a VMM does before it starts the device. */
int guest_open(struct guest *g, struct mem *m, const struct guest_opt *opt)
{
	unsigned int i;
	int r;

	memset(g, 0, sizeof(*g));
	for (i = 0; i < GUEST_VQS; i++)
		g->vq[i].kick = g->vq[i].call = g->vq[i].err = -1;
	g->fd = -1;
	if (opt->nvq > GUEST_VQS)
		return -EINVAL;
	g->nvq = opt->nvq;
	g->mem = m;
	g->features = opt->features;
	g->fd = open(opt->node, O_RDWR | O_CLOEXEC);
	if (g->fd < 0)
		return -errno;
	r = guest_ioctl(g->fd, VHOST_SET_OWNER, NULL);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_FEATURES, &g->features);
	if (!r)
		r = guest_map(g);
	for (i = 0; i < g->nvq && !r; i++) {
		r = vq_open(&g->vq[i], g, i, opt->num);
		if (!r)
			r = guest_setup_vq(g, i, BASE_BEGIN);
	}
	if (r)
		guest_close(g);
	return r;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void guest_close(struct guest *g)
{
	unsigned int i;

	close_fd(&g->fd);
	for (i = 0; i < g->nvq; i++) {
		close_fd(&g->vq[i].kick);
		close_fd(&g->vq[i].call);
		close_fd(&g->vq[i].err);
		ring_close(&g->vq[i].ring);
	}
}

/* The features guest_open() was given and, of those from bit 64 on, @high. */
int guest_set_features(struct guest *g, uint64_t high)
{
	const uint64_t array[] = { 2, g->features, high };

	return guest_ioctl(g->fd, VHOST_SET_FEATURES_ARRAY, (void *)array);
}

int guest_set_mem(struct guest *g, const struct vhost_memory_region *r, unsigned int n)
{
	struct vhost_memory *t = calloc(1, sizeof(*t) + n * sizeof(*r));
	int err;

	if (!t)
		return -ENOMEM;
	t->nregions = n;
	memcpy(t->regions, r, n * sizeof(*r));
	err = guest_ioctl(g->fd, VHOST_SET_MEM_TABLE, t);
	free(t);
	return err;
}

/* All of the guest's memory as one region. */
int guest_map(struct guest *g)
{
	struct vhost_memory_region r = {
		.guest_phys_addr = g->mem->gpa,
		.memory_size = g->mem->size,
		.userspace_addr = (uintptr_t)g->mem->base,
	};

	return guest_set_mem(g, &r, 1);
}

int guest_set_file(struct guest *g, unsigned long cmd, unsigned int i, int fd)
{
	struct vhost_vring_file f = { .index = i, .fd = fd };

	return guest_ioctl(g->fd, cmd, &f);
}

/* Where the device finds a part of a ring: behind a vIOMMU it goes by the guest's addresses too. */
static uint64_t ring_addr(const struct guest *g, const void *p)
{
	return g->features & F_PLATFORM ? mem_gpa(g->mem, p) : (uintptr_t)p;
}

/* Where a ring is, for SET_VRING_ADDR. */
void guest_addr(const struct guest *g, unsigned int i, struct vhost_vring_addr *addr)
{
	const struct ring *ring = &g->vq[i].ring;

	*addr = (struct vhost_vring_addr){
		.index = i,
		.desc_user_addr = ring_addr(g, ring->desc),
		.avail_user_addr = ring_addr(g, ring->avail),
		.used_user_addr = ring_addr(g, ring->used),
	};
}

/* @base as GET_VRING_BASE gives it, or BASE_BEGIN. */
int guest_setup_vq(struct guest *g, unsigned int i, uint32_t base)
{
	struct vq *vq = &g->vq[i];
	struct vhost_vring_state num = { .index = i, .num = vq->ring.num };
	struct vhost_vring_state at = { .index = i, .num = base };
	struct vhost_vring_addr addr;
	int r;

	if (base == BASE_BEGIN)
		at.num = vq->ring.packed ? (uint32_t)RING_START << 16 | RING_START : 0;
	guest_addr(g, i, &addr);
	r = guest_ioctl(g->fd, VHOST_SET_VRING_NUM, &num);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_VRING_BASE, &at);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_VRING_ADDR, &addr);
	if (!r)
		r = guest_set_file(g, VHOST_SET_VRING_KICK, i, vq->kick);
	if (!r)
		r = guest_set_file(g, VHOST_SET_VRING_CALL, i, vq->call);
	if (!r)
		r = guest_set_file(g, VHOST_SET_VRING_ERR, i, vq->err);
	return r;
}

int guest_get_base(struct guest *g, unsigned int i, uint32_t *base)
{
	struct vhost_vring_state s = { .index = i };
	int r = guest_ioctl(g->fd, VHOST_GET_VRING_BASE, &s);

	*base = s.num;
	return r;
}

int guest_new_worker(struct guest *g, unsigned int *id)
{
	struct vhost_worker_state s = { 0 };
	int r = guest_ioctl(g->fd, VHOST_NEW_WORKER, &s);

	*id = s.worker_id;
	return r;
}

int guest_attach_worker(struct guest *g, unsigned int i, unsigned int id)
{
	struct vhost_vring_worker w = { .index = i, .worker_id = id };

	return guest_ioctl(g->fd, VHOST_ATTACH_VRING_WORKER, &w);
}

int guest_free_worker(struct guest *g, unsigned int id)
{
	struct vhost_worker_state s = { .worker_id = id };

	return guest_ioctl(g->fd, VHOST_FREE_WORKER, &s);
}

void vq_kick(struct vq *vq)
{
	eventfd_write(vq->kick, 1);
}

/* Publish, and kick if the device asked for it. */
void vq_publish(struct vq *vq)
{
	ring_publish(&vq->ring);
	if (ring_want_kick(&vq->ring))
		vq_kick(vq);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Sleep as a driver does, on the interrupt alone. False: none came, or it came for nothing. */
bool vq_wait_used(struct vq *vq, int ms)
{
	struct pollfd p = { .fd = vq->call, .events = POLLIN };
	int64_t end = now_ms() + ms;
	eventfd_t n;

	while (!ring_call_on(&vq->ring)) {
		int left = end - now_ms();

		if (left <= 0 || poll(&p, 1, left) <= 0)
			return false;
		eventfd_read(vq->call, &n);
	}
	return true;
}

/* How often the device called the ring illegal since last asked; waits @ms for the first. */
uint64_t vq_err(struct vq *vq, int ms)
{
	struct pollfd p = { .fd = vq->err, .events = POLLIN };
	eventfd_t n = 0;

	if (poll(&p, 1, ms) <= 0 || eventfd_read(vq->err, &n))
		return 0;
	return n;
}
