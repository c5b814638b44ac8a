// SPDX-License-Identifier: GPL-2.0-only
/* Disks that come and go, while guests are at others. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "log.h"
#include "news.h"

#define END_MS		2000	/* for commands to end by themselves */
#define LET_GO_MS	5000	/* and, from then on aborted, at all */
#define LOOK_MS		5

static int take_place(struct host *host)
{
	int i;

	for (i = LOOP_FILE_DISKS; i < LOOP_NR_FILES; i++) {
		if (host->places[i])
			continue;
		host->places[i] = true;
		return i;
	}
	return -ENOSPC;
}

/* A path that another group has, or a name: conf_check.c says it of the file, this of the rest. */
static int check_new(struct host *host, const struct endpoint *endpoint,
		     const struct disk_conf *conf, struct msg *msg)
{
	struct disk *disk;

	list_for_each(disk, &host->disks, node) {
		if (!strcmp(disk->conf.path, conf->path))
			return msg_set(msg, -EEXIST,
				       "%s is served already: to share it targets need one group, and its options",
				       conf->path);
		if (!strcmp(disk->conf.name, conf->name))
			return msg_set(msg, -EEXIST, "%s is called %s: give name=...",
				       disk->conf.path, conf->name);
	}
	if (endpoint_lun(endpoint, conf->target, conf->lun))
		return msg_set(msg, -EEXIST, "%s has a disk at %u.%u", endpoint->wwpn,
			       conf->target, conf->lun);
	return 0;
}

static struct disk *find_shared(struct host *host, const struct endpoint *endpoint,
				const struct disk_conf *conf)
{
	struct disk *disk;

	list_for_each(disk, &host->disks, node)
		if (disk->group == endpoint->group && conf_same_disk(&disk->conf, conf))
			return disk;
	return NULL;
}

static int get_disk(struct host *host, const struct endpoint *endpoint,
		    const struct disk_conf *conf, struct disk **disk, struct msg *msg)
{
	struct disk_spec spec = { .conf = conf, .group = endpoint->group };
	int ret;

	*disk = find_shared(host, endpoint, conf);
	if (*disk)
		return 0;
	ret = check_new(host, endpoint, conf, msg);
	if (ret)
		return ret;
	spec.place = take_place(host);
	if (spec.place < 0)
		return msg_set(msg, spec.place, "%s: there are %d disks", conf->path,
			       LOOP_NR_FILES - LOOP_FILE_DISKS);
	ret = disk_open(&host->home, &spec, disk, msg);
	if (ret)
		host->places[spec.place] = false;
	else
		list_add(&host->disks, &(*disk)->node);
	return ret;
}

static void put_disk(struct host *host, struct disk *disk)
{
	int place = disk->engine.place;

	if (disk->uses)
		return;
	list_del(&disk->node);
	disk_close(&host->home, disk, host->loops_run);
	/* The file, and its lock, may be kept as long as commands are parked. */
	if (host->loops_run)
		vhx_agent__wake(host->agent);
	host->places[place] = false;
}

static int map(struct endpoint *endpoint, struct lun *lun)
{
	int ret;

	pthread_mutex_lock(&endpoint->group->lock);
	ret = scsi_target_map(endpoint->target, lun->target, lun->lun, lun->disk->unit);
	pthread_mutex_unlock(&endpoint->group->lock);
	return ret;
}

int host_add_disk(struct host *host, struct endpoint *endpoint, const struct disk_conf *conf,
		  bool by_hand, struct msg *msg)
{
	struct lun *lun;
	int ret;

	if (endpoint->leaving)
		return msg_set(msg, -EBUSY, "%s is being given up: reload again", endpoint->wwpn);
	lun = calloc(1, sizeof(*lun));
	if (!lun)
		return msg_set(msg, -ENOMEM, "%s: no memory", conf->path);
	lun->target = conf->target;
	lun->lun = conf->lun;
	lun->by_hand = by_hand;
	ret = get_disk(host, endpoint, conf, &lun->disk, msg);
	if (ret)
		goto err_free;
	ret = map(endpoint, lun);
	if (ret) {
		msg_set(msg, ret, "%s: cannot be at %u.%u of %s (%s)", conf->path, conf->target,
			conf->lun, endpoint->wwpn, msg_errno(ret));
		goto err_put;
	}
	lun->disk->uses++;
	list_add(&endpoint->luns, &lun->node);
	if (endpoint->nexus)
		news_added(host, endpoint, lun);
	return 0;

err_put:
	put_disk(host, lun->disk);
err_free:
	free(lun);
	return ret;
}

static int try_unmap(struct endpoint *endpoint, const struct lun *lun, bool abort)
{
	int ret;

	pthread_mutex_lock(&endpoint->group->lock);
	ret = scsi_target_unmap(endpoint->target, lun->target, lun->lun);
	if (ret == -EBUSY && abort)
		scsi_target_abort(endpoint->target, lun->target, lun->lun);
	pthread_mutex_unlock(&endpoint->group->lock);
	return ret;
}

static int retire(struct endpoint *endpoint, const struct lun *lun, bool retired)
{
	int ret;

	pthread_mutex_lock(&endpoint->group->lock);
	ret = scsi_target_retire(endpoint->target, lun->target, lun->lun, retired);
	pthread_mutex_unlock(&endpoint->group->lock);
	return ret;
}

/* New commands have to wait; those under way end, or are aborted when that takes long. */
static int unmap(struct endpoint *endpoint, const struct lun *lun)
{
	unsigned int waited;
	int ret;

	ret = retire(endpoint, lun, true);
	if (ret)
		return ret;
	for (waited = 0;; waited += LOOK_MS) {
		ret = try_unmap(endpoint, lun, waited >= END_MS);
		if (ret != -EBUSY || waited >= LET_GO_MS)
			break;
		usleep(LOOK_MS * 1000);
	}
	if (ret)
		retire(endpoint, lun, false);
	return ret;
}

int host_remove_disk(struct host *host, struct endpoint *endpoint, struct lun *lun,
		     struct msg *msg)
{
	int ret;

	ret = unmap(endpoint, lun);
	if (ret)
		return msg_set(msg, ret, "%s: its I/O does not end (%s), so that it stays",
			       lun->disk->conf.path, msg_errno(ret));
	list_del(&lun->node);
	news_removed(host, endpoint, lun);
	lun->disk->uses--;
	put_disk(host, lun->disk);
	free(lun);
	return 0;
}
