/* SPDX-License-Identifier: GPL-2.0-only */
/* Becoming less: another user, no capabilities, and no way back. */
#ifndef _VHXD_PRIV_H
#define _VHXD_PRIV_H

#include "conf.h"

/* What needs the rights that it has now: limits, and the directory of states for the user. */
int priv_prepare(const struct conf *conf, struct msg *msg);
/* Before threads are made: a thread's capabilities are its own. */
int priv_drop(const char *user, struct msg *msg);
/* Of a process that stays who it is: all capabilities but this one go. */
int priv_keep(unsigned int cap, struct msg *msg);

#endif
