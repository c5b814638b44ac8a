/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring in any state that the code keeps it in: what every proof of a ring begins with.
 */
#ifndef _PROVE_WORLD_H
#define _PROVE_WORLD_H

static inline void any_ring(struct vhx_ring *r)
{
	r->desc = nondet_u64();
	r->avail = nondet_u64();
	r->used = nondet_u64();
	/* access_ok() has seen to that. */
	ASSUME(r->desc < 1ULL << 47 && r->avail < 1ULL << 47 && r->used < 1ULL << 47);
	r->event_idx = nondet_bool();
	r->indirect = nondet_bool();
	r->swap = nondet_bool();
	r->called_valid = nondet_bool();
	r->kick_off = nondet_bool();
	r->last_avail = nondet_u16();
	r->avail_idx = nondet_u16();
	r->last_used = nondet_u16();
	r->called_used = nondet_u16();
	r->hit = nondet_u32();
	r->num = nondet_u32();
}

#endif /* _PROVE_WORLD_H */
