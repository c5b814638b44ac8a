/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vhx itself says of the queues in our network namespace, and of our workers, by netlink.
 */
#ifndef _SELFTEST_VHXSTAT_H
#define _SELFTEST_VHXSTAT_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vhx.h>

#define VHXSTAT_MAX 64			/* queues one look takes in */

/* One virtqueue. */
struct vhxstat {
	uint32_t nic;
	uint32_t index;			/* of the queue pair in its NIC */
	uint8_t dir;			/* RX or TX */
	bool live;
	bool broken;
	uint32_t size;
	uint32_t avail;
	uint32_t used;
	uint32_t worker;
	uint32_t poll_us;
	uint64_t count[VHX_QSTAT_NR];
};

/* One worker of ours. */
struct vhxstat_worker {
	uint32_t pid;
	uint32_t owner;
	uint32_t id;
	uint32_t queues;
	bool kthread;
	uint64_t runs;
	uint64_t items;
};

int vhxstat_get(struct vhxstat *q, unsigned int max);
int vhxstat_workers(struct vhxstat_worker *w, unsigned int max);
int vhxstat_find(struct vhxstat *q, uint32_t index, uint8_t dir);

#endif /* _SELFTEST_VHXSTAT_H */
