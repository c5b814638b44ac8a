// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent gone mad: what it says to the kernel is of chance in every field, of messages and of the
 * tags that they come with; it changes what it said while that is read, takes what it has not got,
 * ends in the middle. Its guest, which has manners, hears only what makes sense; nobody else's
 * connection is harmed, memory is bounded, and the next agent is served. Every seed is an agent of
 * its own; VHX_SEED=N VHX_SEEDS=1 has it again.
 * time-limit: 300
 */
#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vhx_agent_vsock.h>

#include "damage.h"
#include "memuse.h"
#include "msgagent.h"
#include "rnd.h"
#include "tap.h"
#include "vsockgood.h"
#include "vsockhost.h"

#define SEEDS	60
#define STEPS	120
#define CID	60
#define KNOWN	16		/* connections that the agent knows of */
#define ROOM	20000		/* bytes that the guest has room for on each, and takes none of */
#define CONNS	12		/* that the guest has at a time */
#define SLOT	8192

static struct msgagent m = {
	.arg = {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_VSOCK,
		.flags = VHX_AGENT_MESSAGES, .name = "60",
		.message_size = SLOT, .messages = 6, .grants = 6,
	},
};
/* What the guest asked for. */
static struct {
	uint32_t port;
	uint16_t type;		/* 0: it has ended */
	bool open;
	uint32_t got;		/* bytes */
} conns[CONNS], *conn;
static uint32_t next_port = 1000;
static struct vsockdrv drv;
static struct vsockpkt pkt;
static struct vhx_vsock_msg heard, known[KNOWN];
static uint64_t open_conn;	/* the last that was opened */
static uint8_t bytes[SLOT];
static uint32_t strange, refused, accepted, opened, ended;
static volatile bool scribbles, stop;
static char *volatile pool;

/* ---- the guest ---- */

static void guest_says(uint16_t op, uint32_t len)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, conn->port, GOOD_AGENT_PORT, op);

	h.type = htole16(conn->type);
	h.buf_alloc = htole32(ROOM);
	h.len = htole32(len);
	if (op == VIRTIO_VSOCK_OP_SHUTDOWN)
		h.flags = htole32(1 + rnd_below(3));
	vsockdrv_send(&drv, &h, bytes, len);
}

/* By a port that it has not had yet: what is under way is of another connection. */
static void guest_asks(void)
{
	conn->port = next_port++;
	conn->type = 1 + rnd_below(2);
	conn->open = false;
	conn->got = 0;
	guest_says(VIRTIO_VSOCK_OP_REQUEST, 0);
}

/* What the agent asked for. */
static void guest_asked(void)
{
	struct virtio_vsock_hdr h;

	h = vsockdrv_hdr(&drv, le32toh(pkt.h.dst_port), le32toh(pkt.h.src_port),
			 rnd_below(3) || le32toh(pkt.h.src_port) == GOOD_AGENT_PORT ?
			 VIRTIO_VSOCK_OP_RST : VIRTIO_VSOCK_OP_RESPONSE);
	h.type = pkt.h.type;
	vsockdrv_send(&drv, &h, NULL, 0);
}

/* The live one that a packet is of: @conn. */
static bool find(void)
{
	if (le32toh(pkt.h.src_port) != GOOD_AGENT_PORT)
		return false;
	for (conn = conns; conn < conns + CONNS; conn++)
		if (conn->type && conn->port == le32toh(pkt.h.dst_port))
			return true;
	return false;
}

/* What no agent may bring about. */
static bool makes_sense(void)
{
	const uint16_t op = le16toh(pkt.h.op), type = le16toh(pkt.h.type);
	const uint32_t len = le32toh(pkt.h.len);

	if (le64toh(pkt.h.src_cid) != 2 || le64toh(pkt.h.dst_cid) != CID ||
	    pkt.used != sizeof(pkt.h) + len || op < 1 || op > VIRTIO_VSOCK_OP_CREDIT_REQUEST ||
	    (type != VIRTIO_VSOCK_TYPE_STREAM && type != VIRTIO_VSOCK_TYPE_SEQPACKET) ||
	    !len == (op == VIRTIO_VSOCK_OP_RW))
		return false;
	if (!find() || op != VIRTIO_VSOCK_OP_RW)
		return true;
	conn->got += len;
	return conn->open && type == conn->type && conn->got <= ROOM;
}

static void guest_hears(void)
{
	while (ring_has_used(&drv.g.vq[VSOCK_RX].ring) && vsockdrv_recv(&drv, &pkt, 0)) {
		if (!makes_sense()) {
			strange++;
			tap_diag("the guest hears op %u type %u len %u flags %#x for %u of %u",
				 le16toh(pkt.h.op), le16toh(pkt.h.type), le32toh(pkt.h.len),
				 le32toh(pkt.h.flags), le32toh(pkt.h.dst_port),
				 le32toh(pkt.h.src_port));
		}
		if (le16toh(pkt.h.op) == VIRTIO_VSOCK_OP_REQUEST)
			guest_asked();
		if (!find())
			continue;
		if (le16toh(pkt.h.op) == VIRTIO_VSOCK_OP_RESPONSE) {
			conn->open = true;
			opened++;
		} else if (le16toh(pkt.h.op) == VIRTIO_VSOCK_OP_RST) {
			conn->type = 0;
			ended++;
		}
	}
}

static void guest_acts(void)
{
	conn = &conns[rnd_below(CONNS)];
	if (!conn->type) {
		guest_asks();
		return;
	}
	switch (rnd_below(8)) {
	case 0:
		guest_says(VIRTIO_VSOCK_OP_SHUTDOWN, 0);
		break;
	case 1:
		guest_says(VIRTIO_VSOCK_OP_RST, 0);
		conn->type = 0;
		break;
	case 2:
		guest_says(VIRTIO_VSOCK_OP_CREDIT_REQUEST, 0);
		break;
	default:
		if (conn->open)
			guest_says(VIRTIO_VSOCK_OP_RW, 1 + rnd_below(SLOT - 1));
	}
}

/* ---- the agent ---- */

/* An answer with something wrong about it; then what is left of the slot is given back in order. */
static void commit(uint32_t tag, uint32_t gen, uint32_t in_len)
{
	struct vhx_agent_done done = { .tag = tag, .gen = gen, .in_len = in_len };
	int rc = 0;

	if (!rnd_below(6)) {
		/* Any address may be that of the sense, where nobody is to look. */
		switch (rnd_below(5)) {
		case 0: done.gen = damage_number(); break;
		case 1: done.tag = damage_number(); break;
		case 2: done.in_len = damage_number(); break;
		default: damage_bytes(&done, sizeof(done));
		}
		rc = msgagent_commit_done(&m, &done);
		refused += rc != 1;
	}
	if (rc != 1)
		rc = msgagent_commit(&m, tag, gen, in_len);
	accepted += rc == 1;
}

/* Return: whether there was something. */
static bool agent_hears(void)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_wait(&m, VHX_AGENT_REQ_MESSAGE, &tag, 0);
	if (!r)
		return false;
	memcpy(&heard, m.a.pool + r->pool_off, sizeof(heard));
	/* While it scribbles, that is of its own making. */
	if (!scribbles && (heard.len + sizeof(heard) != r->out_len || !heard.type || heard.reserved)) {
		strange++;
		tap_diag("the agent hears type %u len %u in %u bytes", heard.type, heard.len, r->out_len);
	}
	if (heard.type == VHX_VSOCK_MSG_OPEN)
		open_conn = heard.conn;
	if (heard.conn)
		known[rnd_below(KNOWN)] = heard;
	commit(tag, r->gen, 0);
	return true;
}

/* What it could well say of a connection. */
static struct vhx_vsock_msg sensible(void)
{
	static const uint16_t of[] = {
		VHX_VSOCK_MSG_ACCEPT, VHX_VSOCK_MSG_ACCEPT, VHX_VSOCK_MSG_ACCEPT, VHX_VSOCK_MSG_DATA,
		VHX_VSOCK_MSG_DATA, VHX_VSOCK_MSG_DATA, VHX_VSOCK_MSG_TAKEN, VHX_VSOCK_MSG_CONNECT,
		VHX_VSOCK_MSG_SHUTDOWN, VHX_VSOCK_MSG_RESET,
	};
	struct vhx_vsock_msg k = known[rnd_below(KNOWN)];
	struct vhx_vsock_msg s = { .type = of[rnd_below(10)], .conn = k.conn };

	if (k.type == VHX_VSOCK_MSG_ASKED && rnd_below(4))
		s.type = VHX_VSOCK_MSG_ACCEPT;
	if (s.type == VHX_VSOCK_MSG_CONNECT)
		s = (struct vhx_vsock_msg){
			.type = s.type, .cookie = 1 + rnd_below(20), .guest_port = rnd_below(20),
			.peer_port = 100 + rnd_below(10), .sk_type = 1 + rnd_below(2),
		};
	if (s.type == VHX_VSOCK_MSG_DATA)
		s.len = 1 + rnd_below(rnd_below(4) ? 300 : SLOT - sizeof(s));
	if (s.type == VHX_VSOCK_MSG_TAKEN)
		s.count = rnd_below(4) ? k.len : damage_number();
	if (s.type == VHX_VSOCK_MSG_SHUTDOWN)
		s.flags = 1 + rnd_below(3);
	return s;
}

static void change(struct vhx_vsock_msg *s)
{
	switch (rnd_below(11)) {
	case 0: s->type = rnd_below(13); break;
	case 1: s->flags = damage_number(); break;
	case 2: s->len = rnd_below(2) ? rnd_below(SLOT) : damage_number(); break;
	case 3: s->conn += rnd_below(9) - 4; break;
	case 4: s->conn = damage_number(); break;
	case 5: s->cookie = damage_number(); break;
	case 6: s->count = damage_number(); break;
	case 7: s->guest_port = damage_number(); break;
	case 8: s->peer_port = damage_number(); break;
	case 9: s->sk_type = damage_number(); break;
	default: damage_bytes(s, sizeof(*s));
	}
}

static void agent_says(struct vhx_vsock_msg s)
{
	const struct vhx_agent_req *r;
	uint32_t tag, len;

	r = msgagent_wait(&m, VHX_AGENT_REQ_GRANT, &tag, 20);
	if (!r)
		return;
	if (!rnd_below(3))
		change(&s);
	len = sizeof(s) + (s.len < SLOT - sizeof(s) ? s.len : SLOT - sizeof(s));
	if (!rnd_below(20))
		len = rnd_below(len);
	memcpy(m.a.pool + r->pool_off, &s, sizeof(s));
	commit(tag, r->gen, len);
}

/* More on a connection than the guest has room for: the rest is the end of it. */
static void agent_overruns(void)
{
	struct vhx_vsock_msg s = {
		.type = VHX_VSOCK_MSG_DATA, .conn = open_conn, .len = SLOT - sizeof(s),
	};
	uint32_t i;

	for (i = 0; i < 4; i++)
		agent_says(s);
}

/* Slots are its own to write, also while the kernel reads them, or writes. */
static void *scribble(void *arg)
{
	while (!stop) {
		char *p = pool;

		if (scribbles && p)
			damage_bytes(p + rnd_below(12) * SLOT, sizeof(struct vhx_vsock_msg));
		if (!scribbles || !rnd_below(20))
			usleep(1000);
	}
	return arg;
}

/* ---- seeds ---- */

static void end_agent(void)
{
	struct vhx_agent_detach d = { .size = sizeof(d) };

	if (!rnd_below(3))
		ioctl(m.a.fd, VHX_AGENT_DETACH, &d);
	if (!rnd_below(4))
		ioctl(m.a.fd, VHX_AGENT_DRAIN);
	/* Who scribbles is done with it before it is no more. */
	pool = NULL;
	scribbles = false;
	usleep(5000);
	agent_stop(&m.a);
}

/* Return: whether it is there again, knowing of nothing. */
static bool guest_again(void)
{
	memset(conns, 0, sizeof(conns));
	if (rnd_below(2))
		return !vsockdrv_stop(&drv) && !vsockdrv_reset(&drv);
	vsockdrv_close(&drv);
	sib_open(&drv, CID, NULL);
	return true;
}

/* What was under way comes to its end. Return: whether nothing strange did. */
static bool settles(void)
{
	vsockdrv_taken(&drv);
	usleep(20000);
	guest_hears();
	return !strange;
}

static bool run_seed(uint64_t seed)
{
	uint32_t i;
	bool ok;

	rnd_seed(seed);
	memset(known, 0, sizeof(known));
	open_conn = 0;
	msgagent_begin(&m);
	scribbles = !rnd_below(3);
	pool = m.a.pool;
	for (i = 0; i < STEPS; i++) {
		guest_acts();
		while (rnd_below(8) && agent_hears())
			;
		agent_says(sensible());
		if (!rnd_below(20))
			agent_overruns();
		guest_hears();
	}
	if (rnd_below(2)) {
		end_agent();
		ok = settles() && guest_again();
	} else {
		ok = settles() && guest_again();
		end_agent();
	}
	return ok && good_unharmed();
}

static void test_agents(void)
{
	const char *seeds = getenv("VHX_SEEDS");
	const uint32_t n = seeds ? strtoul(seeds, NULL, 0) : SEEDS;
	const uint64_t seed = rnd_start();
	uint32_t i, bad = 0;
	long before = 0, more;
	pthread_t thread;

	pthread_create(&thread, NULL, scribble, NULL);
	for (i = 0; i < n && bad < 3; i++) {
		if (i == n / 4)
			before = memuse_settled();
		strange = 0;
		if (run_seed(seed + i))
			continue;
		bad++;
		tap_diag("wrong: VHX_SEED=%llu VHX_SEEDS=1", (unsigned long long)seed + i);
	}
	stop = true;
	pthread_join(thread, NULL);
	more = memuse_settled() - before;
	tap_ok(!bad, "%u agents: their guest hears what makes sense, no other connection is harmed", n);
	tap_ok(n < SEEDS || more < memuse_slack(), "nothing of them is left: %ld KiB more in use", more);
	tap_diag("%u answers accepted, %u refused; %u connections begun, %u ended", accepted, refused,
		 opened, ended);
	tap_ok(n < SEEDS || (accepted > n * 40 && refused > n && opened > n && ended > n),
	       "much of what they said was heard");
}

/* ---- an agent with manners, after all those ---- */

static bool next_is(uint32_t type)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	do {
		r = msgagent_take(&m, VHX_AGENT_REQ_MESSAGE, &tag);
		memcpy(&heard, m.a.pool + r->pool_off, sizeof(heard));
		msgagent_commit(&m, tag, r->gen, 0);
	} while (heard.type == VHX_VSOCK_MSG_CREDIT);
	return heard.type == type;
}

static bool is_served(void)
{
	const struct vhx_agent_req *r;
	struct vhx_vsock_msg yes = { .type = VHX_VSOCK_MSG_ACCEPT };
	uint32_t tag;

	conn = conns;
	msgagent_begin(&m);
	if (!next_is(VHX_VSOCK_MSG_GUEST))
		return false;
	guest_asks();
	if (!next_is(VHX_VSOCK_MSG_ASKED) || heard.guest_port != conn->port)
		return false;
	yes.conn = heard.conn;
	r = msgagent_take(&m, VHX_AGENT_REQ_GRANT, &tag);
	memcpy(m.a.pool + r->pool_off, &yes, sizeof(yes));
	msgagent_commit(&m, tag, r->gen, sizeof(yes));
	if (!next_is(VHX_VSOCK_MSG_OPEN) || heard.conn != yes.conn)
		return false;
	guest_says(VIRTIO_VSOCK_OP_RW, 1000);
	return next_is(VHX_VSOCK_MSG_DATA) && heard.len == 1000 &&
	       vsockdrv_recv_op(&drv, &pkt, conn->port, VIRTIO_VSOCK_OP_RESPONSE, HOST_WAIT);
}

int main(void)
{
	int listener;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	listener = host_listen(SOCK_STREAM);
	good_begin(listener);
	sib_open(&drv, CID, NULL);
	test_agents();
	vsockdrv_stop(&drv);
	vsockdrv_reset(&drv);
	tap_ok(is_served(), "who comes after them is served");
	agent_stop(&m.a);
	vsockdrv_close(&drv);
	tap_ok(good_end(), "those others end as they should");
	close(listener);
	return tap_done();
}
