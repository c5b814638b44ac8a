// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue: what it is for, how it starts and stops.
 */
#include "vnet.h"

/* What a queue is for depends on the features: the control queue's index does. */
static void vhx_vnet_handle(struct vhx_vq *vq)
{
	if (vq->index == vhx_vnet_cvq_index(vhx_vnet_queue_of(vq)->vn))
		vhx_vnet_cvq_handle(vq);
	else if (vq->index & 1)
		vhx_vnet_tx_handle(vq);
	else if (vhx_vnet_is_rx(vhx_vnet_queue_of(vq)->vn, vq->index))
		vhx_vnet_rx_handle(vq);
}

static u32 vhx_vnet_ring_num(const struct vhx_vnet *vn, u32 i)
{
	return i == 2 * vn->pairs ? VHX_VNET_CVQ_RING : VHX_VNET_RING;
}

/**
 * vhx_vnet_queue_init - make a queue
 * @vn: device
 * @i: the queue's index; zeroed, but for its backlog
 */
void vhx_vnet_queue_init(struct vhx_vnet *vn, u32 i)
{
	struct vhx_vnet_queue *q = &vn->queue[i];

	q->vn = vn;
	page_frag_cache_init(&q->frag);
	q->num = vhx_vnet_ring_num(vn, i);
	vn->vqs[i] = &q->vq;
	/* The guest's packets go in the order they came; nothing is written into their buffers. */
	q->vq.out_only = i & 1;
	vhx_vq_init(&q->vq, &vn->dev, i, vhx_vnet_handle);
}

/**
 * vhx_vnet_queue_group - whose address space a queue has
 * @vn: device
 * @i: queue
 *
 * Return: VHX_VNET_GROUP_*. A driver may ask before it has acknowledged features: then the last
 * queue is the control queue.
 */
u32 vhx_vnet_queue_group(const struct vhx_vnet *vn, u32 i)
{
	if (!vn->features_set)
		return i == 2 * vn->pairs ? VHX_VNET_GROUP_CVQ : VHX_VNET_GROUP_DATA;
	return i == vhx_vnet_cvq_index(vn) ? VHX_VNET_GROUP_CVQ : VHX_VNET_GROUP_DATA;
}

static void vhx_vnet_queue_set_live(struct vhx_vnet_queue *q, bool live)
{
	if (!vhx_vnet_is_rx(q->vn, q->vq.index))
		return;
	spin_lock_bh(&q->ring.producer_lock);
	WRITE_ONCE(q->live, live);
	spin_unlock_bh(&q->ring.producer_lock);
}

/**
 * vhx_vnet_queue_start - have a queue run as it was set up
 * @q: queue; running already is fine
 *
 * Context: process, sleeps; vhx_dev.lock.
 * Return: 0, or why its ring is none.
 */
int vhx_vnet_queue_start(struct vhx_vnet_queue *q)
{
	const u64 features[VHX_FEATURE_WORDS] = { q->vn->features };
	struct vhx_vq *vq = &q->vq;
	u32 group = vhx_vnet_queue_group(q->vn, vq->index);
	int err = 0;

	lockdep_assert_held(&q->vn->dev.lock);
	mutex_lock(&vq->lock);
	if (!vq->backend) {
		vq->ring.desc = q->desc;
		vq->ring.avail = q->avail;
		vq->ring.used = q->used;
		vq->ring.num = q->num;
		vhx_vq_set_features(vq, features);
		vhx_vq_set_phys(vq, vhx_vnet_mem(q->vn, group));
		err = vhx_vq_start(vq, q);
	}
	mutex_unlock(&vq->lock);
	if (!err && group == VHX_VNET_GROUP_DATA)
		vhx_vnet_queue_set_live(q, true);
	return err;
}

/**
 * vhx_vnet_queue_stop - have a queue stand still
 * @q: queue; stopped already is fine
 *
 * Nothing of it runs when this returns, and nothing is taken off its ring. Packets for the guest
 * may go on to be queued.
 *
 * Context: process, sleeps; vhx_dev.lock.
 */
void vhx_vnet_queue_stop(struct vhx_vnet_queue *q)
{
	mutex_lock(&q->vq.lock);
	vhx_vq_stop(&q->vq);
	mutex_unlock(&q->vq.lock);
}

/**
 * vhx_vnet_queue_reset - forget what a driver set, and what waits for it
 * @q: queue, stopped
 *
 * Context: process, sleeps; vhx_dev.lock.
 */
void vhx_vnet_queue_reset(struct vhx_vnet_queue *q)
{
	struct vhx_irq irq = {};

	q->ready = false;
	q->desc = 0;
	q->avail = 0;
	q->used = 0;
	q->num = vhx_vnet_ring_num(q->vn, q->vq.index);
	q->vq.ring.last_avail = 0;
	q->vq.ring.last_used = 0;
	vhx_vq_set_irq(&q->vq, &irq);
	if (!vhx_vnet_is_rx(q->vn, q->vq.index))
		return;
	vhx_vnet_queue_set_live(q, false);
	vhx_vnet_rx_purge(q);
}
