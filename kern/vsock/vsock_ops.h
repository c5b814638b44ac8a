/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A transport's operations as this kernel calls them: where network namespaces have CIDs of their
 * own they are told for whom. Included by transport.c alone. The second half goes with 6.12.
 */
#ifdef VHX_HAVE_VSOCK_NET

static int vhx_op_send_pkt(struct sk_buff *skb, struct net *net)
{
	return vhx_transport_send(skb, net);
}

static bool vhx_op_stream_allow(struct vsock_sock *vsk, u32 cid, u32 port)
{
	return true;
}

static bool vhx_op_seqpacket_allow(struct vsock_sock *vsk, u32 cid)
{
	return vhx_transport_seqpacket(cid, sock_net(sk_vsock(vsk)));
}

static bool vhx_op_has_remote_cid(struct vsock_sock *vsk, u32 cid)
{
	bool has;

	rcu_read_lock();
	has = vhx_cid_find(cid, sock_net(sk_vsock(vsk)));
	rcu_read_unlock();
	return has;
}

#define VHX_VSOCK_NET_OPS	.has_remote_cid = vhx_op_has_remote_cid,

#else

static int vhx_op_send_pkt(struct sk_buff *skb)
{
	return vhx_transport_send(skb, NULL);
}

static bool vhx_op_stream_allow(u32 cid, u32 port)
{
	return true;
}

static bool vhx_op_seqpacket_allow(u32 cid)
{
	return vhx_transport_seqpacket(cid, NULL);
}

#define VHX_VSOCK_NET_OPS

#endif
