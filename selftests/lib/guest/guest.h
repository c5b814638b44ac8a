/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest and its VMM in one, of whatever class: queues on a real vhost fd. What a class has of
 * its own is in pair.h and scsidrv.h.
 *
 * What can fail returns 0 or a negative errno; tests that want the plain ioctl use guest_ioctl().
 */
#ifndef _SELFTEST_GUEST_H
#define _SELFTEST_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vhost.h>
#include <linux/virtio_config.h>

#include "mem.h"
#include "ring.h"

/* Newer than the machine's headers. */
#ifndef VHOST_GET_FEATURES_ARRAY
struct vhost_features_array {
	__u64 count;
	__u64 features[];
};
#define VHOST_GET_FEATURES_ARRAY _IOR(VHOST_VIRTIO, 0x83, struct vhost_features_array)
#define VHOST_SET_FEATURES_ARRAY _IOW(VHOST_VIRTIO, 0x83, struct vhost_features_array)
#endif
#ifndef VHOST_SET_FORK_FROM_OWNER
#define VHOST_FORK_OWNER_KTHREAD 0
#define VHOST_FORK_OWNER_TASK	1
#define VHOST_SET_FORK_FROM_OWNER _IOW(VHOST_VIRTIO, 0x84, __u8)
#define VHOST_GET_FORK_FROM_OWNER _IOR(VHOST_VIRTIO, 0x85, __u8)
#endif

#define GUEST_VQS	18	/* most queues of one fd */

#define BASE_BEGIN	UINT32_MAX	/* a ring that was never used */

#define BIT64(n)	(1ULL << (n))
#define F_INDIRECT	BIT64(VIRTIO_RING_F_INDIRECT_DESC)
#define F_EVENT_IDX	BIT64(VIRTIO_RING_F_EVENT_IDX)
#define F_V1		BIT64(VIRTIO_F_VERSION_1)
#define F_PLATFORM	BIT64(VIRTIO_F_ACCESS_PLATFORM)
#define F_PACKED	BIT64(VIRTIO_F_RING_PACKED)
#define F_IN_ORDER	BIT64(VIRTIO_F_IN_ORDER)
#define F_NONE		BIT64(63)	/* no features at all, where 0 means the default */

/**
 * struct vq - a virtqueue with its eventfds
 * @ring: the driver's view
 * @index: which of the fd's
 * @kick: guest to device
 * @call: device to guest
 * @err: signalled when the ring is illegal
 */
struct vq {
	struct ring ring;
	unsigned int index;
	int kick;
	int call;
	int err;
};

/**
 * struct guest_opt - what guest_open() is asked for
 * @node: to open
 * @features: virtio features
 * @num: size of each ring
 * @nvq: queues, at most GUEST_VQS
 */
struct guest_opt {
	const char *node;
	uint64_t features;
	uint32_t num;
	unsigned int nvq;
};

struct guest {
	int fd;
	struct mem *mem;
	uint64_t features;
	unsigned int nvq;
	struct vq vq[GUEST_VQS];
};

uint64_t guest_ring_features(uint64_t features);

int guest_ioctl(int fd, unsigned long cmd, void *arg);
int guest_open(struct guest *g, struct mem *m, const struct guest_opt *opt);
void guest_close(struct guest *g);
int guest_set_features(struct guest *g, uint64_t high);
int guest_set_mem(struct guest *g, const struct vhost_memory_region *r, unsigned int n);
int guest_map(struct guest *g);
void guest_addr(const struct guest *g, unsigned int i, struct vhost_vring_addr *addr);
int guest_setup_vq(struct guest *g, unsigned int i, uint32_t base);
int guest_set_file(struct guest *g, unsigned long cmd, unsigned int i, int fd);
int guest_get_base(struct guest *g, unsigned int i, uint32_t *base);
int guest_new_worker(struct guest *g, unsigned int *id);
int guest_attach_worker(struct guest *g, unsigned int i, unsigned int id);
int guest_free_worker(struct guest *g, unsigned int id);

void vq_kick(struct vq *vq);
void vq_publish(struct vq *vq);
bool vq_wait_used(struct vq *vq, int ms);
uint64_t vq_err(struct vq *vq, int ms);

#endif /* _SELFTEST_GUEST_H */
