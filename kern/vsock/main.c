// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx_vsock.ko: guests' sockets to their host.
 *
 *	main.c		this: /dev/vhx-vsock, one guest an fd
 *	guest.h		a guest
 *	cid.c		who has which CID
 *	run.c		its queues start and stop; does it go on, or begin anew?
 *	tx.c		from the guest, and where to
 *	route.c		who gets a connection
 *	limit.c		how much a guest may send, and have; bucket.h (PURE)
 *	space.c		whose routes and limits they are
 *	sibling.c	to another guest
 *	conn.c		connections between guests
 *	agency.c	a guest and its agent; flow.c a connection of theirs, letter.c what is said of it
 *	hold.c		what a guest sent on one, until it is taken; grace.c between two agents
 *	out.c		what waits for a guest, and whose turn it is
 *	rx.c		to the guest
 *	transport.c	the host's AF_VSOCK
 *	pkt.c		headers (PURE)
 *	nl.c nlroute.c nllimit.c	what can be seen and set, with trace.h
 *
 * The ABI is that of <linux/vhost.h>, and errno are in-tree vhost_vsock's.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>
#include <linux/vhx.h>

#include "core/ctl.h"
#include "conn.h"
#include "guest.h"
#include "limit.h"

static bool drop_in;
module_param(drop_in, bool, 0444);
MODULE_PARM_DESC(drop_in,
		 "Be /dev/vhost-vsock too, which the kernel's vhost_vsock must not hold (default N)");

/*
 * What in-tree vhost_vsock offers, and RING_PACKED and IN_ORDER: both queues' buffers go back in
 * the order they came.
 */
static const u64 vhx_vsock_features[VHX_FEATURE_WORDS] = {
	BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) |
	BIT_ULL(VHOST_F_LOG_ALL) |
	BIT_ULL(VIRTIO_F_ANY_LAYOUT) |
	BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |
	BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |
	BIT_ULL(VIRTIO_F_VERSION_1) |
	BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
	BIT_ULL(VIRTIO_F_RING_PACKED) |
	BIT_ULL(VIRTIO_F_IN_ORDER) |
	BIT_ULL(VIRTIO_VSOCK_F_SEQPACKET),
};

static long vhx_vsock_set_features(struct vhx_dev *dev, const u64 *features)
{
	struct vhx_guest *g = container_of(dev, struct vhx_guest, dev);
	long err;
	u32 i;

	err = vhx_features_prepare(dev, features);
	if (err)
		return err;
	/* One after the other: what a queue writes it logs under its own lock. */
	for (i = 0; i < VHX_VSOCK_VQS; i++) {
		mutex_lock(&g->vq[i].lock);
		vhx_vq_set_features(&g->vq[i], features);
		mutex_unlock(&g->vq[i].lock);
	}
	WRITE_ONCE(g->seqpacket, features[0] & BIT_ULL(VIRTIO_VSOCK_F_SEQPACKET));
	return 0;
}

static const struct vhx_class vhx_vsock_class = {
	.name			= "vsock",
	.scratch_size		= sizeof(struct vhx_vsock_scratch),
	.features		= vhx_vsock_features,
	.backend_features	= BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2),
	.set_features		= vhx_vsock_set_features,
};

/* ---- the fd ---- */

static atomic64_t vhx_guest_last_id;

/* It may have sent more than it might, and time has passed. */
static void vhx_guest_timer(struct timer_list *timer)
{
	struct vhx_guest *g = container_of(timer, struct vhx_guest, timer);

	vhx_vq_queue(&g->vq[VHX_VSOCK_FROM_GUEST]);
}

static void vhx_guest_init(struct vhx_guest *g)
{
	g->id = atomic64_inc_return(&vhx_guest_last_id);
	g->net = get_net_track(current->nsproxy->net_ns, &g->net_tracker, GFP_KERNEL);
	g->space = vhx_space_of(g->net);
	vhx_limits_initial(&g->limits);
	vhx_out_init(&g->out);
	vhx_pages_init(&g->pages_to);
	vhx_pages_init(&g->pages_from);
	INIT_LIST_HEAD(&g->conns);
	INIT_LIST_HEAD(&g->asked);
	timer_setup(&g->timer, vhx_guest_timer, 0);
	vhx_agency_init(g);
}

static int vhx_vsock_open(struct inode *inode, struct file *file)
{
	struct vhx_guest *g = kvzalloc(sizeof(*g), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!g)
		return -ENOMEM;
	vhx_guest_init(g);
	for (i = 0; i < VHX_VSOCK_VQS; i++)
		g->vqs[i] = &g->vq[i];
	vhx_dev_init(&g->dev, &vhx_vsock_class, g->vqs, VHX_VSOCK_VQS);
	vhx_vq_init(&g->vq[VHX_VSOCK_TO_GUEST], &g->dev, VHX_VSOCK_TO_GUEST, vhx_vsock_rx_handle);
	vhx_vq_init(&g->vq[VHX_VSOCK_FROM_GUEST], &g->dev, VHX_VSOCK_FROM_GUEST,
		    vhx_vsock_tx_handle);
	g->vq[VHX_VSOCK_FROM_GUEST].out_only = true;
	file->private_data = g;
	return 0;
}

/* May be the last close in a process that is not the owner. */
static int vhx_vsock_release(struct inode *inode, struct file *file)
{
	struct vhx_guest *g = file->private_data;

	/* Before the CID, which another may have then. */
	vhx_agency_leave(g);
	vhx_cid_drop(g);
	vhx_guest_stop(g);
	vhx_transport_reset();
	vhx_conns_end_all(g, false);
	timer_shutdown_sync(&g->timer);
	cancel_delayed_work_sync(&g->agency.expiry);
	vhx_dev_release(&g->dev);
	vhx_rx_forget(g);
	vhx_pages_drop(&g->pages_to);
	vhx_pages_drop(&g->pages_from);
	put_net_track(g->net, &g->net_tracker);
	kvfree(g);
	return 0;
}

/* Context: the device's lock. */
static int vhx_vsock_move(struct vhx_guest *g, u64 cid)
{
	struct vhx_endpoint *ep = vhx_agency_endpoint(g, cid);
	const bool had = g->cid;
	int err;

	if (IS_ERR(ep))
		return PTR_ERR(ep);
	err = vhx_cid_set(g, cid);
	if (err) {
		vhx_endpoint_unuse(ep);
		return err;
	}
	/* By the CID that it had nobody is reached any more. */
	if (had)
		vhx_conns_end_all(g, true);
	vhx_agency_leave(g);
	vhx_agency_join(g, ep);
	return 0;
}

static long vhx_vsock_set_cid(struct vhx_guest *g, const u64 __user *argp)
{
	u64 cid;
	int err;

	if (get_user(cid, argp))
		return -EFAULT;
	if (!vhx_cid_valid(cid))
		return -EINVAL;
	mutex_lock(&g->dev.lock);
	err = g->cid == cid ? 0 : vhx_vsock_move(g, cid);
	mutex_unlock(&g->dev.lock);
	if (!err)
		vhx_transport_reset();
	return err;
}

static long vhx_vsock_set_running(struct vhx_guest *g, const int __user *argp)
{
	long err;
	int run;

	if (get_user(run, argp))
		return -EFAULT;
	mutex_lock(&g->dev.lock);
	err = vhx_dev_check_owner(&g->dev);
	if (!err && run)
		err = vhx_guest_start(g);
	else if (!err)
		vhx_guest_stop(g);
	mutex_unlock(&g->dev.lock);
	return err;
}

static long vhx_vsock_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vhx_guest *g = file->private_data;
	void __user *argp = (void __user *)arg;
	long err;

	err = vhx_features_ioctl(&g->dev, cmd, argp);
	if (err != -ENOIOCTLCMD)
		return err;

	switch (cmd) {
	case VHOST_VSOCK_SET_GUEST_CID:
		return vhx_vsock_set_cid(g, argp);
	case VHOST_VSOCK_SET_RUNNING:
		return vhx_vsock_set_running(g, argp);
	case VHX_GET_FEATURES:
		return put_user(vhx_ctl_features(), (u64 __user *)argp);
	default:
		mutex_lock(&g->dev.lock);
		err = vhx_dev_ioctl(&g->dev, cmd, argp);
		mutex_unlock(&g->dev.lock);
		return err;
	}
}

static ssize_t vhx_vsock_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct vhx_guest *g = iocb->ki_filp->private_data;

	return vhx_msg_read(&g->dev, iocb, to);
}

static ssize_t vhx_vsock_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct vhx_guest *g = iocb->ki_filp->private_data;

	return vhx_msg_write(&g->dev, from);
}

static __poll_t vhx_vsock_poll(struct file *file, poll_table *pt)
{
	struct vhx_guest *g = file->private_data;

	return vhx_msg_poll(&g->dev, file, pt);
}

static const struct file_operations vhx_vsock_fops = {
	.owner		= THIS_MODULE,
	.open		= vhx_vsock_open,
	.release	= vhx_vsock_release,
	.read_iter	= vhx_vsock_read,
	.write_iter	= vhx_vsock_write,
	.poll		= vhx_vsock_poll,
	.unlocked_ioctl	= vhx_vsock_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* ---- the module ---- */

static struct miscdevice vhx_vsock_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhx-vsock",
	.fops	= &vhx_vsock_fops,
	.mode	= 0660,
};

/* With drop_in: for who opens in-tree's node by its name, as libvirt does. */
static struct miscdevice vhx_vsock_drop_in_misc = {
	.minor	= VHOST_VSOCK_MINOR,
	.name	= "vhost-vsock",
	.fops	= &vhx_vsock_fops,
	.mode	= 0660,
};

static int __init vhx_vsock_init_nodes(void)
{
	int err;

	err = misc_register(&vhx_vsock_misc);
	if (err || !drop_in)
		return err;
	err = misc_register(&vhx_vsock_drop_in_misc);
	if (err == -EBUSY)
		pr_err("vhx_vsock: drop_in=1, but another module holds /dev/vhost-vsock: rmmod vhost_vsock first, or load without drop_in\n");
	if (err)
		misc_deregister(&vhx_vsock_misc);
	return err;
}

static int __init vhx_vsock_init(void)
{
	int err;

	err = vhx_space_init();
	if (err)
		return err;
	err = vhx_conns_init();
	if (err)
		goto err_space;
	err = vhx_transport_init();
	if (err)
		goto err_conns;
	err = vhx_vsock_init_nodes();
	if (err)
		goto err_transport;
	vhx_vsock_nl_init();
	return 0;

err_transport:
	vhx_transport_exit();
err_conns:
	vhx_conns_exit();
err_space:
	vhx_space_exit();
	return err;
}

static void __exit vhx_vsock_exit(void)
{
	vhx_vsock_nl_exit();
	if (drop_in)
		misc_deregister(&vhx_vsock_drop_in_misc);
	misc_deregister(&vhx_vsock_misc);
	vhx_transport_exit();
	vhx_conns_exit();
	vhx_space_exit();
}

module_init(vhx_vsock_init);
module_exit(vhx_vsock_exit);
MODULE_DESCRIPTION("vhx: a vhost that its operator can program (vsock)");
MODULE_AUTHOR("The vhx maintainers");
MODULE_LICENSE("GPL");
