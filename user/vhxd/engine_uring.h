/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SCSI library's engine, over whichever loop the library is called from. Everything of a
 * unit happens under its lock; a completion takes it.
 */
#ifndef _VHXD_ENGINE_URING_H
#define _VHXD_ENGINE_URING_H

#include "loop.h"
#include "scsi/engine.h"

/**
 * struct disk_engine - the engine of one disk
 * @lock: of the targets that the disk is of
 * @place: the disk's among the registered files of every loop
 * @fallback: a loop, for who calls from a thread that has none
 * @fd: of the disk, as soon as it is known
 * @at_once: memory is behind it, and io_uring would only hand it to a thread
 */
struct disk_engine {
	struct engine base;
	pthread_mutex_t *lock;
	int place;
	struct loop *fallback;
	int fd;
	bool at_once;
};

void engine_init(struct disk_engine *engine, pthread_mutex_t *lock, int place,
		 struct loop *fallback);

/* No loop has the disk's file open any more when it returns: then its lock can be another's. */
void engine_forget(struct disk_engine *engine, struct loop *loops, unsigned int nr);

/* loop.c's */
int engine_slots_open(struct loop *loop);
void engine_slots_close(struct loop *loop);
void engine_complete(struct loop *loop, uint64_t data, int res);

#endif
