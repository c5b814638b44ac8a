// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load of the vsock rows: this program plays one guest or two on $VHX_VSOCK, and who talks to
 * them on the host, and marks for icount.c what belongs to a row.
 *
 *	vsock LABEL REPETITIONS ROW...
 *
 * A row is vsock-WAY-SIZE-BATCH. SIZE is 64, or 64k, which is what a guest of Linux has in a packet
 * at most. For each repetition a line "LABEL ROW MESSAGES SWITCHES" is printed, in the order in
 * which the marks come. WAY is
 *
 *	h2g	a socket of the host's sends BATCH messages; the guest sleeps until it has them all,
 *		and credits them
 *	g2h	the guest sends BATCH packets and kicks once; the host's socket is read until all
 *		have come
 *	rr	a message from the host, and its answer from the guest
 *	vm2vm	as g2h, but for another guest, which has them as in h2g. In-tree vhost knows no way
 *		from guest to guest: there, this program reads a socket and writes another
 *
 * All in one thread: who waits for whom is the same each time. With $CLOCK_MS set nothing is
 * counted, see measure.h.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "mark.h"
#include "measure.h"
#include "vsockhost.h"

#define RING		128	/* what QEMU's have */
#define BIG		65536U
#define SMALL		64U
#define WINDOW		(1U << 20)
#define MAX_BATCH	16
#define GUEST_PORT	1234
#define WAIT_SECONDS	60	/* for a row; its end ends a driver that waits in vain */

enum way { WAY_H2G, WAY_G2H, WAY_RR, WAY_VM2VM, NR_WAYS };

static const char * const ways[NR_WAYS] = { "h2g", "g2h", "rr", "vm2vm" };

struct row {
	const char *name;
	enum way way;
	uint32_t size;
	unsigned int batch;
	unsigned int messages;
};

/**
 * struct end - a guest's end of the connection
 * @d: the guest
 * @like: the header of what it sends
 * @got: bytes of payload it had, in all
 * @host: the socket that it talks to; -1 if that is a guest
 */
struct end {
	struct vsockdrv d;
	struct virtio_vsock_hdr like;
	uint32_t got;
	int host;
};

struct bench {
	struct row row;
	struct end from;	/* the first guest, or the only one */
	struct end to;		/* vm2vm: the second */
	int listener;
	uint8_t data[BIG];
};

static struct bench bench;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "vsock: %s: %s: %s\n", bench.row.name, what, strerror(-r));
	exit(1);
}

static void bad_row(const char *name)
{
	fprintf(stderr, "vsock: no such row: %s\n", name);
	exit(2);
}

static void row_parse(struct row *row, const char *name)
{
	char way[6], size[4];

	*row = (struct row) { .name = name };
	if (sscanf(name, "vsock-%5[a-z0-9]-%3[64k]-%u", way, size, &row->batch) != 3 || !row->batch ||
	    row->batch > MAX_BATCH)
		bad_row(name);
	while (row->way < NR_WAYS && strcmp(way, ways[row->way]))
		row->way++;
	row->size = strcmp(size, "64k") ? SMALL : BIG;
	if (row->way == NR_WAYS || (row->size == SMALL && strcmp(size, "64")))
		bad_row(name);
	/* What the host's sockets take at once, by default. */
	if (row->size * row->batch > 4 * BIG || (row->way == WAY_RR && row->batch > 1))
		bad_row(name);
	row->messages = row->size == BIG ? 64 : row->batch == 1 ? 512 : 2048;
}

/* ---- a guest ---- */

/* The guest's packet number @i of a batch, before which nothing is under way. */
static void post(struct end *e, unsigned int i, uint16_t op, uint32_t len)
{
	uint8_t *buf = e->d.txall[i];
	struct virtio_vsock_hdr *h = (void *)buf;
	struct sg sg[2] = {
		{ .gpa = mem_gpa(&e->d.mem, buf), .len = sizeof(*h) },
		{ .gpa = mem_gpa(&e->d.mem, buf) + 64, .len = len },
	};

	*h = e->like;
	h->op = htole16(op);
	h->len = htole32(len);
	h->fwd_cnt = htole32(e->got);
	check(ring_add(&e->d.g.vq[VSOCK_TX].ring, sg, len ? 2 : 1, 0, buf), "ring_add");
}

static void sleep_until_used(struct vq *vq)
{
	eventfd_t calls;

	if (!ring_call_on(&vq->ring))
		eventfd_read(vq->call, &calls);
}

/* What was sent is the guest's again. */
static void reclaim(struct end *e, unsigned int n)
{
	struct vq *vq = &e->d.g.vq[VSOCK_TX];
	uint32_t len;

	while (n) {
		if (ring_get(&vq->ring, &len))
			n--;
		else
			sleep_until_used(vq);
	}
}

static void send_batch(struct end *e, unsigned int n, uint32_t size)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		post(e, i, VIRTIO_VSOCK_OP_RW, size);
	vq_publish(&e->d.g.vq[VSOCK_TX]);
}

static void credit(struct end *e)
{
	post(e, 0, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0);
	vq_publish(&e->d.g.vq[VSOCK_TX]);
	reclaim(e, 1);
}

/* What has come, its buffers posted again. */
static void take(struct end *e)
{
	struct vq *vq = &e->d.g.vq[VSOCK_RX];
	const struct virtio_vsock_hdr *h;
	struct sg sg = { .len = e->d.opt.buf };
	unsigned int n = 0;
	uint32_t len;
	uint8_t *buf;

	for (; (buf = ring_get(&vq->ring, &len)); n++) {
		h = (void *)buf;
		if (le16toh(h->op) == VIRTIO_VSOCK_OP_RW)
			e->got += le32toh(h->len);
		if (le16toh(h->op) == VIRTIO_VSOCK_OP_RST)
			check(-ECONNRESET, "the guest's connection");
		sg.gpa = mem_gpa(&e->d.mem, buf);
		check(ring_add(&vq->ring, &sg, 0, 1, buf), "ring_add");
	}
	if (n)
		vq_publish(vq);
}

static void take_all(struct end *e, uint32_t bytes)
{
	const uint32_t all = e->got + bytes;

	for (take(e); (int32_t)(all - e->got) > 0; take(e))
		sleep_until_used(&e->d.g.vq[VSOCK_RX]);
	ring_call_off(&e->d.g.vq[VSOCK_RX].ring);
}

/* ---- the host ---- */

static void host_send(struct bench *b, int fd, uint32_t len)
{
	if (send(fd, b->data, len, 0) != (ssize_t)len)
		check(-errno, "send");
}

static void host_recv(struct bench *b, int fd, uint32_t len)
{
	ssize_t n = recv(fd, b->data, len, MSG_WAITALL);

	if (n != (ssize_t)len)
		check(n < 0 ? -errno : -ECONNRESET, "recv");
}

/* ---- rows ---- */

static void do_h2g(struct bench *b)
{
	const struct row *row = &b->row;
	unsigned int i;

	for (i = 0; i < row->batch; i++)
		host_send(b, b->from.host, row->size);
	take_all(&b->from, row->batch * row->size);
	credit(&b->from);
}

static void do_g2h(struct bench *b)
{
	const struct row *row = &b->row;
	unsigned int i;

	send_batch(&b->from, row->batch, row->size);
	for (i = 0; i < row->batch; i++)
		host_recv(b, b->from.host, row->size);
	reclaim(&b->from, row->batch);
	take(&b->from);
}

static void do_rr(struct bench *b)
{
	host_send(b, b->from.host, b->row.size);
	take_all(&b->from, b->row.size);
	send_batch(&b->from, 1, b->row.size);
	host_recv(b, b->from.host, b->row.size);
	reclaim(&b->from, 1);
}

static void do_vm2vm(struct bench *b)
{
	const struct row *row = &b->row;
	unsigned int i;

	send_batch(&b->from, row->batch, row->size);
	if (b->from.host >= 0)
		for (i = 0; i < row->batch; i++) {
			host_recv(b, b->from.host, row->size);
			host_send(b, b->to.host, row->size);
		}
	take_all(&b->to, row->batch * row->size);
	reclaim(&b->from, row->batch);
	credit(&b->to);
	take(&b->from);
}

static void (* const do_batch[NR_WAYS])(struct bench *b) = { do_h2g, do_g2h, do_rr, do_vm2vm };

static void run(void *arg, unsigned int messages)
{
	struct bench *b = arg;
	unsigned int n;

	for (n = 0; n < messages; n += b->row.batch) {
		mark(MARK_BEGIN);
		do_batch[b->row.way](b);
		mark(MARK_PAUSE);
	}
}

/* ---- around them ---- */

static void end_open(struct end *e, uint32_t cid)
{
	const struct vsockdrv_opt opt = { .cid = cid, .num = RING };
	unsigned int i;

	check(vsockdrv_open(&e->d, &opt), vsockdrv_node());
	check(vsockdrv_start(&e->d), "VHOST_VSOCK_SET_RUNNING");
	for (i = 0; i < 2; i++)
		check(fcntl(e->d.g.vq[i].call, F_SETFL, 0) ? -errno : 0, "eventfd");
	e->got = 0;
	e->host = -1;
	e->like = vsockdrv_hdr(&e->d, GUEST_PORT, HOST_PORT, 0);
	e->like.buf_alloc = htole32(WINDOW);
}

/* Nothing is under way any more: from here on the rows' own functions have the rings. */
static void end_settle(struct end *e)
{
	if (!vsockdrv_taken(&e->d))
		check(-ETIMEDOUT, "the guest's packets");
}

static void connect_host(struct bench *b, struct end *e)
{
	uint64_t window = WINDOW;

	e->host = guest_connect(&e->d, b->listener, GUEST_PORT, VIRTIO_VSOCK_TYPE_STREAM);
	check(e->host, "the connection");
	if (setsockopt(e->host, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &window, sizeof(window)) ||
	    setsockopt(e->host, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &window, sizeof(window)))
		check(-errno, "SO_VM_SOCKETS_BUFFER_SIZE");
	end_settle(e);
}

static void connect_sibling(struct end *from, struct end *to)
{
	static struct vsockpkt pkt;

	from->like.dst_cid = htole64(to->d.opt.cid);
	to->like.dst_cid = htole64(from->d.opt.cid);
	to->like.src_port = htole32(HOST_PORT);
	to->like.dst_port = htole32(GUEST_PORT);
	post(from, 0, VIRTIO_VSOCK_OP_REQUEST, 0);
	vq_publish(&from->d.g.vq[VSOCK_TX]);
	reclaim(from, 1);
	if (!vsockdrv_recv_op(&to->d, &pkt, HOST_PORT, VIRTIO_VSOCK_OP_REQUEST, HOST_WAIT))
		check(-ETIMEDOUT, "a REQUEST from guest to guest: is there a route?");
	post(to, 0, VIRTIO_VSOCK_OP_RESPONSE, 0);
	vq_publish(&to->d.g.vq[VSOCK_TX]);
	reclaim(to, 1);
	if (!vsockdrv_recv_op(&from->d, &pkt, GUEST_PORT, VIRTIO_VSOCK_OP_RESPONSE, HOST_WAIT))
		check(-ETIMEDOUT, "a RESPONSE from guest to guest");
}

static void setup(struct bench *b)
{
	const bool two = b->row.way == WAY_VM2VM;

	b->listener = two && vsockdrv_is_vhx() ? -1 : host_listen(SOCK_STREAM);
	end_open(&b->from, VSOCK_CID);
	if (two)
		end_open(&b->to, VSOCK_CID + 1);
	if (b->listener < 0) {
		connect_sibling(&b->from, &b->to);
		return;
	}
	connect_host(b, &b->from);
	if (two)
		connect_host(b, &b->to);
}

static void end_close(struct end *e)
{
	/* First: a socket whose guest is there yet would wait for it to agree. */
	vsockdrv_close(&e->d);
	if (e->host >= 0)
		close(e->host);
}

static void teardown(struct bench *b)
{
	end_close(&b->from);
	if (b->row.way == WAY_VM2VM)
		end_close(&b->to);
	if (b->listener >= 0)
		close(b->listener);
}

static void run_row(struct bench *b, const char *label, unsigned int repetitions)
{
	const struct measure m = {
		.label = label,
		.row = b->row.name,
		.units = b->row.messages,
		.least = b->row.batch,
		.run = run,
		.arg = b,
	};

	alarm(WAIT_SECONDS);
	setup(b);
	measure(&m, repetitions);
	teardown(b);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 4) {
		fprintf(stderr, "usage: vsock LABEL REPETITIONS ROW...\n");
		return 2;
	}
	for (i = 3; i < argc; i++) {
		row_parse(&bench.row, argv[i]);
		run_row(&bench, argv[1], atoi(argv[2]));
	}
	return 0;
}
