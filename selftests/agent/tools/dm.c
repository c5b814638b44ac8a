// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm: the little of dmsetup(8) that the tests of failing disks want, without a package for it.
 *
 *	dm create NAME TARGET SECTORS ARGS	makes /dev/dm-N, and prints that name
 *	dm load NAME TARGET SECTORS ARGS	another table, in force after suspend and resume
 *	dm suspend NAME				I/O waits from now on
 *	dm resume NAME
 *	dm remove NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#define NODE	"/dev/mapper/control"

static union {
	struct dm_ioctl io;
	char room[4096];
} u;

static int control = -1;

static struct dm_ioctl *begin(const char *name)
{
	memset(&u, 0, sizeof(u));
	u.io.version[0] = DM_VERSION_MAJOR;
	u.io.data_size = sizeof(u);
	u.io.data_start = sizeof(u.io);
	snprintf(u.io.name, sizeof(u.io.name), "%s", name);
	return &u.io;
}

static int call(unsigned long cmd, const char *what)
{
	if (!ioctl(control, cmd, &u))
		return 0;
	fprintf(stderr, "dm: %s %s: %s\n", what, u.io.name, strerror(errno));
	return 1;
}

static int load(const char *name, char **arg)
{
	struct dm_target_spec *spec = (void *)(u.room + sizeof(u.io));

	begin(name)->target_count = 1;
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", arg[0]);
	spec->length = strtoull(arg[1], NULL, 0);
	snprintf((char *)(spec + 1), 1024, "%s", arg[2]);
	spec->next = sizeof(*spec) + 1024;
	return call(DM_TABLE_LOAD, "load");
}

static int suspend(const char *name, uint32_t flags)
{
	/* A file system on it is not frozen: its I/O is to hang. */
	begin(name)->flags = flags ? flags | DM_SKIP_LOCKFS_FLAG : 0;
	return call(DM_DEV_SUSPEND, flags ? "suspend" : "resume");
}

static int create(const char *name, char **arg)
{
	begin(name);
	if (call(DM_DEV_CREATE, "create"))
		return 1;
	printf("/dev/dm-%u\n", minor(u.io.dev));
	return load(name, arg) || suspend(name, 0);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	control = open(NODE, O_RDWR | O_CLOEXEC);
	if (control < 0) {
		fprintf(stderr, "dm: %s: %s: modprobe dm_mod\n", NODE, strerror(errno));
		return 1;
	}
	if (!strcmp(verb, "create") && argc == 6)
		return create(argv[2], argv + 3);
	if (!strcmp(verb, "load") && argc == 6)
		return load(argv[2], argv + 3);
	if (!strcmp(verb, "suspend"))
		return suspend(argv[2], DM_SUSPEND_FLAG);
	if (!strcmp(verb, "resume"))
		return suspend(argv[2], 0);
	if (!strcmp(verb, "remove")) {
		begin(argv[2]);
		return call(DM_DEV_REMOVE, "remove");
	}
	fprintf(stderr, "usage: dm create|load NAME TARGET SECTORS ARGS, dm suspend|resume|remove NAME\n");
	return 2;
}
