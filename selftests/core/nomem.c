// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue is started and kicked before any SET_MEM_TABLE, and with a table of no regions: every
 * address is nowhere. The ring is broken then, and the host is not.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pair.h"
#include "mem.h"
#include "nettap.h"
#include "tap.h"

#define NUM	16
#define WAIT	5000

/* As pair_open(), without the memory table; @table: with an empty one. */
static int open_without(struct guest *g, struct mem *m, bool table)
{
	int r;

	r = pair_open(g, m, F_MODERN, NUM);
	if (r)
		return r;
	r = guest_ioctl(g->fd, VHOST_RESET_OWNER, NULL);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_OWNER, NULL);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_FEATURES, &g->features);
	if (!r && table)
		r = guest_set_mem(g, NULL, 0);
	if (!r)
		r = guest_setup_vq(g, RX, BASE_BEGIN);
	if (!r)
		r = guest_setup_vq(g, TX, BASE_BEGIN);
	return r;
}

static void kick(const char *how, bool table)
{
	int tap = nettap_open("vt0", NETTAP_DEFAULT);
	struct mem m;
	struct guest g;
	struct sg sg;
	int r;

	tap_ok(!mem_open(&m, 1 << 20), "%s: guest memory", how);
	r = open_without(&g, &m, table);
	tap_ok(!r, "%s: queues are set up (%d)", how, r);
	r = guest_start(&g, tap);
	tap_ok(!r, "%s: and started (%d)", how, r);

	sg.gpa = mem_gpa(&m, mem_alloc(&m, 128, 64));
	sg.len = 128;
	ring_add(&g.vq[TX].ring, &sg, 1, 0, &g);
	vq_publish(&g.vq[TX]);
	vq_kick(&g.vq[TX]);
	tap_ok(vq_err(&g.vq[TX], WAIT) > 0, "%s: a packet from nowhere breaks the ring", how);
	tap_ok(!guest_stop(&g), "%s: the queues stop", how);
	guest_close(&g);
	mem_close(&m);
	close(tap);
}

int main(void)
{
	tap_ok(!nettap_own_netns(), "a network namespace of its own");
	kick("no table", false);
	kick("empty table", true);
	return tap_done();
}
