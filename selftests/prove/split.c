// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split rings: whatever the guest's memory holds, a push stays within the used ring, and nobody
 * sleeps on. The constants are smaller than the kernel's (run), so that this is proved for all
 * contents rather than tried.
 */
#include "access.h"
#include "ring.h"
#include "world.h"

#define RING	2		/* descriptors of the ring at most */

static struct vhx_ring r;

static void a_ring(void)
{
	any_ring(&r);
	ASSUME(r.num == 1 || r.num == RING);
}

void prove_push(void)
{
	struct vhx_done done[RING + 1];
	__u32 i, n = nondet_u32();
	__u16 before;
	int rc;

	a_ring();
	before = r.last_used;
	ASSUME(n <= RING + 1);
	for (i = 0; i < n; i++)
		done[i] = (struct vhx_done){ nondet_u16(), nondet_u16(), nondet_u32() };
	rc = vhx_ring_push(&r, done, n);
	PROVE(rc == 0 || rc == -EINVAL || rc == -EFAULT, "one of three answers");
	PROVE((__u16)(r.last_used - before) == (rc ? 0 : n), "all or none");
}

/*
 * The guest hears of what it asked to hear of: asked at an entry that was pushed since, it is told.
 * At no other time with an event index, unless the device has lost count.
 */
void prove_event(void)
{
	__u16 old, new, known;
	int rc;

	a_ring();
	ASSUME(r.event_idx);
	old = r.called_used;
	new = r.last_used;
	known = r.called_valid;
	rc = vhx_ring_want_call(&r, false);
	PROVE(rc == 0 || rc == 1 || rc == -EFAULT, "one of three answers");
	PROVE(rc != 0 || known, "who has lost count tells");
	PROVE(r.called_used == new && r.called_valid, "asked once for each entry");
	PROVE(rc != 1 || !known || old != new, "nothing pushed, nothing told");
}

/* Kicks: an answer of 0 means that nothing unknown was posted when it was asked for. */
void prove_kick(void)
{
	__u16 known;
	int rc;

	a_ring();
	known = r.avail_idx;
	ASSUME((__u16)(r.avail_idx - r.last_avail) <= r.num);
	rc = vhx_ring_kick_on(&r);
	PROVE(rc == 0 || rc == 1 || rc == -EINVAL || rc == -EFAULT, "one of four answers");
	PROVE(rc != 0 || r.avail_idx == known, "asleep only with nothing new");
	PROVE(rc != 1 || r.avail_idx != known, "awake only with something new");
	PROVE(rc < 0 || (__u16)(r.avail_idx - r.last_avail) <= r.num, "no more than the ring holds");
}
