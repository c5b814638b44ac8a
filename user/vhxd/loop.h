/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A loop is a thread with a ring, and nobody else touches that ring. Who wants something of a
 * loop posts it. A loop serves one queue of the session; it knows no SCSI.
 */
#ifndef _VHXD_LOOP_H
#define _VHXD_LOOP_H

#include <liburing.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "scsi/msg.h"
#include "zcopy.h"

/* Places among the registered files. */
enum {
	LOOP_FILE_SESSION,
	LOOP_FILE_WAKE,
	LOOP_FILE_DISKS,
	LOOP_NR_FILES = 1024,
};

/* What a completion belongs to: the low byte of its user_data, the rest is its owner's. */
enum loop_kind {
	LOOP_NOTHING,
	LOOP_WAKE,
	LOOP_IO,
	LOOP_QUEUE,
	LOOP_BUFFER,
};

struct loop;

/* Something to be done in a loop's thread. It is the poster's again when run() is called. */
struct post {
	struct post *next;
	void (*run)(struct loop *loop, struct post *post);
};

/**
 * struct loop_user - whose loop it is
 * @turn: before each sleep: what is to be submitted with the rest
 * @complete: LOOP_QUEUE's completions
 * @idle: there is nothing that the loop must still wait for; asked once it is to end
 */
struct loop_user {
	void (*turn)(struct loop *loop);
	void (*complete)(struct loop *loop, uint64_t data, int res);
	bool (*idle)(struct loop *loop);
};

struct io_slot;

/**
 * struct loop - see above
 * @session: fd, or -1
 * @pool, @pool_size: registered as fixed buffer 0 if @fixed
 * @zcopy: windows whose bytes are with the guest, NULL if there are none
 * @slots: I/O under way, see engine_uring.c
 * @at_once: of what is to be submitted so many complete as they are: nothing to wake up for
 * @file: disk at a place among the registered files, as far as this loop knows
 */
struct loop {
	struct io_uring ring;
	const struct loop_user *user;
	void *arg;
	unsigned int index;
	int session;
	unsigned int depth;
	void *pool;
	size_t pool_size;
	struct zcopy *zcopy;
	bool fixed;

	pthread_t thread;
	sem_t ready;
	int start_err;

	pthread_mutex_t lock;
	struct post *first, **last;
	int wake;
	uint64_t wake_count;

	struct io_slot *slots;
	uint32_t free_slot;
	struct post *waiting, **waiting_end;
	unsigned int in_flight;
	unsigned int at_once;
	int file[LOOP_NR_FILES];

	struct post end;
	bool ending;
};

/* Of the thread that calls; NULL in one that is no loop's. */
extern __thread struct loop *loop_self;

/* @user, @arg, @index, @session, @depth, and the pool are filled in; returns when its ring is there. */
int loop_start(struct loop *loop, struct msg *msg);
/* It ends once it is idle; what it waits for then may take its time. */
void loop_end(struct loop *loop);
void loop_join(struct loop *loop);

void loop_post(struct loop *loop, struct post *post);

/* Never NULL: what is there is submitted to make room. */
struct io_uring_sqe *loop_sqe(struct loop *loop);
/* Once it is prepared: what its completion belongs to, and that its file is a registered one. */
void loop_mark(struct io_uring_sqe *sqe, enum loop_kind kind, uint64_t data);

/* ring.c: the ring as it is set up, and closed down to what the agent does. */
int ring_open(struct loop *loop, struct msg *msg);

#endif
