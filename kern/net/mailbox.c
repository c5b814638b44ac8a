// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mailboxes, see mailbox.h.
 */
#include <linux/if_tun.h>

#include "mailbox.h"

static bool vhx_mailbox_ready(const struct vhx_mailbox *m)
{
	/* Pairs with the release in vhx_mailbox_make(): who sees @ready sees @ring. */
	return smp_load_acquire(&m->ready);
}

/**
 * vhx_mailbox_make - have room for packets
 * @m: mailbox; made already is fine
 *
 * Context: process, sleeps; vhx_net_mutex.
 * Return: 0 or -ENOMEM.
 */
int vhx_mailbox_make(struct vhx_mailbox *m)
{
	int err;

	if (m->ready)
		return 0;
	err = ptr_ring_init(&m->ring, VHX_MAILBOX_SIZE, GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	/* Pairs with the acquire in vhx_mailbox_ready(). */
	smp_store_release(&m->ready, true);
	return 0;
}

/**
 * vhx_mailbox_free - drop what waits, and the room
 * @m: mailbox nobody can reach any more
 */
void vhx_mailbox_free(struct vhx_mailbox *m)
{
	if (m->ready)
		ptr_ring_cleanup(&m->ring, tun_ptr_free);
}

/**
 * vhx_mailbox_put - hand a packet over
 * @m: mailbox
 * @pkt: packet; still the caller's when this fails
 *
 * Context: any but hard interrupts; RCU, which keeps @m.
 * Return: false when the mailbox is full.
 */
bool vhx_mailbox_put(struct vhx_mailbox *m, void *pkt)
{
	if (!vhx_mailbox_ready(m) || ptr_ring_produce_bh(&m->ring, pkt)) {
		atomic64_inc(&m->full);
		return false;
	}
	atomic64_inc(&m->moved);
	return true;
}

/**
 * vhx_mailbox_take - take packets out
 * @m: mailbox
 * @pkt: array for them
 * @n: room in it
 *
 * Context: the queue's lock.
 * Return: packets taken.
 */
u32 vhx_mailbox_take(struct vhx_mailbox *m, void **pkt, u32 n)
{
	if (!vhx_mailbox_ready(m) || __ptr_ring_empty(&m->ring))
		return 0;
	return ptr_ring_consume_batched_bh(&m->ring, pkt, n);
}
