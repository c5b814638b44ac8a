/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record of each connection that is to outlive the process: memory that the store keeps, mapped. It is
 * written as things happen, each word by one store, so that it is right at whatever instruction a SIGKILL
 * comes.
 */
#ifndef _VHXD_VSOCK_LEDGER_H
#define _VHXD_VSOCK_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define LEDGER_RING	(256U << 10)	/* bytes of a socket's on their way to the kernel */
#define LEDGER_MAX	4096		/* records */

/**
 * struct record - a connection
 * @cookie: what it is known by, never another's; 0: it is none
 * @id: the kernel's number; 0 before it has one
 * @taken: bytes of the guest's in all that the socket took
 * @read: bytes of the socket's in all that were read from it; those since @accepted are in its ring
 * @accepted: of which the kernel is known to have
 * @cid: guest
 * @guest_port, @peer_cid, @peer_port, @type: as of the connection
 * @of_host: a client of the host's began it
 * @hello: it has to be told "OK" once the guest has agreed
 * @intent: something is being done of which nobody knows whether it was, if the process ends before this
 *	is cleared
 */
struct record {
	uint64_t cookie;
	uint64_t id;
	uint64_t taken;
	uint64_t read;
	uint64_t accepted;
	uint32_t cid;
	uint32_t guest_port;
	uint32_t peer_cid;
	uint32_t peer_port;
	uint16_t type;
	bool of_host;
	bool hello;
	bool intent;
};

struct ledger_head;

/**
 * struct ledger - all of them
 * @fd: to be put into the store
 * @record: of them, @nr; which are free is known by their cookies
 * @rings: of LEDGER_RING bytes each; memory only as far as it was written to
 * @next: where to look for a free one first
 */
struct ledger {
	int fd;
	struct ledger_head *head;
	struct record *record;
	uint8_t *rings;
	unsigned int nr;
	unsigned int next;
};

/* A new one for @nr connections. Return: 0 or -errno. */
int ledger_new(struct ledger *ledger, unsigned int nr);
/* A former process's, if it is one; then @fd is the ledger's. Return: 0; -EINVAL; or another -errno. */
int ledger_open(struct ledger *ledger, int fd);
void ledger_close(struct ledger *ledger);

/* A number that no connection has had. */
uint64_t ledger_cookie(struct ledger *ledger);
/* A record like @as; NULL: there are no more. */
struct record *ledger_add(struct ledger *ledger, const struct record *as);
/* It is free, its ring empty. */
void ledger_remove(struct ledger *ledger, struct record *record);

static inline unsigned int ledger_index(const struct ledger *ledger, const struct record *record)
{
	return (unsigned int)(record - ledger->record);
}

/* What a SIGKILL must not find half done: all that was written before is, when this is. */
#define ledger_set(at, value)	__atomic_store_n(at, value, __ATOMIC_SEQ_CST)

/* @len bytes of the ring, which goes round, from @at on. */
void ledger_copy(const struct ledger *ledger, const struct record *record, uint64_t at, void *to,
		 uint32_t len);
/* Where @len bytes from @at on are. Return: pieces. */
int ledger_pieces(const struct ledger *ledger, const struct record *record, uint64_t at, uint32_t len,
		  struct iovec piece[2]);

#endif
