// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits for a file on behalf of a queue: its kick, or what a class gets its work from. See struct
 * vhx_poll. And for a queue, on behalf of who stops it.
 */
#include <linux/export.h>
#include <linux/smp.h>

#include "vq.h"

static int vhx_poll_wake(wait_queue_entry_t *wait, unsigned int mode, int sync,
			 void *key)
{
	struct vhx_poll *p = container_of(wait, struct vhx_poll, wait);

	if (!(key_to_poll(key) & p->mask))
		return 0;
	if (p->kick)
		WRITE_ONCE(p->vq->kicked, true);
	WRITE_ONCE(p->waker, in_task() ? raw_smp_processor_id() : -1);
	vhx_vq_queue(p->vq);
	return 0;
}

static void vhx_poll_hang(struct file *file, wait_queue_head_t *wqh,
			  poll_table *pt)
{
	struct vhx_poll *p = container_of(pt, struct vhx_poll, table);

	p->wqh = wqh;
	add_wait_queue(wqh, &p->wait);
}

/**
 * vhx_poll_init - prepare to wait for a file on behalf of a queue
 * @p: zeroed
 * @vq: queue to wake
 * @mask: EPOLLIN or EPOLLOUT
 * @kick: the file is the queue's kick
 */
void vhx_poll_init(struct vhx_poll *p, struct vhx_vq *vq, __poll_t mask,
		   bool kick)
{
	init_waitqueue_func_entry(&p->wait, vhx_poll_wake);
	init_poll_funcptr(&p->table, vhx_poll_hang);
	p->vq = vq;
	p->mask = mask;
	p->kick = kick;
	p->waker = -1;
}
EXPORT_SYMBOL_GPL(vhx_poll_init);

/**
 * vhx_poll_start - wait for a file
 * @p: the wait; started already is fine
 * @file: eventfd or socket; the caller keeps it alive until vhx_poll_stop()
 *
 * A file that is ready already wakes the queue at once.
 *
 * Context: process; the queue's lock.
 * Return: 0, or -EINVAL when the file is in error.
 */
int vhx_poll_start(struct vhx_poll *p, struct file *file)
{
	__poll_t ready;

	lockdep_assert_held(&p->vq->lock);
	if (p->wqh)
		return 0;

	ready = vfs_poll(file, &p->table);
	if (ready & EPOLLERR) {
		vhx_poll_stop(p);
		return -EINVAL;
	}
	if (ready & p->mask)
		vhx_poll_wake(&p->wait, 0, 0, poll_to_key(ready));
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_poll_start);

/**
 * vhx_poll_stop - do not wait any more
 * @p: the wait; stopped already is fine
 *
 * Work that was queued may still run: flush it where that matters.
 *
 * Context: process; the queue's lock.
 */
void vhx_poll_stop(struct vhx_poll *p)
{
	if (!p->wqh)
		return;
	remove_wait_queue(p->wqh, &p->wait);
	p->wqh = NULL;
}
EXPORT_SYMBOL_GPL(vhx_poll_stop);

/**
 * vhx_vq_await - wait until a queue has got rid of something
 * @vq: the queue, running
 * @wait: woken when @list gets empty
 * @list: looked at without a lock
 *
 * A VMM that waits here gives nobody what is missing to a queue that waits for a translation, and a
 * queue that is broken ends nothing either: then it is not waited for. Both happen meanwhile too.
 *
 * Context: process, sleeps; the device's lock, but not the queue's, whose handler goes on.
 * Return: 0, or -ERESTARTSYS when the caller was killed.
 */
int vhx_vq_await(const struct vhx_vq *vq, wait_queue_head_t *wait, const struct list_head *list)
{
	long rc = 0;

	while (!rc && !vhx_vq_is_stuck(vq))
		rc = wait_event_killable_timeout(*wait, list_empty_careful(list), HZ / 10);
	return rc < 0 ? rc : 0;
}
EXPORT_SYMBOL_GPL(vhx_vq_await);
