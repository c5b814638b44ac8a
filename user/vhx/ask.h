/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking vhxd on its control socket. */
#ifndef _VHX_ASK_H
#define _VHX_ASK_H

#include "vhx.h"

/* Puts @request. Return: the result, or NULL with *rc set; the result of "remove" is null, too. */
struct json_object *ask_vhxd(struct json_object *request, int *rc);
/* What @op says if vhxd is there, may be asked, and answers soon; else NULL, and nothing is said. */
struct json_object *ask_quietly(const char *op);

#endif
