/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keeper: a process beside vhxd that stays who vhxd was when it began, with CAP_NET_ADMIN and no other
 * capability, and does on vhxd's word what it takes such rights for: limits of guests' vsock, and names
 * that systemd-machined knows them by. It ends with vhxd, however that ends.
 */
#ifndef _VHXD_KEEPER_H
#define _VHXD_KEEPER_H

#include <stdint.h>

#include "libvhx.h"
#include "scsi/msg.h"

#define KEEPER_NAME	64	/* bytes of a guest's name, with the NUL */

/* Before anything is open that a child must not have. */
int keeper_start(struct msg *msg);
/* Registers nothing any more, and is over. */
void keeper_end(void);

/*
 * Limits of a guest; those that are not @limits->set stay. @anew: those that it had of its own go first.
 * Of the main thread alone. Return: 0 or -errno, and a message.
 */
int keeper_limit(const struct vhx_vsock_limits *limits, bool anew, struct msg *msg);

/* Of any thread, and they do not wait: what fails is in the log. */
void keeper_register(uint32_t cid, const char *name);
void keeper_unregister(uint32_t cid);

#endif
