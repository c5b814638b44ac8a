// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces, where the kernel has CIDs of their own for them: a guest is in that in which its
 * fd was opened. Two guests have one CID, each is reached from its own, and so are its host and its
 * routes.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "vsockhost.h"

#define MODE	"/proc/sys/net/vsock/ns_mode"
#define CHILD	"/proc/sys/net/vsock/child_ns_mode"
#define PORT	1234

enum { OUTSIDE, INSIDE, NR };

static int ns[NR] = { -1, -1 };
static struct vsockdrv drv[NR];
static bool is_there[NR];
static struct vsockpkt pkt;

static int here(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		tap_bail("no network namespace: %s", strerror(errno));
	return fd;
}

static void go(int where)
{
	if (setns(ns[where], CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
}

static bool mode_is(const char *mode)
{
	char line[16] = "";
	FILE *f = fopen(MODE, "r");

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return !strncmp(line, mode, strlen(mode));
}

/* What children have may be said once, and that in one that is nobody else's. */
static bool make_inside(void)
{
	int fd;
	bool ok;

	if (unshare(CLONE_NEWNET))
		return false;
	fd = open(CHILD, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "local", 5) == 5;
	if (fd >= 0)
		close(fd);
	return ok && !unshare(CLONE_NEWNET);
}

static bool guest_begins(int where)
{
	int err;

	go(where);
	err = vsockdrv_open(&drv[where], NULL);
	is_there[where] = !err && !vsockdrv_start(&drv[where]);
	return is_there[where];
}

static void guest_ends(int where)
{
	vsockdrv_close(&drv[where]);
	is_there[where] = false;
}

/* The host of @where connects, and it is that guest which hears. */
static bool host_reaches(int where)
{
	int fd;
	bool ok;

	go(where);
	fd = host_connect(&drv[where], SOCK_STREAM, PORT);
	ok = fd >= 0 && !(is_there[!where] && vsockdrv_recv(&drv[!where], &pkt, 200));
	return host_close(&drv[where], fd, PORT) && ok;
}

static bool guest_reaches(int where, int listener, uint32_t port)
{
	int fd = guest_connect(&drv[where], listener, port, VIRTIO_VSOCK_TYPE_STREAM);

	if (fd < 0)
		return false;
	return host_close(&drv[where], fd, port);
}

static bool guest_is_refused(int where, uint32_t port)
{
	const struct virtio_vsock_hdr request = {
		.op = htole16(VIRTIO_VSOCK_OP_REQUEST),
		.type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
	};

	guest_send(&drv[where], port, &request, NULL, 0);
	return vsockdrv_recv_op(&drv[where], &pkt, port, VIRTIO_VSOCK_OP_RST, HOST_WAIT);
}

static bool shows(int where, const char *what, int lines)
{
	char command[128], answer[16] = "";
	FILE *f;

	go(where);
	snprintf(command, sizeof(command), "vhx -j vsock %s | jq length", what);
	f = popen(command, "r");
	if (f && !fgets(answer, sizeof(answer), f))
		answer[0] = '\0';
	if (f)
		pclose(f);
	if (atoi(answer) != lines || !*answer)
		tap_diag("vsock %s: %s", what, answer);
	return *answer && atoi(answer) == lines;
}

static bool run_vhx(int where, const char *command)
{
	go(where);
	return !system(command);
}

static void test_hosts(void)
{
	int listener;

	tap_ok(host_reaches(OUTSIDE), "from outside that outside is reached");
	tap_ok(host_reaches(INSIDE), "and from inside the other");
	go(OUTSIDE);
	listener = host_listen(SOCK_STREAM);
	tap_ok(guest_reaches(OUTSIDE, listener, 3001), "a guest finds who listens where it is");
	tap_ok(guest_is_refused(INSIDE, 3002), "and nobody who does elsewhere");
	close(listener);
	go(INSIDE);
	listener = host_listen(SOCK_STREAM);
	tap_ok(guest_reaches(INSIDE, listener, 3003), "likewise inside");
	tap_ok(guest_is_refused(OUTSIDE, 3004), "and from outside");
	close(listener);
}

static void test_tables(void)
{
	int listener;

	tap_ok(shows(OUTSIDE, "list", 1) && shows(INSIDE, "list", 1), "vhx shows one guest in each");
	tap_ok(run_vhx(INSIDE, "vhx -q vsock route add from 42 to host reject"), "inside, a route");
	tap_ok(shows(INSIDE, "route", 1) && shows(OUTSIDE, "route", 0), "which is inside's alone");
	go(INSIDE);
	listener = host_listen(SOCK_STREAM);
	tap_ok(guest_is_refused(INSIDE, 3005), "the guest inside is judged by it");
	close(listener);
	go(OUTSIDE);
	listener = host_listen(SOCK_STREAM);
	tap_ok(guest_reaches(OUTSIDE, listener, 3006), "and the other is not");
	close(listener);
	tap_ok(run_vhx(INSIDE, "vhx -q vsock route flush"), "it is taken away");
}

/* One whose namespace nobody else has: it has it, as long as it is. */
static void test_end(void)
{
	go(OUTSIDE);
	close(ns[INSIDE]);
	ns[INSIDE] = -1;
	guest_ends(INSIDE);
	tap_ok(host_reaches(OUTSIDE), "a namespace goes with its last guest, and the other guest goes on");
	guest_ends(OUTSIDE);
}

int main(void)
{
	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	if (access(MODE, F_OK))
		tap_skip_all("CIDs are the machine's on this kernel");
	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree has no routes");
	ns[OUTSIDE] = here();
	if (!tap_ok(make_inside() && mode_is("local"), "a namespace with CIDs of its own"))
		return tap_done();
	ns[INSIDE] = here();
	go(OUTSIDE);
	tap_ok(mode_is("global"), "that outside has all of the others'");
	tap_ok(guest_begins(OUTSIDE) && guest_begins(INSIDE), "a guest in each, with one CID");
	test_hosts();
	test_tables();
	test_end();
	return tap_done();
}
