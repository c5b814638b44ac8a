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
#include <sys/mman.h>
#include <unistd.h>

#include "dirtylog.h"
#include "frame.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define SEEDS	150
#define STEPS	60
#define CANARY	(1 << 20)
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

#define PACKED_AVAIL	(1 << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED	(1 << VRING_PACKED_DESC_F_USED)

static int tap, host;
static uint8_t *canary[2], frame[2048], got[FRAME_MAX];

static uint32_t illegal;	/* rings that vhx stopped serving */

static uint32_t pick(uint32_t n)
{
	return rnd() % n;
}

/* Bytes that mean something more often than others. */
static uint64_t odd_number(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 0xf, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, MEM_GPA, MEM_GPA - 1, ~0ULL, ~0ULL - 0xfff, 1ULL << 47, 1ULL << 63,
	};

	return pick(3) ? odd[pick(sizeof(odd) / sizeof(*odd))] : rnd();
}

static void damage(void *area, size_t size)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	unsigned int width = widths[pick(4)];
	uint64_t value = odd_number();

	if (size < width)
		return;
	if (!pick(4))
		((uint8_t *)area)[pick(size)] ^= 1 << pick(8);
	else
		memcpy((uint8_t *)area + pick(size / width) * width, &value, width);
}

/* A descriptor that leads where it should not: to another, to itself, to a table, to the rings. */
static void mislead(struct ring *r)
{
	struct vring_desc *d = &r->desc[pick(r->num)];

	switch (pick(6)) {
	case 0:
		d->flags = pick(8);
		d->next = pick(r->num + 2);
		break;
	case 1:
		d->flags |= VRING_DESC_F_INDIRECT;
		d->len = 16 * pick(70);
		break;
	case 2:
		d->addr = mem_gpa(r->mem, r->desc) + pick(r->num) * 16;
		break;
	case 3:
		d->addr = mem_gpa(r->mem, r->used);
		d->flags |= VRING_DESC_F_WRITE;
		break;
	case 4:
		d->len = odd_number();
		break;
	default:
		d->addr = odd_number();
	}
}

/* The same of a packed ring; or one that is posted and is not, or in the other order. */
static void mislead_packed(struct ring *r)
{
	struct vring_packed_desc *d = &r->pdesc[pick(r->num)];

	switch (pick(6)) {
	case 0:
		d->flags ^= 1 << pick(16);
		d->id = pick(r->num + 2);
		break;
	case 1:
		d->flags |= VRING_DESC_F_INDIRECT;
		d->len = 16 * pick(70);
		break;
	case 2:
		d->addr = mem_gpa(r->mem, r->pdesc) + pick(r->num) * 16;
		break;
	case 3:
		d->addr = mem_gpa(r->mem, r->device);
		d->flags |= VRING_DESC_F_WRITE;
		break;
	case 4:
		d->len = odd_number();
		break;
	default:
		d->addr = odd_number();
	}
}

/* The guest's place is not where it was, or all of the ring is posted at once. */
static void jump(struct ring *r)
{
	uint32_t i;

	if (!r->packed) {
		r->avail->idx += pick(5) ? 1 : pick(70000);
		return;
	}
	r->avail_idx = packed_after(r, r->avail_idx, pick(r->num));
	for (i = 0; !pick(5) && i < r->num; i++)
		r->pdesc[i].flags ^= PACKED_AVAIL;
}

static void mangle(struct netdrv *drv)
{
	struct ring *r = &drv->g.vq[pick(2)].ring;

	switch (pick(8)) {
	case 0:
		damage(r->desc, r->num * sizeof(*r->desc));
		break;
	case 1:
		damage(r->avail, 6 + 2 * r->num);
		break;
	case 2:
		damage(r->used, 6 + 8 * r->num);
		break;
	case 3:
		jump(r);
		break;
	case 4:
		if (r->table)
			damage(r->table, 16 * RING_TABLE * r->num);
		break;
	case 5:
		damage(drv->mem.base, drv->mem.used);
		break;
	default:
		if (r->packed)
			mislead_packed(r);
		else
			mislead(r);
	}
}

static void post_packed_again(struct ring *r)
{
	struct vring_packed_desc *d = &r->pdesc[r->avail_idx & ~RING_START];
	uint16_t flags = d->flags & ~(PACKED_AVAIL | PACKED_USED);

	if (!pick(4))
		d->len = pick(2000);
	d->id = pick(300) ? pick(r->num) : pick(65536);
	flags |= r->avail_idx & RING_START ? PACKED_AVAIL : PACKED_USED;
	__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
	r->avail_idx = packed_after(r, r->avail_idx, 1);
}

/* The driver's own functions would trip over such rings: a chain is posted again by hand. */
static void post_again(struct vq *vq)
{
	struct ring *r = &vq->ring;

	if (r->packed) {
		post_packed_again(r);
	} else {
		r->avail->ring[r->avail->idx % r->num] = pick(300) ? pick(r->num) : pick(65536);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		r->avail->idx++;
	}
	vq_kick(vq);
}

static void one_guest(struct netdrv *drv)
{
	vnet_hdr hdr = { 0 };
	unsigned int step;

	for (step = 0; step < NUM / 4 && netdrv_tx_room(drv); step++) {
		uint32_t len = 60 + pick(1400);

		if (!pick(3))
			damage(&hdr, sizeof(hdr));
		frame_make(frame, len, step);
		netdrv_tx(drv, &hdr, frame, len);
	}
	for (step = 0; step < STEPS; step++) {
		packet_send(host, frame, 60 + pick(1400));
		if (!pick(8))
			mangle(drv);
		post_again(&drv->g.vq[step & 1]);
	}
}

static void make_canary(int i, void *at)
{
	canary[i] = mmap(at, CANARY, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (canary[i] == MAP_FAILED)
		canary[i] = NULL;
	else
		memset(canary[i], 0xc5, CANARY);
}

static bool canary_sings(int i)
{
	size_t k;

	for (k = 0; canary[i] && k < CANARY; k++)
		if (canary[i][k] != 0xc5)
			return false;
	return true;
}

/* Stop it, and see that nothing outside its memory was touched. */
static bool end_guest(struct netdrv *drv)
{
	bool ok = canary_sings(0) && canary_sings(1);
	int i;

	for (i = 0; i < 2; i++) {
		ok = !guest_set_backend(&drv->g, i, -1) && ok;
		illegal += vq_err(&drv->g.vq[i], 0) > 0;
	}
	for (i = 0; i < 2; i++)
		if (canary[i])
			munmap(canary[i], CANARY);
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
	opt.features = formats[pick(sizeof(formats) / sizeof(*formats))];
	opt.tx_pieces = 1 + pick(3);
	nettap_set_hdr(tap, opt.features == F_NONE ? HDR_LEGACY : HDR_V1);
	if (netdrv_open(&drv, &opt))
		return false;
	make_canary(0, drv.mem.base - CANARY);
	make_canary(1, drv.mem.base + drv.mem.size);
	logs = !pick(3);
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
