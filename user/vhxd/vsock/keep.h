/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of vsock outlives the process: sockets in the service manager's store, and of each connection a
 * record in the ledger. Of guests that have no grace, and where there is no store, nothing does; then
 * all of these do nothing.
 *
 * What is sent to a socket, or read from it, is struck out of the record once it is known: a connection
 * where a SIGKILL came in between is not gone on with. Bytes that were read stay in the record's ring until
 * the kernel has them; what came from the guest the kernel keeps until the socket has it.
 */
#ifndef _VHXD_VSOCK_KEEP_H
#define _VHXD_VSOCK_KEEP_H

#include "ledger.h"
#include "router.h"
#include "store.h"

/**
 * struct kept_slot - a message on its way to the kernel
 * @record: of the connection that it is of; NULL: nobody waits for it
 * @cookie: of that; @end: bytes of it in all, with this message
 */
struct kept_slot {
	struct record *record;
	uint64_t cookie;
	uint64_t end;
};

/**
 * struct keep - see above
 * @owner: connections by their records' indices
 * @slot: by tag
 * @longest: grace of any guest, seconds
 * @timer: when those of a former process are waited for no more
 */
struct keep {
	struct store store;
	struct ledger ledger;
	struct flow **owner;
	struct kept_slot *slot;
	unsigned int longest;
	struct watch timer;
};

static inline bool keep_is(const struct guest *g)
{
	return g->vsock->keep && g->conf.grace;
}

/* keep.c: begin and end */
int keep_open(struct vsock *vsock, const struct conf *conf, struct msg *msg);
/* Nobody has a use for what a former process left. */
void keep_nothing(void);
/* With all guests there: connections of the former process are looked for. */
int keep_go_on(struct vsock *vsock, struct msg *msg);
/* For a guest that @conf is of. */
uint32_t keep_grace_ms(const struct vsock *vsock, const struct vsock_conf *conf);
/* Return: the listener's socket, as a former process had it; or -1. */
int keep_listener(const struct listener *listener);
void keep_listening(const struct listener *listener, int fd);
void keep_listening_no_more(const struct listener *listener);
/* A number that no connection has had. */
uint64_t keep_cookie(struct guest *guest);

/* keep_flow.c: a connection */
void keep_name(const struct record *record, char name[STORE_NAME_LEN]);
/* It is about to be told to the kernel. */
void keep_flow(struct flow *flow);
/* It has a number. */
void keep_number(struct flow *flow);
/* It does not outlive the process any more; its socket stays open. */
void keep_drop(struct flow *flow);
/* Likewise, and its socket is about to be closed. */
void keep_forget(struct flow *flow);
/* Something that cannot be done twice: before, and after. @n: as of send() */
void keep_begin(struct flow *flow);
void keep_sent(struct flow *flow, ssize_t n);
void keep_greeted(struct flow *flow);
/* Is there something for the kernel, or room to read? */
bool keep_wants_to_read(const struct flow *flow);
/* As read_stream() and read_part() in speak.c. */
bool keep_pass_on(struct flow *flow);
/* A slot comes back: the kernel has what was in it. */
void keep_granted(struct vsock *vsock, uint32_t tag);

/* keep_again.c: connections of a former process */
/* Return: whether it may be gone on with. */
bool keep_adopt(struct vsock *vsock, struct record *record);
void keep_parked(struct guest *guest, const struct vhx_vsock_msg *msg, const uint8_t *data);
/* The kernel has said all that it knows of. */
void keep_all_heard(struct guest *guest);
void keep_expire(struct vsock *vsock);

#endif
