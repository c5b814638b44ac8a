// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbered frames, see frame.h.
 */
#include <string.h>

#include "frame.h"

static const uint8_t dst[6] = { 0x02, 'v', 'h', 'x', 0, 1 };

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 31) * 0x7fb5d329728ea185ULL;
	z = (z ^ z >> 27) * 0x81dadef4bc2dd44dULL;
	return z ^ z >> 33;
}

void frame_make(uint8_t *buf, uint32_t len, uint32_t seq)
{
	uint32_t i;
	uint64_t word;

	memcpy(buf, dst, 6);
	buf[6] = 0x02;
	buf[7] = 0;
	for (i = 0; i < 4; i++)
		buf[8 + i] = seq >> (24 - 8 * i);
	buf[12] = FRAME_TYPE >> 8;
	buf[13] = FRAME_TYPE & 0xff;
	for (i = FRAME_MIN; i < len; i += 8) {
		word = mix((uint64_t)seq << 32 | (len + i));
		memcpy(buf + i, &word, len - i < 8 ? len - i : 8);
	}
}

bool frame_is_ours(const uint8_t *buf, uint32_t len)
{
	return len >= FRAME_MIN && buf[12] == FRAME_TYPE >> 8 && buf[13] == (FRAME_TYPE & 0xff) &&
	       buf[6] == 0x02 && !memcmp(buf, dst, 6);
}

uint32_t frame_seq(const uint8_t *buf)
{
	return (uint32_t)buf[8] << 24 | (uint32_t)buf[9] << 16 | (uint32_t)buf[10] << 8 | buf[11];
}

/* Is every byte what frame_make() made of this number and this length? */
bool frame_intact(const uint8_t *buf, uint32_t len)
{
	static __thread uint8_t want[FRAME_MAX + 64];

	if (!frame_is_ours(buf, len) || len > sizeof(want))
		return false;
	frame_make(want, len, frame_seq(buf));
	return !memcmp(buf, want, len);
}
