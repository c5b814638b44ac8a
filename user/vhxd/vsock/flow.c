// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection: what its socket and its guest say of it. Bytes from the guest go to the socket as fast as
 * that takes them; what it took is what the guest is credited. The other way is speak.c.
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
#include "keep.h"
#include "router.h"

/* --- they come and go --- */

struct flow *flow_new(struct guest *g, enum flow_state state, int fd)
{
	struct flow *f = calloc(1, sizeof(*f));
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	if (!f)
		return NULL;
	f->watch = (struct watch) { WATCH_FLOW, fd };
	f->guest = g;
	f->cookie = keep_cookie(g);
	f->state = state;
	f->out_end = &f->out;
	list_init(&f->due);
	list_init(&f->by_id);
	event.data.ptr = &f->watch;
	if (fd >= 0 && epoll_ctl(g->vsock->epoll, EPOLL_CTL_ADD, fd, &event)) {
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
	keep_number(f);
	if (id)
		list_add(&f->guest->by_id[id % FLOW_BUCKETS], &f->by_id);
}

static void close_socket(struct flow *f)
{
	struct chunk *c;

	keep_forget(f);
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
	f->parts++;
	/* Of what outlives us the kernel keeps it until then, and so many packets at most. */
	if (f->state == FLOW_OPEN &&
	    (f->taken - f->told >= TAKEN_STEP || (f->record && f->parts >= TAKEN_PARTS)))
		flow_say(f, SAY_TAKEN);
}

/* The guest sends no more: of a message that has no end yet there is none. */
static void drop_unfinished(struct flow *f)
{
	struct chunk **at = &f->out;

	if (f->type != VIRTIO_VSOCK_TYPE_SEQPACKET)
		return;
	while (*at && (*at)->whole)
		at = &(*at)->next;
	free(*at);
	*at = NULL;
	f->out_end = at;
}

static void shut_socket(struct flow *f)
{
	if (f->hup & VIRTIO_VSOCK_SHUTDOWN_SEND)
		drop_unfinished(f);
	if (f->out)
		return;
	if (f->hup == VSOCK_SHUT_BOTH || f->state == FLOW_DRAIN)
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
	f->shut = VSOCK_SHUT_BOTH;
	flow_say(f, SAY_SHUTDOWN);
}

static void flush_out(struct flow *f)
{
	struct chunk *c;
	ssize_t n;

	while ((c = f->out) && (f->type == VIRTIO_VSOCK_TYPE_STREAM || c->whole)) {
		keep_begin(f);
		n = send(f->watch.fd, c->data + c->off, c->len - c->off, MSG_NOSIGNAL);
		keep_sent(f, n);
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
	struct chunk **at = f->out_end, *c;
	uint32_t had = 0;

	if (f->type == VIRTIO_VSOCK_TYPE_SEQPACKET)
		for (at = &f->out; *at && (*at)->whole; at = &(*at)->next)
			;
	if (*at)
		had = (*at)->len;
	if (had + m->len > VHX_VSOCK_WINDOW)
		return -EMSGSIZE;
	c = realloc(*at, sizeof(*c) + had + m->len);
	if (!c)
		return -ENOMEM;
	if (!*at)
		*c = (struct chunk) { 0 };
	memcpy(c->data + had, data, m->len);
	c->len = had + m->len;
	c->whole = m->flags & VIRTIO_VSOCK_SEQ_EOM;
	*at = c;
	f->out_end = &c->next;
	return 0;
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
	keep_flow(f);
	flow_say(f, SAY_CONNECT);
}

/* It had only ended what it sends, perhaps, and the guest knows of that. */
static void hung_up(struct flow *f)
{
	f->hung = true;
	if (!f->shut)
		return;
	f->shut = VSOCK_SHUT_BOTH;
	flow_say(f, SAY_SHUTDOWN);
}

void flow_event(struct flow *f, uint32_t events)
{
	if (f->watch.fd < 0 || f->state == FLOW_PARKED)
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
	if (flow_wants_to_read(f))
		flow_say(f, 0);
}

/* --- messages of the guest --- */

struct flow *flow_find(struct guest *g, uint64_t id)
{
	struct flow *f;

	list_for_each(f, &g->by_id[id % FLOW_BUCKETS], by_id)
		if (f->id == id)
			return f;
	return NULL;
}

struct flow *flow_find_cookie(struct guest *g, uint64_t cookie)
{
	struct flow *f;

	list_for_each(f, &g->flows, all)
		if (f->cookie == cookie && !f->id)
			return f;
	return NULL;
}

/* @fd -1: it has no socket. */
static struct flow *flow_asked(struct guest *g, const struct vhx_vsock_msg *m, int fd)
{
	struct flow *f = flow_new(g, FLOW_ASKED, fd);

	if (!f)
		return NULL;
	flow_number(f, m->conn);
	f->type = m->sk_type;
	f->guest_port = m->guest_port;
	f->peer_cid = m->peer_cid;
	f->peer_port = m->peer_port;
	return f;
}

/* It is a flow until the guest was told. Without memory that waits, until the guest is tired of it. */
void flow_refuse(struct guest *g, const struct vhx_vsock_msg *m, int err)
{
	struct flow *f = flow_asked(g, m, -1);

	if (!f)
		return;
	audit(f, "refused", msg_errno(err));
	flow_over(f);
}

static void on_asked(struct guest *g, const struct vhx_vsock_msg *m)
{
	struct flow *f;
	int fd;

	fd = g->nflows < FLOWS_MAX ? unix_connect(g, m->peer_port, m->sk_type) : -EDQUOT;
	if (fd < 0) {
		flow_refuse(g, m, fd);
		return;
	}
	f = flow_asked(g, m, fd);
	if (f) {
		keep_flow(f);
		flow_say(f, SAY_ACCEPT);
		return;
	}
	close(fd);
	flow_refuse(g, m, -ENOMEM);
}

static void say_ok(struct flow *f)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "OK %u\n", f->peer_port);
	bool sent;

	keep_begin(f);
	sent = send(f->watch.fd, line, (size_t)n, MSG_NOSIGNAL) == n;
	f->hello = false;
	keep_greeted(f);
	if (!sent)
		broken(f);
}

void flow_opened(struct flow *f)
{
	f->state = FLOW_OPEN;
	if (f->hello)
		say_ok(f);
	/* Edges that came before count. */
	f->readable = f->watch.fd >= 0;
	flow_say(f, 0);
}

static void on_open(struct flow *f, const struct vhx_vsock_msg *m)
{
	flow_number(f, m->conn);
	f->asked = false;
	if (f->state == FLOW_OVER)
		return;
	f->credit = m->count;
	audit(f, "open", NULL);
	flow_opened(f);
}

static void on_data(struct flow *f, const struct vhx_vsock_msg *m, const uint8_t *data)
{
	int ret;

	if (f->watch.fd < 0)
		return;
	ret = add_out(f, m, data);
	if (ret) {
		log_warning("vsock %u: a message cannot be kept (%s)", f->guest->conf.cid, msg_errno(ret));
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
	drop_unfinished(f);
	if (!f->out || f->watch.fd < 0 || f->state == FLOW_PARKED) {
		flow_free(f);
		return;
	}
	/* Of this one the kernel knows nothing any more: there is nobody to go on with it. */
	keep_drop(f);
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
		if (flow_wants_to_read(f))
			flow_say(f, 0);
		break;
	case VHX_VSOCK_MSG_SHUTDOWN:
		f->hup |= m->flags;
		if (f->watch.fd < 0 && f->hup == VSOCK_SHUT_BOTH)
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
		guest_is_there(g, m->flags);
		if (m->flags)
			keep_all_heard(g);
		return;
	}
	if (m->type == VHX_VSOCK_MSG_PARKED) {
		keep_parked(g, m, data);
		return;
	}
	if (m->type == VHX_VSOCK_MSG_ASKED) {
		on_asked(g, m);
		return;
	}
	f = flow_find(g, m->conn);
	if (!f && m->cookie)
		f = flow_find_cookie(g, m->cookie);
	if (f)
		on_flow(f, m, data);
}
