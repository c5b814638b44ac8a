// SPDX-License-Identifier: GPL-2.0-only
/* Tables of vsock, see vsock.h: their session, and what is said of a change. */
#include <errno.h>
#include <stdio.h>

#include "vsock.h"

int vsock_tell(struct vhx_nl *nl, const struct vsock_verb *verb, int err, const char *what)
{
	char text[64];

	if (!err)
		return RC_OK;
	snprintf(text, sizeof(text), "%ss of vsock", verb->name);
	if (err == -EOPNOTSUPP)
		return fail_unloaded("vhx_vsock", text);
	snprintf(text, sizeof(text), "to change %ss needs CAP_NET_ADMIN", verb->name);
	return fail(rc_of(err), err, *vhx_nl__error(nl) ? vhx_nl__error(nl) : text,
		    "vsock %s: %s", verb->name, what);
}

int vsock_words(const struct vsock_verb *verb, int argc, char **argv)
{
	struct words words = { .max = WORDS_MAX };
	struct vhx_nl *nl;
	int rc;

	parse_words(verb->usage, verb->doc, argc, argv, &words);
	rc = session_open_for(&nl, "vhx_vsock");
	if (rc)
		return rc;
	rc = verb->run(nl, &words);
	vhx_nl__close(nl);
	return rc;
}
