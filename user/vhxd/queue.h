/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of the session, and the loop that serves it. One FETCH is parked, or on its way; what
 * is answered goes back with the next one, all of a turn at once.
 */
#ifndef _VHXD_QUEUE_H
#define _VHXD_QUEUE_H

#include <linux/vhx_agent.h>

#include "host.h"
#include "request.h"

/* One is parked with a FETCH, others are in the kernel for a moment only. */
#define QUEUE_NR_BATCHES	4

/* Answers, which the kernel may read until their command is over. */
struct batch {
	struct vhx_agent_done *done;
	uint8_t (*sense)[VHX_AGENT_SENSE_MAX];
	unsigned int nr;
	bool busy;
};

/**
 * struct queue - see above
 * @fetched: tags so far
 * @active: tags that are ours
 * @answered: requests whose answer is in no batch yet
 * @fetching: a FETCH is under way; @drained: there will be no other
 * @watching: an EVENT is under way
 * @scan: posted to look for aborted requests, while @scanning
 * @ping: posted to see whether the loop goes around, while @pinged
 */
struct queue {
	struct host *host;
	struct loop *loop;
	const struct vhx_agent *agent;
	uint16_t index;
	uint32_t fetched;
	unsigned int active;
	struct request *requests;
	struct post *answered, **answered_end;
	struct batch batch[QUEUE_NR_BATCHES];
	bool fetching;
	bool drained;
	bool watching;
	bool has_events;
	struct post scan;
	bool scanning;
	struct post ping;
	bool pinged;
};

/* What a LOOP_QUEUE completion is of; a batch stands above it. */
enum queue_data {
	QUEUE_FETCH,
	QUEUE_COMMIT,
	QUEUE_EVENT,
};

#define QUEUE_DATA(what, batch)	((uint64_t)(what) | (uint64_t)(batch) << 8)
#define QUEUE_NO_BATCH		0xff

/* Makes the loop's struct ready for loop_start(); it lasts as long as the process. */
int queue_open(struct queue *queue, struct host *host, unsigned int index);

/* In the loop's thread: its answer is ready. */
void queue_answer(struct queue *queue, struct request *request);

/* Whether the loop has come by since the last ping; asks it to, again. */
bool queue_ping(struct queue *queue);

/* event.c: in the loop of queue 0 */
void event_watch(struct queue *queue);
void event_complete(struct queue *queue, int res);

#endif
