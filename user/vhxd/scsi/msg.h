/* SPDX-License-Identifier: GPL-2.0-only */
/* What went wrong, in words for who configured it. The number is returned beside it. */
#ifndef _VHXD_MSG_H
#define _VHXD_MSG_H

struct msg {
	char text[320];
};

/* Writes the text, which may be NULL if nobody wants it, and returns @err. */
int msg_set(struct msg *msg, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "EWOULDBLOCK" of -EWOULDBLOCK */
const char *msg_errno(int err);

#endif
