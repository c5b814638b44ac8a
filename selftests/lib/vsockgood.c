// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that nothing may harm, see vsockgood.h. What the others send these guests is passed
 * over.
 */
#include <endian.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vhx_agent_vsock.h>

#include "msgagent.h"
#include "tap.h"
#include "vsockgood.h"
#include "vsockhost.h"

#define STREAM	VIRTIO_VSOCK_TYPE_STREAM
#define RW	VIRTIO_VSOCK_OP_RW
#define HOST_END 31000		/* ports of the guests' that nobody else speaks to */
#define SIB_END	31001
#define AGENT_END 31002

/* One end of a connection, and who is at the other. */
struct end {
	struct vsockdrv *d;
	uint32_t port;
	uint64_t peer;
	uint32_t peer_port;
};

static struct vsockdrv a, b;
static const struct end host_end = { &a, HOST_END, 2, HOST_PORT };
static const struct end a_end = { &a, SIB_END, SIB_B, SIB_END }, b_end = { &b, SIB_END, SIB_A, SIB_END };
static const struct end agent_end = { &b, AGENT_END, 2, GOOD_AGENT_PORT };
static struct msgagent agent = {
	.arg = {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_VSOCK,
		.flags = VHX_AGENT_MESSAGES, .name = "51",
		.message_size = VHX_VSOCK_MSG_SIZE, .messages = 4, .grants = 3,
	},
};
static struct vsockpkt pkt;
static struct vhx_vsock_msg msg;
static uint8_t first;		/* byte of the last message */
static uint64_t conn, taken;	/* the agent's connection */
static int host;
static uint8_t note;

/* ---- guests ---- */

static int send_to(const struct end *e, uint16_t op, const void *data, uint32_t len)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(e->d, e->port, e->peer_port, op);

	h.dst_cid = htole64(e->peer);
	h.len = htole32(len);
	if (op == VIRTIO_VSOCK_OP_SHUTDOWN)
		h.flags = htole32(VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV);
	return vsockdrv_send(e->d, &h, data, len);
}

static bool is_of(const struct end *e)
{
	return le64toh(pkt.h.src_cid) == e->peer && le32toh(pkt.h.src_port) == e->peer_port &&
	       le32toh(pkt.h.dst_port) == e->port && le64toh(pkt.h.dst_cid) == e->d->opt.cid;
}

/* The next packet of the connection's, but for those of credit, is of @op. */
static bool comes(const struct end *e, uint16_t op)
{
	while (vsockdrv_recv(e->d, &pkt, HOST_WAIT)) {
		if (!is_of(e) || le16toh(pkt.h.op) == VIRTIO_VSOCK_OP_CREDIT_UPDATE)
			continue;
		if (le16toh(pkt.h.op) != op)
			tap_diag("port %u: op %u, wanted %u", e->port, le16toh(pkt.h.op), op);
		return le16toh(pkt.h.op) == op;
	}
	tap_diag("port %u: nothing comes, wanted op %u", e->port, op);
	return false;
}

static bool byte_comes(const struct end *e)
{
	return comes(e, RW) && le32toh(pkt.h.len) == 1 && pkt.data[0] == note;
}

/* ---- the agent ---- */

static bool agent_hears(uint32_t type)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	do {
		r = msgagent_wait(&agent, VHX_AGENT_REQ_MESSAGE, &tag, MSG_WAIT);
		if (!r)
			return false;
		memcpy(&msg, agent.a.pool + r->pool_off, sizeof(msg));
		first = agent.a.pool[r->pool_off + sizeof(msg)];
		msgagent_commit(&agent, tag, r->gen, 0);
	} while (msg.type == VHX_VSOCK_MSG_CREDIT);
	if (msg.type != type)
		tap_diag("the agent hears %u, wanted %u", msg.type, type);
	return msg.type == type;
}

static bool agent_says(const struct vhx_vsock_msg *m, const void *data)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_take(&agent, VHX_AGENT_REQ_GRANT, &tag);
	memcpy(agent.a.pool + r->pool_off, m, sizeof(*m));
	memcpy(agent.a.pool + r->pool_off + sizeof(*m), data, m->len);
	return msgagent_commit(&agent, tag, r->gen, sizeof(*m) + m->len) == 1;
}

/* ---- connections ---- */

static bool connect_agent(void)
{
	if (send_to(&agent_end, VIRTIO_VSOCK_OP_REQUEST, NULL, 0) ||
	    !agent_hears(VHX_VSOCK_MSG_ASKED))
		return false;
	conn = msg.conn;
	taken = 0;
	return agent_says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_ACCEPT, .conn = conn }, "") &&
	       agent_hears(VHX_VSOCK_MSG_OPEN) && comes(&agent_end, VIRTIO_VSOCK_OP_RESPONSE);
}

static bool connect_sibling(void)
{
	return !send_to(&a_end, VIRTIO_VSOCK_OP_REQUEST, NULL, 0) &&
	       comes(&b_end, VIRTIO_VSOCK_OP_REQUEST) &&
	       !send_to(&b_end, VIRTIO_VSOCK_OP_RESPONSE, NULL, 0) &&
	       comes(&a_end, VIRTIO_VSOCK_OP_RESPONSE);
}

void good_begin(int listener)
{
	sib_vhx("vsock route flush");
	if (sib_vhx("vsock route add to host port %u agent", GOOD_AGENT_PORT) ||
	    sib_vhx("vsock route add to host host") || sib_vhx("vsock route add sibling"))
		tap_bail("routes");
	sib_open(&a, SIB_A, NULL);
	sib_open(&b, SIB_B, NULL);
	msgagent_begin(&agent);
	if (!agent_hears(VHX_VSOCK_MSG_GUEST))
		tap_bail("the agent has no guest");
	host = guest_connect(&a, listener, HOST_END, STREAM);
	if (host < 0 || !connect_sibling() || !connect_agent())
		tap_bail("connections that are to be left alone");
}

static bool host_well(void)
{
	uint8_t got = ~note;

	return send(host, &note, 1, MSG_NOSIGNAL) == 1 && byte_comes(&host_end) && !send_to(&host_end, RW, &note, 1) &&
	       host_read(host, &got, 1) == 1 && got == note;
}

static bool siblings_well(void)
{
	return !send_to(&a_end, RW, &note, 1) && byte_comes(&b_end) &&
	       !send_to(&b_end, RW, &note, 1) && byte_comes(&a_end);
}

static bool agent_well(void)
{
	const struct vhx_vsock_msg data = { .type = VHX_VSOCK_MSG_DATA, .conn = conn, .len = 1 };
	struct vhx_vsock_msg told = { .type = VHX_VSOCK_MSG_TAKEN, .conn = conn };

	if (send_to(&agent_end, RW, &note, 1) || !agent_hears(VHX_VSOCK_MSG_DATA) ||
	    msg.conn != conn || first != note)
		return false;
	told.count = ++taken;
	return agent_says(&told, "") && agent_says(&data, &note) && byte_comes(&agent_end);
}

bool good_unharmed(void)
{
	bool with_host, siblings, with_agent;

	note++;
	with_host = host_well();
	siblings = siblings_well();
	with_agent = agent_well();
	if (!with_host || !siblings || !with_agent)
		tap_diag("connection with the host %d, of two guests %d, with an agent %d", with_host,
			 siblings, with_agent);
	return with_host && siblings && with_agent;
}

bool good_end(void)
{
	bool ok;

	close(host);
	ok = comes(&host_end, VIRTIO_VSOCK_OP_SHUTDOWN) &&
	     !send_to(&host_end, VIRTIO_VSOCK_OP_RST, NULL, 0);
	ok &= !send_to(&a_end, VIRTIO_VSOCK_OP_RST, NULL, 0) && comes(&b_end, VIRTIO_VSOCK_OP_RST);
	ok &= !send_to(&agent_end, VIRTIO_VSOCK_OP_RST, NULL, 0) && agent_hears(VHX_VSOCK_MSG_RESET);
	ok &= vsockdrv_taken(&a) && vsockdrv_taken(&b);
	agent_stop(&agent.a);
	vsockdrv_close(&a);
	vsockdrv_close(&b);
	sib_vhx("vsock route flush");
	return ok;
}
