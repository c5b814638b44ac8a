// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP from C, see tap.h.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int results, failures;

/* Written through at once: a crash must not take finished results with it. */
#define SAY(before, fmt, after) do {		\
	va_list ap;				\
						\
	va_start(ap, fmt);			\
	fputs(before, stdout);			\
	vprintf(fmt, ap);			\
	fputs(after, stdout);			\
	fflush(stdout);				\
	va_end(ap);				\
} while (0)

bool __tap_ok(bool cond, const char *file, int line, const char *fmt, ...)
{
	pthread_mutex_lock(&lock);
	failures += !cond;
	printf("%sok %d - ", cond ? "" : "not ", ++results);
	SAY("", fmt, "\n");
	if (!cond)
		printf("# at %s:%d\n", file, line);
	pthread_mutex_unlock(&lock);
	return cond;
}

void tap_skip(const char *name, const char *fmt, ...)
{
	pthread_mutex_lock(&lock);
	printf("ok %d - %s", ++results, name);
	SAY(" # SKIP ", fmt, "\n");
	pthread_mutex_unlock(&lock);
}

void tap_diag(const char *fmt, ...)
{
	pthread_mutex_lock(&lock);
	SAY("# ", fmt, "\n");
	pthread_mutex_unlock(&lock);
}

void tap_skip_all(const char *fmt, ...)
{
	SAY("1..0 # SKIP ", fmt, "\n");
	exit(0);
}

void tap_bail(const char *fmt, ...)
{
	SAY("Bail out! ", fmt, "\n");
	exit(1);
}

int tap_done(void)
{
	printf("1..%d\n", results);
	fflush(stdout);
	return failures ? 1 : 0;
}
