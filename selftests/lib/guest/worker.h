/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What our process's vhost workers cost. They are threads of ours, known by their name.
 */
#ifndef _SELFTEST_WORKER_H
#define _SELFTEST_WORKER_H

#include <stdbool.h>

long worker_ms(void);
bool worker_rests(int ms);

#endif /* _SELFTEST_WORKER_H */
