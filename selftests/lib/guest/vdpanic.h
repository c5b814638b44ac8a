/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio NIC of vhx_vdpa_net, driven from here through in-tree's vhost-vdpa: the VMM and the guest
 * in one, as in guest.h, whose queues these are. Guest memory is mapped where it is for the guest.
 */
#ifndef _SELFTEST_VDPANIC_H
#define _SELFTEST_VDPANIC_H

#include <stdint.h>

#include "guest.h"

#define S_ACK		1
#define S_DRIVER	2
#define S_DRIVER_OK	4
#define S_FEATURES_OK	8
#define S_NEEDS_RESET	0x40

/* What the device must be told to be, and no more. */
#define F_VDPA		(F_V1 | F_PLATFORM)

/**
 * struct vdpanic - the NIC
 * @g: its queues
 * @mem: guest memory
 * @name: of the device and its peer
 * @host: packet socket on the peer
 * @cvq: index of the control queue
 */
struct vdpanic {
	struct guest g;
	struct mem mem;
	const char *name;
	int host;
	unsigned int cvq;
};

int vdpanic_make(const char *name, const char *args);
void vdpanic_unmake(const char *name);
int vdpanic_open(struct vdpanic *v, const char *name, uint64_t features, unsigned int nvq);
int vdpanic_open_num(struct vdpanic *v, const char *name, uint64_t features, unsigned int nvq,
		     uint32_t num);
void vdpanic_close(struct vdpanic *v);
int vdpanic_status(const struct vdpanic *v);
int vdpanic_set_status(const struct vdpanic *v, uint8_t status);
int vdpanic_negotiate(struct vdpanic *v);
int vdpanic_msg(const struct vdpanic *v, uint32_t asid, const struct vhost_iotlb_msg *m);
int vdpanic_map(const struct vdpanic *v, uint32_t asid);
int vdpanic_unmap(const struct vdpanic *v, uint32_t asid);
int vdpanic_start(struct vdpanic *v);
int vdpanic_setup(struct vdpanic *v, const uint32_t *base);
int vdpanic_reset(struct vdpanic *v);
int vdpanic_wait_status(const struct vdpanic *v, uint8_t bit, int ms);

int vdpanic_tx(struct vdpanic *v, const void *packet, uint32_t len);
int vdpanic_post(struct vdpanic *v, uint32_t size);
int vdpanic_rx(struct vdpanic *v, void *packet, uint32_t size, int ms);
int vdpanic_cmd(struct vdpanic *v, const void *cmd, uint32_t len);

#endif /* _SELFTEST_VDPANIC_H */
