// SPDX-License-Identifier: GPL-2.0-only
/* A disk at its place, as JSON. */
#include <stdio.h>

#include "control.h"

static void put_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, *text ? json_object_new_string(text) : NULL);
}

static void put_number(struct json_object *obj, const char *key, uint64_t number)
{
	json_object_object_add(obj, key, json_object_new_int64((int64_t)number));
}

static void put_bool(struct json_object *obj, const char *key, bool value)
{
	json_object_object_add(obj, key, json_object_new_boolean(value));
}

static void put_size(struct json_object *obj, const struct disk *disk)
{
	struct backend_usage usage;
	uint64_t bytes;

	if (!disk->backend->ops->size(disk->backend, &bytes))
		put_number(obj, "size_bytes", bytes);
	else
		json_object_object_add(obj, "size_bytes", NULL);
	if (disk->backend->ops->usage && !disk->backend->ops->usage(disk->backend, &usage))
		put_number(obj, "used_bytes", usage.used);
	else
		json_object_object_add(obj, "used_bytes", NULL);
}

static const char *io_of(const struct disk *disk)
{
	if (disk->engine.fd < 0)
		return "";
	return disk->engine.at_once ? "at once" : "io_uring";
}

struct json_object *control_show(const struct endpoint *endpoint, const struct lun *lun)
{
	const struct disk *disk = lun->disk;
	const struct disk_conf *conf = &disk->conf;
	struct json_object *obj = json_object_new_object();

	put_text(obj, "target", endpoint->wwpn);
	put_text(obj, "group", endpoint->group->name);
	put_number(obj, "target_id", lun->target);
	put_number(obj, "lun", lun->lun);
	put_text(obj, "name", conf->name);
	put_text(obj, "path", conf->path);
	put_text(obj, "backend", disk->backend->ops->name);
	put_size(obj, disk);
	put_number(obj, "block_bytes", conf->block);
	put_text(obj, "cache", conf->write_through ? "writethrough" : "writeback");
	put_bool(obj, "readonly", conf->read_only);
	put_bool(obj, "thin", conf->thin);
	put_text(obj, "serial", conf->serial);
	put_text(obj, "uuid", conf->uuid);
	put_number(obj, "targets", disk->uses);
	put_text(obj, "io", io_of(disk));
	put_text(obj, "origin", lun->by_hand ? "by hand" : "file");
	return obj;
}
