// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest and an agent talk: connections from either side, data both ways, credit, ends; what each does
 * that makes no sense; an agent that is slow, that dies; a guest that boots, that goes. The test is both.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vhx_agent_vsock.h>

#include "msgagent.h"
#include "tap.h"
#include "vsocksib.h"

#define SLOT	8192
#define PORT	1000		/* the guest's */
#define PEER	80		/* whom it asks for */

static struct msgagent m = {
	.arg = {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_VSOCK,
		.flags = VHX_AGENT_MESSAGES, .name = "50",
		.message_size = SLOT, .messages = 4, .grants = 3,
	},
};
static struct vsockdrv drv;
static struct vhx_vsock_msg msg;	/* the last that came, and its bytes */
static uint8_t body[SLOT], bytes[300000];
static uint64_t taken;

#define RW	VIRTIO_VSOCK_OP_RW
#define RST	VIRTIO_VSOCK_OP_RST

/* ---- the agent ---- */

/* The next message, whose slot goes back. Return: its type; 0: none comes for @ms. */
static uint32_t hears(int ms)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_wait(&m, VHX_AGENT_REQ_MESSAGE, &tag, ms);
	if (!r)
		return 0;
	memcpy(&msg, m.a.pool + r->pool_off, sizeof(msg));
	if (msg.len + sizeof(msg) != r->out_len)
		tap_bail("a message of %u bytes says %u", r->out_len, msg.len);
	memcpy(body, m.a.pool + r->pool_off + sizeof(msg), msg.len);
	msgagent_commit(&m, tag, r->gen, 0);
	return msg.type;
}

/* The next of a type; others, of credit, are passed over. */
static bool hears_of(uint32_t type)
{
	uint32_t got;

	do
		got = hears(MSG_WAIT);
	while (got && got != type && got == VHX_VSOCK_MSG_CREDIT);
	if (got != type)
		tap_diag("heard %u, wanted %u", got, type);
	return got == type;
}

static void says(const struct vhx_vsock_msg *what, const void *data)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_take(&m, VHX_AGENT_REQ_GRANT, &tag);
	memcpy(m.a.pool + r->pool_off, what, sizeof(*what));
	memcpy(m.a.pool + r->pool_off + sizeof(*what), data, what->len);
	if (msgagent_commit(&m, tag, r->gen, sizeof(*what) + what->len) != 1)
		tap_diag("a message is not taken");
}

static void say(uint64_t conn, uint16_t type)
{
	says(&(struct vhx_vsock_msg){ .type = type, .conn = conn }, NULL);
}

static void say_data(uint64_t conn, const void *data, uint32_t len)
{
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_DATA, .conn = conn, .len = len }, data);
}

static void say_taken(uint64_t conn, uint64_t count)
{
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_TAKEN, .conn = conn, .count = count },
	     NULL);
}

/* ---- the guest ---- */

static void guest(uint32_t port, uint16_t op, const void *data, uint32_t len, uint32_t flags)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, port, PEER, op);

	h.len = htole32(len);
	h.flags = htole32(flags);
	vsockdrv_send(&drv, &h, data, len);
}

/* The next packet of a port's is of @op. */
static bool comes(uint32_t port, uint16_t op)
{
	bool came = vsockdrv_recv(&drv, &sib_pkt, SIB_WAIT);

	if (came && le16toh(sib_pkt.h.op) == op && le32toh(sib_pkt.h.dst_port) == port)
		return true;
	tap_diag("the guest got %d, op %u for %u, wanted %u", came, le16toh(sib_pkt.h.op),
		 le32toh(sib_pkt.h.dst_port), op);
	return false;
}

static bool silence(void)
{
	return !vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER);
}

/* It asks, the agent agrees. Return: the agent's number. */
static uint64_t connection(uint32_t port)
{
	uint64_t id;

	guest(port, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	if (!hears_of(VHX_VSOCK_MSG_ASKED))
		tap_bail("the agent is not asked");
	id = msg.conn;
	say(id, VHX_VSOCK_MSG_ACCEPT);
	if (!hears_of(VHX_VSOCK_MSG_OPEN) || !comes(port, VIRTIO_VSOCK_OP_RESPONSE))
		tap_bail("no connection");
	taken = 0;
	return id;
}

/* @len bytes come to the agent as they were sent; it says that it took them, or not. */
static bool arrives(uint64_t id, const uint8_t *want, uint32_t len, bool take)
{
	uint32_t at = 0;

	while (at < len && hears_of(VHX_VSOCK_MSG_DATA)) {
		if (msg.conn != id || at + msg.len > len || memcmp(body, want + at, msg.len))
			return false;
		at += msg.len;
	}
	taken += at;
	if (take)
		say_taken(id, taken);
	return at == len;
}

/* ---- tests ---- */

static void test_none(void)
{
	guest(PORT, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	tap_ok(comes(PORT, RST), "without an agent a guest is rejected");
	msgagent_begin(&m);
	tap_ok(hears_of(VHX_VSOCK_MSG_GUEST) && msg.flags == 1, "an agent comes, and hears of the guest");
}

static void test_asked(void)
{
	uint64_t id;

	guest(PORT, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	tap_ok(hears_of(VHX_VSOCK_MSG_ASKED) && msg.guest_port == PORT && msg.peer_port == PEER &&
	       msg.peer_cid == 2 && msg.sk_type == VIRTIO_VSOCK_TYPE_STREAM, "the agent is asked");
	id = msg.conn;
	guest(PORT, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	tap_ok(silence() && !hears(MSG_QUIET), "who asks again is not asked for again");
	say(id, VHX_VSOCK_MSG_RESET);
	tap_ok(comes(PORT, RST), "it declines, the guest hears");
	id = connection(PORT);
	tap_ok(msg.count == 1 << 20, "it agrees, and hears of the guest's credit");
	tap_ok(le32toh(sib_pkt.h.buf_alloc) == VHX_VSOCK_WINDOW, "the guest hears of its own");
	guest(PORT, RW, bytes, 60000, 0);
	tap_ok(arrives(id, bytes, 60000, true), "60,000 bytes come to the agent");
	say_data(id, bytes, 5000);
	tap_ok(comes(PORT, RW) && le32toh(sib_pkt.h.len) + sizeof(sib_pkt.h) == 4096 &&
	       comes(PORT, RW) && le32toh(sib_pkt.h.len) == 5000 - 4096 + sizeof(sib_pkt.h) &&
	       le32toh(sib_pkt.h.fwd_cnt) == 60000, "5,000 come to the guest, and what was taken");
	guest(PORT, VIRTIO_VSOCK_OP_SHUTDOWN, NULL, 0, VIRTIO_VSOCK_SHUTDOWN_SEND);
	tap_ok(hears_of(VHX_VSOCK_MSG_SHUTDOWN) && msg.flags == VIRTIO_VSOCK_SHUTDOWN_SEND,
	       "the guest sends no more: the agent hears");
	say_data(id, bytes, 10);
	tap_ok(comes(PORT, RW), "and still may send itself");
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_SHUTDOWN, .conn = id, .flags = 3 }, NULL);
	tap_ok(comes(PORT, VIRTIO_VSOCK_OP_SHUTDOWN) && le32toh(sib_pkt.h.flags) == 3,
	       "until it does not either");
	guest(PORT, RST, NULL, 0, 0);
	tap_ok(hears_of(VHX_VSOCK_MSG_RESET) && msg.conn == id, "and the guest ends it");
	guest(PORT, RW, bytes, 10, 0);
	tap_ok(comes(PORT, RST) && !hears(MSG_QUIET), "nothing is left of it");
}

static void test_connect(void)
{
	struct vhx_vsock_msg ask = {
		.type = VHX_VSOCK_MSG_CONNECT, .cookie = 0xc00c1e, .guest_port = PORT,
		.peer_port = PEER, .sk_type = VIRTIO_VSOCK_TYPE_STREAM,
	};
	uint64_t id;

	says(&ask, NULL);
	tap_ok(comes(PORT, VIRTIO_VSOCK_OP_REQUEST) && le64toh(sib_pkt.h.src_cid) == 2 &&
	       le32toh(sib_pkt.h.src_port) == PEER, "the agent asks the guest");
	guest(PORT, VIRTIO_VSOCK_OP_RESPONSE, NULL, 0, 0);
	tap_ok(hears_of(VHX_VSOCK_MSG_OPEN) && msg.cookie == 0xc00c1e, "which agrees");
	id = msg.conn;
	says(&ask, NULL);
	tap_ok(hears_of(VHX_VSOCK_MSG_RESET) && msg.cookie == 0xc00c1e && msg.conn != id,
	       "the same once more cannot be had");
	say(id, VHX_VSOCK_MSG_RESET);
	tap_ok(comes(PORT, RST), "it ends it");
	says(&ask, NULL);
	comes(PORT, VIRTIO_VSOCK_OP_REQUEST);
	guest(PORT, RST, NULL, 0, 0);
	tap_ok(hears_of(VHX_VSOCK_MSG_RESET) && msg.cookie == 0xc00c1e, "a guest that declines");
	says(&ask, NULL);
	comes(PORT, VIRTIO_VSOCK_OP_REQUEST);
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_RESET, .cookie = 0xc00c1e }, NULL);
	tap_ok(comes(PORT, RST) && !hears(MSG_QUIET), "an agent that changes its mind");
	says(&ask, NULL);
	comes(PORT, VIRTIO_VSOCK_OP_REQUEST);
	guest(PORT, VIRTIO_VSOCK_OP_RESPONSE, NULL, 0, 0);
	vsockdrv_taken(&drv);
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_RESET, .cookie = 0xc00c1e }, NULL);
	tap_ok(comes(PORT, RST), "or does so when the guest has just agreed");
	hears(MSG_QUIET);
	ask.sk_type = 7;
	says(&ask, NULL);
	tap_ok(hears_of(VHX_VSOCK_MSG_RESET), "a type that there is not cannot be had");
}

static void test_credit(void)
{
	uint64_t id = connection(PORT);
	uint32_t i;

	/* All that it may have under way, and the agent takes nothing. */
	for (i = 0; i < 4; i++)
		guest(PORT, RW, bytes + i * 65536, 65536, 0);
	tap_ok(arrives(id, bytes, 4 * 65536, false), "a guest may send 256 KiB");
	tap_ok(silence(), "of which nobody says that it was taken");
	say_taken(id, taken);
	tap_ok(comes(PORT, VIRTIO_VSOCK_OP_CREDIT_UPDATE) &&
	       le32toh(sib_pkt.h.fwd_cnt) == VHX_VSOCK_WINDOW, "until the agent has taken it");
	for (i = 0; i < 4; i++)
		guest(PORT, RW, bytes + i * 65536, 65536, 0);
	guest(PORT, RW, bytes, 1, 0);
	tap_ok(comes(PORT, RST), "a byte more is the end of it");
	while (hears(MSG_WAIT) == VHX_VSOCK_MSG_DATA)
		;
	tap_ok(msg.type == VHX_VSOCK_MSG_RESET, "the agent hears, behind what came before");

	id = connection(PORT);
	/* Small ones, which wait together. */
	for (i = 0; i < 500; i++)
		guest(PORT, RW, bytes + i, 1, 0);
	vsockdrv_taken(&drv);
	tap_ok(arrives(id, bytes, 500, true), "500 bytes, one by one");
	for (i = 0; i < 1 << 20; i += 8000) {
		const struct vhx_vsock_msg data = {
			.type = VHX_VSOCK_MSG_DATA, .conn = id, .len = 8000,
		};

		says(&data, bytes);
	}
	/* Of the last one not all is within 1 MiB. */
	for (i = 0; vsockdrv_recv(&drv, &sib_pkt, SIB_WAIT) && le16toh(sib_pkt.h.op) == RW;)
		i += le32toh(sib_pkt.h.len);
	tap_ok(le16toh(sib_pkt.h.op) == RST && i == (1 << 20) / 8000 * 8000,
	       "an agent that sends more than the guest's credit: the end, %u bytes", i);
	tap_ok(hears_of(VHX_VSOCK_MSG_RESET), "which it hears");
}

static void test_nonsense(void)
{
	uint64_t id = connection(PORT);
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, PEER, VIRTIO_VSOCK_OP_CREDIT_UPDATE);

	say_taken(id, 1);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET), "taken what never came: the end");
	id = connection(PORT);
	guest(PORT, RW, bytes, 60000, 0);
	vsockdrv_taken(&drv);
	say_taken(id, 60000);
	tap_ok(comes(PORT, RST), "taken what it was not given yet: the end");
	while (hears(MSG_WAIT) == VHX_VSOCK_MSG_DATA)
		;
	tap_ok(msg.type == VHX_VSOCK_MSG_RESET, "which it hears behind that");
	id = connection(PORT);
	say(id, VHX_VSOCK_MSG_ACCEPT);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET), "agreed twice: the end");
	id = connection(PORT);
	say(id, 99);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET), "a message that there is not: the end");
	say(id, VHX_VSOCK_MSG_RESET);
	say(id + 1000, VHX_VSOCK_MSG_ACCEPT);
	tap_ok(silence() && !hears(MSG_QUIET), "of a connection that there is not: nothing");
	id = connection(PORT);
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_SHUTDOWN, .conn = id, .flags = 2 }, NULL);
	comes(PORT, VIRTIO_VSOCK_OP_SHUTDOWN);
	say_data(id, bytes, 10);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET), "data behind the last: the end");
	id = connection(PORT);
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_SHUTDOWN, .conn = id, .flags = 1 }, NULL);
	comes(PORT, VIRTIO_VSOCK_OP_SHUTDOWN);
	says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_SHUTDOWN, .conn = id, .flags = 1 }, NULL);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET), "an end that is said twice: the end");
	id = connection(PORT);
	guest(PORT, RW, NULL, 0, 0);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET), "R66: data of no bytes: the end");
	connection(PORT);
	h.fwd_cnt = htole32(-1);
	vsockdrv_send(&drv, &h, NULL, 0);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET),
	       "R65: a guest that has taken what was never sent: the end");
	id = connection(PORT);
	guest(PORT, VIRTIO_VSOCK_OP_RESPONSE, NULL, 0, 0);
	tap_ok(comes(PORT, RST) && hears_of(VHX_VSOCK_MSG_RESET),
	       "a guest that agrees to what it asked for: the end");
	id = connection(PORT);
	guest(PORT, VIRTIO_VSOCK_OP_CREDIT_UPDATE, NULL, 0, 0);
	guest(PORT, VIRTIO_VSOCK_OP_CREDIT_REQUEST, NULL, 0, 0);
	tap_ok(comes(PORT, VIRTIO_VSOCK_OP_CREDIT_UPDATE), "one that asks for credit is told");
	say(id, VHX_VSOCK_MSG_RESET);
	comes(PORT, RST);
}

/* As a driver does that has no socket of that port: nothing but ports and CIDs are in the header. */
static void test_forgotten(void)
{
	uint64_t id = connection(PORT);
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, PEER, VIRTIO_VSOCK_OP_CREDIT_UPDATE);

	say_data(id, bytes, 10);
	comes(PORT, RW);
	h.fwd_cnt = htole32(10);
	vsockdrv_send(&drv, &h, NULL, 0);
	h.fwd_cnt = h.buf_alloc = 0;
	h.op = htole16(RST);
	vsockdrv_send(&drv, &h, NULL, 0);
	tap_ok(hears_of(VHX_VSOCK_MSG_RESET) && silence(), "a RST of an empty header is not answered");
}

static void test_death(void)
{
	connection(PORT);
	connection(PORT + 1);
	agent_stop(&m.a);
	tap_ok(vsockdrv_recv_op(&drv, &sib_pkt, PORT, RST, SIB_WAIT) ||
	       vsockdrv_recv_op(&drv, &sib_pkt, PORT + 1, RST, SIB_WAIT),
	       "an agent dies: its connections are over");
	guest(PORT, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	tap_ok(vsockdrv_recv_op(&drv, &sib_pkt, PORT, RST, SIB_WAIT), "and there are no new ones");
	msgagent_begin(&m);
	tap_ok(hears_of(VHX_VSOCK_MSG_GUEST) && connection(PORT) && connection(PORT + 1),
	       "until another comes");
}

static void test_guest(void)
{
	uint32_t over = 0;

	vsockdrv_stop(&drv);
	vsockdrv_reset(&drv);
	while (over < 2 && hears(MSG_WAIT) == VHX_VSOCK_MSG_RESET)
		over++;
	tap_ok(over == 2 && silence(), "a guest boots: the agent hears that both are over");
	connection(PORT);
	vsockdrv_close(&drv);
	while (hears(MSG_WAIT) == VHX_VSOCK_MSG_RESET)
		;
	tap_ok(msg.type == VHX_VSOCK_MSG_GUEST && msg.flags == 0, "it goes: the agent hears");
	sib_open(&drv, SIB_A, NULL);
	tap_ok(hears_of(VHX_VSOCK_MSG_GUEST) && msg.flags == 1 && connection(PORT),
	       "it comes again: the agent hears, and can be asked");
	say(msg.conn, VHX_VSOCK_MSG_RESET);
	comes(PORT, RST);
}

static void test_limits(void)
{
	sib_vhx("vsock limit set 50 conns 1");
	connection(PORT);
	guest(PORT + 1, VIRTIO_VSOCK_OP_REQUEST, NULL, 0, 0);
	tap_ok(comes(PORT + 1, RST), "more connections than it may have: rejected");
	say(msg.conn, VHX_VSOCK_MSG_RESET);
	comes(PORT, RST);
	sib_vhx("vsock limit remove 50");
}

static bool is_there(void)
{
	return sib_show("endpoint list", "[.[] | select(.name == \"50\")] | length") > 0;
}

/* The guest made it, and goes first. */
static void test_left(void)
{
	int ms;

	vsockdrv_close(&drv);
	tap_ok(is_there(), "a guest goes: its endpoint is there as long as an agent serves it");
	agent_stop(&m.a);
	for (ms = 0; ms < SIB_WAIT && is_there(); ms += 100)
		usleep(100000);
	tap_ok(!is_there(), "and goes with that");
}

int main(void)
{
	uint32_t i;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 ^ i >> 8;
	sib_vhx("vsock route flush");
	tap_ok(!sib_vhx("vsock route add to host port %u agent", PEER), "a route to the agent");
	sib_open(&drv, SIB_A, NULL);
	test_none();
	test_asked();
	test_connect();
	test_credit();
	test_nonsense();
	test_forgotten();
	test_death();
	test_guest();
	test_limits();
	test_left();
	sib_vhx("vsock route flush");
	return tap_done();
}
