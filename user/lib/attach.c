// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a loaded object to a policy that steers: the map's value, the BPF link, its replacement.
 *
 * libbpf can fill in the value of a struct_ops map only together with making a link, or with
 * updating a link it made itself. A replacement updates a link that some other process made
 * and pinned, so the value is written here, for both.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A policy must have one of these. */
#define JUDGES	(1U << VHX_OP_RX | 1U << VHX_OP_TX)

/* One field of the kernel's struct, from the field of the same name in the object's. */
static int put_field(struct vhx_policy *policy, const char *name, const struct member *theirs,
		     char *to)
{
	const struct btf *btf = bpf_object__btf(policy->obj);
	const struct bpf_program *prog;
	struct member mine;
	unsigned long fd;
	const char *from;

	/* A module newer than the object: what is not there stays zero. */
	if (member_find(btf, policy->ops_type, name, &mine))
		return 0;
	if (mine.func != theirs->func || mine.size != theirs->size)
		return policy_fail(policy, -EPROTO, "field %s is not what the module has", name);

	from = (const char *)policy_data(policy) + mine.off;
	if (!mine.func) {
		memcpy(to, from, mine.size);
		return 0;
	}
	memcpy(&prog, from, sizeof(prog));
	if (!prog)
		return 0;
	fd = bpf_program__fd(prog);
	memcpy(to, &fd, sizeof(fd));
	return 0;
}

static int put_fields(struct vhx_policy *policy, char *value)
{
	const struct kern_ops *kern = &policy->kern;
	const struct btf_type *t = btf__type_by_id(kern->btf, kern->type);
	struct member member;
	const char *name;
	unsigned int i;
	int err;

	for (i = 0; i < btf_vlen(t); i++) {
		name = btf__name_by_offset(kern->btf, btf_members(t)[i].name_off);
		err = member_at(kern->btf, t, i, &member);
		if (!err)
			err = put_field(policy, name, &member, value + kern->data + member.off);
		if (err)
			return err;
	}
	return 0;
}

static int write_value(struct vhx_policy *policy)
{
	const struct kern_ops *kern = &policy->kern;
	__u32 zero = 0;
	char *value;
	int err;

	value = calloc(1, btf__type_by_id(kern->btf, kern->value_type)->size);
	if (!value)
		return -ENOMEM;
	err = put_fields(policy, value);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(policy->ops), &zero, value, 0);
	free(value);
	return err;
}

int vhx_policy__attach(struct vhx_policy *policy)
{
	int err;
	int fd;

	if (!policy->loaded || policy->link >= 0)
		return -EINVAL;
	if (!(vhx_policy__ops(policy) & JUDGES))
		return policy_fail(policy, -EINVAL, "it has neither rx nor tx");
	err = write_value(policy);
	if (err)
		return err;
	fd = bpf_link_create(bpf_map__fd(policy->ops), 0, BPF_STRUCT_OPS, NULL);
	if (fd < 0)
		return fd;
	policy->link = fd;
	return link_id(fd, &policy->id);
}

int vhx_policy__replace(struct vhx_policy *policy, __u32 id)
{
	int err;
	int fd;

	if (!policy->loaded || policy->link >= 0)
		return -EINVAL;
	fd = bpf_link_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	err = write_value(policy);
	if (!err)
		err = bpf_link_update(fd, bpf_map__fd(policy->ops), NULL);
	if (err) {
		close(fd);
		return err;
	}
	policy->link = fd;
	policy->id = id;
	policy->replaces = true;
	return 0;
}
