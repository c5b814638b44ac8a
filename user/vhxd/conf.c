// SPDX-License-Identifier: GPL-2.0-only
/* vhxd.conf, read. inih splits the lines; what they mean, and where an error is, is here. */
#include <errno.h>
#include <ini.h>
#include <linux/vhx_agent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "scsi/bytes.h"

#define SECTION_MAX	49	/* inih cuts longer ones without a word */

/**
 * struct parser - where it is in the file
 * @line: the one that was read last
 * @target: of the section, NULL in [vhxd] and [vsock]
 * @vsock: of the section, NULL in the others
 * @section: the section's name as it was seen last
 * @seen: settings of [vhxd], or of the target, that were there
 * @err: the first error, which @msg is about
 */
struct parser {
	const char *path;
	FILE *file;
	unsigned int line;
	struct conf *conf;
	struct target_conf *target;
	struct vsock_conf *vsock;
	char section[SECTION_MAX + 2];
	unsigned int seen;
	struct msg *msg;
	int err;
};

static int give_up(struct parser *p, int err, const struct msg *why)
{
	if (!p->err)
		p->err = msg_set(p->msg, err, "%s:%u: %s", p->path, p->line, why->text);
	return 0;
}

/* inih takes the rest of a line that is too long for the next one: so there must be none. */
static char *read_line(char *buf, int size, void *arg)
{
	struct parser *p = arg;
	struct msg why;
	size_t len;

	if (p->err || !fgets(buf, size, p->file))
		return NULL;
	p->line++;
	len = strlen(buf);
	if (len && buf[len - 1] == '\n')
		return buf;
	if (len == (size_t)size - 1) {
		msg_set(&why, 0, "the line has more than %d characters", size - 2);
		give_up(p, -EINVAL, &why);
		return NULL;
	}
	if (feof(p->file))
		return buf;
	msg_set(&why, 0, "there is a NUL in it");
	give_up(p, -EINVAL, &why);
	return NULL;
}

static int set_number(const char *value, uint64_t max, unsigned int *at, struct msg *why)
{
	uint64_t number;
	int ret;

	ret = conf_parse_count(value, max, &number, why);
	if (ret)
		return ret;
	if (!number)
		return msg_set(why, -EINVAL, "\"%s\": at least 1", value);
	*at = (unsigned int)number;
	return 0;
}

static int set_pool(const char *value, uint32_t *at, struct msg *why)
{
	uint64_t bytes;
	int ret;

	ret = conf_parse_bytes(value, VHX_AGENT_POOL_MAX, &bytes, why);
	if (ret)
		return ret;
	if (!bytes || bytes % 4096)
		return msg_set(why, -EINVAL, "\"%s\" is no multiple of 4096", value);
	*at = (uint32_t)bytes;
	return 0;
}

/* Which of @names; -1 for none, -2 for one that was there before */
static int pick(struct parser *p, const char *const *names, const char *name)
{
	int i;

	for (i = 0; names[i]; i++) {
		if (strcmp(names[i], name))
			continue;
		if (p->seen & 1U << i)
			return -2;
		p->seen |= 1U << i;
		return i;
	}
	return -1;
}

static int no_setting(int which, const char *name, const char *section, struct msg *why)
{
	if (which == -2)
		return msg_set(why, -EEXIST, "%s is there twice", name);
	return msg_set(why, -EINVAL, "[%s] has no setting \"%s\"", section, name);
}

/* The one setting that may be there more than once. */
static int set_plugin(struct conf *c, const char *value, struct msg *why)
{
	int ret;

	if (*value != '/')
		return msg_set(why, -EINVAL, "\"%.80s\": a plug-in's path is absolute", value);
	if (c->nr_plugins == CONF_PLUGINS)
		return msg_set(why, -ENOSPC, "more than %d plug-ins", CONF_PLUGINS);
	ret = conf_parse_text(value, c->plugins[c->nr_plugins], CONF_PATH_LEN, why);
	if (!ret)
		c->nr_plugins++;
	return ret;
}

static int set_host(struct parser *p, const char *name, const char *value, struct msg *why)
{
	static const char *const names[] = {
		"queues", "tags", "pool", "state_dir", "user", "socket", "zero_copy",
		"zero_copy_min", "vsock_log", "vsock_guests", NULL,
	};
	struct conf *c = p->conf;
	int which;

	if (!strcmp(name, "plugin"))
		return set_plugin(c, value, why);
	which = pick(p, names, name);
	switch (which) {
	case 0:
		return set_number(value, VHX_AGENT_QUEUES_MAX, &c->queues, why);
	case 1:
		return set_number(value, VHX_AGENT_TAGS_MAX, &c->tags, why);
	case 2:
		return set_pool(value, &c->pool, why);
	case 3:
		return conf_parse_text(value, c->state_dir, sizeof(c->state_dir), why);
	case 4:
		return conf_parse_text(value, c->user, sizeof(c->user), why);
	case 5:
		return conf_parse_text(value, c->socket, sizeof(c->socket), why);
	case 6:
		return conf_parse_switch(value, &c->zero_copy, why);
	case 7:
		return set_pool(value, &c->zero_copy_min, why);
	case 8:
		return conf_parse_text(value, c->vsock_log, sizeof(c->vsock_log), why);
	case 9:
		return set_number(value, VHX_AGENT_ENDPOINTS_MAX, &c->vsock_guests, why);
	}
	return no_setting(which, name, "vhxd", why);
}

static int set_disk(struct parser *p, const char *place, const char *value, struct msg *why)
{
	struct disk_conf disk = { 0 };
	int ret;

	ret = conf_parse_place(&disk, place, why);
	if (!ret)
		ret = conf_parse_disk(&disk, value, why);
	return ret ? ret : conf_add_disk(p->conf, p->target, &disk, why);
}

static int set_target(struct parser *p, const char *name, const char *value, struct msg *why)
{
	static const char *const names[] = { "group", "quota", NULL };
	struct target_conf *t = p->target;
	int which;

	if (!strncmp(name, "lun.", 4))
		return set_disk(p, name + 4, value, why);
	which = pick(p, names, name);
	if (!which && t->nr_disks)
		return msg_set(why, -EINVAL, "group belongs above the disks");
	if (!which)
		return conf_parse_text(value, t->group, sizeof(t->group), why);
	if (which == 1)
		return set_pool(value, &t->quota, why);
	return no_setting(which, name, p->section, why);
}

static int new_target(struct parser *p, const char *wwpn, struct msg *why)
{
	struct conf *c = p->conf;
	struct target_conf *targets;

	if (!*wwpn || strlen(wwpn) >= CONF_WWPN_LEN || strpbrk(wwpn, " \t/"))
		return msg_set(why, -EINVAL, "[scsi WWPN] needs a wwpn without blanks and slashes");
	if (conf_find(c, wwpn))
		return msg_set(why, -EEXIST, "[scsi %s] is there twice", wwpn);
	if (c->nr_targets == VHX_AGENT_ENDPOINTS_MAX)
		return msg_set(why, -ENOSPC, "more than %d targets", VHX_AGENT_ENDPOINTS_MAX);
	targets = realloc(c->targets, (c->nr_targets + 1) * sizeof(*targets));
	if (!targets)
		return msg_set(why, -ENOMEM, "no memory");
	c->targets = targets;
	p->target = targets + c->nr_targets++;
	memset(p->target, 0, sizeof(*p->target));
	strcpy(p->target->wwpn, wwpn);
	return 0;
}

static int new_vsock(struct parser *p, const char *cid, struct msg *why)
{
	int ret = conf_new_vsock(p->conf, cid, why);

	if (!ret)
		p->vsock = p->conf->vsocks + p->conf->nr_vsocks - 1;
	return ret;
}

/* Only a section with a setting in it is heard of, by its first. */
static int enter_section(struct parser *p, const char *section, struct msg *why)
{
	if (!strcmp(section, p->section))
		return 0;
	if (strlen(section) >= SECTION_MAX)
		return msg_set(why, -ENAMETOOLONG, "[%s...]: the name is too long", section);
	snprintf(p->section, sizeof(p->section), "%s", section);
	p->seen = 0;
	p->target = NULL;
	p->vsock = NULL;
	if (!strcmp(section, "vhxd"))
		return 0;
	if (!strncmp(section, "scsi ", 5))
		return new_target(p, section + 5 + strspn(section + 5, " "), why);
	if (!strncmp(section, "vsock ", 6))
		return new_vsock(p, section + 6 + strspn(section + 6, " "), why);
	return msg_set(why, -EINVAL, "there is [vhxd], [scsi WWPN] and [vsock CID], but no [%s]",
		       section);
}

static int on_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *p = arg;
	struct msg why;
	int ret;

	if (p->err)
		return 0;
	if (!*section) {
		msg_set(&why, 0, "a setting before the first [section]");
		return give_up(p, -EINVAL, &why);
	}
	ret = enter_section(p, section, &why);
	if (!ret && p->vsock)
		ret = conf_set_vsock(p->vsock, name, value, &why);
	else if (!ret)
		ret = p->target ? set_target(p, name, value, &why) : set_host(p, name, value, &why);
	return ret ? give_up(p, ret, &why) : 1;
}

static bool is_power_of_two(unsigned int n)
{
	return n && !(n & (n - 1));
}

static int check_vsocks(struct parser *p)
{
	struct msg why;
	int ret = conf_check_vsocks(p->conf, &why);

	return ret ? msg_set(p->msg, ret, "%s: %s", p->path, why.text) : 0;
}

static int finish(struct parser *p, int line)
{
	struct conf *c = p->conf;

	if (p->err)
		return p->err;
	if (line > 0)
		return msg_set(p->msg, -EINVAL, "%s:%d: neither a [section] nor NAME = VALUE",
			       p->path, line);
	if (line < 0 || ferror(p->file))
		return msg_set(p->msg, -EIO, "%s: cannot be read", p->path);
	if (!c->tags)
		c->tags = c->queues * 256;
	if (c->tags % c->queues || !is_power_of_two(c->tags / c->queues) ||
	    c->tags > VHX_AGENT_TAGS_MAX)
		return msg_set(p->msg, -EINVAL,
			       "%s: tags = %u: each of %u queues needs a power of two, %d in all at most",
			       p->path, c->tags, c->queues, VHX_AGENT_TAGS_MAX);
	return check_vsocks(p);
}

static struct conf *conf_new(void)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->queues = 1;
	c->pool = 32 << 20;
	strcpy(c->state_dir, CONF_STATE_DIR);
	strcpy(c->socket, CONF_SOCKET);
	return c;
}

int conf_load(const char *path, struct conf **conf, struct msg *msg)
{
	struct parser p = { .path = path, .msg = msg };
	int ret;

	p.file = fopen(path, "re");
	if (!p.file)
		return msg_set(msg, -errno, "%s: cannot be opened (%s)", path, msg_errno(errno));
	p.conf = conf_new();
	if (!p.conf)
		ret = msg_set(msg, -ENOMEM, "%s: no memory", path);
	else
		ret = finish(&p, ini_parse_stream(read_line, &p, on_setting, &p));
	fclose(p.file);
	if (ret)
		conf_free(p.conf);
	else
		*conf = p.conf;
	return ret;
}

void conf_free(struct conf *conf)
{
	unsigned int i;

	if (!conf)
		return;
	for (i = 0; i < conf->nr_targets; i++)
		free(conf->targets[i].disks);
	free(conf->targets);
	for (i = 0; i < conf->nr_vsocks; i++)
		free(conf->vsocks[i].maps);
	free(conf->vsocks);
	free(conf);
}

struct target_conf *conf_find(const struct conf *conf, const char *wwpn)
{
	unsigned int i;

	for (i = 0; i < conf->nr_targets; i++)
		if (!strcmp(conf->targets[i].wwpn, wwpn))
			return conf->targets + i;
	return NULL;
}
