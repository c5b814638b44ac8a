/* SPDX-License-Identifier: GPL-2.0-only */
/* A request of a guest, from its tag to its answer. */
#ifndef _VHXD_REQUEST_H
#define _VHXD_REQUEST_H

#include <linux/vhx_agent.h>

#include "loop.h"
#include "scsi/scsi.h"

struct queue;
struct endpoint;

/**
 * struct request - one for each tag, used again
 * @post: takes it home, if another loop's thread finished it
 * @endpoint: NULL if the kernel named one that is not there
 * @active: between the fetch and the answer
 * @aborting: the SCSI library was told
 * @more: other windows follow, unless @last: the command needs none of them
 */
struct request {
	struct scsi_cmd cmd;
	struct post post;
	struct queue *queue;
	struct endpoint *endpoint;
	uint32_t tag;
	uint32_t gen;
	uint8_t response;
	bool active;
	bool aborting;
	bool more;
	bool last;
};

/* The tag was fetched. Its answer comes by queue_answer(). */
void request_start(struct request *request);

/* The guest wants it to end. */
void request_abort(struct request *request);

/* Into @done, with the sense at @sense; the tag is the kernel's then. */
void request_fill(struct request *request, struct vhx_agent_done *done, uint8_t *sense);

#endif
