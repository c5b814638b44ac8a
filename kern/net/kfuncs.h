/* SPDX-License-Identifier: GPL-2.0-only */
/* What policies call; what each does is said in kfuncs.c. */
#ifndef _VHX_NET_KFUNCS_H
#define _VHX_NET_KFUNCS_H

#include <linux/btf.h>
#include <linux/types.h>
#include <linux/vhx_bpf.h>

struct __sk_buff;

/* A walk through a batch, as a program's stack holds it. */
struct bpf_iter_vhx_batch {
	__u64 opaque[3];
} __aligned(8);

const u8 *vhx_pkt_data(struct vhx_pkt *pkt, u32 off, const u32 rdonly_buf_size);
int vhx_pkt_load(struct vhx_pkt *pkt, u32 off, void *to, u32 to__sz);
u32 vhx_pkt_flow_hash(struct vhx_pkt *pkt);
int vhx_pkt_verdict(struct vhx_pkt *pkt, u32 verdict);
u32 vhx_nic_queues(struct vhx_nic *nic);
u32 vhx_nic_room(struct vhx_nic *nic, u32 queue);
int bpf_iter_vhx_batch_new(struct bpf_iter_vhx_batch *it,
			   struct vhx_batch *batch);
struct vhx_pkt *bpf_iter_vhx_batch_next(struct bpf_iter_vhx_batch *it);
void bpf_iter_vhx_batch_destroy(struct bpf_iter_vhx_batch *it);
u32 vhx_tap_select(struct __sk_buff *ctx);
u32 vhx_tap_filter(struct __sk_buff *ctx);

#endif /* _VHX_NET_KFUNCS_H */
