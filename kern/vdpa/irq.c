// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue's interrupt goes from the device to the guest without the host where both can: we offer
 * it, KVM takes it when the same eventfd is its irqfd.
 */
#include "trace.h"
#include "vdpa.h"

/**
 * vhx_irq_offer - offer a queue's interrupt to KVM
 * @vq: queue of a device that runs; one without an interrupt or eventfd is left alone
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 */
void vhx_irq_offer(struct vhx_vdpa_vq *vq)
{
	struct vdpa_device *vdpa = vq->v->vdpa;
	struct eventfd_ctx *ctx = vhx_vcall_ctx(&vq->call);
	int irq, err;

	if (vq->bypassed || !ctx || !vdpa->config->get_vq_irq)
		return;
	irq = vdpa->config->get_vq_irq(vdpa, vq->index);
	if (irq < 0)
		return;
	vq->bypass = (struct irq_bypass_producer) {};
	err = irq_bypass_register_producer(&vq->bypass, ctx, irq);
	trace_vhx_vdpa_irq(vq, irq, err);
	WRITE_ONCE(vq->bypassed, !err);
}

/**
 * vhx_irq_withdraw - do not offer it any more
 * @vq: queue; one that is not offered is fine
 *
 * Before its eventfd is let go of, by which KVM knows it.
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 */
void vhx_irq_withdraw(struct vhx_vdpa_vq *vq)
{
	if (!vq->bypassed)
		return;
	irq_bypass_unregister_producer(&vq->bypass);
	WRITE_ONCE(vq->bypassed, false);
}
