/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * systemd-machined, by Varlink: io.systemd.Machine, which other than its D-Bus interface knows of CIDs.
 * It is there from systemd 256 on.
 */
#ifndef _VHXD_MACHINED_H
#define _VHXD_MACHINED_H

#include <stdint.h>

#include "scsi/msg.h"

/* Return: 0; -ENOENT it is not there; another -errno; and a message. */
int machined_register(const char *name, uint32_t cid, uint32_t leader, struct msg *msg);
int machined_unregister(const char *name, struct msg *msg);

#endif
