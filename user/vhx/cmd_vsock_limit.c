// SPDX-License-Identifier: GPL-2.0-only
/* vhx vsock limit: how much a guest may send and have. */
#include <errno.h>
#include <string.h>

#include "numbers.h"
#include "out.h"
#include "vsock.h"

static const struct out_col cols[] = {
	{ "cid", "CID", OUT_PLAIN },
#define LIMIT_COL(NAME, initial, name, doc) { name, name, OUT_PLAIN },
	VHX_VSOCK_LIMITS(LIMIT_COL)
#undef LIMIT_COL
};

static const char usage[] = "[list] | set CID|default LIMIT N ... | remove CID|default";

static const char doc[] =
	"How much a guest may send, and how many connections it may have; default: guests that have no "
	"limits of their own. They are there before the guest is, and stay when it is gone."
	"\vLIMIT is:"
#define LIMIT_DOC(NAME, initial, name, doc) "\n  " name ": " doc " (" #initial ")"
	VHX_VSOCK_LIMITS(LIMIT_DOC)
#undef LIMIT_DOC
	"\nN may have a unit, k, M, G, of 1024. To change limits needs CAP_NET_ADMIN.";

static int run(struct vhx_nl *nl, const struct words *words);

static const struct vsock_verb table = { "limit", usage, doc, run };

/* 0 is who has none of their own. */
static int get_cid(const char *word, __u32 *cid)
{
	__u64 n;

	*cid = 0;
	if (!strcmp(word, "default"))
		return RC_OK;
	if (number(word, UINT32_MAX - 1, &n) || n < 3)
		return fail(RC_USAGE, 0, "a guest's CID is 3 to 4294967294, or: default",
			    "CID %s", word);
	*cid = n;
	return RC_OK;
}

static int get_limit(const char *name, const char *word, struct vhx_vsock_limits *limits)
{
	__u32 i;

	for (i = 0; vhx_vsock_limit__name(i); i++) {
		if (strcmp(name, vhx_vsock_limit__name(i)))
			continue;
		limits->set |= 1U << i;
		if (!number(word, UINT64_MAX, &limits->value[i]))
			return RC_OK;
		return fail(RC_USAGE, 0, "a number, with k, M or G perhaps", "%s %s", name, word);
	}
	return fail(RC_USAGE, 0, "vhx vsock limit --help has them all", "no limit \"%s\"", name);
}

/* --- what is done --- */

static int set(struct vhx_nl *nl, const struct words *words)
{
	struct vhx_vsock_limits limits = { 0 };
	int i, rc;

	if (words->nr < 4 || words->nr % 2)
		return fail(RC_USAGE, 0, "vhx vsock limit set CID LIMIT N", "set what, and to what?");
	rc = get_cid(words->word[1], &limits.cid);
	for (i = 2; i < words->nr && !rc; i += 2)
		rc = get_limit(words->word[i], words->word[i + 1], &limits);
	return rc ?: vsock_tell(nl, &table, vhx_vsock_limits__set(nl, &limits), "set");
}

static int take_away(struct vhx_nl *nl, const struct words *words)
{
	__u32 cid;
	int rc;

	if (words->nr != 2)
		return fail(RC_USAGE, 0, "vhx vsock limit, for what there is",
			    "remove whose? A CID, or default");
	rc = get_cid(words->word[1], &cid);
	return rc ?: vsock_tell(nl, &table, vhx_vsock_limits__del(nl, cid), "remove");
}

static int list(struct vhx_nl *nl)
{
	struct json_object *limits;
	int rc;

	limits = collect_limits(nl, &rc);
	if (!limits)
		return rc;
	if (out_json(limits))
		return RC_OK;
	out_table(limits, cols, ARRAY_SIZE(cols));
	json_object_put(limits);
	return RC_OK;
}

static int run(struct vhx_nl *nl, const struct words *words)
{
	const char *verb = words->nr ? words->word[0] : "list";

	if (!strcmp(verb, "set"))
		return set(nl, words);
	if (!strcmp(verb, "remove"))
		return take_away(nl, words);
	if (!strcmp(verb, "list") && words->nr <= 1)
		return list(nl);
	return fail(RC_USAGE, 0, "there are: list, set, remove", "vsock limit: \"%s\"", verb);
}

int cmd_vsock_limit(int argc, char **argv)
{
	return vsock_words(&table, argc, argv);
}
