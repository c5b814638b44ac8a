/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests that systemd-machined is to know of; in the keeper. */
#ifndef _VHXD_MACHINES_H
#define _VHXD_MACHINES_H

#include <stdbool.h>
#include <stdint.h>

/* Once the kernel says which process the VMM is: that is the machine's leader. */
void machines_add(uint32_t cid, const char *name);
void machines_remove(uint32_t cid);
/* Wait for @fd, and see to those that are to be registered meanwhile. Return: whether it can be read. */
bool machines_wait(int fd);
/* All that were registered are not any more. */
void machines_end(void);

#endif
