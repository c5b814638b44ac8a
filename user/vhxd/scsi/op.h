/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of commands. Dispatch, the check of a CDB's bits, reservation conflicts and REPORT
 * SUPPORTED OPERATION CODES all read it.
 */
#ifndef _VHXD_OP_H
#define _VHXD_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scsi_cmd;
struct scsi_unit;

#define OP_WRITES	(1U << 0)	/* not to a write-protected unit */
#define OP_MEDIA	(1U << 1)	/* needs the backend */
#define OP_UA_OK	(1U << 2)	/* not stopped by a pending unit attention */
#define OP_PR_ANY	(1U << 3)	/* whatever is reserved by others */
#define OP_PR_READ	(1U << 4)	/* while others have a write exclusive reservation */
#define OP_SPC2_ANY	(1U << 5)	/* while others have it by RESERVE */
#define OP_WINDOWS	(1U << 6)	/* may come in windows */
#define OP_THIN		(1U << 7)	/* only of a thin unit */
#define OP_SA		(1U << 8)	/* has a service action, in byte 1 */

/**
 * struct scsi_op - a command
 * @usage: for each bit of the CDB, whether it may be set; byte 0 is the operation code, a
 *	service action is as it must be
 */
struct scsi_op {
	uint8_t opcode;
	uint8_t sa;
	uint8_t len;
	uint16_t flags;
	const char *name;
	uint8_t usage[16];
	void (*handler)(struct scsi_cmd *cmd);
};

extern const struct scsi_op scsi_ops[];
extern const size_t scsi_nr_ops;

/* The first entry of that operation code, or NULL */
const struct scsi_op *op_first(uint8_t opcode);
/* Among those that begin with @first; NULL if there is none of that service action */
const struct scsi_op *op_of(const struct scsi_op *first, uint8_t sa);
/* Of a CDB; NULL if there is none of that service action */
const struct scsi_op *op_find(uint8_t opcode, uint8_t sa);
/* Whether this unit has it */
bool op_supported(const struct scsi_op *op, const struct scsi_unit *unit);

/* The handlers, each with its like */
void op_test_unit_ready(struct scsi_cmd *cmd);		/* op_basic.c */
void op_request_sense(struct scsi_cmd *cmd);
void op_start_stop(struct scsi_cmd *cmd);
void op_prevent_allow(struct scsi_cmd *cmd);
void op_send_diagnostic(struct scsi_cmd *cmd);
void op_report_timestamp(struct scsi_cmd *cmd);
void op_inquiry(struct scsi_cmd *cmd);			/* op_inquiry.c */
void op_report_luns(struct scsi_cmd *cmd);		/* op_luns.c */
void op_read_capacity10(struct scsi_cmd *cmd);		/* op_capacity.c */
void op_read_capacity16(struct scsi_cmd *cmd);
void op_lba_status(struct scsi_cmd *cmd);
void op_read(struct scsi_cmd *cmd);			/* op_rw.c */
void op_write(struct scsi_cmd *cmd);
void op_sync_cache(struct scsi_cmd *cmd);
void op_verify(struct scsi_cmd *cmd);			/* op_verify.c */
void op_write_verify(struct scsi_cmd *cmd);
void op_compare_write(struct scsi_cmd *cmd);		/* op_compare.c */
void op_unmap(struct scsi_cmd *cmd);			/* op_unmap.c */
void op_write_same(struct scsi_cmd *cmd);		/* op_same.c */
void op_mode_sense(struct scsi_cmd *cmd);		/* op_mode.c */
void op_mode_select(struct scsi_cmd *cmd);		/* op_select.c */
void op_reserve(struct scsi_cmd *cmd);			/* reserve.c */
void op_release(struct scsi_cmd *cmd);
void op_pr_in(struct scsi_cmd *cmd);			/* op_prin.c */
void op_pr_out(struct scsi_cmd *cmd);			/* op_prout.c */
void op_report_opcodes(struct scsi_cmd *cmd);		/* op_report.c */
void op_report_tmf(struct scsi_cmd *cmd);
void op_log_sense(struct scsi_cmd *cmd);		/* op_log.c */
void op_read_defects(struct scsi_cmd *cmd);
void op_read_buffer(struct scsi_cmd *cmd);		/* op_buffer.c */
void op_write_buffer(struct scsi_cmd *cmd);

#endif
