// SPDX-License-Identifier: GPL-2.0-only
/* A connection that outlives the process: what is written down of it, and when. */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_vsock.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "keep.h"

#define SEQ_FLAGS	(VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR)

void keep_name(const struct record *r, char name[STORE_NAME_LEN])
{
	snprintf(name, STORE_NAME_LEN, "vhxd.flow.%" PRIu64, r->cookie);
}

static struct keep *keep_of(const struct flow *f)
{
	return f->guest->vsock->keep;
}

/* --- its record --- */

/* The record before the socket: a socket without one is closed by who comes next. */
void keep_flow(struct flow *f)
{
	const struct record as = {
		.cookie = f->cookie, .id = f->id, .cid = f->guest->conf.cid, .guest_port = f->guest_port,
		.peer_cid = f->peer_cid, .peer_port = f->peer_port, .type = f->type, .of_host = f->of_host,
		.hello = f->hello,
	};
	char name[STORE_NAME_LEN];
	struct ledger *l;
	struct record *r;

	if (!keep_is(f->guest))
		return;
	l = &keep_of(f)->ledger;
	r = ledger_add(l, &as);
	if (!r)
		return;
	keep_name(r, name);
	if (store_put(name, f->watch.fd)) {
		ledger_remove(l, r);
		return;
	}
	f->record = r;
	keep_of(f)->owner[ledger_index(l, r)] = f;
}

void keep_number(struct flow *f)
{
	if (f->record && f->id)
		ledger_set(&f->record->id, f->id);
}

void keep_drop(struct flow *f)
{
	char name[STORE_NAME_LEN];
	struct ledger *l;

	if (!f->record)
		return;
	l = &keep_of(f)->ledger;
	keep_name(f->record, name);
	keep_of(f)->owner[ledger_index(l, f->record)] = NULL;
	ledger_remove(l, f->record);
	f->record = NULL;
	store_remove(name);
}

/* The store has it open still, for a moment: the other end is to see that nobody else has. */
void keep_forget(struct flow *f)
{
	if (!f->record)
		return;
	shutdown(f->watch.fd, SHUT_RDWR);
	keep_drop(f);
}

/* --- to the socket --- */

void keep_begin(struct flow *f)
{
	if (f->record)
		ledger_set(&f->record->intent, true);
}

static void end(struct record *r)
{
	ledger_set(&r->intent, false);
}

void keep_sent(struct flow *f, ssize_t n)
{
	if (!f->record)
		return;
	if (n > 0)
		ledger_set(&f->record->taken, f->record->taken + (uint64_t)n);
	end(f->record);
}

void keep_greeted(struct flow *f)
{
	if (!f->record)
		return;
	ledger_set(&f->record->hello, false);
	end(f->record);
}

/* --- from the socket --- */

/* Where messages end is not written down: so there is one at a time. */
static bool has_room(const struct flow *f)
{
	const uint64_t waits = f->record->read - f->record->accepted;

	return f->type == VIRTIO_VSOCK_TYPE_SEQPACKET ? !waits : waits < LEDGER_RING;
}

bool keep_wants_to_read(const struct flow *f)
{
	return f->record->read > f->sent || (f->readable && has_room(f));
}

/* Up to @len bytes into the ring. Return: whether there are any. */
static bool read_some(struct flow *f, uint32_t len)
{
	struct record *r = f->record;
	struct iovec piece[2];
	struct msghdr m = { .msg_iov = piece };
	ssize_t n;

	m.msg_iovlen = (size_t)ledger_pieces(&keep_of(f)->ledger, r, r->read, len, piece);
	keep_begin(f);
	n = flow_receive(f, &m, 0);
	if (n > 0)
		ledger_set(&r->read, r->read + (uint64_t)n);
	end(r);
	if (n <= 0)
		flow_ended(f, n);
	return n > 0;
}

/* No more than goes into the next slot: what is in the ring is to be there for a short time. */
static bool read_stream(struct flow *f, uint32_t room)
{
	const uint64_t left = LEDGER_RING - (f->record->read - f->record->accepted);

	return read_some(f, left < room ? (uint32_t)left : room);
}

static bool read_message(struct flow *f)
{
	struct msghdr none = { 0 };
	ssize_t n = flow_receive(f, &none, MSG_PEEK | MSG_TRUNC);

	if (n <= 0) {
		flow_ended(f, n);
		return false;
	}
	if (n > MESSAGE_MAX) {
		flow_over(f);
		return false;
	}
	return read_some(f, (uint32_t)n);
}

/* A part of what is in the ring into the next slot. */
static void send_part(struct flow *f, void *to, uint32_t room)
{
	const uint64_t left = f->record->read - f->sent;
	struct vhx_vsock_msg m = { .type = VHX_VSOCK_MSG_DATA, .conn = f->id };
	struct keep *k = keep_of(f);

	m.len = left < room ? (uint32_t)left : room;
	ledger_copy(&k->ledger, f->record, f->sent, to, m.len);
	f->sent += m.len;
	if (f->type == VIRTIO_VSOCK_TYPE_SEQPACKET && f->sent == f->record->read)
		m.flags = SEQ_FLAGS;
	k->slot[slot_send(f->guest, &m)] = (struct kept_slot) { f->record, f->cookie, f->sent };
}

bool keep_pass_on(struct flow *f)
{
	uint32_t room;
	void *to = slot_data(f->guest, &room);
	bool any = f->record->read > f->sent;

	room = flow_at_most(f, room);
	if (!any)
		any = f->type == VIRTIO_VSOCK_TYPE_SEQPACKET ? read_message(f) : read_stream(f, room);
	if (any)
		send_part(f, to, room);
	return any;
}

void keep_granted(struct vsock *v, uint32_t tag)
{
	struct kept_slot *s = v->keep ? &v->keep->slot[tag] : NULL;
	struct record *r = s ? s->record : NULL;
	struct flow *f;

	if (!r)
		return;
	s->record = NULL;
	if (r->cookie != s->cookie)
		return;
	if (s->end > r->accepted)
		ledger_set(&r->accepted, s->end);
	f = v->keep->owner[ledger_index(&v->keep->ledger, r)];
	if (f && flow_wants_to_read(f))
		flow_say(f, 0);
}
