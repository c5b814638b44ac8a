// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow_pin: a flow stays on the queue it got.
 *
 * Take it for few heavy flows, which a hash spreads badly, or for flows that must not move when
 * the guest changes its number of queues. A new flow goes to the roomier of two queues that its
 * hash proposes. The operator may pin flows by hand. Knob: learn (default 1): 0 steers only what
 * is in the maps, the rest goes the built-in way.
 *
 * Maps pins (IPv4) and pins6, LRU, from struct flow4 or flow6 to queue (u32). A flow is told by the
 * NIC's ifindex and by what comes in: its source is the far end. Fragments, and protocols without
 * ports, have ports 0. A pin to a queue that is not live stays, and the built-in choice serves
 * meanwhile (counter steer_dead). When a map is full, whoever was silent longest is forgotten.
 * To pin 10.0.0.1:40000 -> 10.0.0.2:80/tcp on ifindex 7 to queue 3:
 *
 *	bpftool map update name pins key hex 07 00 00 00 0a 00 00 01 0a 00 00 02 \
 *		9c 40 00 50 06 00 00 00 value hex 03 00 00 00
 *
 * Map counts: packets per queue, the first 256 queues.
 *	vhx policy load build/bpf/flow_pin.bpf.o --nic 'tap*'
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

#define GOLDEN_RATIO	0x9e3779b1U

const volatile bool learn = true;

/* One byte and three of 0, written as a word and a byte. */
union flow_proto {
	__u32 word;
	__u8 byte;
};

struct flow4 {
	__u32 ifindex;
	__be32 src;
	__be32 dst;
	struct vhx_ports ports;
	union flow_proto proto;
};

struct flow6 {
	__u32 ifindex;
	__be32 src[4];
	__be32 dst[4];
	struct vhx_ports ports;
	union flow_proto proto;
};

#define PINS(name, flow_type) struct {			\
	__uint(type, BPF_MAP_TYPE_LRU_HASH);		\
	__uint(max_entries, 65536);			\
	__type(key, flow_type);				\
	__type(value, __u32);				\
} name SEC(".maps")

PINS(pins, struct flow4);
PINS(pins6, struct flow6);

VHX_COUNTERS(counts, 256);

/* For a new flow. Not inline, nor is what is rare below: that leaves its registers to the rest. */
static __noinline __u32 choose(struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	__u32 queues = vhx_nic_queues(nic);
	__u32 hash = vhx_pkt_flow_hash(pkt);
	__u32 a = vhx_scale(hash, queues);
	__u32 b = a + 1 + vhx_scale(hash * GOLDEN_RATIO, queues - 1);

	if (queues < 2)
		return queues ? 0 : VHX_DEFAULT;
	if (b >= queues)
		b -= queues;
	return vhx_nic_room(nic, b) > vhx_nic_room(nic, a) ? b : a;
}

/* The queue for a new flow. Who loses a race for it takes what the winner chose. */
static __always_inline __u32 pin(void *map, const void *flow, __u32 queue)
{
	__u32 *won;

	if (queue == VHX_DEFAULT || !bpf_map_update_elem(map, flow, &queue, BPF_NOEXIST))
		return queue;
	won = bpf_map_lookup_elem(map, flow);
	return won ? *won : queue;
}

static __always_inline __u32 steer(void *map, const void *flow, struct vhx_pkt *pkt,
				   struct vhx_nic *nic)
{
	__u32 *pinned = bpf_map_lookup_elem(map, flow);
	__u32 queue;

	if (pinned)
		queue = *pinned;
	else if (learn)
		queue = pin(map, flow, choose(pkt, nic));
	else
		return VHX_DEFAULT;
	vhx_count(&counts, queue);
	return queue;
}

static __always_inline __u32 steer4(const struct vhx_ip *ip, struct vhx_ports ports,
				    struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	struct flow4 flow = {
		.ifindex = nic->ifindex,
		.src = *ip->src,
		.dst = *ip->dst,
		.ports = ports,
	};

	flow.proto.byte = ip->proto;
	return steer(&pins, &flow, pkt, nic);
}

static __always_inline __u32 steer6(const struct vhx_ip *ip, struct vhx_ports ports,
				    struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	struct flow6 flow = {
		.ifindex = nic->ifindex,
		.ports = ports,
	};

	flow.proto.byte = ip->proto;
	__builtin_memcpy(flow.src, ip->src, sizeof(flow.src));
	__builtin_memcpy(flow.dst, ip->dst, sizeof(flow.dst));
	return steer(&pins6, &flow, pkt, nic);
}

static __noinline __u32 judge_any(struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	struct vhx_cursor cur = vhx_cursor(pkt);
	const struct vhx_ports *found;
	struct vhx_ports ports = {};
	struct vhx_ip ip;
	__u16 proto;

	if (!vhx_parse_eth(&cur, &proto) || !vhx_parse_ip(&cur, proto, &ip) ||
	    !vhx_skip_ext(&cur, &ip))
		return VHX_DEFAULT;
	if (!ip.frag && vhx_has_ports(ip.proto)) {
		found = vhx_parse_ports(&cur);
		if (!found)
			return VHX_DEFAULT;
		ports = *found;
	}
	return ip.version == 4 ? steer4(&ip, ports, pkt, nic) : steer6(&ip, ports, pkt, nic);
}

static __always_inline __u32 judge_plain(const struct vhx_ip4 *ip4, struct vhx_pkt *pkt,
					 struct vhx_nic *nic)
{
	struct vhx_ip ip;

	ip.src = &ip4->src;
	ip.dst = &ip4->dst;
	ip.proto = ip4->proto;
	return steer4(&ip, vhx_plain4_ports(ip4), pkt, nic);
}

/* The flow of the packet before, and where it went: packets come in trains. */
struct train {
	__be32 src;
	__be32 dst;
	struct vhx_ports ports;
	__u32 proto;
	__u32 queue;
};

static __always_inline bool is_same(const struct train *t, const struct vhx_ip4 *ip4)
{
	const struct vhx_ports ports = vhx_plain4_ports(ip4);

	return t->src == ip4->src && t->dst == ip4->dst && t->proto == ip4->proto &&
	       t->ports.src == ports.src && t->ports.dst == ports.dst;
}

static __always_inline __u32 judge_train(struct train *t, struct vhx_pkt *pkt,
					 struct vhx_nic *nic)
{
	const struct vhx_ip4 *ip4 = vhx_parse_plain4(pkt);

	if (!ip4)
		return judge_any(pkt, nic);
	if (is_same(t, ip4)) {
		vhx_count(&counts, t->queue);
		return t->queue;
	}
	t->src = ip4->src;
	t->dst = ip4->dst;
	t->ports = vhx_plain4_ports(ip4);
	t->proto = ip4->proto;
	t->queue = judge_plain(ip4, pkt, nic);
	return t->queue;
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	const struct vhx_ip4 *ip4 = vhx_parse_plain4(pkt);

	return ip4 ? judge_plain(ip4, pkt, nic) : judge_any(pkt, nic);
}

SEC("struct_ops/batch")
void BPF_PROG(batch, struct vhx_batch *batch, struct vhx_nic *nic)
{
	struct train train = {};	/* protocol 0 is not plain */
	struct vhx_pkt *pkt;

	vhx_batch_for_each(pkt, batch)
		vhx_pkt_verdict(pkt, judge_train(&train, pkt, nic));
}

VHX_STEER_OPS(flow_pin, .rx = (void *)rx, .batch = (void *)batch);
