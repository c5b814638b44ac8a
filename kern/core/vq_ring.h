/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings are built once for each way to guest memory: which one is a queue's?
 */
#ifndef _VHX_VQ_RING_H
#define _VHX_VQ_RING_H

#include "iotlb_ring.h"
#include "phys_ring.h"
#include "vq.h"

/* A function of the ring, as this queue's addresses want it. */
#define vhx_vq_ring(vq, fn, ...)						\
	(likely(!(vq)->ring.view) ?						\
	 vhx_ring_##fn(&(vq)->ring, ##__VA_ARGS__) :				\
	 (vq)->phys ?								\
	 vhx_phys_ring_##fn(&(vq)->ring, ##__VA_ARGS__) :			\
	 vhx_iotlb_ring_##fn(&(vq)->ring, ##__VA_ARGS__))

#endif /* _VHX_VQ_RING_H */
