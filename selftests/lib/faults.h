/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations and copies of user memory that are made to fail, on a kernel with fault injection,
 * and what kmemleak says afterwards.
 */
#ifndef _VHX_TEST_FAULTS_H
#define _VHX_TEST_FAULTS_H

#include <stdbool.h>

#define FAULTS_MAX	2000	/* no step has so many chances to fail: it never gets through */

/* From now on this thread can be made to fail, and leaks count; without that the test is over. */
void faults_begin(void);
/* No more of it; says, as a test, whether memory has leaked. */
void faults_end(void);

/* This thread's @nth chance to fail, from now on, is taken; and whether it was. */
void faults_arm(unsigned int nth);
bool faults_disarm(void);

#endif
