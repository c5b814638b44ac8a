// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done thousands of times must leave nothing behind: fds, memory tables, backends, short
 * frames. Measured by the memory the machine has left, after a first round that warms it up.
 * time-limit: 240
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "memuse.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT	5000
#define ALLOWED	12288			/* KiB that come and go anyway */

static int tap, host;
static struct netdrv drv;
static uint8_t frame[2048], got[2048];

static void measure(const char *what, void (*once)(void), unsigned int times)
{
	unsigned int i;
	long before, after, tries;

	for (i = 0; i < times / 4 + 1; i++)
		once();
	before = memuse_settled();
	for (i = 0; i < times; i++)
		once();
	for (tries = 0; tries < 10; tries++) {
		after = memuse_settled();
		if (after - before < ALLOWED)
			break;
	}
	tap_ok(after - before < ALLOWED, "%s, %u times: %ld KiB more in use", what, times,
	       after - before);
}

static void open_and_close(void)
{
	int fd = open(guest_node(), O_RDWR | O_CLOEXEC);

	guest_ioctl(fd, VHOST_SET_OWNER, NULL);
	close(fd);
}

static void a_guest(void)
{
	struct netdrv d;
	int i;

	if (netdrv_open(&d, &(struct netdrv_opt){ .num = 64, .tx_size = 2048 }))
		tap_bail("open");
	netdrv_start(&d, tap);
	frame_make(frame, 1000, 1);
	for (i = 0; i < 10; i++) {
		netdrv_tx(&d, NULL, frame, 1000);
		packet_send(host, frame, 1000);
	}
	netdrv_tx_flush(&d);
	netdrv_close(&d);
	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
}

static void a_table(void)
{
	struct vhost_memory_region r[64];
	int i;

	for (i = 0; i < 64; i++)
		r[i] = (struct vhost_memory_region){
			.guest_phys_addr = drv.mem.gpa + i * 8192,
			.memory_size = 4096,
			.userspace_addr = (uintptr_t)drv.mem.base,
		};
	guest_set_mem(&drv.g, r, 64);
}

static void a_restart(void)
{
	int i;

	for (i = 0; i < 5; i++)
		packet_send(host, frame, 1000);
	guest_stop(&drv.g);
	guest_start(&drv.g, tap);
	nettap_flush(tap);
}

/* R39: a page of the batch's memory goes with each frame that is refused. */
static void short_frames(void)
{
	int i;

	for (i = 0; i < 64; i++)
		netdrv_tx(&drv, NULL, frame, i % FRAME_MIN);
	netdrv_tx_flush(&drv);
	netdrv_tx_drain(&drv, WAIT);
}

static void refused_backends(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		guest_set_backend(&drv.g, i & 1, drv.g.vq[RX].kick);
		guest_set_backend(&drv.g, i & 1, drv.g.fd);
		guest_set_backend(&drv.g, i & 1, 999);
	}
}

static void eventfds(void)
{
	struct vhost_vring_file f = { .index = TX };
	static const unsigned long cmds[] = {
		VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
	};
	const int own[] = { drv.g.vq[TX].kick, drv.g.vq[TX].call, drv.g.vq[TX].err };
	int i;

	for (i = 0; i < 3; i++) {
		f.fd = eventfd(0, EFD_CLOEXEC);
		guest_ioctl(drv.g.fd, cmds[i], &f);
		close(f.fd);
		f.fd = own[i];
		guest_ioctl(drv.g.fd, cmds[i], &f);
	}
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	measure("fds opened, owned and closed", open_and_close, 200);
	measure("guests started and closed at work", a_guest, 60);
	if (netdrv_open(&drv, &(struct netdrv_opt){ .num = 256, .tx_size = 2048 }) ||
	    netdrv_start(&drv, tap))
		tap_bail("open %s", guest_node());
	frame_make(frame, 1000, 1);
	measure("backends refused", refused_backends, 50);
	measure("eventfds replaced", eventfds, 300);
	measure("stopped and started with packets waiting", a_restart, 100);
	measure("R39: bursts of 64 frames too short to be", short_frames, 500);
	measure("memory tables of 64 regions", a_table, 200);
	netdrv_close(&drv);
	return tap_done();
}
