// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a queue pair costs in kernel memory while nothing happens: as soon as it has an owner, with
 * its rings set up, with a backend, and after some traffic. `memory report` prints a line a stage,
 * for selftests/bench/run --memory; without it, the limits vhx keeps to.
 *
 * Many pairs are made, and free memory is compared. Everything of the guest's, and the taps, is
 * there before. time-limit: 300, dealt to: one
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define PAIRS	192
#define RINGS	64		/* descriptors of a ring */
#define ROUNDS	3

enum stage { OWNED, SET_UP, STARTED, USED, STAGES };

static const char *const stage_names[] = { "owned", "set-up", "started", "used" };

/* KiB a pair; in-tree has some 225 in the first three stages, and 257 in the last. */
static const unsigned int limits[] = { 48, 48, 122, 160 };

static int taps[PAIRS];
static struct guest guests[PAIRS];
static struct mem mem;
static uint8_t *slots[PAIRS][2];

static long free_now(void)
{
	char line[128];
	long kib = -1;
	FILE *f;

	f = fopen("/proc/sys/vm/drop_caches", "we");
	if (f) {
		fputs("3", f);
		fclose(f);
	}
	f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/*
 * Free memory in KiB, when the kernel has put back what it keeps at hand, and what goes by RCU, of
 * this test and the one before: when it is the same for half a second, or 10 are over.
 */
static long free_kib(void)
{
	long now = free_now(), last;
	int tries, same = 0;

	for (tries = 0; tries < 100 && same < 5; tries++) {
		usleep(100000);
		last = now;
		now = free_now();
		same = labs(now - last) < 64 ? same + 1 : 0;
	}
	return now;
}

static void make_taps(void)
{
	int i;

	for (i = 0; i < PAIRS; i++) {
		taps[i] = nettap_open("vt0", NETTAP_MULTI);
		if (taps[i] < 0 || nettap_set_hdr(taps[i], HDR_V1))
			tap_bail("queue %d of a tap: %s", i, strerror(errno));
	}
	nettap_up("vt0", 0);
}

static void own(int i)
{
	struct guest *g = &guests[i];

	g->fd = open(guest_node(), O_RDWR | O_CLOEXEC);
	if (g->fd < 0 || guest_ioctl(g->fd, VHOST_SET_OWNER, NULL))
		tap_bail("%s: %s", guest_node(), strerror(errno));
}

/* Rings and eventfds are there since before. */
static void set_up(int i)
{
	struct guest *g = &guests[i];
	int r = guest_ioctl(g->fd, VHOST_SET_FEATURES, &g->features);

	if (!r)
		r = guest_map(g);
	if (!r)
		r = guest_setup_vq(g, RX, 0);
	if (!r)
		r = guest_setup_vq(g, TX, 0);
	if (r)
		tap_bail("setting up: %s", strerror(-r));
}

static void start(int i)
{
	if (guest_start(&guests[i], taps[i]))
		tap_bail("starting");
}

/* A packet from the guest; and one to each. */
static void use(int i)
{
	struct guest *g = &guests[i];
	struct sg tx = { mem_gpa(&mem, slots[i][TX]), HDR_V1 + 60 };
	struct sg rx = { mem_gpa(&mem, slots[i][RX]), 2048 };

	ring_add(&g->vq[RX].ring, &rx, 0, 1, slots[i][RX]);
	vq_publish(&g->vq[RX]);
	ring_add(&g->vq[TX].ring, &tx, 1, 0, slots[i][TX]);
	vq_publish(&g->vq[TX]);
	if (!vq_wait_used(&g->vq[TX], 5000))
		tap_bail("nothing is sent");
}

static void prepare(void)
{
	unsigned int i, q;

	if (mem_open(&mem, 64 << 20))
		tap_bail("memory");
	for (i = 0; i < PAIRS; i++) {
		struct guest *g = &guests[i];

		g->mem = &mem;
		g->features = F_MODERN;
		for (q = 0; q < 2; q++) {
			g->vq[q].index = q;
			g->vq[q].kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
			g->vq[q].call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
			g->vq[q].err = -1;
			if (g->vq[q].call < 0 || ring_open(&g->vq[q].ring, &mem, RINGS, F_MODERN))
				tap_bail("rings");
			slots[i][q] = mem_alloc(&mem, 2048, 64);
			memset(slots[i][q], 0, 2048);
			frame_make(slots[i][q] + HDR_V1, 60, i);
		}
	}
	/* All of it is there before anything is measured. */
	mlockall(MCL_CURRENT | MCL_FUTURE);
}

/* All stages, one on top of the other, and then everything is let go. */
static void measure(long kib[STAGES][ROUNDS], int round)
{
	static void (*const steps[])(int i) = { own, set_up, start, use };
	long before = free_kib();
	int stage, i;

	for (stage = OWNED; stage < STAGES; stage++) {
		for (i = 0; i < PAIRS; i++)
			steps[stage](i);
		kib[stage][round] = (before - free_kib()) / PAIRS;
	}
	for (i = 0; i < PAIRS; i++) {
		close(guests[i].fd);
		ring_reset(&guests[i].vq[RX].ring, 0);
		ring_reset(&guests[i].vq[TX].ring, 0);
	}
}

/* The machine's own memory comes and goes by megabytes: one round of three may be wrong. */
static long median(const long *v)
{
	long low = v[0] < v[1] ? v[0] : v[1], high = v[0] < v[1] ? v[1] : v[0];

	return v[2] < low ? low : v[2] > high ? high : v[2];
}

static void judge(enum stage stage, long kib, bool report)
{
	if (report)
		printf("%s %s %ld\n", guest_is_vhx() ? "vhx" : "in-tree", stage_names[stage], kib);
	else if (guest_is_vhx())
		tap_ok(kib > 0 && kib <= limits[stage], "%s: %ld KiB a queue pair, at most %u",
		       stage_names[stage], kib, limits[stage]);
	else
		tap_skip(stage_names[stage], "in-tree: %ld KiB a queue pair", kib);
}

int main(int argc, char **argv)
{
	bool report = argc > 1 && !strcmp(argv[1], "report");
	struct rlimit many = { 8192, 8192 };
	long kib[STAGES][ROUNDS];
	int stage, round;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	setrlimit(RLIMIT_NOFILE, &many);
	make_taps();
	prepare();
	for (round = 0; round < ROUNDS; round++)
		measure(kib, round);
	for (stage = OWNED; stage < STAGES; stage++)
		judge(stage, median(kib[stage]), report);
	return report ? 0 : tap_done();
}
