/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers on the command line. */
#ifndef _VHX_CLI_NUMBERS_H
#define _VHX_CLI_NUMBERS_H

#include "vhx.h"

/**
 * number() - a decimal number with a unit, perhaps: k, M, G, T, of 1024
 * @word: as it was given, all of it
 * @max: the greatest that it may be
 * @to: where to put it
 *
 * Return: 0; -EINVAL it is none; -ERANGE it is greater.
 */
int number(const char *word, __u64 max, __u64 *to);

/* A number, or FIRST-LAST. Return: as number(); -EINVAL too if the last is less than the first. */
int number_range(const char *word, struct vhx_range *to);

#endif
