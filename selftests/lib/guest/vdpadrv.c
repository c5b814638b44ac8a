// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM with a device of the vDPA bus, see vdpadrv.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vdpadrv.h"

bool vdpa_is_vhx(void)
{
	const char *which = getenv("VHX_VDPA");

	return !which || strcmp(which, "in-tree");
}

int vdpa_msg(int fd, uint8_t type, uint32_t asid, const struct vdpa_area *area)
{
	struct vhost_msg_v2 msg = { .type = VHOST_IOTLB_MSG_V2, .asid = asid };
	ssize_t n;

	msg.iotlb.type = type;
	if (area) {
		msg.iotlb.iova = area->iova;
		msg.iotlb.size = area->size;
		msg.iotlb.uaddr = area->uaddr;
		msg.iotlb.perm = area->perm;
	}
	n = write(fd, &msg, sizeof(msg));
	return n < 0 ? -errno : n == sizeof(msg) ? 0 : -EIO;
}

int vdpa_map(int fd, uint64_t iova, const void *at, uint64_t size)
{
	const struct vdpa_area area = { iova, size, (uintptr_t)at, VHOST_ACCESS_RW };

	return vdpa_msg(fd, VHOST_IOTLB_UPDATE, 0, &area);
}

int vdpa_unmap(int fd, uint64_t iova, uint64_t size)
{
	const struct vdpa_area area = { .iova = iova, .size = size };

	return vdpa_msg(fd, VHOST_IOTLB_INVALIDATE, 0, &area);
}

int vdpa_get_u32(int fd, unsigned long cmd, uint32_t *value)
{
	return guest_ioctl(fd, cmd, value);
}

int vdpa_status(int fd, uint8_t status)
{
	return guest_ioctl(fd, VHOST_VDPA_SET_STATUS, &status);
}

int vdpa_vring(int fd, unsigned long cmd, uint32_t index, uint32_t num)
{
	struct vhost_vring_state s = { .index = index, .num = num };

	return guest_ioctl(fd, cmd, &s);
}

/* Kilobytes that this process has pinned. */
long vdpa_pinned(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPin: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* Its own: an owner, and all backend features that it has. */
int vdpadrv_open(struct vdpadrv *d, const char *node)
{
	unsigned int i;
	int r;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < GUEST_VQS; i++)
		d->vq[i].kick = d->vq[i].call = d->vq[i].err = -1;
	d->fd = open(node, O_RDWR | O_CLOEXEC);
	if (d->fd < 0)
		return -errno;
	r = guest_ioctl(d->fd, VHOST_SET_OWNER, NULL);
	if (!r)
		r = guest_ioctl(d->fd, VHOST_GET_FEATURES, &d->offered);
	if (!r)
		r = guest_ioctl(d->fd, VHOST_GET_BACKEND_FEATURES, &d->backend);
	if (!r)
		r = guest_ioctl(d->fd, VHOST_SET_BACKEND_FEATURES, &d->backend);
	if (!r)
		r = vdpa_get_u32(d->fd, VHOST_VDPA_GET_VQS_COUNT, &d->nvqs);
	if (r)
		vdpadrv_close(d);
	return r;
}

void vdpadrv_close(struct vdpadrv *d)
{
	unsigned int i;

	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	for (i = 0; i < d->nvq; i++) {
		close(d->vq[i].kick);
		close(d->vq[i].call);
		ring_close(&d->vq[i].ring);
	}
	d->nvq = 0;
}

/* Up to FEATURES_OK: what of @features it offers, and what it must have. */
int vdpadrv_features(struct vdpadrv *d, uint64_t features)
{
	uint8_t status = 0;
	int r;

	d->features = d->offered & (features | F_V1 | F_PLATFORM);
	r = vdpa_status(d->fd, 0);
	if (!r)
		r = vdpa_status(d->fd, S_DRIVER);
	if (!r)
		r = guest_ioctl(d->fd, VHOST_SET_FEATURES, &d->features);
	if (!r)
		r = vdpa_status(d->fd, S_FEATURES);
	if (!r)
		r = guest_ioctl(d->fd, VHOST_VDPA_GET_STATUS, &status);
	return r ? r : status == S_FEATURES ? 0 : -EIO;
}

static int set_file(int fd, unsigned long cmd, unsigned int i, int file)
{
	struct vhost_vring_file f = { .index = i, .fd = file };

	return guest_ioctl(fd, cmd, &f);
}

static void where_is(const struct vdpadrv *d, unsigned int i, struct vhost_vring_addr *addr)
{
	const struct ring *r = &d->vq[i].ring;

	*addr = (struct vhost_vring_addr) {
		.index = i,
		.desc_user_addr = mem_gpa(d->mem, r->desc),
		.avail_user_addr = mem_gpa(d->mem, r->avail),
		.used_user_addr = mem_gpa(d->mem, r->used),
	};
}

/* As the ring is now. */
int vdpadrv_setup_vq(struct vdpadrv *d, unsigned int i)
{
	struct vhost_vring_addr addr;
	struct vq *vq = &d->vq[i];
	int r;

	where_is(d, i, &addr);
	r = vdpa_vring(d->fd, VHOST_SET_VRING_NUM, i, vq->ring.num);
	if (!r)
		r = vdpa_vring(d->fd, VHOST_SET_VRING_BASE, i, ring_base(&vq->ring));
	if (!r)
		r = guest_ioctl(d->fd, VHOST_SET_VRING_ADDR, &addr);
	if (!r)
		r = set_file(d->fd, VHOST_SET_VRING_KICK, i, vq->kick);
	if (!r)
		r = set_file(d->fd, VHOST_SET_VRING_CALL, i, vq->call);
	return r;
}

static int open_vq(struct vdpadrv *d, unsigned int i)
{
	struct vq *vq = &d->vq[i];

	vq->index = i;
	vq->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	vq->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return vq->kick < 0 || vq->call < 0 ? -errno :
	       ring_open(&vq->ring, d->mem, VDPA_NUM, d->features);
}

/* Behind vdpadrv_features(): memory, queues, DRIVER_OK. */
int vdpadrv_start(struct vdpadrv *d, struct mem *m, unsigned int nvq)
{
	unsigned int i;
	int r;

	d->mem = m;
	r = vdpa_map(d->fd, m->gpa, m->base, m->size);
	for (i = 0; i < nvq && !r; i++) {
		r = open_vq(d, i);
		d->nvq = i + 1;
		if (!r)
			r = vdpadrv_setup_vq(d, i);
		if (!r)
			r = vdpa_vring(d->fd, VHOST_VDPA_SET_VRING_ENABLE, i, 1);
	}
	return r ? r : vdpa_status(d->fd, S_OK);
}
