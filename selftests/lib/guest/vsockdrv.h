/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-vsock driver and its VMM, over the queues of a vhost-vsock fd. The node is $VHX_VSOCK, by
 * default /dev/vhx-vsock, so the same test runs on in-tree's /dev/vhost-vsock. What a connection is
 * the tests know; here are packets.
 *
 * What can fail returns 0 or a negative errno; -EPROTO: the device gave back what it never had.
 */
#ifndef _SELFTEST_VSOCKDRV_H
#define _SELFTEST_VSOCKDRV_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vhost.h>
#include <linux/virtio_vsock.h>

#include "guest.h"

#define VSOCK_RX	0
#define VSOCK_TX	1
#define VSOCK_PAYLOAD	65536	/* most bytes of a packet */

#define F_SEQPACKET	BIT64(VIRTIO_VSOCK_F_SEQPACKET)
#define F_VSOCK_MODERN	(F_V1 | F_INDIRECT | F_EVENT_IDX | F_SEQPACKET)

/**
 * struct vsockdrv_opt - what vsockdrv_open() is asked for; 0 means the default
 * @cid: the guest's, default VSOCK_CID; VSOCK_NO_CID for none
 * @features: virtio features, default F_VSOCK_MODERN; F_NONE for none at all
 * @num: size of each ring, default 64
 * @buf: bytes of each buffer that the device may write, header and all, default 4096
 */
struct vsockdrv_opt {
	uint64_t cid;
	uint64_t features;
	uint32_t num;
	uint32_t buf;
};

#define VSOCK_CID	42
#define VSOCK_NO_CID	UINT64_MAX

struct vsockdrv {
	struct mem mem;
	struct guest g;
	struct vsockdrv_opt opt;
	uint8_t **rx;		/* a buffer a descriptor */
	uint8_t **txall;	/* as many for what is sent */
	uint8_t **tx;		/* those of them that are free */
	uint32_t ntx;
	uint32_t base[2];
};

/* A packet as the guest has it. */
struct vsockpkt {
	struct virtio_vsock_hdr h;
	uint32_t used;		/* bytes that the device says it wrote */
	uint8_t data[VSOCK_PAYLOAD];
};

const char *vsockdrv_node(void);
bool vsockdrv_is_vhx(void);

int vsockdrv_open(struct vsockdrv *d, const struct vsockdrv_opt *opt);
void vsockdrv_close(struct vsockdrv *d);
int vsockdrv_set_cid(struct vsockdrv *d, uint64_t cid);
int vsockdrv_run(struct vsockdrv *d, bool run);

/* Post all buffers, and run. */
int vsockdrv_start(struct vsockdrv *d);
/* As QEMU does it, and go on where it stopped, or as a driver that knows of nothing. */
int vsockdrv_stop(struct vsockdrv *d);
int vsockdrv_resume(struct vsockdrv *d);
int vsockdrv_reset(struct vsockdrv *d);

/* A packet of @len bytes behind @h, whatever that says. Waits for a free buffer. */
int vsockdrv_send(struct vsockdrv *d, const struct virtio_vsock_hdr *h, const void *data,
		  uint32_t len);
/* Wait until the device has taken all that was sent, and acted upon it. */
bool vsockdrv_taken(struct vsockdrv *d);
/* One that is as it should be: to the host, from the guest's CID. */
struct virtio_vsock_hdr vsockdrv_hdr(const struct vsockdrv *d, uint32_t from, uint32_t to, uint16_t op);

/* The next packet, its buffer posted again. Return: false if none comes for @ms. */
bool vsockdrv_recv(struct vsockdrv *d, struct vsockpkt *p, int ms);
/* The same until it is one of @op to @port; others are passed over. */
bool vsockdrv_recv_op(struct vsockdrv *d, struct vsockpkt *p, uint32_t port, uint16_t op, int ms);

#endif /* _SELFTEST_VSOCKDRV_H */
