// SPDX-License-Identifier: GPL-2.0-only
/* Agents as JSON: what they serve, their sessions, the sessions' queues. */
#include <unistd.h>

#include "collect.h"

static void put_pages(struct json_object *obj, const char *key, __u32 pages)
{
	j_num(obj, key, (__u64)pages * sysconf(_SC_PAGESIZE));
}

/* 0 is none. */
static void put_id(struct json_object *obj, const char *key, __u32 id)
{
	j_add(obj, key, id ? json_object_new_uint64(id) : NULL);
}

static const char *endpoint_state(const struct vhx_endpoint_info *endpoint)
{
	if (endpoint->fence)
		return "fenced";
	if (endpoint->agent)
		return endpoint->in_use ? "live" : "served";
	return endpoint->in_use ? "waiting" : "unused";
}

static int add_endpoint(const struct vhx_endpoint_info *endpoint, void *arg)
{
	struct json_object *obj = j_obj();

	j_str(obj, "name", endpoint->name);
	j_str(obj, "class", vhx_endpoint_class__name(endpoint->class));
	j_str(obj, "state", endpoint_state(endpoint));
	j_bool(obj, "in_use", endpoint->in_use);
	put_id(obj, "vmm_pid", endpoint->owner);
	put_id(obj, "agent_id", endpoint->agent);
	put_id(obj, "fenced_agent_id", endpoint->fence);
	put_pages(obj, "quota_bytes", endpoint->quota);
	put_pages(obj, "used_bytes", endpoint->used);
	j_num(obj, "requests", endpoint->requests);
	j_num(obj, "waiting", endpoint->waiting);
	j_num(obj, "ready", endpoint->ready);
	j_num(obj, "owned", endpoint->owned);
	j_num(obj, "done", endpoint->done);
	j_num(obj, "disowned", endpoint->disowned);
	json_object_array_add(arg, obj);
	return 0;
}

static const char *agent_state(const struct vhx_agent_info *agent)
{
	if (agent->dead)
		return "fenced";
	if (agent->stalled)
		return "stalled";
	return agent->drained ? "drained" : "live";
}

static int add_agent(const struct vhx_agent_info *agent, void *arg)
{
	struct json_object *obj = j_obj();

	j_num(obj, "id", agent->id);
	j_str(obj, "name", agent->comm);
	j_num(obj, "pid", agent->pid);
	j_str(obj, "state", agent_state(agent));
	j_num(obj, "queues", agent->queues);
	j_num(obj, "tags", agent->tags);
	put_pages(obj, "pool_bytes", agent->pool);
	put_pages(obj, "used_bytes", agent->used);
	j_num(obj, "endpoints", agent->endpoints);
	json_object_array_add(arg, obj);
	return 0;
}

static int add_queue(const struct vhx_agent_queue_info *queue, void *arg)
{
	struct json_object *obj = j_obj(), *stats = j_obj();
	__u32 i;

	j_num(obj, "agent_id", queue->agent);
	j_num(obj, "queue", queue->index);
	j_num(obj, "tags", queue->tags);
	j_num(obj, "free_tags", queue->free);
	j_num(obj, "ready", queue->ready);
	j_num(obj, "owned", queue->owned);
	j_bool(obj, "parked", queue->parked);
	j_num(obj, "unfetched", queue->unfetched);
	j_num(obj, "unanswered", queue->unanswered);
	for (i = 0; i < queue->nr_stats; i++)
		j_num(stats, vhx_agent_stat__name(i), queue->stats[i]);
	j_add(obj, "stats", stats);
	json_object_array_add(arg, obj);
	return 0;
}

static int walk_endpoints(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_endpoint__each(nl, add_endpoint, array);
}

static int walk_agents(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_agent__each(nl, add_agent, array);
}

static int walk_queues(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	return vhx_agent_queue__each(nl, id, add_queue, array);
}

struct json_object *collect_endpoints(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_endpoints, "endpoints", "vhx" };

	return collect_walk(nl, &of, 0, rc);
}

struct json_object *collect_agents(struct vhx_nl *nl, int *rc)
{
	static const struct walk_of of = { walk_agents, "agents", "vhx" };

	return collect_walk(nl, &of, 0, rc);
}

struct json_object *collect_agent_queues(struct vhx_nl *nl, __u32 id, int *rc)
{
	static const struct walk_of of = { walk_queues, "agents' queues", "vhx" };

	return collect_walk(nl, &of, id, rc);
}

struct json_object *find_endpoint(struct vhx_nl *nl, const char *word, int *rc)
{
	return find_in(collect_endpoints(nl, rc), "endpoint", word, rc);
}

struct json_object *find_agent(struct vhx_nl *nl, const char *word, int *rc)
{
	return find_in(collect_agents(nl, rc), "agent", word, rc);
}
