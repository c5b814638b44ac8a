// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no line by itself can be wrong in. A path that is there twice is one disk that targets
 * share, which only those of a group can: a group has one lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static bool same_group(const struct target_conf *a, const struct target_conf *b)
{
	return a == b || (a->group[0] && !strcmp(a->group, b->group));
}

static int check_place(const struct target_conf *target, const struct disk_conf *disk,
		       struct msg *msg)
{
	unsigned int i;

	for (i = 0; i < target->nr_disks; i++) {
		if (target->disks[i].target == disk->target && target->disks[i].lun == disk->lun)
			return msg_set(msg, -EEXIST, "%s has a disk at %u.%u: %s", target->wwpn,
				       disk->target, disk->lun, target->disks[i].path);
		if (!strcmp(target->disks[i].path, disk->path))
			return msg_set(msg, -EEXIST, "%s has %s already, at %u.%u", target->wwpn,
				       disk->path, target->disks[i].target,
				       target->disks[i].lun);
	}
	return 0;
}

/* @other is of target @its. */
static int check_sharing(const struct target_conf *target, struct disk_conf *disk,
			 const struct target_conf *its, const struct disk_conf *other,
			 struct msg *msg)
{
	if (strcmp(other->path, disk->path)) {
		if (!disk->name[0] || strcmp(other->name, disk->name))
			return 0;
		return msg_set(msg, -EEXIST, "%s and %s are both called %s", other->path,
			       disk->path, disk->name);
	}
	if (!same_group(target, its))
		return msg_set(msg, -EEXIST,
			       "%s is a disk of %s, too: targets that share one need the same \"group =\" above it",
			       disk->path, its->wwpn);
	if (!disk->name[0])
		strcpy(disk->name, other->name);
	if (!conf_same_disk(disk, other))
		return msg_set(msg, -EINVAL, "%s has other options here than in %s", disk->path,
			       its->wwpn);
	return 0;
}

static int check_others(const struct conf *conf, const struct target_conf *target,
			struct disk_conf *disk, struct msg *msg)
{
	const struct target_conf *its;
	unsigned int i, j;
	int ret;

	for (i = 0; i < conf->nr_targets; i++) {
		its = conf->targets + i;
		for (j = 0; j < its->nr_disks; j++) {
			ret = check_sharing(target, disk, its, its->disks + j, msg);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int conf_add_disk(struct conf *conf, struct target_conf *target, const struct disk_conf *disk,
		  struct msg *msg)
{
	struct disk_conf named = *disk, *disks;
	int ret;

	ret = check_place(target, disk, msg);
	if (!ret)
		ret = check_others(conf, target, &named, msg);
	if (ret)
		return ret;
	conf_name_disk(&named, target->wwpn);
	disks = realloc(target->disks, (target->nr_disks + 1) * sizeof(*disks));
	if (!disks)
		return msg_set(msg, -ENOMEM, "no memory");
	disks[target->nr_disks++] = named;
	target->disks = disks;
	return 0;
}
