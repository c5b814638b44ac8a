/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-net driver over one queue pair: RX buffers kept posted, TX slots recycled, packets
 * that came in several buffers put together again.
 */
#ifndef _SELFTEST_NETDRV_H
#define _SELFTEST_NETDRV_H

#include <stdbool.h>
#include <stdint.h>

#include "pair.h"

#define HDR_LEGACY	10	/* no VERSION_1, no mergeable buffers */
#define HDR_V1		12
#define HDR_TUNNEL	24	/* a tunnel's segmentation is negotiated, either way */

/* virtio 1.4; Debian 13's headers do not know them yet. */
#ifndef VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO
#define VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO	65
#define VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO	67
#define VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM	8
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4	0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6	0x40
#endif

/**
 * vnet_hdr - the longest of the headers; each shorter one is its beginning
 * @hdr: what all have
 * @num_buffers: HDR_V1
 * @hash: HDR_TUNNEL, of no use without hash reports
 * @outer_th: the outer UDP header's offset, always little-endian
 * @inner_nh: the inner IP header's, likewise
 */
typedef struct {
	struct virtio_net_hdr hdr;
	uint16_t num_buffers;
	uint8_t hash[8];
	uint16_t outer_th;
	uint16_t inner_nh;
} vnet_hdr;

#define F_GUEST_TUNNEL	BIT64(VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64)	/* of the high word */
#define F_HOST_TUNNEL	BIT64(VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO - 64)
#define F_TUNNEL	(F_GUEST_TUNNEL | F_HOST_TUNNEL)

/**
 * struct netdrv_opt - what netdrv_open() is asked for; 0 means the default
 * @features: virtio features, default F_MODERN; F_NONE for none at all
 * @high: those from bit 64 on
 * @num: ring size, default 256
 * @rx_size: bytes of an RX buffer, the header included, default 2048
 * @tx_size: bytes of a TX slot, the header included, default 65536 + 64
 * @mem_size: guest memory, default what the above needs and 16 MiB
 * @tx_pieces: split each TX packet into that many descriptors at random, default 1
 */
struct netdrv_opt {
	uint64_t features;
	uint64_t high;
	uint32_t num;
	uint32_t rx_size;
	uint32_t tx_size;
	size_t mem_size;
	unsigned int tx_pieces;
};

struct netdrv {
	struct mem mem;
	struct guest g;
	struct netdrv_opt opt;
	uint32_t hdr_len;
	bool mrg;
	uint8_t **rx_free;
	uint32_t rx_nfree;
	uint8_t **tx_free;
	uint32_t tx_nfree;
	uint32_t last_nbufs;	/* num_buffers of the last packet netdrv_rx() returned */
};

int netdrv_open(struct netdrv *n, const struct netdrv_opt *opt);
void netdrv_close(struct netdrv *n);
int netdrv_start(struct netdrv *n, int backend);
int netdrv_reset(struct netdrv *n);
int netdrv_negotiate(struct netdrv *n, uint64_t features, uint32_t num);
int netdrv_restart(struct netdrv *n, int backend);

int netdrv_tx(struct netdrv *n, const vnet_hdr *hdr, const void *frame, uint32_t len);
bool netdrv_tx_room(const struct netdrv *n);
void netdrv_tx_flush(struct netdrv *n);
int netdrv_tx_reap(struct netdrv *n);
bool netdrv_tx_drain(struct netdrv *n, int ms);

uint32_t netdrv_rx_fill(struct netdrv *n, uint32_t max);
int netdrv_rx(struct netdrv *n, vnet_hdr *hdr, void *frame, uint32_t size);
int netdrv_rx_wait(struct netdrv *n, vnet_hdr *hdr, void *frame, uint32_t size, int ms);

#endif /* _SELFTEST_NETDRV_H */
