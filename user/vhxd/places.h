/* SPDX-License-Identifier: GPL-2.0-only */
/* What a target's guest was told is there, kept for the next agent. */
#ifndef _VHXD_PLACES_H
#define _VHXD_PLACES_H

#include "host.h"

/* Its disks are these by now, and its guest was told. */
void places_save(const struct host *host, struct endpoint *endpoint);
/* Tells the guest what is not as the agent before had it, and saves. Without one nothing is told. */
void places_compare(struct host *host, struct endpoint *endpoint);

#endif
