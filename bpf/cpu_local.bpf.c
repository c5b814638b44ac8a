// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpu_local: a packet goes to the queue of the CPU that it came in on.
 *
 * Take it when the physical NIC's queues, the host's CPUs and the guest's vCPUs are paired already
 * (RSS or aRFS outside, vCPUs pinned): a packet then stays on one CPU all the way, and no other's
 * cache sees it. It needs to be judged where the packet comes in: on a tap with the shim (`vhx policy
 * shim`), on a vDPA device always. Without the shim the CPU is the worker's.
 *
 * By itself CPU n has queue n, counted around. Map cpus says otherwise, by CPU: the queue plus one;
 * 0 is for "by itself". Where CPU 12 shall have queue 3:
 *
 *	bpftool map update name cpus key hex 0c 00 00 00 value hex 04 00 00 00
 *	vhx policy load build/bpf/cpu_local.bpf.o --nic 'tap*'
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

#define CPUS	1024

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CPUS);
	__type(key, __u32);
	__type(value, __u32);
} cpus SEC(".maps");

static __always_inline __u32 choose(__u32 queues)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 *queue = bpf_map_lookup_elem(&cpus, &cpu);

	if (queue && *queue)
		return *queue - 1;
	return queues ? cpu % queues : VHX_DEFAULT;
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return choose(vhx_nic_queues(nic));
}

/* All of a batch are on this CPU. */
SEC("struct_ops/batch")
void BPF_PROG(batch, struct vhx_batch *batch, struct vhx_nic *nic)
{
	__u32 verdict = choose(vhx_nic_queues(nic));
	struct vhx_pkt *pkt;

	if (batch->flags & VHX_PKT_TX)
		return;
	vhx_batch_for_each(pkt, batch)
		vhx_pkt_verdict(pkt, verdict);
}

VHX_STEER_OPS(cpu_local, .rx = (void *)rx, .batch = (void *)batch);
