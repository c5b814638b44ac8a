/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two guests of the vsock tests, and the routes and limits between them, which `vhx vsock` sets.
 */
#ifndef _SELFTEST_VSOCKSIB_H
#define _SELFTEST_VSOCKSIB_H

#include "vsockdrv.h"

#define SIB_A	50	/* CIDs */
#define SIB_B	51
#define SIB_WAIT 10000	/* ms: for what must come */
#define SIB_NEVER 200	/* for what must not */

/**
 * struct sib - one end of a connection
 * @d: the guest's
 * @port: its port
 */
struct sib {
	struct vsockdrv *d;
	uint32_t port;
};

/* Run vhx with these words. Return: its exit code. */
int sib_vhx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The number that `jq @what` makes of what vhx -j prints with these words; -1 if none. */
long long sib_show(const char *words, const char *what);

/* A guest that runs; bails out. */
void sib_open(struct vsockdrv *d, uint64_t cid, const struct vsockdrv_opt *opt);

/* A packet from one end to the other; of @like are type and flags. */
int sib_send(const struct sib *from, const struct sib *to, const struct virtio_vsock_hdr *like,
	     const void *data, uint32_t len);
int sib_say(const struct sib *from, const struct sib *to, uint16_t op);
/* Does the next packet that comes to @to within @ms be of @op, and from @from? */
bool sib_hears(const struct sib *to, const struct sib *from, uint16_t op, int ms);
/* Nothing comes to it. */
bool sib_silent(const struct sib *to);
/* @from asks, @to agrees, both hear of it. */
bool sib_connect(const struct sib *from, const struct sib *to);
/* What sib_hears() heard last. */
extern struct vsockpkt sib_pkt;

#endif /* _SELFTEST_VSOCKSIB_H */
