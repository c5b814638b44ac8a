// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaos: random verdicts, with illegal ones among them.
 *
 * For tests of vhx: no guest may come to more harm by it than lost and reordered packets, and vhx
 * ejects it once it is illegal too often. Never load it on a host that matters.
 *
 * Knobs, each in thousandths of the packets, together at most 1000; the rest goes to a random
 * live queue (rx) or passes (tx):
 *
 *	illegal		a verdict that does not exist
 *	drop		dropped for a random reason
 *	dead		rx: a queue that is not live
 *
 * Map exits, key 0, holds how often it was ejected and what vhx said the last time.
 *
 *	vhx policy load build/bpf/chaos.bpf.o --nic tap0 --set illegal=1 --set drop=0
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

const volatile __u32 illegal = 10;
const volatile __u32 drop = 50;
const volatile __u32 dead = 50;

struct last_exit {
	__u32 count;
	__u32 kind;
	__u32 nic_id;
	__u32 queue;
	__u32 verdict;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct last_exit);
} exits SEC(".maps");

static __always_inline __u32 random_below(__u32 n)
{
	return vhx_scale(bpf_get_prandom_u32(), n);
}

/* One of each kind of wrong: just outside a range, stray bits, another direction's. */
static __always_inline __u32 illegal_verdict(bool tx)
{
	switch (random_below(6)) {
	case 0:
		return 0x10000;
	case 1:
		return VHX_DEFAULT | 1;
	case 2:
		return VHX_DROP(0) | 0x100;
	case 3:
		return 0x04000000;
	case 4:
		return 0x80000000 | bpf_get_prandom_u32();
	default:
		return tx ? 0 : VHX_PASS;
	}
}

static __always_inline __u32 rx_queue(struct vhx_nic *nic, bool is_dead)
{
	__u32 queues = vhx_nic_queues(nic);

	if (is_dead)
		return nic->max_queues + random_below(0x10000 - nic->max_queues);
	return queues ? random_below(queues) : VHX_DEFAULT;
}

static __always_inline __u32 verdict(struct vhx_nic *nic, bool tx)
{
	__u32 dice = random_below(1000);

	if (dice < illegal)
		return illegal_verdict(tx);
	dice -= illegal;
	if (dice < drop)
		return VHX_DROP(bpf_get_prandom_u32());
	dice -= drop;
	return tx ? VHX_PASS : rx_queue(nic, dice < dead);
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return verdict(nic, false);
}

SEC("struct_ops/tx")
__u32 BPF_PROG(tx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return verdict(nic, true);
}

SEC("struct_ops/exit")
void BPF_PROG(ejected, struct vhx_exit_info *info)
{
	__u32 key = 0;
	struct last_exit *last = bpf_map_lookup_elem(&exits, &key);

	if (!last)
		return;
	last->kind = info->kind;
	last->nic_id = info->nic_id;
	last->queue = info->queue;
	last->verdict = info->verdict;
	__sync_fetch_and_add(&last->count, 1);
}

VHX_STEER_OPS(chaos, .rx = (void *)rx, .tx = (void *)tx, .exit = (void *)ejected);
