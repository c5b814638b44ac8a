/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: a line of JSON asks, a line answers. vhxd(8) has the requests.
 *
 *	{"op": "add", "target": "naa.5001", "place": "0", "disk": "/dev/vg/a,serial=1"}
 *	{"result": {...}} or {"error": {"code": "EEXIST", "message": "...", "hint": null}}
 */
#ifndef _VHXD_CONTROL_H
#define _VHXD_CONTROL_H

#include <json-c/json.h>
#include <poll.h>

#include "host.h"

#define CONTROL_CLIENTS	8
#define CONTROL_FDS	(1 + CONTROL_CLIENTS)
#define CONTROL_LINE	8192

struct client {
	int fd;
	size_t len;
	char line[CONTROL_LINE];
};

struct control {
	struct host *host;
	char path[100];
	int fd;
	struct client clients[CONTROL_CLIENTS];
};

/* For who may write to it: mode 0660, and the group of the directory where it is. */
int control_open(struct control *control, struct host *host, const char *path, struct msg *msg);
void control_close(struct control *control);

/* CONTROL_FDS of them, for poll(2), and what came of it. */
void control_fill(const struct control *control, struct pollfd *fds);
void control_serve(struct control *control, const struct pollfd *fds);

/* control_op.c: the answer to one line, never NULL but without memory. */
struct json_object *control_answer(struct host *host, const char *line);
/* control_show.c */
struct json_object *control_show(const struct endpoint *endpoint, const struct lun *lun);

#endif
