/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows of data that are not copied: the guest's pages are pinned, and the agent's ring takes
 * them for a registered buffer. See <linux/vhx_agent.h>.
 *
 * The virtqueue's handler pins them when it would copy, and lets go of them when the window is
 * over; without a vIOMMU's translation, with pieces that are no whole pages, and beyond
 * RLIMIT_MEMLOCK it copies. Between BUF_REG and the release of the buffer by io_uring it is busy. Whoever would give
 * up a request that is with the agent waits for its commit, so it is enough that a commit has no
 * effect as long as the buffer is busy: the request stays OWNED, and the release does the rest.
 * A session that is dead has none of it; its fence waits for all that is busy.
 */
#ifndef _VHX_ZCOPY_H
#define _VHX_ZCOPY_H

#include <linux/bvec.h>
#include <linux/kref.h>
#include <linux/types.h>
#include <linux/vhx_agent.h>

struct io_uring_cmd;
struct page;
struct user_struct;
struct vhx_areq;
struct vhx_session;
struct vhx_squeue;
struct vhx_xfer;

/**
 * struct vhx_zcopy - a window
 * @ref: the request's, and that of who is busy with it
 * @q: queue of its tag; there as long as the request has the tag, or the window is busy
 * @user: to whom @npages are charged, or NULL
 * @charged: pages that are
 * @req: request, NULL when that has let go of it; under @q->lock, like what follows up to @index
 * @busy: registered, or being copied
 * @ring: in which ring it is registered, NULL when in none
 * @index: there
 * @to: its place in the pool; valid as long as the request has the tag, or the window is busy
 * @len: bytes
 * @npages: pages that are pinned
 * @nbvec: pieces that are one in physical memory
 * @page: pages; each but the last is whole
 * @bvec: pieces; there is room for one a page
 */
struct vhx_zcopy {
	struct kref ref;
	struct vhx_squeue *q;
	struct user_struct *user;
	u32 charged;
	struct vhx_areq *req;
	bool busy;
	void *ring;
	u32 index;
	void *to;
	u32 len;
	u32 npages;
	u32 nbvec;
	struct page **page;
	struct bio_vec bvec[];
};

int vhx_zcopy_open(struct vhx_session *s, const struct vhx_agent_open *arg);
void vhx_zcopy_close(struct vhx_session *s);
bool vhx_zcopy_pin(struct vhx_areq *req, const struct vhx_xfer *x);
void vhx_zcopy_drop(struct vhx_areq *req);
bool vhx_zcopy_is_in(const struct vhx_areq *req, const void *ring, u32 *index);
bool vhx_zcopy_is_busy(const struct vhx_areq *req);
bool vhx_zcopy_over(struct vhx_session *s);
int vhx_zcopy_register(struct io_uring_cmd *cmd, struct vhx_session *s,
		       const struct vhx_agent_buf_cmd *arg, unsigned int issue_flags);
long vhx_zcopy_read(struct vhx_session *s, const void __user *argp);

#endif /* _VHX_ZCOPY_H */
