// SPDX-License-Identifier: GPL-2.0-only
/* Disks, opened and closed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"
#include "retry.h"

static const char *kind_of(const struct disk_conf *conf)
{
	struct stat st;

	if (conf->backend[0])
		return conf->backend;
	return !stat(conf->path, &st) && S_ISBLK(st.st_mode) ? "block" : "file";
}

/*
 * An agent that was killed holds its files' locks until its last I/O has ended. That is what
 * makes it safe to write again, so there is nothing to do but wait for it.
 */
static int open_backend(const struct disk_home *home, struct disk *disk, struct msg *msg)
{
	const struct backend_config config = {
		.path = disk->conf.path,
		.engine = &disk->engine.base,
		.size = disk->conf.size,
		.block_size = disk->conf.block,
		.read_only = disk->conf.read_only,
		.buffered = disk->conf.buffered,
	};
	struct retry retry = { .limit_ms = home->wait_ms };
	int ret;

	do {
		ret = backend_open(kind_of(&disk->conf), &config, &disk->backend, msg);
	} while ((ret == -EWOULDBLOCK || ret == -EBUSY) && retry_wait(&retry, disk->conf.path));
	return ret;
}

static int open_unit(const struct disk_home *home, struct disk *disk, struct msg *msg)
{
	const struct disk_conf *c = &disk->conf;
	char state[CONF_PATH_LEN + sizeof(c->name) + 8];
	const struct scsi_unit_config config = {
		.name = c->name,
		.uuid = c->uuid[0] ? c->uuid : NULL,
		.serial = c->serial[0] ? c->serial : NULL,
		.vendor = c->vendor[0] ? c->vendor : NULL,
		.product = c->product[0] ? c->product : NULL,
		.block_size = c->block,
		.write_cache = !c->write_through,
		.read_only = c->read_only,
		.thin = c->thin,
		.state = state,
		.boot_id = home->boot_id,
	};

	snprintf(state, sizeof(state), "%s/%s.state", home->state_dir, c->name);
	return scsi_unit_create(&config, disk->backend, &disk->unit, msg);
}

int disk_open(const struct disk_home *home, const struct disk_spec *spec, struct disk **disk,
	      struct msg *msg)
{
	struct disk *d;
	int ret;

	d = calloc(1, sizeof(*d));
	if (!d)
		return msg_set(msg, -ENOMEM, "%s: no memory", spec->conf->path);
	d->conf = *spec->conf;
	d->group = spec->group;
	engine_init(&d->engine, &spec->group->lock, spec->place, home->loops);
	ret = open_backend(home, d, msg);
	if (ret)
		goto err_free;
	ret = open_unit(home, d, msg);
	if (ret)
		goto err_close;
	*disk = d;
	return 0;

err_close:
	backend_close(d->backend);
err_free:
	free(d);
	return ret;
}

void disk_close(const struct disk_home *home, struct disk *disk, bool loops_run)
{
	int ret;

	pthread_mutex_lock(&disk->group->lock);
	ret = scsi_unit_destroy(disk->unit);
	pthread_mutex_unlock(&disk->group->lock);
	if (ret)
		log_die("%s: in use although no target has it: %s", disk->conf.path,
			msg_errno(ret));
	if (loops_run)
		engine_forget(&disk->engine, home->loops, home->nr_loops);
	backend_close(disk->backend);
	free(disk);
}

void disk_save(const struct disk_home *home, struct disk *disk)
{
	int ret;

	pthread_mutex_lock(&disk->group->lock);
	ret = scsi_unit_save(disk->unit);
	pthread_mutex_unlock(&disk->group->lock);
	if (ret)
		log_error("%s: its state is not saved (%s): reservations and attentions may be lost; is %s writable?",
			  disk->conf.path, msg_errno(ret), home->state_dir);
}

static int grow(const struct disk *disk, uint64_t bytes, struct msg *msg)
{
	uint64_t now;
	int ret;

	/* A format's file is not as long as what is in it. */
	if (strcmp(kind_of(&disk->conf), "file"))
		return msg_set(msg, -EOPNOTSUPP,
			       "%s is no plain file: make it larger by its own means, then resize without a size",
			       disk->conf.path);
	ret = disk->backend->ops->size(disk->backend, &now);
	if (ret)
		return msg_set(msg, ret, "%s: its size is not to be had (%s)", disk->conf.path,
			       msg_errno(ret));
	if (bytes < now)
		return msg_set(msg, -EINVAL,
			       "%s has %" PRIu64 " bytes, and is not made smaller",
			       disk->conf.path, now);
	if (truncate(disk->conf.path, (off_t)bytes))
		return msg_set(msg, -errno, "%s: cannot be made larger (%s)", disk->conf.path,
			       msg_errno(errno));
	return 0;
}

int disk_resize(struct disk *disk, uint64_t bytes, struct msg *msg)
{
	int ret;

	ret = bytes ? grow(disk, bytes, msg) : 0;
	if (ret)
		return ret;
	pthread_mutex_lock(&disk->group->lock);
	ret = scsi_unit_resized(disk->unit);
	pthread_mutex_unlock(&disk->group->lock);
	return ret ? msg_set(msg, ret, "%s: its size is not to be had (%s)", disk->conf.path,
			     msg_errno(ret)) : 0;
}
