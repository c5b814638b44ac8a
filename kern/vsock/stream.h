/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VHX_VSOCK_STREAM_H
#define _VHX_VSOCK_STREAM_H

#include <linux/types.h>

struct msghdr;
struct vsock_sock;

ssize_t vhx_stream_enqueue(struct vsock_sock *vsk, struct msghdr *msg, size_t len);

#endif /* _VHX_VSOCK_STREAM_H */
