/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KiB of the machine's memory that are neither free nor could be: what leaks, or waits, is in there.
 */
#ifndef _SELFTEST_MEMUSE_H
#define _SELFTEST_MEMUSE_H

long memuse(void);
long memuse_settled(void);
/* What comes and goes anyway. */
long memuse_slack(void);

#endif /* _SELFTEST_MEMUSE_H */
