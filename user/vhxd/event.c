// SPDX-License-Identifier: GPL-2.0-only
/*
 * The EVENT that is always parked: it tells of aborts, and its end, when this process dies, tells
 * the kernel.
 */
#include <errno.h>

#include "log.h"
#include "queue.h"

void event_watch(struct queue *q)
{
	struct io_uring_sqe *sqe = loop_sqe(q->loop);

	vhx_agent__prep_event(sqe, LOOP_FILE_SESSION);
	loop_mark(sqe, LOOP_QUEUE, QUEUE_DATA(QUEUE_EVENT, QUEUE_NO_BATCH));
	q->watching = true;
}

static bool wants_abort(const struct queue *q, const struct request *r)
{
	const volatile __u32 *flags = &q->agent->req[r->tag].flags;

	return r->active && (*flags & VHX_AGENT_REQ_ABORTED);
}

/* Each loop looks at its own tags: nobody else knows whether they are still the same request. */
static void scan(struct loop *loop, struct post *post)
{
	struct queue *q = loop->arg;
	uint32_t i;

	(void)post;
	/* First, so that what is marked from now on is looked for again. */
	__atomic_store_n(&q->scanning, false, __ATOMIC_SEQ_CST);
	for (i = 0; i < q->agent->queue_tags; i++)
		if (wants_abort(q, q->requests + i))
			request_abort(q->requests + i);
}

static void scan_all(struct host *host)
{
	struct queue *q;
	unsigned int i;

	for (i = 0; i < host->conf->queues; i++) {
		q = host->queues + i;
		if (__atomic_exchange_n(&q->scanning, true, __ATOMIC_SEQ_CST))
			continue;
		q->scan.run = scan;
		loop_post(q->loop, &q->scan);
	}
}

void event_complete(struct queue *q, int res)
{
	q->watching = false;
	if (res == -ESHUTDOWN) {
		q->has_events = false;
		return;
	}
	if (res < 0 && res != -EINTR && res != -EAGAIN)
		log_die("waiting for events: %s", msg_errno(res));
	if (res > 0 && (res & VHX_AGENT_EV_ABORT))
		scan_all(q->host);
}
