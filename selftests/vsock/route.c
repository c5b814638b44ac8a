// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes: who gets a connection that a guest asks for, in which order they are asked, and what is
 * refused where one is added.
 */
#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libvhx.h"
#include "tap.h"
#include "vsockhost.h"
#include "vsocksib.h"

static struct vsockdrv drv_a, drv_b;
static const struct sib a = { &drv_a, 1000 }, b = { &drv_b, 2000 };

/* A guest that nobody asked for; what is said to it is rejected in its name. */
static struct vsockdrv nobody = { .opt.cid = 99 };

#define ASK	VIRTIO_VSOCK_OP_REQUEST
#define RST	VIRTIO_VSOCK_OP_RST

/* @from asks @to, and is rejected at once, the other hears nothing. */
static bool rejected(const struct sib *from, const struct sib *to)
{
	return !sib_say(from, to, ASK) && sib_hears(from, to, RST, SIB_WAIT);
}

/* It asks, and the other hears it; which declines, so that nothing is left of it. */
static bool arrives(const struct sib *from, const struct sib *to)
{
	return !sib_say(from, to, ASK) && sib_hears(to, from, ASK, SIB_WAIT) &&
	       !sib_say(to, from, RST) && sib_hears(from, to, RST, SIB_WAIT);
}

static void test_none(void)
{
	const struct sib gone = { &nobody, 5 };

	tap_ok(rejected(&a, &b) && sib_silent(&b), "without a route a guest does not reach another");
	tap_ok(rejected(&a, &gone), "nor one that is not there");
	tap_ok(sib_show("vsock stats 50", ".[0].stats.unrouted") == 2, "both are counted");
}

static void test_sibling(void)
{
	const struct sib gone = { &nobody, 5 }, self = { &drv_a, 6 };

	tap_ok(!sib_vhx("vsock route add sibling"), "a route for all guests");
	tap_ok(arrives(&a, &b), "one reaches the other");
	tap_ok(arrives(&b, &a), "and that one it");
	tap_ok(rejected(&a, &gone), "one that is not there it does not reach");
	tap_ok(rejected(&a, &self), "nor itself");
	tap_ok(sib_show("vsock route", ".[0].hits") == 4, "each that asked is counted");
	tap_ok(!sib_vhx("vsock route remove 10"), "it is taken away");
	tap_ok(rejected(&a, &b), "and lets nobody through any more");
}

static void test_order(void)
{
	const struct sib b_deny = { &drv_b, 2222 };

	tap_ok(!sib_vhx("vsock route add pref 100 from 50 to 51 sibling") &&
	       !sib_vhx("vsock route add pref 50 to 51 port 2200-2299 reject") &&
	       sib_vhx("vsock route add pref 50 reject"), "two routes, and no two with one preference");
	tap_ok(arrives(&a, &b), "what the first does not match the second does");
	tap_ok(rejected(&a, &b_deny), "what it matches it decides");
	tap_ok(rejected(&b, &a), "what none matches is as without routes");
	tap_ok(!sib_vhx("vsock route add pref 40 type seqpacket sibling") && rejected(&a, &b_deny),
	       "a route for messages is none for streams");
	tap_ok(sib_show("vsock route", "[.[].pref] == [40,50,100] | if . then 1 else 0 end") == 1,
	       "they are shown in the order in which they are asked");
	tap_ok(!sib_vhx("vsock route add reject") &&
	       sib_show("vsock route", ".[-1].pref") == 110, "without a preference it is the last");
	tap_ok(!sib_vhx("vsock route flush") && sib_show("vsock route", "length") == 0,
	       "all are taken away");
}

static void test_host(void)
{
	int listener = host_listen(SOCK_STREAM), fd;

	tap_ok(!sib_vhx("vsock route add from 50 to host port %u reject", HOST_PORT),
	       "one that keeps a guest from a port of the host's");
	fd = guest_connect(&drv_b, listener, 7, VIRTIO_VSOCK_TYPE_STREAM);
	tap_ok(fd >= 0 && host_close(&drv_b, fd, 7), "another guest has it");
	sib_vhx("vsock route add pref 1 from 50 type stream host");
	fd = guest_connect(&drv_a, listener, 7, VIRTIO_VSOCK_TYPE_STREAM);
	tap_ok(fd >= 0, "and so has that one, with one before it that lets it");
	sib_vhx("vsock route remove 1");
	tap_ok(write(fd, "x", 1) == 1 &&
	       vsockdrv_recv_op(&drv_a, &sib_pkt, 7, VIRTIO_VSOCK_OP_RW, SIB_WAIT),
	       "a connection stays when its route goes");
	tap_ok(host_close(&drv_a, fd, 7), "until it ends");
	guest_send(&drv_a, 8, &(struct virtio_vsock_hdr){
			.op = htole16(ASK),
			.type = htole16(VIRTIO_VSOCK_TYPE_STREAM) }, NULL, 0);
	tap_ok(vsockdrv_recv_op(&drv_a, &sib_pkt, 8, RST, SIB_WAIT), "a new one it does not get");
	close(listener);
	sib_vhx("vsock route flush");
}

static void test_refused(void)
{
	tap_ok(sib_vhx("vsock route add"), "a route without a verdict: refused");
	tap_ok(sib_vhx("vsock route add maybe"), "an unknown one: refused");
	tap_ok(sib_vhx("vsock route add to 5 host"), "the host has another CID: refused");
	tap_ok(sib_vhx("vsock route add to 2 sibling"), "no guest has that CID: refused");
	tap_ok(sib_vhx("vsock route add port 9-3 reject"), "a range backwards: refused");
	tap_ok(sib_vhx("vsock route add pref 0 reject"), "no preference: refused");
	tap_ok(sib_vhx("vsock route add type dgram reject"), "a type that there is not: refused");
	tap_ok(sib_vhx("vsock route add color red reject"), "a key that there is not: refused");
	tap_ok(sib_vhx("vsock route remove 77"), "to take away what is not there: refused");
	tap_ok(sib_vhx("vsock route add pref 2147483648 reject") == 0 &&
	       sib_vhx("vsock route add reject"), "behind the last preference there is none");
	sib_vhx("vsock route flush");
	tap_ok(sib_show("vsock route", "length") == 0, "and nothing of it stays");
}

static void test_many(void)
{
	const struct vhx_vsock_route reject = { .verdict = VHX_VSOCK_REJECT };
	struct vhx_nl *nl;
	uint32_t n;

	if (vhx_nl__open(&nl))
		tap_bail("netlink");
	for (n = 0; n < 1024; n++)
		if (vhx_vsock_route__add(nl, &reject))
			break;
	tap_ok(n == 1024 && vhx_vsock_route__add(nl, &reject) == -E2BIG,
	       "1024 routes, and no more: E2BIG");
	tap_ok(sib_show("vsock route", "length") == 1024, "all are shown");
	vhx_vsock_route__del(nl, 0);
	vhx_nl__close(nl);
}

int main(void)
{
	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree has no routes");
	sib_vhx("vsock route flush");
	sib_open(&drv_a, SIB_A, NULL);
	sib_open(&drv_b, SIB_B, NULL);
	test_none();
	test_sibling();
	test_order();
	test_host();
	test_refused();
	test_many();
	vsockdrv_close(&drv_a);
	vsockdrv_close(&drv_b);
	return tap_done();
}
