// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct vhx_steer_ops by its BTF, in an object file and in the running kernel. C's own layout
 * is never relied on: the module may be older or newer than this library.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	int real = btf__resolve_type(btf, id);

	return real < 0 ? NULL : btf__type_by_id(btf, real);
}

static bool is_func_ptr(const struct btf *btf, const struct btf_type *t)
{
	if (!btf_is_ptr(t))
		return false;
	t = resolve(btf, t->type);
	return t && btf_is_func_proto(t);
}

int member_at(const struct btf *btf, const struct btf_type *t, unsigned int i,
	      struct member *member)
{
	const struct btf_member *m = btf_members(t) + i;
	__s64 size = btf__resolve_size(btf, m->type);

	if (size < 0)
		return size;
	if (btf_member_bitfield_size(t, i))
		return -EOPNOTSUPP;
	member->off = btf_member_bit_offset(t, i) / 8;
	member->size = size;
	member->type = resolve(btf, m->type);
	if (!member->type || (__u64)member->off + size > t->size)
		return -EINVAL;
	member->func = is_func_ptr(btf, member->type);
	return 0;
}

int member_find(const struct btf *btf, __u32 struct_id, const char *name,
		struct member *member)
{
	const struct btf_type *t = btf__type_by_id(btf, struct_id);
	unsigned int i;

	if (!t || !btf_is_struct(t))
		return -EINVAL;
	for (i = 0; i < btf_vlen(t); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), name))
			return member_at(btf, t, i, member);
	}
	return -ENOENT;
}

static int find_types(struct kern_ops *kern)
{
	struct member data;
	int err;
	int id;

	id = btf__find_by_name_kind(kern->btf, OPS_TYPE, BTF_KIND_STRUCT);
	if (id < 0)
		return id;
	kern->type = id;
	id = btf__find_by_name_kind(kern->btf, "bpf_struct_ops_" OPS_TYPE, BTF_KIND_STRUCT);
	if (id < 0)
		return id;
	kern->value_type = id;
	err = member_find(kern->btf, id, "data", &data);
	kern->data = data.off;
	return err;
}

int kern_ops_open(struct kern_ops *kern)
{
	int err;

	*kern = (struct kern_ops) { 0 };
	kern->base = btf__load_vmlinux_btf();
	if (!kern->base)
		return -errno;
	kern->btf = btf__load_module_btf(OPS_MODULE, kern->base);
	err = kern->btf ? find_types(kern) : -errno;
	if (err)
		kern_ops_close(kern);
	return err;
}

void kern_ops_close(struct kern_ops *kern)
{
	btf__free(kern->btf);
	btf__free(kern->base);
	*kern = (struct kern_ops) { 0 };
}
