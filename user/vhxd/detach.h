/* SPDX-License-Identifier: GPL-2.0-only */
/* Going to the background, for who starts it without a service manager. */
#ifndef _VHXD_DETACH_H
#define _VHXD_DETACH_H

#include "scsi/msg.h"

/* The parent waits in it, and ends with 0 at detach_done(), or 1 if the child ends before. */
int detach(struct msg *msg);
void detach_done(void);

#endif
