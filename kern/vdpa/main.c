// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx_vdpa.ko: devices of the vDPA bus for VMMs.
 *
 *	main.c		this: the bus's driver, and /dev/vhx-vdpa-N, one a device
 *	life.c		a VMM comes, owns the device, and goes; or the device does
 *	ioctl.c		the ioctls; by noun in
 *	  status.c	the device's status; reset, suspend, resume
 *	  config.c	its configuration
 *	  features.c	its features
 *	  group.c	groups of queues and their address spaces
 *	  vring.c	queues
 *	kick.c		the guest notifies a queue; doorbell.c, without us
 *	call.c		the guest is interrupted; irq.c, without us
 *	msg.c		messages of what is to be mapped
 *	map.c		map and unmap; pin.c pages that are pinned, borrow.c memory of files
 *	space.c		an address space, and how the parent learns what is in it
 *	nl.c		what can be seen, with trace.h
 *
 * The ABI is that of <linux/vhost.h> for vDPA, and errno are in-tree vhost_vdpa's. The bus offers a
 * new device to each driver that takes any, so this one takes none but those that were meant for it:
 * by driver_override.
 */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "space.h"
#include "vdpa.h"

#define VHX_VDPA_MINORS	(1U << MINORBITS)

static dev_t vhx_vdpa_first;
static DEFINE_IDA(vhx_vdpa_minors);

LIST_HEAD(vhx_vdpas);
DEFINE_MUTEX(vhx_vdpas_lock);

/* ---- the fd ---- */

static int vhx_vdpa_open(struct inode *inode, struct file *file)
{
	struct vhx_vdpa *v = container_of(inode->i_cdev, struct vhx_vdpa, cdev);
	int err;

	/* Who maps has it open, and may take long to say that nobody else may. */
	if (READ_ONCE(v->opened))
		return -EBUSY;
	if (mutex_lock_killable(&v->map_lock))
		return -EINTR;
	err = v->gone ? -ENODEV : v->opened ? -EBUSY : vhx_vdpa_start(v);
	if (!err) {
		WRITE_ONCE(v->opened, true);
		v->mapping = file->f_mapping;
		file->private_data = v;
	}
	mutex_unlock(&v->map_lock);
	return err;
}

/* May be the last close in a process that is not the owner. */
static int vhx_vdpa_release(struct inode *inode, struct file *file)
{
	struct vhx_vdpa *v = file->private_data;

	mutex_lock(&v->map_lock);
	if (!v->gone)
		vhx_vdpa_stop(v);
	v->mapping = NULL;
	WRITE_ONCE(v->opened, false);
	mutex_unlock(&v->map_lock);
	return 0;
}

static long vhx_vdpa_unlocked_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vhx_vdpa *v = file->private_data;
	long ret;

	if (mutex_lock_killable(&v->lock))
		return -EINTR;
	ret = vhx_vdpa_ioctl(v, cmd, (void __user *)arg);
	mutex_unlock(&v->lock);
	return ret;
}

static ssize_t vhx_vdpa_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return vhx_vdpa_write(iocb->ki_filp->private_data, from);
}

static int vhx_vdpa_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vhx_doorbell_mmap(file->private_data, vma);
}

static const struct file_operations vhx_vdpa_fops = {
	.owner		= THIS_MODULE,
	.open		= vhx_vdpa_open,
	.release	= vhx_vdpa_release,
	.write_iter	= vhx_vdpa_write_iter,
	.mmap		= vhx_vdpa_mmap,
	.unlocked_ioctl	= vhx_vdpa_unlocked_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* ---- the bus ---- */

/* The last of its fds is closed, and it is off the bus. */
static void vhx_vdpa_free(struct device *dev)
{
	struct vhx_vdpa *v = container_of(dev, struct vhx_vdpa, dev);

	ida_free(&vhx_vdpa_minors, MINOR(dev->devt));
	kfree(v->group_asid);
	kvfree(v->vq);
	kfree(v);
}

static void vhx_vdpa_init_vqs(struct vhx_vdpa *v)
{
	struct vdpa_device *vdpa = v->vdpa;
	struct vhx_vdpa_vq *vq;
	u32 i;

	for (i = 0; i < v->nvqs; i++) {
		vq = &v->vq[i];
		vq->v = v;
		vq->index = i;
		vq->group = vdpa->config->get_vq_group ? vdpa->config->get_vq_group(vdpa, i) : 0;
		vhx_vkick_init(&vq->kick);
		vhx_vcall_init(&vq->call);
	}
}

static void vhx_vdpa_init_device(struct vhx_vdpa *v)
{
	struct vdpa_device *vdpa = v->vdpa;

	strscpy(v->name, dev_name(&vdpa->dev), sizeof(v->name));
	mutex_init(&v->lock);
	mutex_init(&v->map_lock);
	mutex_init(&v->doors_lock);
	v->device_id = vdpa->config->get_device_id(vdpa);
	v->offered = vdpa->config->get_device_features(vdpa);
	v->maps.by = vdpa->config->dma_map ? VHX_VDPA_BY_STEP :
		     vdpa->config->set_map ? VHX_VDPA_BY_SET : VHX_VDPA_BY_IOMMU;
	vhx_vcall_init(&v->config_call);
	vhx_vdpa_init_vqs(v);
}

/* Return: a device without a node yet, to be put by put_device(); or ERR_PTR. */
static struct vhx_vdpa *vhx_vdpa_alloc(struct vdpa_device *vdpa)
{
	struct vhx_vdpa *v = kzalloc(sizeof(*v), GFP_KERNEL);
	int minor;

	if (!v)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&vhx_vdpa_minors, VHX_VDPA_MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(v);
		return ERR_PTR(minor);
	}
	INIT_LIST_HEAD(&v->node);
	v->vdpa = vdpa;
	v->nvqs = vdpa->nvqs;
	device_initialize(&v->dev);
	v->dev.devt = MKDEV(MAJOR(vhx_vdpa_first), minor);
	v->dev.parent = &vdpa->dev;
	v->dev.release = vhx_vdpa_free;
	v->vq = kvcalloc(v->nvqs, sizeof(*v->vq), GFP_KERNEL);
	v->group_asid = kcalloc(max(vdpa->ngroups, 1U), sizeof(*v->group_asid), GFP_KERNEL);
	if (!v->vq || !v->group_asid || dev_set_name(&v->dev, "vhx-vdpa-%d", minor)) {
		put_device(&v->dev);
		return ERR_PTR(-ENOMEM);
	}
	vhx_vdpa_init_device(v);
	return v;
}

static struct vdpa_driver vhx_vdpa_driver;

/* One IOMMU domain is one address space. */
static bool vhx_vdpa_can(const struct vdpa_device *vdpa)
{
	return vdpa->config->set_map || vdpa->config->dma_map ||
	       (vdpa->ngroups <= 1 && vdpa->nas <= 1);
}

static int vhx_vdpa_probe(struct vdpa_device *vdpa)
{
	struct vhx_vdpa *v;
	int err;

	if (device_match_driver_override(&vdpa->dev, &vhx_vdpa_driver.driver) <= 0)
		return -ENODEV;
	if (!vhx_vdpa_can(vdpa))
		return -EOPNOTSUPP;
	v = vhx_vdpa_alloc(vdpa);
	if (IS_ERR(v))
		return PTR_ERR(v);
	/* Who had it before may have left his behind, as virtio_vdpa does. */
	mutex_lock(&v->lock);
	vhx_vdpa_drop_calls(v);
	mutex_unlock(&v->lock);
	cdev_init(&v->cdev, &vhx_vdpa_fops);
	v->cdev.owner = THIS_MODULE;
	err = cdev_device_add(&v->cdev, &v->dev);
	if (err) {
		put_device(&v->dev);
		return err;
	}
	vdpa_set_drvdata(vdpa, v);
	mutex_lock(&vhx_vdpas_lock);
	list_add_tail(&v->node, &vhx_vdpas);
	mutex_unlock(&vhx_vdpas_lock);
	return 0;
}

static void vhx_vdpa_remove(struct vdpa_device *vdpa)
{
	struct vhx_vdpa *v = vdpa_get_drvdata(vdpa);

	cdev_device_del(&v->cdev, &v->dev);
	mutex_lock(&vhx_vdpas_lock);
	list_del_init(&v->node);
	mutex_unlock(&vhx_vdpas_lock);
	vhx_vdpa_revoke(v);
	put_device(&v->dev);
}

static struct vdpa_driver vhx_vdpa_driver = {
	.driver	= { .name = "vhx_vdpa" },
	.probe	= vhx_vdpa_probe,
	.remove	= vhx_vdpa_remove,
};

/* ---- the module ---- */

static int __init vhx_vdpa_init(void)
{
	int err;

	/* DPDK knows a vhost-vdpa node by what its region's name begins with. */
	err = alloc_chrdev_region(&vhx_vdpa_first, 0, VHX_VDPA_MINORS, "vhost-vdpa-vhx");
	if (err)
		return err;
	err = vdpa_register_driver(&vhx_vdpa_driver);
	if (err) {
		unregister_chrdev_region(vhx_vdpa_first, VHX_VDPA_MINORS);
		return err;
	}
	vhx_vdpa_nl_init();
	return 0;
}

static void __exit vhx_vdpa_exit(void)
{
	vhx_vdpa_nl_exit();
	vdpa_unregister_driver(&vhx_vdpa_driver);
	unregister_chrdev_region(vhx_vdpa_first, VHX_VDPA_MINORS);
	/* Eventfds that are let go of: the code that does so is ours. */
	rcu_barrier();
}

module_init(vhx_vdpa_init);
module_exit(vhx_vdpa_exit);
MODULE_DESCRIPTION("vhx: a vhost that its operator can program (vDPA)");
MODULE_AUTHOR("The vhx maintainers");
MODULE_LICENSE("GPL");
