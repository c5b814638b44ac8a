/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent's session from the agent's side: its fd, what is mapped, and a ring for its commands.
 * A command is filled in by hand: tests send wrong ones too.
 */
#ifndef _VHX_TEST_AGENT_H
#define _VHX_TEST_AGENT_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/vhx.h>
#include <linux/vhx_agent.h>

#define AGENT_CTL	"/dev/vhx"

/**
 * struct agent - a session
 * @fd: its fd
 * @queues: as opened
 * @tags: as opened
 * @pool_size: as opened
 * @req: mapped
 * @tag: mapped, the queues' rings
 * @pool: mapped
 * @uring: for its commands
 */
struct agent {
	int fd;
	uint32_t queues;
	uint32_t tags;
	uint32_t pool_size;
	struct vhx_agent_req *req;
	uint32_t *tag;
	char *pool;
	struct io_uring uring;
};

/* The ioctls. They return 0 or an fd, or -errno. */
int agent_open_fd(uint32_t queues, uint32_t tags, uint32_t pool_size);
int agent_open_with(const struct vhx_agent_open *arg);
int agent_attach(int fd, const char *name);
int agent_destroy(const char *name);
/* Until what a dead session did is over; -ETIMEDOUT after @ms. */
int agent_attach_wait(int fd, const char *name, int ms);

/* An endpoint's targets are those of @map, and no other. */
int agent_targets(int fd, uint32_t endpoint, const uint64_t map[4]);

/* A session with all of it; what does not work ends the test. */
void agent_start(struct agent *a, uint32_t queues, uint32_t tags, uint32_t pool_size);
void agent_start_with(struct agent *a, const struct vhx_agent_open *arg);
void agent_stop(struct agent *a);

/* Submit a command of queue @queue; @data comes back with it. */
struct io_uring_sqe *agent_sqe(struct agent *a, uint32_t op, uint16_t queue, uint64_t data);
struct vhx_agent_cmd *agent_sqe_cmd(struct io_uring_sqe *sqe);
int agent_submit(struct agent *a);
/* The next completion: true, and its result and data; false when there is none for @ms. */
bool agent_next(struct agent *a, int ms, int *res, uint64_t *data);
/* One command from end to end; -ETIME when it was parked. */
int agent_do(struct agent *a, uint32_t op, uint16_t queue);

#endif
