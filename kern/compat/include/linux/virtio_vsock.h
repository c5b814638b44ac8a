/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsock without network namespaces: a packet is for all of them. Drop with 6.12.
 */
#ifndef _VHX_COMPAT_VIRTIO_VSOCK_H
#define _VHX_COMPAT_VIRTIO_VSOCK_H

#include_next <linux/virtio_vsock.h>

#ifndef VHX_HAVE_VSOCK_NET
#define virtio_transport_recv_pkt(t, skb, net)	virtio_transport_recv_pkt(t, skb)
#endif
#endif
