// SPDX-License-Identifier: GPL-2.0-only
/* SCSI hosts as JSON, and their queues. */
#include "collect.h"

static int add_host(const struct vhx_scsi_info *host, void *arg)
{
	struct json_object *obj = j_obj();

	j_num(obj, "id", host->id);
	j_str(obj, "name", host->name);
	j_str(obj, "state", host->live ? "live" : "paused");
	j_num(obj, "live_queues", host->queues);
	j_num(obj, "owner_pid", host->owner);
	j_str(obj, "owner_comm", host->comm);
	j_num(obj, "functions", host->functions);
	j_num(obj, "waiting_events", host->events);
	j_bool(obj, "missed_events", host->missed);
	j_hex(obj, "features", host->features);
	json_object_array_add(arg, obj);
	return 0;
}

static int add_queue(const struct vhx_scsi_queue_info *queue, void *arg)
{
	struct json_object *obj = j_obj(), *stats = j_obj();
	__u32 i;

	j_num(obj, "host_id", queue->host);
	j_num(obj, "queue", queue->index);
	j_str(obj, "role", vhx_scsi_role__name(queue->role));
	j_str(obj, "state", queue->broken ? "broken" : queue->live ? "live" : "paused");
	j_num(obj, "size", queue->size);
	j_num(obj, "avail_index", queue->avail);
	j_num(obj, "used_index", queue->used);
	j_num(obj, "worker_pid", queue->worker);
	for (i = 0; i < queue->nr_stats; i++)
		j_num(stats, vhx_scsi_stat__name(i), queue->stats[i]);
	j_add(obj, "stats", stats);
	json_object_array_add(arg, obj);
	return 0;
}

static int walk_hosts(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_scsi__each(nl, add_host, array);
}

static int walk_queues(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	return vhx_scsi_queue__each(nl, id, add_queue, array);
}

struct json_object *collect_hosts(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_hosts, "SCSI hosts", "vhx_scsi" };

	return collect_walk(nl, &of, 0, rc);
}

struct json_object *collect_host_queues(struct vhx_nl *nl, __u32 id, int *rc)
{
	static const struct walk_of of = { walk_queues, "SCSI hosts' queues", "vhx_scsi" };

	return collect_walk(nl, &of, id, rc);
}

struct json_object *find_host(struct vhx_nl *nl, const char *word, int *rc)
{
	return find_in(collect_hosts(nl, rc), "SCSI host", word, rc);
}
