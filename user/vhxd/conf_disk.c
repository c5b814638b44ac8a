// SPDX-License-Identifier: GPL-2.0-only
/* A disk in one line: its path, its options, its place. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "scsi/bytes.h"
#include "scsi/scsi.h"

enum kind { FLAG, TEXT, BYTES, CACHE, BLOCK };

struct option {
	const char *name;
	enum kind kind;
	size_t off;
	uint32_t size;
};

#define OPTION(name, kind, member) \
	{ name, kind, offsetof(struct disk_conf, member), \
	  sizeof(((struct disk_conf *)0)->member) }

static const struct option options[] = {
	OPTION("name", TEXT, name),
	OPTION("serial", TEXT, serial),
	OPTION("uuid", TEXT, uuid),
	OPTION("vendor", TEXT, vendor),
	OPTION("product", TEXT, product),
	OPTION("backend", TEXT, backend),
	OPTION("size", BYTES, size),
	OPTION("block", BLOCK, block),
	OPTION("cache", CACHE, write_through),
	OPTION("readonly", FLAG, read_only),
	OPTION("thin", FLAG, thin),
	OPTION("buffered", FLAG, buffered),
};

static const struct option *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, name))
			return options + i;
	return NULL;
}

static int set_cache(const char *value, bool *write_through, struct msg *msg)
{
	*write_through = !strcmp(value, "writethrough");
	if (*write_through || !strcmp(value, "writeback"))
		return 0;
	return msg_set(msg, -EINVAL, "cache=%.40s: it is writeback or writethrough", value);
}

static int set_block(const char *value, uint32_t *block, struct msg *msg)
{
	*block = !strcmp(value, "4096") ? 4096 : 512;
	if (*block == 4096 || !strcmp(value, "512"))
		return 0;
	return msg_set(msg, -EINVAL, "block=%.40s: it is 512 or 4096", value);
}

static int set_value(void *at, const struct option *o, const char *value, struct msg *msg)
{
	switch (o->kind) {
	case TEXT:
		return conf_parse_text(value, at, o->size, msg);
	case BYTES:
		return conf_parse_bytes(value, INT64_MAX, at, msg);
	case CACHE:
		return set_cache(value, at, msg);
	case BLOCK:
		return set_block(value, at, msg);
	case FLAG:
		break;
	}
	return msg_set(msg, -EINVAL, "%s takes no value", o->name);
}

static int set_option(struct disk_conf *disk, char *word, struct msg *msg)
{
	char *value = strchr(word, '=');
	const struct option *o;
	void *at;

	if (value)
		*value++ = '\0';
	o = find(word);
	if (!o)
		return msg_set(msg, -EINVAL, "no option of a disk is called \"%.40s\"", word);
	at = (char *)disk + o->off;
	if (value)
		return set_value(at, o, value, msg);
	if (o->kind != FLAG)
		return msg_set(msg, -EINVAL, "%s needs a value: %s=...", o->name, o->name);
	*(bool *)at = true;
	return 0;
}

/* Up to the next comma; two of them are one that belongs to the word, as QEMU has it. */
static const char *next_word(const char *at, char *word, size_t size)
{
	size_t len = 0;

	for (; *at; at++) {
		if (*at == ',' && *++at != ',')
			break;
		if (len == size - 1)
			return NULL;
		word[len++] = *at;
	}
	word[len] = '\0';
	return at;
}

static int check_words(const struct disk_conf *disk, struct msg *msg)
{
	if (strchr(disk->name, '/') || strchr(disk->name, ' ') || disk->name[0] == '.')
		return msg_set(msg, -EINVAL,
			       "name=%s: a name has neither / nor blanks, and no dot at its beginning",
			       disk->name);
	return 0;
}

int conf_parse_disk(struct disk_conf *disk, const char *spec, struct msg *msg)
{
	char word[CONF_PATH_LEN];
	int ret;

	disk->block = 512;
	spec = next_word(spec, disk->path, sizeof(disk->path));
	if (!spec)
		return msg_set(msg, -ENAMETOOLONG, "the path has more than %d characters",
			       CONF_PATH_LEN - 1);
	if (disk->path[0] != '/')
		return msg_set(msg, -EINVAL, "\"%.80s\" is no absolute path", disk->path);
	while (*spec) {
		spec = next_word(spec, word, sizeof(word));
		if (!spec)
			return msg_set(msg, -ENAMETOOLONG, "an option is too long");
		ret = set_option(disk, word, msg);
		if (ret)
			return ret;
	}
	return check_words(disk, msg);
}

int conf_parse_place(struct disk_conf *disk, const char *place, struct msg *msg)
{
	const char *dot = strchr(place, '.');
	uint64_t target = 0, lun = 0;
	char word[8] = "0";

	if (dot && (size_t)(dot - place) < sizeof(word)) {
		memcpy(word, place, (size_t)(dot - place));
		word[dot - place] = '\0';
	} else if (dot) {
		goto bad;
	}
	if (conf_parse_count(word, SCSI_MAX_TARGET, &target, NULL) ||
	    conf_parse_count(dot ? dot + 1 : place, SCSI_MAX_LUN, &lun, NULL))
		goto bad;
	disk->target = (uint8_t)target;
	disk->lun = (uint16_t)lun;
	return 0;

bad:
	return msg_set(msg, -EINVAL, "\"%.40s\" is neither LUN nor TARGET.LUN (LUN up to %d, TARGET up to %d)",
		       place, SCSI_MAX_LUN, SCSI_MAX_TARGET);
}

void conf_name_disk(struct disk_conf *disk, const char *wwpn)
{
	if (!disk->name[0])
		snprintf(disk->name, sizeof(disk->name), "%s:%u:%u", wwpn, disk->target,
			 disk->lun);
}

bool conf_same_disk(const struct disk_conf *a, const struct disk_conf *b)
{
	size_t i;
	const struct option *o;

	if (strcmp(a->path, b->path))
		return false;
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		o = options + i;
		if (o->kind == TEXT ? strcmp((char *)a + o->off, (char *)b + o->off) :
		    memcmp((char *)a + o->off, (char *)b + o->off, o->size))
			return false;
	}
	return true;
}
