// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions, see session.h: from the ioctl that makes one to the fence that comes after it.
 *
 * A session ends by a work item, since who notices it is a task that dies, or holds io_uring's
 * lock. What the dead agent's I/O still does with the pool is waited for by another, which looks at
 * the pages and comes again; nobody else waits.
 */
#include <linux/anon_inodes.h>
#include <linux/io_uring/cmd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "agent.h"
#include "args.h"
#include "session.h"
#include "trace.h"
#include "zcopy.h"

#define FENCE_DELAY_MAX	(HZ / 4)

struct workqueue_struct *vhx_session_wq;
static atomic_t vhx_session_last = ATOMIC_INIT(0);
static LIST_HEAD(vhx_sessions);
static DEFINE_MUTEX(vhx_sessions_lock);	/* the list; what is in it is not freed */

/* ---- life ---- */

/**
 * vhx_session_for_each - call a function for every session, those too that are being fenced
 * @fn: returns other than 0 to end it
 * @arg: handed to @fn
 *
 * Context: process, sleeps; so may @fn, which takes no lock above vhx_session.lock, and no
 * reference: the last may be gone.
 * Return: what @fn said last, or 0.
 */
int vhx_session_for_each(int (*fn)(struct vhx_session *s, void *arg), void *arg)
{
	struct vhx_session *s;
	int rc = 0;

	mutex_lock(&vhx_sessions_lock);
	list_for_each_entry(s, &vhx_sessions, node) {
		rc = fn(s, arg);
		if (rc)
			break;
	}
	mutex_unlock(&vhx_sessions_lock);
	return rc;
}

static void vhx_session_free(struct vhx_session *s)
{
	u32 i;

	mutex_lock(&vhx_sessions_lock);
	list_del_init(&s->node);
	mutex_unlock(&vhx_sessions_lock);
	for (i = 0; s->queue && i <= s->nqueues; i++)
		vhx_squeue_free(&s->queue[i]);
	vhx_pool_free(&s->pool);
	vhx_area_free(&s->ring);
	vhx_area_free(&s->req);
	kvfree(s->queue);
	for (i = 0; i < s->neps; i++)
		if (s->ep[i])
			vhx_endpoint_put(s->ep[i]);
	put_pid(s->owner);
	put_net(s->net);
	vhx_zcopy_close(s);
	kfree(s);
}

static void vhx_session_last_put(struct kref *ref)
{
	vhx_session_free(container_of(ref, struct vhx_session, ref));
}

/**
 * vhx_session_put - let a reference go
 * @s: session
 *
 * Context: process, sleeps if it is the last.
 */
void vhx_session_put(struct vhx_session *s)
{
	kref_put(&s->ref, vhx_session_last_put);
}

/*
 * Is what the dead agent began over? This work has a reference, and one to the module, until it is.
 */
static void vhx_session_fence(struct work_struct *work)
{
	struct vhx_session *s = container_of(to_delayed_work(work), struct vhx_session, fence);

	if (!vhx_area_idle(&s->pool.area, &s->fence_at) || !vhx_zcopy_over(s)) {
		trace_vhx_agent_fence(s);
		s->fence_delay = min_t(unsigned long, 2 * s->fence_delay, FENCE_DELAY_MAX);
		queue_delayed_work(vhx_session_wq, &s->fence, s->fence_delay);
		return;
	}
	trace_vhx_agent_fence(s);
	vhx_endpoint_fenced(s);
	if (s->neps)
		vhx_nl_agent_event(s, VHX_EVENT_AGENT_FENCED, NULL, NULL);
	vhx_session_put(s);
	module_put(THIS_MODULE);
}

static void vhx_session_end(struct work_struct *work)
{
	struct vhx_session *s = container_of(work, struct vhx_session, kill);
	u32 i;

	/* Who is in mmap() or ATTACH is out of it, and nobody gets in any more: s->dead. */
	mutex_lock(&s->lock);
	mutex_unlock(&s->lock);
	vhx_stall_stop(s);

	/* First: what is taken from the agent below must not be answered before the fence. */
	vhx_endpoint_orphan(s);
	for (i = 0; i <= s->nqueues; i++)
		vhx_squeue_kill(&s->queue[i]);
	vhx_pool_shut(&s->pool);
	if (s->neps)
		vhx_nl_agent_event(s, VHX_EVENT_AGENT_GONE, NULL, NULL);
	s->fence_delay = 1;
	queue_delayed_work(vhx_session_wq, &s->fence, s->fence_delay);
}

/**
 * vhx_session_kill - a session ends
 * @s: session the caller has a reference to, in whatever way; ended already is fine
 *
 * Context: any but interrupts.
 */
void vhx_session_kill(struct vhx_session *s)
{
	if (test_and_set_bit(0, &s->dead))
		return;
	/* Both are the work's. The caller's fd keeps the module. */
	__module_get(THIS_MODULE);
	kref_get(&s->ref);
	queue_work(vhx_session_wq, &s->kill);
}

/* ---- its fd ---- */

static int vhx_session_map(struct vhx_session *s, struct vm_area_struct *vma)
{
	struct vhx_area *a;

	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case VHX_AGENT_MAP_REQ:
		a = &s->req;
		break;
	case VHX_AGENT_MAP_RING:
		a = &s->ring;
		break;
	case VHX_AGENT_MAP_POOL:
		return vhx_area_map(&s->pool.area, vma);
	default:
		return -EINVAL;
	}
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return vhx_area_map(a, vma);
}

static int vhx_session_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vhx_session *s = file->private_data;
	int err;

	mutex_lock(&s->lock);
	err = test_bit(0, &s->dead) ? -ESHUTDOWN : vhx_session_map(s, vma);
	mutex_unlock(&s->lock);
	return err;
}

static long vhx_session_attach(struct vhx_session *s, struct vhx_agent_attach __user *argp)
{
	struct vhx_agent_attach arg = {};
	int err;

	err = vhx_args_read(&arg, sizeof(arg), offsetofend(struct vhx_agent_attach, pad), argp);
	if (err)
		return err;
	mutex_lock(&s->lock);
	err = test_bit(0, &s->dead) ? -ESHUTDOWN : vhx_endpoint_attach(s, &arg);
	mutex_unlock(&s->lock);
	if (err)
		return err;
	/* It is attached, whether the caller hears of its number or not; the fd undoes it. */
	return put_user(arg.endpoint, &argp->endpoint);
}

static long vhx_session_detach(struct vhx_session *s, const void __user *argp)
{
	struct vhx_agent_detach arg = {};
	int err;

	err = vhx_args_read(&arg, sizeof(arg), sizeof(arg), argp);
	if (err)
		return err;
	mutex_lock(&s->lock);
	err = test_bit(0, &s->dead) ? -ESHUTDOWN : vhx_endpoint_detach(s, &arg);
	mutex_unlock(&s->lock);
	return err;
}

static long vhx_session_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vhx_session *s = file->private_data;
	u32 i;

	switch (cmd) {
	case VHX_AGENT_ATTACH:
		return vhx_session_attach(s, (void __user *)arg);
	case VHX_AGENT_DETACH:
		return vhx_session_detach(s, (void __user *)arg);
	case VHX_AGENT_WAKE:
		for (i = 0; i <= s->nqueues; i++)
			vhx_squeue_poke(&s->queue[i]);
		return 0;
	case VHX_AGENT_TARGETS:
		return vhx_session_targets(s, (void __user *)arg);
	case VHX_AGENT_NOTIFY:
		return vhx_session_notify(s, (void __user *)arg);
	case VHX_AGENT_BUF_READ:
		return vhx_zcopy_read(s, (void __user *)arg);
	case VHX_AGENT_DRAIN:
		for (i = 0; i <= s->nqueues; i++)
			vhx_squeue_drain(&s->queue[i]);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* What the SQE says, each word read once: user space may write to it meanwhile. */
struct vhx_session_cmd {
	u32 op;
	u16 queue;
	u16 nr;
	u16 max;
	const void __user *done;
};

static int vhx_session_read_cmd(struct io_uring_cmd *cmd, struct vhx_session_cmd *c)
{
	const struct vhx_agent_cmd *p = io_uring_sqe_cmd(cmd->sqe, struct vhx_agent_cmd);
	u64 addr = READ_ONCE(cmd->sqe->addr);
	u16 reserved = 0;
	u32 i;

	c->op = cmd->cmd_op;
	c->queue = READ_ONCE(p->queue);
	c->nr = READ_ONCE(p->nr);
	c->max = READ_ONCE(p->max);
	c->done = u64_to_user_ptr(addr);
	for (i = 0; i < ARRAY_SIZE(p->reserved); i++)
		reserved |= READ_ONCE(p->reserved[i]);
	if (reserved || READ_ONCE(cmd->sqe->len) || cmd->flags & IORING_URING_CMD_MASK)
		return -EINVAL;

	switch (c->op) {
	case VHX_AGENT_FETCH:
		return c->nr || addr ? -EINVAL : 0;
	case VHX_AGENT_COMMIT:
		return c->max ? -EINVAL : 0;
	case VHX_AGENT_COMMIT_FETCH:
		return 0;
	case VHX_AGENT_EVENT:
		return c->nr || addr || c->max || c->queue ? -EINVAL : 0;
	default:
		return -ENOTTY;
	}
}

static int vhx_session_buf_reg(struct io_uring_cmd *cmd, struct vhx_session *s,
			       unsigned int issue_flags)
{
	const struct vhx_agent_buf_cmd *p = io_uring_sqe_cmd(cmd->sqe, struct vhx_agent_buf_cmd);
	const struct vhx_agent_buf_cmd arg = {
		.tag = READ_ONCE(p->tag),
		.gen = READ_ONCE(p->gen),
		.index = READ_ONCE(p->index),
		.reserved = READ_ONCE(p->reserved),
	};

	if (arg.reserved || READ_ONCE(cmd->sqe->addr) || READ_ONCE(cmd->sqe->len) ||
	    cmd->flags & IORING_URING_CMD_MASK)
		return -EINVAL;
	return vhx_zcopy_register(cmd, s, &arg, issue_flags);
}

static int vhx_session_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct vhx_issue by = { .cmd = cmd, .flags = issue_flags };
	struct vhx_session *s = cmd->file->private_data;
	struct vhx_session_cmd c;
	struct vhx_squeue *q;
	int rc;

	if (issue_flags & IO_URING_F_CANCEL) {
		vhx_squeue_cancel(cmd, issue_flags);
		return 0;
	}
	if (cmd->cmd_op == VHX_AGENT_BUF_REG)
		return vhx_session_buf_reg(cmd, s, issue_flags);
	rc = vhx_session_read_cmd(cmd, &c);
	if (rc)
		return rc;
	if (c.op == VHX_AGENT_EVENT)
		return vhx_squeue_cmd(cmd, &s->queue[s->nqueues], 1, issue_flags);
	if (c.queue >= s->nqueues)
		return -EINVAL;
	q = &s->queue[array_index_nospec(c.queue, s->nqueues)];
	if (c.op != VHX_AGENT_FETCH) {
		rc = vhx_squeue_commit(q, c.done, c.nr, &by);
		if (rc < 0 || c.op == VHX_AGENT_COMMIT)
			return rc;
	}
	return vhx_squeue_cmd(cmd, q, c.max ?: q->ntags, issue_flags);
}

static int vhx_session_release(struct inode *inode, struct file *file)
{
	struct vhx_session *s = file->private_data;

	vhx_session_kill(s);
	vhx_session_put(s);
	return 0;
}

static void vhx_session_show(struct seq_file *m, struct file *file)
{
	struct vhx_session *s = file->private_data;
	u32 i;

	seq_printf(m, "session:\t%u\npool-pages:\t%u\n", s->id, s->pool.area.npages);
	if (s->zcopy_min)
		seq_printf(m, "zero-copy-min:\t%u\n", s->zcopy_min);
	mutex_lock(&s->lock);
	for (i = 0; i < s->neps; i++)
		if (s->ep[i])
			seq_printf(m, "endpoint-%u:\t%s\n", i, s->ep[i]->name);
	mutex_unlock(&s->lock);
	for (i = 0; i < s->nqueues; i++)
		vhx_squeue_show(&s->queue[i], m);
}

static const struct file_operations vhx_session_fops = {
	.owner		= THIS_MODULE,
	.release	= vhx_session_release,
	.mmap		= vhx_session_mmap,
	.unlocked_ioctl	= vhx_session_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.uring_cmd	= vhx_session_uring_cmd,
	.show_fdinfo	= vhx_session_show,
	.llseek		= noop_llseek,
};

/* ---- open ---- */

static int vhx_session_init_queues(struct vhx_session *s, u32 ntags)
{
	u32 i;
	int err;

	s->queue = kvcalloc(s->nqueues + 1, sizeof(*s->queue), GFP_KERNEL_ACCOUNT);
	if (!s->queue)
		return -ENOMEM;
	for (i = 0; i <= s->nqueues; i++) {
		struct vhx_squeue *q = &s->queue[i];

		q->s = s;
		q->index = i;
		q->first = i * ntags;
		q->ring = (u32 *)s->ring.mem + q->first;
		err = vhx_squeue_init(q, i < s->nqueues ? ntags : 0);
		if (err)
			return err;
	}
	return 0;
}

static struct vhx_session *vhx_session_new(const struct vhx_agent_open *arg)
{
	struct vhx_session *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int err;

	if (!s)
		return ERR_PTR(-ENOMEM);
	kref_init(&s->ref);
	INIT_LIST_HEAD(&s->node);
	mutex_init(&s->lock);
	INIT_WORK(&s->kill, vhx_session_end);
	INIT_DELAYED_WORK(&s->fence, vhx_session_fence);
	s->id = atomic_inc_return(&vhx_session_last);
	s->owner = get_task_pid(current, PIDTYPE_TGID);
	get_task_comm(s->comm, current->group_leader);
	s->net = get_net(current->nsproxy->net_ns);
	vhx_stall_init(s);
	s->nqueues = arg->queues;
	err = vhx_zcopy_open(s, arg) ?:
	      vhx_area_alloc(&s->req, arg->tags * sizeof(struct vhx_agent_req)) ?:
	      vhx_area_alloc(&s->ring, arg->tags * sizeof(u32)) ?:
	      vhx_pool_init(&s->pool, arg->pool_size) ?:
	      vhx_session_init_queues(s, arg->tags / arg->queues);
	if (err) {
		vhx_session_free(s);
		return ERR_PTR(err);
	}
	mutex_lock(&vhx_sessions_lock);
	list_add_tail(&s->node, &vhx_sessions);
	mutex_unlock(&vhx_sessions_lock);
	return s;
}

/**
 * vhx_session_open - VHX_AGENT_OPEN
 * @argp: struct vhx_agent_open
 *
 * Context: process, sleeps.
 * Return: an fd; -EFAULT; -EINVAL; -E2BIG; -ENOMEM; -EMFILE; -EOPNOTSUPP.
 */
long vhx_session_open(const void __user *argp)
{
	struct vhx_agent_open arg = {};
	struct vhx_session *s;
	int err;

	err = vhx_args_read(&arg, sizeof(arg), sizeof(arg), argp);
	if (err)
		return err;
	if (!arg.queues || arg.queues > VHX_AGENT_QUEUES_MAX)
		return -EINVAL;
	if (!arg.tags || arg.tags > VHX_AGENT_TAGS_MAX || arg.tags % arg.queues ||
	    !is_power_of_2(arg.tags / arg.queues))
		return -EINVAL;
	if (!arg.pool_size || arg.pool_size > VHX_AGENT_POOL_MAX || arg.pool_size % PAGE_SIZE)
		return -EINVAL;

	s = vhx_session_new(&arg);
	if (IS_ERR(s))
		return PTR_ERR(s);
	/* Before the fd: once that is there, another thread may end the session. */
	vhx_stall_start(s);
	err = anon_inode_getfd("[vhx-agent]", &vhx_session_fops, s, O_RDWR | O_CLOEXEC);
	if (err < 0) {
		vhx_stall_stop(s);
		vhx_session_put(s);
	}
	return err;
}

int vhx_session_init(void)
{
	vhx_session_wq = alloc_workqueue("vhx_agent", WQ_UNBOUND, 0);
	return vhx_session_wq ? 0 : -ENOMEM;
}

void vhx_session_exit(void)
{
	/* The last work has let go of the module, and perhaps not returned yet. */
	destroy_workqueue(vhx_session_wq);
}
