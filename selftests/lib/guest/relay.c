// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relay guest, see relay.h. One thread a queue pair, asleep unless there is work.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "nettap.h"
#include "relay.h"

#define BUDGET	64			/* packets of one direction before it is the other's turn */
#define FRAME	(65535 + 64)

/*
 * What the guest's stack sends, into TX. Returns how many packets, -ENOSPC when the ring is full,
 * or another errno.
 */
static int guest_to_ring(struct relay_queue *q)
{
	static __thread uint8_t frame[FRAME];
	vnet_hdr hdr = { 0 };
	struct iovec iov[2] = {
		{ &hdr, q->drv.hdr_len }, { frame, sizeof(frame) },
	};
	int n, r;

	for (n = 0; n < BUDGET; n++) {
		netdrv_tx_reap(&q->drv);
		if (!netdrv_tx_room(&q->drv))
			return n ? n : -ENOSPC;
		r = readv(q->guest, iov, 2);
		if (r < 0)
			return errno == EAGAIN ? n : -errno;
		hdr.num_buffers = 0;
		if (netdrv_tx(&q->drv, &hdr, frame, r - q->drv.hdr_len))
			return -EIO;
		q->tx++;
		q->tx_gso += !!hdr.hdr.gso_type;
	}
	return n;
}

/* What came by RX, into the guest's stack. Returns how many packets, or an errno. */
static int ring_to_guest(struct relay_queue *q)
{
	static __thread uint8_t frame[FRAME];
	vnet_hdr hdr;
	struct iovec iov[2] = { { &hdr, q->drv.hdr_len }, { frame, 0 } };
	int n, r;

	for (n = 0; n < BUDGET; n++) {
		r = netdrv_rx(&q->drv, &hdr, frame, sizeof(frame));
		if (r <= 0)
			break;
		iov[1].iov_len = r;
		/* A stack that has no room drops, as a NIC would. */
		if (writev(q->guest, iov, 2) < 0 && errno != EAGAIN && errno != ENOBUFS &&
		    errno != EIO)
			return -errno;
		q->rx++;
		q->rx_gso += !!hdr.hdr.gso_type;
	}
	netdrv_rx_fill(&q->drv, UINT32_MAX);
	return n && r >= 0 ? n : r;
}

/* Sleep until one of the four has something to say. @full: TX has no room, so do not read. */
static void wait_for_work(struct relay_queue *q, bool full)
{
	struct vq *rx = &q->drv.g.vq[RX], *tx = &q->drv.g.vq[TX];
	struct pollfd p[] = {
		{ .fd = rx->call, .events = POLLIN },
		{ .fd = q->wake, .events = POLLIN },
		{ .fd = full ? tx->call : q->guest, .events = POLLIN },
	};
	eventfd_t n;

	if (ring_call_on(&rx->ring) || (full && ring_call_on(&tx->ring)))
		return;
	poll(p, 3, -1);
	eventfd_read(rx->call, &n);
	eventfd_read(tx->call, &n);
}

static void *run(void *arg)
{
	struct relay_queue *q = arg;
	int in, out;

	ring_call_off(&q->drv.g.vq[TX].ring);
	while (!__atomic_load_n(&q->relay->stop, __ATOMIC_ACQUIRE)) {
		out = guest_to_ring(q);
		if (out > 0)
			netdrv_tx_flush(&q->drv);
		in = ring_to_guest(q);
		if (in < 0 || (out < 0 && out != -ENOSPC)) {
			q->err = in < 0 ? in : out;
			break;
		}
		if (in < BUDGET && out < BUDGET)
			wait_for_work(q, out == -ENOSPC);
		ring_call_off(&q->drv.g.vq[TX].ring);
	}
	return NULL;
}

static int open_tap(const struct relay_opt *o, const char *name, int hdr_len)
{
	int fd = nettap_open(name, o->queues > 1 ? NETTAP_MULTI : NETTAP_DEFAULT);
	int r;

	if (fd < 0)
		return fd;
	r = nettap_set_hdr(fd, hdr_len);
	if (!r)
		r = nettap_set_offload(fd, o->offloads);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

static int open_guest_tap(const struct relay_opt *o, int hdr_len)
{
	int back, fd, r;

	if (o->guest_netns < 0)
		return open_tap(o, o->guest, hdr_len);
	back = nettap_this_netns();
	if (back < 0)
		return back;
	r = nettap_enter_netns(o->guest_netns);
	fd = r ? r : open_tap(o, o->guest, hdr_len);
	r = nettap_enter_netns(back);
	close(back);
	return r ? r : fd;
}

static int start_queue(struct relay *r, struct relay_queue *q)
{
	int err;

	q->relay = r;
	q->host = q->guest = -1;
	q->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (q->wake < 0)
		return -errno;
	err = netdrv_open(&q->drv, &r->opt.drv);
	if (err)
		goto err_wake;
	q->host = open_tap(&r->opt, r->opt.host, q->drv.hdr_len);
	q->guest = open_guest_tap(&r->opt, q->drv.hdr_len);
	err = q->host < 0 ? q->host : q->guest < 0 ? q->guest : 0;
	if (!err)
		err = netdrv_start(&q->drv, q->host);
	if (!err)
		err = -pthread_create(&q->thread, NULL, run, q);
	if (!err)
		return 0;

	if (q->host >= 0)
		close(q->host);
	if (q->guest >= 0)
		close(q->guest);
	netdrv_close(&q->drv);
err_wake:
	close(q->wake);
	return err;
}

/* Both taps are made; to set them up is the caller's. */
int relay_start(struct relay *r, const struct relay_opt *opt)
{
	unsigned int i, started;
	int err = 0;

	memset(r, 0, sizeof(*r));
	r->opt = *opt;
	if (!r->opt.queues)
		r->opt.queues = 1;
	if (r->opt.queues > RELAY_QUEUES)
		return -EINVAL;
	for (i = 0; i < r->opt.queues && !err; i++)
		err = start_queue(r, &r->queue[i]);
	if (err) {
		started = i - 1;
		r->opt.queues = started;
		relay_stop(r);
	}
	return err;
}

/* Ends the threads and everything they had. Returns why the first of them ended by itself. */
int relay_stop(struct relay *r)
{
	unsigned int i;
	int err = 0;

	__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < r->opt.queues; i++)
		eventfd_write(r->queue[i].wake, 1);
	for (i = 0; i < r->opt.queues; i++) {
		struct relay_queue *q = &r->queue[i];

		pthread_join(q->thread, NULL);
		err = err ? err : q->err;
		netdrv_close(&q->drv);
		close(q->host);
		close(q->guest);
		close(q->wake);
	}
	return err;
}
