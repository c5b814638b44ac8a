// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx_net.ko: guest NICs.
 *
 *	main.c		this: /dev/vhx-net, one queue pair an fd
 *	pair.h		a queue pair; seat.h, its place in its NIC
 *	features.c	what is offered, and what the VMM acknowledged
 *	nic.c		a NIC: the queue pairs of one guest on one netdev, which is its port.h;
 *			netdev.c, what that does to it
 *	backend.c	taps, macvtaps and packet sockets
 *	tun_xdp.h	how tun wants a batch laid out
 *	tx.c		from the guest; judge.c meets the policy, stage.h where judged bytes wait
 *	rx.c		to the guest: sort.c whose packets, room.c where to
 *	poll.c		polls before it sleeps
 *	mailbox.c	from one queue's worker to another's
 *	hdr.c		virtio-net header and flow (PURE)
 *	steer.c		a packet meets a policy; shim.c the same at the tap
 *	policy.c	policies come, change and leave; exits.c why they left
 *	binding.c	which policy a NIC has
 *	structops.c	struct vhx_steer_ops as BPF knows it; kfuncs.c what policies call
 *	testrun.c	a policy judges given bytes
 *	nl.c nlpolicy.c	what can be seen, with trace.h; nlset.c what can be set
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/page_frag_cache.h>
#include <linux/slab.h>
#include <linux/vhost.h>
#include <linux/vhx.h>

#include "core/args.h"
#include "core/ctl.h"
#include "nic.h"
#include "nl.h"
#include "pair.h"
#include "policy.h"
#include "stage.h"
#include "structops.h"
#include "testrun.h"

static bool drop_in;
module_param(drop_in, bool, 0444);
MODULE_PARM_DESC(drop_in,
		 "Be /dev/vhost-net too, which the kernel's vhost_net must not hold (default N)");

static void vhx_net_broken(struct vhx_vq *vq)
{
	vhx_nl_queue_broken(&vhx_pair_of(vq)->seat);
}

static struct vhx_class vhx_net_class = {
	.name			= "net",
	.features		= vhx_net_features,
	.backend_features	= BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2),
	.broken			= vhx_net_broken,
	.set_features		= vhx_net_set_features,
};

static int vhx_net_open(struct inode *inode, struct file *file)
{
	struct vhx_pair *p;

	p = kvzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return -ENOMEM;

	p->seat.vq[VHX_NET_RX] = &p->vq[VHX_NET_RX];
	p->seat.vq[VHX_NET_TX] = &p->vq[VHX_NET_TX];
	p->seat.mailbox = &p->mailbox;
	vhx_dev_init(&p->dev, &vhx_net_class, p->seat.vq, VHX_NET_VQS);
	vhx_vq_init(p->seat.vq[VHX_NET_RX], &p->dev, VHX_NET_RX, vhx_rx_handle);
	p->vq[VHX_NET_TX].out_only = true;
	vhx_vq_init(p->seat.vq[VHX_NET_TX], &p->dev, VHX_NET_TX, vhx_tx_handle);
	vhx_poll_init(&p->poll[VHX_NET_RX], p->seat.vq[VHX_NET_RX], EPOLLIN, false);
	vhx_poll_init(&p->poll[VHX_NET_TX], p->seat.vq[VHX_NET_TX], EPOLLOUT,
		      false);
	p->guest_hdr = VHX_HDR_LEN;
	p->sock_hdr = VHX_HDR_LEN;
	page_frag_cache_init(&p->frag);
	file->private_data = p;
	return 0;
}

/* Give the rx queue a backend, or none. Context: the rx queue's lock. */
static void vhx_net_set_ring(struct vhx_pair *p, const struct vhx_backend *b)
{
	vhx_rx_return(p);
	p->ring = b ? b->ring : NULL;
	p->confirmed = false;
	p->trust = 0;
}

/*
 * No other worker hands this queue packets when this returns. Without a policy on the host none
 * does anyway; a guest's reboot would pay for the grace period, queue pair by queue pair.
 */
static void vhx_net_unlive(struct vhx_pair *p)
{
	if (!p->seat.live)
		return;
	WRITE_ONCE(p->seat.live, false);
	if (static_key_enabled(&vhx_steer_key))
		synchronize_rcu_expedited();
}

/* Never fails: a VMM that stops a queue cannot do anything about it. */
static void vhx_net_stop(struct vhx_pair *p, u32 index)
{
	struct vhx_vq *vq = p->seat.vq[index];
	struct vhx_backend *old;

	if (index == VHX_NET_RX)
		vhx_net_unlive(p);
	mutex_lock(&vq->lock);
	old = vhx_vq_stop(vq);
	vhx_poll_stop(&p->poll[index]);
	if (index == VHX_NET_RX)
		vhx_net_set_ring(p, NULL);
	else
		vhx_stage_strike(p);
	mutex_unlock(&vq->lock);
	if (!old)
		return;
	vhx_dev_flush(&p->dev);
	vhx_backend_put(old);
	vhx_nic_changed(&p->seat);
}

/* Swap the backend of a queue, stopped or not. Return: 0, or negative: as before. */
static int vhx_net_swap(struct vhx_pair *p, u32 index, struct vhx_backend *b)
{
	struct vhx_vq *vq = p->seat.vq[index];
	struct vhx_backend *old;
	int err;

	mutex_lock(&vq->lock);
	old = vhx_vq_stop(vq);
	vhx_poll_stop(&p->poll[index]);
	if (index == VHX_NET_RX)
		vhx_net_set_ring(p, b);
	err = vhx_vq_start(vq, b);
	if (err) {
		if (index == VHX_NET_RX)
			vhx_net_set_ring(p, old);
		if (old && vhx_vq_start(vq, old))
			vq->backend = old;
	}
	mutex_unlock(&vq->lock);
	if (err)
		return err;

	if (old) {
		vhx_dev_flush(&p->dev);
		vhx_backend_put(old);
	}
	return 0;
}

static int vhx_net_start(struct vhx_pair *p, u32 index, int fd)
{
	struct vhx_vq *vq = p->seat.vq[index];
	struct vhx_backend *b, *now;
	bool ok;
	int err;

	mutex_lock(&vq->lock);
	ok = vhx_vq_access_ok(vq, vhx_dev_mem(&p->dev));
	now = vq->backend;
	mutex_unlock(&vq->lock);
	if (!ok)
		return -EFAULT;

	b = vhx_backend_get(fd);
	if (IS_ERR(b))
		return PTR_ERR(b);
	/* The same again: nothing to do, as in-tree. */
	if (now && now->file == b->file) {
		vhx_backend_put(b);
		return 0;
	}

	err = vhx_nic_join(&p->seat, 1, &b->port);
	if (!err)
		err = vhx_net_swap(p, index, b);
	if (err) {
		vhx_backend_put(b);
		return err;
	}
	if (index == VHX_NET_RX)
		WRITE_ONCE(p->seat.live, true);
	vhx_nic_changed(&p->seat);
	return 0;
}

static long vhx_net_set_backend(struct vhx_pair *p, void __user *argp)
{
	struct vhost_vring_file f;
	long err;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;

	mutex_lock(&p->dev.lock);
	err = vhx_dev_check_owner(&p->dev);
	if (!err && f.index >= VHX_NET_VQS)
		err = -ENOBUFS;
	if (!err) {
		f.index = array_index_nospec(f.index, VHX_NET_VQS);
		if (f.fd == -1)
			vhx_net_stop(p, f.index);
		else
			err = vhx_net_start(p, f.index, f.fd);
	}
	mutex_unlock(&p->dev.lock);
	return err;
}

static long vhx_net_reset_owner(struct vhx_pair *p)
{
	long err;

	mutex_lock(&p->dev.lock);
	err = vhx_dev_check_owner(&p->dev);
	if (!err) {
		vhx_net_stop(p, VHX_NET_TX);
		vhx_net_stop(p, VHX_NET_RX);
		vhx_nic_leave(&p->seat, 1);
		err = vhx_dev_reset_owner(&p->dev);
	}
	mutex_unlock(&p->dev.lock);
	return err;
}

static long vhx_net_bind(struct vhx_pair *p, const void __user *argp)
{
	struct vhx_bind bind = {};
	struct vhx_net_nic *nic;
	long err;

	err = vhx_args_read(&bind, sizeof(bind), sizeof(bind), argp);
	if (err)
		return err;
	if (bind.flags || bind.reserved)
		return -EINVAL;

	mutex_lock(&p->dev.lock);
	err = vhx_dev_check_owner(&p->dev);
	if (err)
		goto out;
	mutex_lock(&vhx_net_mutex);
	nic = rcu_dereference_protected(p->seat.nic,
					lockdep_is_held(&vhx_net_mutex));
	err = nic ? vhx_policy_bind(nic, bind.policy_id) : -ENODEV;
	mutex_unlock(&vhx_net_mutex);
out:
	mutex_unlock(&p->dev.lock);
	return err;
}

static long vhx_net_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct vhx_pair *p = file->private_data;
	void __user *argp = (void __user *)arg;
	long err;

	err = vhx_features_ioctl(&p->dev, cmd, argp);
	if (err != -ENOIOCTLCMD)
		return err;

	switch (cmd) {
	case VHOST_NET_SET_BACKEND:
		return vhx_net_set_backend(p, argp);
	case VHOST_RESET_OWNER:
		return vhx_net_reset_owner(p);
	case VHX_GET_FEATURES:
		return put_user(vhx_ctl_features(), (u64 __user *)argp);
	case VHX_NET_BIND:
		return vhx_net_bind(p, argp);
	default:
		mutex_lock(&p->dev.lock);
		err = vhx_dev_ioctl(&p->dev, cmd, argp);
		mutex_unlock(&p->dev.lock);
		return err;
	}
}

/* May be the last close in a process that is not the owner. */
static int vhx_net_release(struct inode *inode, struct file *file)
{
	struct vhx_pair *p = file->private_data;

	vhx_net_stop(p, VHX_NET_TX);
	vhx_net_stop(p, VHX_NET_RX);
	vhx_nic_leave(&p->seat, 1);
	vhx_dev_release(&p->dev);
	vhx_mailbox_free(&p->mailbox);
	page_frag_cache_drain(&p->frag);
	kvfree(p);
	return 0;
}

static ssize_t vhx_net_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct vhx_pair *p = iocb->ki_filp->private_data;

	return vhx_msg_read(&p->dev, iocb, to);
}

static ssize_t vhx_net_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct vhx_pair *p = iocb->ki_filp->private_data;

	return vhx_msg_write(&p->dev, from);
}

static __poll_t vhx_net_poll(struct file *file, poll_table *pt)
{
	struct vhx_pair *p = file->private_data;

	return vhx_msg_poll(&p->dev, file, pt);
}

static const struct file_operations vhx_net_fops = {
	.owner		= THIS_MODULE,
	.open		= vhx_net_open,
	.release	= vhx_net_release,
	.read_iter	= vhx_net_read,
	.write_iter	= vhx_net_write,
	.poll		= vhx_net_poll,
	.unlocked_ioctl	= vhx_net_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* A misc device: DPDK takes only those for a kernel vhost. */
static struct miscdevice vhx_net_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhx-net",
	.fops	= &vhx_net_fops,
	.mode	= 0660,
};

/* With drop_in: for who opens in-tree's node by its name. */
static struct miscdevice vhx_net_drop_in_misc = {
	.minor	= VHOST_NET_MINOR,
	.name	= "vhost-net",
	.fops	= &vhx_net_fops,
	.mode	= 0660,
};

/**
 * vhx_nic_of_fd - the NIC of a vhost fd
 * @fd: fd of the caller's process
 *
 * Context: process; vhx_net_mutex, which keeps the NIC.
 * Return: the NIC; NULL when it has none yet; -EBADF; -EINVAL the fd is something else.
 */
struct vhx_net_nic *vhx_nic_of_fd(int fd)
{
	struct file *file = fget(fd);
	struct vhx_net_nic *nic;
	struct vhx_pair *p;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &vhx_net_fops) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	p = file->private_data;
	nic = rcu_dereference_protected(p->seat.nic,
					lockdep_is_held(&vhx_net_mutex));
	fput(file);
	return nic;
}

static long vhx_net_ctl_ioctl(unsigned int cmd, void __user *argp)
{
	if (cmd == VHX_TEST_RUN)
		return vhx_test_run(argp);
	return -ENOIOCTLCMD;
}

static struct vhx_ctl vhx_net_ctl = {
	.ioctl = vhx_net_ctl_ioctl,
};

/* Steering is worth much, but a NIC without it works: say what is missing and go on. */
static void __init vhx_net_init_steering(void)
{
	int err;

	err = vhx_structops_register();
	if (!err)
		err = vhx_kfuncs_register();
	if (err)
		pr_warn("vhx_net: steering is off (%pe): the module's BTF is missing or does not match this kernel; rebuild it against this kernel's headers with pahole installed\n",
			ERR_PTR(err));
	else
		vhx_net_ctl.features = VHX_F_STEER | VHX_F_TEST_RUN |
				       VHX_F_BIND | VHX_F_SHIM;
}

static int __init vhx_net_init_nodes(void)
{
	int err;

	err = misc_register(&vhx_net_misc);
	if (err || !drop_in)
		return err;
	err = misc_register(&vhx_net_drop_in_misc);
	if (err == -EBUSY)
		pr_err("vhx_net: drop_in=1, but another module holds /dev/vhost-net: rmmod vhost_net first, or load without drop_in\n");
	if (err)
		misc_deregister(&vhx_net_misc);
	return err;
}

static int __init vhx_net_init(void)
{
	int err;

	vhx_net_class.scratch_size = max(vhx_tx_scratch_size(),
					 vhx_rx_scratch_size());
	err = vhx_policy_init();
	if (err)
		return err;
	err = vhx_nic_watch_init();
	if (err)
		goto err_policy;
	vhx_net_init_steering();
	vhx_net_nl_init();
	vhx_ctl_register(&vhx_net_ctl);
	err = vhx_net_init_nodes();
	if (err)
		goto err_ctl;
	return 0;

err_ctl:
	vhx_ctl_unregister(&vhx_net_ctl);
	vhx_net_nl_exit();
	vhx_nic_watch_exit();
	vhx_nic_exit();
err_policy:
	vhx_policy_exit();
	return err;
}

static void __exit vhx_net_exit(void)
{
	if (drop_in)
		misc_deregister(&vhx_net_drop_in_misc);
	misc_deregister(&vhx_net_misc);
	vhx_ctl_unregister(&vhx_net_ctl);
	vhx_net_nl_exit();
	vhx_nic_watch_exit();
	vhx_nic_exit();
	vhx_policy_exit();
}

module_init(vhx_net_init);
module_exit(vhx_net_exit);
MODULE_DESCRIPTION("vhx: a vhost that its operator can program (guest NICs)");
MODULE_AUTHOR("The vhx maintainers");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: tun tap");
