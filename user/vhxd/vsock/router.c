// SPDX-License-Identifier: GPL-2.0-only
/*
 * The thread: what comes from guests by the session, what comes from sockets by epoll, both by one ring.
 */
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../log.h"
#include "keep.h"
#include "router.h"

#define ENTRIES		64U
#define EVENTS_AT_ONCE	64

/* What a completion is of: the low byte; of a batch its number stands above. */
enum { OF_FETCH, OF_COMMIT, OF_EVENT, OF_POLL };

#define NO_BATCH	0xffU
#define DATA(of, batch)	((uint64_t)(of) | (uint64_t)(batch) << 8)

/* --- the session --- */

static struct io_uring_sqe *get_sqe(struct vsock *v)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&v->ring);

	while (!sqe) {
		io_uring_submit(&v->ring);
		sqe = io_uring_get_sqe(&v->ring);
	}
	return sqe;
}

static void on_message(struct guest *g, const struct vhx_agent_req *r)
{
	const uint8_t *at = (const uint8_t *)g->vsock->agent->pool + r->pool_off;
	struct vhx_vsock_msg m;

	if (r->out_len < sizeof(m))
		return;
	memcpy(&m, at, sizeof(m));
	if (m.len <= r->out_len - sizeof(m))
		flow_message(g, &m, at + sizeof(m));
}

static void on_tag(struct vsock *v, uint32_t tag)
{
	const struct vhx_agent_req *r = &v->agent->req[tag];
	struct guest *g = NULL;
	unsigned int i;

	for (i = 0; i < v->room; i++)
		if (v->guests[i].number == r->endpoint)
			g = &v->guests[i];
	if (g && r->type == VHX_AGENT_REQ_GRANT && g->ngrants < SLOTS) {
		keep_granted(v, tag);
		g->grants[g->ngrants++] = tag;
		return;
	}
	if (g && r->type == VHX_AGENT_REQ_MESSAGE)
		on_message(g, r);
	v->answer[v->nr_answers++] = (struct vhx_agent_done) { .tag = tag, .gen = r->gen };
}

static void fetched(struct vsock *v, int res)
{
	int i;

	v->fetching = false;
	if (res == -EINTR || res == -EAGAIN)
		return;
	if (res < 0)
		log_die("vsock: fetching: %s", msg_errno(res));
	for (i = 0; i < res; i++)
		on_tag(v, vhx_agent__tag(v->agent, 0, v->fetched++));
}

static struct answers *free_batch(struct vsock *v)
{
	unsigned int i;

	for (i = 0; i < sizeof(v->batch) / sizeof(*v->batch); i++)
		if (!v->batch[i].busy)
			return &v->batch[i];
	return NULL;
}

/* With all batches in the kernel the answers wait: a command's end brings the next turn. */
static void commit(struct vsock *v)
{
	struct answers *b = free_batch(v);
	struct vhx_agent_answers answers;
	struct vhx_agent_done *done;
	struct io_uring_sqe *sqe;

	if (!b)
		return;
	done = b->done;
	b->done = v->answer;
	b->nr = v->nr_answers;
	b->busy = true;
	v->answer = done;
	v->nr_answers = 0;
	answers = (struct vhx_agent_answers) {
		.done = b->done, .nr = (uint16_t)b->nr, .fetch = !v->fetching,
	};
	sqe = get_sqe(v);
	vhx_agent__prep_commit(sqe, v->agent->fd, &answers);
	io_uring_sqe_set_data64(sqe, DATA(answers.fetch ? OF_FETCH : OF_COMMIT, b - v->batch));
	v->fetching = true;
}

static void ask(struct vsock *v)
{
	struct io_uring_sqe *sqe;

	if (v->nr_answers)
		commit(v);
	if (!v->fetching) {
		sqe = get_sqe(v);
		vhx_agent__prep_fetch(sqe, v->agent->fd, 0);
		io_uring_sqe_set_data64(sqe, DATA(OF_FETCH, NO_BATCH));
		v->fetching = true;
	}
	if (!v->watching_events) {
		sqe = get_sqe(v);
		vhx_agent__prep_event(sqe, v->agent->fd);
		io_uring_sqe_set_data64(sqe, DATA(OF_EVENT, NO_BATCH));
		v->watching_events = true;
	}
	if (!v->polling) {
		sqe = get_sqe(v);
		io_uring_prep_poll_add(sqe, v->epoll, POLLIN);
		io_uring_sqe_set_data64(sqe, DATA(OF_POLL, NO_BATCH));
		v->polling = true;
	}
}

/* --- sockets --- */

static void on_wake(struct vsock *v)
{
	eventfd_t n;

	eventfd_read(v->wake.fd, &n);
	__atomic_store_n(&v->pinged, false, __ATOMIC_RELEASE);
}

static void on_event(struct vsock *v, const struct epoll_event *e)
{
	struct watch *w = e->data.ptr;

	switch (w->kind) {
	case WATCH_WAKE:
		on_wake(v);
		break;
	case WATCH_LISTENER:
		unix_accept((struct listener *)w);
		break;
	case WATCH_FLOW:
		flow_event((struct flow *)w, e->events);
		break;
	case WATCH_GRACE:
		keep_expire(v);
		break;
	}
}

static void on_sockets(struct vsock *v)
{
	struct epoll_event event[EVENTS_AT_ONCE];
	int n, i;

	v->polling = false;
	n = epoll_wait(v->epoll, event, EVENTS_AT_ONCE, 0);
	for (i = 0; i < n; i++)
		on_event(v, &event[i]);
}

/* --- the main thread --- */

static void wake(struct vsock *v)
{
	if (eventfd_write(v->wake.fd, 1))
		log_die("vsock: waking it: %s", msg_errno(errno));
}

int vsock_call(struct vsock *v, int (*run)(struct vsock *vsock, void *arg), void *arg)
{
	struct call call = { .run = run, .arg = arg };

	sem_init(&call.done, 0, 0);
	__atomic_store_n(&v->call, &call, __ATOMIC_RELEASE);
	wake(v);
	while (sem_wait(&call.done))
		;
	sem_destroy(&call.done);
	return call.ret;
}

/* Not among events of sockets: what it does away with may be in some that are yet to be looked at. */
static void answer_call(struct vsock *v)
{
	struct call *call = __atomic_exchange_n(&v->call, NULL, __ATOMIC_ACQ_REL);

	if (!call)
		return;
	call->ret = call->run(v, call->arg);
	sem_post(&call->done);
}

bool vsock_alive(struct vsock *v)
{
	if (!v)
		return true;
	if (__atomic_load_n(&v->pinged, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&v->pinged, true, __ATOMIC_RELEASE);
	wake(v);
	return true;
}

/* --- turns --- */

static void complete(struct vsock *v, uint64_t data, int res)
{
	if (data >> 8 < sizeof(v->batch) / sizeof(*v->batch))
		v->batch[data >> 8].busy = false;
	switch (data & 0xff) {
	case OF_FETCH:
		fetched(v, res);
		break;
	case OF_COMMIT:
		if (res < 0)
			log_die("vsock: committing: %s", msg_errno(res));
		break;
	case OF_EVENT:
		v->watching_events = false;
		break;
	case OF_POLL:
		on_sockets(v);
		break;
	}
}

static void reap(struct vsock *v)
{
	struct io_uring_cqe *cqe;
	uint64_t data;
	int res;

	while (!io_uring_peek_cqe(&v->ring, &cqe)) {
		data = cqe->user_data;
		res = cqe->res;
		io_uring_cqe_seen(&v->ring, cqe);
		complete(v, data, res);
	}
}

static void turn(struct vsock *v)
{
	unsigned int i;
	int ret;

	answer_call(v);
	if (v->ending)
		return;
	for (i = 0; i < v->room; i++)
		guest_turn(&v->guests[i]);
	ask(v);
	ret = io_uring_submit_and_wait(&v->ring, 1);
	if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY)
		log_die("vsock: waiting: %s", msg_errno(ret));
	reap(v);
}

static void *thread(void *arg)
{
	struct vsock *v = arg;
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
		.cq_entries = ENTRIES * 4,
	};
	int ret;

	ret = io_uring_queue_init_params(ENTRIES, &v->ring, &params);
	if (ret)
		log_die("vsock: io_uring is not to be had: %s", msg_errno(ret));
	while (!v->ending)
		turn(v);
	io_uring_queue_exit(&v->ring);
	return NULL;
}

/* --- beginning and end --- */

static uint32_t power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

static int open_answers(struct vsock *v)
{
	unsigned int i;

	v->answer = calloc(v->agent->tags, sizeof(*v->answer));
	for (i = 0; i < sizeof(v->batch) / sizeof(*v->batch); i++) {
		v->batch[i].done = calloc(v->agent->tags, sizeof(*v->answer));
		if (!v->batch[i].done)
			return -ENOMEM;
	}
	return v->answer ? 0 : -ENOMEM;
}

static int open_session(struct vsock *v, struct msg *msg)
{
	const uint32_t slots = 2 * SLOTS * v->room;
	int ret;

	ret = vhx_agent__open(&v->agent, 1, power_of_two(slots), slots * SLOT_SIZE);
	if (!ret)
		ret = open_answers(v);
	if (ret)
		return msg_set(msg, ret, "vsock: no session with the kernel (%s): modprobe vhx_vsock",
			       msg_errno(ret));
	return 0;
}

static int open_epoll(struct vsock *v, struct msg *msg)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &v->wake };

	v->epoll = epoll_create1(EPOLL_CLOEXEC);
	v->wake = (struct watch) { WATCH_WAKE, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (v->epoll < 0 || v->wake.fd < 0 ||
	    epoll_ctl(v->epoll, EPOLL_CTL_ADD, v->wake.fd, &event))
		return msg_set(msg, -errno, "vsock: epoll: %s", msg_errno(-errno));
	return 0;
}

int vsock_open(const struct conf *conf, struct vsock **to, struct msg *msg)
{
	struct vsock *v;
	unsigned int i;
	int ret;

	*to = NULL;
	if (!conf->vsock_guests) {
		keep_nothing();
		return 0;
	}
	v = calloc(1, sizeof(*v));
	if (v)
		v->guests = calloc(conf->vsock_guests, sizeof(*v->guests));
	if (!v || !v->guests)
		return msg_set(msg, -ENOMEM, "no memory");
	v->room = conf->vsock_guests;
	for (i = 0; i < v->room; i++)
		guest_init(v, &v->guests[i]);
	v->log = audit_open(conf->vsock_log, msg);
	if (v->log < -1)
		return v->log;
	ret = open_session(v, msg);
	if (!ret)
		ret = open_epoll(v, msg);
	if (!ret)
		ret = keep_open(v, conf, msg);
	if (!ret)
		ret = vsock_open_guests(v, conf, msg);
	if (!ret)
		ret = keep_go_on(v, msg);
	/* What was opened goes with the process, which ends; but for the sockets' names. */
	for (i = 0; ret && i < v->room; i++)
		unix_leave(&v->guests[i]);
	if (!ret)
		*to = v;
	return ret;
}

int vsock_run(struct vsock *v, struct msg *msg)
{
	int ret;

	if (!v)
		return 0;
	ret = -pthread_create(&v->thread, NULL, thread, v);
	return ret ? msg_set(msg, ret, "vsock: no thread (%s)", msg_errno(ret)) : 0;
}

static int end(struct vsock *v, void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < v->room; i++)
		unix_leave(&v->guests[i]);
	v->ending = true;
	return 0;
}

void vsock_close(struct vsock *v)
{
	if (!v)
		return;
	vsock_call(v, end, NULL);
	pthread_join(v->thread, NULL);
	vhx_agent__close(v->agent);
}
