// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of flows, see flow.h.
 */
#include <string.h>

#include "flow.h"

#define TO_GUEST	0x02
#define FROM_GUEST	0x06
#define PAYLOAD		42

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 32) * 0xd6e8feb86659fd93ULL;
	z = (z ^ z >> 32) * 0xd6e8feb86659fd93ULL;
	return z ^ z >> 32;
}

static void put_udp(uint8_t *ip, uint32_t len, const struct flow_id *id)
{
	static const uint8_t head[] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17 };
	uint8_t near[4] = { 10, 0, 1, id->flow }, far[4] = { 10, 0, 0, 1 };
	bool out = id->from_guest;

	memcpy(ip, head, sizeof(head));
	put16(ip + 2, len);
	memcpy(ip + 12, out ? near : far, 4);
	memcpy(ip + 16, out ? far : near, 4);
	put16(ip + 20, out ? 0x2020 : 0x1000 + id->flow);
	put16(ip + 22, out ? 0x1000 + id->flow : 0x2020);
	put16(ip + 24, len - 20);
}

/* @len: of the frame, at least FLOW_MIN. */
void flow_make(uint8_t *buf, uint32_t len, const struct flow_id *id)
{
	static const uint8_t dst[6] = { 0x02, 'v', 'h', 'x', 0, 1 };
	uint64_t word, seed = (uint64_t)id->seq << 32 | id->flow << 24 | id->from_guest << 23;
	uint32_t i;

	memset(buf, 0, FLOW_MIN);
	memcpy(buf, dst, sizeof(dst));
	buf[6] = id->from_guest ? FROM_GUEST : TO_GUEST;
	buf[FLOW_AT] = id->flow;
	put16(buf + 8, id->seq >> 16);
	put16(buf + 10, id->seq);
	put16(buf + 12, 0x0800);
	put_udp(buf + 14, len - 14, id);
	for (i = PAYLOAD; i < len; i += 8) {
		word = mix(seed + len + i);
		memcpy(buf + i, &word, len - i < 8 ? len - i : 8);
	}
}

/* Which packet is this? False: none of ours, or not every byte as it was made. */
bool flow_read(const uint8_t *buf, uint32_t len, struct flow_id *id)
{
	static __thread uint8_t want[FLOW_MAX + 8];

	if (len < FLOW_MIN || len > FLOW_MAX || (buf[6] != TO_GUEST && buf[6] != FROM_GUEST))
		return false;
	id->flow = buf[FLOW_AT];
	id->from_guest = buf[6] == FROM_GUEST;
	id->seq = (uint32_t)buf[8] << 24 | buf[9] << 16 | buf[10] << 8 | buf[11];
	flow_make(want, len, id);
	return !memcmp(buf, want, len);
}
