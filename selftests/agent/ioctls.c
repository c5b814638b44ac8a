// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of an agent's session, and of /dev/vhx about it, with every wrong argument; and what of
 * a session may be mapped, and how.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"
#include "tap.h"

#define PAGE	4096u
#define POOL	(64 * PAGE)

static int call(int fd, unsigned long cmd, void *arg)
{
	int rc = ioctl(fd, cmd, arg);

	return rc < 0 ? -errno : rc;
}

static void expect(int rc, int want, const char *what)
{
	if (!tap_ok(rc == want, "%s: %s", what, want ? strerror(-want) : "success"))
		tap_diag("it was %d", rc);
}

/* ---- open ---- */

static const struct {
	const char *what;
	struct vhx_agent_open arg;
	int err;
} opens[] = {
	{ "no size", { 0, 0, 1, 64, POOL, 0 }, EINVAL },
	{ "a size of 4", { 4, 0, 1, 64, POOL, 0 }, EINVAL },
	{ "a flag that there is not", { 24, 2, 1, 64, POOL, 0 }, EINVAL },
	{ "no queue", { 24, 0, 0, 64, POOL, 0 }, EINVAL },
	{ "65 queues", { 24, 0, 65, 65, POOL, 0 }, EINVAL },
	{ "no tag", { 24, 0, 1, 0, POOL, 0 }, EINVAL },
	{ "fewer tags than queues", { 24, 0, 4, 2, POOL, 0 }, EINVAL },
	{ "tags that are no power of two", { 24, 0, 1, 96, POOL, 0 }, EINVAL },
	{ "tags that cannot be shared out", { 24, 0, 3, 64, POOL, 0 }, EINVAL },
	{ "too many tags", { 24, 0, 1, 32768, POOL, 0 }, EINVAL },
	{ "tags around 2^32", { 24, 0, 1, 0x80000000, POOL, 0 }, EINVAL },
	{ "no pool", { 24, 0, 1, 64, 0, 0 }, EINVAL },
	{ "a pool of half a page", { 24, 0, 1, 64, PAGE / 2, 0 }, EINVAL },
	{ "a pool that is too large", { 24, 0, 1, 64, VHX_AGENT_POOL_MAX + PAGE, 0 }, EINVAL },
	{ "a size without the flag for it", { 24, 0, 1, 64, POOL, 1 }, EINVAL },
	{ "a size without end", { 8192, 0, 1, 64, POOL, 0 }, E2BIG },
	{ "the smallest", { 24, 0, 1, 1, PAGE, 0 }, 0 },
	{ "three queues", { 24, 0, 3, 192, POOL, 0 }, 0 },
	{ "the most", { 24, 0, 64, 16384, POOL, 0 }, 0 },
};

static void test_open(int ctl)
{
	struct {
		struct vhx_agent_open arg;
		uint32_t more;
	} longer = { { sizeof(longer), 0, 1, 64, POOL, 0 }, 0 };
	unsigned int i;
	int rc;

	for (i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		struct vhx_agent_open arg = opens[i].arg;

		rc = call(ctl, VHX_AGENT_OPEN, &arg);
		if (!opens[i].err)
			tap_ok(rc >= 0 && fcntl(rc, F_GETFD) & FD_CLOEXEC, "open: %s",
			       opens[i].what);
		else if (!tap_ok(rc == -opens[i].err, "open: %s", opens[i].what))
			tap_diag("it was %d", rc);
		if (rc >= 0)
			close(rc);
	}
	expect(call(ctl, VHX_AGENT_OPEN, NULL), -EFAULT, "open: nothing");
	rc = call(ctl, VHX_AGENT_OPEN, &longer);
	tap_ok(rc >= 0, "open: a longer struct of zeroes");
	close(rc);
	longer.more = 1;
	expect(call(ctl, VHX_AGENT_OPEN, &longer), -E2BIG, "open: a longer struct");
}

/* ---- endpoints ---- */

struct attach {
	const char *what;
	struct vhx_agent_attach arg;
	int err;
};

static void test_attach(int ctl, int fd)
{
	static const struct attach bad[] = {
		{ "no size", { .size = 0, .class = 1, .name = "x" }, EINVAL },
		{ "a flag", { .size = 88, .flags = 1, .class = 1, .name = "x" }, EINVAL },
		{ "no class", { .size = 88, .name = "x" }, EINVAL },
		{ "an unknown class", { .size = 88, .class = 99, .name = "x" }, EINVAL },
		{ "no name", { .size = 88, .class = 1 }, EINVAL },
		{ "a number", { .size = 88, .class = 1, .name = "x", .endpoint = 1 }, EINVAL },
		{ "padding", { .size = 88, .class = 1, .name = "x", .pad = 1 }, EINVAL },
	};
	struct vhx_agent_attach arg = { .size = sizeof(arg), .class = VHX_ENDPOINT_SCSI };
	struct vhx_agent_destroy del = { .size = sizeof(del), .class = VHX_ENDPOINT_SCSI };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arg = bad[i].arg;
		expect(call(fd, VHX_AGENT_ATTACH, &arg), -bad[i].err, bad[i].what);
	}
	arg = (struct vhx_agent_attach) { .size = sizeof(arg), .class = VHX_ENDPOINT_SCSI };
	memset(arg.name, 'x', sizeof(arg.name));
	expect(call(fd, VHX_AGENT_ATTACH, &arg), -EINVAL, "attach: a name without end");
	expect(call(fd, VHX_AGENT_ATTACH, NULL), -EFAULT, "attach: nothing");
	expect(call(ctl, VHX_AGENT_ATTACH, &arg), -ENOTTY, "attach: on /dev/vhx");

	memset(del.name, 'x', sizeof(del.name));
	expect(call(ctl, VHX_AGENT_DESTROY, &del), -EINVAL, "destroy: a name without end");
	memset(del.name, 0, sizeof(del.name));
	expect(call(ctl, VHX_AGENT_DESTROY, &del), -EINVAL, "destroy: no name");
	strcpy(del.name, "nobody");
	expect(call(ctl, VHX_AGENT_DESTROY, &del), -ENOENT, "destroy: one that is not there");
	del.flags = 1;
	expect(call(ctl, VHX_AGENT_DESTROY, &del), -EINVAL, "destroy: a flag");
	expect(call(ctl, VHX_AGENT_DESTROY, NULL), -EFAULT, "destroy: nothing");
	expect(call(fd, VHX_AGENT_OPEN, &del), -ENOTTY, "a session has no other ioctl");
}

static void test_detach(int ctl, int fd)
{
	struct vhx_agent_detach arg = { .size = sizeof(arg) };
	const struct vhx_agent_detach none = arg;
	int other = agent_open_fd(1, 64, POOL), i, rc;

	expect(call(fd, VHX_AGENT_DETACH, &arg), -ENOENT, "detach: nothing is attached");
	expect(call(fd, VHX_AGENT_DETACH, NULL), -EFAULT, "detach: nothing");
	expect(call(ctl, VHX_AGENT_DETACH, &arg), -ENOTTY, "detach: on /dev/vhx");
	tap_ok(agent_attach(fd, "a") == 0 && agent_attach(fd, "b") == 1, "two endpoints");
	arg.flags = 1;
	expect(call(fd, VHX_AGENT_DETACH, &arg), -EINVAL, "detach: a flag");
	arg = none;
	arg.pad = 1;
	expect(call(fd, VHX_AGENT_DETACH, &arg), -EINVAL, "detach: padding");
	arg = none;
	arg.size = 4;
	expect(call(fd, VHX_AGENT_DETACH, &arg), -EINVAL, "detach: a size of 4");
	arg = none;
	arg.endpoint = 2;
	expect(call(fd, VHX_AGENT_DETACH, &arg), -ENOENT, "detach: a number there is not");
	arg.endpoint = UINT32_MAX;
	expect(call(fd, VHX_AGENT_DETACH, &arg), -ENOENT, "detach: nor this");
	expect(agent_attach(other, "a"), -EBUSY, "none of that gave one up");

	arg = none;
	expect(call(fd, VHX_AGENT_DETACH, &arg), 0, "detach: the first");
	expect(call(fd, VHX_AGENT_DETACH, &arg), -ENOENT, "detach: twice");
	expect(agent_attach(other, "a"), 0, "another session may have it");
	expect(agent_attach(other, "b"), -EBUSY, "but not the second");
	expect(call(other, VHX_AGENT_DETACH, &arg), 0, "detach: by that one");
	expect(agent_destroy("a"), 0, "and without a session it is destroyed");
	for (i = 0, rc = 0; !rc && i < 2 * VHX_AGENT_ENDPOINTS_MAX; i++) {
		rc = agent_attach(fd, "a");
		if (!rc)
			rc = call(fd, VHX_AGENT_DETACH, &arg);
	}
	expect(rc, 0, "numbers do not run out");
	arg.endpoint = 1;
	expect(call(fd, VHX_AGENT_DETACH, &arg), 0, "detach: the second");
	close(other);
	tap_ok(!agent_destroy("a") && !agent_destroy("b"), "and both are destroyed");
}

static void test_endpoints(int fd)
{
	int other = agent_open_fd(1, 64, POOL), i, rc;
	char name[32];

	expect(agent_attach(fd, "a"), 0, "the first endpoint is number 0");
	tap_ok(agent_attach(fd, "b") == 1, "the second is number 1");
	expect(agent_attach(fd, "a"), -EBUSY, "one is not attached twice");
	expect(agent_attach(other, "a"), -EBUSY, "nor by another session");
	tap_ok(agent_attach(other, "c") == 0, "another has numbers of its own");
	close(fd);
	tap_ok(agent_attach_wait(other, "a", 3000) == 1, "what a session leaves another may have");
	for (i = 2, rc = 0; rc >= 0 && i < VHX_AGENT_ENDPOINTS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		rc = agent_attach(other, name);
	}
	tap_ok(rc == VHX_AGENT_ENDPOINTS_MAX - 1, "a session has many endpoints");
	expect(agent_attach(other, "more"), -ENOSPC, "but not any number");
	close(other);
	for (i = 2; i < VHX_AGENT_ENDPOINTS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		rc = agent_destroy(name);
		if (rc)
			break;
	}
	expect(rc, 0, "they are destroyed");
	tap_ok(!agent_destroy("a") && !agent_destroy("b") && !agent_destroy("c"),
	       "and those before");
	expect(agent_destroy("a"), -ENOENT, "once");
}

/* ---- mmap ---- */

static int try_map(int fd, uint64_t at, size_t size, int prot, int flags)
{
	void *p = mmap(NULL, size, prot, flags, fd, at);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, size);
	return 0;
}

static void test_map_read_only(int fd, uint64_t at, const char *what)
{
	void *p;

	expect(try_map(fd, at, PAGE, PROT_READ, MAP_SHARED), 0, what);
	expect(try_map(fd, at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED), -EPERM,
	       "not for writing");
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, at);
	expect(mprotect(p, PAGE, PROT_READ | PROT_WRITE) ? -errno : 0, -EACCES,
	       "nor by mprotect()");
	expect(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -errno : 0, -EFAULT,
	       "it does not grow");
	munmap(p, PAGE);
	expect(try_map(fd, at, PAGE, PROT_READ, MAP_PRIVATE), -EINVAL, "not privately");
}

static void test_map(void)
{
	int fd = agent_open_fd(1, 64, POOL);
	size_t i;
	char *p;

	test_map_read_only(fd, VHX_AGENT_MAP_REQ, "requests are mapped");
	test_map_read_only(fd, VHX_AGENT_MAP_RING, "the ring is mapped");
	expect(try_map(fd, VHX_AGENT_MAP_POOL, POOL, PROT_READ | PROT_WRITE, MAP_SHARED), 0,
	       "the pool is, for writing");
	expect(try_map(fd, VHX_AGENT_MAP_POOL, POOL + PAGE, PROT_READ, MAP_SHARED), -EINVAL,
	       "no more than there is");
	expect(try_map(fd, VHX_AGENT_MAP_POOL + PAGE, PAGE, PROT_READ, MAP_SHARED), -EINVAL,
	       "from its beginning");
	expect(try_map(fd, VHX_AGENT_MAP_REQ, 8 * PAGE, PROT_READ, MAP_SHARED), -EINVAL,
	       "nor more requests");
	expect(try_map(fd, VHX_AGENT_MAP_RING - PAGE, PAGE, PROT_READ, MAP_SHARED), -EINVAL,
	       "nothing between");
	p = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, VHX_AGENT_MAP_POOL);
	for (i = 0; i < POOL && !p[i]; i++)
		;
	tap_ok(i == POOL, "the pool is zeroed");
	memset(p, 1, POOL);
	munmap(p, POOL);
	p = mmap(NULL, POOL, PROT_READ, MAP_SHARED, fd, VHX_AGENT_MAP_POOL);
	tap_ok(p[POOL - 1] == 1, "and stays what it was");
	close(fd);
	tap_ok(p[0] == 1, "also when the session has ended");
	munmap(p, POOL);
}

/* More than a small machine has, in all. */
static void test_memory(void)
{
	int i, fd = 0;

	for (i = 0; i < 12 && fd >= 0; i++) {
		fd = agent_open_fd(1, 64, 256u << 20);
		close(fd);
		usleep(20000);
	}
	tap_ok(fd >= 0, "what sessions take they give back");
}

int main(void)
{
	int ctl = open(AGENT_CTL, O_RDWR), fd;

	if (ctl < 0)
		tap_skip_all("no %s", AGENT_CTL);
	test_open(ctl);
	fd = agent_open_fd(1, 64, POOL);
	test_attach(ctl, fd);
	test_detach(ctl, fd);
	test_endpoints(fd);
	test_map();
	test_memory();
	close(ctl);
	return tap_done();
}
