// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vring ioctls of <linux/vhost.h>: how a VMM sets one queue up. errno as in-tree's.
 */
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "dev.h"
#include "vq.h"

static long vhx_vring_set_num(struct vhx_vq *vq, const void __user *argp)
{
	struct vhost_vring_state s;

	if (vq->backend)
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (!vq->ring.packed && !is_power_of_2(s.num))
		return -EINVAL;
	if (!s.num || s.num > VHX_RING_MAX)
		return -EINVAL;
	vq->ring.num = s.num;
	return 0;
}

static long vhx_vring_set_addr(struct vhx_vq *vq, const void __user *argp)
{
	struct vhx_ring *r = &vq->ring;
	struct vhost_vring_addr a;
	struct vhx_ring old = *r;
	struct vhx_log old_log = vq->log;

	if (copy_from_user(&a, argp, sizeof(a)))
		return -EFAULT;
	if (a.flags & ~BIT(VHOST_VRING_F_LOG))
		return -EOPNOTSUPP;
	if (a.desc_user_addr != (unsigned long)a.desc_user_addr ||
	    a.used_user_addr != (unsigned long)a.used_user_addr ||
	    a.avail_user_addr != (unsigned long)a.avail_user_addr)
		return -EFAULT;
	if (a.avail_user_addr & (VRING_AVAIL_ALIGN_SIZE - 1) ||
	    a.used_user_addr & (VRING_USED_ALIGN_SIZE - 1) ||
	    a.log_guest_addr & (VRING_USED_ALIGN_SIZE - 1))
		return -EINVAL;

	r->desc = a.desc_user_addr;
	r->avail = a.avail_user_addr;
	r->used = a.used_user_addr;
	r->armed = false;
	vq->log.used = a.flags & BIT(VHOST_VRING_F_LOG);
	vq->log.used_gpa = a.log_guest_addr;
	if (vq->backend && !vhx_vq_access_ok(vq, vhx_dev_mem(vq->dev))) {
		*r = old;
		vq->log = old_log;
		return -EINVAL;
	}
	vq->ran = false;
	vq->over = false;
	return 0;
}

/*
 * Of a packed ring two places, an index with the wrap counter in bit 15: the next descriptor to
 * read, and in the upper half the next to write back. DPDK's virtio-user gives the former alone,
 * for a ring that was never used, where both are the same.
 */
static void vhx_vring_set_places(struct vhx_ring *r, u32 num)
{
	r->last_avail = num;
	r->last_used = num == 0x8000 ? 0x8000 : num >> 16;
}

static long vhx_vring_set_base(struct vhx_vq *vq, const void __user *argp)
{
	struct vhost_vring_state s;

	if (vq->backend)
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (vq->ring.packed) {
		vhx_vring_set_places(&vq->ring, s.num);
		return 0;
	}
	if (s.num > 0xffff)
		return -EINVAL;
	vq->ring.last_avail = s.num;
	/* What was read ahead belongs to the old position. */
	vq->ring.avail_idx = s.num;
	return 0;
}

static long vhx_vring_get_base(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s = {
		.index = vq->index,
		.num = vhx_vq_base(vq),
	};

	vq->over |= vq->ran;
	return copy_to_user(argp, &s, sizeof(s)) ? -EFAULT : 0;
}

/*
 * A new kick while the queue runs: QEMU does it, nothing may be lost. The old eventfd is let go
 * only when the new one is being waited for.
 */
static long vhx_vring_set_kick(struct vhx_vq *vq, const void __user *argp)
{
	struct vhost_vring_file f;
	struct file *file = NULL;
	struct file *old;
	long err = 0;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.fd != -1)
		file = eventfd_fget(f.fd);
	if (IS_ERR(file))
		return PTR_ERR(file);

	vhx_poll_stop(&vq->kick_poll);
	old = vq->kick;
	vq->kick = file;
	if (file && vq->backend) {
		err = vhx_poll_start(&vq->kick_poll, file);
		vhx_vq_queue(vq);
	}
	if (old)
		fput(old);
	return err;
}

static long vhx_vring_set_eventfd(struct eventfd_ctx **slot,
				  const void __user *argp)
{
	struct eventfd_ctx *ctx = NULL;
	struct vhost_vring_file f;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.fd != -1)
		ctx = eventfd_ctx_fdget(f.fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	swap(*slot, ctx);
	if (ctx)
		eventfd_ctx_put(ctx);
	return 0;
}

static long vhx_vring_set_busyloop(struct vhx_vq *vq, const void __user *argp)
{
	struct vhost_vring_state s;

	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	vq->busyloop_us = s.num;
	return 0;
}

static long vhx_vring_get_busyloop(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s = {
		.index = vq->index,
		.num = vq->busyloop_us,
	};

	return copy_to_user(argp, &s, sizeof(s)) ? -EFAULT : 0;
}

/*
 * Addresses and size of a queue that has a vIOMMU: what it waits for may be none of its ring's any
 * more, and that the ring was seen to be reachable means nothing (CVE-2026-74580).
 */
static void vhx_vring_forget(struct vhx_vq *vq)
{
	vhx_miss_drop(vq);
	vq->view_gen = 0;
	if (vq->backend)
		vhx_vq_queue(vq);
}

static long vhx_vring_do(struct vhx_vq *vq, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_SET_VRING_NUM:
		return vhx_vring_set_num(vq, argp);
	case VHOST_SET_VRING_ADDR:
		return vhx_vring_set_addr(vq, argp);
	case VHOST_SET_VRING_BASE:
		return vhx_vring_set_base(vq, argp);
	case VHOST_GET_VRING_BASE:
		return vhx_vring_get_base(vq, argp);
	case VHOST_SET_VRING_KICK:
		return vhx_vring_set_kick(vq, argp);
	case VHOST_SET_VRING_CALL:
		return vhx_vring_set_eventfd(&vq->call, argp);
	case VHOST_SET_VRING_ERR:
		return vhx_vring_set_eventfd(&vq->err, argp);
	case VHOST_SET_VRING_BUSYLOOP_TIMEOUT:
		return vhx_vring_set_busyloop(vq, argp);
	case VHOST_GET_VRING_BUSYLOOP_TIMEOUT:
		return vhx_vring_get_busyloop(vq, argp);
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * vhx_vring_ioctl - the ioctls that set a queue up
 * @dev: device
 * @cmd: the ioctl
 * @argp: its argument, whose first word is the queue's index whatever @cmd is
 *
 * Context: process, the owner's; @dev->lock.
 * Return: 0, -ENOIOCTLCMD for a command that is unknown, -EFAULT, -ENOBUFS for no such queue, or
 * the command's errno.
 */
long vhx_vring_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	struct vhx_vq *vq;
	u32 index;
	long err;

	lockdep_assert_held(&dev->lock);
	if (get_user(index, (u32 __user *)argp))
		return -EFAULT;
	if (index >= dev->nvqs)
		return -ENOBUFS;

	vq = dev->vq[array_index_nospec(index, dev->nvqs)];
	mutex_lock(&vq->lock);
	err = vhx_vring_do(vq, cmd, argp);
	if (vq->ring.view && (cmd == VHOST_SET_VRING_ADDR || cmd == VHOST_SET_VRING_NUM))
		vhx_vring_forget(vq);
	mutex_unlock(&vq->lock);
	/* Nothing that an old kick set off runs any more, as in-tree has it. */
	if (!err && cmd == VHOST_SET_VRING_KICK)
		vhx_vq_flush(vq);
	return err;
}
