// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx.ko: the core that owns virtqueues and guest memory, and knows no class of devices.
 *
 *	dev.c		a device: owner, guest memory, life
 *	vring.c		the ioctls that set a queue up
 *	vq.c		a queue: kick and handler; call.c, interrupts; wait.c waits for a file on its behalf
 *	worker.c	a thread
 *	workers.c	the threads of a device, and the ioctls for them
 *	ring.c		rings (PURE); split.c packed.c their formats, walk.c a chain
 *	memtbl.c	guest memory (PURE)
 *	access.h	the only way from the PURE files to guest memory
 *	xfer.c		copies by the guest's addresses (PURE); guest.c, a queue's
 *	iotlb.c		a vIOMMU's translations (PURE); access_iotlb.h, the rings' way through them
 *	access_phys.h	the rings' way to memory that is pinned and no process's
 *	msg.c		what a VMM says of them, and is asked
 *	log.c		who writes the migration log, and when; dirty.c its bits (PURE)
 *	session.c	an agent's session, on its fd; endpoint.c, what agents serve
 *	squeue.c	how an agent fetches requests; commit.c, how it answers
 *	aq.c		a virtqueue's requests; areq.c, one; tag.c, what it has of a session; abort.c
 *	message.c	what is no request, to an agent and from it
 *	stall.c		agents that stand still
 *	pool.c		pages that are shared with an agent
 *	nl.c		the netlink family; nlagent.c, agents by it
 *	trace.h		tracepoints
 *	main.c		this: /dev/vhx
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/uaccess.h>
#include <linux/vhx.h>

#include "ctl.h"
#include "nl.h"
#include "session.h"

static LIST_HEAD(vhx_ctls);
/* vhx_ctls; held for reading over a class's ioctl, which so outlives its module. */
static DECLARE_RWSEM(vhx_ctl_sem);

/**
 * vhx_ctl_register - add a class's ioctls to /dev/vhx
 * @ctl: they; stays until vhx_ctl_unregister()
 *
 * Context: process, sleeps.
 */
void vhx_ctl_register(struct vhx_ctl *ctl)
{
	down_write(&vhx_ctl_sem);
	list_add_tail(&ctl->node, &vhx_ctls);
	up_write(&vhx_ctl_sem);
}
EXPORT_SYMBOL_GPL(vhx_ctl_register);

/**
 * vhx_ctl_unregister - take them away
 * @ctl: they; none runs when this returns
 *
 * Context: process, sleeps.
 */
void vhx_ctl_unregister(struct vhx_ctl *ctl)
{
	down_write(&vhx_ctl_sem);
	list_del(&ctl->node);
	up_write(&vhx_ctl_sem);
}
EXPORT_SYMBOL_GPL(vhx_ctl_unregister);

/**
 * vhx_ctl_features - what VHX_GET_FEATURES answers
 *
 * Context: process, sleeps.
 * Return: VHX_F_*
 */
u64 vhx_ctl_features(void)
{
	struct vhx_ctl *ctl;
	u64 features = 0;

	down_read(&vhx_ctl_sem);
	list_for_each_entry(ctl, &vhx_ctls, node)
		features |= ctl->features;
	up_read(&vhx_ctl_sem);
	return features;
}
EXPORT_SYMBOL_GPL(vhx_ctl_features);

static long vhx_ctl_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	long err = -ENOIOCTLCMD;
	struct vhx_ctl *ctl;
	u64 features;

	if (cmd == VHX_GET_FEATURES) {
		features = vhx_ctl_features();
		return put_user(features, (u64 __user *)argp);
	}

	if (cmd == VHX_AGENT_OPEN)
		return vhx_session_open(argp);
	if (cmd == VHX_AGENT_DESTROY)
		return vhx_endpoint_destroy(argp);

	down_read(&vhx_ctl_sem);
	list_for_each_entry(ctl, &vhx_ctls, node) {
		err = ctl->ioctl(cmd, argp);
		if (err != -ENOIOCTLCMD)
			break;
	}
	up_read(&vhx_ctl_sem);
	return err;
}

static const struct file_operations vhx_ctl_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= vhx_ctl_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice vhx_ctl_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhx",
	.fops	= &vhx_ctl_fops,
	.mode	= 0660,
};

static int __init vhx_init(void)
{
	int err;

	err = vhx_nl_init();
	if (err)
		return err;
	err = vhx_session_init();
	if (err)
		goto err_nl;
	err = misc_register(&vhx_ctl_misc);
	if (err)
		goto err_session;
	vhx_nl_agent_init();
	return 0;

err_session:
	vhx_session_exit();
err_nl:
	vhx_nl_exit();
	return err;
}

static void __exit vhx_exit(void)
{
	vhx_nl_agent_exit();
	misc_deregister(&vhx_ctl_misc);
	vhx_session_exit();
	vhx_endpoints_exit();
	vhx_nl_exit();
}

module_init(vhx_init);
module_exit(vhx_exit);
MODULE_DESCRIPTION("vhx: a vhost that its operator can program (core)");
MODULE_AUTHOR("The vhx maintainers");
MODULE_LICENSE("GPL");
