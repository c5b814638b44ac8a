/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VMM with a device of the vDPA bus: its node, its memory by messages, its queues. What can fail
 * returns 0 or a negative errno.
 */
#ifndef _SELFTEST_VDPADRV_H
#define _SELFTEST_VDPADRV_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vhost.h>

#include "guest.h"
#include "mem.h"
#include "ring.h"

/* Newer than the machine's headers. */
#ifndef VHOST_VDPA_GET_VRING_SIZE
#define VHOST_VDPA_GET_VRING_SIZE _IOWR(VHOST_VIRTIO, 0x82, struct vhost_vring_state)
#endif

#define VDPA_NUM	64		/* descriptors of a ring */
#define S_DRIVER	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define S_FEATURES	(S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define S_OK		(S_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK)
#define B_ALWAYS	(BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) | \
			 BIT64(VHOST_BACKEND_F_IOTLB_BATCH) | BIT64(VHOST_BACKEND_F_IOTLB_ASID))

/**
 * struct vdpadrv - the VMM and the driver
 * @fd: node
 * @mem: guest memory
 * @nvqs: queues that the device has
 * @nvq: of which so many are set up
 * @offered: virtio features
 * @backend: VHOST_BACKEND_F_* that it has, all of which are taken
 * @features: virtio features that are taken
 * @vq: queues that are set up
 */
struct vdpadrv {
	int fd;
	struct mem *mem;
	uint32_t nvqs;
	unsigned int nvq;
	uint64_t offered;
	uint64_t backend;
	uint64_t features;
	struct vq vq[GUEST_VQS];
};

/* A message of address space 0. */
struct vdpa_area {
	uint64_t iova;
	uint64_t size;
	uint64_t uaddr;
	uint8_t perm;
};

bool vdpa_is_vhx(void);

int vdpa_msg(int fd, uint8_t type, uint32_t asid, const struct vdpa_area *area);
int vdpa_map(int fd, uint64_t iova, const void *at, uint64_t size);
int vdpa_unmap(int fd, uint64_t iova, uint64_t size);
int vdpa_get_u32(int fd, unsigned long cmd, uint32_t *value);
int vdpa_status(int fd, uint8_t status);
int vdpa_vring(int fd, unsigned long cmd, uint32_t index, uint32_t num);

int vdpadrv_open(struct vdpadrv *d, const char *node);
void vdpadrv_close(struct vdpadrv *d);
int vdpadrv_features(struct vdpadrv *d, uint64_t features);
int vdpadrv_setup_vq(struct vdpadrv *d, unsigned int i);
int vdpadrv_start(struct vdpadrv *d, struct mem *m, unsigned int nvq);

long vdpa_pinned(void);

#endif /* _SELFTEST_VDPADRV_H */
