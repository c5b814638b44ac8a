/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk of 1 MiB that two VMs share, each through a target of its own, and what sends commands
 * to it. Data-in buffers are as large as is said and not a byte more, so that ASAN sees what is
 * written beyond.
 */
#ifndef _AGENT_RIG_H
#define _AGENT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bytes.h"
#include "engine_double.h"
#include "scsi.h"
#include "sense.h"

#define DISK_SIZE	(1U << 20)
#define DISK_LUN	5

/* What is not as it usually is: a thin file of 512-byte blocks with a cache and a state file. */
struct rig_opts {
	const char *backend;
	uint32_t block_size;
	uint64_t size;
	bool read_only, thick, no_cache, no_state, keep_file, keep_state;
	bool keep_ua;		/* POWER ON is left pending */
	const char *boot_id;
};

struct rig {
	struct engine_double engine;
	struct backend *backend;
	struct scsi_unit *unit;
	struct scsi_target *target[2];
	struct scsi_nexus *nexus[2];
	char path[512], state[512];
};

/* A command with its buffers; free it with shot_free() once it is done. */
struct shot {
	struct scsi_cmd cmd;
	int dones;
	uint8_t *in, *out;
};

void rig_open(struct rig *rig, const struct rig_opts *opts);
void rig_close(struct rig *rig);
/* No pending attention is left for either. */
void rig_quiet(struct rig *rig);
/* Blocks of the disk, behind the library's back */
void rig_peek(struct rig *rig, uint64_t off, void *buf, uint32_t len);
void rig_poke(struct rig *rig, uint64_t off, const void *buf, uint32_t len);

#define CDB(...)	((const uint8_t[SCSI_CDB_MAX]) { __VA_ARGS__ })

/* Prepared, not sent */
struct shot *shot_new(struct rig *rig, int nexus, const uint8_t *cdb);
void shot_out(struct shot *s, const void *data, uint32_t len);
void shot_in(struct shot *s, uint32_t cap);
void shot_free(struct shot *s);

/* Sent, and seen to be done exactly once */
void shot_fire(struct shot *s);

/* All at once: a new shot that was fired. */
struct shot *rig_in(struct rig *rig, int nexus, const uint8_t *cdb, uint32_t cap);
struct shot *rig_out(struct rig *rig, int nexus, const uint8_t *cdb, const void *data,
		     uint32_t len);

/* Its status, and of CHECK CONDITION key, code and qualifier as of enum sense_code */
uint32_t shot_sense(const struct shot *s);
bool shot_info(const struct shot *s, uint64_t *info);
#define assert_good(s)		assert_int_equal((s)->cmd.status, SCSI_GOOD)
#define assert_sense(s, code)	assert_int_equal(shot_sense(s), code)
#define assert_status(s, st)	assert_int_equal((s)->cmd.status, st)
/* The field it complains of, in the CDB or in the list; -1 for a bit that is not given */
void assert_field(const struct shot *s, bool in_cdb, uint16_t byte, int bit);

/* One line for commands whose shot nobody looks at: the status, or its sense code */
uint32_t quick(struct rig *rig, int nexus, const uint8_t *cdb);
uint32_t quick_out(struct rig *rig, int nexus, const uint8_t *cdb, const void *data, uint32_t len);

/* $VHX_SEED, or the time; printed */
uint32_t rig_seed(void);
/* How far down the stack commands were done, at the deepest; NULL it for a new look. */
extern char *rig_deepest;

/* fsync() as 's' and rename() as 'r', in the order they were called; empty it for a new look. */
extern char rig_events[32];
/* What the next fsync() fails with, once */
extern int rig_fsync_error;

/* A file's name in the directory for such */
const char *rig_path(const char *name, char *buf, size_t size);

#endif
