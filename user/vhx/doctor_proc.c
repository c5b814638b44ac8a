// SPDX-License-Identifier: GPL-2.0-only
/* vhx doctor: which processes hold a vhost node or a tap, from /proc. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define IN_TREE	"/dev/vhost-net"

static bool has_name(struct json_object *names, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(names); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(names, i)), name))
			return true;
	return false;
}

/* The tap that an fd of /dev/net/tun is a queue of, as its fdinfo says. */
static void add_tap(struct holder *holder, const char *fd)
{
	char path[64], line[128], name[32];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", holder->pid, fd);
	in = fopen(path, "re");
	if (!in)
		return;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "iff: %31s", name) == 1 && !has_name(holder->taps, name))
			json_object_array_add(holder->taps, json_object_new_string(name));
	fclose(in);
}

static void look_at_fd(struct holder *holder, int dir, const char *fd)
{
	char target[64];
	ssize_t len = readlinkat(dir, fd, target, sizeof(target) - 1);

	if (len < 0)
		return;
	target[len] = '\0';
	if (!strcmp(target, VHX_NODE_NET))
		holder->vhx++;
	else if (!strcmp(target, IN_TREE))
		holder->in_tree++;
	else if (!strcmp(target, "/dev/net/tun"))
		add_tap(holder, fd);
}

static void read_comm(struct holder *holder)
{
	char path[32];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
	in = fopen(path, "re");
	snprintf(holder->comm, sizeof(holder->comm), "?");
	if (!in)
		return;
	if (fgets(holder->comm, sizeof(holder->comm), in))
		holder->comm[strcspn(holder->comm, "\n")] = '\0';
	fclose(in);
}

static void look_at_process(struct holder *holder)
{
	const struct dirent *entry;
	char path[32];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", holder->pid);
	fds = opendir(path);
	if (!fds)
		return;
	while ((entry = readdir(fds)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at_fd(holder, dirfd(fds), entry->d_name);
	closedir(fds);
	read_comm(holder);
}

void each_holder(void (*fn)(const struct holder *holder, void *arg), void *arg)
{
	const struct dirent *entry;
	struct holder holder;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		holder = (struct holder) { .pid = atoi(entry->d_name), .taps = j_arr() };
		look_at_process(&holder);
		if (holder.vhx || holder.in_tree || json_object_array_length(holder.taps))
			fn(&holder, arg);
		json_object_put(holder.taps);
	}
	closedir(proc);
}
