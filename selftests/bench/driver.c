// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load that is counted: this program plays the guest on $VHX_NET with a
 * tap behind it, and marks for icount.c what belongs to a row.
 *
 *	driver LABEL REPETITIONS [ROW]...
 *
 * A row is DIRECTION-SIZE-BATCH, with m in front (rx) of two flows whose packets take
 * turns, with s in front to and from the host's stack with all that it costs there, with p
 * on packed rings, o in order, po both, which in-tree vhost is not asked for. For each repetition of each row a line
 * "LABEL ROW PACKETS SWITCHES" is printed, in the order in which the marks come.
 *
 *	tx	the guest sends batches of BATCH packets, one kick each, and waits
 *		until it has them back. An XDP program drops them on the tap; 64k
 *		ones, for which XDP would have to copy, the stack drops, being for
 *		somebody else
 *	rx	a packet socket sends a burst of BATCH into the tap by one
 *		sendmmsg(), and the guest waits until it has them
 *	rr	the guest sends a packet, which XDP turns round on the tap, and waits
 *		until it has it again
 *	send	the same burst into a tap that nobody reads meanwhile: the
 *		sender's share of rx
 *
 * With $CLOCK_MS set nothing is counted, see measure.h. $IFNAME is the tap's name.
 *
 * With $VHX_VNET set there is no tap and no $VHX_NET: the guest has a device of vhx_vdpa_net's,
 * and only s rows make sense.
 *
 * With $VHX_SHIM set the tap has a second queue, which nobody reads, and the
 * shim, so that a policy runs where the tap chooses between the two; it has to
 * choose the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "pair.h"
#include "vdpanic.h"
#include "mark.h"
#include "measure.h"
#include "nettap.h"
#include "xdp.h"

#define RING		256
#define HDR		12
#define MSS		1448
/* What TCP sends at once with that MSS: beyond 64 KiB with all headers the stack would cut it. */
#define BIG		(ETH_HLEN + 40 + 44 * MSS)
#define MAX_BATCH	64
#define WAIT_SECONDS	60	/* for a row; its end ends a driver that waits in vain */

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

enum dir { DIR_TX, DIR_RX, DIR_RR, DIR_SEND };

struct row {
	const char *name;
	enum dir dir;
	unsigned int len;
	unsigned int batch;
	unsigned int packets;
};

/* 64 frames of 64k would need more buffers than the ring has. */
static const struct row rows[] = {
	{ "tx-60-1",	DIR_TX,		60,	1,	512 },
	{ "tx-60-8",	DIR_TX,		60,	8,	1024 },
	{ "tx-60-64",	DIR_TX,		60,	64,	4096 },
	{ "tx-1500-1",	DIR_TX,		1500,	1,	512 },
	{ "tx-1500-8",	DIR_TX,		1500,	8,	1024 },
	{ "tx-1500-64",	DIR_TX,		1500,	64,	4096 },
	{ "tx-64k-1",	DIR_TX,		BIG,	1,	64 },
	{ "tx-64k-8",	DIR_TX,		BIG,	8,	128 },
	{ "rx-60-1",	DIR_RX,		60,	1,	512 },
	{ "rx-60-8",	DIR_RX,		60,	8,	1024 },
	{ "rx-60-64",	DIR_RX,		60,	64,	4096 },
	{ "rx-1500-1",	DIR_RX,		1500,	1,	512 },
	{ "rx-1500-8",	DIR_RX,		1500,	8,	1024 },
	{ "rx-1500-64",	DIR_RX,		1500,	64,	4096 },
	{ "rx-64k-1",	DIR_RX,		BIG,	1,	64 },
	{ "rx-64k-8",	DIR_RX,		BIG,	8,	128 },
	{ "rr-60-1",	DIR_RR,		60,	1,	512 },
	{ "send-60-1",	DIR_SEND,	60,	1,	512 },
	{ "send-60-8",	DIR_SEND,	60,	8,	1024 },
	{ "send-60-64",	DIR_SEND,	60,	64,	4096 },
	{ "send-1500-1", DIR_SEND,	1500,	1,	512 },
	{ "send-1500-8", DIR_SEND,	1500,	8,	1024 },
	{ "send-1500-64", DIR_SEND,	1500,	64,	4096 },
	{ "send-64k-1",	DIR_SEND,	BIG,	1,	64 },
	{ "send-64k-8",	DIR_SEND,	BIG,	8,	128 },
};

struct bench {
	const struct row *row;
	char name[32];
	const char *ifname;
	uint64_t features;
	struct mem mem;
	struct guest guest;
	struct vdpanic nic;
	struct guest *g;		/* the one of these two that there is */
	bool stack;
	int tap;
	int tap2;
	int sock;
	int xdp_link;
	uint64_t sent;			/* where what the guest sends begins */
	uint32_t rx_size;
	bool mixed;
	uint8_t frame[HDR + BIG];	/* what is sent, either way */
	uint8_t other[HDR + BIG];	/* the same, of another flow */
	uint8_t scratch[HDR + BIG];
};

static struct bench bench;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "driver: %s: %s\n", what, strerror(-r));
	exit(1);
}

static uint16_t ip_sum(const uint8_t *ip)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < 20; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/*
 * TCP over IPv4 to a MAC address that is nobody's here. A frame beyond the MTU
 * is one to be segmented.
 */
static void frame_make(uint8_t *buf, unsigned int len)
{
	struct virtio_net_hdr_mrg_rxbuf *hdr = (void *)buf;
	uint8_t *eth = buf + HDR, *ip = eth + ETH_HLEN, *tcp = ip + 20;
	unsigned int ip_len = len - ETH_HLEN;
	uint16_t sum;

	memset(buf, 0, HDR + len);
	memcpy(eth, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00", ETH_HLEN);
	memcpy(ip, "\x45\x00\x00\x00\x00\x00\x40\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02",
	       20);
	ip[2] = ip_len >> 8;
	ip[3] = ip_len;
	sum = ip_sum(ip);
	ip[10] = sum >> 8;
	ip[11] = sum;
	memcpy(tcp, "\x30\x39\x00\x50", 4);
	tcp[12] = 0x50;
	tcp[13] = 0x10;
	hdr->num_buffers = 1;
	if (len <= 1500 + ETH_HLEN)
		return;
	hdr->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->hdr.csum_start = ETH_HLEN + 20;
	hdr->hdr.csum_offset = 16;
	hdr->hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	hdr->hdr.gso_size = MSS;
	hdr->hdr.hdr_len = ETH_HLEN + 40;
}

/* A packet socket that only sends, and so does not see what the tap receives */
static int sender_open(const char *ifname)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int on = 1, size = 16 << 20, hdr = HDR;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(ifname),
	};

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR_SZ, &hdr, sizeof(hdr)) ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	return fd;
}

static void burst_send(struct bench *b)
{
	static struct mmsghdr msgs[MAX_BATCH];
	struct iovec iov[2] = {
		{ b->frame, HDR + b->row->len },
		{ b->mixed ? b->other : b->frame, HDR + b->row->len },
	};
	unsigned int i;
	int n;

	for (i = 0; i < b->row->batch; i++) {
		msgs[i].msg_hdr.msg_iov = &iov[i & 1];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	n = sendmmsg(b->sock, msgs, b->row->batch, 0);
	if (n != (int)b->row->batch)
		check(n < 0 ? -errno : -ENOBUFS, "sendmmsg");
}

static void wait_packed(struct vq *vq, unsigned int n)
{
	struct ring *r = &vq->ring;
	uint16_t last = packed_after(r, r->last_used, n - 1), end = packed_after(r, last, 1);
	eventfd_t calls;

	__atomic_store_n((uint32_t *)r->driver, VRING_PACKED_EVENT_FLAG_DESC << 16 | last,
			 __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while ((uint16_t)packed_base(r) != end)
		eventfd_read(vq->call, &calls);
}

/*
 * Sleep until @n buffers are used, by one interrupt: the device is asked for it
 * at the last of them. The plainest wait there is, since its cost is in every row.
 */
static void wait_used(struct vq *vq, unsigned int n)
{
	struct ring *r = &vq->ring;
	eventfd_t calls;

	if (r->packed) {
		wait_packed(vq, n);
		return;
	}
	r->avail->ring[r->num] = r->last_used + n - 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while ((uint16_t)(ring_used_idx(r) - r->last_used) < n)
		eventfd_read(vq->call, &calls);
}

static void do_tx(struct bench *b)
{
	struct vq *vq = &b->g->vq[TX];
	struct sg sg = { .len = HDR + b->row->len };
	unsigned int i;
	uint32_t len;

	for (i = 0; i < b->row->batch; i++) {
		/* Like a driver's skbs: each packet has memory of its own. */
		sg.gpa = b->sent + (uint64_t)i * (128 << 10);
		check(ring_add(&vq->ring, &sg, 1, 0, b), "ring_add");
	}
	vq_publish(vq);
	wait_used(vq, b->row->batch);
	while (ring_get(&vq->ring, &len))
		;
}

static void rx_post(struct bench *b, uint64_t gpa)
{
	struct sg sg = { .gpa = gpa, .len = b->rx_size };

	/* The buffer is known by its address. */
	check(ring_add(&b->g->vq[RX].ring, &sg, 0, 1, (void *)gpa), "ring_add");
}

/* The guest waits for a batch, and posts its buffers again. */
static void rx_take(struct bench *b)
{
	struct vq *vq = &b->g->vq[RX];
	uint32_t len;
	void *gpa;

	wait_used(vq, b->row->batch * DIV_ROUND_UP(HDR + b->row->len, b->rx_size));
	while ((gpa = ring_get(&vq->ring, &len)))
		rx_post(b, (uintptr_t)gpa);
	vq_publish(vq);
}

static void do_rx(struct bench *b)
{
	burst_send(b);
	rx_take(b);
}

static void do_rr(struct bench *b)
{
	do_tx(b);
	rx_take(b);
}

static void drain(struct bench *b)
{
	while (read(b->tap, b->scratch, sizeof(b->scratch)) > 0)
		;
}

static void run_batches(void *arg, unsigned int packets)
{
	struct bench *b = arg;
	unsigned int n;

	for (n = 0; n < packets; n += b->row->batch) {
		mark(MARK_BEGIN);
		switch (b->row->dir) {
		case DIR_TX:
			do_tx(b);
			break;
		case DIR_RX:
			do_rx(b);
			break;
		case DIR_RR:
			do_rr(b);
			break;
		case DIR_SEND:
			burst_send(b);
			break;
		}
		mark(MARK_PAUSE);
		if (b->row->dir == DIR_SEND)
			drain(b);
	}
}

static bool with_shim(void)
{
	const char *s = getenv("VHX_SHIM");

	return s && *s;
}

static void xdp_setup(struct bench *b, int action)
{
	int prog = xdp_load(action);

	check(prog, "XDP program");
	b->xdp_link = xdp_attach(b->ifname, prog);
	check(b->xdp_link, "XDP link");
	close(prog);
}

static void tap_setup(struct bench *b)
{
	b->tap = nettap_open(b->ifname, with_shim() ? NETTAP_MULTI : NETTAP_DEFAULT);
	check(b->tap, "tap");
	b->tap2 = with_shim() ? nettap_open(b->ifname, NETTAP_MULTI) : -1;
	check(nettap_set_hdr(b->tap, HDR), "TUNSETVNETHDRSZ");
	check(nettap_set_offload(b->tap, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), "TUNSETOFFLOAD");
	check(nettap_up(b->ifname, 0), "the tap's link");
	b->sock = sender_open(b->ifname);
	check(b->sock, "packet socket");
	if (b->row->dir == DIR_TX && b->row->len <= 1500 && !b->stack)
		xdp_setup(b, XDP_DROP);
	if (b->row->dir == DIR_RR)
		xdp_setup(b, XDP_TX);
}

static void shim_setup(struct bench *b)
{
	char command[64];

	snprintf(command, sizeof(command), "vhx policy shim %s on >&2", b->ifname);
	if (system(command))
		check(-EIO, command);
}

/* Does the guest have a vDPA device? */
static bool with_vnet(void)
{
	const char *s = getenv("VHX_VNET");

	return s && *s;
}

/* A device, its peer the host's side, and the guest's fd of it */
static void vnet_open(struct bench *b, uint64_t features)
{
	check(vdpanic_make(b->ifname, ""), "vdpa dev add");
	b->sock = sender_open(b->ifname);
	check(b->sock, "packet socket");
	features |= F_PLATFORM | BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_HOST_TSO4) |
		    BIT64(VIRTIO_NET_F_GUEST_CSUM) | BIT64(VIRTIO_NET_F_GUEST_TSO4);
	check(vdpanic_open_num(&b->nic, b->ifname, features, 2, RING), "vhost-vdpa");
	/* Its own socket receives what the guest sends: that is no part of it here. */
	close(b->nic.host);
	b->nic.host = -1;
	b->g = &b->nic.g;
}

static void vnet_close(struct bench *b)
{
	vdpanic_close(&b->nic);
	vdpanic_unmake(b->ifname);
}

static void pair_setup(struct bench *b, uint64_t features)
{
	check(mem_open(&b->mem, 32 << 20), "guest memory");
	check(pair_open(&b->guest, &b->mem, features, RING), guest_node());
	b->g = &b->guest;
}

/* What it sends, and buffers for what it gets */
static void guest_fill(struct bench *b)
{
	unsigned int i;
	uint8_t *at;

	at = mem_alloc(b->g->mem, MAX_BATCH * (128 << 10), 4096);
	for (i = 0; i < MAX_BATCH; i++)
		memcpy(at + i * (128 << 10), b->frame, HDR + b->row->len);
	b->sent = mem_gpa(b->g->mem, at);
	b->rx_size = b->row->len > 1500 ? 4096 : 2048;
	for (i = 0; i < RING; i++) {
		at = mem_alloc(b->g->mem, b->rx_size, b->rx_size);
		memset(at, 0, b->rx_size);
		rx_post(b, mem_gpa(b->g->mem, at));
	}
	ring_publish(&b->g->vq[RX].ring);
}

static void guest_setup(struct bench *b)
{
	uint64_t features = F_V1 | F_MRG | F_EVENT_IDX | F_INDIRECT | b->features;
	unsigned int i;

	if (with_vnet())
		vnet_open(b, features);
	else
		pair_setup(b, features);
	for (i = 0; i < 2; i++)
		check(fcntl(b->g->vq[i].call, F_SETFL, 0) ? -errno : 0, "eventfd");
	guest_fill(b);
	if (with_vnet())
		check(vdpanic_start(&b->nic), "DRIVER_OK");
	else
		check(guest_start(&b->guest, b->tap), "VHOST_NET_SET_BACKEND");
	if (with_shim())
		shim_setup(b);
}

static void guest_end(struct bench *b)
{
	if (with_vnet()) {
		vnet_close(b);
		return;
	}
	guest_close(&b->guest);
	mem_close(&b->mem);
}

static void run_row(struct bench *b, const char *label, unsigned int repetitions)
{
	const char *ifname = getenv("IFNAME");
	const struct measure m = {
		.label = label,
		.row = b->name,
		.units = b->row->packets,
		.least = b->row->batch,
		.run = run_batches,
		.arg = b,
	};

	b->ifname = ifname ? ifname : "vhxbench0";
	alarm(WAIT_SECONDS);
	frame_make(b->frame, b->row->len);
	memcpy(b->other, b->frame, sizeof(b->other));
	b->other[HDR + ETH_HLEN + 20]++;	/* source port */
	b->tap = b->tap2 = b->xdp_link = -1;
	if (!with_vnet())
		tap_setup(b);
	if (b->row->dir != DIR_SEND)
		guest_setup(b);
	measure(&m, repetitions);
	if (b->row->dir != DIR_SEND)
		guest_end(b);
	if (b->xdp_link >= 0)
		close(b->xdp_link);
	close(b->sock);
	if (b->tap2 >= 0)
		close(b->tap2);
	if (b->tap >= 0)
		close(b->tap);
}

static bool is_wanted(const char *name, char **wanted)
{
	for (; *wanted; wanted++)
		if (!strcmp(name, *wanted))
			return true;
	return false;
}

/* Every row in this form. */
static void run_form(const char *form, uint64_t features, char **argv)
{
	struct bench *b = &bench;
	size_t i;

	b->features = features;
	b->mixed = *form == 'm';
	b->stack = strchr(form, 's');
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b->row = &rows[i];
		snprintf(b->name, sizeof(b->name), "%s%s", form, rows[i].name);
		if (argv[3] ? is_wanted(b->name, argv + 3) : !*form)
			run_row(b, argv[1], atoi(argv[2]));
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: driver LABEL REPETITIONS [ROW]...\n");
		return 2;
	}
	run_form("", 0, argv);
	run_form("m", 0, argv);
	run_form("s", 0, argv);
	if (!guest_is_vhx())
		return 0;
	run_form("p", F_PACKED, argv);
	run_form("ps", F_PACKED, argv);
	run_form("o", F_IN_ORDER, argv);
	run_form("po", F_PACKED | F_IN_ORDER, argv);
	return 0;
}
