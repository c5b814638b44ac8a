/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A NIC to steer: queue pairs on one multiqueue tap, a packet socket on the host's side of it, and
 * the books on what arrived where.
 */
#ifndef _SELFTEST_RIG_H
#define _SELFTEST_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"
#include "netdrv.h"

#define RIG_QUEUES	4

/**
 * struct rig - a NIC and what arrived by it
 * @name: of its tap
 * @queues: queue pairs
 * @tap: fd of each
 * @drv: the guest's side of each
 * @host: packet socket
 * @count: packets that arrived, by queue and flow
 * @next: number a flow's next packet has at least
 * @sent: number of the flow's next packet to be sent
 * @damaged: packets that were not as they were sent
 * @disorder: packets that came late, or twice
 */
struct rig {
	const char *name;
	unsigned int queues;
	int tap[RIG_QUEUES];
	struct netdrv drv[RIG_QUEUES];
	int host;
	uint32_t count[RIG_QUEUES][FLOWS];
	uint32_t next[FLOWS];
	uint32_t sent[FLOWS];
	uint32_t damaged;
	uint32_t disorder;
};

void rig_open(struct rig *r, const char *name, unsigned int queues,
	      const struct netdrv_opt *opt);
void rig_close(struct rig *r);
void rig_forget(struct rig *r);
bool rig_stop_queue(struct rig *r, unsigned int q);
bool rig_start_queue(struct rig *r, unsigned int q);

int rig_send(struct rig *r, uint8_t flow, uint32_t len);
void rig_take(struct rig *r);
void rig_take_queue(struct rig *r, unsigned int q);
uint32_t rig_total(const struct rig *r);
uint32_t rig_by_queue(const struct rig *r, unsigned int q);
uint32_t rig_by_flow(const struct rig *r, uint8_t flow);
bool rig_wait(struct rig *r, uint32_t total, int ms);
bool rig_clean(const struct rig *r);
void rig_settle(struct rig *r);

#endif /* _SELFTEST_RIG_H */
