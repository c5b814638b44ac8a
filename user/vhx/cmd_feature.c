// SPDX-License-Identifier: GPL-2.0-only
/* vhx feature: what the loaded modules and the running kernel can do, node by node. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <linux/vhost.h>

#include "out.h"

/* Debian 13's headers do not have it. */
#ifndef VHOST_GET_FEATURES_ARRAY
struct vhost_features_array {
	__u64 count;
	__u64 features[];
};
#define VHOST_GET_FEATURES_ARRAY _IOR(VHOST_VIRTIO, 0x83, struct vhost_features_array)
#endif

static const struct out_col node_cols[] = {
	{ "path", "NODE", OUT_PLAIN },
	{ "error", "ERROR", OUT_PLAIN },
	{ "vhx_features", "VHX", OUT_PLAIN },
	{ "vhx_feature_names", "FEATURES", OUT_PLAIN },
};

static const struct out_col module_cols[] = {
	{ "name", "MODULE", OUT_PLAIN },
	{ "version", "VERSION", OUT_PLAIN },
	{ "srcversion", "SOURCE", OUT_PLAIN },
	{ "btf", "BTF", OUT_PLAIN },
};

static const struct out_col kernel_cols[] = {
	{ "kernel", "kernel", OUT_PLAIN },
	{ "steer_ops", "steering operations", OUT_PLAIN },
	{ "steer_fields", "steering fields", OUT_PLAIN },
	{ "kfuncs", "kfuncs", OUT_PLAIN },
	{ "virtio_features", "virtio features offered", OUT_PLAIN },
};

static struct json_object *bit_names(__u64 features)
{
	struct json_object *names = j_arr();
	const char *name;
	char number[16];
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		if (!(features >> bit & 1))
			continue;
		name = vhx_feature__name(bit);
		snprintf(number, sizeof(number), "bit_%u", bit);
		json_object_array_add(names, json_object_new_string(name ?: number));
	}
	return names;
}

static void ask_virtio(int fd, struct json_object *whole)
{
	__u64 array[] = { 2, 0, 0 };

	if (!ioctl(fd, VHOST_GET_FEATURES_ARRAY, array))
		j_add(whole, "virtio_features", virtio_features(array[1], array[2]));
}

static struct json_object *ask_node(const char *path, struct json_object *whole)
{
	struct json_object *node = j_obj();
	__u64 features = 0;
	int err, fd;

	j_str(node, "path", path);
	fd = vhx_node__open(path);
	err = fd < 0 ? fd : vhx_node__features(fd, &features);
	j_str(node, "error", err ? strerrorname_np(-err) : NULL);
	if (!err) {
		j_hex(node, "vhx_features", features);
		j_add(node, "vhx_feature_names", bit_names(features));
	}
	if (fd >= 0) {
		ask_virtio(fd, whole);
		close(fd);
	}
	return node;
}

/* One line of sysfs; "" when it is not there. */
static void read_line(const char *path, char *buf, size_t size)
{
	FILE *in = fopen(path, "re");

	buf[0] = '\0';
	if (!in)
		return;
	if (!fgets(buf, size, in))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	fclose(in);
}

static struct json_object *ask_module(const char *name)
{
	struct json_object *module = j_obj();
	char path[128], line[64];

	j_str(module, "name", name);
	snprintf(path, sizeof(path), "/sys/module/%s", name);
	j_bool(module, "loaded", !access(path, F_OK));
	snprintf(path, sizeof(path), "/sys/module/%s/version", name);
	read_line(path, line, sizeof(line));
	j_str(module, "version", *line ? line : NULL);
	snprintf(path, sizeof(path), "/sys/module/%s/srcversion", name);
	read_line(path, line, sizeof(line));
	j_str(module, "srcversion", *line ? line : NULL);
	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name);
	j_bool(module, "btf", !access(path, R_OK));
	return module;
}

/* Members of struct vhx_steer_ops in the running module: operations or fields. */
static void add_members(const struct btf *btf, struct json_object *ops,
			struct json_object *fields)
{
	int id = btf__find_by_name_kind(btf, "vhx_steer_ops", BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_type *member;
	unsigned int i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		member = btf__type_by_id(btf, btf_members(t)[i].type);
		json_object_array_add(member && btf_is_ptr(member) ? ops : fields,
				      json_object_new_string(btf__name_by_offset(btf,
						btf_members(t)[i].name_off)));
	}
}

/* pahole tags the functions that programs may call. */
static void add_kfuncs(const struct btf *btf, struct json_object *kfuncs)
{
	const struct btf_type *t, *func;
	__u32 id;

	for (id = btf__type_cnt(btf__base_btf(btf)); id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		if (!btf_is_decl_tag(t) ||
		    strcmp(btf__name_by_offset(btf, t->name_off), "bpf_kfunc"))
			continue;
		func = btf__type_by_id(btf, t->type);
		json_object_array_add(kfuncs, json_object_new_string(
			btf__name_by_offset(btf, func->name_off)));
	}
}

static void ask_btf(struct json_object *whole)
{
	struct json_object *ops = j_arr(), *fields = j_arr(), *kfuncs = j_arr();
	struct btf *base = btf__load_vmlinux_btf();
	struct btf *btf = base ? btf__load_module_btf("vhx_net", base) : NULL;

	if (btf) {
		add_members(btf, ops, fields);
		add_kfuncs(btf, kfuncs);
	}
	btf__free(btf);
	btf__free(base);
	j_add(whole, "steer_ops", ops);
	j_add(whole, "steer_fields", fields);
	j_add(whole, "kfuncs", kfuncs);
}

static bool is_loaded(struct json_object *modules, const char *name)
{
	struct json_object *module;
	size_t i;

	for (i = 0; i < json_object_array_length(modules); i++) {
		module = json_object_array_get_idx(modules, i);
		if (!strcmp(j_get_str(module, "name"), name))
			return j_get_bool(module, "loaded");
	}
	return false;
}

int cmd_feature(int argc, char **argv)
{
	struct json_object *whole, *nodes, *modules;
	struct words words = { .max = 0 };
	struct utsname kernel;
	bool loaded;

	parse_words("", "What the loaded modules and the running kernel can do.", argc, argv,
		    &words);
	whole = j_obj();
	nodes = j_arr();
	modules = j_arr();
	json_object_array_add(nodes, ask_node(VHX_NODE_CTL, whole));
	json_object_array_add(nodes, ask_node(VHX_NODE_NET, whole));
	json_object_array_add(modules, ask_module("vhx"));
	json_object_array_add(modules, ask_module("vhx_net"));
	loaded = is_loaded(modules, "vhx") && is_loaded(modules, "vhx_net");
	if (!loaded) {
		json_object_put(nodes);
		json_object_put(modules);
		json_object_put(whole);
		return fail(RC_LACK, 0, "modprobe vhx_net, then: vhx doctor",
			    "module vhx_net is not loaded");
	}
	uname(&kernel);
	j_str(whole, "kernel", kernel.release);
	j_num(whole, "abi", VHX_ABI);
	j_add(whole, "nodes", nodes);
	j_add(whole, "modules", modules);
	ask_btf(whole);
	if (out_json(whole))
		return RC_OK;
	out_record(whole, kernel_cols, ARRAY_SIZE(kernel_cols));
	out_title("Nodes");
	out_table(nodes, node_cols, ARRAY_SIZE(node_cols));
	out_title("Modules");
	out_table(modules, module_cols, ARRAY_SIZE(module_cols));
	json_object_put(whole);
	return RC_OK;
}
