/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsock of guests as unix sockets of the host. A thread and a session of its own, beside those of the
 * disks. Started by main.c, from what the configuration says of [vsock CID].
 */
#ifndef _VHXD_VSOCK_H
#define _VHXD_VSOCK_H

#include <json-c/json.h>
#include <stdbool.h>

#include "../conf.h"

struct vsock;

/*
 * What needs rights: the session, the guests' endpoints, sockets that are listened on. NULL in *@vsock if
 * there are to be no guests. Return: 0 or -errno, and a message.
 */
int vsock_open(const struct conf *conf, struct vsock **vsock, struct msg *msg);
/* The thread; what goes wrong in it ends the process. */
int vsock_run(struct vsock *vsock, struct msg *msg);
/* Resets all connections, and ends the thread. NULL is fine. */
void vsock_close(struct vsock *vsock);

/* It comes around: false if it has not since it was asked last. NULL is fine. */
bool vsock_alive(struct vsock *vsock);

/* admin.c: guests come, go and change as @conf says. Return: 0, or -1: it was said. NULL is fine. */
int vsock_reload(struct vsock *vsock, const struct conf *conf);
/* How many guests it serves; NULL: none. */
unsigned int vsock_count(struct vsock *vsock);
/* show.c: an array of guests, with their connections. NULL: without any. */
struct json_object *vsock_show(struct vsock *vsock);

#endif
