// SPDX-License-Identifier: GPL-2.0-only
/* Messages on stderr, a line each. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"

static bool with_priority;

void log_init(void)
{
	with_priority = getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO);
}

/* One write, so that lines of threads do not mix. */
static void say(const char *priority, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	fprintf(stderr, "%svhxd: %s\n", with_priority ? priority : "", text);
}

#define SAY(priority)				\
	do {					\
		va_list args;			\
						\
		va_start(args, fmt);		\
		say(priority, fmt, args);	\
		va_end(args);			\
	} while (0)

void log_error(const char *fmt, ...)
{
	SAY(SD_ERR);
}

void log_warning(const char *fmt, ...)
{
	SAY(SD_WARNING);
}

void log_info(const char *fmt, ...)
{
	SAY(SD_INFO);
}

void log_die(const char *fmt, ...)
{
	SAY(SD_CRIT);
	abort();
}
