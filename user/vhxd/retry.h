/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for another agent, or what one that died has under way. */
#ifndef _VHXD_RETRY_H
#define _VHXD_RETRY_H

#include <stdbool.h>

/**
 * struct retry - zeroed at first
 * @limit_ms: for how long
 */
struct retry {
	unsigned int limit_ms;
	unsigned int waited_ms;
};

/* Waits a moment. Return: false if it is enough, also since the process is to end. */
bool retry_wait(struct retry *retry, const char *for_what);

#endif
