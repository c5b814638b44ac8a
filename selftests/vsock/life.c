// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest comes, is paused, reboots, gets another CID, and goes: which of the host's connections
 * outlive that, and how the others learn of it.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "vsockhost.h"

#define PORT	1234

static struct vsockdrv drv, other;
static struct vsockpkt pkt;

static void test_cids(void)
{
	static const uint64_t bad[] = { 0, 1, 2, UINT32_MAX, 1ULL << 32, UINT64_MAX };
	bool ok = true;
	size_t i;

	if (vsockdrv_open(&drv, &(struct vsockdrv_opt){ .cid = VSOCK_NO_CID }) ||
	    vsockdrv_open(&other, &(struct vsockdrv_opt){ .cid = VSOCK_CID + 1 }))
		tap_bail("two guests: %s", strerror(errno));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok &= vsockdrv_set_cid(&drv, bad[i]) == -EINVAL;
	tap_ok(ok, "what is nobody's CID: EINVAL");
	tap_ok(vsockdrv_set_cid(&drv, VSOCK_CID + 1) == -EADDRINUSE, "another's: EADDRINUSE");
	tap_ok(!vsockdrv_set_cid(&other, VSOCK_CID + 1), "its own again");
	tap_ok(!vsockdrv_set_cid(&drv, VSOCK_CID), "one of its own");
	vsockdrv_close(&other);
	tap_ok(!vsockdrv_set_cid(&drv, VSOCK_CID + 1), "one that was let go of");
	vsockdrv_close(&drv);
}

static void test_absent(void)
{
	tap_ok(host_try(VSOCK_CID, SOCK_STREAM, PORT) == -ENODEV, "a guest that is not there: ENODEV");
	if (vsockdrv_open(&drv, NULL))
		tap_bail("a guest");
	tap_ok(host_try(VSOCK_CID, SOCK_STREAM, PORT) == -EHOSTUNREACH,
	       "one whose driver is not: EHOSTUNREACH");
	tap_ok(!vsockdrv_start(&drv), "it starts");
	tap_ok(!vsockdrv_run(&drv, true), "and once more, which changes nothing");
}

/* Is the connection there, both ways? */
static bool talks(int fd, uint32_t port)
{
	char c = 0;

	if (write(fd, "x", 1) != 1 ||
	    !vsockdrv_recv_op(&drv, &pkt, port, VIRTIO_VSOCK_OP_RW, HOST_WAIT))
		return false;
	guest_send(&drv, port, &(struct virtio_vsock_hdr){
			.op = htole16(VIRTIO_VSOCK_OP_RW),
			.type = htole16(VIRTIO_VSOCK_TYPE_STREAM) }, "y", 1);
	return host_wait(fd, POLLIN) && read(fd, &c, 1) == 1 && c == 'y';
}

static bool was_reset(int fd)
{
	char c;

	return host_wait(fd, POLLIN) && read(fd, &c, 1) == -1 && errno == ECONNRESET;
}

static int connection_of(int listener, uint32_t port)
{
	int fd = guest_connect(&drv, listener, port, VIRTIO_VSOCK_TYPE_STREAM);

	if (fd < 0)
		tap_bail("the guest cannot connect");
	return fd;
}

static int connection(int listener)
{
	return connection_of(listener, PORT);
}

static void test_pause(int listener)
{
	int fd = connection(listener);

	tap_ok(!vsockdrv_stop(&drv), "the guest is paused");
	tap_ok(write(fd, "x", 1) == 1, "meanwhile the host writes");
	tap_ok(host_try(VSOCK_CID, SOCK_STREAM, PORT) == -EHOSTUNREACH,
	       "and cannot connect");
	tap_ok(!vsockdrv_resume(&drv), "it goes on");
	tap_ok(vsockdrv_recv_op(&drv, &pkt, PORT, VIRTIO_VSOCK_OP_RW, HOST_WAIT) &&
	       pkt.data[0] == 'x', "what was written comes");
	tap_ok(talks(fd, PORT), "and the connection is as it was");
	tap_ok(host_close(&drv, fd, PORT), "until it is closed");
}

static void test_reboot(int listener)
{
	int fd = connection(listener);

	tap_ok(!vsockdrv_stop(&drv) && !vsockdrv_reset(&drv), "the guest reboots");
	tap_ok(was_reset(fd), "its connection is: ECONNRESET");
	close(fd);
	fd = connection(listener);
	tap_ok(talks(fd, PORT), "another is good");
	tap_ok(host_close(&drv, fd, PORT), "until it is closed");
}

static void test_renamed(int listener)
{
	int fd = connection(listener);

	tap_ok(!vsockdrv_set_cid(&drv, VSOCK_CID + 5), "the guest gets another CID while it runs");
	tap_ok(was_reset(fd), "who knew it by the old one: ECONNRESET");
	close(fd);
	drv.opt.cid = VSOCK_CID + 5;
	fd = connection(listener);
	tap_ok(talks(fd, PORT), "by the new one it is reached");
	tap_ok(host_close(&drv, fd, PORT), "until that is closed");
}

static void test_gone(int listener)
{
	int fd = connection(listener);

	vsockdrv_close(&drv);
	tap_ok(was_reset(fd), "the VMM goes: ECONNRESET");
	close(fd);
	tap_ok(host_try(VSOCK_CID + 5, SOCK_STREAM, PORT) == -ENODEV, "and nobody is there");
}

/* Those of the module: guests, and sockets of the host's with connections to them. */
static int users(void)
{
	int n = -1;
	FILE *f = fopen(vsockdrv_is_vhx() ? "/sys/module/vhx_vsock/refcnt" :
			"/sys/module/vhost_vsock/refcnt", "r");

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* The host has closed, the guest boots before it agrees, and connects by the same ports. */
static void test_same_ports(int listener)
{
	int fd;

	close(connection(listener));
	vsockdrv_stop(&drv);
	vsockdrv_reset(&drv);
	fd = guest_connect(&drv, listener, PORT, VIRTIO_VSOCK_TYPE_STREAM);
	tap_ok(fd >= 0, "a guest boots before it agrees to a close, and connects by the same ports");
	tap_ok(fd >= 0 && talks(fd, PORT), "which is a connection as any");
	tap_ok(fd >= 0 && host_close(&drv, fd, PORT), "until it is closed");
}

/*
 * The host has closed, the guest has not agreed, and never will. In-tree waits for eight seconds,
 * and then nothing must be left.
 */
static void test_unanswered(int listener)
{
	const int most = vsockdrv_is_vhx() ? 4000 : 30000;
	int before = users(), ms;

	if (vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		tap_bail("a guest");
	close(connection(listener));
	tap_ok(!vsockdrv_stop(&drv) && !vsockdrv_reset(&drv),
	       "the guest reboots without an answer to a close");
	close(connection_of(listener, PORT + 1));
	vsockdrv_close(&drv);
	for (ms = 0; ms < most && users() != before; ms += 100)
		usleep(100000);
	tap_ok(users() == before, "another goes without one: the module has %d users, as before %d",
	       users(), before);
}

int main(void)
{
	int listener;

	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	test_cids();
	test_absent();
	listener = host_listen(SOCK_STREAM);
	test_pause(listener);
	test_reboot(listener);
	if (vsockdrv_is_vhx())
		test_same_ports(listener);
	else
		tap_skip("the same ports after a boot", "in-tree does not hear of such for 8 s");
	test_renamed(listener);
	test_gone(listener);
	test_unanswered(listener);
	close(listener);
	return tap_done();
}
