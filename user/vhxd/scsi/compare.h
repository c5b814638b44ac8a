/* SPDX-License-Identifier: GPL-2.0-only */
/* Where two pieces of memory differ. */
#ifndef _VHXD_COMPARE_H
#define _VHXD_COMPARE_H

#include <stdint.h>
#include <string.h>

/* The offset of the first byte that differs, or -1 */
static inline int64_t first_difference(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint32_t i = 0;

	if (!len || !memcmp(a, b, len))
		return -1;
	while (a[i] == b[i])
		i++;
	return i;
}

#endif
