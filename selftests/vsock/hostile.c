// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that sends what is no packet, or not its own, or too much, and buffers that nothing fits
 * into: it gets its buffers back, the host's other connections do not notice, and nobody waits for it.
 *
 * Lengths in a packet's header are the guest's word.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rnd.h"
#include "tap.h"
#include "vsockhost.h"

#define PORT	1234
#define SHORT	300

static struct vsockdrv drv, good;
static struct vsockpkt pkt;
static int listener, bystander;
static uint8_t bytes[VSOCK_PAYLOAD];

/* The other guest's connection, which nothing here may harm. */
static bool unharmed(void)
{
	return write(bystander, "x", 1) == 1 &&
	       vsockdrv_recv_op(&good, &pkt, PORT, VIRTIO_VSOCK_OP_RW, HOST_WAIT) &&
	       pkt.data[0] == 'x';
}

static bool silent(struct vsockdrv *d)
{
	return !vsockdrv_recv(d, &pkt, SHORT);
}

/* Bytes that are @len of a header @h. */
static void send_raw(const void *h, uint32_t len)
{
	struct vq *vq = &drv.g.vq[VSOCK_TX];
	uint8_t *buf;

	if (!vsockdrv_taken(&drv))
		tap_bail("a buffer was not given back");
	buf = drv.tx[--drv.ntx];
	memcpy(buf, h, len);
	if (ring_add(&vq->ring, &(struct sg){ .gpa = mem_gpa(&drv.mem, buf), .len = len }, 1, 0, buf))
		tap_bail("a ring that is full");
	vq_publish(vq);
}

static void test_headers(void)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, HOST_PORT, VIRTIO_VSOCK_OP_REQUEST);
	uint32_t len;

	for (len = 1; len < sizeof(h); len++)
		send_raw(&h, len);
	tap_ok(vsockdrv_taken(&drv) && silent(&drv), "a header that is cut: taken for nothing");

	h = vsockdrv_hdr(&drv, PORT, HOST_PORT, VIRTIO_VSOCK_OP_RW);
	h.len = htole32(100);
	vsockdrv_send(&drv, &h, bytes, 99);
	h.len = htole32(UINT32_MAX);
	vsockdrv_send(&drv, &h, bytes, 99);
	h.len = htole32(UINT32_MAX - sizeof(h) + 1);
	vsockdrv_send(&drv, &h, bytes, 99);
	h.len = htole32(VSOCK_PAYLOAD + 1);
	vsockdrv_send(&drv, &h, bytes, 99);
	tap_ok(vsockdrv_taken(&drv) && silent(&drv), "R64: a length that is not so: taken for nothing");

	h = vsockdrv_hdr(&drv, PORT, HOST_PORT, VIRTIO_VSOCK_OP_REQUEST);
	h.src_cid = htole64(good.opt.cid);
	vsockdrv_send(&drv, &h, NULL, 0);
	h.src_cid = htole64(2);
	vsockdrv_send(&drv, &h, NULL, 0);
	h.src_cid = htole64(drv.opt.cid | 1ULL << 32);
	vsockdrv_send(&drv, &h, NULL, 0);
	tap_ok(vsockdrv_taken(&drv) && silent(&drv) && silent(&good), "in another's name: taken for nothing");

	h = vsockdrv_hdr(&drv, PORT, HOST_PORT, VIRTIO_VSOCK_OP_REQUEST);
	h.dst_cid = htole64(2 | 1ULL << 32);
	vsockdrv_send(&drv, &h, NULL, 0);
	tap_ok(vsockdrv_taken(&drv) && silent(&drv), "to what is no CID: taken for nothing");
	tap_ok(unharmed(), "another guest's connection is unharmed");
}

/* R63: by its own CID, from the port that another guest has a connection by. */
static void test_namesake(void)
{
	static const uint16_t ops[] = { VIRTIO_VSOCK_OP_RW, VIRTIO_VSOCK_OP_SHUTDOWN, VIRTIO_VSOCK_OP_RST };
	struct virtio_vsock_hdr h;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		h = vsockdrv_hdr(&drv, PORT, HOST_PORT, ops[i]);
		h.len = htole32(i ? 0 : 100);
		h.flags = htole32(VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND);
		vsockdrv_send(&drv, &h, bytes, i ? 0 : 100);
	}
	tap_ok(vsockdrv_taken(&drv) && unharmed() && recv(bystander, bytes, 1, MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN, "R63: another guest's connection does not hear who has its port");
	while (vsockdrv_recv(&drv, &pkt, SHORT))
		;
}

/* What has no connection, and what is no operation. */
static void test_operations(void)
{
	uint32_t type, op;
	bool ok = true;

	for (type = 0; type < 5; type++) {
		for (op = 0; op < 10; op++) {
			struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, 7, op);

			h.type = htole16(type);
			vsockdrv_send(&drv, &h, NULL, 0);
			if (op == VIRTIO_VSOCK_OP_RST)
				continue;
			ok &= vsockdrv_recv_op(&drv, &pkt, PORT, VIRTIO_VSOCK_OP_RST, HOST_WAIT);
		}
	}
	tap_ok(ok, "each operation of each type without a connection is answered by a RST");
	tap_ok(unharmed(), "another guest's connection is unharmed");
}

static uint32_t below(uint32_t n)
{
	return rnd() % n;
}

static void random_header(struct virtio_vsock_hdr *h)
{
	uint8_t *byte = (uint8_t *)h;
	size_t i;

	for (i = 0; i < sizeof(*h); i++)
		byte[i] = rnd();
	if (below(4))
		h->src_cid = htole64(drv.opt.cid);
	if (below(4))
		h->dst_cid = htole64(2);
	if (below(4))
		h->len = htole32(below(200));
	if (below(4))
		h->type = htole16(1 + below(2));
	if (below(4))
		h->op = htole16(below(8));
}

static void test_random(void)
{
	struct virtio_vsock_hdr h;
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		random_header(&h);
		vsockdrv_send(&drv, &h, bytes, below(200));
		while (ring_has_used(&drv.g.vq[VSOCK_RX].ring))
			vsockdrv_recv(&drv, &pkt, 0);
	}
	tap_ok(vsockdrv_taken(&drv), "3,000 packets of chance are taken");
	while (vsockdrv_recv(&drv, &pkt, SHORT))
		;
	tap_ok(unharmed(), "another guest's connection is unharmed");
}

/* Requests to a port that nobody has, as many as are taken. Return: how many. */
static unsigned int ask(unsigned int most)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, 7, VIRTIO_VSOCK_OP_REQUEST);
	struct ring *r = &drv.g.vq[VSOCK_TX].ring;
	unsigned int n = 0, idle = 0;
	uint32_t len;
	uint8_t *buf;

	while (n < most && idle < 25) {
		while ((buf = ring_get(r, &len)))
			drv.tx[drv.ntx++] = buf;
		if (drv.ntx) {
			vsockdrv_send(&drv, &h, NULL, 0);
			n++;
			idle = 0;
			continue;
		}
		usleep(20000);
		idle++;
	}
	return n;
}

/* It asks, and does not look at the answers: those that wait bound what it may ask. */
static void test_flood(void)
{
	const unsigned int asked = ask(1000);
	unsigned int n;

	tap_ok(asked < 1000, "who reads no answer is not heard any more: %u of 1,000", asked);
	tap_ok(unharmed(), "another guest's connection is unharmed");
	for (n = 0; vsockdrv_recv_op(&drv, &pkt, PORT, VIRTIO_VSOCK_OP_RST, SHORT); n++)
		;
	tap_ok(n == asked && vsockdrv_taken(&drv), "when it reads, each has its answer: %u", n);
}

/* Buffers that are no use. */
static void test_buffers(void)
{
	struct vsockdrv d;

	if (vsockdrv_open(&d, &(struct vsockdrv_opt){ .cid = 99, .buf = sizeof(pkt.h) }))
		tap_bail("a guest");
	vsockdrv_start(&d);
	tap_ok(host_try(99, SOCK_STREAM, PORT) >= 0 &&
	       vsockdrv_recv_op(&d, &pkt, PORT, VIRTIO_VSOCK_OP_REQUEST, HOST_WAIT),
	       "a buffer of a header's size holds a header");
	vsockdrv_close(&d);
	if (vsockdrv_open(&d, &(struct vsockdrv_opt){ .cid = 99, .buf = sizeof(pkt.h) - 1 }))
		tap_bail("a guest");
	vsockdrv_start(&d);
	tap_ok(host_try(99, SOCK_STREAM, PORT) >= 0 && vsockdrv_recv(&d, &pkt, HOST_WAIT) &&
	       !pkt.used, "a smaller one comes back empty");
	vsockdrv_close(&d);
	tap_ok(unharmed(), "another guest's connection is unharmed");
}

int main(void)
{
	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	rnd_start();
	if (vsockdrv_open(&drv, NULL) ||
	    vsockdrv_open(&good, &(struct vsockdrv_opt){ .cid = VSOCK_CID + 1 }) ||
	    vsockdrv_start(&drv) || vsockdrv_start(&good))
		tap_bail("two guests");
	listener = host_listen(SOCK_STREAM);
	bystander = guest_connect(&good, listener, PORT, VIRTIO_VSOCK_TYPE_STREAM);
	if (bystander < 0)
		tap_bail("a connection");
	test_headers();
	test_namesake();
	test_operations();
	test_random();
	test_flood();
	test_buffers();
	tap_ok(host_close(&good, bystander, PORT), "which is closed at last");
	close(listener);
	vsockdrv_close(&drv);
	vsockdrv_close(&good);
	return tap_done();
}
