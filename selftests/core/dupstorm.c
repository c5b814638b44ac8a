// SPDX-License-Identifier: GPL-2.0-only
/*
 * R35: the fd number given to NET_SET_BACKEND stands for another file the moment after. Whatever
 * the kernel took, it has to take once and let go once.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT	5000
#define CALLS	4000

static struct netdrv drv;
static int files[5], slot;
static volatile bool stop;
static volatile uint32_t dups;

static void *storm(void *arg)
{
	while (!stop) {
		dup2(files[rnd_range(0, 4)], slot);
		dups++;
		if (rnd_range(0, 15) == 0)
			close(slot);
	}
	return arg;
}

static void *storm_eventfds(void *arg)
{
	while (!stop) {
		struct vhost_vring_file f = { .index = rnd() & 1, .fd = slot };

		guest_ioctl(drv.g.fd, VHOST_SET_VRING_CALL, &f);
		guest_ioctl(drv.g.fd, VHOST_SET_VRING_KICK, &f);
	}
	return arg;
}

static bool works(int fd)
{
	static uint8_t frame[600], got[2048];
	int host = packet_open("vt0", false);
	vnet_hdr hdr;
	bool ok;

	ok = !guest_stop(&drv.g) && !netdrv_restart(&drv, fd);
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 50) > 0)
		;
	frame_make(frame, 600, 1);
	netdrv_tx(&drv, NULL, frame, 600);
	netdrv_tx_flush(&drv);
	ok = ok && packet_recv(host, got, sizeof(got), WAIT) == 600;
	packet_send(host, frame, 600);
	ok = ok && netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT) == 600;
	close(host);
	return ok;
}

int main(void)
{
	uint32_t i, taken = 0, refused = 0, other = 0;
	pthread_t thread[3];
	int r = nettap_own_netns();

	if (r)
		tap_bail("a network namespace of our own: %s", strerror(-r));
	rnd_start();
	files[0] = nettap_open("vt0", NETTAP_DEFAULT);
	files[1] = nettap_open("vt1", NETTAP_DEFAULT);
	if (files[0] < 0 || files[1] < 0)
		tap_bail("taps");
	nettap_set_hdr(files[0], HDR_V1);
	nettap_set_hdr(files[1], HDR_V1);
	nettap_up("vt0", 0);
	nettap_up("vt1", 0);
	files[2] = packet_open("vt1", true);
	files[3] = eventfd(0, EFD_NONBLOCK);
	files[4] = socket(AF_UNIX, SOCK_STREAM, 0);
	r = netdrv_open(&drv, NULL);
	if (r)
		tap_bail("open %s: %s", guest_node(), strerror(-r));
	tap_ok(works(files[0]), "starts");

	slot = dup(files[0]);
	pthread_create(&thread[0], NULL, storm, NULL);
	pthread_create(&thread[1], NULL, storm, NULL);
	pthread_create(&thread[2], NULL, storm_eventfds, NULL);
	for (i = 0; i < CALLS; i++) {
		r = guest_set_backend(&drv.g, i & 1, i % 5 == 4 ? -1 : slot);
		if (!r)
			taken++;
		else if (r == -ENOTSOCK)
			refused++;
		else
			other++;
	}
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	close(slot);
	tap_diag("%u file swaps; %u taken, %u refused, %u other", dups, taken, refused, other);
	tap_ok(taken && refused && !other, "R35: %d calls under a storm of dup2: 0 or ENOTSOCK",
	       CALLS);
	tap_ok(works(files[0]), "R35: and all is well afterwards");
	tap_ok(!guest_stop(&drv.g), "R35: it lets go");
	for (i = 0; i < 5; i++)
		close(files[i]);
	netdrv_close(&drv);
	tap_ok(!if_nametoindex("vt0") && !if_nametoindex("vt1"), "R35: no file was held twice");
	return tap_done();
}
