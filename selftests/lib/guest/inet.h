/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IP, TCP and UDP headers as a stack leaves them to be finished by offloads: the checksum is the
 * pseudo header's.
 */
#ifndef _SELFTEST_INET_H
#define _SELFTEST_INET_H

#include <stdint.h>

#define INET_TCP	6
#define INET_UDP	17

void inet_put16(uint8_t *p, uint16_t v);
uint32_t inet_ip_len(uint8_t version);
uint32_t inet_l4_len(uint8_t proto);
uint16_t inet_csum_offset(uint8_t proto);
void inet_make(uint8_t *ip, uint8_t version, uint8_t proto, uint32_t len);

#endif /* _SELFTEST_INET_H */
