// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts to the guest: by a VMM's eventfd, or as whoever drives a device of the kernel's wants
 * to hear of it.
 */
#include <linux/bottom_half.h>
#include <linux/export.h>

#include "dev.h"
#include "trace.h"
#include "vq.h"
#include "vq_ring.h"

static bool vhx_vq_has_call(const struct vhx_vq *vq)
{
	return vq->call || vq->irq.trigger || vq->irq.fn;
}

static void vhx_vq_signal(struct vhx_vq *vq)
{
	if (vq->call) {
		eventfd_signal(vq->call);
		return;
	}
	if (vq->irq.trigger) {
		eventfd_signal(vq->irq.trigger);
		return;
	}
	/* A driver's handler may raise a softirq, which runs when they are on again. */
	local_bh_disable();
	vq->irq.fn(vq->irq.data);
	local_bh_enable();
}

/**
 * vhx_vq_set_irq - who is to hear of what is given back
 * @vq: a queue of a device without owner, running or not
 * @irq: who
 *
 * Nobody is told by the former one when this returns.
 *
 * Context: process; not @vq->lock.
 */
void vhx_vq_set_irq(struct vhx_vq *vq, const struct vhx_irq *irq)
{
	mutex_lock(&vq->lock);
	vq->irq = *irq;
	mutex_unlock(&vq->lock);
}
EXPORT_SYMBOL_GPL(vhx_vq_set_irq);

/**
 * vhx_vq_call - interrupt the guest, if it wants to hear of what was pushed
 * @vq: the queue
 *
 * Context: the queue's handler.
 */
void vhx_vq_call(struct vhx_vq *vq)
{
	int want;

	want = vhx_vq_ring(vq, want_call,
			   vhx_vq_has(vq, VIRTIO_F_NOTIFY_ON_EMPTY));
	if (unlikely(want < 0)) {
		vhx_vq_break(vq, want);
		return;
	}
	if (!want) {
		vhx_vq_count(vq, VHX_QSTAT_CALLS_SKIPPED, 1);
		return;
	}
	if (!vhx_vq_has_call(vq))
		return;
	vhx_vq_count(vq, VHX_QSTAT_CALLS, 1);
	trace_vhx_call(vq);
	vhx_vq_signal(vq);
}
