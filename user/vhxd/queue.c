// SPDX-License-Identifier: GPL-2.0-only
/* FETCH and COMMIT of one queue. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "queue.h"

_Static_assert(SCSI_SENSE_MAX <= VHX_AGENT_SENSE_MAX, "the kernel takes all of it");

/* --- answers --- */

void queue_answer(struct queue *q, struct request *r)
{
	r->post.next = NULL;
	*q->answered_end = &r->post;
	q->answered_end = &r->post.next;
}

static int free_batch(const struct queue *q)
{
	int i;

	for (i = 0; i < QUEUE_NR_BATCHES; i++)
		if (!q->batch[i].busy)
			return i;
	return -1;
}

/* All there are fit: each is of another tag. */
static void fill_batch(struct queue *q, struct batch *b)
{
	struct post *post, *next;

	b->nr = 0;
	for (post = q->answered; post; post = next) {
		next = post->next;
		request_fill((struct request *)((char *)post - offsetof(struct request, post)),
			     b->done + b->nr, b->sense[b->nr]);
		b->nr++;
	}
	q->answered = NULL;
	q->answered_end = &q->answered;
	q->active -= b->nr;
	b->busy = true;
}

static void commit(struct queue *q, int at, bool fetch)
{
	struct batch *b = q->batch + at;
	struct io_uring_sqe *sqe = loop_sqe(q->loop);
	struct vhx_agent_answers answers;

	fill_batch(q, b);
	answers = (struct vhx_agent_answers) {
		.done = b->done,
		.nr = (uint16_t)b->nr,
		.queue = q->index,
		.fetch = fetch,
	};
	vhx_agent__prep_commit(sqe, LOOP_FILE_SESSION, &answers);
	loop_mark(sqe, LOOP_QUEUE, QUEUE_DATA(fetch ? QUEUE_FETCH : QUEUE_COMMIT, at));
}

static void fetch_only(struct queue *q)
{
	struct io_uring_sqe *sqe = loop_sqe(q->loop);

	vhx_agent__prep_fetch(sqe, LOOP_FILE_SESSION, q->index);
	loop_mark(sqe, LOOP_QUEUE, QUEUE_DATA(QUEUE_FETCH, QUEUE_NO_BATCH));
}

/* With all batches in the kernel the answers wait for the next turn; a command's end brings it. */
static void queue_turn(struct loop *loop)
{
	struct queue *q = loop->arg;
	bool fetch = !q->fetching && !q->drained;
	int at = q->answered ? free_batch(q) : -1;

	if (q->has_events && !q->watching && !q->drained)
		event_watch(q);
	if (at >= 0)
		commit(q, at, fetch);
	else if (fetch)
		fetch_only(q);
	/* The FETCH that is parked says of all that ends a commit badly. */
	loop->at_once = at >= 0 && q->fetching;
	q->fetching |= fetch;
}

/* --- completions --- */

static void start(struct queue *q, uint32_t tag)
{
	uint32_t at = tag - q->index * q->agent->queue_tags;

	if (at >= q->agent->queue_tags || q->requests[at].active)
		log_die("queue %u: the kernel gave tag %u, which cannot be", q->index, tag);
	q->active++;
	request_start(q->requests + at);
}

static void fetched(struct queue *q, int res)
{
	int i;

	q->fetching = false;
	if (res == -ESHUTDOWN) {
		q->drained = true;
		return;
	}
	if (res == -EINTR || res == -EAGAIN)
		return;
	if (res < 0)
		log_die("queue %u: fetching: %s", q->index, msg_errno(res));
	for (i = 0; i < res; i++)
		start(q, vhx_agent__tag(q->agent, q->index, q->fetched++));
}

static void committed(const struct queue *q, const struct batch *b, int res)
{
	if (res < 0)
		log_die("queue %u: committing: %s", q->index, msg_errno(res));
	if ((unsigned int)res < b->nr)
		log_warning("queue %u: the kernel has no use for %u of %u answers", q->index,
			    b->nr - (unsigned int)res, b->nr);
}

static void queue_complete(struct loop *loop, uint64_t data, int res)
{
	struct queue *q = loop->arg;
	struct batch *b = NULL;

	if (data >> 8 < QUEUE_NR_BATCHES)
		b = q->batch + (data >> 8);
	if (b)
		b->busy = false;
	switch ((enum queue_data)(data & 0xff)) {
	case QUEUE_FETCH:
		fetched(q, res);
		break;
	case QUEUE_COMMIT:
		committed(q, b, res);
		break;
	case QUEUE_EVENT:
		event_complete(q, res);
		break;
	}
}

static bool queue_idle(struct loop *loop)
{
	const struct queue *q = loop->arg;
	int i;

	for (i = 0; i < QUEUE_NR_BATCHES; i++)
		if (q->batch[i].busy)
			return false;
	return q->drained && !q->active && !q->watching;
}

static const struct loop_user queue_user = {
	.turn = queue_turn,
	.complete = queue_complete,
	.idle = queue_idle,
};

/* --- liveness --- */

static void on_ping(struct loop *loop, struct post *post)
{
	struct queue *q = loop->arg;

	(void)post;
	__atomic_store_n(&q->pinged, false, __ATOMIC_RELEASE);
}

bool queue_ping(struct queue *q)
{
	if (__atomic_load_n(&q->pinged, __ATOMIC_ACQUIRE))
		return false;
	q->pinged = true;
	q->ping.run = on_ping;
	loop_post(q->loop, &q->ping);
	return true;
}

/* --- memory --- */

static int open_batches(struct queue *q)
{
	uint32_t nr = q->agent->queue_tags;
	int i;

	for (i = 0; i < QUEUE_NR_BATCHES; i++) {
		q->batch[i].done = calloc(nr, sizeof(*q->batch[i].done));
		q->batch[i].sense = calloc(nr, sizeof(*q->batch[i].sense));
		if (!q->batch[i].done || !q->batch[i].sense)
			return -ENOMEM;
	}
	return 0;
}

static int open_requests(struct queue *q)
{
	uint32_t i, nr = q->agent->queue_tags;

	q->requests = calloc(nr, sizeof(*q->requests));
	if (!q->requests)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		q->requests[i].queue = q;
		q->requests[i].tag = q->index * nr + i;
	}
	return 0;
}

int queue_open(struct queue *q, struct host *host, unsigned int index)
{
	struct loop *loop = host->loops + index;
	*q = (struct queue) {
		.host = host,
		.loop = loop,
		.agent = host->agent,
		.index = (uint16_t)index,
		.has_events = !index,
	};
	q->answered_end = &q->answered;
	*loop = (struct loop) {
		.user = &queue_user,
		.arg = q,
		.index = index,
		.session = host->agent->fd,
		.depth = host->agent->queue_tags,
		.pool = host->agent->pool,
		.pool_size = host->agent->pool_size,
		.zcopy = host->zcopy,
	};
	return open_requests(q) ? -ENOMEM : open_batches(q);
}
