/* SPDX-License-Identifier: GPL-2.0-only */
/* What the service manager is told. */
#ifndef _VHXD_NOTIFY_H
#define _VHXD_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);

/* How often it wants to hear of the watchdog, in ms; 0: never. */
uint64_t notify_interval_ms(void);

#endif
