// SPDX-License-Identifier: GPL-2.0-only
/*
 * Much at once from a socket of the host's to a guest. What a connection is stays the common
 * code's; only where the bytes are put until the guest has them is ours, see pages.h.
 */
#include <linux/virtio_vsock.h>

#include "guest.h"
#include "stream.h"

/* A packet of @vsk's with room for @len bytes; NULL if that is not to be had, or there is no guest. */
static struct sk_buff *vhx_stream_alloc(struct vsock_sock *vsk, u32 len)
{
	struct sk_buff *skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM, GFP_KERNEL);
	struct vhx_guest *g;
	bool ok;

	if (!skb)
		return NULL;
	rcu_read_lock();
	g = vhx_cid_find(vsk->remote_addr.svm_cid, sock_net(sk_vsock(vsk)));
	ok = g && vhx_pages_fill(&g->pages_to, skb, len);
	rcu_read_unlock();
	if (ok)
		return skb;
	kfree_skb(skb);
	return NULL;
}

static void vhx_stream_header(const struct vsock_sock *vsk, struct sk_buff *skb)
{
	*virtio_vsock_hdr(skb) = (struct virtio_vsock_hdr) {
		.src_cid = cpu_to_le64(VMADDR_CID_HOST),
		.dst_cid = cpu_to_le64(vsk->remote_addr.svm_cid),
		.src_port = cpu_to_le32(vsk->local_addr.svm_port),
		.dst_port = cpu_to_le32(vsk->remote_addr.svm_port),
		.len = cpu_to_le32(skb->len),
		.type = cpu_to_le16(VIRTIO_VSOCK_TYPE_STREAM),
		.op = cpu_to_le16(VIRTIO_VSOCK_OP_RW),
	};
}

/* Return: 0; -ENOMEM: nothing was done; -EFAULT, or as vhx_transport_send(). */
static int vhx_stream_send(struct vsock_sock *vsk, struct msghdr *msg, u32 len)
{
	struct sk_buff *skb = vhx_stream_alloc(vsk, len);
	int ret;

	if (!skb)
		return -ENOMEM;
	if (skb_copy_datagram_from_iter(skb, 0, &msg->msg_iter, len)) {
		kfree_skb(skb);
		return -EFAULT;
	}
	vhx_stream_header(vsk, skb);
	/* What is not with the guest is the socket's: SIOCOUTQ, and what cancels it. */
	skb_set_owner_w(skb, sk_vsock(vsk));
	virtio_transport_inc_tx_pkt(vsk->trans, skb);
	ret = vhx_transport_send(skb, sock_net(sk_vsock(vsk)));
	return min(ret, 0);
}

/**
 * vhx_stream_enqueue - the transport's operation of that name
 * @vsk: socket
 * @msg: what it sends
 * @len: bytes
 *
 * Small pieces, and pages that the sender lends, go the common code's way.
 *
 * Context: process, sleeps; the socket's lock.
 * Return: bytes that were sent, perhaps 0 where the guest has no room; or -errno.
 */
ssize_t vhx_stream_enqueue(struct vsock_sock *vsk, struct msghdr *msg, size_t len)
{
	u32 n = min_t(size_t, len, VIRTIO_VSOCK_MAX_PKT_BUF_SIZE);
	int err;

	if (len < VHX_PAGES_LEAST || msg->msg_flags & MSG_ZEROCOPY || msg->msg_ubuf)
		return virtio_transport_stream_enqueue(vsk, msg, len);
	n = virtio_transport_get_credit(vsk->trans, n);
	if (!n)
		return 0;
	err = vhx_stream_send(vsk, msg, n);
	if (!err)
		return n;
	virtio_transport_put_credit(vsk->trans, n);
	return err == -ENOMEM ? virtio_transport_stream_enqueue(vsk, msg, len) : err;
}
