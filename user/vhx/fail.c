// SPDX-License-Identifier: GPL-2.0-only
/* Errors as answers: errno by name, what was wrong, what to do. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "out.h"

int rc_of(int err)
{
	switch (abs(err)) {
	case EPERM:
	case EACCES:
		return RC_PERM;
	case ENOSYS:
	case ENOTTY:
	case ENXIO:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
		return RC_LACK;
	default:
		return RC_FAIL;
	}
}

static void fail_json(const char *code, const char *message, const char *hint)
{
	struct json_object *error = j_obj(), *whole = j_obj();

	j_str(error, "code", code);
	j_str(error, "message", message);
	j_str(error, "hint", hint);
	j_add(whole, "error", error);
	out_json(whole);
}

int fail(int rc, int err, const char *hint, const char *fmt, ...)
{
	static const char *const codes[] = {
		[RC_FAIL] = "FAILED",
		[RC_USAGE] = "USAGE",
		[RC_NONE] = "NONE",
		[RC_PERM] = "EPERM",
		[RC_LACK] = "UNAVAILABLE",
	};
	const char *name = err ? strerrorname_np(abs(err)) : NULL;
	char message[1024];
	va_list args;

	if (hint && !*hint)
		hint = NULL;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);

	if (opts.json) {
		fail_json(name ?: codes[rc], message, hint);
		return rc;
	}
	if (name)
		fprintf(stderr, "vhx: %s: %s: %s\n", message, name, strerror(abs(err)));
	else
		fprintf(stderr, "vhx: %s\n", message);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
	return rc;
}

void say(const char *fmt, ...)
{
	va_list args;

	if (opts.quiet)
		return;
	va_start(args, fmt);
	fputs("vhx: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

void say_more(const char *fmt, ...)
{
	va_list args;

	if (!opts.verbose)
		return;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

/* --- libbpf's words --- */

static char words[512];

static void take_line(const char *line)
{
	static const char prefix[] = "libbpf: ";

	if (!strncmp(line, prefix, strlen(prefix)))
		line += strlen(prefix);
	snprintf(words, sizeof(words), "%s", line);
	words[strcspn(words, "\n")] = '\0';
}

static int keep_words(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, args);
	if (level == LIBBPF_WARN && !*words)
		take_line(line);
	if (opts.verbose > 1 && (level != LIBBPF_DEBUG || opts.verbose > 2))
		fputs(line, stderr);
	return 0;
}

void libbpf_quiet(void)
{
	words[0] = '\0';
	libbpf_set_print(keep_words);
}

const char *libbpf_words(void)
{
	return words;
}
