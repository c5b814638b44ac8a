// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows of data that are not copied, see zcopy.h.
 *
 * io_uring calls the release in whichever task lets go of the buffer last, with its own lock held.
 */
#include <linux/blkdev.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/highmem.h>
#include <linux/io_uring/cmd.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "agent.h"
#include "args.h"
#include "guest.h"
#include "session.h"
#include "vq.h"
#include "zcopy.h"

#define MIN_DEFAULT	65536

/* What io_uring may do with a buffer is a mask: to write from it, never to read into it. */
#define DIRECTIONS	BIT(ITER_SOURCE)

#ifdef VHX_HAVE_IO_BUFFER_REGISTER_BVEC
#define SUPPORTED	true
#else
#define SUPPORTED	false
#endif

/* ---- whose session wants it ---- */

/**
 * vhx_zcopy_open - see whether a session wants windows without a copy
 * @s: session that is being made
 * @arg: what its agent asks for
 *
 * What is pinned counts against the limit that the caller has now.
 *
 * Context: process; the agent's.
 * Return: 0, -EINVAL, -EOPNOTSUPP.
 */
int vhx_zcopy_open(struct vhx_session *s, const struct vhx_agent_open *arg)
{
	if (arg->flags & ~VHX_AGENT_ZERO_COPY)
		return -EINVAL;
	if (!arg->flags)
		return arg->zero_copy_min ? -EINVAL : 0;
	if (!SUPPORTED)
		return -EOPNOTSUPP;
	s->zcopy_min = arg->zero_copy_min ?: MIN_DEFAULT;
	if (capable(CAP_IPC_LOCK))
		return 0;
	s->zcopy_user = get_uid(current_user());
	s->zcopy_limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	return 0;
}

void vhx_zcopy_close(struct vhx_session *s)
{
	free_uid(s->zcopy_user);
}

/* ---- pages ---- */

static bool vhx_zcopy_charge(struct vhx_zcopy *z, const struct vhx_session *s, u32 n)
{
	unsigned long old, new;

	if (!s->zcopy_user)
		return true;
	old = atomic_long_read(&s->zcopy_user->locked_vm);
	do {
		new = old + n;
		if (new > s->zcopy_limit)
			return false;
	} while (!atomic_long_try_cmpxchg(&s->zcopy_user->locked_vm, &old, new));
	z->user = s->zcopy_user;
	z->charged = n;
	return true;
}

static void vhx_zcopy_free(struct kref *ref)
{
	struct vhx_zcopy *z = container_of(ref, struct vhx_zcopy, ref);

	unpin_user_pages(z->page, z->npages);
	if (z->user)
		atomic_long_sub(z->charged, &z->user->locked_vm);
	kvfree(z);
}

static void vhx_zcopy_put(struct vhx_zcopy *z)
{
	kref_put(&z->ref, vhx_zcopy_free);
}

/* The next piece. Disks take what begins with a page; only the last may be a part of one. */
static int vhx_zcopy_add(const struct vhx_seg *here, void *arg)
{
	struct vhx_zcopy *z = arg;
	const u32 n = DIV_ROUND_UP(here->len, PAGE_SIZE);
	int got;

	if (z->len % PAGE_SIZE || here->addr % PAGE_SIZE || here->len % SECTOR_SIZE)
		return -EINVAL;
	got = pin_user_pages_fast(here->addr, n, 0, z->page + z->npages);
	if (got > 0)
		z->npages += got;
	if (got != n)
		return -EFAULT;
	z->len += here->len;
	return 0;
}

/* Pages that follow one another in physical memory are one piece. */
static void vhx_zcopy_describe(struct vhx_zcopy *z)
{
	u32 i, len, left = z->len;
	struct bio_vec *last = NULL;

	for (i = 0; i < z->npages; i++, left -= len) {
		len = min_t(u32, left, PAGE_SIZE);
		if (last && page_to_pfn(z->page[i]) ==
		    page_to_pfn(last->bv_page) + (last->bv_len >> PAGE_SHIFT)) {
			last->bv_len += len;
			continue;
		}
		last = &z->bvec[z->nbvec++];
		bvec_set_page(last, z->page[i], len, 0);
	}
}

static struct vhx_zcopy *vhx_zcopy_new(struct vhx_areq *req, const struct vhx_xfer *x)
{
	const u32 n = DIV_ROUND_UP(x->len, PAGE_SIZE);
	const size_t head = struct_size_t(struct vhx_zcopy, bvec, n);
	struct vhx_zcopy *z;

	z = kvmalloc(head + n * sizeof(*z->page), GFP_KERNEL_ACCOUNT);
	if (!z)
		return NULL;
	memset(z, 0, sizeof(*z));
	kref_init(&z->ref);
	z->q = req->q;
	z->req = req;
	z->to = x->buf;
	z->page = (void *)z + head;
	if (!vhx_zcopy_charge(z, req->q->s, n) ||
	    vhx_guest_each(req->aq->vq, x, vhx_zcopy_add, z)) {
		vhx_zcopy_put(z);
		return NULL;
	}
	vhx_zcopy_describe(z);
	return z;
}

static void vhx_zcopy_count_not(struct vhx_squeue *q)
{
	spin_lock(&q->lock);
	vhx_squeue_count(q, VHX_AGENT_QSTAT_ZERO_COPY_NOT, 1);
	spin_unlock(&q->lock);
}

/**
 * vhx_zcopy_pin - have a window without a copy, if that can be
 * @req: with a tag, and none pinned; not READY
 * @x: the copy that it takes the place of
 *
 * Context: the virtqueue's handler; sleeps.
 * Return: whether; else the copy is to be made.
 */
bool vhx_zcopy_pin(struct vhx_areq *req, const struct vhx_xfer *x)
{
	const u32 min = req->q->s->zcopy_min;

	if (likely(!min) || x->len < min)
		return false;
	req->zcopy = vhx_zcopy_new(req, x);
	if (!req->zcopy)
		vhx_zcopy_count_not(req->q);
	return req->zcopy;
}

/**
 * vhx_zcopy_drop - a request's window is over
 * @req: its virtqueue's handler's, or nobody's; with its tag. Without a window nothing is done
 *
 * If that is busy, as with an agent that died, its pages stay pinned until it is not.
 *
 * Context: process; no lock below the virtqueue's.
 */
void vhx_zcopy_drop(struct vhx_areq *req)
{
	struct vhx_zcopy *z = req->zcopy;

	if (likely(!z))
		return;
	spin_lock(&z->q->lock);
	z->req = NULL;
	req->zcopy = NULL;
	spin_unlock(&z->q->lock);
	vhx_zcopy_put(z);
}

/* ---- who is busy with it ---- */

/**
 * vhx_zcopy_is_busy - is a request's window registered, or being copied?
 * @req: request with a tag
 *
 * Context: the lock of the request's queue.
 */
bool vhx_zcopy_is_busy(const struct vhx_areq *req)
{
	return req->zcopy && req->zcopy->busy;
}

/**
 * vhx_zcopy_is_in - is a request's window a registered buffer of a ring?
 * @req: request with a tag
 * @ring: ring
 * @index: out: its place there
 *
 * Context: the lock of the request's queue.
 */
bool vhx_zcopy_is_in(const struct vhx_areq *req, const void *ring, u32 *index)
{
	if (!vhx_zcopy_is_busy(req) || req->zcopy->ring != ring)
		return false;
	*index = req->zcopy->index;
	return true;
}

/**
 * vhx_zcopy_over - is nobody busy any more with what a session's agent had?
 * @s: dead session
 *
 * Context: process. It stays so.
 */
bool vhx_zcopy_over(struct vhx_session *s)
{
	bool busy = false;
	u32 i;

	/* Under the lock: who is not busy any more has left it, and with it the session. */
	for (i = 0; i < s->nqueues && !busy; i++) {
		spin_lock(&s->queue[i].lock);
		busy = s->queue[i].zcopies;
		spin_unlock(&s->queue[i].lock);
	}
	return !busy;
}

/* Return: the window, until vhx_zcopy_release(); or as a pointer what an agent is told. */
static struct vhx_zcopy *vhx_zcopy_begin(struct vhx_session *s,
					 const struct vhx_agent_buf_cmd *arg, void *ring)
{
	const u32 tag = arg->tag;
	const u32 ntags = s->queue[0].ntags;
	struct vhx_zcopy *z = ERR_PTR(-ENOENT);
	struct vhx_squeue *q;
	struct vhx_areq *req;

	if (tag >= s->nqueues * ntags)
		return z;
	q = &s->queue[array_index_nospec(tag / ntags, s->nqueues)];
	spin_lock(&q->lock);
	req = vhx_squeue_owned(q, tag, arg->gen);
	if (q->dead) {
		z = ERR_PTR(-ESHUTDOWN);
	} else if (req && !req->zcopy) {
		z = ERR_PTR(-EINVAL);
	} else if (req && req->zcopy->busy) {
		z = ERR_PTR(-EBUSY);
	} else if (req) {
		z = req->zcopy;
		z->busy = true;
		z->ring = ring;
		z->index = arg->index;
		kref_get(&z->ref);
		q->zcopies++;
	}
	spin_unlock(&q->lock);
	return z;
}

/*
 * Nobody is busy with it any more: what was committed meanwhile is so now. The session is there as
 * long as it counts.
 */
static void vhx_zcopy_release(void *arg)
{
	struct vhx_areq *req, *gone = NULL;
	struct vhx_zcopy *z = arg;
	struct vhx_squeue *q = z->q;

	spin_lock(&q->lock);
	z->busy = false;
	z->ring = NULL;
	req = z->req;
	if (req && req->committed && req->state == VHX_AREQ_OWNED)
		gone = vhx_squeue_land(req);
	spin_unlock(&q->lock);
	if (gone)
		vhx_nexus_settle(gone, true);
	vhx_zcopy_put(z);
	spin_lock(&q->lock);
	q->zcopies--;
	spin_unlock(&q->lock);
}

static void vhx_zcopy_count(struct vhx_zcopy *z)
{
	spin_lock(&z->q->lock);
	vhx_squeue_count(z->q, VHX_AGENT_QSTAT_ZERO_COPY, 1);
	vhx_squeue_count(z->q, VHX_AGENT_QSTAT_ZERO_COPY_BYTES, z->len);
	spin_unlock(&z->q->lock);
}

/**
 * vhx_zcopy_register - VHX_AGENT_BUF_REG
 * @cmd: the command
 * @s: session
 * @arg: which window, and where to
 * @issue_flags: io_uring's
 *
 * Context: the agent's task; sleeps only as far as io_uring does.
 * Return: 0, -ENOENT, -EINVAL, -EBUSY, -ESHUTDOWN, -ENOMEM, -EOPNOTSUPP.
 */
int vhx_zcopy_register(struct io_uring_cmd *cmd, struct vhx_session *s,
		       const struct vhx_agent_buf_cmd *arg, unsigned int issue_flags)
{
	struct vhx_zcopy *z;
	int err;

	if (!s->zcopy_min)
		return -EOPNOTSUPP;
	z = vhx_zcopy_begin(s, arg, io_uring_cmd_ctx_handle(cmd));
	if (IS_ERR(z))
		return PTR_ERR(z);
	/* Once it is registered it may be released at any time. */
	kref_get(&z->ref);
	err = io_buffer_register_bvec(cmd, z->bvec, z->nbvec, vhx_zcopy_release, z, DIRECTIONS,
				      arg->index, issue_flags);
	if (err)
		vhx_zcopy_release(z);
	else
		vhx_zcopy_count(z);
	vhx_zcopy_put(z);
	return err;
}

/* ---- a copy after all ---- */

static void vhx_zcopy_copy(const struct vhx_zcopy *z)
{
	u32 i, len, left = z->len;

	for (i = 0; i < z->npages; i++, left -= len) {
		len = min_t(u32, left, PAGE_SIZE);
		memcpy_from_page(z->to + ((size_t)i << PAGE_SHIFT), z->page[i], 0, len);
		cond_resched();
	}
}

/**
 * vhx_zcopy_read - VHX_AGENT_BUF_READ
 * @s: session
 * @argp: struct vhx_agent_buf
 *
 * Context: process, sleeps.
 * Return: 0, -EFAULT, -E2BIG, -EINVAL, -ENOENT, -EBUSY, -ESHUTDOWN.
 */
long vhx_zcopy_read(struct vhx_session *s, const void __user *argp)
{
	struct vhx_agent_buf_cmd which = {};
	struct vhx_agent_buf arg = {};
	struct vhx_zcopy *z;
	int err;

	err = vhx_args_read(&arg, sizeof(arg), sizeof(arg), argp);
	if (err)
		return err;
	if (arg.flags)
		return -EINVAL;
	which.tag = arg.tag;
	which.gen = arg.gen;
	z = vhx_zcopy_begin(s, &which, NULL);
	if (IS_ERR(z))
		return PTR_ERR(z);
	vhx_zcopy_copy(z);
	vhx_zcopy_count_not(z->q);
	vhx_zcopy_release(z);
	return 0;
}
