// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O of disks by io_uring. A request has a slot of its loop while it is under way; number and
 * generation of the slot are its user_data, so that a cancel that comes too late hits nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "engine_uring.h"
#include "log.h"

#define NO_SLOT	UINT32_MAX

struct io_slot {
	struct engine_req *req;
	struct disk_engine *engine;
	uint32_t gen;
	uint32_t next_free;
};

/* Of requests that have no slot yet; those of slots are larger. */
enum { ID_NONE, ID_CANCELLED };

/**
 * struct mark - what the engine keeps in a request
 * @post: on its way to a loop, or among those that wait for a slot
 * @engine: while it has no slot
 * @loop: where it is under way
 * @id: of its slot
 */
struct mark {
	struct post post;
	union {
		struct disk_engine *engine;
		struct loop *loop;
	};
	uint64_t id;
};

_Static_assert(sizeof(struct mark) <= sizeof(((struct engine_req *)0)->slot), "it fits");

static struct engine_req *req_of(struct post *post)
{
	return (struct engine_req *)((char *)post - offsetof(struct engine_req, slot));
}

static struct mark *mark_of(struct engine_req *req)
{
	return (struct mark *)req->slot;
}

/* --- slots --- */

int engine_slots_open(struct loop *loop)
{
	uint32_t i;

	loop->slots = calloc(loop->depth, sizeof(*loop->slots));
	if (!loop->slots)
		return -ENOMEM;
	for (i = 0; i < loop->depth; i++)
		loop->slots[i].gen = 1;
	for (i = 0; i < loop->depth; i++)
		loop->slots[i].next_free = i + 1 < loop->depth ? i + 1 : NO_SLOT;
	loop->free_slot = 0;
	loop->waiting = NULL;
	loop->waiting_end = &loop->waiting;
	loop->in_flight = 0;
	return 0;
}

void engine_slots_close(struct loop *loop)
{
	free(loop->slots);
	loop->slots = NULL;
}

/* 24 bits and 32 make the 56 that a loop leaves of user_data. */
static uint64_t take_slot(struct loop *loop, struct disk_engine *engine, struct engine_req *req)
{
	uint32_t at = loop->free_slot;
	struct io_slot *s = loop->slots + at;

	loop->free_slot = s->next_free;
	loop->in_flight++;
	s->req = req;
	s->engine = engine;
	return (uint64_t)s->gen << 24 | at;
}

static void give_slot(struct loop *loop, struct io_slot *s)
{
	s->gen += s->gen == UINT32_MAX ? 2 : 1;
	s->req = NULL;
	s->next_free = loop->free_slot;
	loop->free_slot = (uint32_t)(s - loop->slots);
	loop->in_flight--;
}

/* --- submitting --- */

/*
 * Memory that io_uring will not read without a thread is faster read at once. A file system of
 * another kind that has no NOWAIT may be a slow one: that is what the thread is for.
 */
static bool is_memory(int fd)
{
	static char byte[512] __attribute__((aligned(512)));
	struct iovec iov = { byte, sizeof(byte) };
	struct statfs fs;

	if (fstatfs(fd, &fs) || (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC))
		return false;
	return preadv2(fd, &iov, 1, 0, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP;
}

static void learn_fd(struct disk_engine *e, int fd)
{
	if (e->fd == fd)
		return;
	e->at_once = is_memory(fd);
	e->fd = fd;
}

static void open_place(struct loop *loop, const struct disk_engine *e)
{
	int fd = e->fd, ret;

	if (loop->file[e->place] == fd)
		return;
	ret = io_uring_register_files_update(&loop->ring, (unsigned int)e->place, &fd, 1);
	if (ret != 1)
		log_die("loop %u: a disk's file cannot be registered: %s", loop->index,
			msg_errno(ret));
	loop->file[e->place] = fd;
}

static bool in_pool(const struct loop *loop, const struct engine_req *req)
{
	const char *buf = req->buf, *pool = loop->pool;

	return loop->fixed && buf >= pool && req->len <= loop->pool_size &&
	       (size_t)(buf - pool) <= loop->pool_size - req->len;
}

/* Whose bytes a write is of, if they are with the guest. */
static struct zwindow *window_of(const struct zcopy *zcopy, const struct engine_req *req)
{
	return req->op == ENGINE_WRITE ? zcopy_find(zcopy, req->buf) : NULL;
}

/* It is done before what is submitted behind it. */
static void register_window(struct loop *loop, struct zwindow *w)
{
	const struct vhx_agent_window window = { w->tag, w->gen, w->index };
	struct io_uring_sqe *sqe = loop_sqe(loop);

	vhx_agent__prep_buf_reg(sqe, LOOP_FILE_SESSION, &window);
	loop_mark(sqe, LOOP_BUFFER, w->tag);
	w->state = ZCOPY_REGISTERED;
}

/* Such a buffer's addresses are offsets. */
static void prep_window(const struct disk_engine *e, const struct engine_req *req,
			const struct zwindow *w, struct io_uring_sqe *sqe)
{
	const uintptr_t off = (uintptr_t)req->buf - (uintptr_t)w->base;

	io_uring_prep_rw(IORING_OP_WRITE_FIXED, sqe, e->place, (const void *)off,
			 (unsigned int)req->len, req->off);
	sqe->buf_index = w->index;
}

static void prep_transfer(const struct loop *loop, const struct disk_engine *e,
			  const struct engine_req *req, struct io_uring_sqe *sqe)
{
	const struct zwindow *w = window_of(loop->zcopy, req);
	bool write = req->op == ENGINE_WRITE;
	int op = write ? IORING_OP_WRITE : IORING_OP_READ;

	if (in_pool(loop, req))
		op = write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
	if (w)
		prep_window(e, req, w, sqe);
	else
		io_uring_prep_rw(op, sqe, e->place, req->buf, (unsigned int)req->len, req->off);
	if (write && req->dsync)
		sqe->rw_flags = RWF_DSYNC;
}

static void prep(const struct loop *loop, const struct disk_engine *e,
		 const struct engine_req *req, struct io_uring_sqe *sqe)
{
	switch (req->op) {
	case ENGINE_READ:
	case ENGINE_WRITE:
		prep_transfer(loop, e, req, sqe);
		break;
	case ENGINE_FSYNC:
		io_uring_prep_fsync(sqe, e->place, IORING_FSYNC_DATASYNC);
		break;
	case ENGINE_FALLOCATE:
		io_uring_prep_fallocate(sqe, e->place, req->mode, req->off, req->len);
		break;
	case ENGINE_DISCARD:
		io_uring_prep_cmd_discard(sqe, e->place, req->off, req->len);
		break;
	case ENGINE_ZEROOUT:
		io_uring_prep_fallocate(sqe, e->place, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
					req->off, req->len);
		break;
	}
}

static void issue(struct loop *loop, struct disk_engine *e, struct engine_req *req)
{
	struct zwindow *w = window_of(loop->zcopy, req);
	struct mark *mark = mark_of(req);
	struct io_uring_sqe *sqe;

	if (w && w->state == ZCOPY_PINNED)
		register_window(loop, w);
	open_place(loop, e);
	mark->loop = loop;
	mark->id = take_slot(loop, e, req);
	sqe = loop_sqe(loop);
	prep(loop, e, req, sqe);
	loop_mark(sqe, LOOP_IO, mark->id);
}

static void finish(struct engine_req *req, int64_t res)
{
	req->res = res;
	req->done(req);
}

/* In the loop's thread, under the disk's lock. */
static void begin(struct loop *loop, struct engine_req *req)
{
	struct mark *mark = mark_of(req);

	if (mark->id == ID_CANCELLED) {
		finish(req, -ECANCELED);
		return;
	}
	if (loop->free_slot != NO_SLOT) {
		issue(loop, mark->engine, req);
		return;
	}
	mark->post.next = NULL;
	*loop->waiting_end = &mark->post;
	loop->waiting_end = &mark->post.next;
}

static void begin_posted(struct loop *loop, struct post *post)
{
	struct engine_req *req = req_of(post);
	pthread_mutex_t *lock = mark_of(req)->engine->lock;

	pthread_mutex_lock(lock);
	begin(loop, req);
	pthread_mutex_unlock(lock);
}

static int64_t do_at_once(struct zcopy *zcopy, const struct engine_req *req)
{
	struct zwindow *w = window_of(zcopy, req);
	int ret = w ? zcopy_read(zcopy, w) : 0;

	return ret ? ret : engine_sync_do(req);
}

static void uring_submit(struct engine *engine, struct engine_req *req)
{
	struct disk_engine *e = (struct disk_engine *)engine;
	struct mark *mark = mark_of(req);
	struct loop *loop = loop_self;
	struct zwindow *w;

	learn_fd(e, req->fd);
	if (e->at_once) {
		finish(req, do_at_once(e->fallback->zcopy, req));
		return;
	}
	*mark = (struct mark) { .post.run = begin_posted, .engine = e, .id = ID_NONE };
	w = window_of(e->fallback->zcopy, req);
	if (w)
		loop = w->loop;
	if (loop && loop == loop_self)
		begin(loop, req);
	else
		loop_post(loop ? loop : e->fallback, &mark->post);
}

/* --- completions --- */

/* More than one, for one that was cancelled needs no slot. */
static void begin_waiting(struct loop *loop)
{
	struct post *post;

	while (loop->waiting && loop->free_slot != NO_SLOT) {
		post = loop->waiting;
		loop->waiting = post->next;
		if (!loop->waiting)
			loop->waiting_end = &loop->waiting;
		begin_posted(loop, post);
	}
}

/* Its buffer was not registered: by the pool then. Return: whether it is under way again. */
static bool by_pool(struct loop *loop, struct disk_engine *e, struct engine_req *req)
{
	struct zwindow *w = window_of(loop->zcopy, req);

	if (!w || w->state != ZCOPY_FAILED || zcopy_read(loop->zcopy, w))
		return false;
	issue(loop, e, req);
	return true;
}

void engine_complete(struct loop *loop, uint64_t data, int res)
{
	struct io_slot *s = loop->slots + (data & 0xffffff);
	struct disk_engine *e = s->engine;
	struct engine_req *req = s->req;
	pthread_mutex_t *lock = e->lock;

	give_slot(loop, s);
	pthread_mutex_lock(lock);
	if (res != -EFAULT || !by_pool(loop, e, req))
		finish(req, res);
	pthread_mutex_unlock(lock);
	begin_waiting(loop);
}

/* --- cancelling --- */

struct cancel {
	struct post post;
	uint64_t id;
};

/* What is not found has completed. */
static void cancel_id(struct loop *loop, uint64_t id)
{
	struct io_uring_sqe *sqe = loop_sqe(loop);

	io_uring_prep_cancel64(sqe, LOOP_IO | id << 8, 0);
	loop_mark(sqe, LOOP_NOTHING, 0);
}

static void cancel_posted(struct loop *loop, struct post *post)
{
	struct cancel *cancel = (struct cancel *)post;

	cancel_id(loop, cancel->id);
	free(cancel);
}

static void uring_cancel(struct engine *engine, struct engine_req *req)
{
	struct disk_engine *e = (struct disk_engine *)engine;
	struct mark *mark = mark_of(req);
	struct cancel *cancel;

	if (e->at_once)
		return;
	if (mark->id <= ID_CANCELLED) {
		mark->id = ID_CANCELLED;
		return;
	}
	if (mark->loop == loop_self) {
		cancel_id(loop_self, mark->id);
		return;
	}
	/* It is only asked for: without memory the I/O goes on to its end. */
	cancel = malloc(sizeof(*cancel));
	if (!cancel)
		return;
	*cancel = (struct cancel) { .post.run = cancel_posted, .id = mark->id };
	loop_post(mark->loop, &cancel->post);
}

/* --- coming and going --- */

static const struct engine_ops uring_ops = {
	.submit = uring_submit,
	.cancel = uring_cancel,
};

void engine_init(struct disk_engine *engine, pthread_mutex_t *lock, int place,
		 struct loop *fallback)
{
	*engine = (struct disk_engine) {
		.base.ops = &uring_ops,
		.lock = lock,
		.place = place,
		.fallback = fallback,
		.fd = -1,
	};
}

struct forget {
	struct post post;
	int place;
	sem_t *done;
};

static void forget_posted(struct loop *loop, struct post *post)
{
	struct forget *f = (struct forget *)post;
	int none = -1;

	if (f->place < 0) {
		sem_post(f->done);
		return;
	}
	if (loop->file[f->place] >= 0)
		io_uring_register_files_update(&loop->ring, (unsigned int)f->place, &none, 1);
	loop->file[f->place] = -1;
	sem_post(f->done);
}

/* One after the other: each has its turn before this returns. */
static void forget_all(struct forget *forget, struct loop *loops, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		loop_post(loops + i, &forget->post);
		while (sem_wait(forget->done))
			;
	}
}

void engine_forget(struct disk_engine *engine, struct loop *loops, unsigned int nr)
{
	struct forget forget = { .post.run = forget_posted, .place = engine->place };
	sem_t done;

	sem_init(&done, 0, 0);
	forget.done = &done;
	forget_all(&forget, loops, nr);
	/*
	 * Until 6.13 io_uring closes the file when all is over that was begun before: the loops' wait
	 * for a post is, by another post. Parked commands are the caller's to see to.
	 */
	forget.place = -1;
	forget_all(&forget, loops, nr);
	sem_destroy(&done);
}
