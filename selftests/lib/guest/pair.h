/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue pair on a vhost-net fd. The node is $VHX_NET, by default /dev/vhx-net, so the same test
 * runs on in-tree's /dev/vhost-net.
 */
#ifndef _SELFTEST_PAIR_H
#define _SELFTEST_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_net.h>

#include "guest.h"

#define RX	0	/* host to guest */
#define TX	1	/* guest to host */

#define F_MRG		BIT64(VIRTIO_NET_F_MRG_RXBUF)
#define F_VHOST_HDR	BIT64(VHOST_NET_F_VIRTIO_NET_HDR)
#define F_MODERN	(F_V1 | F_MRG | F_INDIRECT | F_EVENT_IDX)

const char *guest_node(void);
bool guest_is_vhx(void);

int pair_open(struct guest *g, struct mem *m, uint64_t features, uint32_t num);
int guest_set_backend(struct guest *g, unsigned int i, int fd);
int guest_start(struct guest *g, int backend);
int guest_stop(struct guest *g);

#endif /* _SELFTEST_PAIR_H */
