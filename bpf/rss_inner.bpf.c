// SPDX-License-Identifier: GPL-2.0-only
/*
 * rss_inner: the queue is the hash of the flow inside a tunnel.
 *
 * Take it when the guest ends tunnels (a router, a CNI's node): all that two tunnel ends say to each
 * other is one flow outside, and one queue by any other hash. VXLAN and Geneve by their UDP ports
 * (knobs vxlan, 4789, and geneve, 6081), GRE with or without checksum, key and sequence number; with
 * Ethernet or IP in it. Both directions of an inner flow have one queue. Where there is no
 * tunnel, or what is in it cannot be read, it is the outer flow's hash; fragments of a tunnel's
 * packets are that, too.
 *
 *	vhx policy load build/bpf/rss_inner.bpf.o --nic 'tap*'
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

#define IPPROTO_UDP	17
#define IPPROTO_GRE	47
#define ETH_P_TEB	0x6558		/* an Ethernet frame */

#define VXLAN_VNI	0x08		/* flags: there is a network identifier, as there must be */
#define GRE_CSUM	0x8000
#define GRE_ROUTING	0x4000
#define GRE_KEY		0x2000
#define GRE_SEQ		0x1000
#define GRE_VERSION	0x0007

const volatile __u16 vxlan = 4789;
const volatile __u16 geneve = 6081;

struct udp {
	struct vhx_ports ports;
	__be16 len;
	__be16 csum;
};

struct vxlan_hdr {
	__u8 flags;
	__u8 reserved[3];
	__be32 vni;
};

struct geneve_hdr {
	__u8 ver_len;		/* lower six bits: options, words */
	__u8 flags;
	__be16 proto;
	__be32 vni;
};

struct gre_hdr {
	__be16 flags;
	__be16 proto;
};

static __always_inline __u32 mix(__u32 h)
{
	h ^= h >> 16;
	h *= 0x85ebca6bU;
	h ^= h >> 13;
	h *= 0xc2b2ae35U;
	return h ^ h >> 16;
}

/* The same for both directions. */
static __always_inline __u32 hash_ip(struct vhx_cursor *cur, struct vhx_ip *ip)
{
	const struct vhx_ports *ports;
	__u32 h = ip->src[0] ^ ip->dst[0];

	if (ip->version == 6)
		for (int i = 1; i < 4; i++)
			h = h * 31 + (ip->src[i] ^ ip->dst[i]);
	if (!vhx_skip_ext(cur, ip) || ip->frag || !vhx_has_ports(ip->proto))
		return mix(h + ip->proto);
	ports = vhx_parse_ports(cur);
	if (ports)
		h = h * 31 + (ports->src ^ ports->dst);
	return mix(h + ip->proto);
}

/* Behind VXLAN's, Geneve's or GRE's header. Return: what is there, an EtherType; 0: no tunnel. */
static __always_inline __u16 enter_udp(struct vhx_cursor *cur)
{
	const struct udp *udp = vhx_take(cur, struct udp);
	const struct geneve_hdr *g;
	const struct vxlan_hdr *v;
	__u16 port = udp ? bpf_ntohs(udp->ports.dst) : 0;

	if (port && port == vxlan) {
		v = vhx_take(cur, struct vxlan_hdr);
		return v && v->flags & VXLAN_VNI ? ETH_P_TEB : 0;
	}
	if (!port || port != geneve)
		return 0;
	g = vhx_take(cur, struct geneve_hdr);
	if (!g || g->ver_len >> 6)
		return 0;
	cur->off += (g->ver_len & 63) * 4;
	return bpf_ntohs(g->proto);
}

static __always_inline __u16 enter_gre(struct vhx_cursor *cur)
{
	const struct gre_hdr *gre = vhx_take(cur, struct gre_hdr);
	__u16 flags = gre ? bpf_ntohs(gre->flags) : GRE_VERSION;

	if (flags & (GRE_VERSION | GRE_ROUTING))
		return 0;
	cur->off += 4 * (!!(flags & GRE_CSUM) + !!(flags & GRE_KEY) + !!(flags & GRE_SEQ));
	return bpf_ntohs(gre->proto);
}

/* Return: the inner flow's hash, 0 without one. */
static __noinline __u32 hash_inner(struct vhx_pkt *pkt)
{
	struct vhx_cursor cur = vhx_cursor(pkt);
	struct vhx_ip ip;
	__u16 proto;

	if (!vhx_parse_eth(&cur, &proto) || !vhx_parse_ip(&cur, proto, &ip) ||
	    !vhx_skip_ext(&cur, &ip) || ip.frag)
		return 0;
	if (ip.proto == IPPROTO_UDP)
		proto = enter_udp(&cur);
	else
		proto = ip.proto == IPPROTO_GRE ? enter_gre(&cur) : 0;
	if (proto == ETH_P_TEB && !vhx_parse_eth(&cur, &proto))
		return 0;
	return vhx_parse_ip(&cur, proto, &ip) ? hash_ip(&cur, &ip) : 0;
}

static __always_inline __u32 choose(struct vhx_pkt *pkt, __u32 queues)
{
	return vhx_scale(hash_inner(pkt) ?: vhx_pkt_flow_hash(pkt), queues);
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return choose(pkt, vhx_nic_queues(nic));
}

VHX_STEER_OPS(rss_inner, .rx = (void *)rx);
