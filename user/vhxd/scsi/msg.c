// SPDX-License-Identifier: GPL-2.0-only
/* Messages for who configured it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "msg.h"

int msg_set(struct msg *msg, int err, const char *fmt, ...)
{
	va_list args;

	if (!msg)
		return err;
	va_start(args, fmt);
	vsnprintf(msg->text, sizeof(msg->text), fmt, args);
	va_end(args);
	return err;
}

const char *msg_errno(int err)
{
	const char *name = strerrorname_np(err < 0 ? -err : err);

	return name ? name : "unknown error";
}
