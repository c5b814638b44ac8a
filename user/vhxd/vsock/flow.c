// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection: bytes from the socket to the guest as far as the guest has credit, and from the guest to
 * the socket as fast as that takes them; what it took is what the guest is credited.
 */
#include <errno.h>
#include <linux/virtio_vsock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../log.h"
#include "router.h"

#define SHUT_BOTH	(VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND)
#define SEQ_FLAGS	(VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR)

/* --- they come and go --- */

struct flow *flow_new(struct guest *g, enum flow_state state, int fd)
{
	struct flow *f = calloc(1, sizeof(*f));
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	if (!f)
		return NULL;
	f->watch = (struct watch) { WATCH_FLOW, fd };
	f->guest = g;
	f->cookie = ++g->cookies;
	f->state = state;
	f->out_end = &f->out;
	list_init(&f->due);
	list_init(&f->by_id);
	event.data.ptr = &f->watch;
	if (epoll_ctl(g->vsock->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(f);
		return NULL;
	}
	list_add(&g->flows, &f->all);
	g->nflows++;
	return f;
}

/* The kernel calls it so; 0: not any more. */
void flow_number(struct flow *f, uint64_t id)
{
	list_del(&f->by_id);
	f->id = id;
	if (id)
		list_add(&f->guest->by_id[id % FLOW_BUCKETS], &f->by_id);
}

static void close_socket(struct flow *f)
{
	struct chunk *c;

	if (f->watch.fd >= 0)
		close(f->watch.fd);
	f->watch.fd = -1;
	f->readable = false;
	while ((c = f->out)) {
		f->out = c->next;
		free(c);
	}
	f->out_end = &f->out;
	free(f->message);
	f->message = NULL;
}

void flow_free(struct flow *f)
{
	close_socket(f);
	list_del(&f->due);
	list_del(&f->by_id);
	list_del(&f->all);
	f->guest->nflows--;
	free(f);
}

void flow_say(struct flow *f, unsigned int what)
{
	f->say |= what;
	if (list_empty(&f->due))
		list_add(&f->guest->due, &f->due);
}

/* Events of this socket may still be in what epoll said: so it is freed by the turn. */
void flow_over(struct flow *f)
{
	if (f->state == FLOW_OVER)
		return;
	if (f->state == FLOW_OPEN)
		audit(f, "closed", NULL);
	close_socket(f);
	f->state = FLOW_OVER;
	f->say = 0;
	flow_say(f, SAY_RESET);
}

/* --- to the socket --- */

static void taken(struct flow *f, uint32_t n)
{
	f->taken += n;
	if (f->state == FLOW_OPEN && f->taken - f->told >= TAKEN_STEP)
		flow_say(f, SAY_TAKEN);
}

static void shut_socket(struct flow *f)
{
	if (f->out)
		return;
	if (f->hup == SHUT_BOTH || f->state == FLOW_DRAIN)
		flow_over(f);
	else if (f->hup & VIRTIO_VSOCK_SHUTDOWN_SEND)
		shutdown(f->watch.fd, SHUT_WR);
}

/* The other end is gone, or reads no more: the guest is told, and what it sends is for nobody. */
static void broken(struct flow *f)
{
	if (f->state == FLOW_DRAIN) {
		flow_over(f);
		return;
	}
	close_socket(f);
	f->shut = SHUT_BOTH;
	flow_say(f, SAY_SHUTDOWN);
}

static void flush_out(struct flow *f)
{
	struct chunk *c;
	ssize_t n;

	while ((c = f->out) && (f->type == VIRTIO_VSOCK_TYPE_STREAM || c->whole)) {
		n = send(f->watch.fd, c->data + c->off, c->len - c->off, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			broken(f);
			return;
		}
		if (n < 0)
			return;
		c->off += (uint32_t)n;
		taken(f, (uint32_t)n);
		if (c->off < c->len)
			continue;
		f->out = c->next;
		if (!f->out)
			f->out_end = &f->out;
		free(c);
	}
	if (f->hup || f->state == FLOW_DRAIN)
		shut_socket(f);
}

/* A message of SOCK_SEQPACKET is put together first. Return: 0 or -ENOMEM, -EMSGSIZE. */
static int add_out(struct flow *f, const struct vhx_vsock_msg *m, const uint8_t *data)
{
	struct chunk **at = &f->out, *c;
	uint32_t had = 0;

	if (f->type == VIRTIO_VSOCK_TYPE_SEQPACKET) {
		while (*at && (*at)->whole)
			at = &(*at)->next;
		had = *at ? (*at)->len : 0;
	} else {
		at = f->out_end;
	}
	if (had + m->len > VHX_VSOCK_WINDOW)
		return -EMSGSIZE;
	c = realloc(had ? *at : NULL, sizeof(*c) + had + m->len);
	if (!c)
		return -ENOMEM;
	if (!had)
		*c = (struct chunk) { 0 };
	memcpy(c->data + had, data, m->len);
	c->len = had + m->len;
	c->whole = m->flags & VIRTIO_VSOCK_SEQ_EOM;
	*at = c;
	f->out_end = &c->next;
	return 0;
}

/* --- from the socket --- */

/* Nothing more comes from it. */
static void ended(struct flow *f, bool gone)
{
	f->readable = false;
	f->shut = gone ? SHUT_BOTH : VIRTIO_VSOCK_SHUTDOWN_SEND;
	flow_say(f, SAY_SHUTDOWN);
}

static struct vhx_vsock_msg head(const struct flow *f, uint16_t type)
{
	return (struct vhx_vsock_msg) { .type = type, .conn = f->id };
}

static uint32_t at_most(const struct flow *f, uint32_t room)
{
	uint64_t credit = f->credit - f->sent;

	if (room > VHX_VSOCK_MSG_DATA_MAX)
		room = VHX_VSOCK_MSG_DATA_MAX;
	return credit < room ? (uint32_t)credit : room;
}

/* Return: bytes; 0 at its end; -EAGAIN. */
static ssize_t receive(struct flow *f, void *to, size_t room, int flags)
{
	ssize_t n;

	do
		n = recv(f->watch.fd, to, room, flags);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Into a slot. Return: whether something was sent. */
static bool read_stream(struct flow *f)
{
	struct vhx_vsock_msg m = head(f, VHX_VSOCK_MSG_DATA);
	uint32_t room;
	void *to = slot_data(f->guest, &room);
	ssize_t n;

	room = at_most(f, room);
	if (!room)
		return false;
	n = receive(f, to, room, 0);
	if (n <= 0) {
		if (n == -EAGAIN)
			f->readable = false;
		else
			ended(f, n < 0 || f->hung);
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
	if (n == -EAGAIN) {
		f->readable = false;
		return false;
	}
	if (n <= 0) {
		ended(f, n < 0 || f->hung);
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
	room = at_most(f, room);
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

static bool wants_to_read(const struct flow *f)
{
	return f->state == FLOW_OPEN && (f->readable || f->message) && f->sent < f->credit &&
	       !(f->hup & VIRTIO_VSOCK_SHUTDOWN_RCV);
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

static void say_one(struct flow *f, unsigned int what)
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
		m.type = VHX_VSOCK_MSG_TAKEN;
		m.count = f->told = f->taken;
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
		say_one(f, what);
	return what;
}


/* One message of a flow. */
static void speak(struct flow *f)
{
	if (f->state == FLOW_OVER) {
		if (f->id || f->asked)
			say_one(f, SAY_RESET);
		flow_free(f);
		return;
	}
	if (say_first(f, SAY_CONNECT)) {
		f->asked = true;
	} else if (!say_first(f, SAY_ACCEPT) &&
		   !(wants_to_read(f) && (f->type == VIRTIO_VSOCK_TYPE_STREAM ? read_stream(f) :
									       read_part(f)))) {
		if (f->state != FLOW_OVER)
			say_first(f, SAY_TAKEN | SAY_SHUTDOWN);
	}
	list_del(&f->due);
	if (f->say || wants_to_read(f))
		list_add(&f->guest->due, &f->due);
}

void guest_turn(struct guest *g)
{
	while (slot_free(g) && !list_empty(&g->due))
		speak(list_entry(g->due.next, struct flow, due));
}

/* --- events of the socket --- */

static void on_hello(struct flow *f)
{
	int ret = unix_hello(f);

	if (ret == -EAGAIN)
		return;
	if (ret) {
		audit(f, "refused", "no CONNECT");
		flow_over(f);
		return;
	}
	f->state = FLOW_ASKING;
	flow_say(f, SAY_CONNECT);
}

/* It had only ended what it sends, perhaps, and the guest knows of that. */
static void hung_up(struct flow *f)
{
	f->hung = true;
	if (!f->shut)
		return;
	f->shut = SHUT_BOTH;
	flow_say(f, SAY_SHUTDOWN);
}

void flow_event(struct flow *f, uint32_t events)
{
	if (f->watch.fd < 0)
		return;
	if (f->state == FLOW_HELLO) {
		on_hello(f);
		return;
	}
	if (f->state == FLOW_ASKING) {
		f->readable = true;
		if (events & EPOLLHUP)
			flow_over(f);
		return;
	}
	if (events & EPOLLHUP)
		hung_up(f);
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		f->readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && f->out)
		flush_out(f);
	if (wants_to_read(f))
		flow_say(f, 0);
}

/* --- messages of the guest --- */

static struct flow *find(struct guest *g, uint64_t id)
{
	struct flow *f;

	list_for_each(f, &g->by_id[id % FLOW_BUCKETS], by_id)
		if (f->id == id)
			return f;
	return NULL;
}

static struct flow *find_cookie(struct guest *g, uint64_t cookie)
{
	struct flow *f;

	list_for_each(f, &g->flows, all)
		if (f->cookie == cookie && !f->id)
			return f;
	return NULL;
}

/* Of no flow: there is nothing but that to be said. */
static void refuse(struct guest *g, const struct vhx_vsock_msg *m, int err)
{
	struct flow f = {
		.guest = g, .id = m->conn, .guest_port = m->guest_port,
		.peer_cid = m->peer_cid, .peer_port = m->peer_port,
	};
	struct flow *late;

	audit(&f, "refused", msg_errno(err));
	if (slot_free(g)) {
		say_one(&f, SAY_RESET);
		return;
	}
	late = calloc(1, sizeof(*late));
	if (!late)
		return;
	*late = f;
	late->watch.fd = -1;
	late->state = FLOW_OVER;
	late->out_end = &late->out;
	list_init(&late->due);
	list_init(&late->by_id);
	list_add(&g->flows, &late->all);
	g->nflows++;
	flow_say(late, SAY_RESET);
}

static void on_asked(struct guest *g, const struct vhx_vsock_msg *m)
{
	struct flow *f;
	int fd;

	fd = g->nflows < FLOWS_MAX ? unix_connect(g, m->peer_port, m->sk_type) : -EDQUOT;
	if (fd < 0) {
		refuse(g, m, fd);
		return;
	}
	f = flow_new(g, FLOW_ASKED, fd);
	if (!f) {
		close(fd);
		refuse(g, m, -ENOMEM);
		return;
	}
	flow_number(f, m->conn);
	f->type = m->sk_type;
	f->guest_port = m->guest_port;
	f->peer_cid = m->peer_cid;
	f->peer_port = m->peer_port;
	flow_say(f, SAY_ACCEPT);
}

static void say_ok(struct flow *f)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "OK %u\n", f->peer_port);

	if (send(f->watch.fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		broken(f);
}

static void on_open(struct flow *f, const struct vhx_vsock_msg *m)
{
	flow_number(f, m->conn);
	f->asked = false;
	if (f->state == FLOW_OVER)
		return;
	f->state = FLOW_OPEN;
	f->credit = m->count;
	audit(f, "open", NULL);
	if (f->hello)
		say_ok(f);
	/* Edges that came before count. */
	f->readable = true;
	flow_say(f, 0);
}

static void on_data(struct flow *f, const struct vhx_vsock_msg *m, const uint8_t *data)
{
	int ret;

	if (f->watch.fd < 0)
		return;
	ret = add_out(f, m, data);
	if (ret) {
		log_warning("vsock %u: a message cannot be kept (%s)", f->guest->conf->cid, msg_errno(ret));
		flow_over(f);
		return;
	}
	flush_out(f);
}

/* What it sent before is for the socket still: a guest does not wait for that for ever. */
static void on_reset(struct flow *f)
{
	if (f->state == FLOW_OPEN)
		audit(f, "closed", "by the guest");
	else if (f->state != FLOW_OVER)
		audit(f, "refused", "by the guest");
	if (!f->out || f->watch.fd < 0) {
		flow_free(f);
		return;
	}
	flow_number(f, 0);
	f->asked = false;
	f->say = 0;
	f->state = FLOW_DRAIN;
}

static void on_flow(struct flow *f, const struct vhx_vsock_msg *m, const uint8_t *data)
{
	switch (m->type) {
	case VHX_VSOCK_MSG_OPEN:
		on_open(f, m);
		break;
	case VHX_VSOCK_MSG_DATA:
		on_data(f, m, data);
		break;
	case VHX_VSOCK_MSG_CREDIT:
		f->credit = m->count;
		if (wants_to_read(f))
			flow_say(f, 0);
		break;
	case VHX_VSOCK_MSG_SHUTDOWN:
		f->hup |= m->flags;
		if (f->watch.fd < 0 && f->hup == SHUT_BOTH)
			flow_over(f);
		else if (f->watch.fd >= 0)
			shut_socket(f);
		break;
	case VHX_VSOCK_MSG_RESET:
		on_reset(f);
		break;
	}
}

static void all_over(struct guest *g)
{
	struct flow *f, *next;

	list_for_each_safe(f, next, &g->flows, all)
		if (f->state != FLOW_HELLO && f->state != FLOW_DRAIN)
			on_reset(f);
}

void flow_message(struct guest *g, const struct vhx_vsock_msg *m, const uint8_t *data)
{
	struct flow *f;

	if (m->type == VHX_VSOCK_MSG_GUEST) {
		/* What there was before is over, whether it comes or goes. */
		if (!m->flags)
			all_over(g);
		return;
	}
	if (m->type == VHX_VSOCK_MSG_ASKED) {
		on_asked(g, m);
		return;
	}
	f = find(g, m->conn);
	if (!f && m->cookie)
		f = find_cookie(g, m->cookie);
	if (f)
		on_flow(f, m, data);
}
