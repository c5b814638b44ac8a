/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest with a real network stack: frames go between the virtio rings and a second tap, behind
 * which the kernel's own stack sits in a namespace called the guest's. The virtio header passes
 * through both ways, so TSO, USO and checksums do as well.
 *
 *	host's stack - tap - vhost - rings - relay - tap - guest's stack
 */
#ifndef _SELFTEST_RELAY_H
#define _SELFTEST_RELAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "netdrv.h"

#define RELAY_QUEUES	8

/**
 * struct relay_opt - what relay_start() is asked for
 * @host: name of the tap vhost is given
 * @guest: name of the tap the guest's stack has
 * @guest_netns: fd of the guest's namespace, which @guest is made in; -1: the caller's
 * @queues: queue pairs, default 1
 * @drv: of each queue pair
 * @offloads: TUN_F_*, of both taps; 0: none
 */
struct relay_opt {
	const char *host;
	const char *guest;
	int guest_netns;
	unsigned int queues;
	struct netdrv_opt drv;
	unsigned int offloads;
};

struct relay_queue {
	struct relay *relay;
	struct netdrv drv;
	pthread_t thread;
	int host;
	int guest;
	int wake;
	uint64_t tx;			/* packets, guest to host */
	uint64_t rx;
	uint64_t tx_gso;		/* of them, with a segment size */
	uint64_t rx_gso;
	int err;			/* why the thread ended, 0 if it was told to */
};

struct relay {
	struct relay_opt opt;
	struct relay_queue queue[RELAY_QUEUES];
	bool stop;
};

int relay_start(struct relay *r, const struct relay_opt *opt);
int relay_stop(struct relay *r);

#endif /* _SELFTEST_RELAY_H */
