// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two real TCP stacks with vhost between them: streams both ways at once, each byte compared,
 * over large segments and mergeable buffers, over the plainest NIC there is, over several queues,
 * and while the device is stopped and started again. time-limit: 180
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest.h"
#include "nettap.h"
#include "relay.h"
#include "rnd.h"
#include "tap.h"

#define HOST_IP		"10.9.0.1"
#define GUEST_IP	"10.9.0.2"
#define TIMEOUT		30000		/* ms without a byte */
#define CHUNK		(128 << 10)

static int host_ns, guest_ns;

/* One end of a connection: sends a stream, and takes the other end's. */
struct end {
	int fd;
	uint64_t send_seed, take_seed;
	size_t len, sent, taken;
	const char *failed;
};

static uint8_t stream_byte(uint64_t seed, size_t at)
{
	uint64_t z = seed + (at >> 3) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	return (z ^ z >> 27) >> 8 * (at & 7);
}

static void step_send(struct end *e)
{
	static __thread uint8_t buf[CHUNK];
	size_t n = e->len - e->sent, i;
	ssize_t r;

	if (n > sizeof(buf))
		n = sizeof(buf);
	for (i = 0; i < n; i++)
		buf[i] = stream_byte(e->send_seed, e->sent + i);
	r = send(e->fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (r > 0)
		e->sent += r;
	else if (errno != EAGAIN)
		e->failed = "send";
}

static void step_take(struct end *e)
{
	static __thread uint8_t buf[CHUNK];
	ssize_t r = recv(e->fd, buf, sizeof(buf), MSG_DONTWAIT), i;

	if (r <= 0) {
		if (r == 0 || errno != EAGAIN)
			e->failed = r ? "recv" : "early end";
		return;
	}
	for (i = 0; i < r; i++) {
		if (buf[i] != stream_byte(e->take_seed, e->taken + i)) {
			e->failed = "payload differs";
			return;
		}
	}
	e->taken += r;
}

static void *run_end(void *arg)
{
	struct end *e = arg;

	while (!e->failed && (e->sent < e->len || e->taken < e->len)) {
		struct pollfd p = {
			.fd = e->fd,
			.events = (e->sent < e->len ? POLLOUT : 0) |
				  (e->taken < e->len ? POLLIN : 0),
		};

		if (poll(&p, 1, TIMEOUT) <= 0)
			e->failed = "nothing moves";
		else if (p.revents & POLLIN)
			step_take(e);
		else if (p.revents & POLLOUT)
			step_send(e);
		else
			e->failed = "hung up";
	}
	return NULL;
}

static int tcp_socket(int ns)
{
	int fd;

	nettap_enter_netns(ns);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	nettap_enter_netns(host_ns);
	return fd;
}

/* A connection from the guest to the host. */
static bool connect_ends(struct end *host, struct end *guest, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(HOST_IP),
	};
	struct timeval limit = { .tv_sec = 10 };
	int listener = tcp_socket(host_ns), on = 1;

	host->fd = -1;
	guest->fd = tcp_socket(guest_ns);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(guest->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!bind(listener, (struct sockaddr *)&at, sizeof(at)) && !listen(listener, 1) &&
	    !connect(guest->fd, (struct sockaddr *)&at, sizeof(at)))
		host->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return host->fd >= 0;
}

/* Streams of @len bytes, both ways at once, over @n connections. */
static bool streams(unsigned int n, size_t len, void (*meanwhile)(struct relay *), struct relay *r)
{
	struct end host[8] = { 0 }, guest[8] = { 0 };
	pthread_t th[8], tg[8];
	unsigned int i, connected;
	bool ok = true;

	for (connected = 0; ok && connected < n; connected++) {
		struct end *h = &host[connected], *g = &guest[connected];

		h->len = g->len = len;
		h->send_seed = g->take_seed = rnd();
		g->send_seed = h->take_seed = rnd();
		ok = connect_ends(h, g, 5000 + connected);
		if (!ok)
			tap_diag("connection %u: %s", connected, strerror(errno));
	}
	for (i = 0; ok && i < n; i++) {
		pthread_create(&th[i], NULL, run_end, &host[i]);
		pthread_create(&tg[i], NULL, run_end, &guest[i]);
	}
	if (ok && meanwhile)
		meanwhile(r);
	for (i = 0; ok && i < n; i++) {
		pthread_join(th[i], NULL);
		pthread_join(tg[i], NULL);
	}
	for (i = 0; i < connected; i++) {
		if (host[i].failed || guest[i].failed) {
			tap_diag("connection %u: host %s after %zu/%zu, guest %s after %zu/%zu", i,
				 host[i].failed ? host[i].failed : "well", host[i].sent,
				 host[i].taken, guest[i].failed ? guest[i].failed : "well",
				 guest[i].sent, guest[i].taken);
			ok = false;
		}
		close(host[i].fd);
		close(guest[i].fd);
	}
	return ok;
}

static bool set_up(struct relay *r, const struct relay_opt *opt, const char *name)
{
	int err = relay_start(r, opt);

	if (!tap_ok(!err, "%s: the relay starts (%s)", name, strerror(-err)))
		return false;
	err = sh("ip addr add " HOST_IP "/24 dev vt0 && ip link set vt0 up");
	nettap_enter_netns(guest_ns);
	err |= sh("ip addr add " GUEST_IP "/24 dev vg0 && ip link set vg0 up");
	nettap_enter_netns(host_ns);
	if (err)
		tap_diag("addresses cannot be set");
	return !err;
}

static void test(const char *name, struct relay_opt opt, unsigned int connections, size_t len,
		 void (*meanwhile)(struct relay *))
{
	uint64_t tx = 0, rx = 0, tx_gso = 0, rx_gso = 0;
	unsigned int i, busy = 0;
	struct relay r;
	bool ok;
	int err;

	opt.host = "vt0";
	opt.guest = "vg0";
	opt.guest_netns = guest_ns;
	if (!set_up(&r, &opt, name))
		return;
	ok = streams(connections, len, meanwhile, &r);
	for (i = 0; i < r.opt.queues; i++) {
		tx += r.queue[i].tx;
		rx += r.queue[i].rx;
		tx_gso += r.queue[i].tx_gso;
		rx_gso += r.queue[i].rx_gso;
		busy += r.queue[i].tx && r.queue[i].rx;
	}
	err = relay_stop(&r);
	tap_ok(ok && !err, "%s: %u streams of %zu KiB each way, each byte right", name, connections,
	       len >> 10);
	tap_diag("%llu packets out, %llu of them GSO; %llu in, %llu of them GSO; %u queues used",
		 (unsigned long long)tx, (unsigned long long)tx_gso, (unsigned long long)rx,
		 (unsigned long long)rx_gso, busy);
	if (opt.offloads)
		tap_ok(tx_gso && rx_gso, "%s: large segments both ways", name);
	else
		tap_ok(!tx_gso && !rx_gso, "%s: no large segments", name);
}

/* The guest's driver is reloaded, or the VMM pauses: nothing but time is lost. */
static void stop_and_start(struct relay *r)
{
	int i;

	for (i = 0; i < 30; i++) {
		usleep(rnd_range(1000, 20000));
		guest_stop(&r->queue[0].drv.g);
		usleep(rnd_range(0, 3000));
		guest_start(&r->queue[0].drv.g, r->queue[0].host);
	}
}

static void swap_memory(struct relay *r)
{
	int i;

	for (i = 0; i < 100; i++) {
		guest_map(&r->queue[0].drv.g);
		usleep(rnd_range(0, 3000));
	}
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	host_ns = nettap_this_netns();
	guest_ns = nettap_new_netns();
	if (host_ns < 0 || guest_ns < 0)
		tap_bail("two network namespaces");

	test("mergeable, TSO", (struct relay_opt){ .offloads = NETTAP_OFFLOADS }, 2, 8 << 20, NULL);
	test("mergeable, TSO, small buffers", (struct relay_opt){ .offloads = NETTAP_OFFLOADS,
	     .drv = { .rx_size = 1536, .tx_pieces = 5 } }, 1, 4 << 20, NULL);
	test("big buffers, TSO", (struct relay_opt){ .offloads = NETTAP_OFFLOADS,
	     .drv = { .features = F_V1 | F_EVENT_IDX, .rx_size = 66000, .num = 64 } }, 1, 4 << 20,
	     NULL);
	test("legacy, no offloads", (struct relay_opt){ .drv = { .features = F_NONE } }, 1, 1 << 20,
	     NULL);
	test("four queues", (struct relay_opt){ .queues = 4, .offloads = NETTAP_OFFLOADS }, 8,
	     1 << 20, NULL);
	test("stopped and started", (struct relay_opt){ .offloads = NETTAP_OFFLOADS }, 2, 8 << 20,
	     stop_and_start);
	test("memory table swapped", (struct relay_opt){ .offloads = NETTAP_OFFLOADS }, 2, 8 << 20,
	     swap_memory);
	return tap_done();
}
