// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices, see dev.h: owner, guest memory, life. errno are in-tree vhost's (drivers/vhost),
 * since VMMs rely on them; where vhx is stricter, the line says so.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "dev.h"
#include "log.h"
#include "vq.h"
#include "worker.h"

static unsigned short max_mem_regions = 509;
module_param(max_mem_regions, ushort, 0444);
MODULE_PARM_DESC(max_mem_regions,
		 "Largest number of regions SET_MEM_TABLE takes (default 509)");

static bool fork_from_owner_default = VHOST_FORK_OWNER_TASK;
module_param(fork_from_owner_default, bool, 0444);
MODULE_PARM_DESC(fork_from_owner_default,
		 "Workers are threads of their owner's, not kthreads, unless a VMM says otherwise (default Y)");

static LIST_HEAD(vhx_devs);
DEFINE_MUTEX(vhx_devs_mutex);	/* vhx_devs; innermost but for what fn takes */

/**
 * vhx_dev_for_each - call a function for every device that works: it has an owner, or its own workers
 * @fn: the function; a return other than 0 ends the walk
 * @arg: handed to it
 *
 * Context: process, sleeps. @fn must not take a vhx_dev.lock.
 * Return: what @fn returned last.
 */
int vhx_dev_for_each(int (*fn)(struct vhx_dev *dev, void *arg), void *arg)
{
	struct vhx_dev *dev;
	int err = 0;

	mutex_lock(&vhx_devs_mutex);
	list_for_each_entry(dev, &vhx_devs, node) {
		err = fn(dev, arg);
		if (err)
			break;
	}
	mutex_unlock(&vhx_devs_mutex);
	return err;
}

/**
 * vhx_dev_init - make a device
 * @dev: zeroed
 * @class: its class
 * @vq: its queues, made by vhx_vq_init(); the array stays
 * @nvqs: how many
 *
 * Context: process.
 */
void vhx_dev_init(struct vhx_dev *dev, const struct vhx_class *class,
		  struct vhx_vq **vq, u32 nvqs)
{
	mutex_init(&dev->lock);
	vhx_msgs_init(&dev->msgs);
	INIT_LIST_HEAD(&dev->node);
	dev->class = class;
	dev->vq = vq;
	dev->nvqs = nvqs;
	dev->fork_owner = fork_from_owner_default;
	vhx_workers_init(dev);
}
EXPORT_SYMBOL_GPL(vhx_dev_init);

/**
 * vhx_dev_check_owner - is the caller in the device's owner
 * @dev: device
 *
 * Context: process; @dev->lock.
 * Return: 0 or -EPERM, as in-tree vhost_dev_check_owner().
 */
int vhx_dev_check_owner(const struct vhx_dev *dev)
{
	return dev->mm == current->mm ? 0 : -EPERM;
}
EXPORT_SYMBOL_GPL(vhx_dev_check_owner);

/**
 * vhx_dev_flush - wait until all queued work has run
 * @dev: device
 *
 * Context: process, sleeps; @dev->lock or the last reference, no queue's lock.
 */
void vhx_dev_flush(struct vhx_dev *dev)
{
	vhx_workers_flush(dev);
}
EXPORT_SYMBOL_GPL(vhx_dev_flush);

/* From now on vhx_dev_for_each() finds it. */
static void vhx_dev_list(struct vhx_dev *dev)
{
	mutex_lock(&vhx_devs_mutex);
	list_add_tail(&dev->node, &vhx_devs);
	mutex_unlock(&vhx_devs_mutex);
}

static long vhx_dev_set_owner(struct vhx_dev *dev)
{
	int err;

	if (dev->mm)
		return -EBUSY;

	dev->mm = get_task_mm(current);
	if (!dev->mm)
		return -EPERM;

	err = vhx_workers_start(dev);
	if (err) {
		mmput(dev->mm);
		dev->mm = NULL;
		return err;
	}

	dev->owner = get_task_pid(current, PIDTYPE_TGID);
	get_task_comm(dev->comm, current->group_leader);
	vhx_dev_list(dev);
	return 0;
}

/**
 * vhx_dev_own - have a device that belongs to no process work
 * @dev: device, made and never owned
 * @name: whose it is, for people
 * @per: queues to a worker, see vhx_workers_start_each()
 *
 * Its queues' memory is set by vhx_vq_set_phys(), who hears of them by vhx_vq_set_irq(). Undone by
 * vhx_dev_release(), also after an error.
 *
 * Context: process, sleeps; @dev->lock.
 * Return: 0 or -ENOMEM.
 */
int vhx_dev_own(struct vhx_dev *dev, const char *name, u32 per)
{
	int err;

	lockdep_assert_held(&dev->lock);
	dev->fork_owner = false;
	strscpy(dev->comm, name, sizeof(dev->comm));
	err = vhx_workers_start_each(dev, per);
	if (!err)
		vhx_dev_list(dev);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_dev_own);

/* Swap the table and free the old one as soon as no queue looks at it. */
static void vhx_dev_swap_mem(struct vhx_dev *dev, struct vhx_memtbl *new)
{
	struct vhx_memtbl *old = dev->mem;
	u32 i;

	/* Pairs with the load in vhx_dev_mem(): who sees the table sees what is in it. */
	smp_store_release(&dev->mem, new);
	/*
	 * A handler looks at the table it found at its begin, under its queue's lock: with each lock
	 * taken once, nobody has the old one. SRCU would do as well, at 450 bytes a device and CPU.
	 */
	for (i = 0; i < dev->nvqs; i++) {
		mutex_lock(&dev->vq[i]->lock);
		mutex_unlock(&dev->vq[i]->lock);
	}
	kvfree(old);
}

static int vhx_dev_copy_regions(struct vhx_memtbl *mt, u32 n,
				const struct vhost_memory_region __user *from)
{
	struct vhost_memory_region r;
	u32 i;

	for (i = 0; i < n; i++) {
		if (copy_from_user(&r, from + i, sizeof(r)))
			return -EFAULT;
		if (!access_ok(u64_to_user_ptr(r.userspace_addr), r.memory_size))
			return -EFAULT;
		if (vhx_memtbl_add(mt, r.guest_phys_addr, r.memory_size,
				   r.userspace_addr))
			return -EFAULT;
	}
	/* Stricter than in-tree: of two regions that overlap, neither is right. */
	return vhx_memtbl_seal(mt) ? -EFAULT : 0;
}

/* The rings of a running queue stay reachable, and all memory in its log, or the table is refused. */
static bool vhx_dev_table_ok(struct vhx_dev *dev, const struct vhx_memtbl *mt)
{
	bool ok = true;
	u32 i;

	for (i = 0; ok && i < dev->nvqs; i++) {
		mutex_lock(&dev->vq[i]->lock);
		if (dev->vq[i]->backend)
			ok = vhx_vq_access_ok(dev->vq[i], mt);
		mutex_unlock(&dev->vq[i]->lock);
	}
	return ok;
}

static long vhx_dev_set_mem_table(struct vhx_dev *dev,
				  const struct vhost_memory __user *from)
{
	struct vhost_memory head;
	struct vhx_memtbl *mt;
	int err;

	if (copy_from_user(&head, from, sizeof(head)))
		return -EFAULT;
	if (head.padding)
		return -EOPNOTSUPP;
	if (head.nregions > max_mem_regions)
		return -E2BIG;

	mt = kvzalloc(struct_size(mt, region, head.nregions),
		      GFP_KERNEL_ACCOUNT);
	if (!mt)
		return -ENOMEM;

	err = vhx_dev_copy_regions(mt, head.nregions, from->regions);
	if (!err && !vhx_dev_table_ok(dev, mt))
		err = -EFAULT;
	if (err) {
		kvfree(mt);
		return err;
	}
	vhx_dev_swap_mem(dev, mt);
	return 0;
}

/* Whose child the next owner's workers are. Anybody who has the fd may say so, as in-tree. */
static long vhx_dev_set_fork_owner(struct vhx_dev *dev, const u8 __user *argp)
{
	u8 fork_owner;

	if (dev->mm)
		return -EBUSY;
	if (get_user(fork_owner, argp))
		return -EFAULT;
	if (fork_owner != VHOST_FORK_OWNER_TASK &&
	    fork_owner != VHOST_FORK_OWNER_KTHREAD)
		return -EINVAL;
	dev->fork_owner = fork_owner == VHOST_FORK_OWNER_TASK;
	return 0;
}

static long vhx_dev_get_fork_owner(const struct vhx_dev *dev, u8 __user *argp)
{
	return put_user(dev->fork_owner ? VHOST_FORK_OWNER_TASK :
					  VHOST_FORK_OWNER_KTHREAD, argp);
}

/**
 * vhx_dev_ioctl - the ioctls of <linux/vhost.h> that every class has
 * @dev: device
 * @cmd: the ioctl
 * @argp: its argument
 *
 * The order of the checks is in-tree's, and part of the errno: owner before command, command
 * before argument, and what no device command is taken for a vring command.
 *
 * Context: process; @dev->lock.
 * Return: 0, -ENOIOCTLCMD for a command that is unknown, or the command's errno.
 */
long vhx_dev_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	int err;

	lockdep_assert_held(&dev->lock);
	if (cmd == VHOST_SET_OWNER)
		return vhx_dev_set_owner(dev);
	if (cmd == VHOST_SET_FORK_FROM_OWNER)
		return vhx_dev_set_fork_owner(dev, argp);
	if (cmd == VHOST_GET_FORK_FROM_OWNER)
		return vhx_dev_get_fork_owner(dev, argp);
	if (vhx_workers_has_ioctl(cmd))
		return vhx_workers_ioctl(dev, cmd, argp);

	err = vhx_dev_check_owner(dev);
	if (err)
		return err;

	switch (cmd) {
	case VHOST_SET_MEM_TABLE:
		return vhx_dev_set_mem_table(dev, argp);
	case VHOST_SET_LOG_BASE:
		return vhx_log_set_base(dev, argp);
	case VHOST_SET_LOG_FD:
		return vhx_log_set_fd(dev, argp);
	default:
		return vhx_vring_ioctl(dev, cmd, argp);
	}
}
EXPORT_SYMBOL_GPL(vhx_dev_ioctl);

/* Undo SET_OWNER, if there was one. Every queue is stopped. */
static void vhx_dev_disown(struct vhx_dev *dev)
{
	u32 i;

	mutex_lock(&vhx_devs_mutex);
	list_del_init(&dev->node);
	mutex_unlock(&vhx_devs_mutex);

	for (i = 0; i < dev->nvqs; i++)
		vhx_vq_release(dev->vq[i]);
	vhx_log_release(dev);
	vhx_workers_stop(dev);
	put_pid(dev->owner);
	dev->owner = NULL;
	if (dev->mm)
		mmput(dev->mm);
	dev->mm = NULL;
}

/**
 * vhx_dev_reset_owner - make a device as it was when it was opened
 * @dev: device, its queues stopped
 *
 * Context: process, the owner's; sleeps; @dev->lock.
 * Return: 0.
 */
int vhx_dev_reset_owner(struct vhx_dev *dev)
{
	u32 i;

	vhx_dev_disown(dev);
	vhx_dev_swap_mem(dev, NULL);
	vhx_msgs_disable(dev);
	WRITE_ONCE(dev->msgs.backend_features, 0);
	for (i = 0; i < dev->nvqs; i++)
		vhx_vq_reset(dev->vq[i]);
	dev->fork_owner = fork_from_owner_default;
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_dev_reset_owner);

/**
 * vhx_dev_release - let go of everything a device holds
 * @dev: device; the fd is closed, every queue is stopped
 *
 * Context: process, any; sleeps.
 */
void vhx_dev_release(struct vhx_dev *dev)
{
	vhx_dev_disown(dev);
	kvfree(dev->mem);
	kvfree(dev->msgs.iotlb);
}
EXPORT_SYMBOL_GPL(vhx_dev_release);
