// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that set a queue up. Each argument is read once: what was checked is what the parent
 * gets.
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "vdpa.h"

/* What every argument begins with. */
union vhx_vring_arg {
	u32 index;
	struct vhost_vring_state state;
	struct vhost_vring_addr addr;
	struct vhost_vring_file file;
};

static struct vdpa_device *vhx_vring_vdpa(const struct vhx_vdpa_vq *vq)
{
	return vq->v->vdpa;
}

/* Where a ring is, and where it stands, is fixed while the device looks at it. */
static bool vhx_vring_is_fixed(const struct vhx_vdpa_vq *vq)
{
	return vhx_vdpa_runs(vq->v) && !vq->v->suspended;
}

static long vhx_vring_set_num(struct vhx_vdpa_vq *vq, u32 num)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);

	if (!num || num > 0xffff || num & (num - 1))
		return -EINVAL;
	if (num > vdpa->config->get_vq_num_max(vdpa))
		return -EINVAL;
	vdpa->config->set_vq_num(vdpa, vq->index, num);
	WRITE_ONCE(vq->num, num);
	return 0;
}

static long vhx_vring_set_addr(struct vhx_vdpa_vq *vq, const struct vhost_vring_addr *addr)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);

	if (addr->flags & ~BIT(VHOST_VRING_F_LOG))
		return -EOPNOTSUPP;
	/* As virtio has it: 16 bytes the descriptors, 2 and 4 what follows. */
	if (addr->avail_user_addr & 1 || addr->used_user_addr & 3)
		return -EINVAL;
	if (vhx_vring_is_fixed(vq))
		return -EINVAL;
	return vdpa->config->set_vq_address(vdpa, vq->index, addr->desc_user_addr,
					    addr->avail_user_addr, addr->used_user_addr) ?
	       -EINVAL : 0;
}

static bool vhx_vring_is_packed(const struct vhx_vdpa_vq *vq)
{
	return vq->v->features & BIT_ULL(VIRTIO_F_RING_PACKED);
}

static void vhx_vring_unpack(struct vdpa_vq_state *state, u32 num)
{
	/*
	 * A ring that nothing was done to yet: DPDK leaves the used half 0, and means by it what it
	 * says of the other.
	 */
	if (num == 0x8000)
		num |= num << 16;
	state->packed.last_avail_idx = num & 0x7fff;
	state->packed.last_avail_counter = num >> 15 & 1;
	state->packed.last_used_idx = num >> 16 & 0x7fff;
	state->packed.last_used_counter = num >> 31;
}

static u32 vhx_vring_pack(const struct vdpa_vq_state *state)
{
	return state->packed.last_avail_idx | (u32)state->packed.last_avail_counter << 15 |
	       (u32)state->packed.last_used_idx << 16 | (u32)state->packed.last_used_counter << 31;
}

static long vhx_vring_set_base(struct vhx_vdpa_vq *vq, u32 num)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);
	struct vdpa_vq_state state = {};

	if (!vhx_vring_is_packed(vq) && num > 0xffff)
		return -EINVAL;
	if (vhx_vring_is_fixed(vq))
		return -EINVAL;
	if (vhx_vring_is_packed(vq))
		vhx_vring_unpack(&state, num);
	else
		state.split.avail_index = num;
	return vdpa->config->set_vq_state(vdpa, vq->index, &state) ? -EINVAL : 0;
}

static long vhx_vring_get_base(struct vhx_vdpa_vq *vq, struct vhost_vring_state __user *argp)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);
	struct vdpa_vq_state state = {};
	u32 num;
	int err;

	err = vdpa->config->get_vq_state(vdpa, vq->index, &state);
	if (err)
		return err;
	num = vhx_vring_is_packed(vq) ? vhx_vring_pack(&state) : state.split.avail_index;
	return put_user(num, &argp->num);
}

/* The parent hears of the new one before the old one goes. Context: vhx_vdpa.lock. */
static void vhx_vring_call(struct vhx_vdpa_vq *vq, struct vhx_vcall_fd *fd)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);
	struct vhx_vcall_fd *old;
	struct vdpa_callback cb;

	vhx_irq_withdraw(vq);
	old = vhx_vcall_swap(&vq->call, fd);
	vhx_vcall_describe(&vq->call, vhx_vdpa_runs(vq->v), &cb);
	vdpa->config->set_vq_cb(vdpa, vq->index, &cb);
	vhx_vcall_put(old);
}

static long vhx_vring_set_call(struct vhx_vdpa_vq *vq, int n)
{
	struct vhx_vcall_fd *fd = vhx_vcall_get(n);

	if (IS_ERR(fd))
		return PTR_ERR(fd);
	vhx_vring_call(vq, fd);
	if (vhx_vdpa_runs(vq->v))
		vhx_irq_offer(vq);
	return 0;
}

static long vhx_vring_set_err(struct vhx_vdpa_vq *vq, int n)
{
	struct eventfd_ctx *ctx = n < 0 ? NULL : eventfd_ctx_fdget(n);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (vq->err)
		eventfd_ctx_put(vq->err);
	vq->err = ctx;
	return 0;
}

/**
 * vhx_vring_drop - a queue has none of the VMM's eventfds any more
 * @vq: queue of a device that was reset
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 */
void vhx_vring_drop(struct vhx_vdpa_vq *vq)
{
	vhx_vring_call(vq, NULL);
	vhx_vcall_quiesce(&vq->call);
	vhx_vring_set_err(vq, -1);
	WRITE_ONCE(vq->num, 0);
	WRITE_ONCE(vq->enabled, false);
}

static long vhx_vring_enable(struct vhx_vdpa_vq *vq, u32 num)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);

	vdpa->config->set_vq_ready(vdpa, vq->index, num);
	WRITE_ONCE(vq->enabled, num);
	return 0;
}

static long vhx_vring_get_size(struct vhx_vdpa_vq *vq, struct vhost_vring_state __user *argp)
{
	struct vdpa_device *vdpa = vhx_vring_vdpa(vq);

	if (!vdpa->config->get_vq_size)
		return -EOPNOTSUPP;
	return put_user((u32)vdpa->config->get_vq_size(vdpa, vq->index), &argp->num);
}

static size_t vhx_vring_arg_size(unsigned int cmd)
{
	switch (cmd) {
	case VHOST_SET_VRING_NUM:
	case VHOST_SET_VRING_BASE:
	case VHOST_GET_VRING_BASE:
	case VHOST_VDPA_SET_VRING_ENABLE:
	case VHOST_VDPA_GET_VRING_SIZE:
		return sizeof(struct vhost_vring_state);
	case VHOST_SET_VRING_ADDR:
		return sizeof(struct vhost_vring_addr);
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
		return sizeof(struct vhost_vring_file);
	default:
		return 0;
	}
}

/* In-tree vhost looks at whose the queue is before it looks at the rest. */
static bool vhx_vring_is_owners(unsigned int cmd)
{
	return cmd != VHOST_VDPA_SET_VRING_ENABLE && cmd != VHOST_VDPA_GET_VRING_SIZE;
}

static long vhx_vring_do(struct vhx_vdpa_vq *vq, unsigned int cmd, void __user *argp,
			 const union vhx_vring_arg *arg)
{
	switch (cmd) {
	case VHOST_SET_VRING_NUM:
		return vhx_vring_set_num(vq, arg->state.num);
	case VHOST_SET_VRING_BASE:
		return vhx_vring_set_base(vq, arg->state.num);
	case VHOST_GET_VRING_BASE:
		return vhx_vring_get_base(vq, argp);
	case VHOST_SET_VRING_ADDR:
		return vhx_vring_set_addr(vq, &arg->addr);
	case VHOST_SET_VRING_KICK:
		return vhx_vkick_set(&vq->kick, arg->file.fd);
	case VHOST_SET_VRING_CALL:
		return vhx_vring_set_call(vq, arg->file.fd);
	case VHOST_SET_VRING_ERR:
		return vhx_vring_set_err(vq, arg->file.fd);
	case VHOST_VDPA_SET_VRING_ENABLE:
		return vhx_vring_enable(vq, arg->state.num);
	default:
		return vhx_vring_get_size(vq, argp);
	}
}

/**
 * vhx_vdpa_vring_ioctl - the ioctls of queues
 * @v: device
 * @cmd: any ioctl
 * @argp: its argument
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: what the ioctl returns; -ENOIOCTLCMD it is none of these; -EPERM, -EFAULT, -ENOBUFS no such
 * queue.
 */
long vhx_vdpa_vring_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp)
{
	const size_t size = vhx_vring_arg_size(cmd);
	union vhx_vring_arg arg;
	int err;

	if (!size)
		return -ENOIOCTLCMD;
	err = vhx_vring_is_owners(cmd) ? vhx_vdpa_check_owner(v) : 0;
	if (err)
		return err;
	if (copy_from_user(&arg, argp, size))
		return -EFAULT;
	if (arg.index >= v->nvqs)
		return -ENOBUFS;
	return vhx_vring_do(&v->vq[array_index_nospec(arg.index, v->nvqs)], cmd, argp, &arg);
}
