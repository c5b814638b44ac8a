// SPDX-License-Identifier: GPL-2.0-only
/*
 * SCSI commands, see scsicmd.h.
 */
#include <string.h>

#include "scsicmd.h"

enum {
	TEST_UNIT_READY = 0x00,
	INQUIRY = 0x12,
	SYNCHRONIZE_CACHE_10 = 0x35,
	READ_16 = 0x88,
	WRITE_16 = 0x8a,
	SERVICE_ACTION_IN_16 = 0x9e,
	REPORT_LUNS = 0xa0,
};

#define READ_CAPACITY_16	0x10	/* service action */
#define CHECK_CONDITION		0x02
#define SENSE_DESCRIPTOR	0x72	/* response code; fixed format has 0x70 */

static void put_be(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (; bytes; v >>= 8)
		p[--bytes] = v;
}

/* An address, flat from logical unit 0 on: the form that Linux's driver uses. */
void scsi_lun(uint8_t *lun, uint8_t target, uint16_t unit)
{
	memset(lun, 0, 8);
	lun[0] = 1;
	lun[1] = target;
	lun[2] = 0x40 | (unit >> 8 & 0x3f);
	lun[3] = unit;
}

/* A command to begin with, one that asks nothing. */
void scsicmd_to(struct scsicmd *c, uint8_t target, uint16_t unit)
{
	memset(c, 0, sizeof(*c));
	scsi_lun(c->lun, target, unit);
}

static void set_cdb(struct scsicmd *c, uint8_t op)
{
	memset(c->cdb, 0, sizeof(c->cdb));
	c->cdb[0] = op;
}

void scsicmd_ready(struct scsicmd *c)
{
	set_cdb(c, TEST_UNIT_READY);
}

void scsicmd_inquiry(struct scsicmd *c, void *to, uint8_t len)
{
	set_cdb(c, INQUIRY);
	c->cdb[4] = len;
	c->in = to;
	c->in_len = len;
}

void scsicmd_report_luns(struct scsicmd *c, void *to, uint32_t len)
{
	set_cdb(c, REPORT_LUNS);
	put_be(c->cdb + 6, len, 4);
	c->in = to;
	c->in_len = len;
}

void scsicmd_capacity(struct scsicmd *c, void *to, uint32_t len)
{
	set_cdb(c, SERVICE_ACTION_IN_16);
	c->cdb[1] = READ_CAPACITY_16;
	put_be(c->cdb + 10, len, 4);
	c->in = to;
	c->in_len = len;
}

static void move(struct scsicmd *c, uint8_t op, uint64_t lba, uint32_t blocks)
{
	set_cdb(c, op);
	put_be(c->cdb + 2, lba, 8);
	put_be(c->cdb + 10, blocks, 4);
}

/* The data is the caller's to say, as it is with the next one. */
void scsicmd_read(struct scsicmd *c, uint64_t lba, uint32_t blocks)
{
	move(c, READ_16, lba, blocks);
}

void scsicmd_write(struct scsicmd *c, uint64_t lba, uint32_t blocks)
{
	move(c, WRITE_16, lba, blocks);
}

void scsicmd_sync(struct scsicmd *c)
{
	set_cdb(c, SYNCHRONIZE_CACHE_10);
}

/* It has ended, by the rules, and with that response. */
bool scsicmd_answered(const struct scsicmd *c, uint8_t response)
{
	return c->done && !c->broken && c->resp.response == response;
}

bool scsicmd_good(const struct scsicmd *c)
{
	return scsicmd_answered(c, VIRTIO_SCSI_S_OK) && !c->resp.status;
}

/* It ended with that sense, of whichever format; @asc_ascq as 0x2500. */
bool scsicmd_sense(const struct scsicmd *c, uint8_t key, uint16_t asc_ascq)
{
	const uint8_t *s = c->resp.sense;
	bool desc;

	if (!scsicmd_answered(c, VIRTIO_SCSI_S_OK) || c->resp.status != CHECK_CONDITION)
		return false;
	desc = (s[0] & 0x7e) == SENSE_DESCRIPTOR;
	if (c->resp.sense_len < (desc ? 4 : 14))
		return false;
	if (desc)
		return (s[1] & 0xf) == key && (s[2] << 8 | s[3]) == asc_ascq;
	return (s[2] & 0xf) == key && (s[12] << 8 | s[13]) == asc_ascq;
}
