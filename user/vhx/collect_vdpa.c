// SPDX-License-Identifier: GPL-2.0-only
/* Devices of the vDPA bus as JSON, and their queues. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>

#include "collect.h"

#define NODE	"vhx-vdpa-"

static const char *state_of(const struct vhx_vdpa_info *dev)
{
	if (dev->status & (VIRTIO_CONFIG_S_FAILED | VIRTIO_CONFIG_S_NEEDS_RESET))
		return "broken";
	if (!dev->open)
		return "free";
	if (dev->suspended)
		return "suspended";
	return dev->status & VIRTIO_CONFIG_S_DRIVER_OK ? "live" : "open";
}

static void add_who(struct json_object *obj, const struct vhx_vdpa_info *dev)
{
	char text[32];

	snprintf(text, sizeof(text), "/dev/" NODE "%u", dev->minor);
	j_num(obj, "id", dev->minor);
	j_str(obj, "name", dev->name);
	j_str(obj, "node", text);
	snprintf(text, sizeof(text), "id_%u", dev->device_id);
	j_str(obj, "type", virtio_type(dev->device_id) ?: text);
	j_num(obj, "device_id", dev->device_id);
	j_str(obj, "state", state_of(dev));
	j_add(obj, "owner_pid", dev->owner ? json_object_new_uint64(dev->owner) : NULL);
	j_str(obj, "owner_comm", dev->owner ? dev->comm : NULL);
}

static void add_features(struct json_object *obj, const struct vhx_vdpa_info *dev)
{
	j_hex(obj, "status", dev->status);
	j_add(obj, "status_names", virtio_status(dev->status));
	j_bool(obj, "suspended", dev->suspended);
	j_hex(obj, "features", dev->features);
	j_add(obj, "feature_names", virtio_features_of(dev->device_id, dev->features));
	j_hex(obj, "offered", dev->offered);
	j_add(obj, "offered_names", virtio_features_of(dev->device_id, dev->offered));
	j_hex(obj, "backend_features", dev->backend_features);
	j_add(obj, "backend_feature_names", virtio_backend_features(dev->backend_features));
}

/* A map or unmap that goes on: as numbers, and as what text says. */
static void add_progress(struct json_object *obj, const struct vhx_vdpa_info *dev)
{
	struct json_object *progress = NULL;
	char done[32], all[32], text[80];

	if (dev->doing) {
		progress = j_obj();
		j_num(progress, "done_bytes", dev->done);
		j_num(progress, "bytes", dev->doing);
		out_format(j_get(progress, "done_bytes"), OUT_BYTES, done, sizeof(done));
		out_format(j_get(progress, "bytes"), OUT_BYTES, all, sizeof(all));
		snprintf(text, sizeof(text), "%s of %s done", done, all);
		j_str(progress, "text", text);
	}
	j_add(obj, "progress", progress);
}

static void add_maps(struct json_object *obj, const struct vhx_vdpa_info *dev)
{
	j_num(obj, "queues", dev->queues);
	j_num(obj, "groups", dev->groups);
	j_num(obj, "address_spaces", dev->spaces);
	j_str(obj, "maps_by", vhx_vdpa_by__name(dev->maps_by));
	j_bool(obj, "use_va", dev->use_va);
	j_num(obj, "mapped_bytes", dev->mapped);
	j_num(obj, "pieces", dev->chunks);
	j_num(obj, "pinned_bytes", dev->pinned);
	add_progress(obj, dev);
}

static struct json_object *refusal(const struct vhx_vdpa_info *dev)
{
	const struct vhx_vdpa_fail *fail = dev->fail;
	struct json_object *obj;
	char *text;

	if (!fail)
		return NULL;
	obj = j_obj();
	text = vdpa_fail_text(dev);
	j_str(obj, "op", vhx_vdpa_op__name(fail->op));
	j_str(obj, "why", vhx_vdpa_why__name(fail->why));
	j_str(obj, "errno", strerrorname_np(fail->err));
	j_hex(obj, "iova", fail->iova);
	j_num(obj, "size_bytes", fail->size);
	j_num(obj, "asid", fail->asid);
	j_add(obj, "need_bytes", fail->why == VHX_VDPA_WHY_MEMLOCK ?
	      json_object_new_uint64(fail->need) : NULL);
	j_add(obj, "limit_bytes", fail->why == VHX_VDPA_WHY_MEMLOCK ?
	      json_object_new_uint64(fail->limit) : NULL);
	j_str(obj, "text", text);
	free(text);
	return obj;
}

static int add_dev(const struct vhx_vdpa_info *dev, void *arg)
{
	struct json_object *obj = j_obj(), *stats = j_obj();
	__u32 i;

	add_who(obj, dev);
	add_features(obj, dev);
	add_maps(obj, dev);
	j_add(obj, "refused", refusal(dev));
	for (i = 0; i < dev->nr_stats; i++)
		j_num(stats, vhx_vdpa_stat__name(i), dev->stats[i]);
	j_add(obj, "stats", stats);
	json_object_array_add(arg, obj);
	return 0;
}

static int add_queue(const struct vhx_vdpa_queue_info *queue, void *arg)
{
	struct json_object *obj = j_obj();

	j_num(obj, "minor", queue->minor);
	j_num(obj, "queue", queue->index);
	j_str(obj, "state", queue->enabled ? "enabled" : "disabled");
	j_num(obj, "size", queue->size);
	j_add(obj, "group", queue->has_group ? json_object_new_uint64(queue->group) : NULL);
	j_add(obj, "address_space", queue->has_group ? json_object_new_uint64(queue->space) : NULL);
	j_bool(obj, "irq_bypass", queue->bypass);
	j_bool(obj, "doorbell_mapped", queue->doorbell);
	j_num(obj, "kicks", queue->kicks);
	j_num(obj, "calls", queue->calls);
	json_object_array_add(arg, obj);
	return 0;
}

static int walk_devs(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_vdpa__each(nl, add_dev, array);
}

static int walk_queues(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	return vhx_vdpa_queue__each(nl, id, add_queue, array);
}

struct json_object *collect_vdpas(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_devs, "devices of the vDPA bus", "vhx_vdpa" };

	return collect_walk(nl, &of, 0, rc);
}

struct json_object *collect_vdpa_queues(struct vhx_nl *nl, __u32 minor, int *rc)
{
	static const struct walk_of of = { walk_queues, "vDPA devices' queues", "vhx_vdpa" };

	return collect_walk(nl, &of, minor, rc);
}

/* As counters.c wants them: "minor" says whose. */
struct json_object *collect_vdpa_stats(struct vhx_nl *nl, __u32 id, int *rc)
{
	struct json_object *all = collect_vdpas(nl, rc), *rows, *row, *dev;
	size_t i;

	(void)id;
	if (!all)
		return NULL;
	rows = j_arr();
	for (i = 0; i < json_object_array_length(all); i++) {
		dev = json_object_array_get_idx(all, i);
		row = j_obj();
		j_num(row, "minor", j_get_num(dev, "id"));
		j_str(row, "state", j_get_str(dev, "state"));
		j_add(row, "stats", json_object_get(j_get(dev, "stats")));
		json_object_array_add(rows, row);
	}
	json_object_put(all);
	return rows;
}

struct json_object *find_vdpa(struct vhx_nl *nl, const char *word, int *rc)
{
	if (!strncmp(word, "/dev/" NODE, strlen("/dev/" NODE)))
		word += strlen("/dev/" NODE);
	else if (!strncmp(word, NODE, strlen(NODE)))
		word += strlen(NODE);
	return find_in(collect_vdpas(nl, rc), "device of the vDPA bus", word, rc);
}
