// SPDX-License-Identifier: GPL-2.0-only
/*
 * antispoof: a guest speaks with its own addresses only.
 *
 * Take it for guests that you do not trust. It checks what a guest sends: Ethernet source, ARP
 * sender, IPv4 and IPv6 source, neighbour discovery's targets and MACs; inside up to two VLAN tags.
 * Lies are dropped as spoof, what cannot be parsed as malformed, other protocols as deny. REQUIRED:
 * without it its NICs send nothing. A NIC that has no addresses sends nothing either.
 * Maps, keyed by the NIC's ifindex and an address, whatever the value: macs (4 + 6 bytes), ip4s
 * (4 + 4), ip6s (4 + 16; the link-local address made from the MAC needs no entry). Needing none
 * at all: DHCP requests from 0.0.0.0, ARP probes, multicast listener reports from ::.
 * Knobs, both 0: router: the guest is one; other: what is neither ARP nor IP passes.
 *
 *	vhx policy load build/bpf/antispoof.bpf.o --nic tap0
 *	bpftool map update name ip4s key hex 07 00 00 00 0a 00 00 02 value hex 00 00 00 00
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

#define SPOOF		VHX_DROP(VHX_DROP_SPOOF)
#define MALFORMED	VHX_DROP(VHX_DROP_MALFORMED)

const volatile bool router;
const volatile bool other;

#define ADDRESSES(name, addr_size) struct {		\
	__uint(type, BPF_MAP_TYPE_HASH);		\
	__uint(map_flags, BPF_F_NO_PREALLOC);		\
	__uint(max_entries, 65536);			\
	__uint(key_size, sizeof(__u32) + (addr_size));	\
	__uint(value_size, sizeof(__u32));		\
} name SEC(".maps")

ADDRESSES(macs, 6);
ADDRESSES(ip4s, 4);
ADDRESSES(ip6s, 16);

struct frame {
	struct vhx_cursor cur;
	const struct vhx_eth *eth;
	__u32 ifindex;
};

static __always_inline bool own(void *map, struct frame *f, const void *addr, const __u32 size)
{
	struct { __u32 ifindex; __u8 addr[16]; } key = { .ifindex = f->ifindex };

	__builtin_memcpy(key.addr, addr, size);
	return bpf_map_lookup_elem(map, &key);
}

static bool own_ip6(struct frame *f, const __be32 *addr)
{
	return vhx_ip6_is_eui64(addr, f->eth->src) || own(&ip6s, f, addr, 16);
}

static __u32 check_arp(struct frame *f)
{
	const struct vhx_arp *arp = vhx_parse_arp(&f->cur);

	if (!arp)
		return MALFORMED;
	return own(&macs, f, arp->smac, 6) &&
	       (vhx_arp_is_probe(arp) || own(&ip4s, f, arp->sip, 4)) ? VHX_PASS : SPOOF;
}

static __u32 check_ip4(struct frame *f, struct vhx_ip *ip)
{
	if (!*ip->src)
		return vhx_is_dhcp_request(&f->cur, ip) ? VHX_PASS : SPOOF;
	return own(&ip4s, f, ip->src, 4) ? VHX_PASS : SPOOF;
}

/* Neighbour discovery behind the ICMPv6 header. Who has no address yet asks about his own. */
static __u32 check_nd(struct frame *f, __u32 end, __u8 type, bool unspec)
{
	const struct vhx_ip6_addr *target;
	const struct vhx_nd_opt *opt;

	if (type != VHX_ICMP6_RS) {
		target = vhx_parse_nd_target(&f->cur);
		if (!target)
			return MALFORMED;
		if ((unspec || type == VHX_ICMP6_NA) && !own_ip6(f, target->word))
			return SPOOF;
	}
	for (int i = 0; i < VHX_ND_OPT_MAX && f->cur.off < end; i++) {
		opt = vhx_parse_nd_opt(&f->cur);
		if (!opt)
			return MALFORMED;
		if (vhx_nd_opt_is_mac(opt) && !own(&macs, f, opt->mac, 6))
			return SPOOF;
	}
	return f->cur.off == end ? VHX_PASS : MALFORMED;
}

static __u32 check_icmp6(struct frame *f, __u32 end, bool unspec, bool frag)
{
	const struct vhx_icmp6 *icmp6 = vhx_parse_icmp6(&f->cur);

	switch (icmp6 ? icmp6->type : 0) {
	case 0:
		return MALFORMED;
	case VHX_ICMP6_RS: case VHX_ICMP6_NS: case VHX_ICMP6_NA:
		return frag ? MALFORMED : check_nd(f, end, icmp6->type, unspec); /* RFC 6980 */
	case VHX_ICMP6_MLD_REPORT: case VHX_ICMP6_MLD2_REPORT:
		return VHX_PASS;
	case VHX_ICMP6_RA: case VHX_ICMP6_REDIRECT:
		return router && !unspec ? VHX_PASS : SPOOF;
	}
	return unspec ? SPOOF : VHX_PASS;
}

static __u32 check_ip6(struct frame *f, struct vhx_ip *ip)
{
	bool unspec = vhx_ip6_is_unspec(ip->src);
	__u32 end = f->cur.off + ip->len;

	if (!unspec && !own_ip6(f, ip->src))
		return SPOOF;
	if (!vhx_skip_ext(&f->cur, ip))
		return MALFORMED;
	if (ip->proto == IPPROTO_ICMPV6 && ip->frag != VHX_FRAG_LATER)
		return check_icmp6(f, end, unspec, ip->frag);
	return unspec ? SPOOF : VHX_PASS;
}

SEC("struct_ops/tx")
__u32 BPF_PROG(tx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	struct frame f = { .cur = vhx_cursor(pkt), .ifindex = nic->ifindex };
	struct vhx_ip ip;
	__u16 proto;

	f.eth = vhx_parse_eth(&f.cur, &proto);
	if (!f.eth)
		return MALFORMED;
	if (!own(&macs, &f, f.eth->src, 6))
		return SPOOF;
	if (proto == ETH_P_ARP)
		return check_arp(&f);
	if (proto == ETH_P_IP)
		return vhx_parse_ip4(&f.cur, &ip) ? check_ip4(&f, &ip) : MALFORMED;
	if (proto == ETH_P_IPV6)
		return vhx_parse_ip6(&f.cur, &ip) ? check_ip6(&f, &ip) : MALFORMED;
	return other ? VHX_PASS : VHX_DROP(VHX_DROP_DENY);
}

VHX_STEER_OPS(antispoof, .tx = (void *)tx, .flags = VHX_STEER_F_REQUIRED);
