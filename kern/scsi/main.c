// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx_scsi.ko: SCSI hosts of guests, whose commands an agent carries out.
 *
 *	main.c		this: /dev/vhx-scsi, one host an fd
 *	host.h		a host
 *	bind.c		it is bound to an endpoint, drained, and let go of
 *	features.c	what is offered
 *	cmd.c		request queues; chain.c what they and the others do with a chain
 *	ctl.c		the control queue, tmf.c the functions that come by it
 *	event.c		the event queue
 *	order.c		IN_ORDER: what is over before it is its turn
 *	req.c		the bytes of all of them (PURE)
 *	nl.c		hosts and their queues by netlink
 *	trace.h		tracepoints
 *
 * The ABI is that of <linux/vhost.h>, and errno are in-tree vhost_scsi's. What is bound to is no
 * target of the kernel's but an endpoint, see core/agent.h, whose name is the wwpn.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>
#include <linux/vhx.h>

#include "core/ctl.h"
#include "host.h"

#define ABI_VERSION	1
#define IO_VQS_MAX	1024

static unsigned int max_io_vqs = 128;

static int vhx_scsi_set_max_io_vqs(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, IO_VQS_MAX);
}

static const struct kernel_param_ops vhx_scsi_max_io_vqs_ops = {
	.set = vhx_scsi_set_max_io_vqs,
	.get = param_get_uint,
};

module_param_cb(max_io_vqs, &vhx_scsi_max_io_vqs_ops, &max_io_vqs, 0644);
MODULE_PARM_DESC(max_io_vqs, "Request queues of a host, for fds opened from now on (default 128)");

static bool drop_in;
module_param(drop_in, bool, 0444);
MODULE_PARM_DESC(drop_in,
		 "Be /dev/vhost-scsi too, which the kernel's vhost_scsi must not hold (default N)");

/* Who waits for this queue, waits no more. */
static void vhx_scsi_broken(struct vhx_vq *vq)
{
	struct vhx_scsi_host *h = vhx_scsi_host_of(vq);

	if (vq != h->vqs[VHX_SCSI_VQ_EVENT])
		vhx_aq_broken(&container_of(vq, struct vhx_scsi_queue, vq)->aq);
	wake_up(&h->drained);
	vhx_vq_queue(h->vqs[VHX_SCSI_VQ_CTL]);
}

static const struct vhx_class vhx_scsi_class = {
	.name			= "scsi",
	.scratch_size		= sizeof(struct vhx_scsi_scratch),
	.features		= vhx_scsi_features,
	.backend_features	= BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2),
	.broken			= vhx_scsi_broken,
	.set_features		= vhx_scsi_set_features,
};

static void vhx_scsi_init_queue(struct vhx_scsi_host *h, u32 i)
{
	void (*handle)(struct vhx_vq *vq) = vhx_scsi_cmd_handle;

	if (i == VHX_SCSI_VQ_CTL)
		handle = vhx_scsi_ctl_handle;
	if (i == VHX_SCSI_VQ_EVENT)
		handle = vhx_scsi_event_handle;
	h->vqs[i] = &h->queue[i].vq;
	vhx_vq_init(h->vqs[i], &h->dev, i, handle);
	INIT_LIST_HEAD(&h->queue[i].answers);
}

static int vhx_scsi_open(struct inode *inode, struct file *file)
{
	const u32 nvqs = VHX_SCSI_VQ_REQ + READ_ONCE(max_io_vqs);
	struct vhx_scsi_host *h;
	u32 i;

	h = kvzalloc(struct_size(h, queue, nvqs), GFP_KERNEL_ACCOUNT);
	if (!h)
		return -ENOMEM;
	h->vqs = kvcalloc(nvqs, sizeof(*h->vqs), GFP_KERNEL_ACCOUNT);
	if (!h->vqs) {
		kvfree(h);
		return -ENOMEM;
	}
	h->nvqs = nvqs;
	init_waitqueue_head(&h->drained);
	spin_lock_init(&h->tmf_lock);
	INIT_LIST_HEAD(&h->tmfs);
	spin_lock_init(&h->event_lock);
	INIT_LIST_HEAD(&h->show.node);
	vhx_dev_init(&h->dev, &vhx_scsi_class, h->vqs, nvqs);
	for (i = 0; i < nvqs; i++)
		vhx_scsi_init_queue(h, i);
	/*
	 * QEMU reads what is missing until there is nothing more, and leaves the fd as it was
	 * opened: a read that waits would stop its whole VM. Who means to wait clears it, by
	 * fcntl(2).
	 */
	file->f_flags |= O_NONBLOCK;
	file->private_data = h;
	return 0;
}

/* ---- ioctls ---- */

static int vhx_scsi_read_target(struct vhost_scsi_target *t, const void __user *argp)
{
	if (copy_from_user(t, argp, sizeof(*t)))
		return -EFAULT;
	return t->reserved ? -EOPNOTSUPP : 0;
}

/* A name that no endpoint can have is one that none has. */
static bool vhx_scsi_is_name(const struct vhost_scsi_target *t)
{
	return strnlen(t->vhost_wwpn, sizeof(t->vhost_wwpn)) < VHX_ENDPOINT_NAME_LEN;
}

static long vhx_scsi_set_endpoint(struct vhx_scsi_host *h, const void __user *argp)
{
	struct vhost_scsi_target t;
	long err;

	err = vhx_scsi_read_target(&t, argp);
	if (err)
		return err;

	mutex_lock(&h->dev.lock);
	if (!vhx_scsi_access_ok(h))
		err = -EFAULT;
	else if (h->ep)
		err = -EEXIST;
	else if (!vhx_scsi_is_name(&t))
		err = -ENODEV;
	/* Stricter than in-tree: the rings are looked at where the caller is. */
	else
		err = vhx_dev_check_owner(&h->dev) ?: vhx_scsi_bind(h, t.vhost_wwpn);
	mutex_unlock(&h->dev.lock);
	return err;
}

static long vhx_scsi_clear_endpoint(struct vhx_scsi_host *h, const void __user *argp)
{
	struct vhost_scsi_target t;
	long err;

	err = vhx_scsi_read_target(&t, argp);
	if (err)
		return err;

	mutex_lock(&h->dev.lock);
	if (!vhx_scsi_access_ok(h)) {
		err = -EFAULT;
	} else if (!h->ep) {
		err = 0;
	} else if (!vhx_scsi_is_name(&t) || strcmp(t.vhost_wwpn, h->ep->name)) {
		err = -EINVAL;
	} else {
		/* Who was killed has no use for answers. */
		err = vhx_scsi_drain(h);
		vhx_scsi_unbind(h);
	}
	mutex_unlock(&h->dev.lock);
	return err;
}

/* Its VMM does not come back. Context: the device's lock, or the last reference. */
static void vhx_scsi_leave(struct vhx_scsi_host *h)
{
	vhx_nexus_let_go(h->nexus);
	h->nexus = 0;
}

static long vhx_scsi_reset_owner(struct vhx_scsi_host *h)
{
	long err;

	mutex_lock(&h->dev.lock);
	err = vhx_dev_check_owner(&h->dev);
	if (!err) {
		if (h->ep)
			vhx_scsi_unbind(h);
		vhx_scsi_leave(h);
		err = vhx_dev_reset_owner(&h->dev);
	}
	mutex_unlock(&h->dev.lock);
	return err;
}

static long vhx_scsi_set_missed(struct vhx_scsi_host *h, const u32 __user *argp)
{
	u32 missed;

	if (get_user(missed, argp))
		return -EFAULT;
	vhx_scsi_event_set_missed(h, missed);
	return 0;
}

static long vhx_scsi_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vhx_scsi_host *h = file->private_data;
	void __user *argp = (void __user *)arg;
	long err;

	err = vhx_features_ioctl(&h->dev, cmd, argp);
	if (err != -ENOIOCTLCMD)
		return err;

	switch (cmd) {
	case VHOST_SCSI_SET_ENDPOINT:
		return vhx_scsi_set_endpoint(h, argp);
	case VHOST_SCSI_CLEAR_ENDPOINT:
		return vhx_scsi_clear_endpoint(h, argp);
	case VHOST_SCSI_GET_ABI_VERSION:
		return put_user(ABI_VERSION, (int __user *)argp);
	case VHOST_SCSI_SET_EVENTS_MISSED:
		return vhx_scsi_set_missed(h, argp);
	case VHOST_SCSI_GET_EVENTS_MISSED:
		return put_user(vhx_scsi_event_missed(h), (u32 __user *)argp);
	case VHOST_RESET_OWNER:
		return vhx_scsi_reset_owner(h);
	case VHX_GET_FEATURES:
		return put_user(vhx_ctl_features(), (u64 __user *)argp);
	default:
		mutex_lock(&h->dev.lock);
		err = vhx_dev_ioctl(&h->dev, cmd, argp);
		mutex_unlock(&h->dev.lock);
		return err;
	}
}

/* May be the last close in a process that is not the owner, and waits for no agent. */
static int vhx_scsi_release(struct inode *inode, struct file *file)
{
	struct vhx_scsi_host *h = file->private_data;

	vhx_scsi_nl_forget(h);
	if (h->ep)
		vhx_scsi_unbind(h);
	vhx_scsi_leave(h);
	vhx_dev_release(&h->dev);
	kvfree(h->vqs);
	kvfree(h);
	return 0;
}

static ssize_t vhx_scsi_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct vhx_scsi_host *h = iocb->ki_filp->private_data;

	return vhx_msg_read(&h->dev, iocb, to);
}

static ssize_t vhx_scsi_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct vhx_scsi_host *h = iocb->ki_filp->private_data;

	return vhx_msg_write(&h->dev, from);
}

static __poll_t vhx_scsi_poll(struct file *file, poll_table *pt)
{
	struct vhx_scsi_host *h = file->private_data;

	return vhx_msg_poll(&h->dev, file, pt);
}

static const struct file_operations vhx_scsi_fops = {
	.owner		= THIS_MODULE,
	.open		= vhx_scsi_open,
	.release	= vhx_scsi_release,
	.read_iter	= vhx_scsi_read,
	.write_iter	= vhx_scsi_write,
	.poll		= vhx_scsi_poll,
	.unlocked_ioctl	= vhx_scsi_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* ---- the module ---- */

static struct miscdevice vhx_scsi_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhx-scsi",
	.fops	= &vhx_scsi_fops,
	.mode	= 0660,
};

/* With drop_in: for who opens in-tree's node by its name, as libvirt does. */
static struct miscdevice vhx_scsi_drop_in_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhost-scsi",
	.fops	= &vhx_scsi_fops,
	.mode	= 0660,
};

/* In-tree's minor is as dynamic as ours: of a name that is taken misc_register() leaves a trace. */
static bool __init vhx_scsi_is_taken(void)
{
	struct path path;

	if (kern_path("/dev/vhost-scsi", LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

static int __init vhx_scsi_init(void)
{
	int err;

	if (drop_in && vhx_scsi_is_taken()) {
		pr_err("vhx_scsi: drop_in=1, but another module holds /dev/vhost-scsi: rmmod vhost_scsi first, or load without drop_in\n");
		return -EBUSY;
	}
	vhx_scsi_nl_init();
	err = misc_register(&vhx_scsi_misc);
	if (err)
		goto err_nl;
	if (!drop_in)
		return 0;
	err = misc_register(&vhx_scsi_drop_in_misc);
	if (err)
		goto err_misc;
	return 0;

err_misc:
	misc_deregister(&vhx_scsi_misc);
err_nl:
	vhx_scsi_nl_exit();
	return err;
}

static void __exit vhx_scsi_exit(void)
{
	if (drop_in)
		misc_deregister(&vhx_scsi_drop_in_misc);
	misc_deregister(&vhx_scsi_misc);
	vhx_scsi_nl_exit();
}

module_init(vhx_scsi_init);
module_exit(vhx_scsi_exit);
MODULE_DESCRIPTION("vhx: a vhost that its operator can program (SCSI hosts)");
MODULE_AUTHOR("The vhx maintainers");
MODULE_LICENSE("GPL");
