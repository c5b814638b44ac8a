// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that outlive their loader: VHX_PIN_ROOT/NAME/link and .../maps/MAP in bpffs.
 *
 * The link is pinned last and unpinned first, so that a directory without one is the rest of
 * something that did not work out, and is in nobody's way.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "internal.h"

#define BPFFS	"/sys/fs/bpf"

static int join(char *path, size_t size, const char *dir, const char *name)
{
	return (size_t)snprintf(path, size, "%s/%s", dir, name) < size ? 0 : -ENAMETOOLONG;
}

int pin_dir(const char *name, char *path, size_t size)
{
	char *at;
	int err;

	/* The kernel takes both for an answer to "which directory", bpffs for none. */
	if (!*name || strchr(name, '/'))
		return -EINVAL;
	err = join(path, size, VHX_PIN_ROOT, name);
	if (err)
		return err;
	for (at = path + strlen(VHX_PIN_ROOT); *at; at++)
		if (*at == '.')
			*at = '_';
	return 0;
}

int link_id(int link_fd, __u32 *id)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);
	int err;

	err = bpf_link_get_info_by_fd(link_fd, &info, &len);
	if (err)
		return err;
	*id = info.id;
	return 0;
}

/* The link pinned in @dir. A link that was ejected has no map any more. */
static int pinned_link(const char *dir, __u32 *id, bool *attached)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);
	char path[PATH_MAX];
	int err;
	int fd;

	err = join(path, sizeof(path), dir, "link");
	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fd;
	err = bpf_link_get_info_by_fd(fd, &info, &len);
	close(fd);
	*id = info.id;
	*attached = info.type == BPF_LINK_TYPE_STRUCT_OPS && info.struct_ops.map_id;
	return err;
}

static void empty_dir(const char *dir)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *stream;

	stream = opendir(dir);
	if (!stream)
		return;
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.' && !join(path, sizeof(path), dir, entry->d_name))
			unlink(path);
	closedir(stream);
}

static int remove_pins(const char *dir)
{
	char path[PATH_MAX];

	if (join(path, sizeof(path), dir, "link"))
		return -ENAMETOOLONG;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	if (!join(path, sizeof(path), dir, "maps")) {
		empty_dir(path);
		rmdir(path);
	}
	return rmdir(dir) && errno != ENOENT ? -errno : 0;
}

static int make_dir(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

static int make_root(struct vhx_policy *policy)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC)
		return policy_fail(policy, -ENODEV, "no bpffs is mounted on " BPFFS);
	return make_dir(VHX_PIN_ROOT);
}

/* A name is free, or its place is held by a policy that is no longer attached. */
static int make_room(struct vhx_policy *policy, const char *dir)
{
	bool attached;
	__u32 id;
	int err;

	err = pinned_link(dir, &id, &attached);
	if (!err && attached)
		return policy_fail(policy, -EEXIST, "policy %u is pinned at %s", id, dir);
	if (err && err != -ENOENT)
		return policy_fail(policy, err, "%s/link is not to be opened", dir);
	return remove_pins(dir);
}

static bool is_shared(const struct bpf_map *map)
{
	return bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS && !bpf_map__is_internal(map) &&
	       bpf_map__autocreate(map);
}

static int pin_map(const struct bpf_map *map, const char *dir)
{
	char path[PATH_MAX];
	int err;

	err = join(path, sizeof(path), dir, bpf_map__name(map));
	if (err)
		return err;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(bpf_map__fd(map), path);
}

static int pin_maps(struct vhx_policy *policy, const char *dir)
{
	const struct bpf_map *map;
	char path[PATH_MAX];
	int err;

	err = join(path, sizeof(path), dir, "maps");
	if (!err)
		err = make_dir(path);
	if (err)
		return err;
	bpf_object__for_each_map(map, policy->obj) {
		if (!is_shared(map))
			continue;
		err = pin_map(map, path);
		if (err)
			return policy_fail(policy, err, "cannot pin map %s", bpf_map__name(map));
	}
	return 0;
}

static int pin_link(int fd, const char *dir)
{
	char path[PATH_MAX];
	int err;

	err = join(path, sizeof(path), dir, "link");
	return err ?: bpf_obj_pin(fd, path);
}

static int pin_new(struct vhx_policy *policy, const char *dir)
{
	int err;

	err = make_dir(dir);
	if (err)
		return err;
	err = pin_maps(policy, dir);
	if (!err)
		err = pin_link(policy->link, dir);
	if (err)
		remove_pins(dir);
	return err;
}

/* The link stays as it is; the maps of what was replaced make room for the new ones. */
static int pin_replaced(struct vhx_policy *policy)
{
	char dir[PATH_MAX], maps[PATH_MAX];
	int err;

	err = vhx_policy__pinned(policy->id, dir, sizeof(dir));
	if (!err)
		err = join(maps, sizeof(maps), dir, "maps");
	if (err)
		return err == -ENOENT ? 0 : err;
	empty_dir(maps);
	return pin_maps(policy, dir);
}

int vhx_policy__claim_pin(struct vhx_policy *policy)
{
	char dir[PATH_MAX];
	int err;

	err = make_root(policy);
	if (!err)
		err = pin_dir(vhx_policy__get_str(policy, "name"), dir, sizeof(dir));
	return err ?: make_room(policy, dir);
}

int vhx_policy__pin(struct vhx_policy *policy)
{
	char dir[PATH_MAX];
	int err;

	if (policy->link < 0)
		return -EINVAL;
	if (policy->replaces)
		return pin_replaced(policy);
	err = vhx_policy__claim_pin(policy);
	if (!err)
		err = pin_dir(vhx_policy__get_str(policy, "name"), dir, sizeof(dir));
	return err ?: pin_new(policy, dir);
}

int vhx_policy__pinned(__u32 id, char *path, size_t size)
{
	const struct dirent *entry;
	int err = -ENOENT;
	bool attached;
	__u32 found;
	DIR *root;

	root = opendir(VHX_PIN_ROOT);
	if (!root)
		return -errno;
	while (err && (entry = readdir(root))) {
		if (entry->d_name[0] == '.' || join(path, size, VHX_PIN_ROOT, entry->d_name) ||
		    pinned_link(path, &found, &attached) || found != id)
			continue;
		err = 0;
	}
	closedir(root);
	return err;
}

int vhx_policy__detach(__u32 id)
{
	char dir[PATH_MAX];
	bool pinned;
	int err;
	int fd;

	fd = bpf_link_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	pinned = !vhx_policy__pinned(id, dir, sizeof(dir));
	err = bpf_link_detach(fd);
	close(fd);
	if (err)
		return err;
	return pinned ? remove_pins(dir) : 0;
}

static bool same_make(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map) &&
	       info->max_entries == bpf_map__max_entries(map) &&
	       info->map_flags == bpf_map__map_flags(map);
}

/* Return: 1 when it was taken over, 0 when there is none of its name. */
static int keep_map(struct vhx_policy *policy, struct bpf_map *map, const char *dir)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	char path[PATH_MAX];
	int err;
	int fd;

	err = join(path, sizeof(path), dir, bpf_map__name(map));
	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = bpf_map_get_info_by_fd(fd, &info, &len);
	if (!err && !same_make(map, &info))
		err = policy_fail(policy, -EINVAL,
				  "map %s differs in type, sizes, entries or flags",
				  bpf_map__name(map));
	if (!err)
		err = bpf_map__reuse_fd(map, fd);
	close(fd);
	return err ?: 1;
}

int vhx_policy__keep_maps(struct vhx_policy *policy, const char *name)
{
	char dir[PATH_MAX], maps[PATH_MAX];
	struct bpf_map *map;
	int kept = 0;
	int ret;

	ret = pin_dir(name, dir, sizeof(dir));
	if (!ret)
		ret = join(maps, sizeof(maps), dir, "maps");
	if (ret)
		return ret;
	bpf_object__for_each_map(map, policy->obj) {
		if (!is_shared(map))
			continue;
		ret = keep_map(policy, map, maps);
		if (ret < 0)
			return ret;
		kept += ret;
	}
	return kept;
}
