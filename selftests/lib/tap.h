/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP from C, as selftests/lib/tap.sh does it from a shell:
 *
 *	tap_ok(fd >= 0, "the node opens");
 *	if (!have_macvtap)
 *		tap_skip("macvtap carries traffic", "no macvtap module");
 *	return tap_done();
 *
 * Any thread may report.
 */
#ifndef _VHX_TAP_H
#define _VHX_TAP_H

#include <stdbool.h>

#define __tap_printf(fmt, arg) __attribute__((format(printf, fmt, arg)))

/* One result; returns @cond. A failed one says where it was reported. */
#define tap_ok(cond, ...) __tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
bool __tap_ok(bool cond, const char *file, int line, const char *fmt, ...) __tap_printf(4, 5);

/* One result that could not be had; the reason is what @fmt makes. */
void tap_skip(const char *name, const char *fmt, ...) __tap_printf(2, 3);

/* A line for the reader. */
void tap_diag(const char *fmt, ...) __tap_printf(1, 2);

/* Nothing of this program can run: end with one skip and its reason. */
void tap_skip_all(const char *fmt, ...) __tap_printf(1, 2) __attribute__((noreturn));

/* The rest makes no sense any more: end as a failure. */
void tap_bail(const char *fmt, ...) __tap_printf(1, 2) __attribute__((noreturn));

/* The plan; what main() returns: 0, or 1 if anything failed. */
int tap_done(void);

#endif
