// SPDX-License-Identifier: GPL-2.0-only
/* The netlink dumps as JSON, and what a name on the command line stands for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect.h"

/* A dump that changed under the reader is read again, this often. */
#define TRIES	5

static int fail_without(const char *module, const char *fmt, const char *what)
{
	char hint[64];

	snprintf(hint, sizeof(hint), "modprobe %s, then: vhx doctor", module);
	return fail(RC_LACK, 0, hint, fmt, what);
}

int session_open_for(struct vhx_nl **nl, const char *module)
{
	int err = vhx_nl__open(nl);

	if (!err)
		return RC_OK;
	if (err == -ENOENT)
		return fail_without(module, "module vhx is not loaded: no netlink family \"%s\"",
				    VHX_GENL_NAME);
	return fail(rc_of(err), err, NULL, "netlink");
}

int session_open(struct vhx_nl **nl)
{
	return session_open_for(nl, "vhx_net");
}

static const char *nic_state(const struct vhx_nic_info *nic)
{
	if (nic->mismatch)
		return "mismatch";
	if (nic->closed)
		return "closed";
	return nic->live ? "live" : "paused";
}

static int add_nic(const struct vhx_nic_info *nic, void *arg)
{
	struct json_object *obj = j_obj(), *policy = NULL;

	if (nic->policy_id) {
		policy = j_obj();
		j_num(policy, "id", nic->policy_id);
		j_str(policy, "name", nic->policy_name);
	}
	j_num(obj, "id", nic->id);
	j_str(obj, "name", nic->name);
	j_num(obj, "ifindex", nic->ifindex);
	j_str(obj, "kind", nic->kind);
	j_str(obj, "state", nic_state(nic));
	j_num(obj, "queues", nic->queues);
	j_num(obj, "live_queues", nic->live);
	j_add(obj, "policy", policy);
	j_bool(obj, "closed", nic->closed);
	j_bool(obj, "mismatch", nic->mismatch);
	j_add(obj, "poll_us", nic->poll_us == VHX_NIC_POLL_VMM ? NULL :
	      json_object_new_uint64(nic->poll_us));
	j_num(obj, "owner_pid", nic->owner);
	j_str(obj, "owner_comm", nic->comm);
	j_hex(obj, "features", nic->features);
	j_hex(obj, "features_high", nic->features_high);
	j_add(obj, "feature_names", virtio_features(nic->features, nic->features_high));
	json_object_array_add(arg, obj);
	return 0;
}

static int add_queue(const struct vhx_queue_info *queue, void *arg)
{
	struct json_object *obj = j_obj(), *stats = j_obj();
	__u32 i;

	j_num(obj, "nic_id", queue->nic_id);
	j_num(obj, "queue", queue->index);
	j_str(obj, "dir", vhx_dir__name(queue->dir));
	j_str(obj, "state", queue->broken ? "broken" : queue->live ? "live" : "paused");
	j_num(obj, "size", queue->size);
	j_num(obj, "avail_index", queue->avail);
	j_num(obj, "used_index", queue->used);
	j_num(obj, "worker_pid", queue->worker);
	j_num(obj, "poll_us", queue->poll_us);
	for (i = 0; i < queue->nr_stats; i++)
		j_num(stats, vhx_stat__name(i), queue->stats[i]);
	j_add(obj, "stats", stats);
	json_object_array_add(arg, obj);
	return 0;
}

static struct json_object *op_names(__u32 ops)
{
	struct json_object *names = j_arr();
	const char *name;
	__u32 op;

	for (op = 0; (name = vhx_op__name(op)); op++)
		if (ops & 1U << op)
			json_object_array_add(names, json_object_new_string(name));
	return names;
}

static struct json_object *drop_reasons(const __u64 *counts)
{
	struct json_object *reasons = j_obj();
	const char *name;
	char number[8];
	__u32 i;

	for (i = 0; i < 256; i++) {
		if (!counts[i])
			continue;
		name = vhx_drop_reason__name(i);
		snprintf(number, sizeof(number), "%u", i);
		j_num(reasons, name ?: number, counts[i]);
	}
	return reasons;
}

static const char *policy_state(const struct vhx_policy_info *policy)
{
	if (policy->dead)
		return "gone";
	return policy->nr_nics ? "steering" : "waiting";
}

static int add_policy(const struct vhx_policy_info *policy, void *arg)
{
	struct json_object *obj = j_obj(), *nics = j_arr();
	__u32 i;

	for (i = 0; i < policy->nr_nics; i++)
		json_object_array_add(nics, json_object_new_uint64(policy->nics[i]));
	j_num(obj, "id", policy->id);
	j_str(obj, "name", policy->name);
	j_str(obj, "state", policy_state(policy));
	j_str(obj, "nic_pattern", *policy->pattern ? policy->pattern : NULL);
	j_add(obj, "nic_id", policy->nic_id ? json_object_new_uint64(policy->nic_id) : NULL);
	j_bool(obj, "required", policy->flags & VHX_STEER_F_REQUIRED);
	j_add(obj, "ops", op_names(policy->ops));
	j_num(obj, "generation", policy->generation);
	j_add(obj, "nics", nics);
	j_num(obj, "verdicts", policy->verdicts);
	j_num(obj, "drops", policy->drops);
	j_num(obj, "errors", policy->errors);
	j_add(obj, "drop_reasons", drop_reasons(policy->drop_reasons));
	j_num(obj, "uid", policy->uid);
	json_object_array_add(arg, obj);
	return 0;
}

static int add_worker(const struct vhx_worker_info *worker, void *arg)
{
	struct json_object *obj = j_obj();

	j_num(obj, "pid", worker->pid);
	j_num(obj, "id", worker->id);
	j_str(obj, "kind", worker->kthread ? "kthread" : "thread");
	j_num(obj, "owner_pid", worker->owner);
	j_num(obj, "queues", worker->queues);
	j_num(obj, "runs", worker->runs);
	j_num(obj, "items", worker->items);
	json_object_array_add(arg, obj);
	return 0;
}

static void put_head(struct json_object *obj, const __u8 *head, __u32 len)
{
	char text[2 * 64 + 1] = "";
	__u32 i;

	for (i = 0; i < len && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", head[i]);
	j_str(obj, "packet_hex", len ? text : NULL);
}

static void put_verdict(struct json_object *obj, const struct vhx_exit_record *rec)
{
	char verdict[32];

	vhx_verdict__format(rec->verdict, verdict, sizeof(verdict));
	j_num(obj, "queue", rec->queue);
	j_str(obj, "dir", vhx_dir__name(rec->dir));
	j_str(obj, "verdict", verdict);
}

static int add_exit(const struct vhx_exit_record *rec, void *arg)
{
	struct json_object *obj = j_obj();

	j_num(obj, "policy_id", rec->policy_id);
	j_str(obj, "name", rec->name);
	j_str(obj, "kind", vhx_exit_kind__name(rec->kind));
	j_str(obj, "reason", rec->reason);
	j_num(obj, "boottime_ns", rec->time_ns);
	j_add(obj, "nic_id", rec->nic_id ? json_object_new_uint64(rec->nic_id) : NULL);
	/* Other kinds have no verdict to blame. */
	if (rec->kind == VHX_EXIT_ILLEGAL)
		put_verdict(obj, rec);
	put_head(obj, rec->head, rec->head_len);
	json_object_array_add(arg, obj);
	return 0;
}

struct json_object *event_json(const struct vhx_event_info *event)
{
	struct json_object *obj = j_obj();

	j_num(obj, "boottime_ns", event->time_ns);
	j_str(obj, "event", vhx_event_kind__name(event->kind));
	if (event->nic_id)
		j_num(obj, "nic_id", event->nic_id);
	if (*event->nic_name)
		j_str(obj, "nic", event->nic_name);
	if (event->has_queue)
		j_num(obj, "queue", event->queue);
	/* A link gets its id only after the policy was taken in. */
	if (event->policy_id)
		j_num(obj, "policy_id", event->policy_id);
	if (*event->policy_name)
		j_str(obj, "policy", event->policy_name);
	if (event->agent)
		j_num(obj, "agent_id", event->agent);
	if (*event->agent_name)
		j_str(obj, "agent", event->agent_name);
	if (*event->endpoint)
		j_str(obj, "endpoint", event->endpoint);
	if (*event->reason)
		j_str(obj, "reason", event->reason);
	return obj;
}

/* --- walks --- */

int fail_unloaded(const char *module, const char *objects)
{
	char what[96];

	snprintf(what, sizeof(what), "%s is not loaded: nobody knows of %s", module, objects);
	return fail_without(module, "module %s", what);
}

struct json_object *collect_walk(struct vhx_nl *nl, const struct walk_of *of, __u32 id, int *rc)
{
	struct json_object *array;
	int err = -EINTR;
	int i;

	for (i = 0; i < TRIES && err == -EINTR; i++) {
		array = j_arr();
		err = of->walk(nl, id, array);
		if (!err)
			return array;
		json_object_put(array);
	}
	if (err == -EOPNOTSUPP)
		*rc = fail_unloaded(of->module, of->what);
	else
		*rc = fail(rc_of(err), err, *vhx_nl__error(nl) ? vhx_nl__error(nl) : NULL,
			   "list of %s", of->what);
	return NULL;
}

static struct json_object *collect(struct vhx_nl *nl, __u32 id, walk_fn walk, const char *what,
				   int *rc)
{
	return collect_walk(nl, &(struct walk_of){ walk, what, "vhx_net" }, id, rc);
}

static int walk_nics(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_nic__each(nl, add_nic, array);
}

static int walk_queues(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	return vhx_queue__each(nl, id, add_queue, array);
}

static int walk_policies(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_policy__each(nl, add_policy, array);
}

static int walk_workers(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_worker__each(nl, add_worker, array);
}

static int walk_exits(struct vhx_nl *nl, __u32 id, struct json_object *array)
{
	(void)id;
	return vhx_exit__each(nl, add_exit, array);
}

struct json_object *collect_nics(struct vhx_nl *nl, int *rc)
{
	return collect(nl, 0, walk_nics, "NICs", rc);
}

struct json_object *collect_queues(struct vhx_nl *nl, __u32 nic_id, int *rc)
{
	return collect(nl, nic_id, walk_queues, "queues", rc);
}

struct json_object *collect_policies(struct vhx_nl *nl, int *rc)
{
	return collect(nl, 0, walk_policies, "policies", rc);
}

struct json_object *collect_workers(struct vhx_nl *nl, int *rc)
{
	return collect(nl, 0, walk_workers, "workers", rc);
}

struct json_object *collect_exits(struct vhx_nl *nl, int *rc)
{
	return collect(nl, 0, walk_exits, "exits", rc);
}

/* --- by name or id --- */

static struct json_object *names_of(struct json_object *array)
{
	struct json_object *names = j_arr();
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++)
		json_object_array_add(names, json_object_get(
			j_get(json_object_array_get_idx(array, i), "name")));
	return names;
}

static int fail_ambiguous(const char *what, const char *word, struct json_object *ids)
{
	char list[256], hint[320];

	out_format(ids, OUT_PLAIN, list, sizeof(list));
	snprintf(hint, sizeof(hint), "say which by its id: %s", list);
	return fail(RC_USAGE, 0, hint, "more than one %s is called \"%s\"", what, word);
}

/* A name goes before an id: a NIC may be called "7". */
static struct json_object *find(struct json_object *array, const char *what, const char *word,
				int *rc)
{
	struct json_object *item, *found = NULL, *by_id = NULL;
	struct json_object *ids = j_arr(), *names;
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++) {
		item = json_object_array_get_idx(array, i);
		if (!strcmp(j_get_str(item, "id"), word))
			by_id = item;
		if (strcmp(j_get_str(item, "name"), word))
			continue;
		json_object_array_add(ids, json_object_get(j_get(item, "id")));
		found = item;
	}
	if (!found)
		found = by_id;
	if (!found) {
		names = names_of(array);
		*rc = fail_unknown(RC_NONE, what, word, names);
		json_object_put(names);
	} else if (json_object_array_length(ids) > 1) {
		*rc = fail_ambiguous(what, word, ids);
		found = NULL;
	}
	json_object_put(ids);
	return json_object_get(found);
}

struct json_object *find_in(struct json_object *array, const char *what, const char *word, int *rc)
{
	struct json_object *found;

	if (!array)
		return NULL;
	found = find(array, what, word, rc);
	json_object_put(array);
	return found;
}

struct json_object *find_nic(struct vhx_nl *nl, const char *word, int *rc)
{
	return find_in(collect_nics(nl, rc), "NIC", word, rc);
}

struct json_object *find_policy(struct vhx_nl *nl, const char *word, int *rc)
{
	return find_in(collect_policies(nl, rc), "policy", word, rc);
}
