/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages on stderr, with the priorities that the journal knows, and only when it reads them. */
#ifndef _VHXD_LOG_H
#define _VHXD_LOG_H

void log_init(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A part of the process is not to be trusted any more: it ends as a whole, and the next one goes on. */
void log_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
