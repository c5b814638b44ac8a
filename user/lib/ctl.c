// SPDX-License-Identifier: GPL-2.0-only
/* The device nodes: opening them, what they can do, and their ioctls that concern policies. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "libvhx.h"

static const char *const feature_names[] = {
	"steer",
	"test_run",
	"bind",
	"shim",
};

int vhx_node__open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vhx_node__features(int fd, __u64 *features)
{
	return ioctl(fd, VHX_GET_FEATURES, features) ? -errno : 0;
}

int vhx_policy__bind(int vhost_fd, __u32 id)
{
	struct vhx_bind bind = { .size = sizeof(bind), .policy_id = id };

	return ioctl(vhost_fd, VHX_NET_BIND, &bind) ? -errno : 0;
}

int vhx_policy__test(int ctl, struct vhx_test_run *run)
{
	run->size = sizeof(*run);
	return ioctl(ctl, VHX_TEST_RUN, run) ? -errno : 0;
}

const char *vhx_feature__name(unsigned int bit)
{
	if (bit >= sizeof(feature_names) / sizeof(feature_names[0]))
		return NULL;
	return feature_names[bit];
}
