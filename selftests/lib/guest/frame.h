/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ethernet frames that say which they are: the number is in the source address, so that the
 * shortest frame carries it, and every byte behind follows from it.
 */
#ifndef _SELFTEST_FRAME_H
#define _SELFTEST_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MIN	14
#define FRAME_MAX	65535
#define FRAME_TYPE	0x88b5	/* IEEE 802: local experiments */

void frame_make(uint8_t *buf, uint32_t len, uint32_t seq);
bool frame_is_ours(const uint8_t *buf, uint32_t len);
uint32_t frame_seq(const uint8_t *buf);
bool frame_intact(const uint8_t *buf, uint32_t len);

#endif /* _SELFTEST_FRAME_H */
