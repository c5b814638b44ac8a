// SPDX-License-Identifier: GPL-2.0-only
/*
 * ddos_guard: a deny list, and a limit on packets and connection attempts per source.
 *
 * Take it when a guest is flooded by sources that can be told apart. It looks at IPv4 and IPv6 on
 * the way to the guest; everything else passes, and so does what it cannot parse. It is of no use
 * against floods whose sources are forged anew for every packet.
 *
 * Each source has two token buckets for each NIC, IPv6 sources by /64. A bucket holds *_burst
 * tokens and gets one each *_ns nanoseconds; *_ns = 0 means no limit. A TCP SYN costs one of each,
 * but a SYN that is dropped takes nothing from the rest of its source's traffic. A GSO packet
 * counts as one.
 *
 * Knobs: packet_ns 10000 (100,000 a second), packet_burst 20000, syn_ns 10000000 (100 a second),
 * syn_burst 200.
 *
 * Maps: deny4, deny6: prefix length (u32), address; whatever the value. stats: packets let through,
 * denied, too many SYNs, too many packets. To deny 192.0.2.0/24:
 *
 *	vhx policy load build/bpf/ddos_guard.bpf.o --nic 'tap*' --set packet_ns=20000
 *	bpftool map update name deny4 key hex 18 00 00 00 c0 00 02 00 value hex 00 00 00 00
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

const volatile __u64 packet_ns = 10000;
const volatile __u32 packet_burst = 20000;
const volatile __u64 syn_ns = 10000000;
const volatile __u32 syn_burst = 200;

#define DENY_LIST(name, addr_size) struct {		\
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);		\
	__uint(map_flags, BPF_F_NO_PREALLOC);		\
	__uint(max_entries, 65536);			\
	__uint(key_size, sizeof(__u32) + (addr_size));	\
	__uint(value_size, sizeof(__u32));		\
} name SEC(".maps")

DENY_LIST(deny4, 4);
DENY_LIST(deny6, 16);

struct source {
	__u32 nic;
	__be32 addr[4];
};

/* When each bucket will be full again, a time that a packet moves on by what it costs. */
struct buckets {
	__u64 packets;
	__u64 syns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct source);
	__type(value, struct buckets);
} sources SEC(".maps");

enum judgement { PASSED, DENIED, SYNS, PACKETS, JUDGEMENTS };

VHX_COUNTERS(stats, JUDGEMENTS);

static __always_inline bool denied(void *list, const __be32 *addr, const __u32 size)
{
	struct { __u32 bits; __be32 addr[4]; } key = { .bits = size * 8 };

	__builtin_memcpy(key.addr, addr, size);
	return bpf_map_lookup_elem(list, &key);
}

static struct buckets *find_buckets(const struct source *source)
{
	struct buckets *found = bpf_map_lookup_elem(&sources, source);
	struct buckets full = {};

	if (found)
		return found;
	bpf_map_update_elem(&sources, source, &full, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sources, source);
}

/* Take a token; false: there is none. Who loses three races for one gets it for nothing. */
static __always_inline bool take(__u64 *full_at, __u64 now, __u64 cost, __u32 burst)
{
	__u64 old, start;

	for (int i = 0; cost && i < 3; i++) {
		old = READ_ONCE(*full_at);
		start = old > now ? old : now;
		if (start + cost - now > cost * burst)
			return false;
		if (__sync_val_compare_and_swap(full_at, old, start + cost) == old)
			break;
	}
	return true;
}

static __always_inline bool is_syn(struct vhx_cursor *cur, struct vhx_ip *ip)
{
	const struct vhx_tcp *tcp;

	if (!vhx_skip_ext(cur, ip) || ip->proto != IPPROTO_TCP || ip->frag == VHX_FRAG_LATER)
		return false;
	tcp = vhx_parse_tcp(cur);
	return tcp && (tcp->flags & (VHX_TCP_SYN | VHX_TCP_ACK)) == VHX_TCP_SYN;
}

static enum judgement judge(struct vhx_pkt *pkt, __u32 nic)
{
	struct vhx_cursor cur = vhx_cursor(pkt);
	struct source source = { .nic = nic };
	struct buckets *buckets;
	struct vhx_ip ip;
	__u16 proto;
	__u64 now;

	if (!vhx_parse_eth(&cur, &proto) || !vhx_parse_ip(&cur, proto, &ip))
		return PASSED;
	if (ip.version == 4 ? denied(&deny4, ip.src, 4) : denied(&deny6, ip.src, 16))
		return DENIED;

	vhx_ip_addr(&ip, ip.src, source.addr);
	if (ip.version == 6)
		__builtin_memset(&source.addr[2], 0, 8);
	buckets = find_buckets(&source);
	if (!buckets)
		return PASSED;

	now = bpf_ktime_get_ns();
	if (is_syn(&cur, &ip) && !take(&buckets->syns, now, syn_ns, syn_burst))
		return SYNS;
	return take(&buckets->packets, now, packet_ns, packet_burst) ? PASSED : PACKETS;
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	enum judgement judgement = judge(pkt, nic->id);

	vhx_count(&stats, judgement);
	if (judgement == PASSED)
		return VHX_DEFAULT;
	return VHX_DROP(judgement == DENIED ? VHX_DROP_DENY : VHX_DROP_RATE);
}

VHX_STEER_OPS(ddos_guard, .rx = (void *)rx);
