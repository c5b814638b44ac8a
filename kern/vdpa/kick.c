// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications by the guest, see kick.h. A parent's kick_vq may be called in any context, and is
 * here: with interrupts off, under the eventfd's lock.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>

#include "vdpa.h"

static int vhx_vkick_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct vhx_vkick *kick = container_of(wait, struct vhx_vkick, wait);
	struct vhx_vdpa_vq *vq = container_of(kick, struct vhx_vdpa_vq, kick);
	struct vdpa_device *vdpa = vq->v->vdpa;

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;
	WRITE_ONCE(kick->kicks, kick->kicks + 1);
	vdpa->config->kick_vq(vdpa, vq->index);
	return 0;
}

static void vhx_vkick_hang(struct file *file, wait_queue_head_t *wqh, poll_table *pt)
{
	struct vhx_vkick *kick = container_of(pt, struct vhx_vkick, table);

	kick->wqh = wqh;
	add_wait_queue(wqh, &kick->wait);
}

/**
 * vhx_vkick_init - nobody notifies yet
 * @kick: zeroed
 */
void vhx_vkick_init(struct vhx_vkick *kick)
{
	init_waitqueue_func_entry(&kick->wait, vhx_vkick_wake);
	init_poll_funcptr(&kick->table, vhx_vkick_hang);
}

/**
 * vhx_vkick_set - have another eventfd notify
 * @kick: the notification
 * @fd: it; negative: none
 *
 * One that was written already is handed on at once: the guest may wait for it.
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: 0; -EBADF no such fd; -EINVAL no eventfd. Then all is as it was.
 */
int vhx_vkick_set(struct vhx_vkick *kick, int fd)
{
	struct file *file = NULL;
	unsigned long flags;

	if (fd >= 0) {
		file = eventfd_fget(fd);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	vhx_vkick_stop(kick);
	kick->file = file;
	if (!file || !(vfs_poll(file, &kick->table) & EPOLLIN))
		return 0;
	spin_lock_irqsave(&kick->wqh->lock, flags);
	vhx_vkick_wake(&kick->wait, 0, 0, poll_to_key(EPOLLIN));
	spin_unlock_irqrestore(&kick->wqh->lock, flags);
	return 0;
}

/**
 * vhx_vkick_stop - nobody notifies any more
 * @kick: the notification; none runs when this returns
 *
 * Context: process; vhx_vdpa.lock.
 */
void vhx_vkick_stop(struct vhx_vkick *kick)
{
	if (!kick->file)
		return;
	remove_wait_queue(kick->wqh, &kick->wait);
	kick->wqh = NULL;
	fput(kick->file);
	kick->file = NULL;
}
