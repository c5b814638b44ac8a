/* SPDX-License-Identifier: GPL-2.0-only */
/* Mode pages, as MODE SENSE shows and MODE SELECT takes them. */
#ifndef _VHXD_MODE_H
#define _VHXD_MODE_H

#include "unit.h"

#define MODE_PAGE_MAX	32
#define MODE_ALL_PAGES	0x3f
#define MODE_ALL_SUBS	0xff

/* What of a page is asked for: the PC field. */
enum mode_control {
	MODE_CURRENT,
	MODE_CHANGEABLE,
	MODE_DEFAULT,
	MODE_SAVED,
};

/**
 * struct mode_page - one of them
 * @len: with its header of two bytes, or four with a subpage
 * @fill: the rest, of zeroes, from a struct mode
 */
struct mode_page {
	uint8_t page;
	uint8_t sub;
	uint8_t len;
	void (*fill)(const struct mode *mode, uint8_t *at);
};

extern const struct mode_page mode_pages[];
extern const size_t mode_nr_pages;

const struct mode_page *mode_find(uint8_t page, uint8_t sub);
void mode_fill(const struct mode_page *page, const struct scsi_unit *unit,
	       enum mode_control control, uint8_t at[MODE_PAGE_MAX]);

#endif
