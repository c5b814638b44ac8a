/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SCSI command as a virtio-scsi guest gives it, what it was answered, and the CDBs that the
 * tests want.
 */
#ifndef _SELFTEST_SCSICMD_H
#define _SELFTEST_SCSICMD_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_scsi.h>

#include "ring.h"

#define SCSI_DATA_PATTERN	0xe7	/* what data to be received begins as */

/* How both halves of a buffer are cut into descriptors; any other number: all so many bytes. */
#define SCSICUT_HEAD	0		/* as drivers do: head or response, then data */
#define SCSICUT_ONE	UINT32_MAX	/* not at all */
#define SCSICUT_RANDOM	(UINT32_MAX - 1)

#define SCSICMD_NONE	UINT32_MAX	/* a head or response of no bytes */

/**
 * struct scsicmd - a command; what is 0 is the default
 * @lun: address, see scsi_lun()
 * @tag: by default the command's own address
 * @attr: task attribute
 * @prio: priority
 * @crn: command reference number
 * @cdb: what to do
 * @pi_out: with T10_PI, bytes of protection information in front of the data sent, part of it
 * @pi_in: the same of data received
 * @out: data sent: copied when the command is submitted
 * @out_len: bytes of it
 * @in: where data received is copied when the command has ended, all @in_len bytes
 * @in_len: bytes of it
 * @out_sg: more data sent, where it is in guest memory
 * @out_nsg: pieces of it
 * @in_sg: more data received, likewise; it is the caller's to look at
 * @in_nsg: pieces of it
 * @cut: SCSICUT_*
 * @head_len: bytes of the head there are to be, the rest is missing
 * @resp_len: bytes of room for a response
 *
 * @done: it has ended, and what follows counts
 * @used: bytes that the device says it wrote
 * @broken: less than a response, or more than there was room for
 * @resp: the response
 */
struct scsicmd {
	uint8_t lun[8];
	uint64_t tag;
	uint8_t attr;
	uint8_t prio;
	uint8_t crn;
	uint8_t cdb[VIRTIO_SCSI_CDB_SIZE];
	uint32_t pi_out;
	uint32_t pi_in;
	const void *out;
	uint32_t out_len;
	void *in;
	uint32_t in_len;
	const struct sg *out_sg;
	unsigned int out_nsg;
	const struct sg *in_sg;
	unsigned int in_nsg;
	uint32_t cut;
	uint32_t head_len;
	uint32_t resp_len;

	bool done;
	uint32_t used;
	bool broken;
	struct virtio_scsi_cmd_resp resp;
};

void scsi_lun(uint8_t *lun, uint8_t target, uint16_t unit);

void scsicmd_to(struct scsicmd *c, uint8_t target, uint16_t unit);
void scsicmd_ready(struct scsicmd *c);
void scsicmd_inquiry(struct scsicmd *c, void *to, uint8_t len);
void scsicmd_report_luns(struct scsicmd *c, void *to, uint32_t len);
void scsicmd_capacity(struct scsicmd *c, void *to, uint32_t len);
void scsicmd_read(struct scsicmd *c, uint64_t lba, uint32_t blocks);
void scsicmd_write(struct scsicmd *c, uint64_t lba, uint32_t blocks);
void scsicmd_sync(struct scsicmd *c);

bool scsicmd_answered(const struct scsicmd *c, uint8_t response);
bool scsicmd_good(const struct scsicmd *c);
bool scsicmd_sense(const struct scsicmd *c, uint8_t key, uint16_t asc_ascq);

#endif /* _SELFTEST_SCSICMD_H */
