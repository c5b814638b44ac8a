// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The ring's interface, see ring.h: what stands for whichever format was negotiated. What a format
 * does by itself is in split.c and packed.c. Which one is asked once a call, and a queue never
 * changes it while it runs.
 */
#include <linux/types.h>

#include "access.h"
#include "format.h"
#include "ring.h"

/**
 * vhx_ring_desc_size - bytes of the descriptor table
 * @r: ring whose size and features are set
 */
__u32 vhx_ring_desc_size(const struct vhx_ring *r)
{
	return r->num * sizeof(struct vhx_desc);
}

/**
 * vhx_ring_avail_size - bytes of what the guest writes beside it
 * @r: ring whose size and features are set
 */
__u32 vhx_ring_avail_size(const struct vhx_ring *r)
{
	if (r->packed)
		return sizeof(__u32);
	return sizeof(__u32) + r->num * sizeof(__u16) + (r->event_idx ? sizeof(__u16) : 0);
}

/**
 * vhx_ring_used_size - bytes of what the device writes beside it
 * @r: ring whose size and features are set
 */
__u32 vhx_ring_used_size(const struct vhx_ring *r)
{
	if (r->packed)
		return sizeof(__u32);
	return sizeof(__u32) + r->num * sizeof(struct vhx_used_elem) +
	       (r->event_idx ? sizeof(__u16) : 0);
}

/**
 * vhx_ring_start - begin where last_avail says
 * @r: ring whose addresses, size, features and last_avail are set; last_used too if it is packed,
 *	while a split one's stands in the guest's used ring
 *
 * Return: 0, -EFAULT, or -EINVAL when size, alignment or places are not the format's.
 */
int vhx_ring_start(struct vhx_ring *r)
{
	r->called_used = 0;
	r->called_valid = false;
	r->kick_off = false;
	r->armed = false;
	r->hit = 0;
	return r->packed ? vhx_packed_start(r) : vhx_split_start(r);
}

/**
 * vhx_ring_pull - take what the guest posted
 * @r: started ring
 * @mt: guest memory, as long as the segments are used
 * @p: what to take; what was taken
 *
 * Fewer chains than asked for mean nothing: only nchain == 0 says that the ring is empty. Chains
 * in front of a bad one are handed out, and the next pull tells of it.
 *
 * Return: 0, -EINVAL (illegal ring) or -EFAULT (memory that is not there).
 */
int vhx_ring_pull(struct vhx_ring *r, const struct vhx_memtbl *mt, struct vhx_pull *p)
{
	p->nchain = 0;
	p->nseg = 0;
	p->ndesc = 0;
	return r->packed ? vhx_packed_pull(r, mt, p) : vhx_split_pull(r, mt, p);
}

/**
 * vhx_ring_unpull - give the last chains back: the next pull reads them again
 * @r: ring they came from
 * @chain: the first of them
 * @n: how many
 */
void vhx_ring_unpull(struct vhx_ring *r, const struct vhx_chain *chain, __u32 n)
{
	if (r->packed)
		vhx_packed_unpull(r, chain, n);
	else
		vhx_split_unpull(r, chain, n);
}

/**
 * vhx_ring_push - give buffers back to the guest, which sees all of them at once
 * @r: ring they came from
 * @done: what came of each
 * @n: how many, at most the ring's size
 *
 * A ring that skips (see struct vhx_ring) is told of the last buffer alone: the guest takes those
 * in front for used completely, and there is nothing in them to be told of.
 *
 * Return: 0, -EINVAL (more than the device holds) or -EFAULT; then the guest has seen none of
 * them.
 */
int vhx_ring_push(struct vhx_ring *r, const struct vhx_done *done, __u32 n)
{
	if (n > r->num)
		return -EINVAL;
	if (!n)
		return 0;
	return r->packed ? vhx_packed_push(r, done, n) : vhx_split_push(r, done, n);
}

/**
 * vhx_ring_want_call - does the guest want to hear of what was pushed?
 * @r: ring
 * @on_empty: NOTIFY_ON_EMPTY was negotiated, which a guest with packed rings cannot know of
 *
 * Asks for all that was pushed since it was asked last. Does not touch what vhx_ring_kick_on()
 * compares with.
 *
 * Return: 1, 0, -EINVAL (only with @on_empty) or -EFAULT.
 */
int vhx_ring_want_call(struct vhx_ring *r, bool on_empty)
{
	return r->packed ? vhx_packed_want_call(r) : vhx_split_want_call(r, on_empty);
}

/**
 * vhx_ring_kick_off - tell the guest not to kick
 * @r: ring
 *
 * Return: 0 or -EFAULT.
 */
int vhx_ring_kick_off(struct vhx_ring *r)
{
	int rc;

	r->armed = false;
	if (r->kick_off)
		return 0;
	rc = r->packed ? vhx_packed_kick_off(r) : vhx_split_kick_off(r);
	if (rc)
		return rc;
	r->kick_off = true;
	return 0;
}

/**
 * vhx_ring_kick_on - ask for a kick, and look once more
 * @r: ring
 *
 * The answer is whether entries were added, not whether there are any: else a device that waits
 * for more than it was given, and leaves some unread, would be sent round for ever.
 *
 * Return: 1 when entries were added that were not known of: go on, no kick may come for them.
 * 0: there will be a kick. -EINVAL, -EFAULT.
 */
int vhx_ring_kick_on(struct vhx_ring *r)
{
	int rc;

	r->kick_off = false;
	rc = r->packed ? vhx_packed_kick_on(r) : vhx_split_kick_on(r);
	r->armed = !rc;
	return rc;
}

/**
 * vhx_ring_quiet - is nothing posted that was not known of, and will the next be told of by a kick?
 * @r: ring
 *
 * Then vhx_ring_kick_off() and vhx_ring_kick_on() would do nothing but ask for the same again. Who
 * gives the ring another place, or other features, sets @armed to false.
 */
bool vhx_ring_quiet(struct vhx_ring *r)
{
	return r->armed && !vhx_ring_pending(r);
}

/**
 * vhx_ring_pending - entries posted and not pulled, as of now
 * @r: ring; of a packed one every descriptor is an entry, and VHX_PULL_MAX are enough
 *
 * A look only: vhx_ring_kick_on() will still tell of what is seen here.
 *
 * Return: their number, -EINVAL or -EFAULT.
 */
int vhx_ring_pending(struct vhx_ring *r)
{
	return r->packed ? vhx_packed_pending(r) : vhx_split_pending(r);
}
