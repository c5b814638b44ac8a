// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an attached policy is made of: from its link to its struct_ops map, whose value holds
 * the ids of its programs, and from those to their maps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Maps that are looked at; a verifier's limit on one program is 64. */
#define MAX_MAPS	256

struct value {
	struct kern_ops kern;
	char *data;
};

static int open_ops_map(__u32 id, struct bpf_map_info *info)
{
	struct bpf_link_info link = { 0 };
	__u32 len = sizeof(link);
	int err;
	int fd;

	fd = bpf_link_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	err = bpf_link_get_info_by_fd(fd, &link, &len);
	close(fd);
	if (err)
		return err;
	if (link.type != BPF_LINK_TYPE_STRUCT_OPS || !link.struct_ops.map_id)
		return -ENOENT;

	fd = bpf_map_get_fd_by_id(link.struct_ops.map_id);
	if (fd < 0)
		return fd;
	len = sizeof(*info);
	err = bpf_map_get_info_by_fd(fd, info, &len);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static void value_free(struct value *value)
{
	free(value->data);
	value->data = NULL;
	kern_ops_close(&value->kern);
}

static int value_read(__u32 id, struct value *value)
{
	struct bpf_map_info info = { 0 };
	__u32 zero = 0;
	int err;
	int fd;

	value->data = NULL;
	err = kern_ops_open(&value->kern);
	if (err)
		return err;
	fd = open_ops_map(id, &info);
	err = fd < 0 ? fd : 0;
	/* The module was replaced under an old map: its layout is no longer known. */
	if (!err && info.value_size !=
		    btf__type_by_id(value->kern.btf, value->kern.value_type)->size)
		err = -EPROTO;
	if (!err) {
		value->data = calloc(1, info.value_size);
		err = value->data ? bpf_map_lookup_elem(fd, &zero, value->data) : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	if (err)
		value_free(value);
	return err;
}

/* The id of the program behind operation @op, 0 for none. */
static __u32 prog_of(const struct value *value, const char *op)
{
	struct member member;
	unsigned long id;

	if (member_find(value->kern.btf, value->kern.type, op, &member) || !member.func)
		return 0;
	memcpy(&id, value->data + value->kern.data + member.off, sizeof(id));
	return id;
}

static int prog_info(__u32 id, struct bpf_prog_info *info)
{
	__u32 len = sizeof(*info);
	int err;
	int fd;

	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	err = bpf_prog_get_info_by_fd(fd, info, &len);
	close(fd);
	return err;
}

static int tell_prog(const char *op, __u32 id, vhx_prog_fn fn, void *arg)
{
	struct bpf_prog_info info = { 0 };
	int err;

	err = prog_info(id, &info);
	if (err)
		return err;
	return fn(&(struct vhx_prog_info) {
		.op = op,
		.name = info.name,
		.id = id,
		.insns = info.xlated_prog_len / sizeof(struct bpf_insn),
		.verified_insns = info.verified_insns,
		.jited_bytes = info.jited_prog_len,
		.run_count = info.run_cnt,
		.run_time_ns = info.run_time_ns,
	}, arg);
}

int vhx_policy__each_prog(__u32 id, vhx_prog_fn fn, void *arg)
{
	struct value value;
	const char *name;
	__u32 prog;
	int err;
	__u32 op;

	err = value_read(id, &value);
	for (op = 0; !err && (name = vhx_op__name(op)); op++) {
		prog = prog_of(&value, name);
		if (prog)
			err = tell_prog(name, prog, fn, arg);
	}
	if (value.data)
		value_free(&value);
	return err;
}

struct map_set {
	__u32 ids[MAX_MAPS];
	unsigned int nr;
};

static void add_map(struct map_set *set, __u32 id)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->ids[i] == id)
			return;
	if (set->nr < MAX_MAPS)
		set->ids[set->nr++] = id;
}

static int collect_maps(const struct vhx_prog_info *prog, void *arg)
{
	struct bpf_prog_info info = { 0 };
	struct map_set *set = arg;
	__u32 ids[MAX_MAPS];
	unsigned int i;
	int err;

	info.map_ids = (__u64)(unsigned long)ids;
	info.nr_map_ids = MAX_MAPS;
	err = prog_info(prog->id, &info);
	for (i = 0; !err && i < info.nr_map_ids && i < MAX_MAPS; i++)
		add_map(set, ids[i]);
	return err;
}

static int tell_map(__u32 id, vhx_map_fn fn, void *arg)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	const char *type;
	char number[16];
	int err;
	int fd;

	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	err = bpf_map_get_info_by_fd(fd, &info, &len);
	close(fd);
	if (err)
		return err;
	type = libbpf_bpf_map_type_str(info.type);
	snprintf(number, sizeof(number), "%u", info.type);
	return fn(&(struct vhx_map_info) {
		.name = info.name,
		.type = type ?: number,
		.id = id,
		.key_bytes = info.key_size,
		.value_bytes = info.value_size,
		.max_entries = info.max_entries,
	}, arg);
}

int vhx_policy__each_map(__u32 id, vhx_map_fn fn, void *arg)
{
	struct map_set set = { .nr = 0 };
	unsigned int i;
	int err;

	err = vhx_policy__each_prog(id, collect_maps, &set);
	for (i = 0; !err && i < set.nr; i++)
		err = tell_map(set.ids[i], fn, arg);
	return err;
}
