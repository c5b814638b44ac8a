// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that policies call. All are O(1), take no lock and neither sleep nor allocate. A
 * pointer to a packet or batch exists only where a program was handed one, so that none can be
 * called out of its place.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include "describe.h"
#include "kfuncs.h"
#include "shim.h"
#include "steer.h"
#include "structops.h"

static struct vhx_pkt_kern *vhx_pkt_kern_of(struct vhx_pkt *pkt)
{
	return container_of(pkt, struct vhx_pkt_kern, pkt);
}

struct vhx_batch_walk {
	struct vhx_batch_kern *batch;
	u64 next;
	u64 reserved;
} __aligned(8);

__bpf_kfunc_start_defs();

/**
 * vhx_pkt_data - look at bytes of a packet in place
 * @pkt: the packet
 * @off: first byte, from the Ethernet header
 * @rdonly_buf_size: how many, a constant; the name tells the verifier so
 *
 * Return: the bytes, or NULL when the packet has not got them within pkt->head_len. Valid until
 * the program ends.
 */
__bpf_kfunc const u8 *vhx_pkt_data(struct vhx_pkt *pkt, u32 off,
				   const u32 rdonly_buf_size)
{
	struct vhx_pkt_kern *pk = vhx_pkt_kern_of(pkt);

	if (rdonly_buf_size > pkt->head_len ||
	    off > pkt->head_len - rdonly_buf_size)
		return NULL;
	return pk->head + off;
}

/**
 * vhx_pkt_load - copy bytes out of a packet
 * @pkt: the packet
 * @off: first byte, from the Ethernet header
 * @to: where to
 * @to__sz: how many
 *
 * Return: 0; -EFAULT when the packet has not got them within pkt->head_len: nothing is copied,
 * @to is zeroed.
 */
__bpf_kfunc int vhx_pkt_load(struct vhx_pkt *pkt, u32 off, void *to, u32 to__sz)
{
	struct vhx_pkt_kern *pk = vhx_pkt_kern_of(pkt);

	if (to__sz > pkt->head_len || off > pkt->head_len - to__sz) {
		memset(to, 0, to__sz);
		return -EFAULT;
	}
	memcpy(to, pk->head + off, to__sz);
	return 0;
}

/**
 * vhx_pkt_flow_hash - hash of a packet's flow
 * @pkt: the packet
 *
 * Addresses, protocol and ports of the outermost IP header, computed once a packet.
 *
 * Return: the hash, the same for both directions of a flow; 0 for what is no frame.
 */
__bpf_kfunc u32 vhx_pkt_flow_hash(struct vhx_pkt *pkt)
{
	return vhx_pkt_hash(vhx_pkt_kern_of(pkt));
}

/**
 * vhx_pkt_verdict - judge one packet of a batch
 * @pkt: the packet
 * @verdict: as vhx_steer_ops.rx or .tx would return it
 *
 * The last verdict counts. Of no effect outside a batch program.
 *
 * Return: 0.
 */
__bpf_kfunc int vhx_pkt_verdict(struct vhx_pkt *pkt, u32 verdict)
{
	vhx_pkt_kern_of(pkt)->verdict = verdict;
	return 0;
}

/**
 * vhx_nic_queues - live queue pairs of a NIC
 * @nic: the NIC
 *
 * Return: how many, now.
 */
__bpf_kfunc u32 vhx_nic_queues(struct vhx_nic *nic)
{
	return READ_ONCE(nic->queues);
}

/**
 * vhx_nic_room - how many packets a guest's receive queue can take
 * @nic: the NIC
 * @queue: queue pair
 *
 * Return: an estimate: buffers that were seen posted when the queue was last served; 0 for a
 * queue that is not live.
 */
__bpf_kfunc u32 vhx_nic_room(struct vhx_nic *nic, u32 queue)
{
	const struct vhx_seat *seat;
	u32 room = 0;

	/* VHX_TEST_RUN's NIC has no queues behind it. */
	if (!nic->id)
		return queue < nic->queues ? 1 : 0;
	rcu_read_lock();
	seat = vhx_nic_live(container_of(nic, struct vhx_net_nic, bpf), queue);
	if (seat)
		room = READ_ONCE(seat->room);
	rcu_read_unlock();
	return room;
}

/**
 * bpf_iter_vhx_batch_new - begin to walk through a batch
 * @it: the walk
 * @batch: the batch
 *
 * Return: 0.
 */
__bpf_kfunc int bpf_iter_vhx_batch_new(struct bpf_iter_vhx_batch *it,
				       struct vhx_batch *batch)
{
	struct vhx_batch_walk *w = (void *)it;

	BUILD_BUG_ON(sizeof(*w) != sizeof(*it));
	w->batch = container_of(batch, struct vhx_batch_kern, batch);
	w->next = 0;
	return 0;
}

/**
 * bpf_iter_vhx_batch_next - go on to the next packet
 * @it: the walk
 *
 * Return: the packet, NULL after the last.
 */
__bpf_kfunc struct vhx_pkt *bpf_iter_vhx_batch_next(struct bpf_iter_vhx_batch *it)
{
	struct vhx_batch_walk *w = (void *)it;

	if (w->next >= w->batch->batch.n)
		return NULL;
	return &vhx_batch_pkt(w->batch, w->next++)->pkt;
}

/**
 * bpf_iter_vhx_batch_destroy - end the walk
 * @it: the walk
 */
__bpf_kfunc void bpf_iter_vhx_batch_destroy(struct bpf_iter_vhx_batch *it)
{
}

/**
 * vhx_tap_select - run a NIC's policy where its tap chooses a queue
 * @ctx: the packet, of a program for TUNSETSTEERINGEBPF
 *
 * Return: the queue. A verdict to drop is left in the packet for vhx_tap_filter().
 */
__bpf_kfunc u32 vhx_tap_select(struct __sk_buff *ctx)
{
	return vhx_shim_select((struct sk_buff *)ctx);
}

/**
 * vhx_tap_filter - carry out a verdict to drop
 * @ctx: the packet, of a program for TUNSETFILTEREBPF
 *
 * Return: 0 to drop it, else its length.
 */
__bpf_kfunc u32 vhx_tap_filter(struct __sk_buff *ctx)
{
	return vhx_shim_filter((struct sk_buff *)ctx);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(vhx_steer_kfuncs)
BTF_ID_FLAGS(func, vhx_pkt_data, KF_TRUSTED_ARGS | KF_RET_NULL)
BTF_ID_FLAGS(func, vhx_pkt_load, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, vhx_pkt_flow_hash, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, vhx_pkt_verdict, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, vhx_nic_queues, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, vhx_nic_room, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_vhx_batch_new, KF_ITER_NEW | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_vhx_batch_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_vhx_batch_destroy, KF_ITER_DESTROY)
BTF_KFUNCS_END(vhx_steer_kfuncs)

BTF_KFUNCS_START(vhx_tap_kfuncs)
BTF_ID_FLAGS(func, vhx_tap_select)
BTF_ID_FLAGS(func, vhx_tap_filter)
BTF_KFUNCS_END(vhx_tap_kfuncs)

static const struct btf_kfunc_id_set vhx_steer_kfunc_set = {
	.owner	= THIS_MODULE,
	.set	= &vhx_steer_kfuncs,
};

static const struct btf_kfunc_id_set vhx_tap_kfunc_set = {
	.owner	= THIS_MODULE,
	.set	= &vhx_tap_kfuncs,
};

/**
 * vhx_kfuncs_register - make the functions known to BPF
 *
 * Return: 0 or negative.
 */
int __init vhx_kfuncs_register(void)
{
	int err;

	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS,
					&vhx_steer_kfunc_set);
	if (err)
		return err;
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_SOCKET_FILTER,
					 &vhx_tap_kfunc_set);
}
