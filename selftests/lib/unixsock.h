/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unix sockets of a host, that guests are connected with. What does not work bails out.
 */
#ifndef _SELFTEST_UNIXSOCK_H
#define _SELFTEST_UNIXSOCK_H

#include <stdbool.h>
#include <stddef.h>

#define UNIXSOCK_WAIT	30000	/* ms */

/* @type: SOCK_STREAM or SOCK_SEQPACKET, and flags */
int unixsock_server(const char *path, int type);
int unixsock_client(const char *path, int type);
/* Is there something to read within @ms? */
bool unixsock_ready(int fd, int ms);
/* Return: who connected; -1: nobody does. */
int unixsock_accept(int listener);
/* Return: bytes that came, up to @len of them. */
size_t unixsock_read(int fd, void *to, size_t len);
/* The other end sends no more, and there is nothing to read. */
bool unixsock_ends(int fd);

#endif /* _SELFTEST_UNIXSOCK_H */
