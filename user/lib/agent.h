/* SPDX-License-Identifier: GPL-2.0-only */
/* A session's mappings: what is at which offset of its fd, and how long. */
#ifndef _LIBVHX_AGENT_H
#define _LIBVHX_AGENT_H

#include <sys/mman.h>

#include "libvhx.h"

struct area {
	__u64 offset;
	size_t size;
	int prot;
};

static inline struct area area_req(const struct vhx_agent *agent)
{
	return (struct area) {
		.offset = VHX_AGENT_MAP_REQ,
		.size = (size_t)agent->tags * sizeof(struct vhx_agent_req),
		.prot = PROT_READ,
	};
}

static inline struct area area_ring(const struct vhx_agent *agent)
{
	return (struct area) {
		.offset = VHX_AGENT_MAP_RING,
		.size = (size_t)agent->tags * sizeof(__u32),
		.prot = PROT_READ,
	};
}

static inline struct area area_pool(const struct vhx_agent *agent)
{
	return (struct area) {
		.offset = VHX_AGENT_MAP_POOL,
		.size = agent->pool_size,
		.prot = PROT_READ | PROT_WRITE,
	};
}

#endif
