/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The migration log as a VMM has it: the bitmap of the pages that the device wrote.
 */
#ifndef _SELFTEST_DIRTYLOG_H
#define _SELFTEST_DIRTYLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

#define LOG_PAGE	4096ULL
#define F_LOG_ALL	BIT64(VHOST_F_LOG_ALL)

/**
 * struct dirtylog - a bitmap
 * @map: its mapping, with a page that is not there behind it
 * @bits: where it begins in that
 * @size: bytes of it
 */
struct dirtylog {
	uint8_t *map;
	uint8_t *bits;
	size_t size;
};

int dirtylog_open(struct dirtylog *l, const struct guest *g, unsigned int skew);
void dirtylog_close(struct dirtylog *l);
void dirtylog_clear(struct dirtylog *l);
bool dirtylog_has(const struct dirtylog *l, uint64_t gpa);
bool dirtylog_take(struct dirtylog *l, uint64_t gpa);
uint64_t dirtylog_count(const struct dirtylog *l);

int guest_log_base(struct guest *g, const void *bits);
int guest_log_data(struct guest *g, bool on);
int guest_log_ring(struct guest *g, unsigned int i, bool on, uint64_t gpa);
int guest_log(struct guest *g, const struct dirtylog *l);
int guest_log_off(struct guest *g);

#endif /* _SELFTEST_DIRTYLOG_H */
