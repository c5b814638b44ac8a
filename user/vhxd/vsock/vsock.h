/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsock of guests as unix sockets of the host. A thread and a session of its own, beside those of the
 * disks. Started by main.c, from what the configuration says of [vsock CID].
 */
#ifndef _VHXD_VSOCK_H
#define _VHXD_VSOCK_H

#include "../conf.h"

struct vsock;

/*
 * What needs rights: the session, the guests' endpoints, sockets that are listened on. NULL in *@vsock if
 * no guest is configured. Return: 0 or -errno, and a message.
 */
int vsock_open(const struct conf *conf, struct vsock **vsock, struct msg *msg);
/* The thread; what goes wrong in it ends the process. */
int vsock_run(struct vsock *vsock, struct msg *msg);
/* Resets all connections, and ends the thread. NULL is fine. */
void vsock_close(struct vsock *vsock);

#endif
