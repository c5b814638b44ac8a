// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that send packets of chance to the host, to another guest and to an agent, in chains of
 * chance, and answer what comes by chance; half of them damage their rings at last. Every seed is
 * a guest of its own; VHX_SEED=N VHX_SEEDS=1 has it again, but for when the others come in. Then
 * floods, of whoever takes nothing. Connections of each kind that are none of theirs are not
 * harmed, memory is bounded, and nothing is left.
 * time-limit: 300
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vhx_agent_vsock.h>

#include "canary.h"
#include "damage.h"
#include "dirtylog.h"
#include "memuse.h"
#include "msgagent.h"
#include "rnd.h"
#include "tap.h"
#include "vsockgood.h"
#include "vsockhost.h"

#define SEEDS	80
#define STEPS	150
#define DAMAGES	60
#define CID	60		/* the mad guest's */
#define KNOWN	16		/* connections that it remembers */
#define FDS	16		/* that the host has with it */
#define AGENT_KNOWS 64

static const uint64_t formats[] = {
	F_VSOCK_MODERN, F_V1 | F_SEQPACKET, F_NONE, F_VSOCK_MODERN | F_IN_ORDER,
	F_VSOCK_MODERN | F_PACKED, F_V1 | F_PACKED | F_IN_ORDER,
};

static struct vsockdrv drv;
static struct vsockpkt pkt;
static struct virtio_vsock_hdr known[KNOWN];	/* what would be sent on each */
static uint8_t bytes[VSOCK_PAYLOAD + 4096];
static uint64_t counted[VHX_VSOCK_STAT_NR];
static uint32_t illegal;
static int listener;
static volatile bool stop;

/* ---- the host ---- */

static void host_connects(int *fd)
{
	*fd = host_try(CID, rnd_below(3) ? SOCK_STREAM : SOCK_SEQPACKET, 2000 + rnd_below(4));
}

static void host_accepts(int *fd)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	if (poll(&p, 1, 0) == 1)
		*fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* It takes what comes, or not, and says something, or not. */
static void host_deals_with(int *fd)
{
	static char buf[30000];

	switch (rnd_below(8)) {
	case 0:
		send(*fd, buf, 1 + rnd_below(sizeof(buf) - 1), MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 1:
		shutdown(*fd, rnd_below(3));
		break;
	case 2:
		close(*fd);
		*fd = -1;
		break;
	default:
		if (recv(*fd, buf, sizeof(buf), MSG_DONTWAIT) || errno == EAGAIN)
			break;
		close(*fd);
		*fd = -1;
	}
}

static void *host_side(void *arg)
{
	int fd[FDS], i;

	for (i = 0; i < FDS; i++)
		fd[i] = -1;
	while (!stop) {
		i = rnd_below(FDS);
		if (fd[i] >= 0)
			host_deals_with(&fd[i]);
		else if (i % 2)
			host_accepts(&fd[i]);
		else
			host_connects(&fd[i]);
		usleep(1000);
	}
	for (i = 0; i < FDS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return arg;
}

/* ---- the agent, which does as it should, and does not say all that it could ---- */

static struct msgagent agent = {
	.arg = {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_VSOCK,
		.flags = VHX_AGENT_MESSAGES, .name = "60",
		.message_size = VHX_VSOCK_MSG_SIZE, .messages = 6, .grants = 6,
	},
};
static struct {
	uint64_t conn;
	uint64_t count;
} taken[AGENT_KNOWS];

static void agent_says(const struct vhx_vsock_msg *m)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_wait(&agent, VHX_AGENT_REQ_GRANT, &tag, 50);
	if (!r)
		return;
	memcpy(agent.a.pool + r->pool_off, m, sizeof(*m));
	msgagent_commit(&agent, tag, r->gen, sizeof(*m) + m->len);
}

static void agent_takes(const struct vhx_vsock_msg *m)
{
	uint64_t *conn = &taken[m->conn % AGENT_KNOWS].conn, *count = &taken[m->conn % AGENT_KNOWS].count;
	struct vhx_vsock_msg say = { .conn = m->conn };

	if (*conn != m->conn)
		*count = 0;
	*conn = m->conn;
	*count += m->len;
	if (rnd_below(4)) {
		say.type = VHX_VSOCK_MSG_TAKEN;
		say.count = *count;
		agent_says(&say);
	}
	if (!rnd_below(4)) {
		say.type = VHX_VSOCK_MSG_DATA;
		say.len = 1 + rnd_below(2000);
		agent_says(&say);
	}
}

static void agent_answers(const struct vhx_vsock_msg *m)
{
	switch (m->type) {
	case VHX_VSOCK_MSG_ASKED:
		agent_says(&(struct vhx_vsock_msg){
				.type = rnd_below(6) ? VHX_VSOCK_MSG_ACCEPT : VHX_VSOCK_MSG_RESET,
				.conn = m->conn });
		break;
	case VHX_VSOCK_MSG_DATA:
		agent_takes(m);
		break;
	case VHX_VSOCK_MSG_SHUTDOWN:
		agent_says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_RESET, .conn = m->conn });
		break;
	}
}

static void agent_asks(void)
{
	agent_says(&(struct vhx_vsock_msg){
			.type = VHX_VSOCK_MSG_CONNECT, .cookie = 1 + rnd_below(100),
			.guest_port = 2000 + rnd_below(4), .peer_port = 90 + rnd_below(4),
			.sk_type = 1 + rnd_below(2) });
}

static void *agent_side(void *arg)
{
	const struct vhx_agent_req *r;
	struct vhx_vsock_msg m;
	uint32_t tag;

	msgagent_begin(&agent);
	while (!stop) {
		r = msgagent_wait(&agent, VHX_AGENT_REQ_MESSAGE, &tag, 20);
		if (!r) {
			agent_asks();
			continue;
		}
		memcpy(&m, agent.a.pool + r->pool_off, sizeof(m));
		msgagent_commit(&agent, tag, r->gen, 0);
		agent_answers(&m);
	}
	agent_stop(&agent.a);
	return arg;
}

/* ---- packets of chance ---- */

static uint32_t any_port(void)
{
	static const uint32_t ports[] = { HOST_PORT, HOST_PORT, GOOD_AGENT_PORT, 2000, 2001, 31000, 31001 };

	return rnd_below(8) ? ports[rnd_below(7)] : (uint32_t)damage_number();
}

static uint64_t any_cid(void)
{
	static const uint64_t cids[] = { 2, 2, 2, SIB_A, SIB_B, CID, 77 };

	return rnd_below(16) ? cids[rnd_below(7)] : damage_number();
}

static void of_chance(struct virtio_vsock_hdr *h)
{
	*h = vsockdrv_hdr(&drv, 1000 + rnd_below(8), any_port(), rnd_below(3) ? 1 : rnd_below(9));
	h->dst_cid = htole64(any_cid());
	h->type = htole16(1 + rnd_below(2));
	if (rnd_below(4))
		return;
	h->dst_cid = htole64(2);
	h->dst_port = htole32(GOOD_AGENT_PORT);
}

/* As if it were of a connection that is to be left alone; in the name of who has it, or its own. */
static void forge(struct virtio_vsock_hdr *h)
{
	static const struct {
		uint64_t cid, peer;
		uint32_t port, peer_port;
	} good[] = {
		{ SIB_A, 2, 31000, HOST_PORT }, { SIB_B, 2, 31002, GOOD_AGENT_PORT },
		{ SIB_A, SIB_B, 31001, 31001 }, { SIB_B, SIB_A, 31001, 31001 },
	};
	const uint32_t i = rnd_below(4);

	*h = vsockdrv_hdr(&drv, good[i].port, good[i].peer_port, 1 + rnd_below(7));
	h->dst_cid = htole64(good[i].peer);
	if (rnd_below(2))
		h->src_cid = htole64(good[i].cid);
}

/* One thing about it is not as it was. */
static void change(struct virtio_vsock_hdr *h)
{
	switch (rnd_below(10)) {
	case 9: h->src_port = htole32(any_port()); break;
	case 0: h->src_cid = htole64(any_cid()); break;
	case 1: h->dst_cid = htole64(any_cid()); break;
	case 2: h->dst_port = htole32(any_port()); break;
	case 3: h->len = htole32(damage_number()); break;
	case 4: h->type = htole16(rnd_below(4)); break;
	case 5: h->op = htole16(rnd_below(2) ? rnd_below(9) : damage_number()); break;
	case 6: h->flags = htole32(rnd_below(2) ? rnd_below(4) : damage_number()); break;
	case 7: h->buf_alloc = htole32(damage_number()); break;
	default: h->fwd_cnt = htole32(rnd_below(2) ? rnd_below(5000) : damage_number());
	}
}

/* As many pieces as there are by chance; now and then one that the device is to write. */
static void post(const struct virtio_vsock_hdr *h, uint8_t *buf, uint32_t len)
{
	struct vq *vq = &drv.g.vq[VSOCK_TX];
	const uint32_t most = 1 + rnd_below(8);
	const unsigned int nin = !rnd_below(40);
	struct sg sg[10];
	uint32_t n = 0, at = 0, part;

	memcpy(buf, h, sizeof(*h));
	memcpy(buf + sizeof(*h), bytes, len);
	len += sizeof(*h);
	if (!rnd_below(30))
		len = rnd_below(sizeof(*h) + 2);
	do {
		part = n + 1 < most ? rnd_below(len - at + 1) : len - at;
		sg[n++] = (struct sg){ .gpa = mem_gpa(&drv.mem, buf) + at, .len = part };
		at += part;
	} while (at < len);
	sg[n] = (struct sg){ .gpa = mem_gpa(&drv.mem, buf), .len = 8 };
	if (ring_add(&vq->ring, sg, n, nin, buf)) {
		drv.tx[drv.ntx++] = buf;
		return;
	}
	vq_publish(vq);
}

/* If there is room for it; who answers nothing is not heard. */
static void send_one(struct virtio_vsock_hdr *h)
{
	struct ring *r = &drv.g.vq[VSOCK_TX].ring;
	uint32_t len = 0, got;
	uint8_t *buf;

	while (drv.ntx < drv.opt.num && (buf = ring_get(r, &got)))
		drv.tx[drv.ntx++] = buf;
	if (!drv.ntx)
		return;
	if (le16toh(h->op) == VIRTIO_VSOCK_OP_RW)
		len = rnd_below(rnd_below(10) ? 300 : VSOCK_PAYLOAD + 1);
	h->len = htole32(len);
	if (!rnd_below(4))
		change(h);
	post(h, drv.tx[--drv.ntx], len);
}

/* ---- a guest ---- */

/* What a driver would say to it, about. */
static void answer(void)
{
	static const uint16_t ops[] = {
		[VIRTIO_VSOCK_OP_REQUEST] = VIRTIO_VSOCK_OP_RESPONSE,
		[VIRTIO_VSOCK_OP_RESPONSE] = VIRTIO_VSOCK_OP_RW,
		[VIRTIO_VSOCK_OP_SHUTDOWN] = VIRTIO_VSOCK_OP_RST,
		[VIRTIO_VSOCK_OP_RW] = VIRTIO_VSOCK_OP_CREDIT_UPDATE,
		[VIRTIO_VSOCK_OP_CREDIT_UPDATE] = VIRTIO_VSOCK_OP_RW,
		[VIRTIO_VSOCK_OP_CREDIT_REQUEST] = VIRTIO_VSOCK_OP_CREDIT_UPDATE,
	};
	const uint16_t op = le16toh(pkt.h.op);
	struct virtio_vsock_hdr h;

	if (op >= sizeof(ops) / sizeof(ops[0]) || !ops[op])
		return;
	h = vsockdrv_hdr(&drv, le32toh(pkt.h.dst_port), le32toh(pkt.h.src_port), ops[op]);
	h.dst_cid = pkt.h.src_cid;
	h.type = pkt.h.type;
	if (op == VIRTIO_VSOCK_OP_RW)
		h.fwd_cnt = pkt.h.len;
	else
		known[rnd_below(KNOWN)] = h;
	send_one(&h);
}

static void step(bool deaf)
{
	struct virtio_vsock_hdr h = known[rnd_below(KNOWN)];

	if (!rnd_below(16))
		forge(&h);
	else if (!h.op || rnd_below(2))
		of_chance(&h);
	else if (rnd_below(2))
		h.op = htole16(VIRTIO_VSOCK_OP_RW);
	send_one(&h);
	while (!deaf && ring_has_used(&drv.g.vq[VSOCK_RX].ring) && vsockdrv_recv(&drv, &pkt, 0))
		if (rnd_below(8))
			answer();
}

static void count(void)
{
	char what[64];
	uint32_t i;

	static const struct {
		uint32_t id;
		const char *name;
	} stats[] = {
		{ VHX_VSOCK_STAT_BAD_PACKETS, "bad_packets" }, { VHX_VSOCK_STAT_TO_HOST, "to_host" },
		{ VHX_VSOCK_STAT_TO_SIBLINGS, "to_siblings" }, { VHX_VSOCK_STAT_TO_AGENT, "to_agent" },
		{ VHX_VSOCK_STAT_UNROUTED, "unrouted" }, { VHX_VSOCK_STAT_GOT, "got" },
	};

	for (i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		snprintf(what, sizeof(what), ".stats.%s", stats[i].name);
		counted[stats[i].id] += sib_show("vsock show 60", what);
	}
}

/* Its rings are not what its driver takes them for any more. */
static void damage_rings(void)
{
	uint32_t i;

	for (i = 0; i < DAMAGES; i++) {
		if (!rnd_below(8))
			damage_guest(&drv.g);
		damage_post(&drv.g.vq[i & 1]);
	}
}

/* Return: whether it went as it should. */
static bool end_guest(bool damaged)
{
	bool ok = true;
	uint32_t i;

	switch (rnd_below(4)) {
	case 0:
		break;
	case 1:
		ok = !vsockdrv_set_cid(&drv, CID + 1);
		break;
	case 2:
		ok = !vsockdrv_stop(&drv);
		if (ok && !damaged)
			ok = !vsockdrv_reset(&drv);
		break;
	default:
		ok = !vsockdrv_run(&drv, false);
	}
	for (i = 0; i < 2; i++)
		illegal += vq_err(&drv.g.vq[i], 0) > 0;
	vsockdrv_close(&drv);
	return ok;
}

static bool run_guest(const struct dirtylog *log, bool looked_at)
{
	const bool deaf = !rnd_below(6), damaged = rnd_below(2);
	struct canary canary;
	bool ok;
	uint32_t i;

	memset(known, 0, sizeof(known));
	canary_open(&canary, &drv.mem);
	if (log && guest_log(&drv.g, log))
		return false;
	ok = !vsockdrv_start(&drv);
	for (i = 0; ok && i < STEPS; i++)
		step(deaf);
	if (looked_at)
		count();
	if (damaged)
		damage_rings();
	ok &= canary_sings(&canary);
	ok &= end_guest(damaged);
	canary_close(&canary);
	return ok;
}

static bool run_seed(uint64_t seed, bool looked_at)
{
	struct vsockdrv_opt opt = { .cid = CID };
	struct dirtylog log;
	bool logs, ok;

	rnd_seed(seed);
	opt.features = formats[rnd_below(sizeof(formats) / sizeof(formats[0]))];
	opt.buf = 64 + rnd_below(5000);
	if (vsockdrv_open(&drv, &opt))
		return false;
	logs = !rnd_below(3);
	if (logs && dirtylog_open(&log, &drv.g, 0))
		return false;
	ok = run_guest(logs ? &log : NULL, looked_at);
	if (logs)
		dirtylog_close(&log);
	return ok && good_unharmed();
}

static void test_guests(void)
{
	const char *seeds = getenv("VHX_SEEDS");
	const uint32_t n = seeds ? strtoul(seeds, NULL, 0) : SEEDS;
	void *(*const run[])(void *) = { host_side, agent_side };
	const uint64_t seed = rnd_start();
	pthread_t thread[2];
	uint32_t i, bad = 0;
	long before = 0, more;
	int ms;

	for (i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, run[i], NULL);
	for (i = 0; i < n && bad < 3; i++) {
		if (i == n / 4)
			before = memuse_settled();
		if (run_seed(seed + i, i % 8 == 0))
			continue;
		bad++;
		tap_diag("wrong: VHX_SEED=%llu VHX_SEEDS=1", (unsigned long long)seed + i);
	}
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	more = memuse_settled() - before;
	/* Of sockets that wait for their peers, too. */
	for (ms = 0; ms < 15000 && more >= memuse_slack(); ms += 300)
		more = memuse_settled() - before;
	tap_ok(!bad, "%u guests: no memory but theirs changed, no other connection was harmed", n);
	tap_ok(n < SEEDS || (illegal > n / 16 && illegal < 2 * n),
	       "some of their rings were stopped as illegal, not all (%u)", illegal);
	tap_ok(n < SEEDS || more < memuse_slack(), "nothing of them is left: %ld KiB more in use", more);
	for (i = 0; i < VHX_VSOCK_STAT_NR; i++)
		if (counted[i])
			tap_diag("counter %u: %llu", i, (unsigned long long)counted[i]);
	tap_ok(n < SEEDS || (counted[VHX_VSOCK_STAT_BAD_PACKETS] && counted[VHX_VSOCK_STAT_TO_HOST] &&
	       counted[VHX_VSOCK_STAT_TO_SIBLINGS] && counted[VHX_VSOCK_STAT_TO_AGENT] &&
	       counted[VHX_VSOCK_STAT_UNROUTED] && counted[VHX_VSOCK_STAT_GOT]),
	       "they came everywhere");
}

/* ---- floods ---- */

/* Of the modules: guests, and sockets of the host's with connections to them. */
static int users(void)
{
	int n = -1;
	FILE *f = fopen("/sys/module/vhx_vsock/refcnt", "r");

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static void flood_guest(void)
{
	if (vsockdrv_open(&drv, &(struct vsockdrv_opt){ .cid = CID }) || vsockdrv_start(&drv))
		tap_bail("a guest");
}

/* As many of @h as are taken, each from another port if @ports. Return: how many. */
static uint32_t pour(struct virtio_vsock_hdr *h, uint32_t len, uint32_t most, bool ports)
{
	struct ring *r = &drv.g.vq[VSOCK_TX].ring;
	uint32_t n = 0, idle = 0, got;
	uint8_t *buf;

	while (n < most && idle < 20) {
		while ((buf = ring_get(r, &got)))
			drv.tx[drv.ntx++] = buf;
		if (!drv.ntx) {
			usleep(10000);
			idle++;
			continue;
		}
		if (ports)
			h->src_port = htole32(5000 + n);
		h->len = htole32(len);
		vsockdrv_send(&drv, h, bytes, len);
		n++;
		idle = 0;
	}
	return n;
}

/* Those that nobody accepted. */
static void forget_asked(void)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	while (poll(&p, 1, 100) == 1)
		close(accept(listener, NULL, NULL));
}

/* It asks everybody, and listens to nobody. */
static void test_questions(void)
{
	static const struct {
		const char *whom;
		uint64_t cid;
		uint32_t port;
	} to[] = { { "the host", 2, HOST_PORT }, { "another guest", SIB_A, 2000 },
		   { "an agent that is not there", 2, GOOD_AGENT_PORT } };
	struct virtio_vsock_hdr h;
	long before, more;
	uint32_t i, n;

	for (i = 0; i < 3; i++) {
		flood_guest();
		h = vsockdrv_hdr(&drv, 0, to[i].port, VIRTIO_VSOCK_OP_REQUEST);
		h.dst_cid = htole64(to[i].cid);
		before = memuse();
		n = pour(&h, 0, 4000, true);
		more = memuse() - before;
		tap_ok(more < memuse_slack() && good_unharmed(),
		       "who asks %s, and does not listen, is heard %u times of 4,000: %ld KiB", to[i].whom, n,
		       more);
		vsockdrv_close(&drv);
	}
	forget_asked();
}

/* Credit is the guest's word, and nobody takes what it sends. 32 MiB are offered. */
static void test_data(void)
{
	struct virtio_vsock_hdr h;
	long before, more;
	uint32_t n;
	int fd;

	flood_guest();
	fd = guest_connect(&drv, listener, 7, VIRTIO_VSOCK_TYPE_STREAM);
	h = vsockdrv_hdr(&drv, 7, HOST_PORT, VIRTIO_VSOCK_OP_RW);
	before = memuse();
	n = pour(&h, VSOCK_PAYLOAD, 512, false);
	more = memuse() - before;
	tap_ok(fd >= 0 && more < memuse_slack() && good_unharmed(),
	       "R65: credit is of no concern to who sends the host 32 MiB (%u packets): %ld KiB", n, more);
	close(fd);
	vsockdrv_close(&drv);
	flood_guest();
	/* What comes to the other guest is for a port that it listens to by passing it over. */
	h = vsockdrv_hdr(&drv, 7, 2000, VIRTIO_VSOCK_OP_REQUEST);
	h.dst_cid = htole64(SIB_A);
	vsockdrv_send(&drv, &h, NULL, 0);
	h.op = htole16(VIRTIO_VSOCK_OP_RW);
	n = pour(&h, VSOCK_PAYLOAD, 512, false);
	tap_ok(vsockdrv_recv_op(&drv, &pkt, 7, VIRTIO_VSOCK_OP_RST, HOST_WAIT) && good_unharmed(),
	       "data before the other guest has agreed is the end (%u packets)", n);
	vsockdrv_close(&drv);
}

/* Messages of no bytes cost no credit, but a header's memory each. */
static void test_empty(void)
{
	const int own = host_listen(SOCK_SEQPACKET);
	struct virtio_vsock_hdr h;
	long before, more;
	uint32_t n;
	int fd;

	flood_guest();
	fd = guest_connect(&drv, own, 7, VIRTIO_VSOCK_TYPE_SEQPACKET);
	h = vsockdrv_hdr(&drv, 7, HOST_PORT, VIRTIO_VSOCK_OP_RW);
	h.type = htole16(VIRTIO_VSOCK_TYPE_SEQPACKET);
	h.flags = htole32(VIRTIO_VSOCK_SEQ_EOM);
	before = memuse();
	n = pour(&h, 0, 40000, false);
	more = memuse() - before;
	tap_ok(fd >= 0 && more < memuse_slack(),
	       "R66: %u messages of no bytes that nobody reads: %ld KiB", n, more);
	close(fd);
	close(own);
	vsockdrv_close(&drv);
}

int main(void)
{
	int before, ms;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree has no routes");
	before = users();
	listener = host_listen(SOCK_STREAM);
	good_begin(listener);
	test_guests();
	test_questions();
	test_data();
	tap_ok(good_end(), "those others end as they should");
	close(listener);
	test_empty();
	/* A socket that waits for its peer to agree to its end has the module for eight seconds. */
	for (ms = 0; ms < 30000 && users() != before; ms += 100)
		usleep(100000);
	tap_ok(users() == before, "nobody uses the module: %d, before %d", users(), before);
	return tap_done();
}
