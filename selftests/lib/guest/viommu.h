/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VMM's vIOMMU: it reads what the device misses, page by page, and answers. The guest's memory
 * is seen by the device through an alias of the same pages in another order, so that what is in a
 * row for the driver, rings included, is scattered for the device.
 *
 * A netdrv opened with F_PLATFORM has its memory where viommu_open() can have a second view of it.
 */
#ifndef _SELFTEST_VIOMMU_H
#define _SELFTEST_VIOMMU_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

#define VIOMMU_PAGE	4096u

/* A message as it is on the fd, in either form. */
union viommu_msg {
	struct vhost_msg v1;
	struct vhost_msg_v2 v2;
	uint8_t bytes[sizeof(struct vhost_msg)];
};

/**
 * struct viommu - the vIOMMU
 * @fd: the device's, non-blocking
 * @mem: guest memory
 * @alias: the same pages in another order
 * @at: which page of @alias a page of guest memory is
 * @perm: what the device may do to each; VHOST_ACCESS_*
 * @pages: how many
 * @misses: messages that were read
 * @strange: messages that made no sense
 * @lock: held over each answer: who takes it knows that none is under way
 */
struct viommu {
	int fd;
	struct mem *mem;
	uint8_t *alias;
	uint32_t *at;
	uint8_t *perm;
	uint32_t pages;
	volatile uint32_t misses;
	volatile uint32_t strange;
	pthread_mutex_t lock;
	pthread_t thread;
	bool running;
	int stop;
};

int viommu_open(struct viommu *v, struct guest *g);
void viommu_close(struct viommu *v);
int viommu_start(struct viommu *v);
void viommu_stop(struct viommu *v);

uint32_t viommu_page(const struct viommu *v, uint64_t iova);
uint8_t *viommu_alias(const struct viommu *v, uint64_t iova);
int viommu_send(struct viommu *v, const struct vhost_iotlb_msg *m);
int viommu_update(struct viommu *v, uint64_t iova, uint8_t perm);
int viommu_invalidate(struct viommu *v, uint64_t iova, uint64_t size);
int viommu_map_rings(struct viommu *v, struct guest *g);
int viommu_read(struct viommu *v, struct vhost_iotlb_msg *m, int ms);
int viommu_answer(struct viommu *v, const struct vhost_iotlb_msg *m);
int viommu_serve(struct viommu *v, int ms);

#endif /* _SELFTEST_VIOMMU_H */
