// SPDX-License-Identifier: GPL-2.0-only
/*
 * NET_SET_BACKEND as VMMs use it, and as they should not: letting go never fails, the same fd
 * again is fine, a swap loses nothing that was not under way, an unusable fd changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define WAIT 5000

static struct netdrv drv;
static int tap[2], host[2];
static const char *const names[2] = { "vt0", "vt1" };
static uint8_t frame[2048], got[2048];

static bool passes(int which, uint32_t seq)
{
	vnet_hdr hdr;
	int out, in;

	frame_make(frame, 700, seq);
	netdrv_tx(&drv, NULL, frame, 700);
	netdrv_tx_flush(&drv);
	out = packet_recv(host[which], got, sizeof(got), WAIT);
	if (out != 700 || memcmp(frame, got, 700)) {
		tap_diag("guest to host %d", out);
		return false;
	}
	frame_make(frame, 600, seq);
	packet_send(host[which], frame, 600);
	in = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (in == 600 && !memcmp(frame, got, 600))
		return true;
	tap_diag("host to guest %d", in);
	return false;
}

static void setup(void)
{
	int i, r;

	for (i = 0; i < 2; i++) {
		tap[i] = nettap_open(names[i], NETTAP_DEFAULT);
		if (tap[i] < 0 || nettap_set_hdr(tap[i], HDR_V1) || nettap_up(names[i], 0))
			tap_bail("a tap");
		host[i] = packet_open(names[i], false);
	}
	r = netdrv_open(&drv, NULL);
	if (r)
		tap_bail("open %s: %s", guest_node(), strerror(-r));
}

static void test_letting_go(void)
{
	int i, r = 0;

	tap_ok(!guest_stop(&drv.g), "-1 with no backend yet");
	tap_ok(!netdrv_start(&drv, tap[0]) && passes(0, 1), "starts");
	for (i = 0; i < 50 && !r; i++)
		r = guest_set_backend(&drv.g, i & 1, -1);
	tap_ok(!r, "-1 fifty times");
	tap_ok(!guest_start(&drv.g, tap[0]) && passes(0, 2), "starts again");
	tap_ok(!guest_start(&drv.g, tap[0]) && passes(0, 3), "the same fd again");
	for (i = 0; i < 200 && !r; i++) {
		r = guest_stop(&drv.g);
		if (!r)
			r = guest_start(&drv.g, tap[0]);
	}
	tap_ok(!r && passes(0, 4), "stopped and started 200 times");
	/* QEMU asserts that letting go succeeds, whatever became of the rings meanwhile. */
	tap_ok(!guest_set_mem(&drv.g, NULL, 0), "the guest's memory goes away");
	tap_ok(!guest_stop(&drv.g), "-1 without guest memory");
	tap_ok(!guest_map(&drv.g) && !guest_start(&drv.g, tap[0]) && passes(0, 5),
	       "and all is well with it back");
}

static void test_swap(void)
{
	uint32_t i;
	bool ok = true;

	for (i = 0; ok && i < 20; i++)
		ok = !guest_start(&drv.g, tap[~i & 1]) && passes(~i & 1, i);
	tap_ok(ok, "swapped between two taps 20 times, without a stop");
	ok = !guest_set_backend(&drv.g, RX, tap[0]) && !guest_set_backend(&drv.g, TX, tap[0]);
	tap_ok(ok && passes(0, 100), "one direction after the other");
}

/* Each direction with a NIC of its own. */
static void test_crossed(void)
{
	vnet_hdr hdr;
	int r;

	tap_ok(!guest_set_backend(&drv.g, RX, tap[0]) && !guest_set_backend(&drv.g, TX, tap[1]),
	       "RX from one tap, TX to another");
	frame_make(frame, 700, 1);
	netdrv_tx(&drv, NULL, frame, 700);
	netdrv_tx_flush(&drv);
	r = packet_recv(host[1], got, sizeof(got), WAIT);
	tap_ok(r == 700 && !memcmp(frame, got, 700), "what is sent arrives at the other (%d)", r);
	packet_send(host[0], frame, 700);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	tap_ok(r == 700 && !memcmp(frame, got, 700), "what comes from the one is received (%d)", r);
	tap_ok(!guest_set_backend(&drv.g, TX, -1) && !guest_set_backend(&drv.g, RX, -1),
	       "both let go");
	tap_ok(!guest_set_backend(&drv.g, RX, tap[0]), "RX alone");
	packet_send(host[0], frame, 700);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	tap_ok(r == 700, "RX alone receives (%d)", r);
	tap_ok(!guest_set_backend(&drv.g, TX, tap[0]) && passes(0, 9), "and TX joins it");
}

struct bad {
	const char *what;
	int fd;
};

/* R4: every kind of socket and file there is, none of which is a NIC. */
static void test_unusable(void)
{
	int pair[2] = { -1, -1 };
	const struct bad bad[] = {
		{ "unix stream", socket(AF_UNIX, SOCK_STREAM, 0) },
		{ "unix datagram", socket(AF_UNIX, SOCK_DGRAM, 0) },
		{ "unix seqpacket", socket(AF_UNIX, SOCK_SEQPACKET, 0) },
		{ "unix pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ? -1 : pair[0] },
		{ "tcp", socket(AF_INET, SOCK_STREAM, 0) },
		{ "udp", socket(AF_INET, SOCK_DGRAM, 0) },
		{ "raw ip", socket(AF_INET, SOCK_RAW, 255) },
		{ "raw ipv6", socket(AF_INET6, SOCK_RAW, 255) },
		{ "netlink raw", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) },
		{ "packet datagram", socket(AF_PACKET, SOCK_DGRAM, 0) },
		{ "vsock stream", socket(AF_VSOCK, SOCK_STREAM, 0) },
		{ "tun node without a netdev's file", open("/dev/null", O_RDWR) },
		{ "the vhost fd", drv.g.fd },
		{ "a kick eventfd", drv.g.vq[RX].kick },
		{ "a directory", open("/", O_RDONLY | O_DIRECTORY) },
		{ "a closed fd", 999 },
		{ "-2", -2 },
		{ "the largest int", 0x7fffffff },
	};
	unsigned int i;
	int r, dir;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (bad[i].fd == -1) {
			tap_skip(bad[i].what, "no such socket family");
			continue;
		}
		for (dir = r = 0; dir < 2; dir++)
			r |= guest_set_backend(&drv.g, dir, bad[i].fd) != -ENOTSOCK;
		tap_ok(!r && passes(0, i), "R4: %s: ENOTSOCK, and the old backend stays",
		       bad[i].what);
		if (bad[i].fd > 2 && bad[i].fd < 900 && bad[i].fd != drv.g.fd &&
		    bad[i].fd != drv.g.vq[RX].kick)
			close(bad[i].fd);
	}
	close(pair[1]);
}

/* A tun fd with no netdev yet: there is nothing behind it to poll. */
static void test_unattached(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	int r = guest_start(&drv.g, fd);

	tap_ok(r == -EINVAL || r == -ENOTSOCK, "a tun fd without a netdev: EINVAL or ENOTSOCK (%s)",
	       r ? strerrorname_np(-r) : "0");
	frame_make(frame, 100, 1);
	netdrv_tx(&drv, NULL, frame, 100);
	netdrv_tx_flush(&drv);
	usleep(50000);
	close(fd);
	guest_stop(&drv.g);
	tap_ok(!netdrv_restart(&drv, tap[0]), "a tap in its place");
	while (packet_recv(host[0], got, sizeof(got), 200) > 0)
		;
	tap_ok(passes(0, 2), "and all is well");
}

/* The fd keeps its backend alive when the VMM closes its own copy. */
static void test_closed(void)
{
	int fd = nettap_open("vt2", NETTAP_DEFAULT);

	if (fd < 0 || nettap_set_hdr(fd, HDR_V1) || nettap_up("vt2", 0))
		tap_bail("a tap");
	close(host[0]);
	host[0] = packet_open("vt2", false);
	tap_ok(!guest_start(&drv.g, fd) && passes(0, 1), "a third tap");
	close(fd);
	tap_ok(passes(0, 2), "goes on when its fd is closed");
	tap_ok(!guest_stop(&drv.g), "stops");
	tap_ok(!if_nametoindex("vt2"), "and with the backend the tap is gone");
}

int main(void)
{
	int r = nettap_own_netns();

	if (r)
		tap_bail("a network namespace of our own: %s", strerror(-r));
	setup();
	test_letting_go();
	test_swap();
	test_crossed();
	test_unusable();
	test_unattached();
	test_closed();
	netdrv_close(&drv);
	return tap_done();
}
