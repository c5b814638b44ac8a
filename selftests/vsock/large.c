// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large packets, whose payload is in pages that are used again: of several connections at once, of
 * sizes around where that begins, and with readers that lag behind, so that pages are free in another
 * order than they were filled. Each byte says where in which stream it is.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "rnd.h"
#include "tap.h"
#include "vsockhost.h"

#define NR		3
#define PORT		2000		/* and on */
#define TOTAL		(6U << 20)	/* bytes each way, of all connections: many times what is kept */
#define WINDOW		(180U << 10)	/* a socket's credit, less a packet that was read in part */
#define STEPS		200000

/* A connection: where both streams are, at both ends. */
struct conn {
	int fd;
	uint32_t port;
	uint32_t host_sent, guest_got;
	uint32_t guest_sent, host_got;
	uint32_t told;		/* of guest_got */
};

static struct vsockdrv drv;
static struct vsockpkt pkt;
static struct conn conn[NR];
static uint8_t buf[VSOCK_PAYLOAD];
static uint32_t wrong;

static uint8_t byte_at(const struct conn *c, uint32_t at, bool to_guest)
{
	return at * 7 + at / 251 + at / 65521 + (c - conn) * 31 + to_guest * 101;
}

static void fill(const struct conn *c, uint32_t at, uint32_t len, bool to_guest)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		buf[i] = byte_at(c, at + i, to_guest);
}

static void compare(const struct conn *c, const uint8_t *data, uint32_t at, uint32_t len, bool to_guest)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (data[i] != byte_at(c, at + i, to_guest)) {
			if (!wrong++)
				tap_diag("connection %td, byte %u %s", c - conn, at + i,
					 to_guest ? "to the guest" : "to the host");
			return;
		}
}

/* Mostly around 8 KiB, where pages begin to be used, and of all that a packet may have. */
static uint32_t some_len(void)
{
	switch (rnd() % 4) {
	case 0:
		return rnd_range(8190, 8194);
	case 1:
		return rnd_range(VSOCK_PAYLOAD - 3, VSOCK_PAYLOAD);
	case 2:
		return rnd_range(1, 200);
	}
	return rnd_range(1, VSOCK_PAYLOAD);
}

static void guest_says(struct conn *c, uint16_t op, uint32_t len)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, c->port, HOST_PORT, op);

	h.len = htole32(len);
	h.fwd_cnt = htole32(c->guest_got);
	c->told = c->guest_got;
	if (vsockdrv_send(&drv, &h, buf, len))
		tap_bail("the guest cannot send");
}

static void step_guest_sends(struct conn *c)
{
	uint32_t len = some_len();

	if (c->guest_sent - c->host_got + len > WINDOW)
		return;
	fill(c, c->guest_sent, len, false);
	guest_says(c, VIRTIO_VSOCK_OP_RW, len);
	c->guest_sent += len;
}

static void step_host_sends(struct conn *c)
{
	uint32_t len = some_len();
	ssize_t n;

	if (c->host_sent - c->guest_got + len > WINDOW)
		return;
	fill(c, c->host_sent, len, true);
	n = send(c->fd, buf, len, MSG_DONTWAIT);
	if (n > 0)
		c->host_sent += n;
	else if (errno != EAGAIN)
		tap_bail("the host cannot send: %s", strerror(errno));
}

static void step_host_reads(struct conn *c)
{
	ssize_t n = recv(c->fd, buf, some_len(), MSG_DONTWAIT);

	if (n <= 0)
		return;
	compare(c, buf, c->host_got, n, false);
	c->host_got += n;
}

/* A packet of any connection. Return: false: there is none for @ms. */
static bool step_guest_reads(int ms)
{
	struct conn *c;
	uint32_t len;

	if (!vsockdrv_recv(&drv, &pkt, ms))
		return false;
	c = &conn[le32toh(pkt.h.dst_port) - PORT];
	if (c >= conn + NR || le16toh(pkt.h.op) != VIRTIO_VSOCK_OP_RW)
		return true;
	len = le32toh(pkt.h.len);
	compare(c, pkt.data, c->guest_got, len, true);
	c->guest_got += len;
	if (c->guest_got - c->told > WINDOW / 4)
		guest_says(c, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0);
	return true;
}

static uint32_t moved(bool to_guest)
{
	uint32_t i, sum = 0;

	for (i = 0; i < NR; i++)
		sum += to_guest ? conn[i].guest_got : conn[i].host_got;
	return sum;
}

static void step(void)
{
	struct conn *c = &conn[rnd() % NR];

	switch (rnd() % 8) {
	case 0:
		step_guest_sends(c);
		break;
	case 1:
		step_host_sends(c);
		break;
	case 2:
		step_host_reads(c);
		break;
	default:
		step_guest_reads(0);
	}
}

/* What is under way comes, all of it. */
static bool settle(void)
{
	struct conn *c;

	while (step_guest_reads(200))
		;
	for (c = conn; c < conn + NR; c++) {
		while (c->host_got != c->guest_sent && host_wait(c->fd, POLLIN))
			step_host_reads(c);
		if (c->host_got != c->guest_sent || c->guest_got != c->host_sent) {
			tap_diag("connection %td: to the host %u of %u, to the guest %u of %u", c - conn,
				 c->host_got, c->guest_sent, c->guest_got, c->host_sent);
			return false;
		}
	}
	return true;
}

static bool nothing_unsent(void)
{
	int i, left, sum = 0;

	for (i = 0; i < NR; i++)
		if (!ioctl(conn[i].fd, SIOCOUTQ, &left))
			sum += left;
	return !sum;
}

static void test_format(const char *name, uint64_t features)
{
	const struct vsockdrv_opt opt = { .features = F_VSOCK_MODERN | features, .num = 128 };
	int listener = host_listen(SOCK_STREAM), i;
	uint32_t n;

	if (vsockdrv_open(&drv, &opt) || vsockdrv_start(&drv))
		tap_bail("no guest");
	memset(conn, 0, sizeof(conn));
	for (i = 0; i < NR; i++) {
		conn[i].port = PORT + i;
		conn[i].fd = guest_connect(&drv, listener, PORT + i, VIRTIO_VSOCK_TYPE_STREAM);
		if (conn[i].fd < 0)
			tap_bail("no connection");
	}
	wrong = 0;
	for (n = 0; n < STEPS && (moved(true) < TOTAL || moved(false) < TOTAL); n++)
		step();
	tap_ok(settle(), "%s: all bytes come, %u KiB to the guest, %u to the host, %u steps", name,
	       moved(true) >> 10, moved(false) >> 10, n);
	tap_ok(!wrong, "and are where they should be");
	tap_ok(moved(true) >= TOTAL && moved(false) >= TOTAL, "and are as many as it takes");
	tap_ok(nothing_unsent(), "and the sockets know that");
	vsockdrv_close(&drv);
	for (i = 0; i < NR; i++)
		close(conn[i].fd);
	close(listener);
}

/* What a guest that is gone sent stays readable: its pages are the packets' now. */
static void test_left_behind(void)
{
	int listener = host_listen(SOCK_STREAM), fd, resets = 0;

	if (vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		tap_bail("no guest");
	fd = conn[0].fd = guest_connect(&drv, listener, PORT, VIRTIO_VSOCK_TYPE_STREAM);
	conn[0] = (struct conn) { .fd = fd, .port = PORT };
	fill(&conn[0], 0, VSOCK_PAYLOAD, false);
	guest_says(&conn[0], VIRTIO_VSOCK_OP_RW, VSOCK_PAYLOAD);
	if (!vsockdrv_taken(&drv))
		tap_bail("the packet is not taken");
	recv(fd, buf, 1, MSG_PEEK);
	vsockdrv_close(&drv);
	wrong = 0;
	while (conn[0].host_got < VSOCK_PAYLOAD) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		/* Of the two, that the guest is gone and what it said before, either may be told first. */
		if (n < 0 && errno == ECONNRESET && !resets++)
			continue;
		if (n <= 0)
			break;
		compare(&conn[0], buf, conn[0].host_got, n, false);
		conn[0].host_got += n;
	}
	tap_ok(!wrong && conn[0].host_got == VSOCK_PAYLOAD, "what a guest left behind is all there, %u bytes",
	       conn[0].host_got);
	close(fd);
	close(listener);
}

/* A buffer without room for payload is enough for a packet that has none. */
static void test_headers_alone(void)
{
	const struct vsockdrv_opt opt = { .buf = sizeof(struct virtio_vsock_hdr), .num = 16 };
	int listener = host_listen(SOCK_STREAM), fd, i;
	bool ok = true;

	if (vsockdrv_open(&drv, &opt) || vsockdrv_start(&drv))
		tap_bail("no guest");
	for (i = 0; i < 40 && ok; i++) {
		fd = guest_connect(&drv, listener, PORT + i, VIRTIO_VSOCK_TYPE_STREAM);
		ok = fd >= 0 && host_close(&drv, fd, PORT + i);
	}
	tap_ok(ok, "connections come and go by buffers of a header each");
	vsockdrv_close(&drv);
	close(listener);
}

int main(void)
{
	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	rnd_start();
	test_format("split", 0);
	test_format("packed, in order", F_PACKED | F_IN_ORDER);
	test_headers_alone();
	test_left_behind();
	return tap_done();
}
