/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files that make JSON of netlink dumps. */
#ifndef _VHX_CLI_COLLECT_H
#define _VHX_CLI_COLLECT_H

#include "out.h"

typedef int (*walk_fn)(struct vhx_nl *nl, __u32 id, struct json_object *array);

/**
 * struct walk_of - a dump
 * @walk: adds an object for each, of @id or of all if that is 0
 * @what: of what it is a list
 * @module: which knows of them
 */
struct walk_of {
	walk_fn walk;
	const char *what;
	const char *module;
};

struct json_object *collect_walk(struct vhx_nl *nl, const struct walk_of *of, __u32 id, int *rc);

/* The one of @array, which is put, that has a name or an id; NULL: it was said, *rc is the code. */
struct json_object *find_in(struct json_object *array, const char *what, const char *word,
			    int *rc);

#endif
