/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where packets go to and come from: a tap, a macvtap or a packet socket, as the VMM hands it
 * over by SET_BACKEND.
 */
#ifndef _VHX_NET_BACKEND_H
#define _VHX_NET_BACKEND_H

#include <linux/if_tun.h>
#include <linux/net.h>
#include <linux/ptr_ring.h>
#include <linux/types.h>
#include <net/sock.h>
#include <net/xdp.h>

#include "port.h"

/**
 * struct vhx_backend - a socket to the host's network
 * @sock: the socket; holding its file holds it
 * @file: what the VMM's fd meant, counted
 * @ring: packets on their way to the guest, NULL for a packet socket
 * @port: its place on the host at the time of SET_BACKEND
 */
struct vhx_backend {
	struct socket *sock;
	struct file *file;
	struct ptr_ring *ring;
	struct vhx_port port;
};

struct vhx_backend *vhx_backend_get(int fd);
void vhx_backend_put(struct vhx_backend *b);
const char *vhx_port_kind_name(enum vhx_port_kind kind);
int vhx_backend_send(struct vhx_backend *b, struct iov_iter *from, u32 len,
		     bool more);
int vhx_backend_send_batch(struct vhx_backend *b, struct xdp_buff *xdp, u32 n);
u32 vhx_backend_take(struct vhx_backend *b, void **pkt, u32 n);
struct sk_buff *vhx_backend_peek(struct vhx_backend *b);
u32 vhx_backend_peek_len(struct vhx_backend *b);
u32 vhx_packet_len(const void *pkt);

static inline bool vhx_backend_can_batch(const struct vhx_backend *b)
{
	return b->port.kind != VHX_PORT_PACKET &&
	       READ_ONCE(b->sock->sk->sk_sndbuf) == INT_MAX;
}

/* Would a packet have to wait for those sent before? What the socket asks itself. */
static inline bool vhx_backend_is_full(const struct vhx_backend *b)
{
	return sk_wmem_alloc_get(b->sock->sk) >= READ_ONCE(b->sock->sk->sk_sndbuf);
}

#endif /* _VHX_NET_BACKEND_H */
