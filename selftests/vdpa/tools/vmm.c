// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm NODE: a VMM that does what it is told, a line of standard input at a time, and answers "ok" or
 * an errno by name:
 *
 *	owner | backend MASK | features MASK | status BITS | suspend
 *	map IOVA BYTES | map-shared IOVA BYTES | map-odd IOVA BYTES | unmap IOVA BYTES
 *	size QUEUE N | enable QUEUE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vhost.h>

#define PAGE	4096

static int fd;

static int tell(__u8 type, __u64 iova, __u64 size, void *memory)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = iova,
			.size = size,
			.uaddr = (unsigned long)memory,
			.perm = VHOST_ACCESS_RW,
			.type = type,
		},
	};

	return write(fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -1;
}

/* The memory is kept: it is the guest's. */
static int map(__u64 iova, __u64 size, int flags, unsigned int shift)
{
	char *memory = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	return tell(VHOST_IOTLB_UPDATE, iova, size, memory + shift);
}

static int give_u64(unsigned long request, __u64 value)
{
	return ioctl(fd, request, &value);
}

static int give_queue(unsigned long request, unsigned int index, unsigned int num)
{
	struct vhost_vring_state state = { .index = index, .num = num };

	return ioctl(fd, request, &state);
}

static int give_status(__u8 status)
{
	return ioctl(fd, VHOST_VDPA_SET_STATUS, &status);
}

static int obey(const char *word, __u64 a, __u64 b)
{
	if (!strcmp(word, "owner"))
		return ioctl(fd, VHOST_SET_OWNER);
	if (!strcmp(word, "backend"))
		return give_u64(VHOST_SET_BACKEND_FEATURES, a);
	if (!strcmp(word, "features"))
		return give_u64(VHOST_SET_FEATURES, a);
	if (!strcmp(word, "status"))
		return give_status(a);
	if (!strcmp(word, "suspend"))
		return ioctl(fd, VHOST_VDPA_SUSPEND);
	if (!strcmp(word, "map"))
		return map(a, b, MAP_PRIVATE, 0);
	if (!strcmp(word, "map-shared"))
		return map(a, b, MAP_SHARED, 0);
	if (!strcmp(word, "map-odd"))
		return map(a, b, MAP_PRIVATE, 512);
	if (!strcmp(word, "unmap"))
		return tell(VHOST_IOTLB_INVALIDATE, a, b, NULL);
	if (!strcmp(word, "size"))
		return give_queue(VHOST_SET_VRING_NUM, a, b);
	if (!strcmp(word, "enable"))
		return give_queue(VHOST_VDPA_SET_VRING_ENABLE, a, 1);
	errno = ENOSYS;
	return -1;
}

static void answer(const char *line)
{
	unsigned long long a = 0, b = 0;
	char word[32] = "";

	if (sscanf(line, "%31s %lli %lli", word, &a, &b) < 1)
		return;
	puts(obey(word, a, b) ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[128];

	if (argc != 2) {
		fprintf(stderr, "usage: vmm NODE\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	puts(fd < 0 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
	while (fd >= 0 && fgets(line, sizeof(line), stdin))
		answer(line);
	return fd < 0;
}
