// SPDX-License-Identifier: GPL-2.0-only
/* Sense data in either format. */
#include <string.h>

#include "bytes.h"
#include "sense.h"

static uint8_t key_of(const struct sense *sense)
{
	return (uint8_t)(sense->code >> 16 & 0x0f);
}

static void put_pointer(uint8_t *at, const struct sense *sense)
{
	at[0] = 0x80;
	if (sense->in_cdb)
		at[0] |= 0x40;
	if (sense->bit >= 0)
		at[0] |= (uint8_t)(0x08 | sense->bit);
	put_be16(at + 1, sense->field);
}

static uint8_t build_descriptor(uint8_t *buf, const struct sense *sense)
{
	uint8_t len = 8;

	memset(buf, 0, 8);
	buf[0] = 0x72;
	buf[1] = key_of(sense);
	buf[2] = (uint8_t)(sense->code >> 8);
	buf[3] = (uint8_t)sense->code;
	if (sense->has_info) {
		memset(buf + len, 0, 12);
		buf[len + 1] = 0x0a;
		buf[len + 2] = 0x80;
		put_be64(buf + len + 4, sense->info);
		len += 12;
	}
	if (sense->pointed) {
		memset(buf + len, 0, 8);
		buf[len] = 0x02;
		buf[len + 1] = 0x06;
		put_pointer(buf + len + 4, sense);
		len += 8;
	}
	buf[7] = (uint8_t)(len - 8);
	return len;
}

uint8_t sense_build(uint8_t *buf, const struct sense *sense, bool descriptor)
{
	if (descriptor)
		return build_descriptor(buf, sense);
	memset(buf, 0, SENSE_FIXED_LEN);
	buf[0] = 0x70;
	buf[2] = key_of(sense);
	buf[7] = SENSE_FIXED_LEN - 8;
	buf[12] = (uint8_t)(sense->code >> 8);
	buf[13] = (uint8_t)sense->code;
	/* The field has four bytes: what does not fit is not valid. */
	if (sense->has_info && sense->info <= UINT32_MAX) {
		buf[0] |= 0x80;
		put_be32(buf + 3, (uint32_t)sense->info);
	}
	if (sense->pointed)
		put_pointer(buf + 15, sense);
	return SENSE_FIXED_LEN;
}
