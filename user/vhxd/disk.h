/* SPDX-License-Identifier: GPL-2.0-only */
/* A disk: its backend, its engine, and the SCSI unit over them. */
#ifndef _VHXD_DISK_H
#define _VHXD_DISK_H

#include <pthread.h>

#include "conf.h"
#include "engine_uring.h"
#include "scsi/list.h"
#include "scsi/scsi.h"

/**
 * struct group - targets that may share disks
 * @lock: whoever calls the SCSI library on any of them holds it
 */
struct group {
	struct list node;
	char name[CONF_WORD_LEN];
	pthread_mutex_t lock;
};

/**
 * struct disk - see above
 * @uses: how many targets have it
 */
struct disk {
	struct list node;
	struct disk_conf conf;
	struct group *group;
	struct disk_engine engine;
	struct backend *backend;
	struct scsi_unit *unit;
	unsigned int uses;
};

/**
 * struct disk_home - where disks live
 * @wait_ms: for how long to wait for the lock of a file, which I/O of a dead agent may have
 */
struct disk_home {
	const char *state_dir;
	const char *boot_id;
	struct loop *loops;
	unsigned int nr_loops;
	unsigned int wait_ms;
};

/**
 * struct disk_spec - a disk to be opened
 * @place: among the registered files; its own until disk_close() returns
 */
struct disk_spec {
	const struct disk_conf *conf;
	struct group *group;
	int place;
};

int disk_open(const struct disk_home *home, const struct disk_spec *spec, struct disk **disk,
	      struct msg *msg);
/* Nothing has it mapped. */
void disk_close(const struct disk_home *home, struct disk *disk, bool loops_run);

/* The file grows to @bytes, unless they are 0; the guests are told of its size. */
/* What outlives the agent is on stable storage, or its log says why not. */
void disk_save(const struct disk_home *home, struct disk *disk);

int disk_resize(struct disk *disk, uint64_t bytes, struct msg *msg);

#endif
