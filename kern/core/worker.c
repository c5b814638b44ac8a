// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers, see worker.h.
 */
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/vhost_task.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "dev.h"
#include "worker.h"

static void vhx_work_run(struct vhx_worker *w, struct vhx_work *work)
{
	clear_bit(VHX_WORK_QUEUED, &work->flags);
	/* Whoever queues from here on is seen: pairs with test_and_set_bit() in queue. */
	smp_mb__after_atomic();
	work->fn(work, w);
	WRITE_ONCE(w->items, w->items + 1);
}

/*
 * Who was woken is perhaps on this CPU, and its answer here before long: to be woken for it costs
 * more than to have let it go on.
 */
static void vhx_worker_stand_back(struct vhx_worker *w)
{
	struct vhx_yield *y = &w->yield[w->awaits];

	if (w->awaits == VHX_AWAIT_NOBODY)
		return;
	w->awaits = VHX_AWAIT_NOBODY;
	if (llist_empty(&w->list) && vhx_yield_begin(y))
		vhx_yield_end(y, !llist_empty(&w->list));
}

/* The thread: called again and again by vhost_task; false lets it sleep. */
static bool vhx_worker_fn(void *data)
{
	struct vhx_worker *w = data;
	struct vhx_work *work, *next;
	struct llist_node *node;

	node = llist_del_all(&w->list);
	if (!node)
		return false;

	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(w->runs, w->runs + 1);
	llist_for_each_entry_safe(work, next, llist_reverse_order(node), node) {
		vhx_work_run(w, work);
		cond_resched();
	}
	vhx_worker_stand_back(w);
	return true;
}

/*
 * The owner was killed and the thread is on its way out. What somebody waits for is run, the
 * rest forgotten: its queues will be stopped by the fd's release.
 */
static void vhx_worker_kill(void *data)
{
	struct vhx_worker *w = data;
	struct vhx_work *work, *next;

	WRITE_ONCE(w->killed, true);
	synchronize_rcu();

	llist_for_each_entry_safe(work, next,
				  llist_reverse_order(llist_del_all(&w->list)),
				  node) {
		clear_bit(VHX_WORK_QUEUED, &work->flags);
		if (work->must_run)
			work->fn(work, w);
	}
	complete_all(&w->drained);
}

/*
 * The thread where it is the kernel's. It goes only when the device lets it go. That of a device
 * without owner has no process's memory.
 */
static int vhx_worker_kthread(void *data)
{
	struct vhx_worker *w = data;

	if (w->dev->mm)
		kthread_use_mm(w->dev->mm);
	for (;;) {
		/* Who queues after the list was found empty, wakes us from here on. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (!vhx_worker_fn(w))
			schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (w->dev->mm)
		kthread_unuse_mm(w->dev->mm);
	return 0;
}

static void vhx_worker_wake(struct vhx_worker *w)
{
	if (likely(w->task))
		vhost_task_wake(w->task);
	else
		wake_up_process(w->kthread);
}

/**
 * vhx_worker_queue - have a worker do something
 * @w: the worker
 * @work: what; queued once however often it is asked for before it runs
 *
 * Context: any; under rcu_read_lock() where @w might be going away.
 * Return: false when the worker was killed and will not do it.
 */
bool vhx_worker_queue(struct vhx_worker *w, struct vhx_work *work)
{
	bool alive;

	rcu_read_lock();
	alive = !READ_ONCE(w->killed);
	if (alive && !test_and_set_bit(VHX_WORK_QUEUED, &work->flags)) {
		/* Only the first into an empty list needs to wake the thread: it takes all. */
		if (llist_add(&work->node, &w->list))
			vhx_worker_wake(w);
	}
	rcu_read_unlock();
	return alive;
}

/*
 * A worker freezes where it sleeps when the machine is suspended, and may do so before who waits
 * for it: that one has to freeze as well, or the suspend fails.
 */
static void vhx_worker_wait(struct completion *done)
{
	wait_for_completion_state(done, TASK_UNINTERRUPTIBLE | TASK_FREEZABLE);
}

struct vhx_flush {
	struct vhx_work work;
	struct completion done;
};

static void vhx_flush_fn(struct vhx_work *work, struct vhx_worker *w)
{
	complete(&container_of(work, struct vhx_flush, work)->done);
}

/**
 * vhx_worker_flush - wait until all that was queued before is done
 * @w: the worker
 *
 * Context: process, sleeps; no lock that queued work takes may be held.
 */
void vhx_worker_flush(struct vhx_worker *w)
{
	struct vhx_flush f = {
		.work = { .fn = vhx_flush_fn, .must_run = true },
		.done = COMPLETION_INITIALIZER_ONSTACK(f.done),
	};

	if (vhx_worker_queue(w, &f.work))
		vhx_worker_wait(&f.done);
	else
		vhx_worker_wait(&w->drained);
}

struct vhx_first {
	struct vhx_flush flush;
	struct task_struct *owner;
	int err;
};

/*
 * The first thing a worker does: say who it is, since vhost_task does not; and a kthread joins its
 * owner's cgroups, so that they limit and charge it.
 */
static void vhx_first_fn(struct vhx_work *work, struct vhx_worker *w)
{
	struct vhx_first *first;

	first = container_of(work, struct vhx_first, flush.work);
	w->pid = get_pid(task_pid(current));
	if (first->owner)
		first->err = cgroup_attach_task_all(first->owner, current);
	complete(&first->flush.done);
}

static int vhx_worker_start(struct vhx_worker *w)
{
	struct task_struct *kthread;
	struct vhost_task *task;
	char name[TASK_COMM_LEN];

	/* As in-tree's threads are called, for who looks for them by name. */
	if (w->dev->mm)
		snprintf(name, sizeof(name), "vhost-%d", current->pid);
	else
		snprintf(name, sizeof(name), "vhx-%.11s", w->dev->comm);
	if (w->dev->fork_owner) {
		task = vhost_task_create(vhx_worker_fn, vhx_worker_kill, w,
					 name);
		if (IS_ERR_OR_NULL(task))
			return -ENOMEM;
		w->task = task;
		vhost_task_start(task);
		return 0;
	}
	kthread = kthread_create(vhx_worker_kthread, w, "%s", name);
	if (IS_ERR(kthread))
		return -ENOMEM;
	w->kthread = kthread;
	wake_up_process(kthread);
	return 0;
}

/**
 * vhx_worker_create - start a worker
 * @dev: device it works for
 *
 * Context: process, the owner's if there is one; sleeps.
 * Return: the worker; -ENOMEM for whatever kept the thread from being made (in-tree vhost's
 * errno, RLIMIT_NPROC included).
 */
struct vhx_worker *vhx_worker_create(struct vhx_dev *dev)
{
	struct vhx_first first = {
		.flush.work = { .fn = vhx_first_fn, .must_run = true },
		.flush.done = COMPLETION_INITIALIZER_ONSTACK(first.flush.done),
		.owner = dev->mm && !dev->fork_owner ? current : NULL,
	};
	struct vhx_worker *w;

	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return ERR_PTR(-ENOMEM);

	w->dev = dev;
	init_llist_head(&w->list);
	init_completion(&w->drained);
	if (vhx_worker_start(w)) {
		kfree(w);
		return ERR_PTR(-ENOMEM);
	}
	if (vhx_worker_queue(w, &first.flush.work))
		vhx_worker_wait(&first.flush.done);
	if (first.err) {
		vhx_worker_destroy(w);
		return ERR_PTR(-ENOMEM);
	}
	return w;
}

/*
 * Some 70 KiB: as many pages as that is, where kmalloc would take twice as many, and in the
 * kernel's large mapping if memory is not in pieces.
 */
static void *vhx_worker_new_scratch(size_t size)
{
	void *scratch;

	scratch = alloc_pages_exact(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO |
				    __GFP_NORETRY | __GFP_NOWARN);
	return scratch ?: __vmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}

static void vhx_worker_free_scratch(struct vhx_worker *w)
{
	if (is_vmalloc_addr(w->scratch))
		vfree(w->scratch);
	else if (w->scratch)
		free_pages_exact(w->scratch, w->dev->class->scratch_size);
}

/**
 * vhx_worker_equip - have a worker ready for queues that run
 * @w: the worker; equipped already is fine
 *
 * A device that was never started so costs little more than its thread.
 *
 * Context: process, sleeps; @w->dev->lock.
 * Return: 0 or -ENOMEM.
 */
int vhx_worker_equip(struct vhx_worker *w)
{
	lockdep_assert_held(&w->dev->lock);
	if (!w->scratch)
		w->scratch = vhx_worker_new_scratch(w->dev->class->scratch_size);
	return w->scratch ? 0 : -ENOMEM;
}

/**
 * vhx_worker_destroy - stop a worker and free it
 * @w: the worker; no queue points to it, an RCU grace period has passed since the last one did,
 *	and what was queued has been flushed
 *
 * Context: process, sleeps.
 */
void vhx_worker_destroy(struct vhx_worker *w)
{
	WARN_ON_ONCE(!llist_empty(&w->list));
	if (w->task)
		vhost_task_stop(w->task);
	else
		kthread_stop(w->kthread);
	put_pid(w->pid);
	vhx_worker_free_scratch(w);
	kfree(w);
}
