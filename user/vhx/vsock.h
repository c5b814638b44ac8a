/* SPDX-License-Identifier: GPL-2.0-only */
/* vhx vsock route and vhx vsock limit: a table that is listed, and changed by words. */
#ifndef _VHX_VSOCK_H
#define _VHX_VSOCK_H

#include "vhx.h"

/**
 * struct vsock_verb - the table
 * @name: "route" or "limit"
 * @usage, @doc: for --help
 * @run: what the words say
 */
struct vsock_verb {
	const char *name;
	const char *usage;
	const char *doc;
	int (*run)(struct vhx_nl *nl, const struct words *words);
};

/* With a session of netlink. Return: exit code. */
int vsock_words(const struct vsock_verb *verb, int argc, char **argv);
/* What came of a change, @what. Return: exit code. */
int vsock_tell(struct vhx_nl *nl, const struct vsock_verb *verb, int err, const char *what);

#endif
