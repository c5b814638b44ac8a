// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest and its agent, see vsockagent.h.
 */
#include <endian.h>
#include <string.h>

#include "tap.h"
#include "vsockagent.h"

struct msgagent va = {
	.arg = {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_VSOCK,
		.flags = VHX_AGENT_MESSAGES, .name = "50",
		.message_size = VA_SLOT, .messages = 4, .grants = 3,
	},
};
struct vsockdrv va_drv;
struct vhx_vsock_msg va_msg;
uint8_t va_body[VA_SLOT];
uint16_t va_type = VIRTIO_VSOCK_TYPE_STREAM;

/* ---- the agent ---- */

uint32_t va_hears(int ms)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_wait(&va, VHX_AGENT_REQ_MESSAGE, &tag, ms);
	if (!r)
		return 0;
	memcpy(&va_msg, va.a.pool + r->pool_off, sizeof(va_msg));
	if (va_msg.len + sizeof(va_msg) != r->out_len)
		tap_bail("a message of %u bytes says %u", r->out_len, va_msg.len);
	memcpy(va_body, va.a.pool + r->pool_off + sizeof(va_msg), va_msg.len);
	msgagent_commit(&va, tag, r->gen, 0);
	return va_msg.type;
}

bool va_hears_of(uint32_t type)
{
	uint32_t got;

	do
		got = va_hears(MSG_WAIT);
	while (got && got != type && got == VHX_VSOCK_MSG_CREDIT);
	if (got != type)
		tap_diag("the agent heard %u, wanted %u", got, type);
	return got == type;
}

void va_says(const struct vhx_vsock_msg *what, const void *data)
{
	const struct vhx_agent_req *r;
	uint32_t tag;

	r = msgagent_take(&va, VHX_AGENT_REQ_GRANT, &tag);
	memcpy(va.a.pool + r->pool_off, what, sizeof(*what));
	if (what->len)
		memcpy(va.a.pool + r->pool_off + sizeof(*what), data, what->len);
	if (msgagent_commit(&va, tag, r->gen, sizeof(*what) + what->len) != 1)
		tap_diag("a message is not taken");
}

void va_say(uint64_t conn, uint16_t type)
{
	va_says(&(struct vhx_vsock_msg){ .type = type, .conn = conn }, NULL);
}

void va_say_count(uint64_t conn, uint16_t type, uint64_t count)
{
	va_says(&(struct vhx_vsock_msg){ .type = type, .conn = conn, .count = count }, NULL);
}

void va_say_data(uint64_t conn, const void *data, uint32_t len)
{
	va_says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_DATA, .conn = conn, .len = len }, data);
}

/* ---- the guest ---- */

static void send_packet(uint32_t port, uint16_t op, const struct virtio_vsock_hdr *of, const void *data)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&va_drv, port, VA_PEER, op);

	h.type = htole16(va_type);
	h.flags = of->flags;
	h.len = of->len;
	vsockdrv_send(&va_drv, &h, data, le32toh(of->len));
}

void va_guest(uint32_t port, uint16_t op, uint32_t flags)
{
	send_packet(port, op, &(struct virtio_vsock_hdr){ .flags = htole32(flags) }, NULL);
}

void va_guest_sends(uint32_t port, const void *data, uint32_t len, uint32_t flags)
{
	const struct virtio_vsock_hdr of = { .flags = htole32(flags), .len = htole32(len) };

	send_packet(port, VIRTIO_VSOCK_OP_RW, &of, data);
}

bool va_comes(uint32_t port, uint16_t op)
{
	bool came;

	do
		came = vsockdrv_recv(&va_drv, &sib_pkt, SIB_WAIT);
	while (came && op != le16toh(sib_pkt.h.op) &&
	       le16toh(sib_pkt.h.op) == VIRTIO_VSOCK_OP_CREDIT_UPDATE);
	if (came && le16toh(sib_pkt.h.op) == op && le32toh(sib_pkt.h.dst_port) == port)
		return true;
	tap_diag("the guest got %d, op %u for %u, wanted %u for %u", came, le16toh(sib_pkt.h.op),
		 le32toh(sib_pkt.h.dst_port), op, port);
	return false;
}

bool va_silence(void)
{
	return !vsockdrv_recv(&va_drv, &sib_pkt, SIB_NEVER);
}

/* ---- both ---- */

uint64_t va_connection(uint32_t port)
{
	uint64_t id;

	va_guest(port, VIRTIO_VSOCK_OP_REQUEST, 0);
	if (!va_hears_of(VHX_VSOCK_MSG_ASKED))
		tap_bail("the agent is not asked");
	id = va_msg.conn;
	va_say(id, VHX_VSOCK_MSG_ACCEPT);
	if (!va_hears_of(VHX_VSOCK_MSG_OPEN) || !va_comes(port, VIRTIO_VSOCK_OP_RESPONSE))
		tap_bail("no connection");
	return id;
}

bool va_arrives(uint64_t conn, const uint8_t *want, uint32_t len)
{
	uint32_t at = 0;

	while (at < len && va_hears_of(VHX_VSOCK_MSG_DATA)) {
		if (va_msg.conn != conn || at + va_msg.len > len || memcmp(va_body, want + at, va_msg.len))
			return false;
		at += va_msg.len;
	}
	return at == len;
}
