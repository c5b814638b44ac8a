// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers of a device: made, given to queues, freed; the ioctls that do so. errno are in-tree
 * vhost_scsi's, the one class there that has these ioctls; every class of vhx has them.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "dev.h"
#include "vq.h"
#include "worker.h"

/*
 * A VMM needs one worker a queue, and as many again to replace them one by one. More are of no
 * use, and each is a thread.
 */
static u32 vhx_workers_max(const struct vhx_dev *dev)
{
	return 2 * dev->nvqs;
}

/**
 * vhx_workers_init - a device has no workers yet
 * @dev: device
 */
void vhx_workers_init(struct vhx_dev *dev)
{
	xa_init_flags(&dev->workers, XA_FLAGS_ALLOC);
}

static struct vhx_worker *vhx_workers_add(struct vhx_dev *dev)
{
	struct vhx_worker *w;
	int err;

	if (dev->nworkers >= vhx_workers_max(dev))
		return ERR_PTR(-ENOMEM);
	w = vhx_worker_create(dev);
	if (IS_ERR(w))
		return w;

	/* Who lists workers does so under this mutex, not under dev->lock. */
	mutex_lock(&vhx_devs_mutex);
	err = xa_alloc(&dev->workers, &w->id, w, xa_limit_32b,
		       GFP_KERNEL_ACCOUNT);
	mutex_unlock(&vhx_devs_mutex);
	if (err) {
		vhx_worker_destroy(w);
		return ERR_PTR(-ENOMEM);
	}
	dev->nworkers++;
	return w;
}

/* No queue has @w. */
static void vhx_workers_remove(struct vhx_dev *dev, struct vhx_worker *w)
{
	mutex_lock(&vhx_devs_mutex);
	xa_erase(&dev->workers, w->id);
	mutex_unlock(&vhx_devs_mutex);
	dev->nworkers--;
	vhx_worker_destroy(w);
}

/*
 * Give a queue another worker, while it runs and has work queued or not. What was queued with the
 * old one it does, with its own working memory; nothing of the queue runs on it when this returns.
 * Both may be at the queue for a moment: its lock keeps them apart.
 */
static int vhx_workers_attach(struct vhx_vq *vq, struct vhx_worker *w)
{
	struct vhx_worker *old;
	int err;

	/* For a queue that does not run yet, the start will see to it. */
	err = vq->backend ? vhx_worker_equip(w) : 0;
	if (err)
		return err;

	mutex_lock(&vq->lock);
	old = rcu_replace_pointer(vq->worker, w, lockdep_is_held(&vq->lock));
	mutex_unlock(&vq->lock);
	WRITE_ONCE(w->queues, w->queues + 1);
	if (!old)
		return 0;

	/* Who still saw the old one has queued by now. */
	synchronize_rcu_expedited();
	vhx_worker_flush(old);
	WRITE_ONCE(old->queues, old->queues - 1);
	/* If the old one was killed, it has forgotten what it was to do. */
	vhx_vq_queue(vq);
	return 0;
}

/**
 * vhx_workers_start - make the worker a device begins with, which serves all its queues
 * @dev: device, with an owner
 *
 * Context: process, the owner's; sleeps; @dev->lock.
 * Return: 0 or -ENOMEM.
 */
int vhx_workers_start(struct vhx_dev *dev)
{
	struct vhx_worker *w;
	u32 i;

	w = vhx_workers_add(dev);
	if (IS_ERR(w))
		return PTR_ERR(w);
	/* Their first, and they do not run: this does not fail. */
	for (i = 0; i < dev->nvqs; i++)
		vhx_workers_attach(dev->vq[i], w);
	return 0;
}

/**
 * vhx_workers_start_each - make the workers of a device without owner
 * @dev: device, which has none
 * @per: queues to a worker: the first @per have the first, and so on
 *
 * Context: process, sleeps; @dev->lock.
 * Return: 0 or -ENOMEM; then those that were made are there for vhx_workers_stop().
 */
int vhx_workers_start_each(struct vhx_dev *dev, u32 per)
{
	struct vhx_worker *w = NULL;
	u32 i;

	for (i = 0; i < dev->nvqs; i++) {
		if (i % per == 0)
			w = vhx_workers_add(dev);
		if (IS_ERR(w))
			return PTR_ERR(w);
		vhx_workers_attach(dev->vq[i], w);
	}
	return 0;
}

/**
 * vhx_workers_stop - free all workers
 * @dev: device; its queues are stopped; it is in no list any more
 *
 * Context: process, sleeps; @dev->lock or the last reference.
 */
void vhx_workers_stop(struct vhx_dev *dev)
{
	struct vhx_worker *w;
	unsigned long id;
	u32 i;

	if (!dev->nworkers)
		return;
	for (i = 0; i < dev->nvqs; i++)
		RCU_INIT_POINTER(dev->vq[i]->worker, NULL);
	/* Who queued just before the pointers went is through after this. */
	synchronize_rcu();
	xa_for_each(&dev->workers, id, w) {
		vhx_worker_flush(w);
		vhx_workers_remove(dev, w);
	}
	xa_destroy(&dev->workers);
}

/**
 * vhx_workers_flush - wait until all that was queued has run, whichever worker has it
 * @dev: device
 *
 * Context: process, sleeps; @dev->lock or the last reference, no queue's lock.
 */
void vhx_workers_flush(struct vhx_dev *dev)
{
	struct vhx_worker *w;
	unsigned long id;

	/* One that serves no queue has nothing to do, and is left to sleep. */
	xa_for_each(&dev->workers, id, w)
		if (w->queues)
			vhx_worker_flush(w);
}

static long vhx_workers_new(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_worker_state state = {};
	struct vhx_worker *w;

	/* kthreads are in nobody's RLIMIT_NPROC: in-tree refuses, with this errno. */
	if (!dev->fork_owner)
		return -EFAULT;
	w = vhx_workers_add(dev);
	if (IS_ERR(w))
		return PTR_ERR(w);
	state.worker_id = w->id;
	if (copy_to_user(argp, &state, sizeof(state))) {
		vhx_workers_remove(dev, w);
		return -EFAULT;
	}
	return 0;
}

static long vhx_workers_free(struct vhx_dev *dev, const void __user *argp)
{
	struct vhost_worker_state state;
	struct vhx_worker *w;

	if (copy_from_user(&state, argp, sizeof(state)))
		return -EFAULT;
	w = xa_load(&dev->workers, state.worker_id);
	if (!w)
		return -ENODEV;
	if (w->queues || READ_ONCE(w->killed))
		return -EBUSY;
	vhx_workers_remove(dev, w);
	return 0;
}

static long vhx_workers_set(struct vhx_vq *vq, const void __user *argp)
{
	struct vhost_vring_worker info;
	struct vhx_worker *w;

	if (copy_from_user(&info, argp, sizeof(info)))
		return -EFAULT;
	w = xa_load(&vq->dev->workers, info.worker_id);
	if (!w)
		return -ENODEV;
	/* One that was killed is no worker any more; in-tree says nothing either. */
	if (w == vhx_vq_worker(vq) || READ_ONCE(w->killed))
		return 0;
	return vhx_workers_attach(vq, w);
}

static long vhx_workers_get(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_worker info = {
		.index = vq->index,
		.worker_id = vhx_vq_worker(vq)->id,
	};

	return copy_to_user(argp, &info, sizeof(info)) ? -EFAULT : 0;
}

/**
 * vhx_workers_has_ioctl - is this an ioctl for vhx_workers_ioctl()
 * @cmd: the ioctl
 */
bool vhx_workers_has_ioctl(unsigned int cmd)
{
	return cmd == VHOST_NEW_WORKER || cmd == VHOST_FREE_WORKER ||
	       cmd == VHOST_ATTACH_VRING_WORKER ||
	       cmd == VHOST_GET_VRING_WORKER;
}

/**
 * vhx_workers_ioctl - the ioctls that make, give and free workers
 * @dev: device
 * @cmd: the ioctl
 * @argp: its argument
 *
 * Context: process; @dev->lock.
 * Return: 0; -EINVAL no owner yet; -EPERM not the owner; -ENODEV no such worker; -ENOBUFS no such
 * queue; -EBUSY the worker still serves a queue; -ENOMEM; -EFAULT, also for a new worker where
 * workers are kthreads.
 */
long vhx_workers_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	struct vhx_vq *vq;
	u32 index;
	int err;

	lockdep_assert_held(&dev->lock);
	if (!dev->mm)
		return -EINVAL;
	err = vhx_dev_check_owner(dev);
	if (err)
		return err;
	if (cmd == VHOST_NEW_WORKER)
		return vhx_workers_new(dev, argp);
	if (cmd == VHOST_FREE_WORKER)
		return vhx_workers_free(dev, argp);

	if (get_user(index, (u32 __user *)argp))
		return -EFAULT;
	if (index >= dev->nvqs)
		return -ENOBUFS;
	vq = dev->vq[array_index_nospec(index, dev->nvqs)];
	return cmd == VHOST_GET_VRING_WORKER ? vhx_workers_get(vq, argp) :
					       vhx_workers_set(vq, argp);
}
