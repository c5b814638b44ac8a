// SPDX-License-Identifier: GPL-2.0-only
/* Knobs: the "const volatile" globals of an object, between their BTF types and text. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ETH_ALEN	6

struct knob {
	const struct btf *btf;
	const char *name;
	const struct btf_type *type;
	__u32 size;
	char *at;
};

static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	int real = btf__resolve_type(btf, id);

	return real < 0 ? NULL : btf__type_by_id(btf, real);
}

/* "const" alone is a table of the program's, "volatile" says that a loader may write it. */
static bool is_volatile(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && btf_is_mod(t)) {
		if (btf_is_volatile(t))
			return true;
		t = btf__type_by_id(btf, t->type);
	}
	if (t && btf_is_array(t))
		return is_volatile(btf, btf_array(t)->type);
	return false;
}

static int knob_at(const struct vhx_policy *policy, const struct btf_var_secinfo *var,
		   struct knob *knob)
{
	const struct btf *btf = bpf_object__btf(policy->obj);
	const struct btf_type *t = btf__type_by_id(btf, var->type);
	struct bpf_map *map;
	size_t size;
	char *data;

	if (!t || !btf_is_var(t) || btf_var(t)->linkage == BTF_VAR_STATIC ||
	    !is_volatile(btf, t->type))
		return -ENOENT;
	map = bpf_object__find_map_by_name(policy->obj, ".rodata");
	data = map ? bpf_map__initial_value(map, &size) : NULL;
	if (!data || (__u64)var->offset + var->size > size)
		return -ENOENT;
	*knob = (struct knob) {
		.btf = btf,
		.name = btf__name_by_offset(btf, t->name_off),
		.type = resolve(btf, t->type),
		.size = var->size,
		.at = data + var->offset,
	};
	return knob->type ? 0 : -EINVAL;
}

typedef int (*knob_fn)(struct knob *knob, void *arg);

static int each_knob(const struct vhx_policy *policy, knob_fn fn, void *arg)
{
	const struct btf *btf = bpf_object__btf(policy->obj);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *sec;
	struct knob knob;
	unsigned int i;
	int ret = 0;

	if (id < 0)
		return 0;
	sec = btf__type_by_id(btf, id);
	for (i = 0; !ret && i < btf_vlen(sec); i++)
		if (!knob_at(policy, btf_var_secinfos(sec) + i, &knob))
			ret = fn(&knob, arg);
	return ret;
}

/* --- text to memory --- */

static int put_int(char *at, __u32 size, __u64 value)
{
	switch (size) {
	case 1:
		*(__u8 *)at = value;
		return 0;
	case 2:
		memcpy(at, &(__u16) { value }, 2);
		return 0;
	case 4:
		memcpy(at, &(__u32) { value }, 4);
		return 0;
	case 8:
		memcpy(at, &value, 8);
		return 0;
	}
	return -EOPNOTSUPP;
}

static int parse_signed(const char *text, __u32 size, char *at)
{
	long long value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end)
		return -EINVAL;
	if (errno || (size < 8 && (value >> (8 * size - 1)) + 1ULL > 1))
		return -ERANGE;
	return put_int(at, size, value);
}

static int parse_unsigned(const char *text, __u32 size, char *at)
{
	unsigned long long value;
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || *end)
		return -EINVAL;
	if (errno || *text == '-' || (size < 8 && value >> (8 * size)))
		return -ERANGE;
	return put_int(at, size, value);
}

static int parse_bool(const char *text, __u32 size, char *at)
{
	if (!strcmp(text, "1") || !strcmp(text, "true"))
		return put_int(at, size, 1);
	if (!strcmp(text, "0") || !strcmp(text, "false"))
		return put_int(at, size, 0);
	return -EINVAL;
}

static int parse_enum(const struct btf *btf, const struct btf_type *t, const char *text,
		      char *at)
{
	const struct btf_enum *e = btf_enum(t);
	unsigned int i;

	for (i = 0; i < btf_vlen(t); i++, e++)
		if (!strcmp(btf__name_by_offset(btf, e->name_off), text))
			return put_int(at, t->size, e->val);
	return parse_signed(text, t->size, at);
}

static int parse_scalar(const struct btf *btf, const struct btf_type *t, const char *text,
			char *at)
{
	if (btf_is_enum(t))
		return parse_enum(btf, t, text, at);
	if (!btf_is_int(t) || t->size > 8)
		return -EOPNOTSUPP;
	if (btf_int_encoding(t) & BTF_INT_BOOL)
		return parse_bool(text, t->size, at);
	if (btf_int_encoding(t) & BTF_INT_SIGNED)
		return parse_signed(text, t->size, at);
	return parse_unsigned(text, t->size, at);
}

static int parse_mac(const char *text, char *at)
{
	unsigned int byte[ETH_ALEN];
	int i, end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3],
		   &byte[4], &byte[5], &end) != ETH_ALEN || text[end])
		return -EINVAL;
	for (i = 0; i < ETH_ALEN; i++)
		at[i] = byte[i];
	return 0;
}

/* An address, told by its length and its punctuation. -EAGAIN: it does not look like one. */
static int parse_address(const char *text, __u32 size, char *at)
{
	if (size == ETH_ALEN && strchr(text, ':'))
		return parse_mac(text, at);
	if (size == sizeof(struct in_addr) && strchr(text, '.'))
		return inet_pton(AF_INET, text, at) == 1 ? 0 : -EINVAL;
	if (size == sizeof(struct in6_addr) && strchr(text, ':'))
		return inet_pton(AF_INET6, text, at) == 1 ? 0 : -EINVAL;
	return -EAGAIN;
}

static int parse_list(const struct knob *knob, const struct btf_type *elem, const char *text,
		      char *at)
{
	char *copy = strdup(text), *rest = copy, *word;
	__u32 off = 0;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (word = strsep(&rest, ","))) {
		if (off + elem->size > knob->size)
			err = -ERANGE;
		else
			err = parse_scalar(knob->btf, elem, word, at + off);
		off += elem->size;
	}
	free(copy);
	return err;
}

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	return btf_is_int(t) && t->size == 1 &&
	       !strcmp(btf__name_by_offset(btf, t->name_off), "char");
}

static int parse_string(const struct knob *knob, const char *text, char *at)
{
	if (strlen(text) >= knob->size)
		return -ERANGE;
	memcpy(at, text, strlen(text));
	return 0;
}

static int parse_array(const struct knob *knob, const char *text, char *at)
{
	const struct btf_type *elem = resolve(knob->btf, btf_array(knob->type)->type);
	int err;

	if (!elem)
		return -EINVAL;
	if (is_char(knob->btf, elem))
		return parse_string(knob, text, at);
	if (elem->size == 1) {
		err = parse_address(text, knob->size, at);
		if (err != -EAGAIN)
			return err;
	}
	return parse_list(knob, elem, text, at);
}

struct setting {
	const char *name;
	const char *value;
};

/* Into a copy first: a value that is half right changes nothing. */
static int parse_knob(struct knob *knob, const char *text)
{
	char *copy = calloc(1, knob->size);
	int err;

	if (!copy)
		return -ENOMEM;
	if (btf_is_array(knob->type))
		err = parse_array(knob, text, copy);
	else
		err = parse_scalar(knob->btf, knob->type, text, copy);
	if (!err)
		memcpy(knob->at, copy, knob->size);
	free(copy);
	return err;
}

/* Return: 1: it was the one, and is set. */
static int set_if_named(struct knob *knob, void *arg)
{
	const struct setting *setting = arg;
	int err;

	if (strcmp(knob->name, setting->name))
		return 0;
	err = parse_knob(knob, setting->value);
	return err ?: 1;
}

/* --- memory to text --- */

static __s64 get_int(const char *at, __u32 size, bool is_signed)
{
	__u64 value = 0;
	unsigned int unused = 64 - 8 * size;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, at, size);
#else
	memcpy((char *)&value + sizeof(value) - size, at, size);
#endif
	value <<= unused;
	return is_signed ? (__s64)value >> unused : (__s64)(value >> unused);
}

static bool is_signed(const struct btf_type *t)
{
	return btf_is_enum(t) ? btf_kflag(t) : btf_int_encoding(t) & BTF_INT_SIGNED;
}

static void format_scalar(const struct btf_type *t, const char *at, FILE *out)
{
	__s64 value;

	if ((!btf_is_int(t) && !btf_is_enum(t)) || t->size > 8) {
		fputs("?", out);
		return;
	}
	value = get_int(at, t->size, is_signed(t));
	if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL)
		fputs(value ? "true" : "false", out);
	else if (is_signed(t))
		fprintf(out, "%lld", (long long)value);
	else
		fprintf(out, "%llu", (unsigned long long)value);
}

static void format_value(const struct knob *knob, FILE *out)
{
	const struct btf_type *elem;
	__u32 off;

	if (!btf_is_array(knob->type)) {
		format_scalar(knob->type, knob->at, out);
		return;
	}
	elem = resolve(knob->btf, btf_array(knob->type)->type);
	if (!elem || !elem->size)
		return;
	if (is_char(knob->btf, elem)) {
		fprintf(out, "%.*s", (int)knob->size, knob->at);
		return;
	}
	for (off = 0; off + elem->size <= knob->size; off += elem->size) {
		if (off)
			fputc(',', out);
		format_scalar(elem, knob->at + off, out);
	}
}

static void format_type(const struct btf *btf, const struct btf_type *t, FILE *out)
{
	const char *name = btf__name_by_offset(btf, t->name_off);
	const struct btf_type *elem;

	if (btf_is_array(t)) {
		elem = resolve(btf, btf_array(t)->type);
		if (elem)
			format_type(btf, elem, out);
		fprintf(out, "[%u]", btf_array(t)->nelems);
	} else if (btf_is_enum(t)) {
		fprintf(out, "enum %s", name);
	} else if (!btf_is_int(t)) {
		fputs(name, out);
	} else if (btf_int_encoding(t) & BTF_INT_BOOL) {
		fputs("bool", out);
	} else if (is_char(btf, t)) {
		fputs("char", out);
	} else {
		fprintf(out, "%c%u", is_signed(t) ? 's' : 'u', t->size * 8);
	}
}

struct teller {
	vhx_knob_fn fn;
	void *arg;
};

static int tell_knob(struct knob *knob, void *arg)
{
	const struct teller *teller = arg;
	char *type = NULL, *value = NULL;
	struct vhx_knob_info info;
	size_t size;
	FILE *out;
	int ret;

	out = open_memstream(&type, &size);
	if (!out)
		return -ENOMEM;
	format_type(knob->btf, knob->type, out);
	fclose(out);
	out = open_memstream(&value, &size);
	if (!out) {
		free(type);
		return -ENOMEM;
	}
	format_value(knob, out);
	fclose(out);

	info = (struct vhx_knob_info) { .name = knob->name, .type = type, .value = value };
	ret = teller->fn(&info, teller->arg);
	free(type);
	free(value);
	return ret;
}

/* --- */

int vhx_policy__each_knob(const struct vhx_policy *policy, vhx_knob_fn fn, void *arg)
{
	struct teller teller = { .fn = fn, .arg = arg };

	return each_knob(policy, tell_knob, &teller);
}

int vhx_policy__set_knob(struct vhx_policy *policy, const char *name, const char *value)
{
	struct setting setting = { .name = name, .value = value };
	int ret;

	if (policy->loaded)
		return -EBUSY;
	ret = each_knob(policy, set_if_named, &setting);
	if (ret > 0)
		return 0;
	if (!ret)
		return policy_fail(policy, -ENOENT, "no knob %s", name);
	return policy_fail(policy, ret, "knob %s: %s is not a value of its type", name, value);
}
