/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workers: the threads that move data. A worker is a vhost_task, a thread of the owner's
 * process: it has the owner's memory, cgroup and limits, and dies with the owner. Or, if the VMM
 * asked for it (VHOST_SET_FORK_FROM_OWNER), a kthread that uses the owner's memory, is in its
 * cgroups and lives as long as the device has an owner. A device that nobody owns has kthreads, as
 * long as it is there.
 *
 * Many queues to a worker, or one each: workers.c has the table of a device's workers.
 */
#ifndef _VHX_WORKER_H
#define _VHX_WORKER_H

#include <linux/completion.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "yield.h"

struct vhost_task;
struct vhx_dev;
struct vhx_vq;
struct vhx_worker;
struct pid;
struct task_struct;

#define VHX_WORK_QUEUED		0	/* bit in vhx_work.flags */

/**
 * struct vhx_work - something for a worker to do
 * @node: in vhx_worker.list while VHX_WORK_QUEUED
 * @flags: VHX_WORK_*
 * @fn: what to do; called in the thread of the worker @w, may sleep
 * @must_run: run @fn even when the worker was killed: somebody waits for it
 */
struct vhx_work {
	struct llist_node node;
	unsigned long flags;
	void (*fn)(struct vhx_work *work, struct vhx_worker *w);
	bool must_run;
};

/* Who was woken last, and will have something for the worker before long. */
enum vhx_await {
	VHX_AWAIT_NOBODY,
	VHX_AWAIT_GUEST,
	VHX_AWAIT_AGENT,
	VHX_AWAIT_SOCKET,
	VHX_AWAIT_NR,
};

/**
 * struct vhx_worker - a thread and what waits for it
 * @dev: whose it is
 * @id: in @dev, what VMMs call it
 * @queues: that have it for their worker; written under @dev->lock
 * @task: the thread, where it is of the owner's process
 * @kthread: the thread, where it is the kernel's
 * @pid: of the thread, for people to read
 * @list: work, newest first; lock-free, many producers, the thread takes all
 * @killed: the owner got SIGKILL; nothing is queued any more. Set once, then an RCU grace
 *	period, so that who queues under rcu_read_lock() either sees it or is drained
 * @drained: completed when @killed and the last of @list is done
 * @scratch: the class's working memory, @dev->class->scratch_size bytes; NULL until the first of
 *	its queues starts: see vhx_worker_equip(). One piece of work runs at a time, so that all
 *	queues of a worker share it
 * @awaits: set by the work that runs: before it sleeps the thread stands back for them once
 * @yield: how that turns out, by @awaits; both are the thread's
 * @runs: times the thread found work; written by the thread only
 * @items: pieces it did, likewise
 */
struct vhx_worker {
	struct vhx_dev *dev;
	u32 id;
	u32 queues;
	struct vhost_task *task;
	struct task_struct *kthread;
	struct pid *pid;
	struct llist_head list;
	bool killed;
	struct completion drained;
	void *scratch;
	enum vhx_await awaits;
	struct vhx_yield yield[VHX_AWAIT_NR];
	u64 runs;
	u64 items;
};

struct vhx_worker *vhx_worker_create(struct vhx_dev *dev);
int vhx_worker_equip(struct vhx_worker *w);
void vhx_worker_destroy(struct vhx_worker *w);
bool vhx_worker_queue(struct vhx_worker *w, struct vhx_work *work);
void vhx_worker_flush(struct vhx_worker *w);

/* workers.c */
void vhx_workers_init(struct vhx_dev *dev);
int vhx_workers_start(struct vhx_dev *dev);
int vhx_workers_start_each(struct vhx_dev *dev, u32 per);
void vhx_workers_stop(struct vhx_dev *dev);
void vhx_workers_flush(struct vhx_dev *dev);
bool vhx_workers_has_ioctl(unsigned int cmd);
long vhx_workers_ioctl(struct vhx_dev *dev, unsigned int cmd,
		       void __user *argp);

#endif /* _VHX_WORKER_H */
