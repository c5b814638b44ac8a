// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which packets a guest wants, as it said by its control queue. A filter never changes: a command
 * makes another, so that packets meet the one or the other.
 *
 * Only one at a time makes filters: the control queue's handler; or the device's reset and set-up,
 * while that does not run.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "vnet.h"

static bool vhx_filter_has(const u8 (*list)[ETH_ALEN], u32 n, const u8 *mac)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (ether_addr_equal_unaligned(list[i], mac))
			return true;
	return false;
}

static bool vhx_filter_wants_mac(const struct vhx_vnet_filter *f, const u8 *mac)
{
	if (f->flags & VHX_FILTER_PROMISC)
		return true;
	if (is_broadcast_ether_addr(mac))
		return !(f->flags & VHX_FILTER_NOBCAST);
	if (is_multicast_ether_addr(mac))
		return !(f->flags & VHX_FILTER_NOMULTI) &&
		       (f->flags & (VHX_FILTER_ALLMULTI | VHX_FILTER_MC_OVER) ||
			vhx_filter_has(f->mc, f->nmc, mac));
	return !(f->flags & VHX_FILTER_NOUNI) &&
	       (f->flags & (VHX_FILTER_ALLUNI | VHX_FILTER_UC_OVER) ||
		ether_addr_equal_unaligned(f->mac, mac) || vhx_filter_has(f->uc, f->nuc, mac));
}

/* A tag of VLAN 0 is a priority alone. */
static bool vhx_filter_wants_vlan(const struct vhx_vnet_filter *f, const struct sk_buff *skb)
{
	struct vlan_ethhdr buf;
	const struct vlan_ethhdr *h;
	u16 vid;

	if (!(f->flags & VHX_FILTER_VLANS))
		return true;
	if (skb_vlan_tag_present(skb)) {
		vid = skb_vlan_tag_get_id(skb);
	} else {
		h = skb_header_pointer(skb, 0, sizeof(buf), &buf);
		if (!h || h->h_vlan_proto != htons(ETH_P_8021Q))
			return true;
		vid = ntohs(h->h_vlan_TCI) & VLAN_VID_MASK;
	}
	return !vid || test_bit(vid, f->vlan);
}

/**
 * vhx_vnet_wants - does the guest want this packet?
 * @vn: device
 * @skb: at its Ethernet header, which is linear
 *
 * Context: any.
 */
bool vhx_vnet_wants(const struct vhx_vnet *vn, const struct sk_buff *skb)
{
	const struct vhx_vnet_filter *f;
	bool wants;

	rcu_read_lock();
	f = rcu_dereference(vn->filter);
	wants = vhx_filter_wants_mac(f, skb->data) && vhx_filter_wants_vlan(f, skb);
	rcu_read_unlock();
	return wants;
}

/* Whoever makes filters is alone. */
static struct vhx_vnet_filter *vhx_filter_now(const struct vhx_vnet *vn)
{
	return rcu_dereference_protected(vn->filter, true);
}

static struct vhx_vnet_filter *vhx_filter_copy(const struct vhx_vnet *vn)
{
	return kmemdup(vhx_filter_now(vn), sizeof(struct vhx_vnet_filter), GFP_KERNEL_ACCOUNT);
}

static void vhx_filter_set(struct vhx_vnet *vn, struct vhx_vnet_filter *f)
{
	struct vhx_vnet_filter *old = vhx_filter_now(vn);

	rcu_assign_pointer(vn->filter, f);
	if (old)
		kfree_rcu(old, rcu);
}

/**
 * vhx_vnet_filter_reset - begin with all packets
 * @vn: device; of its features, CTRL_VLAN matters
 *
 * A driver that can say what it wants says so when it is ready to.
 *
 * Context: process, sleeps; vhx_dev.lock, or the device is being made; the control queue stopped.
 * Return: 0 or -ENOMEM: the filter is what it was.
 */
int vhx_vnet_filter_reset(struct vhx_vnet *vn)
{
	struct vhx_vnet_filter *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return -ENOMEM;
	f->flags = VHX_FILTER_PROMISC;
	if (vhx_vnet_has(vn, VIRTIO_NET_F_CTRL_VLAN))
		f->flags |= VHX_FILTER_VLANS;
	memcpy(f->mac, vn->mac, ETH_ALEN);
	vhx_filter_set(vn, f);
	return 0;
}

/**
 * vhx_vnet_filter_free - the device goes
 * @vn: device; nobody sends on its peer
 */
void vhx_vnet_filter_free(struct vhx_vnet *vn)
{
	kfree(vhx_filter_now(vn));
}

/**
 * vhx_vnet_filter_mode - set one of VHX_FILTER_*
 * @vn: device
 * @flag: which
 * @on: set, or clear it
 *
 * Context: the control queue's handler.
 * Return: 0 or -ENOMEM.
 */
int vhx_vnet_filter_mode(struct vhx_vnet *vn, u32 flag, bool on)
{
	struct vhx_vnet_filter *f = vhx_filter_copy(vn);

	if (!f)
		return -ENOMEM;
	f->flags = on ? f->flags | flag : f->flags & ~flag;
	vhx_filter_set(vn, f);
	return 0;
}

/**
 * vhx_vnet_filter_mac - the guest has another address
 * @vn: device
 * @mac: it
 *
 * Context: the control queue's handler, or vhx_dev.lock and no driver.
 * Return: 0 or -ENOMEM.
 */
int vhx_vnet_filter_mac(struct vhx_vnet *vn, const u8 *mac)
{
	struct vhx_vnet_filter *f = vhx_filter_copy(vn);

	if (!f)
		return -ENOMEM;
	memcpy(f->mac, mac, ETH_ALEN);
	vhx_filter_set(vn, f);
	return 0;
}

/**
 * vhx_vnet_filter_vlan - the guest wants a VLAN, or does not
 * @vn: device
 * @vid: below VLAN_N_VID
 * @on: it wants it
 *
 * Context: the control queue's handler.
 * Return: 0 or -ENOMEM.
 */
int vhx_vnet_filter_vlan(struct vhx_vnet *vn, u16 vid, bool on)
{
	struct vhx_vnet_filter *f = vhx_filter_copy(vn);

	if (!f)
		return -ENOMEM;
	__assign_bit(vid, f->vlan, on);
	vhx_filter_set(vn, f);
	return 0;
}

/*
 * A list of addresses: how many, and they. Those that there is no room for are skipped.
 * Return: how many there are, or -EINVAL.
 */
static int vhx_filter_read(struct iov_iter *from, u8 (*list)[ETH_ALEN], u8 *n)
{
	__le32 entries;
	size_t len;
	u32 all;

	if (!copy_from_iter_full(&entries, sizeof(entries), from))
		return -EINVAL;
	all = le32_to_cpu(entries);
	if (all > iov_iter_count(from) / ETH_ALEN || all > INT_MAX / ETH_ALEN)
		return -EINVAL;
	*n = min_t(u32, all, VHX_VNET_MACS);
	len = *n * ETH_ALEN;
	if (!copy_from_iter_full(list, len, from))
		return -EINVAL;
	iov_iter_advance(from, (size_t)all * ETH_ALEN - len);
	return all;
}

/**
 * vhx_vnet_filter_table - the guest lists the addresses it wants
 * @vn: device
 * @from: the lists: unicast, multicast
 *
 * Of a kind that it lists too many of it gets all.
 *
 * Context: the control queue's handler.
 * Return: 0, -EINVAL or -ENOMEM: the filter is what it was.
 */
int vhx_vnet_filter_table(struct vhx_vnet *vn, struct iov_iter *from)
{
	struct vhx_vnet_filter *f = vhx_filter_copy(vn);
	int uc, mc = 0;

	if (!f)
		return -ENOMEM;
	uc = vhx_filter_read(from, f->uc, &f->nuc);
	if (uc >= 0)
		mc = vhx_filter_read(from, f->mc, &f->nmc);
	if (uc < 0 || mc < 0) {
		kfree(f);
		return -EINVAL;
	}
	f->flags &= ~(VHX_FILTER_UC_OVER | VHX_FILTER_MC_OVER);
	if (uc > VHX_VNET_MACS)
		f->flags |= VHX_FILTER_UC_OVER;
	if (mc > VHX_VNET_MACS)
		f->flags |= VHX_FILTER_MC_OVER;
	vhx_filter_set(vn, f);
	return 0;
}
