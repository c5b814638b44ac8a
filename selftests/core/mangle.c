// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that goes on damaging its own live rings, split or packed, descriptors, indirect tables and
 * headers while traffic flows both ways, and some of them while they migrate. Every seed is a guest of its own; VHX_SEED=N VHX_SEEDS=1 has it again.
 * Whatever a guest does, no byte outside its memory changes, the queue pair stops when it is told
 * to, and a guest that comes after it is served.
 * time-limit: 300
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canary.h"
#include "damage.h"
#include "dirtylog.h"
#include "frame.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define SEEDS	150
#define STEPS	60
#define NUM	64

static const uint64_t formats[] = {
	F_V1 | F_MRG | F_INDIRECT | F_EVENT_IDX,
	F_V1 | F_MRG,
	F_V1 | F_INDIRECT,
	F_V1 | F_MRG | F_IN_ORDER,
	F_NONE,
	F_V1 | F_MRG | F_INDIRECT | F_EVENT_IDX | F_PACKED,
	F_V1 | F_MRG | F_PACKED,
	F_V1 | F_INDIRECT | F_PACKED | F_IN_ORDER,
};

static int tap, host;
static struct canary canary;
static uint8_t frame[2048], got[FRAME_MAX];

static uint32_t illegal;	/* rings that vhx stopped serving */

static void one_guest(struct netdrv *drv)
{
	vnet_hdr hdr = { 0 };
	unsigned int step;

	for (step = 0; step < NUM / 4 && netdrv_tx_room(drv); step++) {
		uint32_t len = 60 + rnd_below(1400);

		if (!rnd_below(3))
			damage_bytes(&hdr, sizeof(hdr));
		frame_make(frame, len, step);
		netdrv_tx(drv, &hdr, frame, len);
	}
	for (step = 0; step < STEPS; step++) {
		packet_send(host, frame, 60 + rnd_below(1400));
		if (!rnd_below(8))
			damage_guest(&drv->g);
		damage_post(&drv->g.vq[step & 1]);
	}
}

/* Stop it, and see that nothing outside its memory was touched. */
static bool end_guest(struct netdrv *drv)
{
	bool ok = canary_sings(&canary);
	int i;

	for (i = 0; i < 2; i++) {
		ok = !guest_set_backend(&drv->g, i, -1) && ok;
		illegal += vq_err(&drv->g.vq[i], 0) > 0;
	}
	canary_close(&canary);
	netdrv_close(drv);
	return ok;
}

static bool run_seed(uint64_t seed)
{
	struct netdrv_opt opt = { .num = NUM, .rx_size = 1600, .tx_size = 2048 };
	struct dirtylog log;
	struct netdrv drv;
	bool logs, ok;

	rnd_seed(seed);
	opt.features = formats[rnd_below(sizeof(formats) / sizeof(*formats))];
	opt.tx_pieces = 1 + rnd_below(3);
	nettap_set_hdr(tap, opt.features == F_NONE ? HDR_LEGACY : HDR_V1);
	if (netdrv_open(&drv, &opt))
		return false;
	canary_open(&canary, &drv.mem);
	logs = !rnd_below(3);
	if (logs && (dirtylog_open(&log, &drv.g, 0) || guest_log(&drv.g, &log)))
		return false;
	ok = !netdrv_start(&drv, tap);
	if (ok)
		one_guest(&drv);
	ok = end_guest(&drv) && ok;
	if (logs)
		dirtylog_close(&log);
	return ok;
}

/* A guest with manners, after all those. */
static bool served(void)
{
	struct netdrv drv;
	bool ok = false;
	vnet_hdr hdr;
	int tries;

	nettap_set_hdr(tap, HDR_V1);
	while (packet_recv(host, got, sizeof(got), 20) > 0)
		;
	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		return false;
	/* Frames that were on their way to those before it come first. */
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 50) > 0)
		;
	frame_make(frame, 700, 4711);
	for (tries = 0; tries < 3 && !ok; tries++) {
		packet_send(host, frame, 700);
		ok = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 2000) == 700 &&
		     !memcmp(got, frame, 700);
	}
	netdrv_tx(&drv, NULL, frame, 700);
	netdrv_tx_flush(&drv);
	while (ok) {
		int n = packet_recv(host, got, sizeof(got), 2000);

		if (n <= 0)
			ok = false;
		else if (n == 700 && !memcmp(got, frame, 700))
			break;
	}
	netdrv_close(&drv);
	return ok;
}

int main(void)
{
	const char *seeds = getenv("VHX_SEEDS");
	uint32_t n = seeds ? strtoul(seeds, NULL, 0) : SEEDS, i, bad = 0;
	uint64_t first;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	first = rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", 0))
		tap_bail("a tap");
	nettap_set_offload(tap, NETTAP_OFFLOADS);
	host = packet_open("vt0", false);

	for (i = 0; i < n && bad < 5; i++) {
		if (run_seed(first + i))
			continue;
		bad++;
		tap_diag("wrong: VHX_SEED=%llu VHX_SEEDS=1", (unsigned long long)first + i);
	}
	tap_ok(!bad && i == n, "%u guests: memory that is not theirs stays as it was", i);
	tap_ok(n < SEEDS || (illegal > n / 4 && illegal < 2 * n),
	       "of their rings some were stopped as illegal, not all (%u)", illegal);
	tap_ok(served(), "who comes after them is served");
	return tap_done();
}
