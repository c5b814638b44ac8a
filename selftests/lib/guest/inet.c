// SPDX-License-Identifier: GPL-2.0-only
/*
 * IP, TCP and UDP headers, see inet.h.
 */
#include <string.h>

#include "inet.h"

static uint32_t add16(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void inet_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

uint32_t inet_ip_len(uint8_t version)
{
	return version == 4 ? 20 : 40;
}

uint32_t inet_l4_len(uint8_t proto)
{
	return proto == INET_TCP ? 20 : 8;
}

uint16_t inet_csum_offset(uint8_t proto)
{
	return proto == INET_TCP ? 16 : 6;
}

static void make_ip(uint8_t *ip, uint8_t version, uint8_t proto, uint32_t len)
{
	memset(ip, 0, inet_ip_len(version));
	if (version == 4) {
		ip[0] = 0x45;
		inet_put16(ip + 2, len);
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = proto;
		memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
		inet_put16(ip + 10, ~fold(add16(0, ip, 20)));
		return;
	}
	ip[0] = 0x60;
	inet_put16(ip + 4, len - 40);
	ip[6] = proto;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	ip[23] = 1;
	ip[39] = 2;
}

/* Both headers in front of what is there already: @len bytes from the IP header on. */
void inet_make(uint8_t *ip, uint8_t version, uint8_t proto, uint32_t len)
{
	uint8_t *p = ip + inet_ip_len(version);
	uint32_t l4_len = len - inet_ip_len(version);

	make_ip(ip, version, proto, len);
	inet_put16(p, 1000);
	inet_put16(p + 2, 2000);
	if (proto == INET_TCP) {
		memset(p + 4, 0, 16);
		p[12] = 5 << 4;
		p[13] = 0x10;
		inet_put16(p + 14, 0xffff);
	} else {
		inet_put16(p + 4, l4_len);
	}
	inet_put16(p + inet_csum_offset(proto),
		   fold(add16(proto + l4_len, ip + (version == 4 ? 12 : 8),
			      version == 4 ? 8 : 32)));
}
