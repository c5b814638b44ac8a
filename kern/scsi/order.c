// SPDX-License-Identifier: GPL-2.0-only
/*
 * IN_ORDER: a guest gets its chains back as it posted them, whereas the agent is done with commands
 * as it likes. So each chain that is taken has a place, and what is over stays there until all before
 * it is. That is a matter of what the guest is shown, and when: its answer was written, its request
 * has no tag and no pages any more; but it is there, so that whoever waits for it, a VMM that stops
 * the queue or a task management function, waits until the guest has the chain.
 *
 * There are no more places than the ring has descriptors: who posts more has posted what the device
 * still has. Everything is under the queue's lock.
 */
#include <linux/slab.h>

#include "order.h"

/**
 * struct vhx_scsi_place - a chain's
 * @done: what is to be pushed, once it is over
 * @req: its request, or NULL
 * @over: it is
 */
struct vhx_scsi_place {
	struct vhx_done done;
	struct vhx_scsi_req *req;
	bool over;
};

/**
 * struct vhx_scsi_order - a queue's
 * @num: places there are
 * @first: the oldest chain's
 * @n: chains that have one
 * @place: a ring of them
 */
struct vhx_scsi_order {
	u32 num;
	u32 first;
	u32 n;
	struct vhx_scsi_place place[];
};

/**
 * vhx_scsi_order_start - keep a queue's order, if its guest wants that
 * @q: queue, set up, not running
 *
 * Context: process, sleeps; the queue's lock.
 * Return: 0 or -ENOMEM.
 */
int vhx_scsi_order_start(struct vhx_scsi_queue *q)
{
	const u32 num = q->vq.ring.num;

	if (!vhx_vq_has(&q->vq, VIRTIO_F_IN_ORDER))
		return 0;
	q->order = kvzalloc(struct_size(q->order, place, num), GFP_KERNEL_ACCOUNT);
	if (!q->order)
		return -ENOMEM;
	q->order->num = num;
	return 0;
}

/**
 * vhx_scsi_order_stop - forget what is there
 * @q: queue, stopped; its requests are gone
 *
 * Context: process, sleeps; the queue's lock.
 */
void vhx_scsi_order_stop(struct vhx_scsi_queue *q)
{
	kvfree(q->order);
	q->order = NULL;
}

/**
 * vhx_scsi_order_begin - a chain is being taken
 * @q: queue that keeps an order
 * @place: what it has until it is shown
 *
 * Context: the queue's handler.
 * Return: 0, or -EINVAL: it is more than there can be.
 */
int vhx_scsi_order_begin(struct vhx_scsi_queue *q, u32 *place)
{
	struct vhx_scsi_order *o = q->order;
	u32 at = o->first + o->n;

	if (o->n == o->num)
		return -EINVAL;
	if (at >= o->num)
		at -= o->num;
	o->place[at].over = false;
	o->n++;
	*place = at;
	return 0;
}

/**
 * vhx_scsi_order_undo - the last chain was not taken after all
 * @q: queue that keeps an order
 *
 * Context: the queue's handler; nothing was taken since.
 */
void vhx_scsi_order_undo(struct vhx_scsi_queue *q)
{
	q->order->n--;
}

/**
 * vhx_scsi_order_end - a chain is over
 * @q: queue that keeps an order
 * @place: as it was given
 * @done: what is to be pushed
 * @req: its request, or NULL; it stays with the chain
 *
 * Context: the queue's handler.
 */
void vhx_scsi_order_end(struct vhx_scsi_queue *q, u32 place, const struct vhx_done *done,
			struct vhx_scsi_req *req)
{
	q->order->place[place] = (struct vhx_scsi_place) {
		.done = *done,
		.req = req,
		.over = true,
	};
}

/**
 * vhx_scsi_order_next - the oldest chain, if it is over
 * @q: queue that keeps an order
 * @done: what is to be pushed
 * @req: its request, the caller's again, or NULL
 *
 * Context: the queue's handler.
 * Return: whether there is one; it has no place any more.
 */
bool vhx_scsi_order_next(struct vhx_scsi_queue *q, struct vhx_done *done,
			 struct vhx_scsi_req **req)
{
	struct vhx_scsi_order *o = q->order;
	const struct vhx_scsi_place *p = &o->place[o->first];

	if (!o->n || !p->over)
		return false;
	*done = p->done;
	*req = p->req;
	if (++o->first == o->num)
		o->first = 0;
	o->n--;
	return true;
}
