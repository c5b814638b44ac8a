// SPDX-License-Identifier: GPL-2.0-only
/* A policy's object file: found, read, its binding fields set, loaded. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A longer log of the verifier loses its beginning, which nobody reads. */
#define LOG_SIZE	(16U << 20)

int policy_fail(struct vhx_policy *policy, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(policy->error, sizeof(policy->error), fmt, args);
	va_end(args);
	return err;
}

static bool try_object(const char *dir, const char *name, char *path, size_t size)
{
	int len;

	if (!dir || !*dir)
		return false;
	len = snprintf(path, size, "%s/%s.bpf.o", dir, name);
	return len > 0 && (size_t)len < size && !access(path, F_OK);
}

int vhx_object__find(const char *name, const char *dir, char *path, size_t size)
{
	const char *dirs[] = { dir, getenv("VHX_BPF_DIR"), "./build/bpf", VHX_BPF_DIR };
	size_t i;

	if (strchr(name, '/') || !access(name, F_OK)) {
		if (access(name, F_OK))
			return -errno;
		return (size_t)snprintf(path, size, "%s", name) < size ? 0 : -ENAMETOOLONG;
	}
	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (try_object(dirs[i], name, path, size))
			return 0;
	return -ENOENT;
}

/* libbpf has numbers of its own above all errno. */
static int plain_errno(int err)
{
	return err <= -__LIBBPF_ERRNO__START ? -EINVAL : err;
}

/* The one map of our type; what else the object has is none of a policy's business. */
static int find_ops(struct vhx_policy *policy)
{
	const struct btf *btf = bpf_object__btf(policy->obj);
	const struct btf_type *t;
	struct bpf_map *map;
	const char *name;

	bpf_object__for_each_map(map, policy->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		t = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
		name = t ? btf__name_by_offset(btf, t->name_off) : "";
		if (strcmp(name, OPS_TYPE))
			continue;
		if (policy->ops)
			return policy_fail(policy, -EINVAL, "two policies in one object: %s and %s",
					   bpf_map__name(policy->ops), bpf_map__name(map));
		policy->ops = map;
		policy->ops_type = bpf_map__btf_value_type_id(map);
	}
	if (!policy->ops)
		return policy_fail(policy, -EINVAL, "no struct " OPS_TYPE " in it");
	if (!(bpf_map__map_flags(policy->ops) & BPF_F_LINK))
		return policy_fail(policy, -EINVAL, "%s is not in section .struct_ops.link",
				   bpf_map__name(policy->ops));
	return 0;
}

int vhx_policy__open(struct vhx_policy **out, const char *path)
{
	struct vhx_policy *policy = calloc(1, sizeof(*policy));

	*out = policy;
	if (!policy)
		return -ENOMEM;
	policy->link = -1;
	policy->log = calloc(1, LOG_SIZE);
	if (!policy->log)
		return -ENOMEM;

	LIBBPF_OPTS(bpf_object_open_opts, opts,
		.kernel_log_buf = policy->log,
		.kernel_log_size = LOG_SIZE,
	);
	policy->obj = bpf_object__open_file(path, &opts);
	if (!policy->obj)
		return policy_fail(policy, plain_errno(-errno),
				   "not a BPF object that libbpf can read");
	return find_ops(policy);
}

void vhx_policy__close(struct vhx_policy *policy)
{
	if (!policy)
		return;
	if (policy->link >= 0)
		close(policy->link);
	bpf_object__close(policy->obj);
	kern_ops_close(&policy->kern);
	free(policy->log);
	free(policy);
}

const char *vhx_policy__error(const struct vhx_policy *policy)
{
	return policy->error;
}

const char *vhx_policy__log(const struct vhx_policy *policy)
{
	return policy->log ?: "";
}

const char *vhx_policy__left_out(const struct vhx_policy *policy)
{
	return policy->left_out;
}

__u32 vhx_policy__id(const struct vhx_policy *policy)
{
	return policy->id;
}

int vhx_policy__link_fd(const struct vhx_policy *policy)
{
	return policy->link < 0 ? -EBADF : policy->link;
}

/* The struct_ops map's initial value, laid out as the object's BTF says. */
void *policy_data(const struct vhx_policy *policy)
{
	size_t size;

	return bpf_map__initial_value(policy->ops, &size);
}

static int find_field(const struct vhx_policy *policy, const char *name, struct member *field)
{
	return member_find(bpf_object__btf(policy->obj), policy->ops_type, name, field);
}

/* A field is an integer of 4 or 8 bytes or an array of char: the ABI has no others. */
int vhx_policy__set_num(struct vhx_policy *policy, const char *name, __u64 value)
{
	struct member field;
	__u32 word = value;
	char *at;
	int err;

	err = find_field(policy, name, &field);
	if (err)
		return policy_fail(policy, err, "the object knows no field %s", name);
	if (!btf_is_int(field.type) || (field.size != 4 && field.size != 8))
		return policy_fail(policy, -EINVAL, "%s is not a number", name);

	at = (char *)policy_data(policy) + field.off;
	if (field.size == 8)
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &word, sizeof(word));
	return 0;
}

int vhx_policy__leave_out(struct vhx_policy *policy, const char *name)
{
	struct member op;

	if (find_field(policy, name, &op) || !op.func)
		return policy_fail(policy, -ENOENT, "the object knows no operation %s", name);
	memset((char *)policy_data(policy) + op.off, 0, op.size);
	return 0;
}

int vhx_policy__get_num(const struct vhx_policy *policy, const char *name, __u64 *value)
{
	struct member field;
	const char *at;
	__u32 word;
	int err;

	err = find_field(policy, name, &field);
	if (err)
		return err;
	if (!btf_is_int(field.type))
		return -EINVAL;

	at = (const char *)policy_data(policy) + field.off;
	if (field.size == 8) {
		memcpy(value, at, sizeof(*value));
		return 0;
	}
	memcpy(&word, at, sizeof(word));
	*value = word;
	return 0;
}

int vhx_policy__set_str(struct vhx_policy *policy, const char *name, const char *value)
{
	struct member field;
	char *at;
	int err;

	err = find_field(policy, name, &field);
	if (err)
		return policy_fail(policy, err, "the object knows no field %s", name);
	if (!btf_is_array(field.type))
		return policy_fail(policy, -EINVAL, "%s is not a string", name);
	if (strlen(value) >= field.size)
		return policy_fail(policy, -ENAMETOOLONG, "%s is at most %u bytes long", name,
				   field.size - 1);

	at = (char *)policy_data(policy) + field.off;
	memset(at, 0, field.size);
	memcpy(at, value, strlen(value));
	return 0;
}

const char *vhx_policy__get_str(const struct vhx_policy *policy, const char *name)
{
	struct member field;
	const char *at;

	if (find_field(policy, name, &field) || !btf_is_array(field.type))
		return "";
	at = (const char *)policy_data(policy) + field.off;
	return memchr(at, '\0', field.size) ? at : "";
}

__u32 vhx_policy__ops(const struct vhx_policy *policy)
{
	struct member field;
	__u32 ops = 0;
	const char *name;
	void *prog;
	__u32 op;

	for (op = 0; (name = vhx_op__name(op)); op++) {
		if (find_field(policy, name, &field) || !field.func)
			continue;
		memcpy(&prog, (const char *)policy_data(policy) + field.off, sizeof(prog));
		if (prog)
			ops |= 1U << op;
	}
	return ops;
}

static void note_left_out(struct vhx_policy *policy, const char *name)
{
	size_t used = strlen(policy->left_out);

	snprintf(policy->left_out + used, sizeof(policy->left_out) - used, "%s%s",
		 used ? " " : "", name);
}

static bool is_zero(const char *at, size_t size)
{
	while (size--)
		if (*at++)
			return false;
	return true;
}

/*
 * A member the module does not have: an operation has a built-in behaviour there and is left
 * out, which may be said of a field only while it asks for nothing.
 */
static int drop_unknown(struct vhx_policy *policy, const char *name,
			const struct member *member)
{
	char *at = (char *)policy_data(policy) + member->off;

	if (is_zero(at, member->size))
		return 0;
	if (!member->func)
		return policy_fail(policy, -EOPNOTSUPP, "the running module knows no field %s",
				   name);
	memset(at, 0, member->size);
	note_left_out(policy, name);
	return 0;
}

static int drop_unknowns(struct vhx_policy *policy)
{
	const struct kern_ops *kern = &policy->kern;
	const struct btf *btf = bpf_object__btf(policy->obj);
	const struct btf_type *t = btf__type_by_id(btf, policy->ops_type);
	struct member mine, theirs;
	const char *name;
	unsigned int i;
	int err;

	for (i = 0; i < btf_vlen(t); i++) {
		name = btf__name_by_offset(btf, btf_members(t)[i].name_off);
		err = member_at(btf, t, i, &mine);
		if (err)
			return policy_fail(policy, err, "its BTF of %s makes no sense", name);
		if (!member_find(kern->btf, kern->type, name, &theirs))
			continue;
		err = drop_unknown(policy, name, &mine);
		if (err)
			return err;
	}
	return 0;
}

int vhx_policy__load(struct vhx_policy *policy)
{
	int err;

	if (policy->loaded)
		return -EBUSY;
	kern_ops_close(&policy->kern);
	err = kern_ops_open(&policy->kern);
	if (err)
		return policy_fail(policy, err == -EPERM ? err : -ENOENT,
				   "no struct " OPS_TYPE " in the running kernel");
	err = drop_unknowns(policy);
	if (err)
		return err;

	policy->log[0] = '\0';
	err = plain_errno(bpf_object__load(policy->obj));
	if (err)
		return policy_fail(policy, err, "%s",
				   policy->log[0] ? "the verifier refused it" : "");
	policy->loaded = true;
	return 0;
}
