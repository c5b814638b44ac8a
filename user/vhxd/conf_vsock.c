// SPDX-License-Identifier: GPL-2.0-only
/* [vsock CID] of vhxd.conf. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vhx_agent.h>

#include "conf.h"

#define GUESTS_MAX	256	/* of a session */
#define GUESTS_ROOM	8	/* at least, for those that come while it runs */

/* As the kernel has it. */
#define COUNT_MOST	UINT32_MAX
#define BACKLOG_LEAST	(256ULL << 10)
#define RATE_MOST	(1ULL << 40)

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
	v->limits.cid = v->cid;
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

static int set_grace(struct vsock_conf *v, const char *value, struct msg *why)
{
	uint64_t seconds;

	if (conf_parse_count(value, VHX_AGENT_GRACE_MAX / 1000, &seconds, why))
		return msg_set(why, -EINVAL, "\"%.20s\": a grace is 0 to %d seconds", value,
			       VHX_AGENT_GRACE_MAX / 1000);
	v->grace = (unsigned int)seconds;
	return 0;
}

/* --- limits --- */

/* Attributes of limits follow each other as the limits do. */
#define LIMIT(NAME)	(VHX_A_VSOCK_LIMIT_##NAME - VHX_A_VSOCK_LIMIT_CID - 1)

static const char *const limits[] = {
#define LIMIT_NAME(NAME, initial, name, doc) [LIMIT(NAME)] = name,
	VHX_VSOCK_LIMITS(LIMIT_NAME)
#undef LIMIT_NAME
};

/* What the kernel would not have. */
static int check_limit(unsigned int which, uint64_t value, struct msg *why)
{
	if (which == LIMIT(PENDING) && !value)
		return msg_set(why, -EINVAL, "limit.pending is 1 at least");
	if (which == LIMIT(BACKLOG) && value < BACKLOG_LEAST)
		return msg_set(why, -EINVAL, "limit.backlog is 256K at least: no packet would fit");
	return 0;
}

static uint64_t limit_most(unsigned int which)
{
	if (which == LIMIT(CONNS) || which == LIMIT(PENDING))
		return COUNT_MOST;
	return which == LIMIT(BACKLOG) ? INT64_MAX : RATE_MOST;
}

static int set_limit(struct vsock_conf *v, const char *name, const char *value, struct msg *why)
{
	struct vhx_vsock_limits *l = &v->limits;
	uint64_t number;
	unsigned int i;
	int ret;

	for (i = 0; i < VHX_VSOCK_LIMIT_NR && strcmp(limits[i], name); i++)
		;
	if (i == VHX_VSOCK_LIMIT_NR)
		return msg_set(why, -EINVAL, "there is no limit.%.40s: see `vhx vsock limit --help`", name);
	if (l->set & 1U << i)
		return msg_set(why, -EEXIST, "limit.%s is there twice", name);
	ret = conf_parse_bytes(value, limit_most(i), &number, why);
	if (!ret)
		ret = check_limit(i, number, why);
	if (ret)
		return ret;
	l->value[i] = number;
	l->set |= 1U << i;
	return 0;
}

/* --- a section --- */

int conf_set_vsock(struct vsock_conf *v, const char *name, const char *value, struct msg *why)
{
	if (!strcmp(name, "path"))
		return set_path(value, v->path, why);
	if (!strcmp(name, "name"))
		return conf_parse_text(value, v->name, sizeof(v->name), why);
	if (!strcmp(name, "grace"))
		return set_grace(v, value, why);
	if (!strncmp(name, "listen.", 7))
		return add_map(v, name + 7, value, true, why);
	if (!strncmp(name, "connect.", 8))
		return add_map(v, name + 8, value, false, why);
	if (!strcmp(name, "register"))
		return conf_parse_switch(value, &v->is_registered, why);
	if (!strncmp(name, "limit.", 6))
		return set_limit(v, name + 6, value, why);
	return msg_set(why, -EINVAL,
		       "[vsock %u] has no setting \"%s\": there are path, name, grace, register, listen.PORT, connect.PORT, limit.LIMIT",
		       v->cid, name);
}

struct vsock_conf *conf_find_vsock(const struct conf *c, uint32_t cid)
{
	unsigned int i;

	for (i = 0; i < c->nr_vsocks; i++)
		if (c->vsocks[i].cid == cid)
			return &c->vsocks[i];
	return NULL;
}

int conf_copy_vsock(struct vsock_conf *to, const struct vsock_conf *from)
{
	*to = *from;
	to->maps = NULL;
	if (!from->nr_maps)
		return 0;
	to->maps = malloc(from->nr_maps * sizeof(*to->maps));
	if (!to->maps)
		return -ENOMEM;
	memcpy(to->maps, from->maps, from->nr_maps * sizeof(*to->maps));
	return 0;
}

/* --- all of them --- */

/* By its name a guest is registered, and asked for. */
static int check_names(const struct conf *c, struct msg *why)
{
	unsigned int i, j;

	for (i = 0; i < c->nr_vsocks; i++)
		for (j = 0; j < i; j++)
			if (!strcmp(c->vsocks[i].name, c->vsocks[j].name))
				return msg_set(why, -EEXIST, "[vsock %u] and [vsock %u] have one name, \"%s\"",
					       c->vsocks[j].cid, c->vsocks[i].cid, c->vsocks[i].name);
	return 0;
}

int conf_check_vsocks(struct conf *c, struct msg *why)
{
	unsigned int room = GUESTS_ROOM;

	if (c->vsock_guests && c->vsock_guests < c->nr_vsocks)
		return msg_set(why, -EINVAL, "vsock_guests = %u: there are %u already", c->vsock_guests,
			       c->nr_vsocks);
	while (room < c->nr_vsocks)
		room *= 2;
	if (!c->vsock_guests && c->nr_vsocks)
		c->vsock_guests = room;
	return check_names(c, why);
}
