/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ring tests share: a pull with room for everything, and cmocka's frame around a driver.
 */
#ifndef _VHX_TAKEN_H
#define _VHX_TAKEN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "arena.h"
#include "mockdrv.h"

#define TAKEN_SEGS	(2 * VHX_CHAIN_MAX)

struct taken {
	struct vhx_chain chain[VHX_PULL_MAX];
	struct vhx_seg seg[TAKEN_SEGS];
	struct vhx_pull p;
};

static inline int take_room(struct mockdrv *d, struct taken *t, __u32 max_chain, __u32 max_seg)
{
	t->p = (struct vhx_pull) {
		.chain = t->chain,
		.seg = t->seg,
		.max_chain = max_chain,
		.max_seg = max_seg,
	};
	return vhx_ring_pull(&d->ring, d->mt, &t->p);
}

/* Segments with the guest's own addresses. */
static inline int take_raw(struct mockdrv *d, struct taken *t, __u32 max_chain)
{
	t->p = (struct vhx_pull) {
		.chain = t->chain,
		.seg = t->seg,
		.max_chain = max_chain,
		.max_seg = TAKEN_SEGS,
		.raw = true,
	};
	return vhx_ring_pull(&d->ring, d->mt, &t->p);
}

static inline int take(struct mockdrv *d, struct taken *t, __u32 max_chain)
{
	return take_room(d, t, max_chain, TAKEN_SEGS);
}

/* A test's driver: 16 descriptors, indices about to wrap. Its device's pull is at hand. */
struct bench {
	struct mockdrv d;
	struct taken t;
};

#define BENCH_NUM	16
#define BENCH_BASE	65530

static inline int bench_setup(void **state)
{
	static struct bench b;

	mockdrv_open(&b.d, BENCH_NUM, BENCH_BASE);
	*state = &b;
	return 0;
}

static inline int bench_teardown(void **state)
{
	struct bench *b = *state;

	mockdrv_close(&b->d);
	return 0;
}

#define BENCH_TEST(f)	cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

#endif
