/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often the machine has switched tasks. On its one CPU that is how often somebody slept and
 * somebody else was woken.
 */
#ifndef _BENCH_SWITCHES_H
#define _BENCH_SWITCHES_H

#include <stdint.h>

/* Since the boot; 0 if the kernel does not say. */
uint64_t switches(void);

#endif /* _BENCH_SWITCHES_H */
