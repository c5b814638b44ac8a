/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue: a ring with the eventfds, the worker and the lock around it.
 */
#ifndef _VHX_VQ_H
#define _VHX_VQ_H

#include <linux/eventfd.h>
#include <linux/irqreturn.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/vhost_types.h>
#include <linux/vhx.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "iotlb.h"
#include "log.h"
#include "memtbl.h"
#include "msg.h"
#include "ring.h"
#include "worker.h"

struct vhx_vq;

#define VHX_FEATURE_WORDS	2	/* of 64 bits */

/**
 * struct vhx_poll - wakes a queue when a file gets ready
 * @vq: the queue
 * @table: makes vfs_poll() hang @wait up
 * @wqh: where @wait hangs, NULL when it does not
 * @mask: EPOLLIN or EPOLLOUT
 * @kick: this is the queue's kick: count it
 * @waker: CPU of the task that woke the queue last, -1 if an interrupt did; a hint, not under a
 *	lock
 */
struct vhx_poll {
	struct vhx_vq *vq;
	poll_table table;
	wait_queue_head_t *wqh;
	wait_queue_entry_t wait;
	__poll_t mask;
	bool kick;
	int waker;
};

/**
 * struct vhx_irq - who hears of what a queue of a device without owner gives back
 * @fn: called with softirqs off; NULL: nobody
 * @data: its argument
 * @trigger: an eventfd that does the same, signalled instead; not counted, as vDPA has it
 */
struct vhx_irq {
	irqreturn_t (*fn)(void *data);
	void *data;
	struct eventfd_ctx *trigger;
};

/**
 * struct vhx_vq - a queue
 * @lock: what is below, unless it says otherwise. The worker holds it while it works on the
 *	queue; an ioctl that changes the queue waits for a slice of work at the most
 * @dev: device
 * @index: in @dev, fixed
 * @out_only: the class never writes into this queue's buffers, and gives them back in the order it
 *	took them; fixed, and unless it is the class's word nothing is left out with IN_ORDER
 * @handle: the class's work, called under @lock with a backend, fixed
 * @work: runs @handle
 * @worker: who runs it; written under @dev->lock and @lock, read under RCU or either
 * @runner: the worker in whose thread @handle runs, during a run. Not always @worker: that changes
 * @ring: the ring
 * @features: acknowledged virtio features: bit n is bit n % 64 of word n / 64
 * @backend: the class's; the queue runs while it is set
 * @broken: the ring was illegal; nothing is done until the queue is started anew
 * @ran: it was stopped, and not set up since
 * @over: and the VMM asked where it had stopped, and is done with it: the memory that its ring had
 *	may be anything by now
 * @kicked: a kick came since @handle last began; not under @lock
 * @kick: kick eventfd
 * @kick_poll: waits for it
 * @call: interrupts the guest
 * @irq: the same where nobody owns the device
 * @err: tells the VMM that the ring is illegal
 * @busyloop_us: as set by VHOST_SET_VRING_BUSYLOOP_TIMEOUT
 * @log: where it says what it wrote
 * @mem: the memory table during a run of @handle
 * @view: with a vIOMMU, this queue's view of the translations; then @ring points to it. Or of the
 *	table of its own that @phys tells of
 * @phys: guest memory is pinned, what stands in @view are kernel addresses
 * @view_gen: the table's when the whole ring was last seen to be in it
 * @miss: what the queue waits for; not under @lock, see msg.h
 * @stats: counters, by enum vhx_qstat
 */
struct vhx_vq {
	struct mutex lock;
	struct vhx_dev *dev;
	u32 index;
	bool out_only;
	void (*handle)(struct vhx_vq *vq);
	struct vhx_work work;
	struct vhx_worker __rcu *worker;
	struct vhx_worker *runner;
	struct vhx_ring ring;
	u64 features[VHX_FEATURE_WORDS];
	void *backend;
	bool broken;
	bool ran;
	bool over;
	bool kicked;
	struct file *kick;
	struct vhx_poll kick_poll;
	struct eventfd_ctx *call;
	struct vhx_irq irq;
	struct eventfd_ctx *err;
	u32 busyloop_us;
	struct vhx_log log;
	const struct vhx_memtbl *mem;
	struct vhx_iotlb_view view;
	bool phys;
	u64 view_gen;
	struct vhx_miss miss;
	u64 stats[VHX_QSTAT_NR];
};

/* Where it stands, as VHOST_GET_VRING_BASE says it. Context: vq->lock, or stopped. */
static inline u32 vhx_vq_base(const struct vhx_vq *vq)
{
	const struct vhx_ring *r = &vq->ring;

	return r->packed ? r->last_avail | (u32)r->last_used << 16 : r->last_avail;
}

/* And where one that was never used stands. */
static inline u32 vhx_vq_base_first(const struct vhx_vq *vq)
{
	return vq->ring.packed ? 0x80008000 : 0;
}

/* Can its handler do nothing before the VMM has done something? Not under a lock. */
static inline bool vhx_vq_is_stuck(const struct vhx_vq *vq)
{
	return READ_ONCE(vq->broken) || READ_ONCE(vq->miss.state) != VHX_MISS_NONE;
}

/* Context: dev->lock, or the last reference. */
static inline struct vhx_worker *vhx_vq_worker(const struct vhx_vq *vq)
{
	return rcu_dereference_protected(vq->worker, true);
}

static inline bool vhx_vq_has(const struct vhx_vq *vq, unsigned int bit)
{
	return vq->features[bit / 64] & BIT_ULL(bit % 64);
}

/*
 * Counters are written under vq->lock, those of a vIOMMU's messages under vhx_msgs.sem, and read
 * without.
 */
static inline void vhx_vq_count(struct vhx_vq *vq, enum vhx_qstat id, u64 n)
{
	WRITE_ONCE(vq->stats[id], vq->stats[id] + n);
}

void vhx_vq_init(struct vhx_vq *vq, struct vhx_dev *dev, u32 index,
		 void (*handle)(struct vhx_vq *vq));
void vhx_vq_release(struct vhx_vq *vq);
void vhx_vq_reset(struct vhx_vq *vq);
void vhx_vq_queue(struct vhx_vq *vq);
void vhx_vq_flush(struct vhx_vq *vq);

void vhx_vq_set_phys(struct vhx_vq *vq, const struct vhx_memtbl *mt);
bool vhx_vq_may_set_features(const struct vhx_vq *vq, const u64 *features);
void vhx_vq_set_features(struct vhx_vq *vq, const u64 *features);
bool vhx_vq_access_ok(const struct vhx_vq *vq, const struct vhx_memtbl *mt);
int vhx_vq_start(struct vhx_vq *vq, void *backend);
void *vhx_vq_stop(struct vhx_vq *vq);

int vhx_vq_pull(struct vhx_vq *vq, struct vhx_pull *p);
void vhx_vq_unpull(struct vhx_vq *vq, const struct vhx_chain *chain, u32 n);
int vhx_vq_pending(struct vhx_vq *vq);
int vhx_vq_push(struct vhx_vq *vq, const struct vhx_done *done, u32 n);
bool vhx_vq_rest(struct vhx_vq *vq);
bool vhx_vq_quiet(struct vhx_vq *vq);
void vhx_vq_busy(struct vhx_vq *vq);
void vhx_vq_break(struct vhx_vq *vq, int err);

/* call.c */
void vhx_vq_set_irq(struct vhx_vq *vq, const struct vhx_irq *irq);
void vhx_vq_call(struct vhx_vq *vq);

int vhx_vq_await(const struct vhx_vq *vq, wait_queue_head_t *wait, const struct list_head *list);

void vhx_poll_init(struct vhx_poll *p, struct vhx_vq *vq, __poll_t mask,
		   bool kick);
int vhx_poll_start(struct vhx_poll *p, struct file *file);
void vhx_poll_stop(struct vhx_poll *p);

#endif /* _VHX_VQ_H */
