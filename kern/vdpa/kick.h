/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An eventfd by which the guest notifies a queue, handed on to the parent where it was written.
 */
#ifndef _VHX_VDPA_KICK_H
#define _VHX_VDPA_KICK_H

#include <linux/poll.h>
#include <linux/types.h>
#include <linux/wait.h>

struct file;

/**
 * struct vhx_vkick - a queue's notification
 * @file: the eventfd's; NULL: there is none
 * @table: makes vfs_poll() hang @wait up
 * @wait: runs when it is written
 * @wqh: where @wait hangs; NULL: nowhere
 * @kicks: how often; written under @wqh's lock
 */
struct vhx_vkick {
	struct file *file;
	poll_table table;
	wait_queue_entry_t wait;
	wait_queue_head_t *wqh;
	u64 kicks;
};

void vhx_vkick_init(struct vhx_vkick *kick);
int vhx_vkick_set(struct vhx_vkick *kick, int fd);
void vhx_vkick_stop(struct vhx_vkick *kick);

#endif /* _VHX_VDPA_KICK_H */
