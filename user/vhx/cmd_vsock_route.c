// SPDX-License-Identifier: GPL-2.0-only
/* vhx vsock route: who gets a connection that a guest asks for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_vsock.h>

#include "numbers.h"
#include "out.h"
#include "vsock.h"

static const struct out_col cols[] = {
	{ "pref", "PREF", OUT_PLAIN },
	{ "from", "FROM", OUT_PLAIN },
	{ "to", "TO", OUT_PLAIN },
	{ "port", "PORT", OUT_PLAIN },
	{ "type", "TYPE", OUT_PLAIN },
	{ "verdict", "VERDICT", OUT_PLAIN },
	{ "hits", "HITS", OUT_COUNT },
};

static const char usage[] =
	"[list] | add [pref N] [from CIDS] [to CIDS|host|guests] [port PORTS] [type stream|seqpacket] VERDICT | remove PREF | flush";

static const char doc[] =
	"Who gets a connection that a guest asks for: the first route that matches says, and without "
	"one the host gets what is for the host, and nobody the rest."
	"\vCIDS and PORTS are a number or a range, 3-10. VERDICT is host, sibling (the guest that was "
	"asked for), agent or reject. Connections that are there stay as they are. To change routes needs "
	"CAP_NET_ADMIN.";

static int run(struct vhx_nl *nl, const struct words *words);

static const struct vsock_verb table = { "route", usage, doc, run };

/* --- one to be added --- */

/* Return: RC_OK, or that it was said what is wrong. */
static int get_cids(const char *key, const char *word, struct vhx_range *range)
{
	if (!strcmp(word, "any")) {
		*range = (struct vhx_range) { 0, UINT32_MAX };
		return RC_OK;
	}
	if (!strcmp(word, "host")) {
		*range = (struct vhx_range) { 2, 2 };
		return RC_OK;
	}
	if (!strcmp(word, "guests")) {
		*range = (struct vhx_range) { 3, UINT32_MAX };
		return RC_OK;
	}
	if (!number_range(word, range))
		return RC_OK;
	return fail(RC_USAGE, 0, "a CID, FIRST-LAST, host, guests, or any", "%s %s", key, word);
}

static int get_type(const char *word, struct vhx_vsock_route *route)
{
	if (!strcmp(word, "stream"))
		route->type = VIRTIO_VSOCK_TYPE_STREAM;
	else if (!strcmp(word, "seqpacket"))
		route->type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	else if (strcmp(word, "any"))
		return fail(RC_USAGE, 0, "there are: stream, seqpacket", "type %s", word);
	return RC_OK;
}

static int get_pref(const char *word, struct vhx_vsock_route *route)
{
	__u64 pref;

	if (number(word, VHX_VSOCK_PREF_MAX, &pref) || !pref)
		return fail(RC_USAGE, 0, "1 to 2147483648, the least is asked first", "pref %s",
			    word);
	route->pref = pref;
	return RC_OK;
}

static int get_key(const char *key, const char *word, struct vhx_vsock_route *route)
{
	if (!strcmp(key, "from"))
		return get_cids(key, word, &route->from);
	if (!strcmp(key, "to"))
		return get_cids(key, word, &route->to);
	if (!strcmp(key, "type"))
		return get_type(word, route);
	if (!strcmp(key, "pref"))
		return get_pref(word, route);
	if (strcmp(key, "port"))
		return fail(RC_USAGE, 0, "there are: pref, from, to, port, type", "no \"%s\" of a route",
			    key);
	if (!strcmp(word, "any") || !number_range(word, &route->port))
		return RC_OK;
	return fail(RC_USAGE, 0, "a port, or FIRST-LAST", "port %s", word);
}

static int get_verdict(const char *word, struct vhx_vsock_route *route)
{
	__u8 verdict;

	for (verdict = VHX_VSOCK_HOST; vhx_vsock_verdict__name(verdict); verdict++) {
		if (strcmp(word, vhx_vsock_verdict__name(verdict)))
			continue;
		route->verdict = verdict;
		return RC_OK;
	}
	return fail(RC_USAGE, 0, "host, sibling, agent or reject, as the last word", "no verdict \"%s\"",
		    word);
}

static int get_route(const struct words *words, struct vhx_vsock_route *route)
{
	int i, rc;

	if (words->nr < 2)
		return fail(RC_USAGE, 0, "host, sibling, agent or reject", "a route needs a verdict");
	for (i = 1; i + 2 < words->nr; i += 2) {
		rc = get_key(words->word[i], words->word[i + 1], route);
		if (rc)
			return rc;
	}
	if (i + 1 < words->nr)
		return fail(RC_USAGE, 0, "host, sibling, agent or reject, as the last word",
			    "\"%s %s\" is no verdict", words->word[i], words->word[i + 1]);
	return get_verdict(words->word[i], route);
}

/* --- what is done --- */

static int add(struct vhx_nl *nl, const struct words *words)
{
	struct vhx_vsock_route route = { 0 };
	int rc = get_route(words, &route);

	return rc ?: vsock_tell(nl, &table, vhx_vsock_route__add(nl, &route), "add");
}

static int take_away(struct vhx_nl *nl, const struct words *words)
{
	struct vhx_vsock_route route = { 0 };
	int rc;

	if (words->nr != 2)
		return fail(RC_USAGE, 0, "vhx vsock route, for what there is",
			    "remove which? A preference");
	rc = get_pref(words->word[1], &route);
	return rc ?: vsock_tell(nl, &table, vhx_vsock_route__del(nl, route.pref), "remove");
}

static int list(struct vhx_nl *nl)
{
	struct json_object *routes;
	int rc;

	routes = collect_routes(nl, &rc);
	if (!routes)
		return rc;
	if (out_json(routes))
		return RC_OK;
	out_table(routes, cols, ARRAY_SIZE(cols));
	if (!json_object_array_length(routes))
		say("no route: the host gets what is for the host, and nobody the rest");
	json_object_put(routes);
	return RC_OK;
}

static int run(struct vhx_nl *nl, const struct words *words)
{
	const char *verb = words->nr ? words->word[0] : "list";

	if (!strcmp(verb, "add"))
		return add(nl, words);
	if (!strcmp(verb, "remove"))
		return take_away(nl, words);
	if (!strcmp(verb, "flush") && words->nr == 1)
		return vsock_tell(nl, &table, vhx_vsock_route__del(nl, 0), "flush");
	if (!strcmp(verb, "list") && words->nr <= 1)
		return list(nl);
	return fail(RC_USAGE, 0, "there are: list, add, remove, flush", "vsock route: \"%s\"", verb);
}

int cmd_vsock_route(int argc, char **argv)
{
	return vsock_words(&table, argc, argv);
}
