// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator may do to the tap under a running guest: move it to another network
 * namespace, take it down and up, delete it, at any moment.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT 5000

static struct netdrv drv;
static uint8_t frame[2048], got[FRAME_MAX];
static int here, there;			/* namespaces */

static bool passes(int host, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, 700, seq);
	netdrv_tx(&drv, NULL, frame, 700);
	netdrv_tx_flush(&drv);
	r = packet_recv(host, got, sizeof(got), WAIT);
	if (r != 700 || memcmp(got, frame, 700)) {
		tap_diag("the host got %d", r);
		return false;
	}
	packet_send(host, frame, 700);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r != 700 || memcmp(got, frame, 700)) {
		tap_diag("the guest got %d", r);
		return false;
	}
	return true;
}

static int start(const char *name)
{
	int fd = nettap_open(name, NETTAP_DEFAULT);

	if (fd < 0 || nettap_set_hdr(fd, HDR_V1) || nettap_up(name, 0) ||
	    netdrv_open(&drv, &(struct netdrv_opt){ .tx_size = 2048 }) ||
	    netdrv_start(&drv, fd))
		tap_bail("a NIC on %s", name);
	return fd;
}

/* Run @cmd while the guest sends and receives without a pause. */
static volatile bool stop;

static void *host_load(void *arg)
{
	static uint8_t buf[600];
	int fd = *(int *)arg;

	while (!stop) {
		frame_make(buf, sizeof(buf), 1);
		packet_send(fd, buf, sizeof(buf));
	}
	return NULL;
}

static void guest_load(int ms)
{
	vnet_hdr hdr;
	int i;

	for (i = 0; i < ms; i++) {
		int k;

		for (k = 0; k < 50; k++) {
			frame_make(frame, 300, k);
			netdrv_tx(&drv, NULL, frame, 300);
		}
		netdrv_tx_flush(&drv);
		while (netdrv_rx(&drv, &hdr, got, sizeof(got)) > 0)
			;
		netdrv_rx_fill(&drv, UINT32_MAX);
		usleep(500);
	}
}

static void settle(int host)
{
	vnet_hdr hdr;

	netdrv_tx_drain(&drv, WAIT);
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 100) > 0)
		;
	while (packet_recv(host, got, sizeof(got), 50) > 0)
		;
}

static void test_move(void)
{
	int fd = start("vt0"), host = packet_open("vt0", false), i;
	pthread_t thread;
	bool ok = true;

	tap_ok(passes(host, 1), "starts");
	for (i = 0; ok && i < 4; i++) {
		int to = i & 1 ? here : there;

		stop = false;
		pthread_create(&thread, NULL, host_load, &host);
		guest_load(20);
		ok = !sh("ip link set vt0 netns /proc/%d/fd/%d", getpid(), to);
		guest_load(20);
		stop = true;
		pthread_join(thread, NULL);
		close(host);
		ok = ok && !nettap_enter_netns(to) && !nettap_up("vt0", 0);
		host = packet_open("vt0", false);
		ok = ok && host >= 0;
		settle(host);
		ok = ok && passes(host, 100 + i);
	}
	tap_ok(ok, "moved to another namespace and back under load, %d times", i);
	tap_ok(!guest_stop(&drv.g) && !guest_start(&drv.g, fd) && passes(host, 200),
	       "stopped and started where it is now");
	ok = !sh("ip link set vt0 netns /proc/%d/fd/%d", getpid(), there);
	tap_ok(ok && !guest_stop(&drv.g), "-1 with the tap in a namespace that is not ours");
	netdrv_close(&drv);
	close(host);
	close(fd);
	nettap_enter_netns(here);
}

static void test_down_up(void)
{
	int fd = start("vt0"), host = packet_open("vt0", false), i;
	bool ok = true;

	for (i = 0; ok && i < 10; i++) {
		guest_load(3);
		ok = !nettap_down("vt0");
		guest_load(3);
		ok = ok && !nettap_up("vt0", 0);
		packet_recv(host, got, 0, 0);		/* the error that ENETDOWN left */
		settle(host);
		ok = ok && passes(host, i);
	}
	tap_ok(ok, "taken down and up under load, %d times", i);
	netdrv_close(&drv);
	close(host);
	close(fd);
}

/* R45: the tap is deleted under load, and then everything is closed, in each order. */
static void test_delete(void)
{
	static const char orders[][4] = { "sft", "stf", "fts", "tfs", "tsf", "fst" };
	unsigned int i;
	int fd, host, k;
	bool ok = true;

	for (i = 0; ok && i < sizeof(orders) / sizeof(orders[0]); i++) {
		pthread_t thread;

		fd = start("vt0");
		host = packet_open("vt0", false);
		stop = false;
		pthread_create(&thread, NULL, host_load, &host);
		guest_load(10);
		ok = !sh("ip link del vt0");
		guest_load(10);
		stop = true;
		pthread_join(thread, NULL);
		close(host);
		for (k = 0; k < 3; k++) {
			if (orders[i][k] == 's')
				ok = ok && (drv.g.fd < 0 || !guest_stop(&drv.g));
			else if (orders[i][k] == 't')
				close(fd);
			else
				netdrv_close(&drv);
		}
	}
	tap_ok(ok, "R45: the tap is deleted under load, everything closed in each order (%u)", i);

	fd = start("vt0");
	ok = !sh("ip link del vt0");
	tap_ok(ok && !guest_stop(&drv.g), "-1 with the tap gone");
	close(fd);
	fd = nettap_open("vt0", NETTAP_DEFAULT);
	nettap_set_hdr(fd, HDR_V1);
	nettap_up("vt0", 0);
	host = packet_open("vt0", false);
	tap_ok(!netdrv_restart(&drv, fd) && passes(host, 7), "and a new tap in its place works");
	netdrv_close(&drv);
	close(host);
	close(fd);
}

/* The namespace the tap is in goes: the tap goes with it. */
static void test_netns_dies(void)
{
	int fd, ns, host;
	bool ok;

	fd = start("vt0");
	ns = nettap_new_netns();
	ok = ns >= 0 && !sh("ip link set vt0 netns /proc/%d/fd/%d", getpid(), ns);
	guest_load(10);
	close(ns);
	guest_load(300);
	tap_ok(ok && !guest_stop(&drv.g), "the namespace of the tap dies under load");
	close(fd);
	fd = nettap_open("vt0", NETTAP_DEFAULT);
	nettap_set_hdr(fd, HDR_V1);
	nettap_up("vt0", 0);
	host = packet_open("vt0", false);
	tap_ok(!netdrv_restart(&drv, fd) && passes(host, 8), "and a new tap works");
	netdrv_close(&drv);
	close(host);
	close(fd);
}

/* The opener's namespace goes, the guest and its tap live on elsewhere. */
static void test_opener_leaves(void)
{
	int ns = nettap_new_netns(), fd, host, other = nettap_new_netns();

	nettap_enter_netns(ns);
	fd = start("vt0");
	sh("ip link set vt0 netns /proc/%d/fd/%d", getpid(), other);
	nettap_enter_netns(other);
	close(ns);
	nettap_up("vt0", 0);
	host = packet_open("vt0", false);
	usleep(200000);
	settle(host);
	tap_ok(passes(host, 9), "the tap works on when the namespace it was made in is gone");
	tap_ok(!guest_stop(&drv.g) && !netdrv_restart(&drv, fd) && passes(host, 10),
	       "also stopped and started");
	netdrv_close(&drv);
	close(host);
	close(fd);
	nettap_enter_netns(here);
	close(other);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	here = nettap_this_netns();
	there = nettap_new_netns();
	if (here < 0 || there < 0)
		tap_bail("two network namespaces");
	test_move();
	test_down_up();
	test_delete();
	test_netns_dies();
	test_opener_leaves();
	return tap_done();
}
