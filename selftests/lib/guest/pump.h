/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic through one queue pair, both ways, numbered: nothing is lost, damaged, or comes out of
 * turn, whatever is done to the queue pair meanwhile.
 */
#ifndef _SELFTEST_PUMP_H
#define _SELFTEST_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "netdrv.h"

/**
 * struct pump - a guest on a tap, a packet socket on its other side, and the books
 * @drv: the guest
 * @tap: its backend
 * @host: the packet socket
 * @stop: the host's sender shall end
 * @sent: frames from the host
 * @seen: of them, those the guest has
 * @posted: frames from the guest
 * @got: of them, those the host has
 * @ok: none was wrong
 */
struct pump {
	struct netdrv drv;
	int tap;
	int host;
	volatile bool stop;
	volatile uint32_t sent;
	volatile uint32_t seen;
	uint32_t posted;
	uint32_t got;
	bool ok;
};

/* Done once a turn while the pump runs; false is a failure. */
typedef bool (*pump_fn)(struct pump *p, unsigned int turn);

void pump_open(struct pump *p, int tap, int host);
void pump_close(struct pump *p);
void pump_turn(struct pump *p);
bool pump_run(struct pump *p, uint32_t packets, pump_fn fn);

#endif /* _SELFTEST_PUMP_H */
