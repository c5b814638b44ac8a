// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet is copied into the buffers the guest posted, its virtio header in front.
 *
 * The tap's recvmsg() does that, one packet a call, and takes half of a packet's way to the guest
 * for it. What it puts in front of a frame is known to it alone, though: whoever holds the tap's
 * fd chooses. So the first packet after a start goes through recvmsg(), and one of many later on;
 * while those come out as long as the guest expects them, the others are laid out here, as tun
 * and tap would do it: checksum and segmentation offloads as the skb has them, the VLAN tag back
 * in its place, the packet in the netdev's counters.
 *
 * The header's byte order is the guest's, which a VMM has to tell the tap.
 */
#include <linux/bottom_half.h>
#include <linux/highmem.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/uio.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_net.h>

#include "core/access.h"
#include "rx.h"

#define VHX_COPY_TRUST	1024	/* packets for each that goes through recvmsg() */

/* ---- by recvmsg() ---- */

/* What the socket does not know of the header. */
static int vhx_copy_mend_hdr(const struct vhx_rx *r, const struct vhx_copy *c)
{
	u16 num = r->vq->ring.swap ? swab16(c->nchain) : c->nchain;
	static const struct vhx_hdr none;

	/* A backend without virtio header: nothing is offloaded. */
	if (!r->p->sock_hdr && vhx_copy_out(c->to, 0, &none, r->p->guest_hdr))
		return -EFAULT;
	if (!r->num_buffers)
		return 0;
	return vhx_copy_out(c->to, offsetof(struct vhx_hdr, num_buffers), &num,
			    sizeof(num));
}

/* Do the tap's counters count what is read from it, and are they within reach? */
static bool vhx_copy_can_count(const struct vhx_pair *p)
{
	const struct vhx_net_nic *nic;
	bool can;

	rcu_read_lock();
	nic = rcu_dereference(p->seat.nic);
	can = p->confirmed && nic && !READ_ONCE(nic->mismatch) &&
	      rcu_access_pointer(nic->dev);
	rcu_read_unlock();
	return can;
}

static int vhx_copy_by_socket(struct vhx_rx *r, const struct vhx_copy *c)
{
	u32 want = r->p->sock_hdr + c->len;
	struct msghdr msg = {
		.msg_control = c->pkt,
		.msg_flags = MSG_DONTWAIT,
	};
	int got;

	iov_iter_init(&msg.msg_iter, ITER_DEST, (const struct iovec *)c->to.seg,
		      c->to.n, r->p->guest_hdr + c->len);
	if (!r->p->sock_hdr)
		iov_iter_advance(&msg.msg_iter, r->p->guest_hdr);
	got = r->b->sock->ops->recvmsg(r->b->sock, &msg, want,
				       MSG_DONTWAIT | MSG_TRUNC);
	if (unlikely(got != want))
		return -EIO;
	if (c->pkt && (r->b->port.kind != VHX_PORT_TAP || vhx_copy_can_count(r->p)))
		r->p->trust = VHX_COPY_TRUST;
	return 0;
}

/* ---- by hand ---- */

/* Of a packet that is to be segmented in its tunnel. */
static noinline int vhx_copy_make_tunnel_hdr(const struct vhx_rx *r, const struct sk_buff *skb,
				    struct vhx_hdr *h)
{
	struct virtio_net_hdr_v1_hash_tunnel *vnet = (void *)h;
	int vlan = skb_vlan_tag_present(skb) ? VLAN_HLEN : 0;
	int err;

	BUILD_BUG_ON(sizeof(*vnet) != sizeof(*h));
	BUILD_BUG_ON(offsetof(struct vhx_hdr, outer_th) !=
		     offsetof(struct virtio_net_hdr_v1_hash_tunnel, outer_th_offset));
	/* Else the guest's header has no words for it, or the guest none for them. */
	if (!vhx_vq_has(r->vq, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO))
		return -EINVAL;
	err = virtio_net_hdr_tnl_from_skb(skb, vnet, true, true, vlan, true, false);
	if (err || !vlan)
		return err;
	/* The kernel counts the tag, which goes back into the frame, for the checksum only. */
	le16_add_cpu(&vnet->outer_th_offset, vlan);
	le16_add_cpu(&vnet->inner_nh_offset, vlan);
	return 0;
}

static int vhx_copy_make_hdr(const struct vhx_rx *r, void *pkt, struct vhx_hdr *h)
{
	const struct sk_buff *skb = pkt;
	bool le = virtio_legacy_is_little_endian() ||
		  vhx_vq_has(r->vq, VIRTIO_F_VERSION_1);

	BUILD_BUG_ON(offsetof(struct vhx_hdr, num_buffers) !=
		     sizeof(struct virtio_net_hdr));
	if (!r->p->sock_hdr || tun_is_xdp_frame(pkt)) {
		memset(h, 0, sizeof(struct virtio_net_hdr));
		return 0;
	}
	/* Only of what is to be segmented does the kernel mean what it says of tunnels. */
	if (skb_is_gso(skb) &&
	    unlikely(skb_shinfo(skb)->gso_type &
		     (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM)))
		return vhx_copy_make_tunnel_hdr(r, skb, h);
	return virtio_net_hdr_from_skb(skb, (struct virtio_net_hdr *)h, le, true,
				       skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
}

/* The addresses and the tag that stands behind them. */
static int vhx_copy_tag(struct vhx_cursor *to, const struct sk_buff *skb)
{
	u8 head[2 * ETH_ALEN + VLAN_HLEN];
	__be16 *tag = (__be16 *)(head + 2 * ETH_ALEN);

	if (skb_copy_bits(skb, 0, head, 2 * ETH_ALEN))
		return -EINVAL;
	tag[0] = skb->vlan_proto;
	tag[1] = htons(skb_vlan_tag_get(skb));
	return vhx_copy_on(to, head, sizeof(head));
}

static int vhx_copy_frag(struct vhx_cursor *to, const skb_frag_t *frag)
{
	u32 off, len, done;
	struct page *page;
	int err = 0;

	/* Memory of a device's own. */
	if (unlikely(!skb_frag_page(frag)))
		return -EINVAL;
	skb_frag_foreach_page(frag, skb_frag_off(frag), skb_frag_size(frag), page,
			      off, len, done) {
		const void *at = kmap_local_page(page);

		err = vhx_copy_on(to, at + off, len);
		kunmap_local(at);
		if (err)
			break;
	}
	return err;
}

/* From @off on, an skb of whatever shape. */
static int vhx_copy_odd(struct vhx_cursor *to, const struct sk_buff *skb, u32 off)
{
	u32 len = skb->len - off;
	struct iov_iter iter;

	iov_iter_init(&iter, ITER_DEST, (const struct iovec *)to->segs.seg,
		      to->segs.n, to->off + len);
	iov_iter_advance(&iter, to->off);
	return skb_copy_datagram_iter(skb, off, &iter, len);
}

static int vhx_copy_skb(struct vhx_cursor *to, const struct sk_buff *skb)
{
	u32 i, off = 0, head = skb_headlen(skb);
	int err;

	if (skb_vlan_tag_present(skb)) {
		err = vhx_copy_tag(to, skb);
		if (err)
			return err;
		off = 2 * ETH_ALEN;
	}
	if (unlikely(skb_has_frag_list(skb) || head < off))
		return vhx_copy_odd(to, skb, off);
	err = vhx_copy_on(to, skb->data + off, head - off);
	for (i = 0; !err && i < skb_shinfo(skb)->nr_frags; i++)
		err = vhx_copy_frag(to, &skb_shinfo(skb)->frags[i]);
	return err;
}

/* A packet that is one run of bytes, which nearly all of those that are small are. */
static const void *vhx_copy_run(void *pkt)
{
	const struct sk_buff *skb = pkt;

	if (tun_is_xdp_frame(pkt))
		return tun_ptr_to_xdp(pkt)->data;
	return skb_is_nonlinear(skb) || skb_vlan_tag_present(skb) ? NULL : skb->data;
}

static int vhx_copy_by_hand(const struct vhx_rx *r, const struct vhx_copy *c)
{
	struct vhx_cursor to = { .segs = c->to };
	const struct vhx_seg *seg = c->to.seg;
	const void *run = vhx_copy_run(c->pkt);
	u32 hlen = r->p->guest_hdr;
	struct vhx_hdr h;
	struct vhx_bytes hdr = { &h, hlen }, data = { run, c->len };
	int err;

	if (unlikely(hlen > VHX_HDR_LEN_MRG))
		memset(&h, 0, sizeof(h));
	err = vhx_copy_make_hdr(r, c->pkt, &h);
	if (unlikely(err))
		return err;
	h.num_buffers = r->vq->ring.swap ? swab16(c->nchain) : c->nchain;

	if (run && c->len <= VHX_COPY_SMALL && seg->len >= hlen + c->len)
		return vhx_copy_small(seg->addr, hdr, data);
	if (likely(seg->len > hlen)) {
		err = vhx_copy_small(seg->addr, hdr, (struct vhx_bytes) { &h, 0 });
		to.off = hlen;
	} else {
		err = vhx_copy_on(&to, &h, hlen);
	}
	if (err)
		return err;
	if (run)
		return vhx_copy_on(&to, run, c->len);
	return vhx_copy_skb(&to, c->pkt);
}

/* Whoever wrote it to the guest lets go of it; an skb with the others, by vhx_copy_settle(). */
static void vhx_copy_consume(struct vhx_rx *r, void *pkt, u32 len, int err)
{
	bool xdp = tun_is_xdp_frame(pkt);

	if (unlikely(err)) {
		vhx_rx_drop(pkt);
		return;
	}
	r->tap_packets++;
	/* tun counts the header of an XDP frame as well. */
	r->tap_bytes += xdp ? r->p->sock_hdr + len : len;
	if (xdp)
		xdp_return_frame(tun_ptr_to_xdp(pkt));
	else
		r->s->skb[r->nskb++] = pkt;
}

/**
 * vhx_copy_packet - write a packet into the guest's buffers
 * @r: the turn
 * @c: the packet, which is consumed whatever comes out, and where it goes
 *
 * Context: the rx queue's handler; may sleep.
 * Return: 0; -EFAULT when the guest's memory is not there; another errno when the packet is not
 * fit to be written, or the backend did not write it as the guest expects it.
 */
int vhx_copy_packet(struct vhx_rx *r, const struct vhx_copy *c)
{
	int err;

	if (unlikely(!r->p->trust)) {
		err = vhx_copy_by_socket(r, c);
		return err ?: vhx_copy_mend_hdr(r, c);
	}
	r->p->trust--;
	err = vhx_copy_by_hand(r, c);
	vhx_copy_consume(r, c->pkt, c->len, err);
	return err;
}

/* The tap's netdev counts what was read, as tun's recvmsg() has it count. */
static void vhx_copy_account(struct vhx_rx *r)
{
	const struct vhx_net_nic *nic;
	struct net_device *dev;

	rcu_read_lock();
	nic = rcu_dereference(r->p->seat.nic);
	dev = nic ? rcu_dereference(nic->dev) : NULL;
	if (likely(dev)) {
		preempt_disable();
		dev_sw_netstats_tx_add(dev, r->tap_packets, r->tap_bytes);
		preempt_enable();
	} else {
		/* It went; the fd may get another one. */
		r->p->trust = 0;
	}
	rcu_read_unlock();
}

/**
 * vhx_copy_settle - account for the packets that were written, and free them
 * @r: the turn
 *
 * Context: the rx queue's handler.
 */
void vhx_copy_settle(struct vhx_rx *r)
{
	u32 i;

	if (r->tap_packets && r->b->port.kind == VHX_PORT_TAP)
		vhx_copy_account(r);
	r->tap_packets = 0;
	r->tap_bytes = 0;
	if (!r->nskb)
		return;
	/* Many at once, and where the next ones are allocated from. */
	local_bh_disable();
	for (i = 0; i < r->nskb; i++)
		napi_consume_skb(r->s->skb[i], VHX_NET_BATCH);
	local_bh_enable();
	r->nskb = 0;
}
