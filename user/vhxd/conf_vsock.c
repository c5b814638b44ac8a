// SPDX-License-Identifier: GPL-2.0-only
/* [vsock CID] of vhxd.conf. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define GUESTS_MAX	256	/* of a session */

int conf_new_vsock(struct conf *c, const char *text, struct msg *why)
{
	struct vsock_conf *v;
	uint64_t cid;
	unsigned int i;

	if (conf_parse_count(text, UINT32_MAX - 1, &cid, why) || cid < 3)
		return msg_set(why, -EINVAL, "[vsock %.20s]: a guest's CID is 3 to 4294967294", text);
	for (i = 0; i < c->nr_vsocks; i++)
		if (c->vsocks[i].cid == cid)
			return msg_set(why, -EEXIST, "[vsock %u] is there twice", c->vsocks[i].cid);
	if (c->nr_vsocks == GUESTS_MAX)
		return msg_set(why, -ENOSPC, "more than %d guests with vsock", GUESTS_MAX);
	v = realloc(c->vsocks, (c->nr_vsocks + 1) * sizeof(*v));
	if (!v)
		return msg_set(why, -ENOMEM, "no memory");
	c->vsocks = v;
	v += c->nr_vsocks++;
	memset(v, 0, sizeof(*v));
	v->cid = (uint32_t)cid;
	snprintf(v->name, sizeof(v->name), "%u", v->cid);
	return 0;
}

static int set_path(const char *value, char *at, struct msg *why)
{
	if (*value != '/')
		return msg_set(why, -EINVAL, "\"%.80s\": a socket's path is absolute", value);
	/* What a socket's address holds, and room for _PORT. */
	if (strlen(value) > 96)
		return msg_set(why, -ENAMETOOLONG, "\"%.40s...\": a socket's path has at most 96 characters",
			       value);
	return conf_parse_text(value, at, CONF_PATH_LEN, why);
}

/* PATH, or PATH,seqpacket */
static int set_map_path(struct vsock_map *map, const char *value, struct msg *why)
{
	static const char option[] = ",seqpacket";
	const size_t len = strlen(value), n = sizeof(option) - 1;
	char path[CONF_PATH_LEN];

	if (len >= sizeof(path))
		return msg_set(why, -ENAMETOOLONG, "the path is too long");
	strcpy(path, value);
	if (map->listen && len > n && !strcmp(path + len - n, option)) {
		map->seqpacket = true;
		path[len - n] = '\0';
	}
	return set_path(path, map->path, why);
}

static int add_map(struct vsock_conf *v, const char *port, const char *value, bool is_listen, struct msg *why)
{
	struct vsock_map *maps;
	uint64_t number;
	unsigned int i;

	if (conf_parse_count(port, UINT32_MAX - 1, &number, why) || !number)
		return msg_set(why, -EINVAL, "\"%.20s\": a port is 1 to 4294967294", port);
	for (i = 0; i < v->nr_maps; i++)
		if (v->maps[i].port == number && v->maps[i].listen == is_listen)
			return msg_set(why, -EEXIST, "%s.%s is there twice",
				       is_listen ? "listen" : "connect", port);
	maps = realloc(v->maps, (v->nr_maps + 1) * sizeof(*maps));
	if (!maps)
		return msg_set(why, -ENOMEM, "no memory");
	v->maps = maps;
	maps += v->nr_maps;
	*maps = (struct vsock_map) { .port = (uint32_t)number, .listen = is_listen };
	i = (unsigned int)set_map_path(maps, value, why);
	if (!i)
		v->nr_maps++;
	return (int)i;
}

int conf_set_vsock(struct vsock_conf *v, const char *name, const char *value, struct msg *why)
{
	if (!strcmp(name, "path"))
		return set_path(value, v->path, why);
	if (!strcmp(name, "name"))
		return conf_parse_text(value, v->name, sizeof(v->name), why);
	if (!strncmp(name, "listen.", 7))
		return add_map(v, name + 7, value, true, why);
	if (!strncmp(name, "connect.", 8))
		return add_map(v, name + 8, value, false, why);
	return msg_set(why, -EINVAL, "[vsock %u] has no setting \"%s\": there are path, name, listen.PORT, connect.PORT",
		       v->cid, name);
}
