// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of the guest and of the VMM, see call.h. An eventfd that was replaced is let go of
 * after a grace period: a callback that has begun signals the old one, and nobody waits for it.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vdpa.h>

#include "call.h"

/**
 * struct vhx_vcall_fd - an eventfd
 * @ctx: it
 * @rcu: its end
 */
struct vhx_vcall_fd {
	struct eventfd_ctx *ctx;
	struct rcu_head rcu;
};

static void vhx_vcall_signal(struct vhx_vcall *call)
{
	const struct vhx_vcall_fd *fd;

	rcu_read_lock();
	fd = rcu_dereference(call->fd);
	if (fd)
		eventfd_signal(fd->ctx);
	rcu_read_unlock();
}

static void vhx_vcall_work(struct work_struct *work)
{
	vhx_vcall_signal(container_of(work, struct vhx_vcall, work));
}

/*
 * A parent that answers a kick at once calls from within the guest's write to the kick's eventfd,
 * where no other may be signalled.
 */
static irqreturn_t vhx_vcall_run(void *data)
{
	struct vhx_vcall *call = data;

	WRITE_ONCE(call->calls, call->calls + 1);
	if (eventfd_signal_allowed())
		vhx_vcall_signal(call);
	else
		queue_work(system_highpri_wq, &call->work);
	return IRQ_HANDLED;
}

/**
 * vhx_vcall_init - nobody is signalled yet
 * @call: zeroed
 */
void vhx_vcall_init(struct vhx_vcall *call)
{
	INIT_WORK(&call->work, vhx_vcall_work);
}

/**
 * vhx_vcall_get - an eventfd by its fd
 * @fd: it; negative: none
 *
 * Context: process, sleeps.
 * Return: it, to be given to vhx_vcall_swap() or vhx_vcall_put(); NULL: none; ERR_PTR(-EBADF no such
 * fd, -EINVAL no eventfd, -ENOMEM).
 */
struct vhx_vcall_fd *vhx_vcall_get(int fd)
{
	struct vhx_vcall_fd *call;
	struct eventfd_ctx *ctx;

	if (fd < 0)
		return NULL;
	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	call = kzalloc(sizeof(*call), GFP_KERNEL_ACCOUNT);
	if (!call) {
		eventfd_ctx_put(ctx);
		return ERR_PTR(-ENOMEM);
	}
	call->ctx = ctx;
	return call;
}

/**
 * vhx_vcall_swap - signal another one from now on
 * @call: whom
 * @fd: he; NULL: nobody
 *
 * The parent may know the old one still, see vhx_vcall_describe(): it is to be told of the new one
 * before the old one is put.
 *
 * Context: vhx_vdpa.lock, or the last reference.
 * Return: the old one, for vhx_vcall_put().
 */
struct vhx_vcall_fd *vhx_vcall_swap(struct vhx_vcall *call, struct vhx_vcall_fd *fd)
{
	return rcu_replace_pointer(call->fd, fd, true);
}

static void vhx_vcall_free(struct rcu_head *rcu)
{
	struct vhx_vcall_fd *fd = container_of(rcu, struct vhx_vcall_fd, rcu);

	eventfd_ctx_put(fd->ctx);
	kfree(fd);
}

/**
 * vhx_vcall_put - let go of an eventfd
 * @fd: it, that no callback finds any more; NULL is fine
 *
 * Context: any.
 */
void vhx_vcall_put(struct vhx_vcall_fd *fd)
{
	if (fd)
		call_rcu(&fd->rcu, vhx_vcall_free);
}

/**
 * vhx_vcall_quiesce - signal nobody any more
 * @call: whose parent has no callback any more
 *
 * Context: process, sleeps.
 */
void vhx_vcall_quiesce(struct vhx_vcall *call)
{
	vhx_vcall_put(vhx_vcall_swap(call, NULL));
	cancel_work_sync(&call->work);
}

/**
 * vhx_vcall_ctx - whom it signals
 * @call: the call
 *
 * Context: vhx_vdpa.lock.
 * Return: he; NULL: nobody.
 */
struct eventfd_ctx *vhx_vcall_ctx(const struct vhx_vcall *call)
{
	const struct vhx_vcall_fd *fd = rcu_dereference_protected(call->fd, true);

	return fd ? fd->ctx : NULL;
}

/**
 * vhx_vcall_describe - as the parent wants it
 * @call: the call
 * @runs: the device does
 * @cb: filled
 *
 * There are parents that look at it without a lock while they work: a callback that one has seen is
 * to find what is its own beside it, so while the device runs both stay, also if nobody is signalled.
 *
 * Context: vhx_vdpa.lock.
 */
void vhx_vcall_describe(struct vhx_vcall *call, bool runs, struct vdpa_callback *cb)
{
	struct eventfd_ctx *ctx = vhx_vcall_ctx(call);

	*cb = (struct vdpa_callback) {};
	if (!ctx && !runs)
		return;
	cb->callback = vhx_vcall_run;
	cb->private = call;
	cb->trigger = ctx;
}
