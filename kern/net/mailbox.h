/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mailbox: packets that one queue's worker hands to another's, because the policy said so after
 * the tap had already chosen. Bounded; first in, first out for each sender; never the target's
 * lock.
 */
#ifndef _VHX_NET_MAILBOX_H
#define _VHX_NET_MAILBOX_H

#include <linux/ptr_ring.h>
#include <linux/types.h>

#define VHX_MAILBOX_SIZE	512	/* packets */

/**
 * struct vhx_mailbox - packets waiting for a queue
 * @ring: they; as vhx_backend_take() gives them
 * @ready: @ring is there. Set once, under vhx_net_mutex; pairs with the release in _make()
 * @moved: packets put in
 * @full: packets refused
 */
struct vhx_mailbox {
	struct ptr_ring ring;
	bool ready;
	atomic64_t moved;
	atomic64_t full;
};

int vhx_mailbox_make(struct vhx_mailbox *m);
void vhx_mailbox_free(struct vhx_mailbox *m);
bool vhx_mailbox_put(struct vhx_mailbox *m, void *pkt);
u32 vhx_mailbox_take(struct vhx_mailbox *m, void **pkt, u32 n);

#endif /* _VHX_NET_MAILBOX_H */
