// SPDX-License-Identifier: GPL-2.0-only
/*
 * table: the verdict stands in a table, by the packet's flow, which is the second byte of its
 * source address (lib/guest/flow.h). An entry is 0, nothing, or a verdict with bit 32 set.
 *
 * Knobs: rx_else and tx_else, entries for flows without one; refuse, what nic_attach returns.
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

const volatile __u64 rx_else;
const volatile __u64 tx_else;
const volatile __s32 refuse;

#define TABLE(name) struct {			\
	__uint(type, BPF_MAP_TYPE_ARRAY);	\
	__uint(max_entries, 256);		\
	__type(key, __u32);			\
	__type(value, __u64);			\
} name SEC(".maps")

TABLE(rx_table);
TABLE(tx_table);
/* By enum seen of lib/steer.h. */
TABLE(seen);

enum seen { RX, TX, BATCH, BATCHED, ATTACH, DETACH, CONFIG, EXIT, EXIT_KIND, EXIT_VERDICT, QUEUES };

static __always_inline void add(enum seen what, __u64 n)
{
	__u32 key = what;
	__u64 *count = bpf_map_lookup_elem(&seen, &key);

	if (count)
		__sync_fetch_and_add(count, n);
}

static __always_inline void set(enum seen what, __u64 n)
{
	__u32 key = what;

	bpf_map_update_elem(&seen, &key, &n, BPF_ANY);
}

static __always_inline __u32 look(void *table, struct vhx_pkt *pkt, __u64 other)
{
	__u8 flow = 0;
	__u64 *entry;
	__u32 key;

	vhx_pkt_load(pkt, 7, &flow, sizeof(flow));
	key = flow;
	entry = bpf_map_lookup_elem(table, &key);
	if (entry && *entry)
		return *entry;
	return other ? other : VHX_DEFAULT;
}

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	add(RX, 1);
	return look(&rx_table, pkt, rx_else);
}

SEC("struct_ops/tx")
__u32 BPF_PROG(tx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	add(TX, 1);
	return look(&tx_table, pkt, tx_else);
}

#ifdef WITH_BATCH
SEC("struct_ops/batch")
void BPF_PROG(batch, struct vhx_batch *batch, struct vhx_nic *nic)
{
	bool tx = batch->flags & VHX_PKT_TX;
	struct vhx_pkt *pkt;

	add(BATCH, 1);
	add(BATCHED, batch->n);
	vhx_batch_for_each(pkt, batch)
		vhx_pkt_verdict(pkt, tx ? look(&tx_table, pkt, tx_else)
					: look(&rx_table, pkt, rx_else));
}
#endif

SEC("struct_ops.s/nic_attach")
__s32 BPF_PROG(nic_attach, struct vhx_nic *nic)
{
	if (!refuse)
		add(ATTACH, 1);
	return refuse;
}

SEC("struct_ops.s/nic_detach")
void BPF_PROG(nic_detach, struct vhx_nic *nic)
{
	add(DETACH, 1);
}

SEC("struct_ops.s/nic_config")
void BPF_PROG(nic_config, struct vhx_nic *nic, struct vhx_nic_config *cfg)
{
	add(CONFIG, 1);
	set(QUEUES, cfg->queues);
}

SEC("struct_ops.s/exit")
void BPF_PROG(ejected, struct vhx_exit_info *info)
{
	add(EXIT, 1);
	set(EXIT_KIND, info->kind);
	set(EXIT_VERDICT, info->verdict);
}

VHX_STEER_OPS(table,
	.rx		= (void *)rx,
	.tx		= (void *)tx,
#ifdef WITH_BATCH
	.batch		= (void *)batch,
#endif
	.nic_attach	= (void *)nic_attach,
	.nic_detach	= (void *)nic_detach,
	.nic_config	= (void *)nic_config,
	.exit		= (void *)ejected
);
