/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP packets of numbered flows. The flow is the second byte of the source address, the number
 * the four behind it; every byte of the payload follows from both and from the length. A flow has
 * two directions, whose addresses and ports mirror each other.
 */
#ifndef _SELFTEST_FLOW_H
#define _SELFTEST_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#define FLOW_MIN	60
#define FLOW_MAX	65535
#define FLOW_AT		7	/* where a packet says its flow */
#define FLOWS		256

struct flow_id {
	uint8_t flow;
	bool from_guest;
	uint32_t seq;
};

void flow_make(uint8_t *buf, uint32_t len, const struct flow_id *id);
bool flow_read(const uint8_t *buf, uint32_t len, struct flow_id *id);

#endif /* _SELFTEST_FLOW_H */
