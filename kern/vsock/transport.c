// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's sockets: to AF_VSOCK guests are what one transport reaches, the one from host to
 * guest, of which the kernel has room for one. What a connection is, its state and its credit, is
 * the kernel's common code's; here is how packets leave it and come to it.
 *
 * If another module has that place, guests are reached in other ways, and the host's sockets belong
 * to the guests of that module.
 */
#include <linux/moduleparam.h>
#include <linux/vm_sockets.h>

#include "guest.h"
#include "stream.h"

static char *h2g = "auto";
module_param(h2g, charp, 0444);
MODULE_PARM_DESC(h2g,
		 "Be the transport of the host's AF_VSOCK: on, off, auto: if no other module is (default auto)");

static bool vhx_transport_is_on;
static struct virtio_transport vhost_transport;

static u32 vhx_transport_local_cid(void)
{
	return VMADDR_CID_HOST;
}

/* ---- to a guest ---- */

/* A guest whose driver is not there cannot be asked for a connection. */
static bool vhx_transport_is_absent(const struct vhx_guest *g, struct sk_buff *skb)
{
	return le16_to_cpu(virtio_vsock_hdr(skb)->op) == VIRTIO_VSOCK_OP_REQUEST &&
	       !READ_ONCE(g->vq[VHX_VSOCK_TO_GUEST].backend);
}

/**
 * vhx_transport_send - a packet of the host's sockets
 * @skb: packet with its header; consumed
 * @net: the socket's network namespace
 *
 * Context: any but interrupts.
 * Return: bytes of payload; -ENODEV no such guest; -EHOSTUNREACH its driver is not there.
 */
int vhx_transport_send(struct sk_buff *skb, struct net *net)
{
	const u32 cid = le64_to_cpu(virtio_vsock_hdr(skb)->dst_cid);
	struct vhx_guest *g;
	int ret = skb->len;

	rcu_read_lock();
	g = vhx_cid_find(cid, net);
	if (!g)
		ret = -ENODEV;
	else if (vhx_transport_is_absent(g, skb))
		ret = -EHOSTUNREACH;
	else
		vhx_rx_queue(g, skb);
	rcu_read_unlock();
	if (ret < 0)
		kfree_skb(skb);
	return ret;
}

/* A socket gives up what it sent. */
static int vhx_transport_cancel(struct vsock_sock *vsk)
{
	struct vhx_guest *g;
	int ret = -ENODEV;

	rcu_read_lock();
	g = vhx_cid_find(vsk->remote_addr.svm_cid, sock_net(sk_vsock(vsk)));
	if (g) {
		vhx_rx_dropped(g, virtio_transport_purge_skbs(vsk, &g->out.host.q));
		ret = 0;
	}
	rcu_read_unlock();
	return ret;
}

/* ---- from a guest ---- */

/**
 * vhx_transport_recv - a packet for the host's sockets
 * @skb: packet with its header
 * @net: the guest's network namespace
 *
 * Context: process, sleeps: the socket's lock is waited for.
 * Return: whether it was taken.
 */
bool vhx_transport_recv(struct sk_buff *skb, struct net *net)
{
	if (!vhx_transport_is_on)
		return false;
	virtio_transport_recv_pkt(&vhost_transport, skb, net);
	return true;
}

/* Is it connected to a guest that is not there, or not any more who it was? */
static bool vhx_transport_is_lost(struct sock *sk)
{
	const struct vhx_guest *g;
	bool lost;

	rcu_read_lock();
	g = vhx_cid_find(vsock_sk(sk)->remote_addr.svm_cid, sock_net(sk));
	lost = !g || READ_ONCE(g->reset);
	rcu_read_unlock();
	return lost;
}

/* RSTs, each with its socket, for those that lost their guest; vhx_transport_resetting. */
static struct sk_buff_head vhx_transport_rsts;
static DEFINE_MUTEX(vhx_transport_resetting);

/* Return: whether there is one for @sk now. */
static bool vhx_transport_make_rst(struct sock *sk)
{
	const struct vsock_sock *vsk = vsock_sk(sk);
	struct sk_buff *skb;

	skb = virtio_vsock_alloc_skb(VIRTIO_VSOCK_SKB_HEADROOM, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return false;
	*virtio_vsock_hdr(skb) = (struct virtio_vsock_hdr) {
		.src_cid = cpu_to_le64(vsk->remote_addr.svm_cid),
		.dst_cid = cpu_to_le64(VMADDR_CID_HOST),
		.src_port = cpu_to_le32(vsk->remote_addr.svm_port),
		.dst_port = cpu_to_le32(vsk->local_addr.svm_port),
		.type = cpu_to_le16(sk->sk_type == SOCK_SEQPACKET ? VIRTIO_VSOCK_TYPE_SEQPACKET :
								    VIRTIO_VSOCK_TYPE_STREAM),
		.op = cpu_to_le16(VIRTIO_VSOCK_OP_RST),
	};
	if (!skb_set_owner_sk_safe(skb, sk)) {
		kfree_skb(skb);
		return true;		/* nobody has it any more */
	}
	__skb_queue_tail(&vhx_transport_rsts, skb);
	return true;
}

/* Its user hears of it. */
static void vhx_transport_fail(struct sock *sk)
{
	vsock_sk(sk)->peer_shutdown = SHUTDOWN_MASK;
	sk->sk_err = ECONNRESET;
	sk_error_report(sk);
}

/*
 * Context: vsock_table_lock, so that it stays; not its own, which cannot be taken here. Without it
 * a close may be half way: SOCK_DONE set then would have it wait for its guest for ever, and the
 * socket hold the module. So without memory the close is left to its time.
 */
static void vhx_transport_reset_one(struct sock *sk)
{
	if (vhx_transport_is_lost(sk) && !vhx_transport_make_rst(sk))
		vhx_transport_fail(sk);
}

/*
 * Where a close waits for the guest, which will not agree to it any more, a RST ends it at once:
 * until then the socket takes what the guest sends by the same ports, also what asks for a new
 * connection.
 */
static void vhx_transport_end(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	bool closing;

	lock_sock(sk);
	closing = vsock_sk(sk)->close_work_scheduled;
	if (!closing) {
		sock_set_flag(sk, SOCK_DONE);
		sk->sk_state = SS_UNCONNECTED;
		vhx_transport_fail(sk);
	}
	release_sock(sk);
	if (closing)
		virtio_transport_recv_pkt(&vhost_transport, skb, sock_net(sk));
	else
		kfree_skb(skb);
}

/**
 * vhx_transport_reset - end the host's connections to guests that are gone, or began anew
 *
 * Context: process, sleeps: the sockets' locks are waited for.
 */
void vhx_transport_reset(void)
{
	struct sk_buff *skb;

	if (!vhx_transport_is_on)
		return;
	mutex_lock(&vhx_transport_resetting);
	vsock_for_each_connected_socket(&vhost_transport.transport, vhx_transport_reset_one);
	while ((skb = __skb_dequeue(&vhx_transport_rsts)))
		vhx_transport_end(skb);
	mutex_unlock(&vhx_transport_resetting);
}

/* ---- what AF_VSOCK asks for ---- */

static bool vhx_transport_seqpacket(u32 cid, struct net *net)
{
	const struct vhx_guest *g;
	bool allow;

	rcu_read_lock();
	g = vhx_cid_find(cid, net);
	allow = g && READ_ONCE(g->seqpacket);
	rcu_read_unlock();
	return allow;
}

/* The copy to the guest is made from the sender's pages then. */
static bool vhx_transport_zerocopy(void)
{
	return true;
}

#include "vsock_ops.h"

/* Its name is what vsock_test knows a host's transport by. */
static struct virtio_transport vhost_transport = {
	.transport = {
		.module			= THIS_MODULE,
		.get_local_cid		= vhx_transport_local_cid,
		VHX_VSOCK_NET_OPS

		.init			= virtio_transport_do_socket_init,
		.destruct		= virtio_transport_destruct,
		.release		= virtio_transport_release,
		.connect		= virtio_transport_connect,
		.shutdown		= virtio_transport_shutdown,
		.cancel_pkt		= vhx_transport_cancel,

		.dgram_enqueue		= virtio_transport_dgram_enqueue,
		.dgram_dequeue		= virtio_transport_dgram_dequeue,
		.dgram_bind		= virtio_transport_dgram_bind,
		.dgram_allow		= virtio_transport_dgram_allow,

		.stream_enqueue		= vhx_stream_enqueue,
		.stream_dequeue		= virtio_transport_stream_dequeue,
		.stream_has_data	= virtio_transport_stream_has_data,
		.stream_has_space	= virtio_transport_stream_has_space,
		.stream_rcvhiwat	= virtio_transport_stream_rcvhiwat,
		.stream_is_active	= virtio_transport_stream_is_active,
		.stream_allow		= vhx_op_stream_allow,

		.seqpacket_dequeue	= virtio_transport_seqpacket_dequeue,
		.seqpacket_enqueue	= virtio_transport_seqpacket_enqueue,
		.seqpacket_allow	= vhx_op_seqpacket_allow,
		.seqpacket_has_data	= virtio_transport_seqpacket_has_data,

		.msgzerocopy_allow	= vhx_transport_zerocopy,
		.unsent_bytes		= virtio_transport_unsent_bytes,
		.read_skb		= virtio_transport_read_skb,

		.notify_poll_in		= virtio_transport_notify_poll_in,
		.notify_poll_out	= virtio_transport_notify_poll_out,
		.notify_recv_init	= virtio_transport_notify_recv_init,
		.notify_recv_pre_block	= virtio_transport_notify_recv_pre_block,
		.notify_recv_pre_dequeue = virtio_transport_notify_recv_pre_dequeue,
		.notify_recv_post_dequeue = virtio_transport_notify_recv_post_dequeue,
		.notify_send_init	= virtio_transport_notify_send_init,
		.notify_send_pre_block	= virtio_transport_notify_send_pre_block,
		.notify_send_pre_enqueue = virtio_transport_notify_send_pre_enqueue,
		.notify_send_post_enqueue = virtio_transport_notify_send_post_enqueue,
		.notify_buffer_size	= virtio_transport_notify_buffer_size,
		.notify_set_rcvlowat	= virtio_transport_notify_set_rcvlowat,
	},
	.send_pkt = vhx_op_send_pkt,
};

/**
 * vhx_transport_init - become the transport of the host's sockets, as the module was told to
 *
 * Context: process, sleeps.
 * Return: 0; -EINVAL it was told something else; -EBUSY another module is, and it had to be us.
 */
int vhx_transport_init(void)
{
	const bool must = !strcmp(h2g, "on");
	int err;

	__skb_queue_head_init(&vhx_transport_rsts);
	if (!strcmp(h2g, "off"))
		return 0;
	if (!must && strcmp(h2g, "auto")) {
		pr_err("vhx_vsock: h2g=%s is none of on, off, auto\n", h2g);
		return -EINVAL;
	}
	err = vsock_core_register(&vhost_transport.transport, VSOCK_TRANSPORT_F_H2G);
	if (!err) {
		vhx_transport_is_on = true;
		return 0;
	}
	if (must || err != -EBUSY) {
		pr_err("vhx_vsock: cannot be the transport of the host's AF_VSOCK (%d): is vhost_vsock, or vmw_vsock_vmci_transport, loaded? rmmod it, or load with h2g=off\n",
		       err);
		return err;
	}
	pr_info("vhx_vsock: the host's AF_VSOCK is another module's, guests here are not reached by it\n");
	return 0;
}

void vhx_transport_exit(void)
{
	if (vhx_transport_is_on)
		vsock_core_unregister(&vhost_transport.transport);
}
