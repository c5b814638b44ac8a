// SPDX-License-Identifier: GPL-2.0-only
/*
 * A NIC through vhost-vdpa, see vdpanic.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nettap.h"
#include "vdpanic.h"

#define MEM_SIZE	(16 << 20)
#define RING_NUM	64

/* A device called @name, its peer up, bound to in-tree's vhost_vdpa. */
int vdpanic_make(const char *name, const char *args)
{
	/* Pinned memory is counted, and nobody is exempt. */
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all);
	/* By itself it maps 2,048 pieces, and memory may be in as many as it has pages. */
	if (sh("modprobe vhost_vdpa $(modinfo vhost_vdpa | "
	       "sed -n 's/^[a-z]*: *\\(max_iotlb_entries\\):.*/\\1=1048576/p') && "
	       "vdpa dev add name %s mgmtdev vhx %s && ip link set %s up", name, args, name))
		return -EIO;
	return 0;
}

void vdpanic_unmake(const char *name)
{
	sh("vdpa dev del %s", name);
}

static int open_node(const char *name)
{
	char path[256];
	glob_t found;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/vdpa/devices/%s/vhost-vdpa-*", name);
	if (glob(path, 0, NULL, &found))
		return -ENOENT;
	snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_vqs(struct vdpanic *v, uint32_t num)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < v->g.nvq && !r; i++) {
		struct vq *vq = &v->g.vq[i];

		vq->index = i;
		vq->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		vq->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		vq->err = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		r = ring_open(&vq->ring, &v->mem, num, v->g.features);
		/* The device tells of each of these by what it wrote. */
		vq->ring.each = i % 2 == 0;
	}
	return r;
}

/*
 * The fd, owned, nothing negotiated, nothing mapped; what is mapped stays over a reset. The control queue, if any,
 * is the last. Each ring has @num descriptors.
 */
int vdpanic_open_num(struct vdpanic *v, const char *name, uint64_t features, unsigned int nvq,
		     uint32_t num)
{
	uint64_t backend = BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) | BIT64(VHOST_BACKEND_F_IOTLB_ASID) |
			   BIT64(VHOST_BACKEND_F_IOTLB_BATCH) |
			   BIT64(VHOST_BACKEND_F_IOTLB_PERSIST);
	int r;

	memset(v, 0, sizeof(*v));
	v->name = name;
	v->cvq = nvq - 1;
	v->g.features = features;
	v->g.nvq = nvq;
	v->g.mem = &v->mem;
	v->host = -1;
	v->g.fd = open_node(name);
	if (v->g.fd < 0)
		return v->g.fd;
	r = mem_open(&v->mem, MEM_SIZE);
	if (!r)
		r = guest_ioctl(v->g.fd, VHOST_SET_OWNER, NULL);
	if (!r)
		r = guest_ioctl(v->g.fd, VHOST_SET_BACKEND_FEATURES, &backend);
	if (!r)
		r = open_vqs(v, num);
	if (r)
		return r;
	v->host = packet_open(name, false);
	return v->host < 0 ? v->host : 0;
}

int vdpanic_open(struct vdpanic *v, const char *name, uint64_t features, unsigned int nvq)
{
	return vdpanic_open_num(v, name, features, nvq, RING_NUM);
}

void vdpanic_close(struct vdpanic *v)
{
	guest_close(&v->g);
	if (v->host >= 0)
		close(v->host);
	mem_close(&v->mem);
}

int vdpanic_status(const struct vdpanic *v)
{
	uint8_t s;
	int r = guest_ioctl(v->g.fd, VHOST_VDPA_GET_STATUS, &s);

	return r ? r : s;
}

int vdpanic_set_status(const struct vdpanic *v, uint8_t status)
{
	return guest_ioctl(v->g.fd, VHOST_VDPA_SET_STATUS, &status);
}

/* Features as the NIC was opened with. -EPROTO: the device does not take them. */
int vdpanic_negotiate(struct vdpanic *v)
{
	int r = vdpanic_set_status(v, S_ACK | S_DRIVER);

	if (!r)
		r = guest_ioctl(v->g.fd, VHOST_SET_FEATURES, &v->g.features);
	if (!r)
		r = vdpanic_set_status(v, S_ACK | S_DRIVER | S_FEATURES_OK);
	if (!r && !(vdpanic_status(v) & S_FEATURES_OK))
		r = -EPROTO;
	return r;
}

int vdpanic_msg(const struct vdpanic *v, uint32_t asid, const struct vhost_iotlb_msg *m)
{
	const struct vhost_msg_v2 msg = { .type = VHOST_IOTLB_MSG_V2, .asid = asid, .iotlb = *m };

	return write(v->g.fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

/* In a batch, as a VMM does: else the device is told anew of all for each run of pages. */
int vdpanic_map(const struct vdpanic *v, uint32_t asid)
{
	const struct vhost_iotlb_msg begin = { .type = VHOST_IOTLB_BATCH_BEGIN };
	const struct vhost_iotlb_msg end = { .type = VHOST_IOTLB_BATCH_END };
	const struct vhost_iotlb_msg m = {
		.iova = v->mem.gpa,
		.size = v->mem.size,
		.uaddr = (uintptr_t)v->mem.base,
		.perm = VHOST_ACCESS_RW,
		.type = VHOST_IOTLB_UPDATE,
	};
	int r = vdpanic_msg(v, asid, &begin);

	if (!r)
		r = vdpanic_msg(v, asid, &m);
	return r ? r : vdpanic_msg(v, asid, &end);
}

int vdpanic_unmap(const struct vdpanic *v, uint32_t asid)
{
	const struct vhost_iotlb_msg m = {
		.iova = v->mem.gpa,
		.size = v->mem.size,
		.type = VHOST_IOTLB_INVALIDATE,
	};

	return vdpanic_msg(v, asid, &m);
}

/* Rings at @base of each, or at their beginning; and everything on. */
int vdpanic_setup(struct vdpanic *v, const uint32_t *base)
{
	struct vhost_vring_state on = { .num = 1 };
	unsigned int i;
	int r = 0;

	for (i = 0; i < v->g.nvq && !r; i++) {
		on.index = i;
		r = guest_setup_vq(&v->g, i, base ? base[i] : BASE_BEGIN);
		if (!r)
			r = guest_ioctl(v->g.fd, VHOST_VDPA_SET_VRING_ENABLE, &on);
	}
	return r ? r : vdpanic_set_status(v, S_ACK | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
}

/* From an open NIC to one that runs. */
int vdpanic_start(struct vdpanic *v)
{
	int r = vdpanic_negotiate(v);

	if (!r)
		r = vdpanic_map(v, 0);
	return r ? r : vdpanic_setup(v, NULL);
}

int vdpanic_reset(struct vdpanic *v)
{
	return vdpanic_set_status(v, 0);
}

int vdpanic_wait_status(const struct vdpanic *v, uint8_t bit, int ms)
{
	for (; ms > 0 && !(vdpanic_status(v) & bit); ms -= 10)
		usleep(10000);
	return !!(vdpanic_status(v) & bit);
}

/* A header and a frame, as they are, in one buffer; waits until the device is done with it. */
int vdpanic_tx(struct vdpanic *v, const void *packet, uint32_t len)
{
	struct vq *vq = &v->g.vq[1];
	uint8_t *buf = mem_alloc(&v->mem, len, 16);
	struct sg sg = { mem_gpa(&v->mem, buf), len };
	uint32_t got;

	memcpy(buf, packet, len);
	if (ring_add(&vq->ring, &sg, 1, 0, buf) < 0)
		return -ENOSPC;
	vq_publish(vq);
	if (!vq_wait_used(vq, 5000))
		return -ETIMEDOUT;
	return ring_get(&vq->ring, &got) == buf ? 0 : -EPROTO;
}

/* A buffer for the device to write. */
int vdpanic_post(struct vdpanic *v, uint32_t size)
{
	struct vq *vq = &v->g.vq[0];
	uint8_t *buf = mem_alloc(&v->mem, size, 16);
	struct sg sg = { mem_gpa(&v->mem, buf), size };

	if (ring_add(&vq->ring, &sg, 0, 1, buf) < 0)
		return -ENOSPC;
	vq_publish(vq);
	return 0;
}

/* What the device wrote next, header and all. Return: bytes, or negative. */
int vdpanic_rx(struct vdpanic *v, void *packet, uint32_t size, int ms)
{
	struct vq *vq = &v->g.vq[0];
	uint32_t len;
	void *buf;

	if (!vq_wait_used(vq, ms))
		return -ETIMEDOUT;
	buf = ring_get(&vq->ring, &len);
	if (!buf || len > size)
		return -EPROTO;
	memcpy(packet, buf, len);
	return len;
}

/* A command. Return: its answer, VIRTIO_NET_OK or _ERR, or negative. */
int vdpanic_cmd(struct vdpanic *v, const void *cmd, uint32_t len)
{
	struct vq *vq = &v->g.vq[v->cvq];
	uint8_t *buf = mem_alloc(&v->mem, len + 1, 16);
	struct sg sg[] = {
		{ mem_gpa(&v->mem, buf), len },
		{ mem_gpa(&v->mem, buf) + len, 1 },
	};
	uint32_t wrote;

	memcpy(buf, cmd, len);
	buf[len] = 0xff;
	if (ring_add(&vq->ring, sg, 1, 1, buf) < 0)
		return -ENOSPC;
	vq_publish(vq);
	if (!vq_wait_used(vq, 5000))
		return -ETIMEDOUT;
	if (ring_get(&vq->ring, &wrote) != buf || wrote != 1)
		return -EPROTO;
	return buf[len];
}
