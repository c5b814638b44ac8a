/* SPDX-License-Identifier: GPL-2.0-only */
/* Sense data: what went wrong, in words for the guest. */
#ifndef _VHXD_SENSE_H
#define _VHXD_SENSE_H

#include <stdbool.h>
#include <stdint.h>

/* key, additional sense code, its qualifier */
enum sense_code {
	SENSE_NONE			= 0x000000,
	SENSE_NOT_READY			= 0x020400,
	SENSE_STOPPED			= 0x020402,
	SENSE_WRITE_ERROR		= 0x030c00,
	SENSE_READ_ERROR		= 0x031100,
	SENSE_INTERNAL			= 0x044400,
	SENSE_PARAM_LENGTH		= 0x051a00,
	SENSE_INVALID_OPCODE		= 0x052000,
	SENSE_LBA_RANGE			= 0x052100,
	SENSE_CDB_FIELD			= 0x052400,
	SENSE_NO_LUN			= 0x052500,
	SENSE_PARAM_FIELD		= 0x052600,
	SENSE_BAD_RELEASE		= 0x052604,
	SENSE_SEQUENCE			= 0x052c00,
	SENSE_NOT_SAVED			= 0x053900,
	SENSE_NO_REGISTRATIONS		= 0x055504,
	SENSE_POWER_ON			= 0x062900,
	SENSE_RESET			= 0x062903,
	SENSE_NEXUS_LOSS		= 0x062907,
	SENSE_MODE_CHANGED		= 0x062a01,
	SENSE_RES_PREEMPTED		= 0x062a03,
	SENSE_RES_RELEASED		= 0x062a04,
	SENSE_REG_PREEMPTED		= 0x062a05,
	SENSE_CAPACITY_CHANGED		= 0x062a09,
	SENSE_INQUIRY_CHANGED		= 0x063f03,
	SENSE_LUNS_CHANGED		= 0x063f0e,
	SENSE_WRITE_PROTECTED		= 0x072700,
	SENSE_NO_SPACE			= 0x072707,
	SENSE_BAD_MESSAGE		= 0x0b4900,
	SENSE_MISCOMPARE		= 0x0e1d00,
};

#define SENSE_FIXED_LEN		18

/**
 * struct sense - before it has a format
 * @pointed: @field and @bit say where the bad field is; @bit is -1 if it is bytes
 * @in_cdb: it is in the CDB, not in a parameter list
 */
struct sense {
	enum sense_code code;
	bool has_info;
	uint64_t info;
	bool pointed;
	bool in_cdb;
	uint16_t field;
	int8_t bit;
};

/* How many bytes of @buf, which has SCSI_SENSE_MAX, it takes. */
uint8_t sense_build(uint8_t *buf, const struct sense *sense, bool descriptor);

#endif
