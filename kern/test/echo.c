// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_vhx_echo.ko: the smallest class of devices whose requests go to an agent, for the tests of
 * kern/core. What a chain says goes to the agent as it is, and so does the answer to the guest. It
 * knows no virtio device: VMMs of tests start its queues as they start a NIC's.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vhost.h>

#include "core/agent.h"
#include "core/dev.h"
#include "core/guest.h"
#include "core/vq.h"
#include "echo.h"

#define ECHO_FEATURES	(BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | \
			 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | BIT_ULL(VIRTIO_F_RING_PACKED) | \
			 BIT_ULL(VHOST_F_LOG_ALL))
#define ECHO_CHAINS	8

struct echo_areq {
	struct vhx_areq areq;
	u64 id;
};

/* A worker's memory. */
struct echo_scratch {
	struct vhx_chain chain[ECHO_CHAINS];
	struct vhx_seg seg[2 * VHX_CHAIN_MAX];
};

/**
 * struct echo - a device
 * @dev: the core's
 * @vq: queues
 * @vqs: the same for the core
 * @aq: the queues' requests
 * @held: collected, and waiting for the vIOMMU to be answered
 * @attached: queue @i is
 * @ep: endpoint, NULL while no queue runs
 */
struct echo {
	struct vhx_dev dev;
	struct vhx_vq vq[ECHO_VQS];
	struct vhx_vq *vqs[ECHO_VQS];
	struct vhx_aq aq[ECHO_VQS];
	struct vhx_areq *held[ECHO_VQS];
	bool attached[ECHO_VQS];
	struct vhx_endpoint *ep;
};

static struct vhx_class echo_class = {
	.name		= "echo",
	.scratch_size	= sizeof(struct echo_scratch),
};

static struct echo *echo_of(struct vhx_vq *vq)
{
	return container_of(vq->dev, struct echo, dev);
}

/* ---- requests ---- */

static int echo_answer(struct vhx_vq *vq, struct vhx_areq *r)
{
	struct echo_resp resp = {
		.result = r->result, .copied = r->copied,
	};
	struct vhx_done done = {
		.id = r->chain.id, .ndesc = r->chain.ndesc, .len = sizeof(resp) + r->copied,
	};
	struct vhx_xfer x = {
		.seg = r->seg + r->chain.nout, .n = r->chain.nin,
		.len = sizeof(resp), .buf = &resp,
	};
	int err;

	if (!r->result) {
		resp.status = r->answer.status;
		resp.response = r->answer.response;
		resp.sense_len = r->answer.sense_len;
		resp.resid = r->answer.resid;
		memcpy(resp.sense, r->answer.sense, resp.sense_len);
	}
	err = vhx_guest_write(vq, &x);
	if (err)
		return err;
	return vhx_vq_push(vq, &done, 1);
}

/* Return: false when the rest has to wait. */
static bool echo_collect(struct vhx_vq *vq)
{
	struct echo *e = echo_of(vq);
	struct vhx_areq **held = &e->held[vq->index];

	while (*held || (*held = vhx_aq_collect(&e->aq[vq->index]))) {
		if (echo_answer(vq, *held) == -EAGAIN)
			return false;
		vhx_areq_free(*held);
		*held = NULL;
	}
	return !vq->broken;
}

static int echo_submit(struct vhx_vq *vq, const struct vhx_chain *c, const struct vhx_seg *seg)
{
	struct vhx_aq *aq = &echo_of(vq)->aq[vq->index];
	struct echo_req head;
	struct vhx_xfer x = {
		.seg = seg + c->seg, .n = c->nout, .len = sizeof(head), .buf = &head,
	};
	struct echo_areq *r;
	int err;

	if (c->out_len < sizeof(head) || c->in_len < sizeof(struct echo_resp))
		return -EINVAL;
	err = vhx_guest_read(vq, &x);
	if (err)
		return err;
	r = vhx_areq_alloc(aq, sizeof(*r), c->nout + c->nin);
	if (!r)
		return -ENOMEM;
	memcpy(r->areq.seg, seg + c->seg, (c->nout + c->nin) * sizeof(*seg));
	r->areq.chain = *c;
	r->id = head.id;
	r->areq.type = VHX_AGENT_REQ_SCSI;
	memcpy(r->areq.scsi.lun, head.lun, sizeof(head.lun));
	memcpy(r->areq.scsi.cdb, head.cdb, sizeof(head.cdb));
	r->areq.scsi.id = head.id;
	r->areq.out_len = c->out_len - sizeof(head);
	r->areq.off = sizeof(head);
	if (c->in_len > sizeof(struct echo_resp)) {
		r->areq.in_len = c->in_len - sizeof(struct echo_resp);
		r->areq.data = c->nout;
		r->areq.off = sizeof(struct echo_resp);
	}
	err = vhx_areq_submit(&r->areq);
	if (err)
		vhx_areq_free(&r->areq);
	return err;
}

/* Return: whether there may be more. */
static bool echo_pull(struct vhx_vq *vq)
{
	struct echo_scratch *s = vq->runner->scratch;
	struct vhx_pull p = {
		.chain = s->chain, .seg = s->seg, .max_chain = ECHO_CHAINS,
		.max_seg = ARRAY_SIZE(s->seg), .raw = true,
	};
	int n = vhx_vq_pull(vq, &p), i, err = 0;

	for (i = 0; i < n && !err; i++) {
		err = echo_submit(vq, &s->chain[i], s->seg);
		if (err == -EAGAIN)
			vhx_vq_unpull(vq, &s->chain[i], n - i);
		else if (err)
			vhx_vq_break(vq, err);
	}
	return n > 0 && !err;
}

static void echo_handle(struct vhx_vq *vq)
{
	struct vhx_aq *aq = &echo_of(vq)->aq[vq->index];
	int budget = 64;

	vhx_vq_busy(vq);
	while (echo_collect(vq) && vhx_aq_may_pull(aq)) {
		if (!budget--) {
			vhx_vq_queue(vq);
			return;
		}
		if (!echo_pull(vq) && (vq->broken || !vhx_vq_rest(vq)))
			return;
	}
}

/* ---- start and stop ---- */

static int echo_start(struct echo *e, u32 i)
{
	struct vhx_vq *vq = e->vqs[i];
	int err;

	if (e->attached[i])
		return -EBUSY;
	if (!e->ep) {
		struct vhx_endpoint *ep = vhx_endpoint_use(VHX_ENDPOINT_SCSI, ECHO_ENDPOINT);

		if (IS_ERR(ep))
			return PTR_ERR(ep);
		e->ep = ep;
	}
	mutex_lock(&vq->lock);
	vhx_aq_attach(&e->aq[i], vq, e->ep, i);
	e->attached[i] = true;
	err = vhx_vq_start(vq, e);
	mutex_unlock(&vq->lock);
	return err;
}

static void echo_stop(struct echo *e, u32 i)
{
	struct vhx_vq *vq = e->vqs[i];

	if (e->attached[i]) {
		mutex_lock(&vq->lock);
		vhx_vq_stop(vq);
		if (e->held[i])
			vhx_areq_free(e->held[i]);
		e->held[i] = NULL;
		vhx_aq_detach(&e->aq[i]);
		e->attached[i] = false;
		mutex_unlock(&vq->lock);
		vhx_dev_flush(&e->dev);
	}
	if (e->ep && !e->attached[0] && !e->attached[1]) {
		vhx_endpoint_unuse(e->ep);
		e->ep = NULL;
	}
}

static long echo_set_backend(struct echo *e, void __user *argp)
{
	struct vhost_vring_file f;
	int err;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.index >= ECHO_VQS)
		return -ENOBUFS;
	f.index = array_index_nospec(f.index, ECHO_VQS);
	if (f.fd == -1) {
		echo_stop(e, f.index);
		return 0;
	}
	err = echo_start(e, f.index);
	if (err && err != -EBUSY)
		echo_stop(e, f.index);
	return err;
}

/* ---- ioctls ---- */

struct echo_watch {
	struct vhx_awatch w;
	struct completion done;
	u64 id;
};

static bool echo_match(const struct vhx_areq *req, const void *arg)
{
	const u64 *id = arg;

	return !*id || container_of(req, struct echo_areq, areq)->id == *id;
}

static void echo_gone(struct vhx_awatch *w)
{
	complete(&container_of(w, struct echo_watch, w)->done);
}

static long echo_abort(struct echo *e, void __user *argp)
{
	struct echo_watch w = {
		.w.match = echo_match, .w.arg = &w.id, .w.fn = echo_gone,
	};
	struct echo_abort arg;
	long err = 0;

	if (copy_from_user(&arg, argp, sizeof(arg)))
		return -EFAULT;
	if (!e->ep)
		return -ENODEV;
	w.id = arg.id;
	init_completion(&w.done);
	arg.left = vhx_endpoint_abort(e->ep, &w.w);
	if (arg.left && arg.wait)
		err = wait_for_completion_killable(&w.done);
	vhx_endpoint_unwatch(e->ep, &w.w);
	return copy_to_user(argp, &arg, sizeof(arg)) ? -EFAULT : err;
}

static long echo_set_features(struct echo *e, const void __user *argp)
{
	u64 features[VHX_FEATURE_WORDS] = {};
	u32 i;

	if (copy_from_user(features, argp, sizeof(u64)))
		return -EFAULT;
	if (features[0] & ~ECHO_FEATURES)
		return -EOPNOTSUPP;
	if (features[0] & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM)) {
		if (vhx_msgs_enable(&e->dev))
			return -EFAULT;
	} else {
		vhx_msgs_disable(&e->dev);
	}
	for (i = 0; i < ECHO_VQS; i++) {
		mutex_lock(&e->vq[i].lock);
		vhx_vq_set_features(&e->vq[i], features);
		mutex_unlock(&e->vq[i].lock);
	}
	return 0;
}

static long echo_ioctl_locked(struct echo *e, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case VHOST_GET_FEATURES:
		return put_user(ECHO_FEATURES, (u64 __user *)argp);
	case VHOST_SET_FEATURES:
		return echo_set_features(e, argp);
	case VHOST_NET_SET_BACKEND:
		return echo_set_backend(e, argp);
	case ECHO_ABORT:
		return echo_abort(e, argp);
	case ECHO_DRAIN:
		if (arg >= ECHO_VQS || !e->attached[arg])
			return -EINVAL;
		return vhx_aq_drain(&e->aq[array_index_nospec(arg, ECHO_VQS)]);
	default:
		return vhx_dev_ioctl(&e->dev, cmd, argp);
	}
}

static long echo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct echo *e = file->private_data;
	long err;

	mutex_lock(&e->dev.lock);
	err = echo_ioctl_locked(e, cmd, arg);
	mutex_unlock(&e->dev.lock);
	return err;
}

/* ---- its fd ---- */

static int echo_open(struct inode *inode, struct file *file)
{
	struct echo *e = kvzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!e)
		return -ENOMEM;
	for (i = 0; i < ECHO_VQS; i++)
		e->vqs[i] = &e->vq[i];
	vhx_dev_init(&e->dev, &echo_class, e->vqs, ECHO_VQS);
	for (i = 0; i < ECHO_VQS; i++)
		vhx_vq_init(e->vqs[i], &e->dev, i, echo_handle);
	file->private_data = e;
	return 0;
}

static int echo_release(struct inode *inode, struct file *file)
{
	struct echo *e = file->private_data;
	u32 i;

	for (i = 0; i < ECHO_VQS; i++)
		echo_stop(e, i);
	vhx_dev_release(&e->dev);
	kvfree(e);
	return 0;
}

static ssize_t echo_read(struct kiocb *iocb, struct iov_iter *to)
{
	return vhx_msg_read(&((struct echo *)iocb->ki_filp->private_data)->dev, iocb, to);
}

static ssize_t echo_write(struct kiocb *iocb, struct iov_iter *from)
{
	return vhx_msg_write(&((struct echo *)iocb->ki_filp->private_data)->dev, from);
}

static const struct file_operations echo_fops = {
	.owner		= THIS_MODULE,
	.open		= echo_open,
	.release	= echo_release,
	.read_iter	= echo_read,
	.write_iter	= echo_write,
	.unlocked_ioctl	= echo_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice echo_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhx-echo",
	.fops	= &echo_fops,
	.mode	= 0600,
};

module_misc_device(echo_misc);
MODULE_DESCRIPTION("vhx: a device for tests whose requests go to an agent");
MODULE_LICENSE("GPL");
