/* SPDX-License-Identifier: GPL-2.0-only */
/* A producer's eventfd and interrupt are arguments from 6.17 on. Drop with 6.12. */
#ifndef _VHX_COMPAT_IRQBYPASS_H
#define _VHX_COMPAT_IRQBYPASS_H

#include_next <linux/irqbypass.h>

#ifndef VHX_HAVE_IRQ_BYPASS_EVENTFD
static inline int vhx_compat_register_producer(struct irq_bypass_producer *producer, void *eventfd,
					       int irq)
{
	producer->token = eventfd;
	producer->irq = irq;
	return irq_bypass_register_producer(producer);
}

#define irq_bypass_register_producer vhx_compat_register_producer
#endif

#endif
