// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel is told of connections: one message at a time, a connection after the other, as far
 * as there are slots; and bytes of the sockets, as far as the guest has credit, straight into a slot.
 */
#include <errno.h>
#include <linux/virtio_vsock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "keep.h"
#include "router.h"

#define SEQ_FLAGS	(VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR)

/* --- from the socket --- */

/* Nothing more comes from it, for now or for ever. */
void flow_ended(struct flow *f, ssize_t why)
{
	f->readable = false;
	if (why == -EAGAIN)
		return;
	f->shut = why < 0 || f->hung ? VSOCK_SHUT_BOTH : VIRTIO_VSOCK_SHUTDOWN_SEND;
	flow_say(f, SAY_SHUTDOWN);
}

static struct vhx_vsock_msg head(const struct flow *f, uint16_t type)
{
	return (struct vhx_vsock_msg) { .type = type, .conn = f->id };
}

uint32_t flow_at_most(const struct flow *f, uint32_t room)
{
	uint64_t credit = f->credit - f->sent;

	if (room > VHX_VSOCK_MSG_DATA_MAX)
		room = VHX_VSOCK_MSG_DATA_MAX;
	return credit < room ? (uint32_t)credit : room;
}

ssize_t flow_receive(struct flow *f, struct msghdr *to, int flags)
{
	ssize_t n;

	do
		n = recvmsg(f->watch.fd, to, flags);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t receive(struct flow *f, void *to, size_t room, int flags)
{
	struct iovec piece = { to, room };

	return flow_receive(f, &(struct msghdr){ .msg_iov = &piece, .msg_iovlen = 1 }, flags);
}

/* Into a slot. Return: whether something was sent. */
static bool read_stream(struct flow *f)
{
	struct vhx_vsock_msg m = head(f, VHX_VSOCK_MSG_DATA);
	uint32_t room;
	void *to = slot_data(f->guest, &room);
	ssize_t n;

	room = flow_at_most(f, room);
	if (!room)
		return false;
	n = receive(f, to, room, 0);
	if (n <= 0) {
		flow_ended(f, n);
		return false;
	}
	m.len = (uint32_t)n;
	f->sent += m.len;
	slot_send(f->guest, &m);
	return true;
}

/* The next message, as a whole. Return: whether there is one. */
static bool read_message(struct flow *f)
{
	ssize_t n;

	if (f->message)
		return true;
	n = receive(f, NULL, 0, MSG_PEEK | MSG_TRUNC);
	if (n <= 0) {
		flow_ended(f, n);
		return false;
	}
	f->message = n <= MESSAGE_MAX ? malloc((size_t)n) : NULL;
	if (!f->message || receive(f, f->message, (size_t)n, 0) != n) {
		flow_over(f);
		return false;
	}
	f->message_len = (uint32_t)n;
	f->message_off = 0;
	return true;
}

static bool read_part(struct flow *f)
{
	struct vhx_vsock_msg m = head(f, VHX_VSOCK_MSG_DATA);
	uint32_t room;
	void *to;

	if (!read_message(f))
		return false;
	to = slot_data(f->guest, &room);
	room = flow_at_most(f, room);
	if (!room)
		return false;
	m.len = f->message_len - f->message_off;
	if (m.len > room)
		m.len = room;
	memcpy(to, f->message + f->message_off, m.len);
	f->message_off += m.len;
	f->sent += m.len;
	if (f->message_off == f->message_len) {
		m.flags = SEQ_FLAGS;
		free(f->message);
		f->message = NULL;
	}
	slot_send(f->guest, &m);
	return true;
}

bool flow_wants_to_read(const struct flow *f)
{
	if (f->state != FLOW_OPEN || f->sent >= f->credit || f->hup & VIRTIO_VSOCK_SHUTDOWN_RCV)
		return false;
	return f->record ? keep_wants_to_read(f) : f->readable || f->message;
}

/* --- what there is to say --- */

static void say_connect(struct flow *f)
{
	const struct vhx_vsock_msg m = {
		.type = VHX_VSOCK_MSG_CONNECT,
		.cookie = f->cookie,
		.guest_port = f->guest_port,
		.peer_port = f->peer_port,
		.sk_type = f->type,
	};

	slot_send(f->guest, &m);
}

void flow_say_now(struct flow *f, unsigned int what)
{
	struct vhx_vsock_msg m = head(f, 0);

	switch (what) {
	case SAY_CONNECT:
		say_connect(f);
		return;
	case SAY_ACCEPT:
		m.type = VHX_VSOCK_MSG_ACCEPT;
		break;
	case SAY_TAKEN:
	case SAY_RESUME:
		m.type = what == SAY_TAKEN ? VHX_VSOCK_MSG_TAKEN : VHX_VSOCK_MSG_RESUME;
		m.count = f->told = f->taken;
		f->parts = 0;
		break;
	case SAY_SHUTDOWN:
		m.type = VHX_VSOCK_MSG_SHUTDOWN;
		m.flags = f->shut & ~f->said;
		f->said |= f->shut;
		if (!m.flags)
			return;
		break;
	default:
		m.type = VHX_VSOCK_MSG_RESET;
		m.cookie = f->id ? 0 : f->cookie;
		break;
	}
	slot_send(f->guest, &m);
}

static bool say_first(struct flow *f, unsigned int of)
{
	unsigned int what = f->say & of & -(f->say & of);

	f->say &= ~what;
	if (what)
		flow_say_now(f, what);
	return what;
}

/* Return: whether something of the socket's was sent. */
static bool pass_on(struct flow *f)
{
	if (!flow_wants_to_read(f))
		return false;
	if (f->record)
		return keep_pass_on(f);
	return f->type == VIRTIO_VSOCK_TYPE_STREAM ? read_stream(f) : read_part(f);
}

/* One message of a flow. */
static void speak(struct flow *f)
{
	if (f->state == FLOW_OVER) {
		if (f->id || f->asked)
			flow_say_now(f, SAY_RESET);
		flow_free(f);
		return;
	}
	if (say_first(f, SAY_CONNECT)) {
		f->asked = true;
	} else if (!say_first(f, SAY_ACCEPT | SAY_RESUME) && !pass_on(f)) {
		if (f->state != FLOW_OVER)
			say_first(f, SAY_TAKEN | SAY_SHUTDOWN);
	}
	list_del(&f->due);
	if (f->say || flow_wants_to_read(f))
		list_add(&f->guest->due, &f->due);
}

void guest_turn(struct guest *g)
{
	while (slot_free(g) && !list_empty(&g->due))
		speak(list_entry(g->due.next, struct flow, due));
}
