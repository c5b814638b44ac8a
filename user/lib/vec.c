// SPDX-License-Identifier: GPL-2.0-only
/* Test vectors: run on a policy that is loaded for it and attached to no NIC. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vec.h"

int vhx_vec__open(struct vhx_vec **out, const char *object, const char *vectors)
{
	struct vhx_vec *vec = calloc(1, sizeof(*vec));

	*out = vec;
	if (!vec)
		return -ENOMEM;
	vec->object = strdup(object);
	vec->file = strdup(vectors);
	if (!vec->object || !vec->file)
		return -ENOMEM;
	return vec_parse(vec);
}

void vhx_vec__close(struct vhx_vec *vec)
{
	size_t i;

	if (!vec)
		return;
	for (i = 0; i < vec->nr_stmts; i++) {
		free(vec->stmts[i].key.data);
		free(vec->stmts[i].value.data);
		free(vec->stmts[i].title);
	}
	for (i = 0; i < vec->nr_packets; i++)
		free(vec->packets[i].bytes.data);
	vhx_policy__close(vec->policy);
	free(vec->packets);
	free(vec->stmts);
	free(vec->object);
	free(vec->file);
	free(vec);
}

unsigned int vhx_vec__count(const struct vhx_vec *vec)
{
	return vec->nr_tests;
}

const char *vhx_vec__error(const struct vhx_vec *vec)
{
	return vec->error;
}

const struct vhx_policy *vhx_vec__policy(const struct vhx_vec *vec)
{
	return vec->policy;
}

/* What a run has in hand. */
struct run {
	struct vhx_vec *vec;
	const struct stmt *stmt;
	vhx_vec_fn fn;
	void *arg;
	unsigned int nr;
	bool attached;
	int ctl;
};

static int fail(struct run *run, int err, const char *what)
{
	vec_fail(run->vec, run->stmt->line, "%s", what);
	return err;
}

static int policy_failed(struct run *run, int err)
{
	const char *why = vhx_policy__error(run->vec->policy);

	return fail(run, err, *why ? why : "cannot be loaded and attached");
}

static int open_policy(struct run *run)
{
	struct vhx_vec *vec = run->vec;
	int err;

	if (vec->policy)
		return 0;
	err = vhx_policy__open(&vec->policy, vec->object);
	/* No NIC shall see it, whatever it would bind to. */
	if (!err)
		err = vhx_policy__set_str(vec->policy, "nic_name", "");
	if (!err)
		err = vhx_policy__set_num(vec->policy, "nic_id", 0);
	if (!err)
		err = vhx_policy__set_num(vec->policy, "nic_fd", 0);
	return err ? policy_failed(run, err) : 0;
}

static int attach_policy(struct run *run)
{
	int err;

	if (run->attached)
		return 0;
	err = open_policy(run);
	if (err)
		return err;
	err = vhx_policy__load(run->vec->policy);
	if (!err)
		err = vhx_policy__attach(run->vec->policy);
	run->attached = !err;
	return err ? policy_failed(run, err) : 0;
}

static int run_set(struct run *run)
{
	const struct stmt *stmt = run->stmt;
	int err;

	if (run->attached)
		return fail(run, -EINVAL, "set comes before the object is loaded, or after fresh");
	err = open_policy(run);
	if (err)
		return err;
	err = vhx_policy__set_knob(run->vec->policy, stmt->name, stmt->text);
	return err ? policy_failed(run, err) : 0;
}

static int run_fresh(struct run *run)
{
	vhx_policy__close(run->vec->policy);
	run->vec->policy = NULL;
	run->attached = false;
	return 0;
}

static int report(struct run *run, bool ok, const char *why)
{
	return run->fn(&(struct vhx_vec_info) {
		.nr = ++run->nr,
		.line = run->stmt->line,
		.name = run->stmt->title,
		.ok = ok,
		.why = ok ? "" : why,
	}, run->arg);
}

/* --- maps --- */

static bool is_percpu(const struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);

	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static size_t value_stride(const struct bpf_map *map)
{
	return (bpf_map__value_size(map) + 7UL) & ~7UL;
}

static size_t value_bytes(const struct bpf_map *map)
{
	int cpus = is_percpu(map) ? libbpf_num_possible_cpus() : 1;

	return value_stride(map) * (cpus > 0 ? cpus : 1);
}

static int find_map(struct run *run, struct bpf_map **map)
{
	const struct stmt *stmt = run->stmt;
	int err;

	err = attach_policy(run);
	if (err)
		return err;
	*map = bpf_object__find_map_by_name(run->vec->policy->obj, stmt->name);
	if (!*map)
		return vec_fail(run->vec, stmt->line, "no map %s", stmt->name);
	if (stmt->key.len != bpf_map__key_size(*map))
		return vec_fail(run->vec, stmt->line, "a key of %s has %u bytes, this has %zu",
				stmt->name, bpf_map__key_size(*map), stmt->key.len);
	if (stmt->value.data && stmt->value.len != bpf_map__value_size(*map))
		return vec_fail(run->vec, stmt->line, "a value of %s has %u bytes, this has %zu",
				stmt->name, bpf_map__value_size(*map), stmt->value.len);
	return 0;
}

static int map_failed(struct run *run, int err)
{
	vec_fail(run->vec, run->stmt->line, "map %s: %s", run->stmt->name,
		 strerrorname_np(-err));
	return err;
}

/* In a per-CPU map one CPU gets the value and the others 0, so that a lookup finds it again. */
static int run_update(struct run *run)
{
	struct bpf_map *map;
	void *value;
	int err;

	err = find_map(run, &map);
	if (err)
		return err;
	value = calloc(1, value_bytes(map));
	if (!value)
		return -ENOMEM;
	memcpy(value, run->stmt->value.data, run->stmt->value.len);
	err = bpf_map_update_elem(bpf_map__fd(map), run->stmt->key.data, value, BPF_ANY);
	free(value);
	return err ? map_failed(run, err) : 0;
}

static int run_delete(struct run *run)
{
	struct bpf_map *map;
	int err;

	err = find_map(run, &map);
	if (err)
		return err;
	err = bpf_map_delete_elem(bpf_map__fd(map), run->stmt->key.data);
	return err ? map_failed(run, err) : 0;
}

static void sum_cpus(const struct bpf_map *map, __u64 *value)
{
	size_t words = value_stride(map) / sizeof(__u64);
	size_t all = value_bytes(map) / sizeof(__u64);
	size_t i;

	for (i = words; i < all; i++)
		value[i % words] += value[i];
}

static int report_lookup(struct run *run, const __u8 *value)
{
	const struct stmt *stmt = run->stmt;
	char why[256];
	size_t i, at;

	if (!value)
		return report(run, stmt->absent, "expected a value, got none");
	if (stmt->absent)
		return report(run, false, "expected none, got a value");
	at = snprintf(why, sizeof(why), "expected the value above, got ");
	for (i = 0; i < stmt->value.len && at + 3 < sizeof(why); i++)
		at += snprintf(why + at, sizeof(why) - at, "%02x", value[i]);
	return report(run, !memcmp(value, stmt->value.data, stmt->value.len), why);
}

static int run_lookup(struct run *run)
{
	struct bpf_map *map;
	__u64 *value;
	int err;

	err = find_map(run, &map);
	if (err)
		return err;
	if (is_percpu(map) && bpf_map__value_size(map) % sizeof(__u64))
		return fail(run, -EINVAL, "values of this per-CPU map are no array of u64");
	value = calloc(1, value_bytes(map));
	if (!value)
		return -ENOMEM;
	err = bpf_map_lookup_elem(bpf_map__fd(map), run->stmt->key.data, value);
	if (!err) {
		sum_cpus(map, value);
		err = report_lookup(run, (const __u8 *)value);
	} else if (err == -ENOENT) {
		err = report_lookup(run, NULL);
	} else {
		err = map_failed(run, err);
	}
	free(value);
	return err;
}

/* --- packets --- */

static bool effects_match(const struct expect *want, const struct vhx_test_run *got)
{
	/* For a packet from the guest the built-in choice is to send it on. */
	if (got->dir == VHX_DIR_TX &&
	    (want->effect == VHX_EFFECT_DEFAULT || want->effect == VHX_EFFECT_PASS))
		return got->effect == VHX_EFFECT_DEFAULT || got->effect == VHX_EFFECT_PASS;
	return got->effect == want->effect;
}

static bool matches(const struct vhx_vec *vec, const struct expect *want,
		    const struct vhx_test_run *got)
{
	if (!effects_match(want, got))
		return false;
	if (!want->exact)
		return true;
	if (want->effect == VHX_EFFECT_DROP)
		return (got->verdict & 0xff) == want->detail;
	if (want->same)
		return vec->has_queue && got->effect_queue == vec->last_queue;
	return got->effect_queue == want->detail;
}

static void describe(const struct vhx_test_run *got, char *buf, size_t size)
{
	char verdict[32];

	vhx_verdict__format(got->verdict, verdict, sizeof(verdict));
	if (got->effect == VHX_EFFECT_QUEUE)
		snprintf(buf, size, "queue %u", got->effect_queue);
	else if (got->effect == VHX_EFFECT_DEAD || got->effect == VHX_EFFECT_ILLEGAL)
		snprintf(buf, size, "%s (verdict %s)", vhx_effect__name(got->effect), verdict);
	else
		snprintf(buf, size, "%s", verdict);
}

static int report_test(struct run *run, const struct vhx_test_run *got)
{
	const struct expect *want = &run->stmt->expect;
	struct vhx_vec *vec = run->vec;
	bool ok = matches(vec, want, got);
	char why[160], came[64];

	describe(got, came, sizeof(came));
	snprintf(why, sizeof(why), "line %u: expected %s, got %s", run->stmt->line, want->words,
		 came);
	if (got->dir == VHX_DIR_RX && got->effect == VHX_EFFECT_QUEUE) {
		vec->last_queue = got->effect_queue;
		vec->has_queue = true;
	}
	return report(run, ok, why);
}

static int run_test(struct run *run)
{
	struct vhx_test_run test = run->stmt->run;
	int err;

	err = attach_policy(run);
	if (err)
		return err;
	test.policy_id = run->vec->policy->id;
	test.data = (unsigned long)run->stmt->value.data;
	err = vhx_policy__test(run->ctl, &test);
	if (err) {
		vec_fail(run->vec, run->stmt->line, "VHX_TEST_RUN: %s", strerrorname_np(-err));
		return err;
	}
	return report_test(run, &test);
}

static int (*const runners[])(struct run *run) = {
	[STMT_SET] = run_set,
	[STMT_MAP_UPDATE] = run_update,
	[STMT_MAP_DELETE] = run_delete,
	[STMT_MAP_LOOKUP] = run_lookup,
	[STMT_TEST] = run_test,
	[STMT_FRESH] = run_fresh,
};

int vhx_vec__run(struct vhx_vec *vec, vhx_vec_fn fn, void *arg)
{
	struct run run = { .vec = vec, .fn = fn, .arg = arg };
	size_t i;
	int err = 0;

	vec->error[0] = '\0';
	run.ctl = vhx_node__open(VHX_NODE_CTL);
	if (run.ctl < 0) {
		snprintf(vec->error, sizeof(vec->error), VHX_NODE_CTL);
		return run.ctl;
	}
	for (i = 0; !err && i < vec->nr_stmts; i++) {
		run.stmt = &vec->stmts[i];
		err = runners[run.stmt->kind](&run);
	}
	close(run.ctl);
	return err;
}
