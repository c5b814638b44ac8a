// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of a packed ring's places, and who is told when, for every size up to PLACES or
 * NUM and from any state: pushes keep the ring's books, event logic says what counting one by one
 * says. Built with packed.c in one piece, for its static functions.
 */
#include "access.h"
#include "../../kern/core/packed.c"

int vhx_memtbl_translate(struct vhx_xlate *x, __u64 gpa, __u32 len)
{
	return -EFAULT;
}

bool vhx_memtbl_find(const struct vhx_memtbl *mt, __u64 gpa, __u32 *hit)
{
	return false;
}

void vhx_walk_swap(struct vhx_desc *d, __u32 n)
{
}

int vhx_walk_buffer(struct vhx_walk *w, const struct vhx_desc *d, bool in)
{
	return -EFAULT;
}

int vhx_walk_row(struct vhx_walk *w, const struct vhx_desc *table)
{
	return -EFAULT;
}

/* Counted over both laps. */
static __u32 linear(const struct vhx_ring *r, __u16 pos)
{
	return slot_of(pos) + (pos & VHX_PLACE_WRAP ? 0 : r->num);
}

static void any_ring(struct vhx_ring *r, __u32 max)
{
	r->packed = true;
	r->event_idx = true;
	r->swap = false;
	r->skip = nondet_bool();
	r->desc = r->avail = r->used = 1 << 20;
	ASSUME(r->num >= 1 && r->num <= max);
	ASSUME(is_place(r, r->last_avail) && is_place(r, r->last_used));
	ASSUME(is_place(r, r->called_used));
	ASSUME(r->inuse <= r->num && r->known <= r->num - r->inuse);
	ASSUME(distance(r, r->last_used, r->last_avail) == r->inuse);
}

static void prove_places(void)
{
	struct vhx_ring r;
	__u16 a = nondet_u16(), b = nondet_u16(), c;
	__u32 n = nondet_u32(), lap;

	any_ring(&r, PLACES);
	ASSUME(is_place(&r, a) && is_place(&r, b) && n <= r.num);
	lap = 2 * r.num;

	c = place_after(&r, a, n);
	PROVE(is_place(&r, c), "after a place is a place");
	PROVE(linear(&r, c) == (linear(&r, a) + n >= lap ? linear(&r, a) + n - lap :
				linear(&r, a) + n), "that far on");
	PROVE(place_before(&r, c, n) == a, "and back again");
	PROVE(distance(&r, a, c) == n, "as far as was gone");
	PROVE(distance(&r, a, b) < lap, "less than two laps");
	PROVE(place_after(&r, a, 0) == a && distance(&r, a, a) == 0, "nowhere");
	PROVE(distance(&r, a, b) == (linear(&r, b) >= linear(&r, a) ?
	      linear(&r, b) - linear(&r, a) : lap + linear(&r, b) - linear(&r, a)), "counted");
}

/* On a small ring, by counting. */
static void prove_event(void)
{
	struct vhx_ring r;
	__u16 event = nondet_u16(), old = nondet_u16(), new = nondet_u16(), at;
	bool passed = false;
	__u32 i;

	any_ring(&r, NUM);
	ASSUME(is_place(&r, event) && is_place(&r, old) && is_place(&r, new));
	for (i = 0, at = old; i < 2 * NUM && at != new; i++, at = place_after(&r, at, 1))
		passed |= at == event;
	PROVE(at == new, "the count comes to an end");
	PROVE(event_passed(&r, event, old, new) == passed, "told if and only if it was used");
	PROVE(event_passed(&r, 0x7fff, old, new) || r.num == VHX_RING_MAX, "nowhere: told");
}

#define DONE 3

static void prove_books(void)
{
	struct vhx_done done[DONE];
	struct vhx_ring r, was;
	__u32 n = nondet_u32(), i, total = 0;
	int rc;

	any_ring(&r, NUM);
	ASSUME(n >= 1 && n <= DONE && n <= r.num);
	for (i = 0; i < n; i++) {
		done[i].id = nondet_u16();
		done[i].ndesc = nondet_u16();
		done[i].len = nondet_u32();
		total += done[i].ndesc;
	}
	was = r;
	rc = vhx_packed_push(&r, done, n);
	PROVE(rc == 0 || rc == -EINVAL || rc == -EFAULT, "an errno that is meant");
	if (rc) {
		PROVE(r.last_used == was.last_used && r.inuse == was.inuse, "nothing happened");
		return;
	}
	PROVE(total <= was.inuse, "no more than was held");
	PROVE(r.inuse == was.inuse - total, "that much less is held");
	PROVE(r.last_used == place_after(&was, was.last_used, total), "gone on by as much");
	PROVE(distance(&r, r.last_used, r.last_avail) == r.inuse, "the books agree");
}

static void prove_kick(void)
{
	struct vhx_ring r, was;
	int rc;

	any_ring(&r, NUM);
	was = r;
	rc = vhx_packed_kick_on(&r);
	PROVE(rc == 0 || rc == 1 || rc == -EFAULT, "an answer that is meant");
	PROVE((rc == 1) == (r.known > was.known), "told of what is new, and only of that");
	PROVE(r.known + r.inuse <= r.num, "which is never more than fits");
}

int main(void)
{
	PROOF();
	return 0;
}
