// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tap shim: two socket filters on a tap that ask vhx, at the moment tun chooses a queue.
 *
 * tun takes them through any of the tap's own file descriptors, and those are the VMM's: one is
 * borrowed by pidfd_getfd(2) for the length of an ioctl.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include "internal.h"

/* glibc has wrappers since 2.36 only. */
static int pidfd_open_(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

static int pidfd_getfd_(int pidfd, int fd)
{
	return syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

/* Whether /proc/PID/fdinfo/FD has a line "iff:\tNAME", which tun writes for an attached queue. */
static bool is_queue_of(pid_t pid, const char *fd, const char *name)
{
	char path[64], line[128], want[IFNAMSIZ + 8];
	bool found = false;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", pid, fd);
	snprintf(want, sizeof(want), "iff:\t%.15s\n", name);
	info = fopen(path, "re");
	if (!info)
		return false;
	while (!found && fgets(line, sizeof(line), info))
		found = !strcmp(line, want);
	fclose(info);
	return found;
}

/* Names are unique in a network namespace only: the tap must be in ours. */
static int check_netns(int tap_fd)
{
	struct stat ours, its;
	int err;
	int ns;

	ns = ioctl(tap_fd, TUNGETDEVNETNS);
	if (ns < 0)
		return -errno;
	err = fstat(ns, &its) || stat("/proc/self/ns/net", &ours) ? -errno : 0;
	close(ns);
	if (err)
		return err;
	return its.st_ino == ours.st_ino && its.st_dev == ours.st_dev ? 0 : -ENOENT;
}

static int borrow(pid_t pid, int fd)
{
	int pidfd, ours, err;

	pidfd = pidfd_open_(pid);
	if (pidfd < 0)
		return -errno;
	ours = pidfd_getfd_(pidfd, fd);
	err = ours < 0 ? -errno : 0;
	close(pidfd);
	if (err)
		return err;
	err = check_netns(ours);
	if (!err)
		return ours;
	close(ours);
	return err;
}

static int borrow_from(const char *name, pid_t pid)
{
	const struct dirent *entry;
	int ret = -ENOENT;
	char path[32];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return errno == EACCES ? -EPERM : -errno;
	while (ret == -ENOENT && (entry = readdir(fds)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_queue_of(pid, entry->d_name, name))
			ret = borrow(pid, atoi(entry->d_name));
	closedir(fds);
	return ret;
}

/* A process that may not be looked at is worth telling of only if no other has the tap. */
static int borrow_from_any(const char *name)
{
	const struct dirent *entry;
	int denied = 0;
	int ret = -ENOENT;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (ret < 0 && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		ret = borrow_from(name, atoi(entry->d_name));
		if (ret == -EPERM)
			denied = ret;
	}
	closedir(proc);
	if (ret >= 0)
		return ret;
	return denied ?: -ENOENT;
}

int vhx_tap__borrow(const char *name, pid_t pid)
{
	int fd;

	/* The owner of a NIC's vhost fds has the tap's too, unless a launcher kept those. */
	if (pid) {
		fd = borrow_from(name, pid);
		if (fd != -ENOENT)
			return fd;
	}
	return borrow_from_any(name);
}

static int tap_set(int tap_fd, unsigned long request, int prog_fd)
{
	return ioctl(tap_fd, request, &prog_fd) ? -errno : 0;
}

static int prog_fd(const struct bpf_object *obj, const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

static int set_both(int tap_fd, int steer, int drop)
{
	int err;

	err = tap_set(tap_fd, TUNSETSTEERINGEBPF, steer);
	if (err)
		return err;
	err = tap_set(tap_fd, TUNSETFILTEREBPF, drop);
	if (err)
		tap_set(tap_fd, TUNSETSTEERINGEBPF, -1);
	return err;
}

int vhx_shim__attach(int tap_fd, const char *object)
{
	struct bpf_object *obj;
	int err, steer, drop;

	obj = bpf_object__open_file(object, NULL);
	if (!obj)
		return -errno;
	err = bpf_object__load(obj);
	if (err)
		goto close_obj;
	steer = prog_fd(obj, "vhx_tap_steer");
	drop = prog_fd(obj, "vhx_tap_drop");
	err = steer < 0 || drop < 0 ? -EINVAL : set_both(tap_fd, steer, drop);
close_obj:
	/* tun holds the programs from here on. */
	bpf_object__close(obj);
	return err;
}

int vhx_shim__detach(int tap_fd)
{
	int err = tap_set(tap_fd, TUNSETSTEERINGEBPF, -1);
	int filter_err = tap_set(tap_fd, TUNSETFILTEREBPF, -1);

	return err ?: filter_err;
}
