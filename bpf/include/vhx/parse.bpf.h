/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parsers of packet headers, for policies.
 *
 * A cursor walks over a packet. Each parser looks at the header that the cursor stands on, moves
 * the cursor behind it and returns the header; or NULL (false) when the packet ends before it does,
 * when it contradicts itself, or when it is beyond what vhx reads, and then the cursor is worth
 * nothing. Headers are read-only and stay valid until the program returns.
 *
 *	struct vhx_cursor cur = vhx_cursor(pkt);
 *	const struct vhx_tcp *tcp;
 *	struct vhx_ip ip;
 *	__u16 proto;
 *
 *	if (!vhx_parse_eth(&cur, &proto) || !vhx_parse_ip(&cur, proto, &ip))
 *		return VHX_DEFAULT;
 *	if (vhx_skip_ext(&cur, &ip) && ip.proto == IPPROTO_TCP && !ip.frag)
 *		tcp = vhx_parse_tcp(&cur);
 *
 * The structs are vhx's own because vmlinux.h's would be relocated, as if a wire format could
 * change with the kernel.
 */
#ifndef __VHX_PARSE_BPF_H
#define __VHX_PARSE_BPF_H

#define ETH_P_IP		0x0800
#define ETH_P_ARP		0x0806
#define ETH_P_8021Q		0x8100
#define ETH_P_IPV6		0x86dd
#define ETH_P_8021AD		0x88a8

#define IPPROTO_ICMPV6		58

/* As deep as parsers go; what has more is not understood, and they say so. */
#define VHX_VLAN_MAX		2
#define VHX_IP6_EXT_MAX		8
#define VHX_ND_OPT_MAX		16

struct vhx_eth {
	__u8 dst[6];
	__u8 src[6];
	__be16 proto;
};

struct vhx_vlan {
	__be16 tci;
	__be16 proto;
};

struct vhx_arp {
	__be16 htype;
	__be16 ptype;
	__u8 hlen;
	__u8 plen;
	__be16 op;
	__u8 smac[6];
	__u8 sip[4];
	__u8 tmac[6];
	__u8 tip[4];
};

struct vhx_ip4 {
	__u8 ver_ihl;
	__u8 tos;
	__be16 len;
	__be16 id;
	__be16 frag;
	__u8 ttl;
	__u8 proto;
	__be16 csum;
	__be32 src;
	__be32 dst;
};

struct vhx_ip6_addr {
	__be32 word[4];
};

struct vhx_ip6 {
	__be32 ver_flow;
	__be16 len;
	__u8 proto;
	__u8 hops;
	__be32 src[4];
	__be32 dst[4];
};

struct vhx_ip6_ext {
	__u8 proto;
	__u8 len;
	__be16 frag;		/* of the fragment header */
	__be32 id;
};

/* Extension headers that can be looked behind. */
#define VHX_IP6_HOPOPTS		0
#define VHX_IP6_ROUTING		43
#define VHX_IP6_FRAGMENT	44
#define VHX_IP6_AUTH		51
#define VHX_IP6_DSTOPTS		60
#define VHX_IP6_MOBILITY	135

/* What TCP, UDP, SCTP and DCCP begin with; copied as one word. */
struct vhx_ports {
	__be16 src;
	__be16 dst;
} __attribute__((aligned(4)));

struct vhx_tcp {
	__be16 src;
	__be16 dst;
	__be32 seq;
	__be32 ack;
	__u8 off;		/* upper half: header length in words */
	__u8 flags;
	__be16 window;
	__be16 csum;
	__be16 urgent;
};

#define VHX_TCP_SYN		0x02
#define VHX_TCP_ACK		0x10

struct vhx_icmp6 {
	__u8 type;
	__u8 code;
	__be16 csum;
	__be32 data;
};

#define VHX_ICMP6_MLD_REPORT	131
#define VHX_ICMP6_RS		133
#define VHX_ICMP6_RA		134
#define VHX_ICMP6_NS		135
#define VHX_ICMP6_NA		136
#define VHX_ICMP6_REDIRECT	137
#define VHX_ICMP6_MLD2_REPORT	143

#define VHX_ND_OPT_SOURCE	1
#define VHX_ND_OPT_TARGET	2

struct vhx_nd_opt {
	__u8 type;
	__u8 len;		/* in 8 bytes */
	__u8 mac[6];		/* of the two above */
};

enum vhx_frag {
	VHX_FRAG_NONE,
	VHX_FRAG_FIRST,		/* the transport header may be there */
	VHX_FRAG_LATER,		/* it is not */
};

/**
 * struct vhx_ip - what IPv4 and IPv6 headers have in common
 * @src: source, one word for IPv4 and four for IPv6; see vhx_ip_addr()
 * @dst: destination, likewise
 * @version: 4 or 6
 * @proto: of the transport header, once vhx_skip_ext() was there
 * @len: bytes behind the first header, as it says; the packet may have fewer, or padding behind
 * @frag: is the packet a fragment?
 */
struct vhx_ip {
	const __be32 *src;
	const __be32 *dst;
	__u8 version;
	__u8 proto;
	__u32 len;
	enum vhx_frag frag;
};

struct vhx_cursor {
	struct vhx_pkt *pkt;
	__u32 off;
};

static __always_inline struct vhx_cursor vhx_cursor(struct vhx_pkt *pkt)
{
	return (struct vhx_cursor){ .pkt = pkt };
}

/* The header of @type that the cursor stands on, the cursor moved behind it; NULL if cut off. */
#define vhx_take(cur, type) ({							\
	const type *__head = (const type *)					\
		vhx_pkt_data((cur)->pkt, (cur)->off, sizeof(type));		\
										\
	(cur)->off += sizeof(type);						\
	__head;									\
})

/* @proto: EtherType behind the VLAN tags, host byte order. A length (802.3) is below 0x600. */
static __always_inline const struct vhx_eth *vhx_parse_eth(struct vhx_cursor *cur, __u16 *proto)
{
	const struct vhx_eth *eth = vhx_take(cur, struct vhx_eth);
	const struct vhx_vlan *vlan;

	if (!eth)
		return NULL;
	*proto = bpf_ntohs(eth->proto);

	for (int i = 0; i < VHX_VLAN_MAX; i++) {
		if (*proto != ETH_P_8021Q && *proto != ETH_P_8021AD)
			return eth;
		vlan = vhx_take(cur, struct vhx_vlan);
		if (!vlan)
			return NULL;
		*proto = bpf_ntohs(vlan->proto);
	}
	return *proto != ETH_P_8021Q && *proto != ETH_P_8021AD ? eth : NULL;
}

/* ARP for IPv4 on Ethernet; there is no other. */
static __always_inline const struct vhx_arp *vhx_parse_arp(struct vhx_cursor *cur)
{
	const struct vhx_arp *arp = vhx_take(cur, struct vhx_arp);

	if (!arp || arp->htype != bpf_htons(1) || arp->ptype != bpf_htons(ETH_P_IP) ||
	    arp->hlen != 6 || arp->plen != 4)
		return NULL;
	return arp;
}

/* A probe asks whether an address is free, in the name of none. */
static __always_inline bool vhx_arp_is_probe(const struct vhx_arp *arp)
{
	return !(arp->sip[0] | arp->sip[1] | arp->sip[2] | arp->sip[3]);
}

static __always_inline enum vhx_frag vhx_frag_of(bool later, bool more)
{
	if (later)
		return VHX_FRAG_LATER;
	return more ? VHX_FRAG_FIRST : VHX_FRAG_NONE;
}

static __always_inline bool vhx_parse_ip4(struct vhx_cursor *cur, struct vhx_ip *ip)
{
	const struct vhx_ip4 *ip4 = vhx_take(cur, struct vhx_ip4);
	__u32 hlen, len;

	if (!ip4 || ip4->ver_ihl >> 4 != 4)
		return false;
	hlen = (ip4->ver_ihl & 15) * 4;
	len = bpf_ntohs(ip4->len);
	/* What is yet to be cut into segments may leave its length to the one who cuts. */
	if (!len && cur->pkt->flags & VHX_PKT_GSO)
		len = cur->pkt->len - (cur->off - sizeof(*ip4));
	if (hlen < sizeof(*ip4) || len < hlen)
		return false;

	cur->off += hlen - sizeof(*ip4);
	ip->src = &ip4->src;
	ip->dst = &ip4->dst;
	ip->version = 4;
	ip->proto = ip4->proto;
	ip->len = len - hlen;
	ip->frag = vhx_frag_of(ip4->frag & bpf_htons(0x1fff), ip4->frag & bpf_htons(0x2000));
	return true;
}

static __always_inline bool vhx_parse_ip6(struct vhx_cursor *cur, struct vhx_ip *ip)
{
	const struct vhx_ip6 *ip6 = vhx_take(cur, struct vhx_ip6);

	if (!ip6 || (ip6->ver_flow & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000))
		return false;

	ip->src = ip6->src;
	ip->dst = ip6->dst;
	ip->version = 6;
	ip->proto = ip6->proto;
	ip->len = bpf_ntohs(ip6->len);
	ip->frag = VHX_FRAG_NONE;
	return true;
}

/* @proto: EtherType as vhx_parse_eth() found it. False also for what is not IP. */
static __always_inline bool vhx_parse_ip(struct vhx_cursor *cur, __u16 proto, struct vhx_ip *ip)
{
	if (proto == ETH_P_IP)
		return vhx_parse_ip4(cur, ip);
	return proto == ETH_P_IPV6 && vhx_parse_ip6(cur, ip);
}

/* Write an address of @ip as IPv6 would: ::ffff:a.b.c.d for IPv4. */
static __always_inline void vhx_ip_addr(const struct vhx_ip *ip, const __be32 *addr, __be32 *to)
{
	if (ip->version == 6) {
		__builtin_memcpy(to, addr, sizeof(struct vhx_ip6_addr));
		return;
	}
	to[0] = 0;
	to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = *addr;
}

static __always_inline bool vhx_is_ip6_ext(__u8 proto)
{
	return proto == VHX_IP6_HOPOPTS || proto == VHX_IP6_ROUTING || proto == VHX_IP6_FRAGMENT ||
	       proto == VHX_IP6_AUTH || proto == VHX_IP6_DSTOPTS || proto == VHX_IP6_MOBILITY;
}

static __always_inline __u32 vhx_ip6_ext_len(__u8 proto, const struct vhx_ip6_ext *ext)
{
	if (proto == VHX_IP6_FRAGMENT)
		return 8;
	if (proto == VHX_IP6_AUTH)
		return (ext->len + 2) * 4;
	return (ext->len + 1) * 8;
}

/*
 * Over IPv6's extension headers to the transport header. What follows the fragment header of a
 * later fragment is payload: the walk ends there, and ip->proto is what that header says, be it an
 * extension header.
 */
static __always_inline bool vhx_skip_ext(struct vhx_cursor *cur, struct vhx_ip *ip)
{
	const struct vhx_ip6_ext *ext;
	enum vhx_frag frag;
	__u32 start;
	int i;

	if (ip->version == 4)
		return true;

	/* An iterator: the verifier looks at one turn of it for all, not at each after each. */
	bpf_for(i, 0, VHX_IP6_EXT_MAX + 1) {
		if (!vhx_is_ip6_ext(ip->proto) || ip->frag == VHX_FRAG_LATER)
			return true;
		start = cur->off;
		ext = vhx_take(cur, struct vhx_ip6_ext);
		if (!ext)
			return false;
		if (ip->proto == VHX_IP6_FRAGMENT) {
			frag = vhx_frag_of(ext->frag & bpf_htons(0xfff8),
					   ext->frag & bpf_htons(1));
			if (frag > ip->frag)
				ip->frag = frag;
		}
		cur->off = start + vhx_ip6_ext_len(ip->proto, ext);
		ip->proto = ext->proto;
	}
	return false;
}

static __always_inline bool vhx_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

static __always_inline const struct vhx_ports *vhx_parse_ports(struct vhx_cursor *cur)
{
	return vhx_take(cur, struct vhx_ports);
}

#define VHX_PLAIN4_LEN	(sizeof(struct vhx_eth) + sizeof(struct vhx_ip4) + sizeof(struct vhx_ports))

/*
 * What most packets are: TCP or UDP over IPv4 over Ethernet, with neither tags nor options, and
 * whole. One window instead of the three that the parsers above take. NULL says only that it is another
 * packet, which they may understand.
 */
static __always_inline const struct vhx_ip4 *vhx_parse_plain4(struct vhx_pkt *pkt)
{
	const __u8 *head = vhx_pkt_data(pkt, 0, VHX_PLAIN4_LEN);
	const struct vhx_ip4 *ip4 = (const void *)(head + sizeof(struct vhx_eth));

	if (!head || ((const struct vhx_eth *)head)->proto != bpf_htons(ETH_P_IP) ||
	    ip4->ver_ihl != 0x45 || ip4->frag & bpf_htons(0x3fff) ||
	    (ip4->proto != IPPROTO_TCP && ip4->proto != IPPROTO_UDP) ||
	    bpf_ntohs(ip4->len) < sizeof(*ip4))
		return NULL;
	return ip4;
}

/* Of such a packet. */
static __always_inline struct vhx_ports vhx_plain4_ports(const struct vhx_ip4 *ip4)
{
	return *(const struct vhx_ports *)(ip4 + 1);
}

/* Does a client ask for an address? @ip: IPv4, the cursor behind it. */
static __always_inline bool vhx_is_dhcp_request(struct vhx_cursor *cur, const struct vhx_ip *ip)
{
	const struct vhx_ports *udp;

	if (ip->proto != IPPROTO_UDP || ip->frag)
		return false;
	udp = vhx_parse_ports(cur);
	return udp && udp->src == bpf_htons(68) && udp->dst == bpf_htons(67);
}

static __always_inline const struct vhx_tcp *vhx_parse_tcp(struct vhx_cursor *cur)
{
	const struct vhx_tcp *tcp = vhx_take(cur, struct vhx_tcp);

	return tcp && tcp->off >> 4 >= 5 ? tcp : NULL;
}

static __always_inline const struct vhx_icmp6 *vhx_parse_icmp6(struct vhx_cursor *cur)
{
	return vhx_take(cur, struct vhx_icmp6);
}

static __always_inline bool vhx_ip6_is_unspec(const __be32 *addr)
{
	return !(addr[0] | addr[1] | addr[2] | addr[3]);
}

/* Is it the link-local address that SLAAC makes from this MAC? */
static __always_inline bool vhx_ip6_is_eui64(const __be32 *addr, const __u8 *mac)
{
	return addr[0] == bpf_htonl(0xfe800000) && !addr[1] &&
	       bpf_ntohl(addr[2]) == ((mac[0] ^ 2U) << 24 | mac[1] << 16 | mac[2] << 8 | 0xff) &&
	       bpf_ntohl(addr[3]) == (0xfeU << 24 | mac[3] << 16 | mac[4] << 8 | mac[5]);
}

/* The address that a neighbour solicitation or advertisement is about, behind its ICMPv6 header. */
static __always_inline const struct vhx_ip6_addr *vhx_parse_nd_target(struct vhx_cursor *cur)
{
	return vhx_take(cur, struct vhx_ip6_addr);
}

/* An option of neighbour discovery. Its length may be a lie: that is found at the next one. */
static __always_inline const struct vhx_nd_opt *vhx_parse_nd_opt(struct vhx_cursor *cur)
{
	const struct vhx_nd_opt *opt = vhx_take(cur, struct vhx_nd_opt);

	if (!opt || !opt->len)
		return NULL;
	cur->off += opt->len * 8 - sizeof(*opt);
	return opt;
}

static __always_inline bool vhx_nd_opt_is_mac(const struct vhx_nd_opt *opt)
{
	return opt->type == VHX_ND_OPT_SOURCE || opt->type == VHX_ND_OPT_TARGET;
}

#endif /* __VHX_PARSE_BPF_H */
