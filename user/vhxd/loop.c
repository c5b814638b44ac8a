// SPDX-License-Identifier: GPL-2.0-only
/* Around and around: submit, sleep, and do what completed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine_uring.h"
#include "log.h"
#include "loop.h"

__thread struct loop *loop_self;

struct io_uring_sqe *loop_sqe(struct loop *loop)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);
	int ret;

	while (!sqe) {
		ret = io_uring_submit(&loop->ring);
		if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY)
			log_die("loop %u: submitting: %s", loop->index, msg_errno(ret));
		sqe = io_uring_get_sqe(&loop->ring);
	}
	return sqe;
}

void loop_mark(struct io_uring_sqe *sqe, enum loop_kind kind, uint64_t data)
{
	sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data64(sqe, (uint64_t)kind | data << 8);
}

/* --- posts --- */

void loop_post(struct loop *loop, struct post *post)
{
	bool first;

	post->next = NULL;
	pthread_mutex_lock(&loop->lock);
	first = !loop->first;
	*loop->last = post;
	loop->last = &post->next;
	pthread_mutex_unlock(&loop->lock);
	if (first && eventfd_write(loop->wake, 1))
		log_die("loop %u: waking it: %s", loop->index, msg_errno(errno));
}

static void watch_posts(struct loop *loop)
{
	struct io_uring_sqe *sqe = loop_sqe(loop);

	io_uring_prep_read(sqe, LOOP_FILE_WAKE, &loop->wake_count, sizeof(loop->wake_count), 0);
	loop_mark(sqe, LOOP_WAKE, 0);
}

static void run_posts(struct loop *loop)
{
	struct post *post, *next;

	pthread_mutex_lock(&loop->lock);
	post = loop->first;
	loop->first = NULL;
	loop->last = &loop->first;
	pthread_mutex_unlock(&loop->lock);
	for (; post; post = next) {
		next = post->next;
		post->run(loop, post);
	}
}

/* --- turns --- */

static void complete(struct loop *loop, uint64_t user_data, int res)
{
	uint64_t data = user_data >> 8;

	switch ((enum loop_kind)(user_data & 0xff)) {
	case LOOP_WAKE:
		watch_posts(loop);
		run_posts(loop);
		break;
	case LOOP_IO:
		engine_complete(loop, data, res);
		break;
	case LOOP_QUEUE:
		loop->user->complete(loop, data, res);
		break;
	case LOOP_BUFFER:
		zcopy_registered(loop->zcopy, (uint32_t)data, res);
		break;
	case LOOP_NOTHING:
		break;
	}
}

static void reap(struct loop *loop)
{
	struct io_uring_cqe *cqe;
	uint64_t user_data;
	int res;

	while (!io_uring_peek_cqe(&loop->ring, &cqe)) {
		user_data = cqe->user_data;
		res = cqe->res;
		io_uring_cqe_seen(&loop->ring, cqe);
		complete(loop, user_data, res);
	}
}

static bool is_over(struct loop *loop)
{
	return loop->ending && !loop->in_flight && !loop->waiting &&
	       (!loop->user || loop->user->idle(loop));
}

static void turn(struct loop *loop)
{
	int ret;

	if (loop->user)
		loop->user->turn(loop);
	if (is_over(loop))
		return;
	ret = io_uring_submit_and_wait(&loop->ring, 1 + loop->at_once);
	loop->at_once = 0;
	if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY && ret != -ETIME)
		log_die("loop %u: waiting: %s", loop->index, msg_errno(ret));
	reap(loop);
}

static int open_all(struct loop *loop, struct msg *msg)
{
	int ret;

	ret = ring_open(loop, msg);
	if (ret)
		return ret;
	ret = engine_slots_open(loop);
	if (ret) {
		io_uring_queue_exit(&loop->ring);
		return msg_set(msg, ret, "loop %u: no memory", loop->index);
	}
	return 0;
}

/* The kernel does not tell anybody when a thread ends: it must not, as long as there is a session. */
static void on_exit_unasked(void *arg)
{
	struct loop *loop = arg;

	log_die("loop %u: its thread ended, so that nobody would serve its queue", loop->index);
}

static void run(struct loop *loop)
{
	pthread_cleanup_push(on_exit_unasked, loop);
	watch_posts(loop);
	while (!is_over(loop))
		turn(loop);
	pthread_cleanup_pop(0);
}

static void *thread(void *arg)
{
	struct loop *loop = arg;
	struct msg msg;

	loop_self = loop;
	loop->start_err = open_all(loop, &msg);
	if (loop->start_err)
		log_error("%s", msg.text);
	sem_post(&loop->ready);
	if (loop->start_err)
		return NULL;
	run(loop);
	engine_slots_close(loop);
	io_uring_queue_exit(&loop->ring);
	return NULL;
}

static void init(struct loop *loop)
{
	unsigned int i;

	pthread_mutex_init(&loop->lock, NULL);
	sem_init(&loop->ready, 0, 0);
	loop->first = NULL;
	loop->last = &loop->first;
	loop->ending = false;
	loop->at_once = 0;
	for (i = 0; i < LOOP_NR_FILES; i++)
		loop->file[i] = -1;
}

static void destroy(struct loop *loop)
{
	close(loop->wake);
	sem_destroy(&loop->ready);
	pthread_mutex_destroy(&loop->lock);
}

int loop_start(struct loop *loop, struct msg *msg)
{
	int ret;

	init(loop);
	loop->wake = eventfd(0, EFD_CLOEXEC);
	if (loop->wake < 0)
		return msg_set(msg, -errno, "eventfd: %s", msg_errno(errno));
	ret = -pthread_create(&loop->thread, NULL, thread, loop);
	if (ret) {
		destroy(loop);
		return msg_set(msg, ret, "no thread for loop %u (%s)", loop->index, msg_errno(ret));
	}
	while (sem_wait(&loop->ready))
		;
	if (!loop->start_err)
		return 0;
	loop_join(loop);
	return msg_set(msg, loop->start_err, "loop %u does not start", loop->index);
}

static void on_end(struct loop *loop, struct post *post)
{
	(void)post;
	loop->ending = true;
}

void loop_end(struct loop *loop)
{
	loop->end.run = on_end;
	loop_post(loop, &loop->end);
}

void loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
	destroy(loop);
}
