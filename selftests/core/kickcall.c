// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kick and call eventfds changed under traffic, as QEMU does to mask and unmask an MSI-X vector:
 * between the guest's own eventfd and the one the VMM watches while the guest is not to be
 * disturbed. No kick and no interrupt is lost.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT	5000
#define ROUNDS	1500

static struct netdrv drv;
static int tap, host;
static uint8_t frame[2048], got[2048];
static int masked[2];			/* the VMM's notifiers */
static volatile bool stop;
static volatile uint32_t swaps;

static int set_file(unsigned long cmd, unsigned int i, int fd)
{
	struct vhost_vring_file f = { .index = i, .fd = fd };

	return guest_ioctl(drv.g.fd, cmd, &f);
}

static bool pending(int fd)
{
	eventfd_t n;

	return !eventfd_read(fd, &n);
}

/* Mask, unmask, and pass on what came in between: the VMM's half of MSI-X masking. */
static void *mask_and_unmask(void *arg)
{
	while (!stop) {
		int i = rnd() & 1;

		if (set_file(VHOST_SET_VRING_CALL, i, masked[i]))
			return "mask";
		if (rnd() & 1)
			usleep(rnd_range(0, 300));
		if (set_file(VHOST_SET_VRING_CALL, i, drv.g.vq[i].call))
			return "unmask";
		if (pending(masked[i]))
			eventfd_write(drv.g.vq[i].call, 1);
		swaps++;
	}
	return arg;
}

/* One packet there, one back, each waited for by its interrupt alone. */
static bool ping(uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, 200, seq);
	if (netdrv_tx(&drv, NULL, frame, 200))
		return false;
	netdrv_tx_flush(&drv);
	r = packet_recv(host, got, sizeof(got), WAIT);
	if (r != 200 || frame_seq(got) != seq)
		return false;
	packet_send(host, frame, 200);
	if (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT) != 200 || frame_seq(got) != seq)
		return false;
	return netdrv_tx_drain(&drv, WAIT);
}

static void reopen(uint64_t features)
{
	netdrv_close(&drv);
	netdrv_open(&drv, &(struct netdrv_opt){ .features = features });
	nettap_set_hdr(tap, drv.hdr_len);
	netdrv_start(&drv, tap);
}

static void under(const char *what, void *(*disturb)(void *))
{
	pthread_t thread;
	void *failed = NULL;
	uint32_t i;

	stop = false;
	swaps = 0;
	pthread_create(&thread, NULL, disturb, NULL);
	for (i = 0; i < ROUNDS && ping(i); i++)
		;
	stop = true;
	pthread_join(thread, &failed);
	if (failed)
		tap_diag("%s failed", (char *)failed);
	tap_ok(i == ROUNDS && swaps > 5 && !failed, "%s: %u of %u rounds, %u swaps", what, i,
	       ROUNDS, swaps);
}

/* A new kick eventfd, and the old one as well: who kicks the old one meanwhile is heard too. */
static void *change_kick(void *arg)
{
	int spare[2] = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK) };

	while (!stop) {
		int i = rnd() & 1;

		/* The guest kicks one of the two; the VMM carries over what the other got. */
		if (set_file(VHOST_SET_VRING_KICK, i, spare[i]))
			return "new kick fd";
		if (pending(drv.g.vq[i].kick))
			eventfd_write(spare[i], 1);
		usleep(rnd_range(0, 200));
		if (set_file(VHOST_SET_VRING_KICK, i, drv.g.vq[i].kick))
			return "old kick fd";
		/* Kicked while nobody listened: an eventfd that is readable wakes its poller. */
		swaps++;
	}
	close(spare[0]);
	close(spare[1]);
	return arg;
}

static void *same_again(void *arg)
{
	while (!stop) {
		int i = rnd() & 1;

		if (set_file(VHOST_SET_VRING_KICK, i, drv.g.vq[i].kick) ||
		    set_file(VHOST_SET_VRING_CALL, i, drv.g.vq[i].call) ||
		    set_file(VHOST_SET_VRING_ERR, i, drv.g.vq[i].err))
			return "same fd again";
		swaps++;
		usleep(rnd_range(0, 100));
	}
	return arg;
}

/* A kick that came before the device listened counts. */
static void test_early_kick(void)
{
	int r;

	set_file(VHOST_SET_VRING_KICK, TX, -1);
	usleep(50000);			/* what an earlier kick set off is over */
	frame_make(frame, 100, 1);
	netdrv_tx(&drv, NULL, frame, 100);
	ring_publish(&drv.g.vq[TX].ring);
	vq_kick(&drv.g.vq[TX]);
	tap_ok(packet_recv(host, got, sizeof(got), 200) == 0, "without a kick fd nothing is sent");
	set_file(VHOST_SET_VRING_KICK, TX, drv.g.vq[TX].kick);
	r = packet_recv(host, got, sizeof(got), WAIT);
	tap_ok(r == 100, "an eventfd that was kicked before it was handed over counts (%d)", r);

	guest_stop(&drv.g);
	netdrv_tx(&drv, NULL, frame, 100);
	ring_publish(&drv.g.vq[TX].ring);
	guest_start(&drv.g, tap);
	vq_kick(&drv.g.vq[TX]);
	r = packet_recv(host, got, sizeof(got), WAIT);
	tap_ok(r == 100, "what was posted while stopped is sent after a kick (%d)", r);
	netdrv_tx_drain(&drv, WAIT);
}

/* Without a call fd all works but the interrupts. */
static void test_no_call(void)
{
	int tries, r;

	set_file(VHOST_SET_VRING_CALL, TX, -1);
	frame_make(frame, 100, 2);
	netdrv_tx(&drv, NULL, frame, 100);
	netdrv_tx_flush(&drv);
	r = packet_recv(host, got, sizeof(got), WAIT);
	for (tries = 0; !ring_has_used(&drv.g.vq[TX].ring) && tries < 500; tries++)
		usleep(1000);
	tap_ok(r == 100 && netdrv_tx_reap(&drv) == 1, "without a call fd packets are sent");
	set_file(VHOST_SET_VRING_CALL, TX, drv.g.vq[TX].call);
	tap_ok(ping(1), "and with it again there are interrupts");
}

/* Who asks not to be interrupted is not. */
static void test_suppressed(uint64_t features, const char *name)
{
	struct vq *vq = &drv.g.vq[TX];
	int tries;
	uint32_t i;

	reopen(features);
	/* The first interrupt after a start may come unasked. */
	ping(0);
	ring_call_off(&vq->ring);
	pending(vq->call);
	for (i = 0; i < 50; i++) {
		frame_make(frame, 100, i);
		netdrv_tx(&drv, NULL, frame, 100);
		netdrv_tx_flush(&drv);
		packet_recv(host, got, sizeof(got), WAIT);
	}
	/* A packed ring's beginning has the wrap counter set. */
	for (tries = 0; tries < 500 && (ring_used_idx(&vq->ring) & 0x7fff) != 51; tries++)
		usleep(1000);
	tap_ok((ring_used_idx(&vq->ring) & 0x7fff) == 51 && !pending(vq->call),
	       "%s: no interrupt that was not asked for", name);
	netdrv_tx_reap(&drv);
	tap_ok(ping(1), "%s: and when asked for it comes", name);
}

static void test_more_formats(void)
{
	reopen(F_MODERN | F_PACKED);
	under("packed: masking and unmasking", mask_and_unmask);
	under("packed: kick fds", change_kick);
	reopen(F_MODERN | F_PACKED | F_IN_ORDER);
	under("packed, in order: masking and unmasking", mask_and_unmask);
	reopen(F_MODERN | F_IN_ORDER);
	under("in order: masking and unmasking", mask_and_unmask);
	reopen(F_V1 | F_MRG | F_PACKED);
	under("packed, flags: masking and unmasking", mask_and_unmask);
	test_suppressed(F_V1 | F_MRG | F_PACKED, "packed, flags");
	test_suppressed(F_V1 | F_MRG | F_PACKED | F_EVENT_IDX, "packed, event place");
	test_suppressed(F_V1 | F_MRG | F_IN_ORDER | F_EVENT_IDX, "in order");
}

int main(void)
{
	int r = nettap_own_netns();

	if (r)
		tap_bail("a network namespace of our own: %s", strerror(-r));
	rnd_start();
	masked[RX] = eventfd(0, EFD_NONBLOCK);
	masked[TX] = eventfd(0, EFD_NONBLOCK);
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	r = netdrv_open(&drv, NULL);
	if (!r)
		r = netdrv_start(&drv, tap);
	if (r)
		tap_bail("open %s: %s", guest_node(), strerror(-r));

	under("masking and unmasking", mask_and_unmask);
	under("the same fds again", same_again);
	under("kick fds", change_kick);
	test_early_kick();
	test_no_call();
	test_suppressed(F_V1 | F_MRG, "flags");
	test_suppressed(F_V1 | F_MRG | F_EVENT_IDX, "event index");
	if (guest_is_vhx())
		test_more_formats();
	netdrv_close(&drv);
	return tap_done();
}
