/* SPDX-License-Identifier: GPL-2.0-only */
/* How commands are written: handlers, steps, answers. */
#ifndef _VHXD_CMD_H
#define _VHXD_CMD_H

#include "bytes.h"
#include "op.h"
#include "sense.h"
#include "unit.h"

/*
 * A handler, and every step after it, ends in one of these: an answer, an I/O with the step
 * that comes after it, or a wait. task_run() does the calling, so that nothing recurses.
 */
void cmd_good(struct scsi_cmd *cmd);
void cmd_status(struct scsi_cmd *cmd, enum scsi_status status);
void cmd_sense(struct scsi_cmd *cmd, enum sense_code code);
void cmd_sense_info(struct scsi_cmd *cmd, enum sense_code code, uint64_t info);
/* The field that is wrong begins at @byte of the CDB, or of the parameter list; @bit: -1, or its
 * highest bit.
 */
void cmd_bad_cdb(struct scsi_cmd *cmd, uint16_t byte, int bit);
void cmd_bad_param(struct scsi_cmd *cmd, uint16_t byte, int bit);
/* What an errno of a backend means to a guest. */
void cmd_errno(struct scsi_cmd *cmd, int err);

/**
 * cmd_io - one I/O, and @task.step after it
 * @buf, if any, holds @nr blocks
 */
void cmd_io(struct scsi_cmd *cmd, enum backend_op op, uint64_t nr, void *buf);

/* Go on with @step once no command before is in the way of these blocks. */
void cmd_claim(struct scsi_cmd *cmd, uint64_t nr, bool exclusive,
	       void (*step)(struct scsi_cmd *cmd));

/* Memory until the command is done, for any I/O; false: it has been answered. */
bool cmd_scratch(struct scsi_cmd *cmd, size_t len);

/* Whether these blocks are there; false: it has been answered. */
bool cmd_check_range(struct scsi_cmd *cmd, uint64_t lba, uint64_t nr);

/**
 * cmd_list - a parameter list, for the guest's @len of a CDB
 *
 * NULL if the guest gave less than it said, or it is in several windows: it has been answered.
 */
const uint8_t *cmd_list(struct scsi_cmd *cmd, uint32_t len);

/* Everything past the data-out that the command wanted is residual. */
void cmd_consumed(struct scsi_cmd *cmd, uint64_t bytes);

/**
 * struct reply - data-in that is made byte by byte
 * @cap: bytes that go to the guest, by its allocation length and its buffers
 * @len: bytes there are
 */
struct reply {
	struct scsi_cmd *cmd;
	uint8_t *at;
	uint32_t alloc;
	uint32_t cap;
	uint32_t len;
};

void reply_begin(struct reply *r, struct scsi_cmd *cmd, uint32_t alloc);
void reply_bytes(struct reply *r, const void *data, uint32_t len);
void reply_zero(struct reply *r, uint32_t len);
void reply_u8(struct reply *r, uint8_t v);
void reply_u16(struct reply *r, uint16_t v);
void reply_u32(struct reply *r, uint32_t v);
void reply_u64(struct reply *r, uint64_t v);
/* Text of @width characters, blanks behind it */
void reply_text(struct reply *r, const char *text, uint32_t width);
/* What could not be known before the rest was there */
void reply_patch(struct reply *r, uint32_t at, const void *data, uint32_t len);
void reply_patch16(struct reply *r, uint32_t at, uint16_t v);
void reply_patch32(struct reply *r, uint32_t at, uint32_t v);
/* GOOD */
void reply_end(struct reply *r);

#endif
