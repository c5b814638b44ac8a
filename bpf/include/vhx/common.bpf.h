/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only header that a policy includes.
 *
 * In its order: the kernel's types (vmlinux.h, made by bpftool), libbpf's macros, vhx's own ABI,
 * the kernel functions of vhx_net.ko, and macros that keep a policy short. compat.bpf.h and
 * parse.bpf.h come along. The ABI of the structs, operations and verdicts is told in
 * <linux/vhx_bpf.h>, once.
 */
#ifndef __VHX_COMMON_BPF_H
#define __VHX_COMMON_BPF_H

/* vmlinux.h would declare kfuncs as its own kernel has them; here they are declared by hand. */
#define BPF_NO_KFUNC_PROTOTYPES

/* 7.x is built with -fms-extensions; without them its nameless members would warn. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wmissing-declarations"
#pragma clang diagnostic ignored "-Wmicrosoft-anon-tag"
#include "vmlinux.h"
#pragma clang diagnostic pop

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/*
 * vhx's types are in the BTF of vhx_net.ko, not in vmlinux.h. Their fields are found there by
 * name when an object is loaded, so one object fits modules whose structs have grown since.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#include <linux/vhx_bpf.h>
#pragma clang attribute pop

/*
 * A policy's license. The kernel takes none that is not GPL compatible.
 */
#define VHX_LICENSE(license)	char _license[] SEC("license") = license

/*
 * VHX_STEER_OPS(name, .rx = (void *)rx, ...): the policy itself. Its identifier is its name, at
 * most 15 characters. What NIC it is bound to is left to the one who loads it, unless given here
 * as .nic_name.
 */
#define VHX_STEER_OPS(policy, ...)						\
	_Static_assert(sizeof(#policy) <= 16, #policy " is too long a name");	\
	SEC(".struct_ops.link")							\
	struct vhx_steer_ops policy = {						\
		.abi	= VHX_BPF_ABI,						\
		.name	= #policy,						\
		__VA_ARGS__							\
	}

/*
 * The kernel functions. All are O(1) and may be called in rx, tx and batch; those that take a
 * vhx_nic alone, anywhere.
 */

/**
 * vhx_pkt_data() - a window on a packet's bytes
 * @pkt: packet
 * @off: where the window begins, from the start of the Ethernet frame; may be a variable
 * @rdonly_buf_size: bytes in the window; must be a constant
 *
 * Return: read-only bytes, valid until the program returns; NULL when the window is not within
 * pkt->head_len.
 */
const __u8 *vhx_pkt_data(struct vhx_pkt *pkt, __u32 off, const __u32 rdonly_buf_size) __ksym;

/**
 * vhx_pkt_load() - copy bytes of a packet
 * @pkt: packet
 * @off: where to begin, from the start of the Ethernet frame
 * @to: the program's memory
 * @to__sz: bytes to copy
 *
 * Return: 0; -EFAULT when not all of them are within pkt->head_len, and then @to is zeroed.
 */
int vhx_pkt_load(struct vhx_pkt *pkt, __u32 off, void *to, __u32 to__sz) __ksym;

/**
 * vhx_pkt_flow_hash() - a hash of the packet's flow
 * @pkt: packet
 *
 * Return: the same for both directions of a flow, spread over all 32 bits; computed once. It holds
 * no secret: who sends the packets can choose what it is.
 */
__u32 vhx_pkt_flow_hash(struct vhx_pkt *pkt) __ksym;

/**
 * vhx_pkt_verdict() - judge a packet of a batch
 * @pkt: packet, from vhx_batch_for_each()
 * @verdict: verdict; the last one given counts
 *
 * Return: 0. Of no effect outside a batch program.
 */
int vhx_pkt_verdict(struct vhx_pkt *pkt, __u32 verdict) __ksym;

/**
 * vhx_nic_queues() - queue pairs that are live now
 * @nic: NIC
 *
 * Return: 0 to nic->max_queues.
 */
__u32 vhx_nic_queues(struct vhx_nic *nic) __ksym;

/**
 * vhx_nic_room() - how much a queue can take
 * @nic: NIC
 * @queue: queue pair
 *
 * Return: packets that the guest's receive queue has buffers for, an estimate; 0 when the queue
 * is not live.
 */
__u32 vhx_nic_room(struct vhx_nic *nic, __u32 queue) __ksym;

/* Iterator over the packets of a batch; use vhx_batch_for_each(). */
struct bpf_iter_vhx_batch {
	__u64 opaque[3];
};

int bpf_iter_vhx_batch_new(struct bpf_iter_vhx_batch *it, struct vhx_batch *b) __ksym;
struct vhx_pkt *bpf_iter_vhx_batch_next(struct bpf_iter_vhx_batch *it) __ksym;
void bpf_iter_vhx_batch_destroy(struct bpf_iter_vhx_batch *it) __ksym;

/*
 * vhx_batch_for_each(pkt, batch) { ... }: each packet of a batch, in the order in which they will
 * be delivered; break and continue work.
 */
#define vhx_batch_for_each(pkt, batch)	bpf_for_each(vhx_batch, pkt, batch)

/* For socket filters on a tap only, see tap_shim.bpf.c. */
__u32 vhx_tap_select(struct __sk_buff *skb) __ksym;
__u32 vhx_tap_filter(struct __sk_buff *skb) __ksym;

/* 0 <= result < n, in the proportion that hash has in 32 bits; 0 for n = 0. */
static __always_inline __u32 vhx_scale(__u32 hash, __u32 n)
{
	return (__u64)hash * n >> 32;
}

/* VHX_COUNTERS(name, n): n counters, for vhx_count(). */
#define VHX_COUNTERS(name, n) struct {						\
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);				\
	__uint(max_entries, n);							\
	__type(key, __u32);							\
	__type(value, __u64);							\
} name SEC(".maps")

/* Add one to a counter; nothing happens when there is none of that index. */
static __always_inline void vhx_count(void *map, __u32 index)
{
	__u64 *count = bpf_map_lookup_elem(map, &index);

	if (count)
		(*count)++;
}

/* A value that others change meanwhile, read as a whole and once. */
#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))

#include "compat.bpf.h"
#include "parse.bpf.h"

#endif /* __VHX_COMMON_BPF_H */
