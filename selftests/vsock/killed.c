// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhxd is killed at random moments, with connections of all kinds under way, both ways, and started again
 * by who keeps its sockets. Each byte says where it belongs: what goes on does so exactly where it was. A
 * connection may be over only if vhxd was in the middle of something on its socket: one a death at most.
 * Those where nothing moves always go on.
 */
/* time-limit: 300 */
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fdstore.h"
#include "tap.h"
#include "unixsock.h"
#include "vsocksib.h"

#define DIR	"/tmp/vhx-killed"
#define HYBRID	DIR "/vm.sock"
#define ROUNDS	24
#define PACKET	16384		/* bytes of the guest's packets, at most */
#define MESSAGE	5000		/* likewise, of messages */
#define ROOM	(1U << 20)	/* that the guest has */

#define STREAM	VIRTIO_VSOCK_TYPE_STREAM
#define SEQ	VIRTIO_VSOCK_TYPE_SEQPACKET
#define EOM	VIRTIO_VSOCK_SEQ_EOM

/**
 * struct way - what was sent one way, and came
 * @sent: bytes
 * @came: bytes
 * @message: those of the message that comes just now
 */
struct way {
	uint64_t sent;
	uint64_t came;
	uint32_t message;
};

enum { BY_GUEST, BY_HOST };	/* who asks; and what goes from whom */

/**
 * struct conn - a connection
 * @fd: the host's end
 * @port, @peer: the guest's, and whom it speaks to
 * @open: the guest knows it to be
 * @over: it is not any more
 * @idle: nothing is sent
 * @fwd, @alloc: what the guest knows of its credit; @told: what it told of what it took
 * @way: by the guest, by the host
 */
struct conn {
	int fd;
	uint32_t port;
	uint32_t peer;
	uint16_t type;
	bool open;
	bool over;
	bool idle;
	uint32_t fwd;
	uint32_t alloc;
	uint32_t told;
	struct way way[2];
};

#define CONNS	10
#define IDLE	4

static struct conn conns[CONNS + IDLE];
static struct fdstore store;
static struct vsockdrv drv;
static int any, any_seq;		/* who the guest asks for */
static uint32_t next_port = 5000;
static unsigned int seed, wrong, resets;
static bool quiet;			/* nobody sends anything new */

static char *const vhxd[] = { "vhxd", "--foreground", "--config", DIR "/conf", NULL };

/* ---- bytes ---- */

static uint8_t byte(const struct conn *c, int by, uint64_t at)
{
	return at ^ at >> 8 ^ at >> 16 ^ c->port * 7 ^ by * 85;
}

static void make(const struct conn *c, int by, uint8_t *to, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		to[i] = byte(c, by, c->way[by].sent + i);
}

/* How long the message that begins there is. */
static uint32_t message_len(uint64_t at)
{
	return 1 + at * 2654435761u % MESSAGE;
}

static void came(struct conn *c, int by, const uint8_t *data, uint32_t len)
{
	struct way *w = &c->way[by];
	uint32_t i;

	for (i = 0; i < len; i++)
		if (data[i] != byte(c, by, w->came + i)) {
			if (!wrong++)
				tap_diag("port %u, by %d: byte %llu is %u", c->port, by,
					 (unsigned long long)w->came + i, data[i]);
			break;
		}
	w->came += len;
	if (w->came > w->sent && !wrong++)
		tap_diag("port %u, by %d: more came than was sent", c->port, by);
}

/* A message, or a part of one. */
static void came_message(struct conn *c, int by, const uint8_t *data, uint32_t len, bool ends)
{
	struct way *w = &c->way[by];
	const uint64_t begin = w->came - w->message;

	came(c, by, data, len);
	w->message += len;
	if (!ends)
		return;
	if (w->message != message_len(begin) && !wrong++)
		tap_diag("port %u, by %d: a message of %u bytes was one of %u", c->port, by, w->message,
			 message_len(begin));
	w->message = 0;
}

/* ---- the guest ---- */

static void guest_says(struct conn *c, uint16_t op, const void *data, uint32_t len, uint32_t flags)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, c->port, c->peer, op);

	h.type = htole16(c->type);
	h.len = htole32(len);
	h.flags = htole32(flags);
	h.buf_alloc = htole32(ROOM);
	c->told = c->way[BY_HOST].came;
	h.fwd_cnt = htole32(c->told);
	vsockdrv_send(&drv, &h, data, len);
}

/* As much as it has credit for. Return: whether it sent something. */
static bool guest_sends(struct conn *c)
{
	static uint8_t data[PACKET];
	struct way *w = &c->way[BY_GUEST];
	uint32_t len, part;

	len = c->type == SEQ ? message_len(w->sent) : 1 + (uint32_t)rand_r(&seed) % (rand_r(&seed) % 4 ? PACKET : 40);
	if (!c->open || c->idle || quiet || (uint32_t)w->sent + len - c->fwd > c->alloc)
		return false;
	make(c, BY_GUEST, data, len);
	part = c->type == SEQ && len > 1 ? len / 2 : 0;
	w->sent += len;
	if (part)
		guest_says(c, VIRTIO_VSOCK_OP_RW, data, part, 0);
	guest_says(c, VIRTIO_VSOCK_OP_RW, data + part, len - part, c->type == SEQ ? EOM : 0);
	return true;
}

static struct conn *find(const struct virtio_vsock_hdr *h)
{
	const uint32_t port = le32toh(h->dst_port), peer = le32toh(h->src_port);
	unsigned int i;

	for (i = 0; i < CONNS + IDLE; i++)
		if (!conns[i].over && conns[i].port == port && conns[i].peer == peer)
			return &conns[i];
	/* What is just asked for does not know it yet. */
	for (i = 0; i < CONNS + IDLE; i++)
		if (!conns[i].over && conns[i].port == port && !conns[i].peer)
			return &conns[i];
	return NULL;
}

static void on_rw(struct conn *c, const struct vsockpkt *p)
{
	const uint32_t len = le32toh(p->h.len);

	if (c->type == SEQ)
		came_message(c, BY_HOST, p->data, len, le32toh(p->h.flags) & EOM);
	else
		came(c, BY_HOST, p->data, len);
	if ((uint32_t)c->way[BY_HOST].came - c->told > ROOM / 4)
		guest_says(c, VIRTIO_VSOCK_OP_CREDIT_UPDATE, NULL, 0, 0);
}

static void over(struct conn *c)
{
	c->over = true;
	c->open = false;
}

static void on_packet(const struct vsockpkt *p)
{
	struct conn *c = find(&p->h);

	if (!c)
		return;
	c->fwd = le32toh(p->h.fwd_cnt);
	c->alloc = le32toh(p->h.buf_alloc);
	switch (le16toh(p->h.op)) {
	case VIRTIO_VSOCK_OP_REQUEST:
		c->peer = le32toh(p->h.src_port);
		guest_says(c, VIRTIO_VSOCK_OP_RESPONSE, NULL, 0, 0);
		c->open = true;
		break;
	case VIRTIO_VSOCK_OP_RESPONSE:
		c->open = true;
		break;
	case VIRTIO_VSOCK_OP_RW:
		on_rw(c, p);
		break;
	case VIRTIO_VSOCK_OP_SHUTDOWN:
		guest_says(c, VIRTIO_VSOCK_OP_RST, NULL, 0, 0);
		over(c);
		break;
	case VIRTIO_VSOCK_OP_RST:
		over(c);
		break;
	}
}

/* ---- the host ---- */

static bool host_sends(struct conn *c)
{
	static uint8_t data[PACKET];
	struct way *w = &c->way[BY_HOST];
	uint32_t len;
	ssize_t n;

	if (!c->open || c->idle || quiet)
		return false;
	len = c->type == SEQ ? message_len(w->sent) : 1 + (uint32_t)rand_r(&seed) % PACKET;
	make(c, BY_HOST, data, len);
	n = send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		w->sent += n;
	return n > 0;
}

static bool host_reads(struct conn *c)
{
	static uint8_t data[2 * PACKET];
	ssize_t n;

	n = c->fd >= 0 ? recv(c->fd, data, sizeof(data), MSG_DONTWAIT) : -1;
	if (!n || (n < 0 && c->fd >= 0 && errno == ECONNRESET)) {
		close(c->fd);
		c->fd = -1;
	}
	if (n <= 0)
		return false;
	if (c->type == SEQ)
		came_message(c, BY_GUEST, data, n, true);
	else
		came(c, BY_GUEST, data, n);
	return true;
}

/* ---- both, for a while ---- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

/* Return: whether anything moved. */
static bool turn(void)
{
	bool moved = false;
	unsigned int i;

	for (i = 0; i < CONNS + IDLE; i++) {
		struct conn *c = &conns[i];

		if (!c->open)
			continue;
		moved |= host_sends(c);
		moved |= host_reads(c);
		moved |= guest_sends(c);
	}
	while (vsockdrv_recv(&drv, &sib_pkt, 0)) {
		on_packet(&sib_pkt);
		moved = true;
	}
	return moved;
}

static void traffic(unsigned int ms)
{
	const uint64_t end = now_ms() + ms;

	while (now_ms() < end)
		if (!turn())
			usleep(200);
}

/* ---- connections ---- */

static bool opens(struct conn *c)
{
	const uint64_t end = now_ms() + SIB_WAIT;

	while (!c->open && now_ms() < end)
		if (!turn())
			usleep(200);
	return c->open;
}

static bool by_guest(struct conn *c)
{
	const uint64_t end = now_ms() + SIB_WAIT;

	c->peer = c->type == SEQ ? 90 : 80;
	guest_says(c, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	while (c->fd < 0 && now_ms() < end) {
		c->fd = accept4(c->type == SEQ ? any_seq : any, NULL, NULL, SOCK_CLOEXEC);
		usleep(200);
	}
	return c->fd >= 0 && opens(c);
}

static bool by_host(struct conn *c)
{
	char line[64] = "";
	size_t n = 0;
	int fd;

	if (c->type == SEQ) {
		c->port = 23;
		c->fd = unixsock_client(DIR "/seq.sock", SOCK_SEQPACKET);
		return opens(c);
	}
	fd = unixsock_client(HYBRID, SOCK_STREAM);
	n = snprintf(line, sizeof(line), "CONNECT %u\n", c->port);
	if (write(fd, line, n) != (ssize_t)n || !opens(c))
		return false;
	for (n = 0; n < sizeof(line) && read(fd, line + n, 1) == 1; n++)
		if (line[n] == '\n')
			break;
	c->fd = fd;
	return n < sizeof(line) && line[n] == '\n';
}

/* Of each kind in turn. */
static bool connection(unsigned int i)
{
	struct conn *c = &conns[i];

	if (c->fd > 0)
		close(c->fd);
	*c = (struct conn) {
		.fd = -1, .port = next_port++, .type = i & 2 ? SEQ : STREAM, .idle = i >= CONNS,
	};
	return i & 1 ? by_host(c) : by_guest(c);
}

/* ---- the test ---- */

static void configure(void)
{
	FILE *f;

	mkdir(DIR, 0700);
	f = fopen(DIR "/conf", "w");
	fprintf(f, "[vhxd]\nstate_dir = " DIR "/state\nsocket = " DIR "/vhxd.sock\n"
		"[vsock %u]\ngrace = 60\npath = " HYBRID "\nlisten.23 = " DIR "/seq.sock,seqpacket\n", SIB_A);
	fclose(f);
}

/* Those that are over are told apart from those that go on, and others take their place. */
static bool replace(void)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < CONNS + IDLE; i++)
		if (conns[i].over) {
			resets++;
			if (i >= CONNS)
				tap_diag("one where nothing moved is over");
			ok &= connection(i) && i < CONNS;
		}
	return ok;
}

static bool delivered(void)
{
	unsigned int i;

	for (i = 0; i < CONNS + IDLE; i++)
		if (!conns[i].over && (conns[i].way[0].came != conns[i].way[0].sent ||
				       conns[i].way[1].came != conns[i].way[1].sent))
			return false;
	return true;
}

static void drain(void)
{
	const uint64_t end = now_ms() + 3 * SIB_WAIT;

	quiet = true;
	while (!delivered() && now_ms() < end)
		if (!turn())
			usleep(200);
	quiet = false;
}

static void test_kills(void)
{
	unsigned int i;
	bool started = true, at_most_one = true, others = true;

	for (i = 0; i < ROUNDS && started; i++) {
		traffic(rand_r(&seed) % 150);
		fdstore_stop(&store, SIGKILL);
		traffic(rand_r(&seed) % 100);
		started = fdstore_start(&store, vhxd);
		traffic(300);
		others &= replace();
		/* Of an end that comes late it is the death before that was its cause. */
		at_most_one &= resets <= i + 1;
	}
	tap_ok(started, "vhxd is killed %u times, and comes again", i);
	tap_ok(at_most_one, "a death is the end of one connection at most: %u in all", resets);
	tap_ok(others, "none of which nothing moved; and others can be had");
}

static void test_survivors(void)
{
	uint64_t bytes[2] = { 0 };
	unsigned int i, moved = 0;

	for (i = CONNS; i < CONNS + IDLE; i++)
		conns[i].idle = false;
	traffic(300);
	drain();
	tap_ok(delivered(), "all that was sent has come");
	tap_ok(!wrong, "and is what was sent, in its order");
	for (i = 0; i < CONNS + IDLE; i++) {
		if (!delivered() && (conns[i].way[0].came != conns[i].way[0].sent ||
				     conns[i].way[1].came != conns[i].way[1].sent))
			tap_diag("port %u %u: %llu of %llu, %llu of %llu", conns[i].port, conns[i].type,
				 (unsigned long long)conns[i].way[0].came, (unsigned long long)conns[i].way[0].sent,
				 (unsigned long long)conns[i].way[1].came, (unsigned long long)conns[i].way[1].sent);
		bytes[0] += conns[i].way[0].came;
		bytes[1] += conns[i].way[1].came;
		moved += conns[i].way[0].came && conns[i].way[1].came;
	}
	tap_ok(moved == CONNS + IDLE, "on each of them something moved, both ways: %llu and %llu bytes",
	       (unsigned long long)bytes[0], (unsigned long long)bytes[1]);
}

static bool all_open(void)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < CONNS + IDLE; i++)
		ok &= connection(i);
	return ok;
}

int main(void)
{
	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : (unsigned int)time(NULL);
	tap_diag("SEED=%u", seed);
	signal(SIGPIPE, SIG_IGN);
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add agent");
	sib_open(&drv, SIB_A, &(struct vsockdrv_opt){ .num = 256 });
	configure();
	fdstore_open(&store, DIR "/notify");
	any = unixsock_server(HYBRID "_80", SOCK_STREAM | SOCK_NONBLOCK);
	any_seq = unixsock_server(HYBRID "_90", SOCK_SEQPACKET | SOCK_NONBLOCK);
	tap_ok(fdstore_start(&store, vhxd), "vhxd starts");
	tap_ok(all_open(), "%d connections, of each kind, and %d where nothing moves", CONNS, IDLE);
	test_kills();
	test_survivors();
	fdstore_stop(&store, SIGTERM);
	fdstore_close(&store);
	vsockdrv_close(&drv);
	sib_vhx("vsock route flush");
	if (system("rm -rf " DIR))
		tap_diag("the directory stays");
	return tap_done();
}
