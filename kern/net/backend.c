// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends, see backend.h.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <linux/if_tap.h>
#include <linux/if_vlan.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "backend.h"
#include "tun_xdp.h"

static void vhx_backend_see(struct vhx_backend *b, struct net *net,
			    struct net_device *dev)
{
	b->port.net = get_net(net);
	b->port.dev = dev;
	b->port.ifindex = dev->ifindex;
	strscpy(b->port.name, dev->name, sizeof(b->port.name));
}

/*
 * A tun fd says its netdev's name in its fdinfo and nowhere else. The name holds in the
 * namespace the fd was opened in; a tap that moved on since is not found, or a namesake is,
 * which the first packet will tell (see nic.c).
 */
static void vhx_backend_find_tap(struct vhx_backend *b)
{
	struct net *net = sock_net(b->sock->sk);
	char text[256] = "";
	struct seq_file m = {
		.buf = text,
		.size = sizeof(text) - 1,
		.file = b->file,
	};
	struct net_device *dev;
	char *name;

	if (!b->file->f_op->show_fdinfo)
		return;
	mutex_init(&m.lock);
	b->file->f_op->show_fdinfo(&m, b->file);
	text[m.count] = '\0';

	name = strstr(text, "iff:\t");
	if (!name)
		return;
	name += strlen("iff:\t");
	name[strcspn(name, "\n")] = '\0';

	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, name);
	if (dev)
		vhx_backend_see(b, net, dev);
	rcu_read_unlock();
}

/* A macvtap's char device is a child of its netdev: look for the netdev that has it. */
static void vhx_backend_find_macvtap(struct vhx_backend *b)
{
	dev_t devt = file_inode(b->file)->i_rdev;
	struct net *net = sock_net(b->sock->sk);
	struct net_device *dev;
	struct device *child;

	rtnl_lock();
	for_each_netdev(net, dev) {
		child = device_find_child(&dev->dev, &devt, device_match_devt);
		if (!child)
			continue;
		put_device(child);
		vhx_backend_see(b, net, dev);
		break;
	}
	rtnl_unlock();
}

static void vhx_backend_find_packet(struct vhx_backend *b)
{
	struct net *net = sock_net(b->sock->sk);
	struct sockaddr_storage ss = {};
	struct net_device *dev;

	if (b->sock->ops->getname(b->sock, (struct sockaddr *)&ss, 0) < 0)
		return;
	rcu_read_lock();
	dev = dev_get_by_index_rcu(net,
				   ((struct sockaddr_ll *)&ss)->sll_ifindex);
	if (dev)
		vhx_backend_see(b, net, dev);
	rcu_read_unlock();
}

static bool vhx_backend_open(struct vhx_backend *b)
{
	struct file *file = b->file;

	b->sock = tun_get_socket(file);
	if (!IS_ERR(b->sock)) {
		b->port.kind = VHX_PORT_TAP;
		b->ring = tun_get_tx_ring(file);
		return !IS_ERR(b->ring);
	}

	b->sock = tap_get_socket(file);
	if (!IS_ERR(b->sock)) {
		b->port.kind = VHX_PORT_MACVTAP;
		b->ring = tap_get_ptr_ring(file);
		return !IS_ERR(b->ring);
	}

	b->sock = sock_from_file(file);
	b->port.kind = VHX_PORT_PACKET;
	return b->sock && b->sock->sk->sk_type == SOCK_RAW &&
	       b->sock->sk->sk_family == AF_PACKET;
}

/**
 * vhx_backend_get - make a backend of an fd
 * @fd: fd of a tap, a macvtap or a raw packet socket
 *
 * The fd is looked up once (CVE-2023-1838).
 *
 * Context: process, sleeps, takes the rtnl lock.
 * Return: the backend; -ENOTSOCK for an fd that is none, whatever it is, as in-tree; -EINVAL for
 * one that is in error; -ENOMEM.
 */
struct vhx_backend *vhx_backend_get(int fd)
{
	struct vhx_backend *b;
	int err = -ENOTSOCK;

	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);

	b->file = fget(fd);
	if (!b->file)
		goto err_free;
	if (!vhx_backend_open(b))
		goto err_file;
	/* A tun fd without netdev, for one: it could not even be waited for. */
	if (vfs_poll(b->file, NULL) & EPOLLERR) {
		err = -EINVAL;
		goto err_file;
	}

	switch (b->port.kind) {
	case VHX_PORT_TAP:
		vhx_backend_find_tap(b);
		break;
	case VHX_PORT_MACVTAP:
		vhx_backend_find_macvtap(b);
		break;
	case VHX_PORT_PACKET:
		vhx_backend_find_packet(b);
		break;
	case VHX_PORT_VDPA:
		/* No fd is that. */
		break;
	}
	return b;

err_file:
	fput(b->file);
err_free:
	kfree(b);
	return ERR_PTR(err);
}

/**
 * vhx_backend_put - let a backend go
 * @b: it; nobody uses it any more
 *
 * Context: process, sleeps.
 */
void vhx_backend_put(struct vhx_backend *b)
{
	if (b->port.net)
		put_net(b->port.net);
	fput(b->file);
	kfree(b);
}

const char *vhx_port_kind_name(enum vhx_port_kind kind)
{
	switch (kind) {
	case VHX_PORT_TAP:
		return "tap";
	case VHX_PORT_MACVTAP:
		return "macvtap";
	case VHX_PORT_PACKET:
		return "packet";
	case VHX_PORT_VDPA:
		return "vdpa";
	}
	return "unknown";
}

/**
 * vhx_backend_send - send one packet
 * @b: backend
 * @from: its bytes, with the virtio header if the socket reads one
 * @len: how many
 * @more: another follows at once
 *
 * Context: process, sleeps.
 * Return: 0; -EAGAIN, -ENOMEM or -ENOBUFS: later; another errno: never.
 */
int vhx_backend_send(struct vhx_backend *b, struct iov_iter *from, u32 len,
		     bool more)
{
	struct msghdr msg = {
		.msg_iter = *from,
		.msg_flags = MSG_DONTWAIT | (more ? MSG_MORE : 0),
	};
	int sent = b->sock->ops->sendmsg(b->sock, &msg, len);

	if (sent < 0)
		return sent;
	return 0;
}

/**
 * vhx_backend_send_batch - send packets that tun_xdp.h laid out
 * @b: backend that can, see vhx_backend_can_batch()
 * @xdp: the packets; their pages are consumed whatever comes out
 * @n: how many
 *
 * Context: process, sleeps.
 * Return: 0 or negative: none was sent.
 */
int vhx_backend_send_batch(struct vhx_backend *b, struct xdp_buff *xdp, u32 n)
{
	struct tun_msg_ctl ctl = {
		.type = TUN_MSG_PTR,
		.num = n,
		.ptr = xdp,
	};
	struct msghdr msg = {
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl),
		.msg_flags = MSG_DONTWAIT,
	};
	int err = b->sock->ops->sendmsg(b->sock, &msg, 0);
	u32 i;

	if (likely(err >= 0))
		return 0;
	for (i = 0; i < n; i++)
		put_page(virt_to_head_page(xdp[i].data));
	return err;
}

/**
 * vhx_backend_take - take packets for the guest off a backend's ring
 * @b: backend that has a ring
 * @pkt: array for them: skbs or tagged XDP frames, see tun_is_xdp_frame()
 * @n: room in it
 *
 * Context: process.
 * Return: packets taken.
 */
u32 vhx_backend_take(struct vhx_backend *b, void **pkt, u32 n)
{
	u32 got;

	if (__ptr_ring_empty(b->ring))
		return 0;
	spin_lock(&b->ring->consumer_lock);
	got = __ptr_ring_consume_batched(b->ring, pkt, n);
	if (got)
		tun_wake_queue(b->file, got);
	spin_unlock(&b->ring->consumer_lock);
	return got;
}

/**
 * vhx_packet_len - length of a packet from a ring, as the guest will get it
 * @pkt: skb or tagged XDP frame
 *
 * Return: bytes, with the VLAN tag, without virtio header.
 */
u32 vhx_packet_len(const void *pkt)
{
	const struct sk_buff *skb = pkt;

	if (tun_is_xdp_frame((void *)pkt))
		return tun_ptr_to_xdp((void *)pkt)->len;
	return skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
}

/**
 * vhx_backend_peek - the next packet of a backend without a ring
 * @b: backend
 *
 * Context: process.
 * Return: the packet, which stays where it is, to be let go by kfree_skb(); NULL when there is
 * none.
 */
struct sk_buff *vhx_backend_peek(struct vhx_backend *b)
{
	struct sk_buff_head *q = &b->sock->sk->sk_receive_queue;
	struct sk_buff *skb;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	skb = skb_peek(q);
	if (skb)
		skb_get(skb);
	spin_unlock_irqrestore(&q->lock, flags);
	return skb;
}

/**
 * vhx_backend_peek_len - length of the next packet of a backend without a ring
 * @b: backend
 *
 * Context: process.
 * Return: bytes, 0 when there is none.
 */
u32 vhx_backend_peek_len(struct vhx_backend *b)
{
	struct sk_buff_head *q = &b->sock->sk->sk_receive_queue;
	struct sk_buff *head;
	unsigned long flags;
	u32 len = 0;

	spin_lock_irqsave(&q->lock, flags);
	head = skb_peek(q);
	if (head)
		len = vhx_packet_len(head);
	spin_unlock_irqrestore(&q->lock, flags);
	return len;
}
